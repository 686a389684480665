"""A guest's session from the first request to the disinfection after it, on real processes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402
from whole import steps  # noqa: E402


def world():
    with Spa(devices=4, speed=60) as spa:
        yield spa


@tap.test(deadline_s=120)
@tap.rows("spa-pro", "bath-basic")
def a_session_goes_from_requested_to_completed_and_leaves_the_device_to_be_disinfected(spa, model):
    device = spa.device(model)
    with spa.api.events(params={"types": "session"}) as events:
        made = steps.start(spa.api, device)
        tap.equal(made["state"], "requested")
        tap.equal(made["device_id"], device)
        tap.equal(made["routine"], "relax-10")
        seen = ["requested"]

        def next_state(event):
            if event["json"].get("session_id") == made["id"] and event["json"]["state"] != seen[-1]:
                seen.append(event["json"]["state"])
            return seen[-1] == "completed"
        events.until(next_state, deadline_s=60)
    tap.equal(seen, ["requested", "starting", "running", "completed"])

    ended = steps.reach(spa.api, made["id"], "completed")
    tap.check(ended["started_at"] and ended["ended_at"], ended)
    steps.telemetry_is_whole(spa, device)
    steps.ran_once(spa, made["id"])
    samples = spa.api.get(f"/api/v1/devices/{device}/telemetry", params={"from": ended["requested_at"]})
    tap.equal(samples.status, 200, samples)
    tap.check(len(samples.json["items"]) >= 100, f"{len(samples.json['items'])} samples of a ten-minute session")

    tap.equal(spa.api.get(f"/api/v1/devices/{device}").json["cleaning"], "due")
    refused = spa.api.post("/api/v1/sessions", steps.order(device))
    tap.equal((refused.status, refused.code), (409, "cleaning_due"), refused)
    tap.contains(refused.json["detail"], f"/api/v1/devices/{device}/cleanings")
    steps.disinfect(spa.api, device)
    tap.equal(spa.api.get(f"/api/v1/devices/{device}").json["cleaning"], "clean")
    again = steps.start(spa.api, device)
    steps.reach(spa.api, again["id"], "running")
    steps.act(spa.api, again["id"], "stop")
    steps.disinfect(spa.api, device)


@tap.test(deadline_s=120)
def pause_resume_adjust_and_stop_reach_the_device_and_are_answered_by_it(spa):
    device = spa.device("spa-pro", 1)
    made = steps.start(spa.api, device, wait=10)
    steps.reach(spa.api, made["id"], "running")
    paused = steps.act(spa.api, made["id"], "pause")
    tap.equal(paused["type"], "pause")
    tap.equal(spa.api.get(f"/api/v1/commands/{paused['id']}").json["state"], "succeeded")
    steps.reach(spa.api, made["id"], "paused")
    steps.act(spa.api, made["id"], "resume")
    steps.reach(spa.api, made["id"], "running")
    steps.act(spa.api, made["id"], "adjust", {"intensity": 60, "water_c": 37.5})

    def adjusted():
        now = steps.session(spa.api, made["id"])
        return now["intensity"] == 60
    until(adjusted, 15, "the session to show the intensity that was set")
    query = "SELECT 1 FROM telemetry WHERE session_id = :'session' AND intensity = 60 AND target_mdegc = 37500 LIMIT 1"
    until(lambda: spa.sql(query, session=made["id"]), 15, "samples to show what was set")
    steps.act(spa.api, made["id"], "stop")
    tap.equal(steps.reach(spa.api, made["id"], "stopped")["state"], "stopped")
    refused = spa.api.post(f"/api/v1/sessions/{made['id']}/pause")
    tap.equal((refused.status, refused.code), (409, "wrong_state"), refused)
    steps.disinfect(spa.api, device)


@tap.test(deadline_s=120)
def a_guided_step_waits_until_staff_confirm_it(spa):
    device = spa.device("bath-basic", 1)
    made = steps.start(spa.api, device, "foot-four-strokes")
    for _ in range(64):
        now = steps.reach(spa.api, made["id"], "waiting", "completed", deadline_s=60)
        if now["state"] == "completed":
            break
        steps.act(spa.api, made["id"], "confirm", {"step": now["step"]})
        until(lambda: (lambda s: s["state"] != "waiting" or s["step"] != now["step"])(steps.session(spa.api, made["id"])),
              15, "the confirmed step to be over")
    tap.equal(steps.session(spa.api, made["id"])["state"], "completed")
    steps.telemetry_is_whole(spa, device)
    steps.disinfect(spa.api, device)


@tap.test(deadline_s=180)
def the_heel_spur_soak_warms_the_water_and_asks_for_a_rinse(spa):
    device = spa.device("spa-pro")
    made = steps.start(spa.api, device, "heel-spur")
    for _ in range(64):
        now = steps.reach(spa.api, made["id"], "waiting", "completed", deadline_s=120)
        if now["state"] == "completed":
            break
        steps.act(spa.api, made["id"], "confirm", {"step": now["step"]})
    warm = spa.sql("SELECT max(water_mdegc) AS top, max(target_mdegc) AS wanted FROM telemetry WHERE session_id = :'session'",
                   session=made["id"])[0]
    tap.check(int(warm["wanted"]) >= 36000, warm)
    tap.check(int(warm["wanted"]) - 1500 <= int(warm["top"]) < 43000, warm)
    tap.equal(spa.api.get(f"/api/v1/devices/{device}").json["rinse"], True)
    steps.disinfect(spa.api, device)


tap.main(world)
