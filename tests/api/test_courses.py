"""Courses: laid onto a site's open days, begun session by session, missed, moved, and shown as a calendar."""
# suite: builds=asan,tsan

import contextlib
import datetime
import re
import threading
import zoneinfo

from world import NOTHING_APPLIES, V1, json, key, ok, order, refused, tap, time, until, uuid, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
DAY = datetime.timedelta(days=1)
STEP = {"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 80}


def today(zone="UTC"):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)).date()


def site(w, zone="UTC", **more):
    return ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}", "timezone": zone, **more}), 201)["id"]


def body(w, site_id, template="custom", **more):
    if template == "custom" and "routine" not in more:
        more["routine"] = w.new_routine([STEP])
    return {"site_id": site_id, "guest": "Anna", "template": template, "start_on": str(today()), "time_of_day": "09:30", **more}


def new_course(w, site_id=None, **more):
    return ok(w.api.post(f"{V1}/courses", body(w, site_id or site(w), **more)), 201)


def course(w, course_id):
    return ok(w.api.get(f"{V1}/courses/{course_id}"))


def dates(course_):
    return [each["date"] for each in course_["sessions"]]


def states(course_):
    return "".join(each["state"][0] for each in course_["sessions"])


def patch(w, made, change, tag="*"):
    return w.api.patch(f"{V1}/courses/{made['id']}", change, headers={"If-Match": tag})


def with_template_routine(w, slug):
    """The routine that a template names, published once."""
    if w.api.get(f"{V1}/routines/{slug}").status == 404:
        w.new_routine([STEP], slug=slug)


@contextlib.contextmanager
def device_at(w, site_id):
    device = w.play(w.new_device(site=site_id))
    try:
        yield device
    finally:
        device.close()


def begin(w, device, course_id, **more):
    request = {"device_id": device.id, "course_id": course_id, "intake": NOTHING_APPLIES, **more}
    return w.api.post(f"{V1}/sessions", request)


def run(w, device, course_id, end="completed", **more):
    """A session of the course from start to end; disinfected afterwards."""
    made = ok(begin(w, device, course_id, **more), 201)
    program = device.carry_out("start", "running")["program"]
    device.tell(end, reason="none" if end == "completed" else "local_stop", ended_at=int(time.time() * 1000))
    until(lambda: ok(w.api.get(f"{V1}/sessions/{made['id']}"))["state"] == end, 10, f"the session to be {end}")
    device.session = None
    ok(w.api.post(f"{V1}/devices/{device.id}/cleanings"), 201)
    return made, program


def backdate(w, course_id, days):
    """As if so many days had passed; what is over already stays."""
    w.spa.sql(f"UPDATE course_session SET planned_on = planned_on - {days} WHERE course_id = '{course_id}' AND state = 'planned'")
    w.spa.sql(f"UPDATE course SET start_on = start_on - {days} WHERE id = '{course_id}'")


# ---- planning and making ----

@tap.test
def a_plan_shows_the_dates_and_writes_nothing(w):
    with_template_routine(w, "flat-feet")
    where = site(w, opening_days=["mon", "tue", "wed", "thu", "fri"])
    wanted = body(w, where, "flat-feet")
    plan = ok(w.api.post(f"{V1}/courses/plan", wanted))
    tap.equal(ok(w.api.get(f"{V1}/courses", params={"site_id": where}))["items"], [])
    made = w.api.post(f"{V1}/courses", wanted)
    shown = ok(made, 201)
    tap.equal(made.headers["Location"], f"{V1}/courses/{shown['id']}")
    tap.equal(dates(shown), dates(plan))
    tap.equal((shown["count"], shown["interval_days"], shown["routine"], shown["state"]), (12, 2, "flat-feet", "active"))
    days = [datetime.date.fromisoformat(each) for each in dates(shown)]
    tap.check(all(later - earlier >= 2 * DAY for earlier, later in zip(days, days[1:])), days)
    tap.check(all(each.weekday() < 5 for each in days), days)
    tap.equal(shown["progress"] | {"next": None, "last_date": None},
              {"done": 0, "missed": 0, "skipped": 0, "left": 12, "percent": 0, "next": None, "last_date": None})
    tap.equal((shown["progress"]["next"]["number"], shown["progress"]["next"]["date"], shown["progress"]["last_date"]),
              (1, dates(shown)[0], dates(shown)[-1]))
    tap.equal(course(w, shown["id"]), shown)


@tap.test
def fewer_sessions_than_the_template_says_take_an_override_and_its_reason(w):
    with_template_routine(w, "flat-feet")
    where = site(w)
    refused(w.api.post(f"{V1}/courses", body(w, where, "flat-feet", count=11)), 422, "unprocessable", "/count")
    refused(w.api.post(f"{V1}/courses", body(w, where, "flat-feet", count=11, override=True)), 422, "unprocessable", "/reason")
    made = new_course(w, where, template="flat-feet", count=11, override=True, reason="One was done elsewhere")
    tap.equal((len(made["sessions"]), made["override_reason"]), (11, "One was done elsewhere"))
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": made["id"], "action": "course.create"}))
    tap.equal(entry["detail"], {"template": "flat-feet", "routine": "flat-feet", "override_reason": "One was done elsewhere"})
    tap.equal(new_course(w, where, template="flat-feet")["override_reason"], None)


