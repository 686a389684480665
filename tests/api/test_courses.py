"""Courses: laid onto a site's open days and its clocks, made, listed, and seen by their own sites alone."""

import datetime
import zoneinfo

from courses import DAY, STEP, UNKNOWN, body, course, dates, new_course, patch, site, today, with_template_routine
from world import NOTHING_APPLIES, V1, ok, refused, tap, until, uuid, world


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


@tap.test
def a_sites_copy_of_a_template_says_what_is_usual_there(w):
    with_template_routine(w, "flat-feet")
    where, other = site(w), site(w)
    path = f"{V1}/catalogue/course-templates/flat-feet"
    entry = ok(w.api.get(path, params={"site_id": where}))["content"]
    entry["name"], entry["count"]["default"] = "Arches", 14
    copied = w.api.put(f"{path}?site_id={where}", {"content": entry}, headers={"If-None-Match": "*"})
    tap.check(copied.status in (200, 201), copied)
    plan = ok(w.api.post(f"{V1}/courses/plan", body(w, where, "flat-feet")))
    tap.equal((plan["name"], plan["count"], len(plan["sessions"])), ("Arches", 14, 14))
    refused(w.api.post(f"{V1}/courses/plan", body(w, where, "flat-feet", count=11)), 422, "unprocessable", "/count")
    tap.equal(ok(w.api.post(f"{V1}/courses/plan", body(w, other, "flat-feet")))["count"], 12)
    entry["count"]["min"] = 1
    tap.equal(w.api.put(f"{path}?site_id={other}", {"content": entry}, headers={"If-None-Match": "*"}).status, 422)


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


# ---- lists and scopes ----

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
