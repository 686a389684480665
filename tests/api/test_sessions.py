"""Sessions and their commands, with a device that does exactly what each test needs."""
# suite: builds=asan,tsan

import contextlib
import threading

from world import V1, key, ok, order, refused, tap, time, until, world


@contextlib.contextmanager
def device_of(w, model="spa-pro", **more):
    made = w.new_device(model, **more)
    device = w.play(made)
    try:
        yield device
    finally:
        device.close()


class Later:
    """A request in a thread; result() gives its reply."""

    def __init__(self, function, *arguments, **more):
        def run():
            try:
                self.reply = function(*arguments, **more)
            except BaseException as wrong:
                self.wrong = wrong
        self.reply = self.wrong = None
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def result(self, deadline_s=20):
        self.thread.join(deadline_s)
        if self.wrong:
            raise self.wrong
        tap.check(self.reply is not None, "the answer did not come")
        return self.reply


def session_of(w, session_id):
    return ok(w.api.get(f"{V1}/sessions/{session_id}"))


def reach(w, session_id, state):
    return until(lambda: (lambda s: s if s["state"] == state else None)(session_of(w, session_id)), 10, f"the session to be {state}")


def started(w, device):
    """A running session on this device; its representation."""
    made = Later(w.api.post, f"{V1}/sessions", order(device.id), params={"wait": 10})
    device.carry_out("start", "running")
    return ok(made.result(), 201)


@tap.test
def a_session_is_created_waited_for_and_runs_to_its_end(w):
    with device_of(w) as device:
        later = Later(w.api.post, f"{V1}/sessions", order(device.id), params={"wait": 10})
        device.carry_out("start", "running", step=0)
        reply = later.result()
        made = ok(reply, 201)
        tap.equal(reply.headers["Location"], f"{V1}/sessions/{made['id']}")
        tap.equal((made["routine"], made["device_id"], made["command"]["state"]), ("relax-10", device.id, "succeeded"))
        reach(w, made["id"], "running")
        live = until(lambda: ok(w.api.get(f"{V1}/devices/{device.id}"))["session"], 5, "the live view to show it")
        tap.equal((live["id"], live["state"]), (made["id"], "running"))
        device.tell("completed", ended_at=int(time.time() * 1000))
        done = reach(w, made["id"], "completed")
        tap.check(done["started_at"] and done["ended_at"] and done["screening"]["outcome"] == "cleared", done)
        shown = ok(w.api.get(f"{V1}/devices/{device.id}"))
        tap.equal((shown["cleaning"], shown["session"]), ("due", None))
        problem = refused(w.api.post(f"{V1}/sessions", order(device.id)), 409, "cleaning_due")
        tap.contains(problem["detail"], f"POST {V1}/devices/{device.id}/cleanings")
        ok(w.api.post(f"{V1}/devices/{device.id}/cleanings", {"kind": "after_client", "contact_minutes": 10}), 201)
        tap.equal(ok(w.api.get(f"{V1}/devices/{device.id}"))["cleaning"], "clean")
        again = ok(w.api.post(f"{V1}/sessions", order(device.id)), 201)
        tap.equal(ok(w.api.post(f"{V1}/sessions/{again['id']}/stop"), 202)["type"], "stop")


@tap.test
def every_action_reaches_the_device_and_is_acknowledged_by_it(w):
    with device_of(w) as device:
        session = started(w, device)
        steps = [("pause", None, {}, "paused"), ("resume", None, {}, "running"),
                 ("adjust", {"intensity": 60, "water_c": 38.5}, {"intensity": 60, "water_mdegc": 38500}, "waiting"),
                 ("confirm", {"step": 2}, {"step": 2}, "running"), ("stop", None, {}, "stopped")]
        for action, body, wanted, state in steps:
            later = Later(w.api.post, f"{V1}/sessions/{session['id']}/{action}", body, params={"wait": 10}, headers=key())
            command = device.carry_out(action, state, **({"ended_at": int(time.time() * 1000)} if state == "stopped" else {}))
            tap.equal({name: command.get(name) for name in wanted}, wanted, command)
            reply = later.result()
            tap.equal((ok(reply, 202)["state"], reply.json["code"]), ("succeeded", "ok"), reply)
            tap.equal(reply.headers["Location"], f"{V1}/commands/{command['id']}")
            tap.equal(ok(w.api.get(reply.headers["Location"])), reply.json)
            reach(w, session["id"], state)
        listed = list(w.api.pages(f"{V1}/devices/{device.id}/commands"))
        tap.equal([each["type"] for each in listed], ["stop", "confirm", "adjust", "resume", "pause", "start"])
        tap.equal([each["seq"] for each in listed], [6, 5, 4, 3, 2, 1])
        tap.equal(listed[2]["wanted"], {"intensity": 60, "water_c": 38.5})
        tap.equal([each["id"] for each in w.api.pages(f"{V1}/commands", {"session_id": session["id"]})],
                  [each["id"] for each in listed])
        tap.equal([each["type"] for each in w.api.pages(f"{V1}/commands", {"device_id": device.id, "state": "succeeded"})],
                  [each["type"] for each in listed])