@tap.test
def hallux_valgus_has_its_breaks_and_grows_stronger(w):
    with_template_routine(w, "hallux-valgus")
    made = new_course(w, template="hallux-valgus", count=20, rounds=3, break_days=14, intensity_from=30, intensity_to=89)
    days = [datetime.date.fromisoformat(each) for each in dates(made)]
    gaps = [(later - earlier).days for earlier, later in zip(days, days[1:])]
    tap.equal(gaps, ([1] * 19 + [15]) * 2 + [1] * 19)
    tap.equal([each["intensity"] for each in made["sessions"]], list(range(30, 90)))
    tap.equal([each["round"] for each in made["sessions"]], [1] * 20 + [2] * 20 + [3] * 20)


@tap.test
@tap.rows(("count", 14), ("count", 21), ("break_days", 13), ("break_days", 29), ("interval_days", 2), ("intensity_to", 30),
          ("rounds", 7))
def what_hallux_valgus_does_not_allow_is_named(w, name, value):
    with_template_routine(w, "hallux-valgus")
    problem = w.api.post(f"{V1}/courses/plan", body(w, w.sites[0], "hallux-valgus", **{name: value}))
    refused(problem, 422, "unprocessable", f"/{name}")
    tap.contains(problem.json["detail"], "override")


@tap.test
def a_routine_that_is_not_there_is_said_clearly(w):
    tap.equal(w.api.get(f"{V1}/routines/no-such").status, 404)
    error = refused(w.api.post(f"{V1}/courses", body(w, w.sites[0], routine="no-such")), 404, "not_found", "/routine")
    tap.contains(error["detail"], "no published routine no-such")
    refused(w.api.post(f"{V1}/courses", body(w, w.sites[0], "maintenance")), 422, "unprocessable", "/routine")
    theirs = w.new_routine([STEP], site=w.sites[1])
    refused(w.api.post(f"{V1}/courses", body(w, w.sites[0], routine=theirs)), 404, "not_found", "/routine")
    with_template_routine(w, "flat-feet")
    refused(w.api.post(f"{V1}/courses", body(w, w.sites[0], "flat-feet", routine=w.new_routine([STEP]))), 422, "unprocessable",
            "/routine")


@tap.test
@tap.rows(("guest", ""), ("guest", "x" * 61), ("guest", "two\nlines"), ("guest", " "), ("start_on", "2026-02-30"), ("start_on", "soon"),
          ("start_on", 7), ("time_of_day", "24:00"), ("time_of_day", "9:30"), ("count", 0), ("count", 201), ("rounds", 13), ("interval_days", 0),
          ("interval_days", 61), ("break_days", -1), ("break_days", 181), ("intensity_from", 0), ("intensity_to", 101),
          ("override", "yes"), ("reason", "x" * 201), ("device_id", "x"), ("site_id", None), ("routine", ""), ("template", "x" * 65))
def a_course_that_does_not_fit_the_schema_is_400(w, name, value):
    wanted = {"site_id": UNKNOWN, "guest": "Anna", "template": "custom", "start_on": "2026-12-01", "time_of_day": "09:30", name: value}
    for path in ("courses", "courses/plan"):
        refused(w.api.post(f"{V1}/{path}", wanted), 400, "invalid_body", f"/{name}")


@tap.test
def what_cannot_be_is_refused_by_the_property(w):
    where, routine = site(w), w.new_routine([STEP])
    elsewhere = w.new_device(site=w.sites[1])["id"]
    for change, status, code, pointer in (
            ({"site_id": UNKNOWN}, 404, "not_found", "/site_id"), ({"template": "no-such"}, 422, "unprocessable", "/template"),
            ({"start_on": str(today() - 2 * DAY)}, 422, "unprocessable", "/start_on"), ({"device_id": UNKNOWN}, 404, "not_found", "/device_id"),
            ({"device_id": elsewhere}, 404, "not_found", "/device_id"), ({"count": 101, "rounds": 2}, 422, "unprocessable", "/count"),
            ({"intensity_from": 60, "intensity_to": 50}, 422, "unprocessable", "/intensity_to"),
            ({"count": 101, "rounds": 2, "override": True, "reason": "x"}, 422, "unprocessable", "/count")):
        refused(w.api.post(f"{V1}/courses", {**body(w, where, routine=routine), **change}), status, code, pointer)
    tap.equal(ok(w.api.get(f"{V1}/courses", params={"site_id": where}))["items"], [])


