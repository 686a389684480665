"""The live view as a floor shows it: the routine by its name, the water as it changes, told in measure."""

from world import V1, ok, order, tap, time, until, uuid7, world


def now(w, device):
    return ok(w.api.get(f"{V1}/devices/{device.id}"))


def sample(device, n, water_mdegc):
    device.say("telemetry", {"boot_id": device.boot, "n": n, "samples": [
        {"at": int(time.time() * 1000), "step": -1, "elapsed_ms": 0, "water_mdegc": water_mdegc, "target_mdegc": 0,
         "level_permille": 900, "current_ma": 0, "heater_permille": 0, "intensity": 0}]})


@tap.test
def a_running_unit_tells_its_routine_by_name_also_after_the_server_was_started_anew(w):
    name = ok(w.api.get(f"{V1}/routines/relax-10"))["name"]
    made = w.new_device()
    device = w.play(made)
    with w.api.events(params={"types": "device"}) as events:
        ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)
        device.carry_out("start", "running")
        events.until(lambda e: e["json"].get("device_id") == made["id"] and e["json"].get("routine_name") == name, deadline_s=15)
    session = until(lambda: now(w, device)["session"], 10, "the session")
    tap.equal((session["routine"], session["routine_name"]), ("relax-10", name))
    w.spa.server.restart()
    w.spa.server.wait_ready()
    device.say("hello", {"v": 1, "boot_id": device.boot, "epoch": device.epoch, "last_seq": 1, "agent": "test", "model": device.model,
                         "model_version": 1, "uncommitted": 0, "state": device.state()})
    until(lambda: (now(w, device)["session"] or {}).get("routine_name") == name, 15, "the name of the routine")
    device.tell("running", id=uuid7())  # a session of another life: no name is made up
    until(lambda: (now(w, device)["session"] or {}).get("routine_name", "") is None, 15, "a session without a name")
    device.close()


@tap.test
def the_water_is_told_when_it_changes_and_not_with_each_sample(w):
    made = w.new_device()
    device = w.play(made)  # 36 degrees
    told, n = [], 0
    with w.api.events(params={"types": "device"}) as events:
        for water in [36000] * 3 + [36100] * 3 + [38000] * 60:
            n += 1
            sample(device, n, water)
            time.sleep(0.1)
        events.until(lambda e: told.append(e["json"]["water_c"]) or e["json"]["water_c"] == 38
                     if e["json"].get("device_id") == made["id"] else False, deadline_s=15)
    tap.check(len(told) <= 4, told)  # of 66 samples: fresh, and the water once or twice
    tap.equal(now(w, device)["values"]["water_c"], 38)
    device.close()


tap.main(world)
