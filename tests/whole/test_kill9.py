"""kill -9 of each process during a session: every acknowledged request has its effect once, telemetry stays whole."""
# suite: waits

import random
import sys
import threading
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402
from whole import steps  # noqa: E402


def world():
    with Spa(devices=6, speed=60, private_postgres=True) as spa:
        yield spa


def finish(spa, device, session_id):
    """The session ends well, ran once, and its samples are whole; the device is made ready for the next test."""
    tap.equal(steps.reach(spa.api, session_id, "completed", deadline_s=90)["state"], "completed")
    steps.telemetry_is_whole(spa, device)
    steps.ran_once(spa, session_id)
    steps.disinfect(spa.api, device)


@tap.test(deadline_s=180)
def a_server_killed_between_commit_and_publish_sends_the_start_once_after_its_restart(spa):
    device = spa.device("spa-pro")
    spa.broker.kill9()  # nothing can be published from here on
    try:
        until(lambda: not spa.api.get(f"/api/v1/devices/{device}").json["ready"], 20, "the lost broker to be noticed")
        made = steps.start(spa.api, device)
        spa.server.kill9()
        tap.equal(spa.sql("SELECT state FROM command WHERE session_id = :'s'", s=made["id"])[0]["state"], "pending")
    finally:
        spa.broker.start().wait_ready()
        spa.server.start().wait_ready()
    finish(spa, device, made["id"])


@tap.test(deadline_s=240)
def a_server_killed_at_any_moment_around_a_start_loses_none_and_repeats_none(spa):
    device, chance = spa.device("bath-basic"), random.Random(7)
    for _ in range(6):
        key, answers = str(uuid.uuid4()), []

        def ask():
            try:
                answers.append(spa.api.post("/api/v1/sessions", steps.order(device), headers={"Idempotency-Key": key}))
            except OSError:
                pass  # killed before it answered: nothing was promised
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(chance.uniform(0.0, 0.02))
        spa.server.kill9()
        asking.join()
        spa.server.start().wait_ready()
        made = steps.start(spa.api, device, key=key)  # the same request again, with its key
        if answers:
            tap.equal((answers[0].status, answers[0].json["id"]), (201, made["id"]))
        sessions = spa.sql("SELECT id FROM session WHERE device_id = :'d' AND state NOT IN ('completed', 'stopped')", d=device)
        tap.equal([row["id"] for row in sessions], [made["id"]])
        steps.reach(spa.api, made["id"], "running", deadline_s=60)
        steps.act(spa.api, made["id"], "stop")
        steps.ran_once(spa, made["id"]) if spa.sql(
            "SELECT 1 FROM telemetry WHERE session_id = :'s' LIMIT 1", s=made["id"]) else None
        steps.disinfect(spa.api, device)
    steps.telemetry_is_whole(spa, device)


@tap.test(deadline_s=180)
def a_broker_killed_during_a_session_changes_nothing_for_the_guest(spa):
    device = spa.device("spa-pro", 1)
    made = steps.start(spa.api, device)
    steps.reach(spa.api, made["id"], "running")
    spa.broker.kill9()
    spa.broker.start().wait_ready()
    finish(spa, device, made["id"])


@tap.test(deadline_s=180)
def a_server_killed_during_a_session_learns_its_end_afterwards(spa):
    device = spa.device("bath-basic", 1)
    made = steps.start(spa.api, device)
    steps.reach(spa.api, made["id"], "running")
    spa.server.kill9()
    spa.server.start().wait_ready()
    finish(spa, device, made["id"])


@tap.test(deadline_s=240)
def a_killed_device_comes_back_safe_and_goes_on_only_when_told(spa):
    device = spa.device("spa-pro", 2)
    made = steps.start(spa.api, device)
    steps.reach(spa.api, made["id"], "running")
    until(lambda: spa.sql("SELECT 1 FROM telemetry WHERE session_id = :'s' LIMIT 1", s=made["id"]), 20, "a first sample")
    spa.fleet.kill9()
    spa.fleet.start()
    paused = steps.reach(spa.api, made["id"], "paused", deadline_s=60)
    tap.equal(paused["reason"], "power_loss", paused)
    steps.act(spa.api, made["id"], "resume")
    finish(spa, device, made["id"])
    tap.check(len(steps.telemetry_is_whole(spa, device)) >= 2, "samples of both boots")


tap.main(world)