@tap.test
def a_break_that_the_sites_holidays_would_stretch_is_refused_unless_it_is_wished_so(w):
    with_template_routine(w, "hallux-valgus")
    closed = [str(today() + n * DAY) for n in range(16, 120)]
    where = site(w, closed_dates=closed)
    wanted = body(w, where, "hallux-valgus")
    tap.contains(refused(w.api.post(f"{V1}/courses/plan", wanted), 422, "unprocessable", "/start_on")["detail"], "break")
    plan = ok(w.api.post(f"{V1}/courses/plan", {**wanted, "override": True, "reason": "Away over the winter"}))
    tap.equal(dates(plan)[15], str(today() + 120 * DAY))


# ---- the time of day ----

def wall(date, time_of_day, zone, fold):
    local = datetime.datetime.fromisoformat(f"{date}T{time_of_day}:00").replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold)
    return local.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@tap.test
@tap.rows(("Europe/Berlin", "09:30", 0), ("Europe/Berlin", "00:00", 0), ("America/New_York", "18:15", 0), ("Australia/Lord_Howe", "10:00", 0),
          ("America/St_Johns", "23:59", 0), ("Asia/Kolkata", "07:45", 0), ("Pacific/Apia", "12:00", 0), ("UTC", "09:30", 0))
def the_time_of_day_is_the_same_on_the_wall_all_year_round(w, zone, time_of_day, fold):
    """Daily for 200 days and then again: every change of daylight saving within more than a year is passed, in both directions."""
    wanted = body(w, site(w, zone), start_on=str(today(zone)), time_of_day=time_of_day, count=200, interval_days=2)
    plan = ok(w.api.post(f"{V1}/courses/plan", wanted))
    tap.equal(len(plan["sessions"]), 200)
    tap.equal([each["starts_at"] for each in plan["sessions"]], [wall(each["date"], time_of_day, zone, fold) for each in plan["sessions"]])
    if zone == "Europe/Berlin":
        tap.equal(len({each["starts_at"][11:] for each in plan["sessions"]}), 2, "summer and winter")


@tap.test
@tap.rows(("Europe/Berlin", "2027-03-28", "02:30", "01:30"), ("Europe/Berlin", "2027-10-31", "02:30", "01:30"),
          ("America/New_York", "2027-03-14", "02:30", "07:30"), ("America/New_York", "2027-11-07", "01:30", "06:30"),
          ("Australia/Sydney", "2027-04-04", "02:30", None), ("Australia/Sydney", "2027-10-03", "02:30", "16:30"))
def a_time_that_a_change_leaves_out_or_has_twice_is_still_one_time(w, zone, date, time_of_day, utc):
    """Left out: as much later, by the offset before. Twice: the second time, of standard time."""
    wanted = body(w, site(w, zone), start_on=date, time_of_day=time_of_day, count=3)
    sessions = ok(w.api.post(f"{V1}/courses/plan", wanted))["sessions"]
    ahead = datetime.datetime.fromisoformat(f"{date}T12:00").replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    before = (datetime.datetime.fromisoformat(f"{date}T12:00") - DAY).replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    tap.check(ahead != before, "the clocks change on that day")
    fold = 0 if ahead > before else 1
    tap.equal(sessions[0]["starts_at"], wall(date, time_of_day, zone, fold))
    if utc:
        tap.equal(sessions[0]["starts_at"][11:16], utc)
    tap.equal(sessions[1]["starts_at"], wall(sessions[1]["date"], time_of_day, zone, 0))
    made = new_course(w, wanted["site_id"], start_on=date, time_of_day=time_of_day, count=3, routine=wanted["routine"])
    tap.equal([each["starts_at"] for each in made["sessions"]], [each["starts_at"] for each in sessions])


# ---- a site's opening days ----

@tap.test
def a_site_says_when_it_is_open(w):
    where = site(w)
    path = f"{V1}/sites/{where}"
    shown = ok(w.api.get(path))
    tap.equal((shown["opening_days"], shown["closed_dates"]), (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], []))
    changed = w.api.patch(path, {"opening_days": ["sat", "mon", "sat"], "closed_dates": ["2027-01-01", "2026-12-25", "2027-01-01"]},
                          headers={"If-Match": "*"})
    tap.equal((ok(changed)["opening_days"], changed.json["closed_dates"]), (["mon", "sat"], ["2026-12-25", "2027-01-01"]))
    ok(w.api.patch(path, {"name": f"Other {uuid.uuid4()}"}, headers={"If-Match": "*"}))
    tap.equal(ok(w.api.get(path))["closed_dates"], ["2026-12-25", "2027-01-01"])
    ok(w.api.patch(path, {"closed_dates": []}, headers={"If-Match": "*"}))
    tap.equal((ok(w.api.get(path))["closed_dates"], ok(w.api.get(path))["opening_days"]), ([], ["mon", "sat"]))
    whole_year = [str(datetime.date(2028, 1, 1) + n * DAY) for n in range(366)]
    tap.equal(ok(w.api.patch(path, {"closed_dates": whole_year}, headers={"If-Match": "*"}))["closed_dates"], whole_year)
    tap.contains([each["id"] for each in w.api.pages(f"{V1}/sites")], where)


