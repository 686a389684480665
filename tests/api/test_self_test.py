"""The self-test of a device: who may ask for it and when, how it is stopped, and what is shown of it."""

import threading

from world import V1, key, ok, order, refused, tap, until, uuid, world

EMPTY = {"nobody_in_the_unit": True}
CHECKS = [{"name": "water/1", "result": "passed", "detail": "36100 mdegC"}, {"name": "heater", "result": "skipped"}]


def ready(w, service="maintenance"):
    device = w.play(w.new_device())
    if service != "in_service":
        put(w, device, service)
    return device


def put(w, device, service):
    ok(w.api.patch(f"{V1}/devices/{device.id}", {"service": service}, headers={"If-Match": "*"}))


def ask(w, device, body=EMPTY, client=None, **more):
    return (client or w.api).post(f"{V1}/devices/{device.id}/self-test", body, **more)


def stop(w, device, client=None):
    return (client or w.api).post(f"{V1}/devices/{device.id}/self-test/stop")


def latest(w, device):
    return ok(w.api.get(f"{V1}/devices/{device.id}/self-tests"))["items"][0]


def tell(device, command, state, code="ok", checks=None, detail=""):
    device.say("ack", {"command_id": command["id"], "boot_id": device.boot, "seq": command["seq"], "epoch": device.epoch,
                       "state": state, "code": code, "at": 1795233041762, "detail": detail, **({"checks": checks} if checks else {})})


def until_state(w, device, state):
    return until(lambda: (lambda now: now if now["state"] == state else None)(latest(w, device)), 10, f"the test to be {state}")


# ---- who may, and when ----

@tap.rows(({}, 422, "unprocessable"), ({"nobody_in_the_unit": False}, 422, "unprocessable"),
          ({"nobody_in_the_unit": None}, 400, "invalid_body"), ({"nobody_in_the_unit": "yes"}, 400, "invalid_body"),
          ({"nobody_in_the_unit": 1}, 400, "invalid_body"))
@tap.test
def it_needs_somebody_who_has_looked(w, body, status, code):
    device = ready(w)
    refused(ask(w, device, body), status, code, "/nobody_in_the_unit")
    tap.equal(ok(w.api.get(f"{V1}/devices/{device.id}/self-tests"))["items"], [])
    device.close()


@tap.rows((None, "malformed_json"), ({**EMPTY, "level": 90}, "invalid_body"))
@tap.test
def other_bodies_are_refused(w, body, code):
    device = ready(w)
    refused(ask(w, device, body), 400, code)
    device.close()


@tap.test
def who_may_set_maintenance_may_ask_and_who_may_work_may_stop(w):
    device = ready(w)
    for role in ("viewer", "operator"):
        refused(ask(w, device, client=w.as_role(role)), 403, "forbidden")
    refused(stop(w, device, w.as_role("viewer")), 403, "forbidden")
    ok(ask(w, device, client=w.as_role("manager")), 202)
    ok(stop(w, device, w.as_role("operator")), 202)
    ok(w.as_role("viewer").get(f"{V1}/devices/{device.id}/self-tests"))
    stranger = w.as_role("manager", [w.sites[1]])
    for reply in (ask(w, device, client=stranger), ask(w, device, {}, client=stranger), stop(w, device, stranger),
                  stranger.get(f"{V1}/devices/{device.id}/self-tests")):
        refused(reply, 404, "not_found")
    refused(w.api.post(f"{V1}/devices/{uuid.uuid4()}/self-test", EMPTY), 404, "not_found")
    device.close()


@tap.test
def only_a_device_in_maintenance_is_tested_and_the_answer_says_what_to_do(w):
    device = ready(w, "in_service")
    problem = refused(ask(w, device), 409, "conflict")
    tap.check("maintenance" in problem["detail"], problem)
    refused(stop(w, device), 409, "conflict")
    device.close()


@tap.test
def a_device_with_a_session_is_not_tested(w):
    device = ready(w, "in_service")
    ok(w.api.post(f"{V1}/sessions", order(device.id)), 201)
    device.carry_out("start", "running")
    put(w, device, "maintenance")
    refused(ask(w, device), 409, "device_busy")
    device.close()


@tap.test
def one_goes_on_at_a_time_and_no_session_begins_meanwhile(w):
    device = ready(w)
    ok(ask(w, device), 202)
    command = device.command()
    refused(ask(w, device), 409, "device_busy")
    for state in ("sent", "accepted"):
        until_state(w, device, state)
        back = w.api.patch(f"{V1}/devices/{device.id}", {"service": "in_service"}, headers={"If-Match": "*"})
        refused(back, 409, "device_busy")
        tell(device, command, "accepted")
    until_state(w, device, "accepted")
    w.spa.sql(f"UPDATE command SET sent_at = now() - interval '41 min' WHERE id = '{command['id']}'")
    until_state(w, device, "unknown")  # a device that has lost its journal never says more
    put(w, device, "in_service")
    refused(w.api.post(f"{V1}/sessions", order(device.id)), 409, "device_busy")
    tell(device, command, "succeeded", checks=CHECKS)
    until_state(w, device, "succeeded")
    ok(w.api.post(f"{V1}/sessions", order(device.id)), 201)
    device.close()


