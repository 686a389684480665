"""A unit tries itself out because somebody at the desk asked for it, on real processes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402
from whole import steps  # noqa: E402

CELLS = {"spa-pro": 18, "bath-basic": 1}


def world():
    with Spa(devices=6, speed=20) as spa:
        yield spa


def put(spa, device, service):
    reply = spa.api.patch(f"/api/v1/devices/{device}", {"service": service}, headers={"If-Match": "*"})
    tap.equal(reply.status, 200, reply)


def ask(spa, device):
    return spa.api.post(f"/api/v1/devices/{device}/self-test", {"nobody_in_the_unit": True})


def latest(spa, device):
    return spa.api.get(f"/api/v1/devices/{device}/self-tests").json["items"][0]


def begin(spa, device):
    """A test that the device has begun; its id."""
    put(spa, device, "maintenance")
    reply = ask(spa, device)
    tap.equal(reply.status, 202, reply)
    until(lambda: spa.api.get(f"/api/v1/devices/{device}").json["mode"] == "maintenance", 10, "the unit to test itself")
    return reply.json["id"]


def end(spa, device, deadline_s=60):
    ended = until(lambda: (lambda now: now if now["finished_at"] else None)(latest(spa, device)), deadline_s, "the test to end")
    until(lambda: spa.api.get(f"/api/v1/devices/{device}").json["mode"] == "idle", 10, "the unit to be idle")
    return ended


def is_off(spa, device):
    values = spa.api.get(f"/api/v1/devices/{device}").json["values"]
    return values["heater_percent"] == 0 and values["current_ma"] < 200


@tap.rows("spa-pro", "bath-basic")
@tap.test(deadline_s=120)
def a_sound_unit_passes_and_every_check_is_shown(spa, model):
    device = spa.device(model)
    begin(spa, device)
    done = end(spa, device)
    tap.equal((done["state"], done["verdict"]), ("succeeded", "passed"), done)
    names = [each["name"] for each in done["checks"]]
    tap.equal(sum(name.split("/")[0] in ("jets", "roller-sole", "roller-calf", "air-foot", "air-calf", "vibration") for name in names),
              CELLS[model], names)
    tap.check({"water/1", "level", "emergency_stop", "heater", "outputs"} <= set(names), names)
    tap.check(is_off(spa, device))
    put(spa, device, "in_service")
    made = steps.start(spa.api, device)
    steps.reach(spa.api, made["id"], "running")
    steps.act(spa.api, made["id"], "stop")


@tap.test(deadline_s=60)
def a_stop_ends_it_in_the_middle_and_it_has_not_passed(spa):
    device = spa.device("spa-pro", 1)
    begin(spa, device)
    reply = spa.api.post(f"/api/v1/devices/{device}/self-test/stop")
    tap.equal(reply.status, 202, reply)
    done = end(spa, device, 10)
    tap.equal((done["state"], done["code"], done["verdict"]), ("failed", "superseded", "failed"), done)
    tap.check(any(each["result"] == "skipped" for each in done["checks"]), done)
    tap.check(is_off(spa, device))
    tap.equal(spa.api.get(f"/api/v1/commands/{reply.json['id']}").json["state"], "succeeded")


@tap.test(deadline_s=60)
def a_unit_refuses_it_during_a_session_whatever_the_server_believes(spa):
    device = spa.device("bath-basic", 1)
    made = steps.start(spa.api, device)
    steps.reach(spa.api, made["id"], "running")
    put(spa, device, "maintenance")
    tap.equal(ask(spa, device).code, "device_busy")
    # A server that has lost the session asks all the same.
    spa.sql("UPDATE session SET state = 'aborted', reason = 'lost', ended_at = now() WHERE id = :'s'", s=made["id"])
    tap.equal(ask(spa, device).status, 202)
    done = until(lambda: (lambda now: now if now["finished_at"] else None)(latest(spa, device)), 20, "an answer")
    tap.equal((done["state"], done["code"], done["verdict"], done["checks"]), ("rejected", "busy", None, []), done)
    tap.equal(spa.api.get(f"/api/v1/devices/{device}").json["mode"], "session")


@tap.test(deadline_s=90)
def a_server_killed_meanwhile_learns_the_whole_result(spa):
    device = spa.device("spa-pro", 2)
    begin(spa, device)
    spa.server.kill9()
    spa.server.start().wait_ready()
    spa.wait_devices([device])
    done = end(spa, device)
    tap.equal((done["state"], done["verdict"]), ("succeeded", "passed"), done)
    tap.check(len(done["checks"]) > CELLS["spa-pro"], done)


@tap.test(deadline_s=90)
def an_agent_killed_meanwhile_comes_back_with_everything_off_and_the_test_has_failed(spa):
    device = spa.device("spa-pro", 2)
    begin(spa, device)
    spa.fleet.kill9()
    spa.fleet.start()
    spa.wait_devices([device])
    done = end(spa, device, 30)
    tap.equal((done["state"], done["code"], done["verdict"]), ("failed", "interlock", "failed"), done)
    tap.check("power_loss" in done["detail"], done)
    tap.check(is_off(spa, device))
    begin(spa, device)
    tap.equal(end(spa, device)["verdict"], "passed", "and it may be asked for again")


tap.main(world)