@tap.test
@tap.rows(({"opening_days": []}, "/opening_days"), ({"opening_days": ["monday"]}, "/opening_days/0"), ({"opening_days": "mon"}, "/opening_days"),
          ({"opening_days": ["mon"] * 8}, "/opening_days"), ({"closed_dates": ["2026-02-29"]}, "/closed_dates/0"),
          ({"closed_dates": ["2026-12-24", "Christmas.."]}, "/closed_dates/1"), ({"closed_dates": ["1"]}, "/closed_dates/0"),
          ({"closed_dates": ["2026-12-24"] * 367}, "/closed_dates"), ({"closed_dates": "2026-12-24"}, "/closed_dates"))
def opening_days_that_are_none_are_400(w, change, pointer):
    refused(w.api.patch(f"{V1}/sites/{w.sites[0]}", change, headers={"If-Match": "*"}), 400, "invalid_body", pointer)
    refused(w.api.post(f"{V1}/sites", {"name": f"X {uuid.uuid4()}", **change}), 400, "invalid_body", pointer)


@tap.test
def a_time_zone_that_the_database_does_not_know_is_422(w):
    refused(w.api.post(f"{V1}/sites", {"name": f"X {uuid.uuid4()}", "timezone": "Europe/Atlantis"}), 422, "unprocessable", "/timezone")


@tap.test(deadline_s=60)
def when_a_site_closes_a_day_the_sessions_on_it_move(w):
    where = site(w)
    made = new_course(w, where, count=3)
    tomorrow = str(today() + DAY)
    ok(w.api.patch(f"{V1}/sites/{where}", {"closed_dates": [tomorrow]}, headers={"If-Match": "*"}))
    moved = until(lambda: (lambda c: c if tomorrow not in dates(c) else None)(course(w, made["id"])), 30, "housekeeping to move it")
    tap.equal(dates(moved), [str(today()), str(today() + 2 * DAY), str(today() + 3 * DAY)])


# ---- sessions of a course ----

@tap.test
def a_course_is_gone_through_session_by_session(w):
    where = site(w)
    with device_at(w, where) as device:
        made = new_course(w, where, count=3, intensity_from=20, intensity_to=40, guest="Zoë")
        session, program = run(w, device, made["id"])
        tap.equal((session["routine"], session["guest"], program["intensity_max"]), (made["routine"], "Zoë", 20))
        after = until(lambda: (lambda c: c if c["progress"]["done"] else None)(course(w, made["id"])), 5, "the course to know")
        first = after["sessions"][0]
        tap.equal((first["state"], first["session_id"], bool(first["ended_at"])), ("done", session["id"], True))
        tap.equal((after["progress"]["percent"], after["progress"]["left"], after["progress"]["next"]["number"]), (33, 2, 2))
        problem = refused(begin(w, device, made["id"]), 409, "course_not_due")
        tap.contains(problem["detail"], dates(after)[1])
        for number in (2, 3):  # the days go by
            w.spa.sql(f"UPDATE course_session SET planned_on = planned_on - {number} WHERE course_id = '{made['id']}' AND state = 'planned'")
            w.spa.sql("ALTER TABLE course_session DISABLE TRIGGER course_session_guard")
            w.spa.sql(f"UPDATE course_session SET planned_on = planned_on - 3 WHERE course_id = '{made['id']}' AND state = 'done'")
            w.spa.sql("ALTER TABLE course_session ENABLE TRIGGER course_session_guard")
            w.spa.sql(f"UPDATE course_session SET planned_on = '{today()}' WHERE course_id = '{made['id']}' AND n = {number}")
            w.spa.sql(f"UPDATE course_session SET planned_on = '{today() + DAY}' WHERE course_id = '{made['id']}' AND n > {number}")
            _, program = run(w, device, made["id"], intensity_max=25 if number == 3 else None)
            tap.equal(program["intensity_max"], 30 if number == 2 else 25, "the lower one counts")
        ended = course(w, made["id"])
        tap.equal((ended["state"], ended["progress"]["percent"], ended["progress"]["next"], states(ended)), ("completed", 100, None, "ddd"))
        tap.contains(refused(begin(w, device, made["id"]), 409, "course_not_due")["detail"], "completed")


@tap.test
def a_session_that_ends_early_leaves_its_place_planned(w):
    where = site(w)
    with device_at(w, where) as device:
        made = new_course(w, where, count=2)
        first, _ = run(w, device, made["id"], end="stopped")
        kept = course(w, made["id"])
        tap.equal((states(kept), kept["sessions"][0]["session_id"], kept["sessions"][0]["live"]), ("pp", first["id"], False))
        again, _ = run(w, device, made["id"], end="aborted")
        tap.check(again["id"] != first["id"], again)
        done, _ = run(w, device, made["id"])
        after = until(lambda: (lambda c: c if c["progress"]["done"] else None)(course(w, made["id"])), 5, "the course to know")
        tap.equal((states(after), after["sessions"][0]["session_id"]), ("dp", done["id"]))