@tap.test
def a_wait_that_ends_first_answers_with_the_command_as_it_stands(w):
    with device_of(w) as device:
        reply = w.api.post(f"{V1}/sessions", order(device.id), params={"wait": 1})
        tap.equal((ok(reply, 201)["state"], reply.json["command"]["state"]), ("requested", "sent"))
        device.answer(device.command(), "rejected", "interlock")
        ended = reach(w, reply.json["id"], "rejected")
        tap.equal(ended["reason"], "interlock")
        command = ok(w.api.get(f"{V1}/commands/{reply.json['command']['id']}"))
        tap.equal((command["state"], command["code"]), ("rejected", "interlock"))
        tap.equal(ok(w.api.get(f"{V1}/devices/{device.id}"))["cleaning"], "clean")


@tap.test
def the_devices_refusal_is_in_the_waited_answer(w):
    with device_of(w) as device:
        session = started(w, device)
        later = Later(w.api.post, f"{V1}/sessions/{session['id']}/adjust", {"intensity": 100}, params={"wait": 10})
        device.answer(device.command(), "rejected", "over_limit")
        tap.equal((ok(later.result(), 202)["state"], later.reply.json["code"]), ("rejected", "over_limit"))


@tap.test
def an_action_that_does_not_fit_the_state_is_409(w):
    with device_of(w) as device:
        session = started(w, device)
        reach(w, session["id"], "running")
        device.tell("completed", ended_at=int(time.time() * 1000))
        reach(w, session["id"], "completed")
        for action, body in (("pause", None), ("resume", None), ("stop", None), ("adjust", {"intensity": 5}), ("confirm", {"step": 0})):
            refused(w.api.post(f"{V1}/sessions/{session['id']}/{action}", body), 409, "wrong_state")


@tap.test
def a_start_that_was_never_sent_is_taken_back_by_stop(w):
    device = w.new_device()["id"]
    made = ok(w.api.post(f"{V1}/sessions", order(device)), 201)
    tap.equal(made["command"]["state"], "pending")
    stop = ok(w.api.post(f"{V1}/sessions/{made['id']}/stop", params={"wait": 10}), 202)
    tap.equal((stop["state"], stop["code"]), ("succeeded", "never_sent"))
    ended = session_of(w, made["id"])
    tap.equal((ended["state"], ended["reason"]), ("stopped", "cancelled"))
    tap.equal(ok(w.api.get(f"{V1}/devices/{device}"))["cleaning"], "clean")
    ok(w.api.post(f"{V1}/sessions", order(device)), 201)


@tap.test
def open_questions_are_listed_and_no_session_is_made(w):
    device = w.new_device()["id"]
    for intake in ({}, {"none_apply": False}):
        problem = refused(w.api.post(f"{V1}/sessions", {"device_id": device, "routine": "relax-10", "intake": intake}),
                          422, "screening_incomplete")
        tap.check(len(problem["errors"]) > 5, problem)
        tap.check(all(error["pointer"].startswith("/intake/") and error["detail"] for error in problem["errors"]), problem)
    tap.equal(list(w.api.pages(f"{V1}/sessions", {"device_id": device})), [])


@tap.test
@tap.rows(({"intensity_max": 0}, "/intensity_max"), ({"water_max_c": 43.5}, "/water_max_c"), ({"routine": ""}, "/routine"),
          ({"device_id": "x"}, "/device_id"), ({"intake": None}, "/intake"), ({"guest": 7}, "/guest"))
def a_session_that_does_not_fit_the_schema_is_400(w, more, pointer):
    body = {**order("019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"), **more}
    refused(w.api.post(f"{V1}/sessions", body), 400, "invalid_body", pointer)


@tap.test
@tap.rows(("adjust", {}), ("adjust", {"intensity": 101}), ("adjust", {"water_c": 44}), ("confirm", {}), ("confirm", {"step": -1}),
          ("adjust", {"intensity": 5, "speed": 1}))
def an_action_with_a_body_that_does_not_fit_is_400(w, action, body):
    refused(w.api.post(f"{V1}/sessions/019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b/{action}", body), 400, "invalid_body")


