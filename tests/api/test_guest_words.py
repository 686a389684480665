"""What a guest's name and a disinfection's record may say, and where it is shown."""

import datetime

from world import NOTHING_APPLIES, V1, json, ok, order, refused, tap, until, world


@tap.test
def a_session_may_name_its_guest_and_shows_the_time_it_will_take(w):
    made = ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"], guest="Zoë 7")), 201)
    tap.equal((made["guest"], made["duration_s"], made["remaining_ms"]), ("Zoë 7", 600, 600000))
    shown = ok(w.api.get(f"{V1}/sessions/{made['id']}"))
    tap.equal((shown["guest"], shown["remaining_ms"]), ("Zoë 7", 600000))
    ok(w.api.post(f"{V1}/sessions/{made['id']}/stop"), 202)
    tap.equal(ok(w.api.get(f"{V1}/sessions/{made['id']}"))["remaining_ms"], 0)
    tap.equal(ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"], guest=None)), 201)["guest"], None)
    ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"], guest="足" * 60)), 201)
    for entry in w.api.pages(f"{V1}/audit", {"subject_id": made["id"]}):
        tap.check("Zoë" not in json.dumps(entry, ensure_ascii=False), entry)


@tap.test
@tap.rows("", "x" * 61, "足" * 61, "two\nlines", "a\tb", "   ", "turned\u202eround", "zero\u200bwidth", 7)
def a_guest_that_is_not_one_short_line_is_refused(w, guest):
    device = w.new_device()["id"]
    refused(w.api.post(f"{V1}/sessions", {"device_id": device, "routine": "relax-10", "intake": NOTHING_APPLIES, "guest": guest}),
            400, "invalid_body", "/guest")
    tap.equal(ok(w.api.get(f"{V1}/sessions", params={"device_id": device}))["items"], [])


def ago(seconds):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@tap.test
def a_disinfection_may_say_who_did_it_and_when(w):
    path = f"{V1}/devices/{w.new_device()['id']}/cleanings"
    when = ago(3600)
    made = ok(w.api.post(path, {"initials": "Ä. B.", "done_at": when}), 201)
    tap.equal((made["initials"], made["done_at"]), ("Ä. B.", when))
    tap.equal(ok(w.api.get(path))["items"][0], made)
    detail = next(w.api.pages(f"{V1}/audit", {"subject_id": made["id"]}))["detail"]
    tap.equal((detail["initials"], detail["kind"]), ("Ä. B.", "after_client"))
    tap.check("done_at" in detail, detail)
    bare = ok(w.api.post(path), 201)
    tap.equal(bare["initials"], None)
    detail = next(w.api.pages(f"{V1}/audit", {"subject_id": bare["id"]}))["detail"]
    tap.check("initials" not in detail and "done_at" not in detail, detail)
    ok(w.api.post(path, {"done_at": ago(-30)}), 201)
    ok(w.api.post(path, {"done_at": ago(6 * 86400)}), 201)
    ok(w.api.post(path, {"initials": "足" * 8}), 201)
    for initials in ("", "A" * 9, "足" * 9, "A\nB", " "):
        refused(w.api.post(path, {"initials": initials}), 400, "invalid_body", "/initials")
    for when in (ago(-120), ago(8 * 86400)):
        refused(w.api.post(path, {"done_at": when}), 422, "unprocessable", "/done_at")
    for when in ("yesterday", 17, "2026-11-21"):
        refused(w.api.post(path, {"done_at": when}), 400, "invalid_body", "/done_at")


@tap.test
def a_disinfection_was_not_before_the_session_it_follows(w):
    made = w.new_device()
    device = w.play(made)
    running = ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)
    device.carry_out("start", "running")
    device.tell("completed", remaining_ms=0)
    until(lambda: ok(w.api.get(f"{V1}/sessions/{running['id']}"))["state"] == "completed", 10, "the session to end")
    path = f"{V1}/devices/{made['id']}/cleanings"
    refused(w.api.post(path, {"done_at": ago(60)}), 422, "unprocessable", "/done_at")
    tap.equal(ok(w.api.get(f"{V1}/devices/{made['id']}"))["cleaning"], "due")
    ok(w.api.post(path, {"done_at": ago(-1)}), 201)
    tap.equal(ok(w.api.get(f"{V1}/devices/{made['id']}"))["cleaning"], "clean")
    device.close()


tap.main(world)