@tap.test
def a_completion_told_twice_counts_once(w):
    where = site(w)
    with device_at(w, where) as device:
        made = new_course(w, where, count=2)
        session, _ = run(w, device, made["id"])
        once = until(lambda: (lambda c: c if c["progress"]["done"] else None)(course(w, made["id"])), 5, "the course to know")
        device.session = {"id": session["id"], "step_count": 1, "intensity": 100}
        for _ in range(3):
            device.tell("completed", ended_at=int(time.time() * 1000))
        other = ok(w.api.post(f"{V1}/sessions", order(device.id)), 201)
        device.session = None
        device.carry_out("start", "running")
        until(lambda: ok(w.api.get(f"{V1}/sessions/{other['id']}"))["state"] == "running", 10, "what came later to be known")
        tap.equal(course(w, made["id"]), once)


@tap.test
def while_a_session_of_the_course_goes_on_no_other_begins_nor_is_it_missed(w):
    where = site(w)
    with device_at(w, where) as one, device_at(w, where) as other:
        made = new_course(w, where, count=2)
        ok(begin(w, one, made["id"]), 201)
        shown = course(w, made["id"])
        tap.equal((shown["sessions"][0]["live"], states(shown)), (True, "pp"))
        tap.contains(refused(begin(w, other, made["id"]), 409, "course_not_due")["detail"], "going on")
        refused(w.api.post(f"{V1}/courses/{made['id']}/sessions/1/miss"), 409, "conflict")


@tap.test
def of_many_that_begin_the_same_session_at_once_one_does(w):
    where = site(w)
    made = new_course(w, where, count=2)
    devices, replies = [w.new_device(site=where)["id"] for _ in range(5)], []

    def go(device_id):
        replies.append(w.api.post(f"{V1}/sessions", {"device_id": device_id, "course_id": made["id"], "intake": NOTHING_APPLIES}))
    threads = [threading.Thread(target=go, args=(each,)) for each in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(reply.status for reply in replies), [201] + [409] * 4, replies)
    tap.equal(len(list(w.api.pages(f"{V1}/sessions", {"site_id": where}))), 1)


@tap.test
def a_session_that_does_not_fit_the_course_is_refused_and_changes_nothing(w):
    where = site(w)
    with device_at(w, where) as device:
        made = new_course(w, where, count=2)
        refused(begin(w, device, made["id"], routine="relax-10"), 422, "unprocessable", "/routine")
        refused(begin(w, device, UNKNOWN), 404, "not_found", "/course_id")
        refused(w.api.post(f"{V1}/sessions", {"device_id": device.id, "intake": NOTHING_APPLIES}), 400, "invalid_body", "/routine")
        refused(w.api.post(f"{V1}/sessions", {"device_id": w.new_device(site=w.sites[0])["id"], "course_id": made["id"],
                                              "intake": NOTHING_APPLIES}), 422, "unprocessable", "/device_id")
        refused(begin(w, device, made["id"], intake={}), 422, "screening_incomplete")
        ok(w.api.patch(f"{V1}/devices/{device.id}", {"service": "maintenance"}, headers={"If-Match": "*"}))
        refused(begin(w, device, made["id"]), 409, "out_of_service")
        tap.equal(course(w, made["id"]), made)
        ok(w.api.patch(f"{V1}/devices/{device.id}", {"service": "in_service"}, headers={"If-Match": "*"}))
        tap.equal(ok(begin(w, device, made["id"], routine=made["routine"], guest="Bea"), 201)["guest"], "Bea")


@tap.test
def a_session_begun_under_a_key_is_begun_once(w):
    where = site(w)
    with device_at(w, where) as device:
        made, named = new_course(w, where, count=2), key()
        request = {"device_id": device.id, "course_id": made["id"], "intake": NOTHING_APPLIES}
        first = w.api.post(f"{V1}/sessions", request, headers=named)
        tap.equal(ok(w.api.post(f"{V1}/sessions", request, headers=named), 201), ok(first, 201))
        actions = [each["action"] for each in w.api.pages(f"{V1}/audit", {"subject_id": made["id"]})]
        tap.equal(actions, ["course.begin", "course.create"])


# ---- missing, skipping, moving ----

@tap.test(deadline_s=90)
def a_day_that_is_over_is_missed_once_however_many_servers_look(w):
    other = w.spa.another_server()
    where = site(w)
    made = [new_course(w, where, count=3, interval_days=2, intensity_to=60) for _ in range(4)]
    for each in made:
        backdate(w, each["id"], 1)
    for each in made:
        after = until(lambda: (lambda c: c if c["progress"]["missed"] else None)(course(w, each["id"])), 40, "the day to be missed")
        tap.equal((states(after), after["progress"]["missed"], after["progress"]["left"]), ("mppp", 1, 3))
        tap.equal(dates(after), [str(today() + n * DAY) for n in (-1, 1, 3, 5)])
        tap.equal([entry["actor"] for entry in w.api.pages(f"{V1}/audit", {"subject_id": each["id"], "action": "course.miss"})],
                  ["housekeeping"])
    other.stop()