@tap.test
def caps_asked_for_are_in_the_program(w):
    with device_of(w) as device:
        ok(w.api.post(f"{V1}/sessions", order(device.id, intensity_max=25, water_max_c=37)), 201)
        program = device.command()["program"]
        tap.equal((program["intensity_max"], program["water_max_mdegc"]), (25, 37000))


@tap.test
def sessions_are_listed_newest_first_with_filters(w):
    device = w.new_device(site=w.sites[1])["id"]
    first = ok(w.api.post(f"{V1}/sessions", order(device)), 201)["id"]
    ok(w.api.post(f"{V1}/sessions/{first}/stop"), 202)
    second = ok(w.api.post(f"{V1}/sessions", order(device)), 201)["id"]

    def ids(**query):
        return [each["id"] for each in w.api.pages(f"{V1}/sessions", {"device_id": device, "limit": 1, **query})]
    tap.equal(ids(), [second, first])
    tap.equal(ids(live="true"), [second])
    tap.equal(ids(live="false"), [first])
    tap.equal(ids(state="stopped"), [first])
    tap.equal(ids(state="stopped", live="true"), [])
    tap.equal(ids(site_id=w.sites[0]), [])
    tap.equal(ids(site_id=w.sites[1], state="requested"), [second])


# ---- Idempotency-Key ----

@tap.test
def the_same_request_with_the_same_key_has_its_effect_once(w):
    device, name = w.new_device()["id"], key()
    first = w.api.post(f"{V1}/sessions", order(device), headers=name)
    ok(first, 201)
    tap.check(first.headers.get("Idempotency-Replayed") is None, first.headers)
    again = w.api.post(f"{V1}/sessions", order(device), headers=name)
    tap.equal((again.status, again.body), (201, first.body))
    tap.equal(again.headers["Idempotency-Replayed"], "true")
    for header in ("Location", "ETag"):
        tap.equal(again.headers[header], first.headers[header])
    tap.equal(len(list(w.api.pages(f"{V1}/sessions", {"device_id": device}))), 1)
    stop = w.api.post(f"{V1}/sessions/{first.json['id']}/stop", headers=key("stop-it"))
    tap.equal(w.api.post(f"{V1}/sessions/{first.json['id']}/stop", headers=key("stop-it")).body, stop.body)


@tap.test
def a_replay_gives_the_same_answer_across_a_restart(w):
    device, name = w.new_device()["id"], key()
    first = w.api.post(f"{V1}/sessions", order(device), headers=name)
    ok(first, 201)
    made = w.api.post(f"{V1}/devices", {"site_id": w.sites[0], "model": "spa-pro", "name": "Again"}, headers=name_of(name))
    w.spa.server.kill9()
    w.spa.server.start().wait_ready()
    again = w.api.post(f"{V1}/sessions", order(device), headers=name)
    tap.equal((again.status, again.body, again.headers["ETag"]), (201, first.body, first.headers["ETag"]))
    replayed = w.api.post(f"{V1}/devices", {"site_id": w.sites[0], "model": "spa-pro", "name": "Again"}, headers=name_of(name))
    tap.equal(ok(replayed, 201), made.json)


def name_of(name):
    return {"Idempotency-Key": name["Idempotency-Key"] + "-device"}


@tap.test
def another_request_with_the_key_is_422_and_another_token_has_its_own_keys(w):
    device, name = w.new_device()["id"], key()
    ok(w.api.post(f"{V1}/sessions", order(device), headers=name), 201)
    refused(w.api.post(f"{V1}/sessions", order(device, intensity_max=50), headers=name), 422, "idempotency_key_reused")
    refused(w.api.post(f"{V1}/devices/{device}/cleanings", headers=name), 422, "idempotency_key_reused")
    refused(w.as_role("operator").post(f"{V1}/sessions", order(device), headers=name), 409, "device_busy")


@tap.test
def a_refusal_is_not_kept_so_the_key_may_be_tried_again(w):
    device, name = w.new_device()["id"], key()
    ok(w.api.patch(f"{V1}/devices/{device}", {"service": "maintenance"}, headers={"If-Match": "*"}))
    refused(w.api.post(f"{V1}/sessions", order(device), headers=name), 409, "out_of_service")
    ok(w.api.patch(f"{V1}/devices/{device}", {"service": "in_service"}, headers={"If-Match": "*"}))
    ok(w.api.post(f"{V1}/sessions", order(device), headers=name), 201)


