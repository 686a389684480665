"""Disinfection by the rules of a site's jurisdiction: what is due, what locks, the clock, days out of use, the log."""
# suite: waits

import csv
import datetime
import io
import zoneinfo

from world import V1, ok, order, refused, tap, until, uuid, world

DAY = datetime.timedelta(days=1)


def site(w, jurisdiction="default", timezone="UTC"):
    return ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}", "jurisdiction": jurisdiction, "timezone": timezone}), 201)["id"]


def device_at(w, *where):
    return w.new_device(site=site(w, *where))["id"]


def hygiene(w, device):
    return ok(w.api.get(f"{V1}/devices/{device}/hygiene"))


def of(w, device, kind):
    return next(each for each in hygiene(w, device)["kinds"] if each["kind"] == kind)


def today(w, device):
    return datetime.date.fromisoformat(hygiene(w, device)["today"])


def days_ago(w, device, column, days):
    w.spa.sql(f"UPDATE device SET {column} = now() - interval '{days} days' WHERE id = '{device}'")


def record(w, device, **body):
    return w.api.post(f"{V1}/devices/{device}/cleanings", body)


def cleaning(w, device):
    return ok(w.api.get(f"{V1}/devices/{device}"))["cleaning"]


# ---- what is due ----

@tap.test
def what_is_due_is_shown_with_its_steps(w):
    device = device_at(w, "us-ca", "America/Los_Angeles")
    seen = hygiene(w, device)
    tap.equal((seen["jurisdiction"], seen["timezone"], seen["locked"], seen["why"]), ("us-ca", "America/Los_Angeles", False, None))
    tap.equal([(each["kind"], each["every_days"], each["contact_minutes"]) for each in seen["kinds"]],
              [("after_client", 0, 10), ("end_of_day", 1, 10), ("weekly", 7, 360)])
    tap.equal(of(w, device, "weekly")["due_on"], str(today(w, device) + 7 * DAY))
    tap.equal((of(w, device, "end_of_day")["due_on"], of(w, device, "after_client")["due_on"]), (None, None))
    tap.equal(of(w, device, "after_client")["steps"][:3], ["drain", "scrub", "rinse"])
    tap.equal((of(w, device, "after_client")["needs"], seen["retention_years"]), (["initials"], 2))


@tap.test
def every_jurisdiction_of_the_catalogue_can_be_a_sites(w):
    listed = ok(w.api.get(f"{V1}/catalogue/hygiene-rules"))["items"]
    tap.check(len(listed) >= 5, listed)
    where = site(w)
    for entry in listed:
        changed = w.api.patch(f"{V1}/sites/{where}", {"jurisdiction": entry["id"]}, headers={"If-Match": "*"})
        tap.equal(ok(changed)["jurisdiction"], entry["id"])
        device = w.new_device(site=where)["id"]
        tap.equal([each["kind"] for each in hygiene(w, device)["kinds"]], [each["kind"] for each in entry["content"]["kinds"]])
    refused(w.api.patch(f"{V1}/sites/{where}", {"jurisdiction": "us-xx"}, headers={"If-Match": "*"}), 400, "invalid_body", "/jurisdiction")


# ---- what locks ----

@tap.test
@tap.rows(("default", "used_since", 1, "end_of_day", 10), ("default", "hygiene_from", 8, "weekly", 360),
          ("us-tx", "hygiene_from", 15, "biweekly_soak", 360), ("us-ca", "soaked_at", 8, "weekly", 360))