@tap.test
def what_was_missed_is_made_up_today_and_the_rest_moves(w):
    where = site(w)
    with device_at(w, where) as device:
        made = new_course(w, where, count=3, interval_days=2)
        backdate(w, made["id"], 1)
        run(w, device, made["id"])  # settles by itself, whether housekeeping was faster or not
        after = until(lambda: (lambda c: c if c["progress"]["done"] else None)(course(w, made["id"])), 5, "the course to know")
        tap.equal((states(after), dates(after)), ("mdpp", [str(today() + n * DAY) for n in (-1, 0, 2, 4)]))


@tap.test(deadline_s=60)
def a_guest_who_never_comes_pauses_the_course(w):
    made = new_course(w, count=10)
    backdate(w, made["id"], 9)
    after = until(lambda: (lambda c: c if c["state"] == "paused" else None)(course(w, made["id"])), 30, "the course to be paused")
    tap.equal(after["progress"]["missed"], 5)
    again = ok(patch(w, made, {"state": "active"}))
    tap.equal((again["state"], again["progress"]["next"]["date"]), ("active", str(today())))


@tap.test
def staff_say_that_the_guest_does_not_come(w):
    made = new_course(w, count=3)
    path = f"{V1}/courses/{made['id']}/sessions"
    after = ok(w.api.post(f"{path}/2/miss", {"reason": "Has a cold"}))
    tap.equal((states(after), dates(after)[:3], len(after["sessions"])), ("pmpp", dates(made), 4))
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": made["id"], "action": "course.miss"}))
    tap.equal((entry["detail"]["session"], entry["detail"]["reason"]), (2, "Has a cold"))
    refused(w.api.post(f"{path}/2/miss"), 409, "conflict")
    for number in (0, 5, 999999999):
        refused(w.api.post(f"{path}/{number}/miss"), 404, "not_found")
    refused(w.api.post(f"{path}/x/miss"), 404, "not_found")
    refused(w.api.post(f"{path}/1/miss", {"reason": ""}), 400, "invalid_body", "/reason")
    refused(w.api.post(f"{path}/1/miss", {"override": True}), 400, "invalid_body", "/override")


@tap.test
def staff_leave_a_session_out(w):
    with_template_routine(w, "flat-feet")
    made = new_course(w, template="flat-feet")
    path = f"{V1}/courses/{made['id']}/sessions"
    refused(w.api.post(f"{path}/12/skip"), 422, "unprocessable", "/override")
    refused(w.api.post(f"{path}/12/skip", {"override": True}), 422, "unprocessable", "/reason")
    after = ok(w.api.post(f"{path}/12/skip", {"override": True, "reason": "Eleven are enough"}))
    tap.equal((states(after), after["progress"]["left"], after["progress"]["skipped"]), ("p" * 11 + "s", 11, 1))
    two = new_course(w, count=2)
    path = f"{V1}/courses/{two['id']}/sessions"
    tap.equal(states(ok(w.api.post(f"{path}/2/skip"))), "ps")
    done = ok(w.api.post(f"{path}/1/skip", {"override": True, "reason": "Moved away"}))
    tap.equal((done["state"], done["progress"]["percent"], done["progress"]["last_date"]), ("completed", 100, None))
    refused(w.api.post(f"{path}/1/skip"), 409, "conflict")


@tap.test
def a_session_is_moved_and_the_rest_follows(w):
    made = new_course(w, count=4, interval_days=2)
    day = lambda n: str(today() + n * DAY)  # noqa: E731
    moved = ok(patch(w, made, {"move": {"number": 2, "date": day(5)}}))
    tap.equal((dates(moved), [each["moved"] for each in moved["sessions"]]), ([day(0), day(5), day(7), day(9)], [False, True, False, False]))
    for change, pointer in (({"number": 2, "date": day(1)}, "/move/date"), ({"number": 1, "date": day(-2)}, "/move/date"),
                            ({"number": 9, "date": day(3)}, "/move/number")):
        refused(patch(w, made, {"move": change}), 422, "unprocessable", pointer)
    refused(patch(w, made, {"move": {"number": 2, "date": "2027-02-30"}}), 400, "invalid_body", "/move/date")
    refused(patch(w, made, {"move": {"number": 0, "date": day(3)}}), 400, "invalid_body", "/move/number")
    refused(patch(w, made, {"move": {"date": day(3)}}), 400, "invalid_body", "/move/number")
    tap.equal(course(w, made["id"]), moved)