@tap.test
def while_the_first_is_waited_for_the_same_request_is_in_flight(w):
    with device_of(w) as device:
        name = key()
        later = Later(w.api.post, f"{V1}/sessions", order(device.id), params={"wait": 10}, headers=name)
        command = device.command()
        reply = w.api.post(f"{V1}/sessions", order(device.id), params={"wait": 10}, headers=name)
        refused(reply, 409, "idempotency_in_flight")
        device.answer(command, "accepted")
        device.answer(command, "succeeded")
        first = later.result()
        tap.equal(ok(first, 201)["command"]["state"], "succeeded")
        again = w.api.post(f"{V1}/sessions", order(device.id), params={"wait": 10}, headers=name)
        tap.equal((again.status, again.body), (201, first.body))


@tap.test
def many_at_once_with_one_key_make_one_session(w):
    device, name = w.new_device()["id"], key()
    replies = [later.result() for later in [Later(w.api.post, f"{V1}/sessions", order(device), headers=name) for _ in range(12)]]
    made = {reply.json["id"] for reply in replies if reply.status == 201}
    tap.equal(len(made), 1, replies)
    for reply in replies:
        tap.check(reply.status == 201 or reply.code == "idempotency_in_flight", reply)


@tap.test
def many_at_once_on_one_device_make_one_session(w):
    device = w.new_device()["id"]
    replies = [later.result() for later in [Later(w.api.post, f"{V1}/sessions", order(device)) for _ in range(12)]]
    tap.equal(sorted(reply.status for reply in replies), [201] + [409] * 11)
    tap.equal({reply.code for reply in replies if reply.status == 409}, {"device_busy"})


# ---- events ----

@tap.test
def changes_are_told_as_they_happen(w):
    with device_of(w) as device, w.api.events(params={"types": "session,command,cleaning"}) as stream:
        tap.equal(stream.status, 200)
        session = started(w, device)
        event = stream.until(lambda e: e["event"] == "session" and e["json"]["state"] == "requested")
        w.contract.check({"$ref": "#/components/schemas/EventSession"}, event["json"], "event session")
        tap.equal(event["json"]["session_id"], session["id"])
        event = stream.until(lambda e: e["event"] == "command" and e["json"]["state"] == "succeeded")
        w.contract.check({"$ref": "#/components/schemas/EventCommand"}, event["json"], "event command")
        last = event["id"]
        device.tell("completed", ended_at=int(time.time() * 1000))
        stream.until(lambda e: e["event"] == "session" and e["json"]["state"] == "completed")
        ok(w.api.post(f"{V1}/devices/{device.id}/cleanings"), 201)
        event = stream.until(lambda e: e["event"] == "cleaning" and e["json"]["cleaning"] == "clean")
        w.contract.check({"$ref": "#/components/schemas/EventCleaning"}, event["json"], "event cleaning")
    with w.api.events(params={"types": "session"}, last_event_id=last) as again:
        event = again.until(lambda e: e["event"] == "session")
        tap.equal((event["json"]["session_id"], event["json"]["state"]), (session["id"], "completed"))


@tap.test
def a_listener_sees_its_own_sites_only(w):
    viewer = w.as_role("viewer", [w.sites[1]])
    with viewer.events(params={"types": "session"}) as stream:
        ok(w.api.post(f"{V1}/sessions", order(w.new_device(site=w.sites[0])["id"])), 201)
        mine = ok(w.api.post(f"{V1}/sessions", order(w.new_device(site=w.sites[1])["id"])), 201)
        tap.equal(stream.until(lambda e: e["event"] == "session")["json"]["session_id"], mine["id"])


@tap.test
def events_of_a_type_that_is_not_there_are_400_and_an_old_id_gets_a_resync(w):
    refused(w.api.get(f"{V1}/events?types=session,weather"), 400, "invalid_query", "/types")
    with w.api.events(last_event_id="nonsense-1") as stream:
        tap.equal(stream.next()["event"], "resync")


@tap.test
def device_events_tell_what_a_listener_must_know(w):
    made = w.new_device()
    with w.api.events(params={"types": "device"}) as stream:
        device = w.play(made)
        event = stream.until(lambda e: e["event"] == "device" and e["json"]["device_id"] == made["id"] and e["json"]["ready"])
        w.contract.check({"$ref": "#/components/schemas/EventDevice"}, event["json"], "event device")
        device.close()