def what_is_overdue_locks_the_device_until_it_is_recorded(w, jurisdiction, column, days, kind, minutes):
    device = device_at(w, jurisdiction)
    days_ago(w, device, column, days)
    problem = refused(w.api.post(f"{V1}/sessions", order(device)), 409, "cleaning_due")
    due = str(today(w, device) - DAY)
    tap.contains(problem["detail"], f"({kind}) was due on {due}")
    seen = hygiene(w, device)
    tap.equal((seen["locked"], of(w, device, kind)["overdue"], of(w, device, kind)["due_on"]), (True, True, due))
    tap.contains(seen["why"], due)
    until(lambda: cleaning(w, device) == "due", 20, "the device to be shown as due")
    until(lambda: w.api.get(f"{V1}/alarms", params={"device_id": device, "state": "open"}).json["items"], 20, "the alarm")
    alarm = w.api.get(f"{V1}/alarms", params={"device_id": device}).json["items"][0]
    tap.equal((alarm["kind"], alarm["fault"]), ("cleaning_overdue", kind))
    ok(record(w, device, contact_minutes=10, initials="AB", kind="after_client"), 201)
    tap.equal(cleaning(w, device), "due")
    refused(w.api.post(f"{V1}/sessions", order(device)), 409, "cleaning_due")
    ok(record(w, device, contact_minutes=minutes, initials="AB", kind=kind), 201)
    tap.equal((cleaning(w, device), hygiene(w, device)["locked"]), ("clean", False))
    ok(w.api.post(f"{V1}/sessions", order(device)), 201)
    until(lambda: ok(w.api.get(f"{V1}/alarms/{alarm['id']}"))["state"] == "cleared", 20, "the alarm to clear")


@tap.test
@tap.rows(("used_since", 0), ("hygiene_from", 7), ("soaked_at", 7))
def on_its_last_day_nothing_is_locked(w, column, days):
    device = device_at(w)
    days_ago(w, device, column, days)
    tap.equal((hygiene(w, device)["locked"], hygiene(w, device)["why"]), (False, None))
    ok(w.api.post(f"{V1}/sessions", order(device)), 201)


@tap.test
def the_day_is_the_sites_own(w):
    """Used an hour ago: there is always a place where that was yesterday, and one where it is today."""
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = now.hour
    yesterday = f"Etc/GMT{'+' if hour < 12 else '-'}{hour if hour < 12 else 24 - hour}"
    here = "UTC" if 1 < hour else "Etc/GMT-12"
    for zone, locked in ((yesterday, True), (here, False)):
        device = device_at(w, "default", zone)
        w.spa.sql(f"UPDATE device SET used_since = now() - interval '61 minutes' WHERE id = '{device}'")
        tap.equal(hygiene(w, device)["locked"], locked, f"{zone} {now}")


@tap.test
def a_use_owes_the_end_of_its_day_and_a_soak_is_one(w):
    made = w.new_device(site=site(w))
    device = w.play(made)
    session = ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)
    device.carry_out("start", "running")
    device.tell("completed", remaining_ms=0)
    until(lambda: ok(w.api.get(f"{V1}/sessions/{session['id']}"))["state"] == "completed", 10, "the end")
    until(lambda: hygiene(w, made["id"])["used_since"], 10, "the use")
    tap.equal(of(w, made["id"], "end_of_day")["due_on"], str(today(w, made["id"])))
    tap.contains(hygiene(w, made["id"])["why"], "after its last use")
    ok(record(w, made["id"], kind="after_client", contact_minutes=10), 201)
    tap.equal(of(w, made["id"], "end_of_day")["due_on"], str(today(w, made["id"])))
    ok(record(w, made["id"], kind="weekly", contact_minutes=360), 201)
    tap.equal((of(w, made["id"], "end_of_day")["due_on"], hygiene(w, made["id"])["used_since"]), (None, None))
    tap.check(of(w, made["id"], "weekly")["last_at"], "the soak's time")
    device.close()


# ---- what a record has to say ----

