"""Courses gone through: sessions begun for them, days missed, sessions moved and left out."""
# suite: builds=asan,tsan

import threading

from courses import DAY, UNKNOWN, backdate, begin, course, dates, device_at, new_course, patch, run, site, states, today, with_template_routine
from world import NOTHING_APPLIES, V1, key, ok, order, refused, tap, time, until, world


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
        waited = w.api.post(f"{V1}/sessions", {"device_id": one.id, "course_id": made["id"], "intake": NOTHING_APPLIES}, params={"wait": 1})
        shown = course(w, made["id"])
        tap.equal(shown["sessions"][0]["session_id"], ok(waited, 201)["id"])
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


@tap.test
def a_course_by_hand_is_gone_through_without_a_device(w):
    where = site(w)
    made = new_course(w, where, count=2, routine=w.new_routine([{"technique": "side-turn", "repetitions": 3}]))
    request = {"course_id": made["id"], "intake": NOTHING_APPLIES}
    refused(w.api.post(f"{V1}/sessions", {**request, "site_id": w.sites[0]}), 422, "unprocessable", "/site_id")
    with w.api.events(params={"types": "course", "site_id": where}) as events:
        session = ok(w.api.post(f"{V1}/sessions", {**request, "site_id": where}), 201)
        tap.equal((session["guest"], session["routine"], events.next()["json"]["done"]), ("Anna", made["routine"], 0))
        tap.contains(refused(w.api.post(f"{V1}/sessions", {**request, "site_id": where}), 409, "course_not_due")["detail"], "going on")
        path = f"{V1}/sessions/{session['id']}"
        while ok(w.api.get(path))["state"] == "waiting":
            ok(w.api.post(f"{path}/confirm", {"step": ok(w.api.get(path))["step"]}), 202)
        tap.equal(ok(w.api.get(path))["state"], "completed")
        tap.equal((events.next()["json"]["done"], states(course(w, made["id"]))), (1, "dp"))


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
    ended = ok(patch(w, made, {"state": "ended"}))
    tap.equal((ended["state"], ended["progress"]["next"]), ("ended", None))
    refused(patch(w, made, {"state": "active"}), 409, "conflict", "/state")
    refused(patch(w, made, {"move": {"number": 1, "date": str(today())}}), 422, "unprocessable")
    refused(w.api.post(f"{V1}/sessions", request), 409, "course_not_due")


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


tap.main(world)