@tap.test
def a_course_is_paused_resumed_and_ended(w):
    where = site(w)
    made = new_course(w, where, count=3)
    tag = w.api.get(f"{V1}/courses/{made['id']}").headers["ETag"]
    tap.equal(ok(patch(w, made, {"state": "paused"}, tag))["state"], "paused")
    refused(patch(w, made, {"state": "ended"}, tag), 412, "precondition_failed")
    backdate(w, made["id"], 7)
    device = w.new_device(site=where)["id"]
    request = {"device_id": device, "course_id": made["id"], "intake": NOTHING_APPLIES}
    tap.contains(refused(w.api.post(f"{V1}/sessions", request), 409, "course_not_due")["detail"], "paused")
    resumed = ok(patch(w, made, {"state": "active"}))
    tap.equal((states(resumed), dates(resumed)), ("ppp", dates(made)), "nothing was missed meanwhile")
    timed = ok(patch(w, made, {"time_of_day": "17:05"}))
    tap.equal((timed["time_of_day"], {each["starts_at"][11:] for each in timed["sessions"]}), ("17:05", {"17:05:00.000Z"}))
    refused(patch(w, made, {"time_of_day": "25:00"}), 400, "invalid_body", "/time_of_day")
    refused(patch(w, made, {"state": "completed"}), 400, "invalid_body", "/state")
    tap.equal(ok(patch(w, made, {"state": "ended"}))["state"], "ended")
    refused(patch(w, made, {"state": "active"}), 409, "conflict", "/state")
    refused(patch(w, made, {"move": {"number": 1, "date": str(today())}}), 422, "unprocessable")
    refused(w.api.post(f"{V1}/sessions", request), 409, "course_not_due")


@tap.test
def courses_are_listed_newest_first_by_site_guest_and_state(w):
    where, routine = site(w), w.new_routine([STEP])
    anna, bea = (new_course(w, where, guest=guest, count=2, routine=routine) for guest in ("Anna", "Bea"))
    ok(patch(w, bea, {"state": "paused"}))

    def ids(**query):
        return [each["id"] for each in w.api.pages(f"{V1}/courses", {"site_id": where, "limit": 1, **query})]
    tap.equal(ids(), [bea["id"], anna["id"]])
    tap.equal(ids(guest="Anna"), [anna["id"]])
    tap.equal(ids(guest="anna"), [])
    tap.equal(ids(state="paused"), [bea["id"]])
    tap.equal(ids(state="active", guest="Bea"), [])
    listed = ok(w.api.get(f"{V1}/courses", params={"site_id": where, "guest": "Anna"}))["items"][0]
    tap.equal({**listed, "sessions": anna["sessions"]}, anna)


@tap.test
def changes_of_a_course_are_told_as_events(w):
    where = site(w)
    with w.api.events(params={"types": "course", "site_id": where}) as events:
        made = new_course(w, where, count=2)
        first = events.next()
        w.contract.check({"$ref": "#/components/schemas/EventCourse"}, first["json"], "event course")
        tap.equal((first["event"], first["json"]["course_id"], first["json"]["left"]), ("course", made["id"], 2))
        ok(patch(w, made, {"state": "paused"}))
        tap.equal(events.next()["json"]["state"], "paused")
        ok(patch(w, made, {"state": "active"}))
        events.next()
        with device_at(w, where) as device:
            run(w, device, made["id"])
            tap.equal([events.next()["json"]["done"] for _ in range(2)], [0, 1])


# ---- the calendar ----

def parse(text):
    """A small reader of RFC 5545 that knows nothing of who wrote it: properties of the calendar, and of each event."""
    tap.check(text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), "lines end with CRLF")
    for line in text.split("\r\n"):
        tap.check(len(line.encode()) <= 75, f"{len(line.encode())} octets: {line}")
    stack, calendar, events = [], {}, []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        name, value = re.fullmatch(r"([A-Z-]+)(?:;[^:]*)?:(.*)", line).groups()
        value = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            tap.equal(stack.pop(), value)
        else:
            where = events[-1] if stack[-1] == "VEVENT" else calendar
            tap.check(name not in where, f"{name} twice")
            where[name] = value
    tap.equal(stack, [])
    return calendar, events


def utc(text):
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%S.000Z")