@tap.test
def where_initials_are_wanted_nothing_is_taken_for_granted(w):
    device = device_at(w, "us-ca")
    bare = w.api.post(f"{V1}/devices/{device}/cleanings")
    refused(bare, 422, "unprocessable", "/contact_minutes")
    refused(bare, 422, "unprocessable", "/initials")
    refused(record(w, device, contact_minutes=10), 422, "unprocessable", "/initials")
    refused(record(w, device, initials="AB"), 422, "unprocessable", "/contact_minutes")
    refused(record(w, device, initials="AB", contact_minutes=9), 422, "unprocessable", "/contact_minutes")
    ok(record(w, device, initials="AB", contact_minutes=10), 201)
    refused(record(w, device_at(w, "us-ia"), kind="end_of_day", initials="AB", contact_minutes=10), 422, "unprocessable", "/note")
    tap.equal(ok(w.api.post(f"{V1}/devices/{device_at(w)}/cleanings"), 201)["contact_minutes"], 10)


# ---- by the clock ----

@tap.test
def a_disinfection_by_the_clock_ends_when_its_time_is_over(w):
    device = device_at(w, "us-ca")
    path = f"{V1}/devices/{device}/cleanings"
    begun = ok(w.api.post(f"{path}/start"), 201)
    tap.equal((begun["device_id"], begun["kind"]), (device, "after_client"))
    tap.equal(ok(w.api.get(f"{V1}/devices/{device}"))["disinfecting"], {"kind": "after_client", "started_at": begun["started_at"]})
    tap.contains(refused(w.api.post(f"{V1}/sessions", order(device)), 409, "cleaning_due")["detail"], "going on")
    refused(w.api.post(f"{path}/start"), 409, "conflict")
    early = refused(record(w, device, initials="AB", contact_minutes=30), 422, "unprocessable", "/contact_minutes")
    tap.contains(early["detail"], "seconds more")
    w.spa.sql(f"UPDATE device SET disinfecting_at = now() - interval '11 minutes' WHERE id = '{device}'")
    made = ok(record(w, device, initials="AB", contact_minutes=30), 201)
    tap.equal(made["contact_minutes"], 11)
    tap.equal(ok(w.api.get(f"{V1}/devices/{device}"))["disinfecting"], None)
    ok(w.api.post(f"{V1}/sessions", order(device)), 201)
    refused(w.api.post(f"{path}/start"), 409, "device_busy")


@tap.test
def one_that_was_begun_may_be_called_off(w):
    device = device_at(w)
    path = f"{V1}/devices/{device}/cleanings/start"
    with w.api.events(params={"types": "cleaning"}) as stream:
        ok(w.api.post(path, {"kind": "weekly"}), 201)
        told = stream.until(lambda event: event["event"] == "cleaning" and event["json"]["device_id"] == device)["json"]
        tap.equal(told["disinfecting"], "weekly")
        tap.equal(w.api.delete(path).status, 204)
        told = stream.until(lambda event: event["event"] == "cleaning" and event["json"]["device_id"] == device)["json"]
        tap.equal((told["disinfecting"], told["disinfecting_since"]), (None, None))
    refused(w.api.delete(path), 409, "conflict")
    refused(w.api.post(path, {"kind": "rinse"}), 400, "invalid_body", "/kind")
    tap.equal(ok(w.api.get(f"{V1}/devices/{device}/cleanings"))["items"], [])


# ---- days out of use ----

@tap.test
def days_out_of_use_do_not_count(w):
    device = device_at(w)
    days_ago(w, device, "hygiene_from", 12)
    tap.check(of(w, device, "weekly")["overdue"], "12 days without a soak")
    path, now = f"{V1}/devices/{device}/out-of-use", today(w, device)
    noted = ok(w.api.post(path, {"from": str(now - 6 * DAY), "to": str(now - 2 * DAY), "reason": "The pump was away"}), 201)
    tap.equal((noted["from"], noted["noted_name"]), (str(now - 6 * DAY), "owner"))
    tap.equal(of(w, device, "weekly")["due_on"], str(now))
    ok(w.api.post(path, {"from": str(now - 7 * DAY), "to": str(now - 3 * DAY), "reason": "Told twice"}), 201)
    tap.equal(of(w, device, "weekly")["due_on"], str(now + DAY))
    tap.equal([each["reason"] for each in hygiene(w, device)["out_of_use"]], ["The pump was away", "Told twice"])