@tap.test
def after_a_restart_a_listener_is_told_to_read_again_and_then_hears_what_comes(w):
    made = w.new_device()["id"]
    with w.api.events(params={"types": "session"}) as stream:
        session = ok(w.api.post(f"{V1}/sessions", order(made)), 201)
        last = stream.until(lambda e: e["event"] == "session" and e["json"]["session_id"] == session["id"])["id"]
    w.spa.server.kill9()
    w.spa.server.start().wait_ready()
    with w.api.events(params={"types": "session"}, last_event_id=last) as stream:
        first = stream.next()
        tap.equal(first["event"], "resync")
        tap.check(first["id"], first)
        ok(w.api.post(f"{V1}/sessions/{session['id']}/stop"), 202)
        heard = stream.until(lambda e: e["event"] == "session")
        tap.equal((heard["json"]["session_id"], heard["json"]["state"]), (session["id"], "stopped"))
    with w.api.events(params={"types": "session"}, last_event_id=first["id"]) as stream:
        tap.equal(stream.next()["json"]["state"], "stopped")


@tap.test
@tap.rows("", "0", "-1", "99999999999999999999", "a" * 64, "1-1-1")
def an_id_that_no_event_had_gets_a_resync_or_a_plain_beginning(w, last):
    with w.api.events(params={"types": "session"}, last_event_id=last) as stream:
        tap.equal(stream.status, 200)
        made = ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"])), 201)
        first = stream.next()
        if last:
            tap.equal(first["event"], "resync")
            first = stream.until(lambda e: e["event"] == "session")
        tap.equal(first["json"]["session_id"], made["id"])


@tap.test
def a_listener_does_not_hear_of_other_sites_after_it_was_away_either(w):
    mine, other = w.sites[:2]
    viewer = w.as_role("viewer", [mine])
    with viewer.events(params={"types": "session,command,cleaning,device"}) as stream:
        here = ok(w.api.post(f"{V1}/sessions", order(w.new_device(site=mine)["id"])), 201)
        last = stream.until(lambda e: e["event"] == "session")["id"]
    foreign = ok(w.api.post(f"{V1}/sessions", order(w.new_device(site=other)["id"])), 201)
    ok(w.api.post(f"{V1}/sessions/{foreign['id']}/stop"), 202)
    ok(w.api.post(f"{V1}/sessions/{here['id']}/stop"), 202)
    with viewer.events(params={"types": "session,command,cleaning,device"}, last_event_id=last) as stream:
        heard = []
        stream.until(lambda e: heard.append(e) or (e["event"] == "session" and e["json"]["state"] == "stopped"))
        tap.equal({each["json"]["site_id"] for each in heard}, {mine})


@tap.test
def a_listener_whose_token_is_revoked_hears_no_more(w):
    made = ok(w.api.post(f"{V1}/tokens", {"name": "Screen", "role": "viewer", "all_sites": True}), 201)
    with w.as_token(made["token"]).events(params={"types": "session"}) as stream, w.api.events(params={"types": "session"}) as other:
        tap.equal(w.api.delete(f"{V1}/tokens/{made['id']}").status, 204)
        session = ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"])), 201)
        tap.equal(other.until(lambda e: e["event"] == "session")["json"]["session_id"], session["id"])
        try:
            heard = stream.next()
        except EOFError:
            heard = None
        tap.equal(heard, None)


@tap.test
def who_waits_for_a_start_that_is_taken_back_is_answered_at_once(w):
    device, replies = w.new_device()["id"], []
    waiting = threading.Thread(target=lambda: replies.append(w.api.post(f"{V1}/sessions?wait=10", order(device))))
    waiting.start()
    session = until(lambda: ok(w.api.get(f"{V1}/sessions", params={"device_id": device}))["items"], 5, "the session")[0]
    ok(w.api.post(f"{V1}/sessions/{session['id']}/stop"), 202)
    waiting.join(8)
    tap.check(replies, "it waits on")
    made = ok(replies[0], 201)
    tap.equal((made["state"], made["reason"], made["command"]["state"]), ("stopped", "cancelled", "cancelled"))


# ---- the database away ----

@tap.test
def without_the_database_changes_are_503_and_the_live_view_still_answers(w):
    device = w.spa.device()
    path = f"{V1}/devices/{device}"
    tap.equal(w.api.get(path).status, 200)
    if not w.spa.postgres:
        tap.skip("the database is shared with other tests")
    w.spa.postgres.kill9()
    try:
        refused(w.api.post(f"{V1}/sessions", order(device)), 503, "database_unavailable")
        tap.equal(w.api.get(path).status, 200)
        tap.equal(w.api.get("/readyz").json["missing"], ["database"])
    finally:
        w.spa.postgres.start().wait_ready()
    until(lambda: w.api.get("/readyz").status == 200, 20, "the server to be ready again")
    ok(w.api.post(f"{V1}/sessions", order(w.new_device()["id"])), 201)


def own_world():
    yield from world(private_postgres=True)


tap.main(own_world)
