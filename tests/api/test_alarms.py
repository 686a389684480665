"""Alarms: raised once, acknowledged and cleared by whom, cleared by themselves, told to who listens."""

from world import V1, ok, refused, tap, time, until, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"


def alarms(w, device, **query):
    return ok(w.api.get(f"{V1}/alarms", params={"device_id": device, **query}))["items"]


def faulty(w, *faults, site=None):
    """A played device that reports these faults, and its alarms."""
    made = w.new_device(site=site)
    device = w.play(made)
    report(device, *faults)
    until(lambda: len(alarms(w, made["id"])) == len(faults), 20, "the alarms")
    return device


def report(device, *faults):
    device.say("state", {**device.state(), "mode": "fault" if faults else "idle", "faults": list(faults)})


def one(w, device):
    found = alarms(w, device.id)
    tap.equal(len(found), 1, found)
    return found[0]


@tap.test
def a_fault_is_raised_once_however_often_it_is_told(w):
    device = faulty(w, "over_temperature", "level_low")
    for _ in range(3):
        report(device, "over_temperature", "level_low")
    until(lambda: ok(w.api.get(f"{V1}/devices/{device.id}"))["faults"], 10, "the faults")
    found = alarms(w, device.id)
    tap.equal(sorted(each["fault"] for each in found), ["level_low", "over_temperature"])
    for each in found:
        tap.equal((each["kind"], each["severity"], each["state"], each["lasts"]), ("device_fault", "critical", "open", True))
        tap.equal((each["device_id"], each["site_id"]), (device.id, w.sites[0]))
        tap.equal(ok(w.api.get(f"{V1}/alarms/{each['id']}")), each)
        entry = next(w.api.pages(f"{V1}/audit", {"subject_id": each["id"], "action": "alarm.raise"}))
        tap.equal((entry["actor"], entry["detail"]["fault"]), ("housekeeping", each["fault"]))
    device.close()


@tap.test
def it_clears_by_itself_when_its_cause_is_gone_and_comes_again_as_another(w):
    device = faulty(w, "level_low")
    first = one(w, device)
    report(device)
    until(lambda: one(w, device)["state"] == "cleared", 20, "the alarm to clear")
    cleared = one(w, device)
    tap.equal((cleared["cleared_by"], cleared["cleared_name"], cleared["note"], cleared["lasts"]), (None, None, None, False))
    tap.check(cleared["cleared_at"], cleared)
    refused(w.api.post(f"{V1}/alarms/{first['id']}/acknowledge"), 409, "conflict")
    refused(w.api.post(f"{V1}/alarms/{first['id']}/clear", {"note": "x"}), 409, "conflict")
    report(device, "level_low")
    until(lambda: len(alarms(w, device.id)) == 2, 20, "a second alarm")
    tap.equal([each["id"] for each in alarms(w, device.id, state="cleared")], [first["id"]])
    device.close()


@tap.test
def the_first_who_acknowledges_it_stays_written(w):
    device = faulty(w, "level_low")
    path = f"{V1}/alarms/{one(w, device)['id']}"
    staff = w.as_role("operator", [w.sites[0]])
    seen = ok(staff.post(f"{path}/acknowledge"))
    tap.equal((seen["state"], seen["acknowledged_name"]), ("acknowledged", "operator"))
    tap.check(seen["acknowledged_at"] and seen["acknowledged_by"], seen)
    tap.equal(ok(w.api.post(f"{path}/acknowledge")), seen)
    tap.equal(len(list(w.api.pages(f"{V1}/audit", {"subject_id": seen["id"], "action": "alarm.acknowledge"}))), 1)
    report(device)
    until(lambda: one(w, device)["state"] == "cleared", 20, "the alarm to clear")
    tap.equal(one(w, device)["acknowledged_name"], "operator")
    device.close()


@tap.test
def what_staff_clear_while_it_lasts_is_not_raised_again_for_the_same_cause(w):
    device = faulty(w, "level_low")
    path = f"{V1}/alarms/{one(w, device)['id']}"
    cleared = ok(w.api.post(f"{path}/clear", {"note": "Unplugged; the plumber comes at noon"}))
    tap.equal((cleared["state"], cleared["cleared_name"], cleared["note"], cleared["lasts"]),
              ("cleared", "owner", "Unplugged; the plumber comes at noon", True))
    report(device, "level_low", "over_temperature")
    until(lambda: len(alarms(w, device.id)) == 2, 20, "the other fault's alarm")  # so rounds have gone by
    tap.equal(len([each for each in alarms(w, device.id) if each["fault"] == "level_low"]), 1)
    report(device)
    until(lambda: not ok(w.api.get(path))["lasts"], 20, "the cause to be seen gone")
    tap.equal({**ok(w.api.get(path)), "lasts": True, "version": 0}, {**cleared, "version": 0})
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": cleared["id"], "action": "alarm.clear"}))
    tap.equal((entry["actor"], entry["detail"]["note"]), ("owner", cleared["note"]))
    report(device, "level_low")
    until(lambda: len([each for each in alarms(w, device.id) if each["fault"] == "level_low"]) == 2, 20, "a new alarm")
    device.close()