@tap.test
def days_that_are_not_over_or_were_used_are_refused(w):
    device = device_at(w)
    path, now = f"{V1}/devices/{device}/out-of-use", today(w, device)

    def note(first, last, reason="x"):
        return w.api.post(path, {"from": str(first), "to": str(last), "reason": reason})
    refused(note(now, now), 422, "unprocessable", "/to")
    refused(note(now - DAY, now - 2 * DAY), 422, "unprocessable", "/from")
    refused(note(now - 400 * DAY, now - DAY), 422, "unprocessable", "/from")
    refused(note("2026-02-30", now - DAY), 400, "invalid_body", "/from")
    refused(note(now - DAY, "2026-13-01"), 400, "invalid_body", "/to")
    refused(note(now - DAY, now - DAY, " "), 400, "invalid_body", "/reason")
    started = ok(w.api.post(f"{V1}/sessions", order(device)), 201)["id"]
    w.spa.sql(f"UPDATE session SET started_at = now() - interval '3 days' WHERE id = '{started}'")
    error = refused(note(now - 4 * DAY, now - 2 * DAY), 422, "unprocessable", "/from")
    tap.contains(error["detail"], str(now - 3 * DAY))
    ok(note(now - 2 * DAY, now - DAY), 201)


# ---- the log ----

@tap.test
def the_log_of_a_time_is_read_as_csv_in_the_sites_own_time(w):
    where = site(w, "us-ca", "America/Los_Angeles")
    made = w.new_device(site=where, name='Chair "A", left')
    path = f"{V1}/devices/{made['id']}/cleanings"
    when = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(hours=2)

    def text(at):
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for hours, note in ((0, "=1+1"), (1, "ok")):
        ok(w.api.post(path, {"initials": "AB", "contact_minutes": 12, "disinfectant": "Virex", "epa_number": "70627-24", "note": note,
                             "done_at": text(when + datetime.timedelta(hours=hours))}), 201)
    reply = w.api.get(path, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(reply.body.decode(), newline="")))
    tap.equal(reply.headers["Content-Type"], "text/csv; charset=utf-8")
    tap.equal([row["note"] for row in rows], ["'=1+1", "ok"])
    local = when.astimezone(zoneinfo.ZoneInfo("America/Los_Angeles"))
    tap.equal((rows[0]["date"], rows[0]["time"], rows[0]["timezone"]), (str(local.date()), str(local.time()), "America/Los_Angeles"))
    tap.equal([rows[0][name] for name in ("device", "serial", "kind", "disinfectant", "epa_number", "contact_minutes", "initials")],
              ['Chair "A", left', made["serial"], "after_client", "Virex", "70627-24", "12", "AB"])
    tap.check(reply.body.count(b"\r\n") == 3, reply)
    later = {"from": text(when + datetime.timedelta(minutes=1))}
    for at, query, notes in ((path, later, ["ok"]), (path, {"to": later["from"]}, ["=1+1"]), (f"{V1}/cleanings", {**later, "site_id": where}, ["ok"])):
        tap.equal([each["note"] for each in ok(w.api.get(at, params=query))["items"]], notes)
    refused(w.api.get(path, params={"from": text(when), "to": text(when)}), 400, "invalid_query", "/from")
    stranger = w.as_role("owner", [w.sites[0]])
    tap.equal(stranger.get(f"{V1}/cleanings", headers={"Accept": "text/csv"}, params={"site_id": where}).body.count(b"\r\n"), 1)


@tap.test
def the_log_is_only_ever_appended_to(w):
    device = device_at(w)
    ok(record(w, device, contact_minutes=10), 201)
    for change in ("DELETE FROM cleaning", "UPDATE cleaning SET contact_minutes = 60"):
        try:
            w.spa.sql(f"{change} WHERE device_id = '{device}'")
        except Exception as error:
            tap.contains(str(error), "appended")
        else:
            tap.check(False, change)


tap.main(world)