@tap.test
def a_course_is_a_calendar(w):
    where = site(w, "Europe/Berlin")
    guest = "Zoë; \\ 足, " + "x" * 40
    made = new_course(w, where, guest=guest, count=60, interval_days=3)
    path = f"{V1}/courses/{made['id']}/calendar.ics"
    reply = w.api.get(path)
    tap.equal((reply.status, reply.headers["Content-Type"]), (200, "text/calendar; charset=utf-8"))
    calendar, events = parse(reply.body.decode())
    tap.equal((calendar["VERSION"], calendar["METHOD"], bool(calendar["PRODID"])), ("2.0", "PUBLISH", True))
    tap.equal([utc(each["DTSTART"]) for each in events], [each["starts_at"] for each in made["sessions"]])
    tap.equal(len({each["UID"] for each in events}), 60)
    for each in events:
        tap.equal(set(each), {"UID", "DTSTAMP", "DTSTART", "DURATION", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION", "LAST-MODIFIED"})
        tap.equal((each["DURATION"], each["SEQUENCE"], each["STATUS"]), ("PT1M", "0", "CONFIRMED"))
        tap.check(each["SUMMARY"].startswith(guest), each)
    tap.equal(w.api.get(path, headers={"If-None-Match": reply.headers["ETag"]}).status, 304)
    ok(w.api.post(f"{V1}/courses/{made['id']}/sessions/2/miss"))
    ok(patch(w, made, {"time_of_day": "11:00"}))
    tap.equal(w.api.get(path, headers={"If-None-Match": reply.headers["ETag"]}).status, 200)
    _, changed = parse(w.api.get(path).body.decode())
    tap.equal([each["UID"] for each in changed][:60], [each["UID"] for each in events])
    tap.equal((changed[1]["STATUS"], changed[1]["SEQUENCE"], changed[0]["SEQUENCE"]), ("CANCELLED", "2", "1"))
    for state, said in (("paused", "TENTATIVE"), ("ended", "CANCELLED")):
        ok(patch(w, made, {"state": state}))
        tap.equal({each["STATUS"] for each in parse(w.api.get(path).body.decode())[1]}, {said, "CANCELLED"})


@tap.test
def a_calendar_program_needs_no_token_but_a_link(w):
    made = new_course(w, count=2)
    nobody = w.as_token(None)
    first = ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link"), 201)["url"]
    tap.check(re.fullmatch(rf"{V1}/calendars/[A-Za-z0-9_-]{{43}}", first), first)
    tap.equal(parse(nobody.get(first).body.decode())[1], parse(w.api.get(f"{V1}/courses/{made['id']}/calendar.ics").body.decode())[1])
    tap.equal(course(w, made["id"])["calendar_link"], True)
    whole = json.dumps(w.spa.sql("SELECT * FROM course")) + json.dumps(w.spa.sql("SELECT * FROM audit_log"))
    tap.check(first.rsplit("/", 1)[1] not in whole, "the secret is kept")
    named = key()
    second = ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link", headers=named), 201)["url"]
    tap.equal(ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link", headers=named), 201)["url"], second)
    tap.check(second.rsplit("/", 1)[1] not in json.dumps(w.spa.sql("SELECT * FROM idempotency_key")), "the secret is kept")
    refused(nobody.get(first), 404, "not_found")
    tap.equal(nobody.get(second).status, 200)
    refused(nobody.get(f"{V1}/courses/{made['id']}/calendar.ics"), 401, "unauthenticated")


@tap.test
def links_that_nobody_made_are_refused_and_do_not_stand_in_the_way_of_tokens(w):
    nobody = w.as_token(None)
    seen = {nobody.get(f"{V1}/calendars/" + f"{n:043d}").code for n in range(300)}
    tap.check(seen <= {"not_found", "too_many_requests"} and "not_found" in seen, seen)
    tap.equal(w.as_role("viewer").get(f"{V1}/sites").status, 200)
    refused(nobody.get(f"{V1}/calendars/short"), 404, "not_found")


@tap.test
def courses_of_other_sites_are_not_there(w):
    where = site(w)
    made = new_course(w, where, count=2)
    stranger = w.as_role("manager", [w.sites[0]])
    path = f"{V1}/courses/{made['id']}"
    for reply in (stranger.get(path), stranger.get(f"{path}/calendar.ics"), stranger.post(f"{path}/calendar-link"),
                  stranger.post(f"{path}/sessions/1/miss"), stranger.post(f"{path}/sessions/1/skip"),
                  stranger.patch(path, {"state": "ended"}, headers={"If-Match": "*"})):
        refused(reply, 404, "not_found")
    tap.equal(ok(stranger.get(f"{V1}/courses", params={"site_id": where}))["items"], [])
    refused(stranger.post(f"{V1}/courses", body(w, where)), 404, "not_found", "/site_id")
    refused(stranger.post(f"{V1}/courses/plan", body(w, where)), 404, "not_found", "/site_id")
    device = w.new_device(site=w.sites[0])["id"]
    refused(stranger.post(f"{V1}/sessions", {"device_id": device, "course_id": made["id"], "intake": NOTHING_APPLIES}), 404, "not_found",
            "/course_id")
    viewer = w.as_role("viewer", [where])
    ok(viewer.get(path))
    ok(viewer.post(f"{V1}/courses/plan", body(w, where)))
    for reply in (viewer.post(f"{V1}/courses", body(w, where)), viewer.post(f"{path}/calendar-link"),
                  viewer.patch(path, {"state": "ended"}, headers={"If-Match": "*"})):
        refused(reply, 403, "forbidden")
    tap.equal(course(w, made["id"]), made)


tap.main(world)