@tap.test
@tap.rows({}, {"note": ""}, {"note": " "}, {"note": "two\nlines"}, {"note": "x" * 281}, {"note": 7}, {"note": None})
def an_alarm_is_not_cleared_without_a_word(w, body):
    refused(w.api.post(f"{V1}/alarms/{UNKNOWN}/clear", body), 400, "invalid_body", "/note")


@tap.test
def lists_are_narrowed_and_other_sites_see_nothing(w):
    device = faulty(w, "level_low", site=w.sites[1])
    alarm = one(w, device)
    wanted = {"site_id": w.sites[1], "kind": "device_fault", "severity": "critical", "state": "open"}
    tap.equal(alarms(w, device.id, **wanted), [alarm])
    for name, value in (("site_id", w.sites[0]), ("kind", "samples_lost"), ("severity", "warning"), ("state", "acknowledged")):
        tap.equal(alarms(w, device.id, **{**wanted, name: value}), [])
    for name in ("kind", "severity", "state"):
        refused(w.api.get(f"{V1}/alarms", params={name: "loud"}), 400, "invalid_query", f"/{name}")
    stranger = w.as_role("owner", [w.sites[0]])
    tap.equal(ok(stranger.get(f"{V1}/alarms", params={"device_id": device.id}))["items"], [])
    refused(stranger.get(f"{V1}/alarms/{alarm['id']}"), 404, "not_found")
    refused(stranger.post(f"{V1}/alarms/{alarm['id']}/acknowledge"), 404, "not_found")
    refused(stranger.post(f"{V1}/alarms/{alarm['id']}/clear", {"note": "x"}), 404, "not_found")
    viewer = w.as_role("viewer", [w.sites[1]])
    ok(viewer.get(f"{V1}/alarms/{alarm['id']}"))
    refused(viewer.post(f"{V1}/alarms/{alarm['id']}/acknowledge"), 403, "forbidden")
    device.close()


@tap.test
def listeners_and_metrics_are_told_of_each_change(w):
    with w.api.events(params={"types": "alarm"}) as stream:
        device = faulty(w, "level_low")
        alarm = one(w, device)

        def told(state):
            while True:
                event = stream.next(20)
                data = event["json"]
                if event["event"] == "alarm" and data["alarm_id"] == alarm["id"]:
                    tap.equal(data["state"], state, data)
                    return data
        tap.equal((told("open")["fault"], alarm["title"]), ("level_low", "The unit reports a fault"))
        until(lambda: gauge(w, "pediluve_alarms_open") >= 1, 10, "the gauge")
        ok(w.api.post(f"{V1}/alarms/{alarm['id']}/acknowledge"))
        told("acknowledged")
        until(lambda: gauge(w, "pediluve_alarms_acknowledged") >= 1, 10, "the gauge")
        report(device)
        told("cleared")
    device.close()


def gauge(w, name):
    text = w.api.get("/metrics").body.decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


@tap.test
def lost_samples_are_one_alarm_that_counts_up_and_only_staff_clear(w):
    made = w.new_device()
    device = w.play(made)

    def tell(n, lost):
        sample = {"at": int(time.time() * 1000), "step": -1, "elapsed_ms": 0, "water_mdegc": 36000, "target_mdegc": 0,
                  "level_permille": 900, "current_ma": 0, "heater_permille": 0, "intensity": 0}
        device.say("telemetry", {"boot_id": device.boot, "n": n, "lost": lost, "samples": [sample]})
    tell(11, 10)
    until(lambda: alarms(w, device.id), 20, "the alarm")
    tap.equal((one(w, device)["kind"], one(w, device)["severity"]), ("samples_lost", "warning"))
    tell(17, 5)
    until(lambda: one(w, device)["detail"].endswith(" 15"), 20, "the alarm to count up")
    ok(w.api.post(f"{V1}/alarms/{one(w, device)['id']}/clear", {"note": "Seen"}))
    tell(20, 2)
    until(lambda: len(alarms(w, device.id)) == 2, 20, "a new alarm")
    tap.contains(alarms(w, device.id)[0]["detail"], " 2")
    device.close()


tap.main(world)