@tap.test
def many_that_ask_at_once_begin_one(w):
    device, seen = ready(w), []
    asking = [threading.Thread(target=lambda: seen.append(ask(w, device).status)) for _ in range(6)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    tap.equal(sorted(seen), [202] + [409] * 5)
    device.close()


# ---- what the device is told and what it tells ----

@tap.test
def the_command_names_the_test_and_the_answer_is_shown_with_its_checks(w):
    device = ready(w)
    given = ok(ask(w, device), 202)
    tap.equal((given["type"], given["session_id"], given["self_test_id"]), ("self_test", None, given["id"]))
    command = device.command()
    tap.equal((command["id"], command["type"], command["session_id"]), (given["id"], "self_test", given["id"]))
    now = latest(w, device)
    tap.equal((now["id"], now["state"], now["verdict"], now["checks"]), (given["id"], "sent", None, []))
    tell(device, command, "accepted")
    until_state(w, device, "accepted")
    tell(device, command, "succeeded", checks=CHECKS)
    done = until_state(w, device, "succeeded")
    tap.equal((done["verdict"], done["checks"], done["requested_by"]), ("skipped", CHECKS, given["created_by"]))
    tap.check(done["requested_name"] and done["finished_at"], done)
    tell(device, command, "succeeded", checks=[{"name": "another", "result": "failed"}])  # a repeat changes nothing
    ok(ask(w, device), 202)
    listed = ok(w.api.get(f"{V1}/devices/{device.id}/self-tests"))["items"]
    tap.equal([(each["state"], each["checks"]) for each in listed], [("sent", []), ("succeeded", CHECKS)])
    first = ok(w.api.get(f"{V1}/devices/{device.id}/self-tests", params={"limit": 1}))
    rest = ok(w.api.get(f"{V1}/devices/{device.id}/self-tests", params={"limit": 1, "cursor": first["next_cursor"]}))
    tap.equal([each["id"] for each in first["items"] + rest["items"]], [each["id"] for each in listed])
    tap.equal([each["action"] for each in ok(w.api.get(f"{V1}/audit", params={"subject_id": device.id}))["items"]
               if each["action"].startswith("device.self")], ["device.self_test"] * 2)
    device.close()


@tap.rows(("succeeded", "ok", [{"name": "a", "result": "passed"}], "passed"),
          ("succeeded", "ok", [{"name": "a", "result": "passed"}, {"name": "b", "result": "failed"}, {"name": "c", "result": "skipped"}], "failed"),
          ("succeeded", "ok", None, "skipped"), ("failed", "interlock", [{"name": "a", "result": "passed"}], "failed"),
          ("failed", "superseded", None, "failed"), ("rejected", "interlock", None, None), ("expired", "expired", None, None))
@tap.test
def the_verdict_is_never_better_than_what_was_told(w, state, code, checks, verdict):
    device = ready(w)
    ok(ask(w, device), 202)
    tell(device, device.command(), state, code, checks, "a safety interlock is active: lid_open" if code == "interlock" else "")
    done = until_state(w, device, state)
    tap.equal((done["verdict"], done["code"]), (verdict, code))
    device.close()


@tap.test
def a_report_of_the_largest_unit_gets_through(w):
    device = ready(w)
    ok(ask(w, device), 202)
    checks = [{"name": f"{n}-" + "n" * 40, "result": "passed", "detail": "d" * 96} for n in range(148)]
    tell(device, device.command(), "succeeded", checks=checks)
    tap.equal(until_state(w, device, "succeeded")["checks"], checks)
    device.close()


@tap.test
def a_stop_names_the_test_and_one_that_was_never_sent_is_taken_back(w):
    device = ready(w)
    given = ok(ask(w, device), 202)
    command = device.command()
    stopping = ok(stop(w, device), 202)
    tap.equal((stopping["type"], stopping["self_test_id"], stopping["expires_at"]), ("stop", given["id"], None))
    told = device.command()
    tap.equal((told["type"], told["session_id"]), ("stop", given["id"]))
    device.answer(told, "succeeded")
    tell(device, command, "failed", "superseded", CHECKS)
    tap.equal(until_state(w, device, "failed")["verdict"], "failed")
    refused(stop(w, device), 409, "conflict")
    device.close()
    until(lambda: not ok(w.api.get(f"{V1}/devices/{device.id}"))["ready"], 10, "the device to be away")
    ok(ask(w, device), 202)
    tap.equal(latest(w, device)["state"], "pending")
    back = ok(stop(w, device), 202)
    tap.equal((back["state"], back["code"]), ("succeeded", "never_sent"))
    tap.equal((latest(w, device)["state"], latest(w, device)["verdict"]), ("cancelled", None))


@tap.test
def the_same_key_asks_once(w):
    device, once = ready(w), key()
    first = ok(ask(w, device, headers=once), 202)
    again = ask(w, device, headers=once)
    tap.equal((ok(again, 202)["id"], again.headers["Idempotency-Replayed"]), (first["id"], "true"))
    device.command()
    device.close()


@tap.test
def another_device_cannot_answer_for_it(w):
    device, other = ready(w), w.play(w.new_device())
    ok(ask(w, device), 202)
    command = device.command()
    tell(other, command, "succeeded", checks=CHECKS)
    tell(device, command, "accepted")
    tap.equal(until_state(w, device, "accepted")["checks"], [])
    device.close()
    other.close()


tap.main(world)
