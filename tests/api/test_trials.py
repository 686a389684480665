"""Drafts are tried on simulated units, and on no other."""

from world import NOTHING_APPLIES, V1, Device, ok, order, refused, routine, tap, until, uuid, world

STEPS = [{"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 30},
         {"technique": "kneading", "zones": ["arch"], "duration_s": 90, "intensity": 40}]


def draft(w, steps=None, **more):
    """(slug, path of version 1, its tag)."""
    slug = f"t-{uuid.uuid4().hex[:12]}"
    made = w.api.post(f"{V1}/routines", routine(slug, steps or STEPS, **more))
    ok(made, 201)
    return slug, made.headers["Location"], made.headers["ETag"]


def unit(w, simulated):
    made = w.new_device()
    device = w.play(made, simulated)
    until(lambda: ok(w.api.get(f"{V1}/devices/{made['id']}"))["simulated"] == simulated, 10, "the unit to say what it is")
    return device, made


@tap.test
def a_real_unit_is_told_apart_and_gets_no_draft(w):
    slug, _, _ = draft(w)
    device, made = unit(w, False)
    fault = refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1)), 422, "unprocessable", "/device_id")
    tap.equal(fault["code"], "not_simulated")
    tap.contains(fault["detail"], "publish it")
    refused(w.api.post(f"{V1}/sessions", order(w.new_device()["id"], slug, version=1)), 422, "unprocessable", "/device_id")  # not there
    tap.equal(ok(w.api.get(f"{V1}/sessions", params={"device_id": made["id"]}))["items"], [])
    device.close()


@tap.test
def a_simulated_unit_runs_the_draft_as_it_was_whatever_becomes_of_it(w):
    slug, path, tag = draft(w)
    device, made = unit(w, True)
    session = ok(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1)), 201)
    tap.equal((session["trial"], session["routine_version"], session["state"]), (True, 1, "requested"))
    start = device.carry_out("start", "running")
    tap.equal([step["ms"] for step in start["program"]["steps"] if step["kind"] == "run"], [60000, 90000])
    changed = w.api.request("PUT", path, routine(slug, STEPS[:1]), headers={"If-Match": tag})
    ok(changed)
    steps = ok(w.api.get(f"{V1}/sessions/{session['id']}/steps"))["items"]
    tap.equal([each["technique"] for each in steps if each["kind"] == "run"], ["stroking", "kneading"])
    ok(w.api.get(f"{V1}/sessions/{session['id']}/checks"))
    device.tell("completed")
    until(lambda: ok(w.api.get(f"{V1}/sessions/{session['id']}"))["state"] == "completed", 10, "the end of the session")
    ok(w.api.post(f"{V1}/devices/{made['id']}/cleanings"), 201)
    again = ok(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1)), 201)  # the changed draft, not the one remembered
    start = device.command()
    tap.equal((start["session_id"], [step["ms"] for step in start["program"]["steps"] if step["kind"] == "run"]), (again["id"], [60000]))
    tap.equal(w.api.delete(path, headers={"If-Match": changed.headers["ETag"]}).status, 204)
    tap.equal(len(ok(w.api.get(f"{V1}/sessions/{session['id']}/steps"))["items"]), len(steps))
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": session["id"], "action": "session.create"}))
    tap.equal(entry["detail"]["trial"], True)
    device.close()


@tap.test
def a_trial_is_screened_and_capped_as_every_session(w):
    slug, _, _ = draft(w, [{"technique": "soak", "duration_s": 600, "water_c": 40}])
    device, made = unit(w, True)
    refused(w.api.post(f"{V1}/sessions", {"device_id": made["id"], "routine": slug, "version": 1, "intake": {}}), 422, "screening_incomplete")
    refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1, intake={"none_apply": True, "answers": {"open-wound": True}})),
            422, "screening_refused")
    ok(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1, water_max_c=36.5)), 201)
    tap.check(max(step["water_mdegc"] for step in device.command()["program"]["steps"]) <= 36500, "the cap is in the program")
    device.close()


@tap.test
def the_start_of_a_trial_is_not_sent_to_a_real_unit_that_takes_its_place(w):
    slug, _, _ = draft(w)
    device, made = unit(w, True)
    session = ok(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1)), 201)
    device.command()  # taken, and never answered: it would be sent again
    device.close()
    real = Device(w.spa, made["id"], made["credentials"]["password"])
    until(lambda: (lambda d: d["ready"] and not d["simulated"])(ok(w.api.get(f"{V1}/devices/{made['id']}"))), 20, "the real unit to be ready")
    stopping = ok(w.api.post(f"{V1}/sessions/{session['id']}/stop"), 202)
    tap.equal(real.command()["id"], stopping["id"], "the first thing it hears is the stop")
    real.close()


@tap.test
def what_is_no_trial_is_refused(w):
    slug, path, tag = draft(w)
    device, made = unit(w, True)
    by_hand = {"site_id": w.sites[0], "routine": slug, "version": 1, "intake": NOTHING_APPLIES}
    refused(w.api.post(f"{V1}/sessions", by_hand), 400, "invalid_body", "/version")
    refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1, course_id=str(uuid.uuid4()))), 400, "invalid_body", "/version")
    for version in (0, -1, 1000001, "1", 1.5):
        refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=version)), 400, "invalid_body", "/version")
    refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=2)), 404, "not_found", "/version")
    refused(w.api.post(f"{V1}/sessions", order(made["id"], "relax-10", version=1)), 404, "not_found", "/version")  # published
    refused(w.api.post(f"{V1}/sessions", order(made["id"], slug)), 404, "not_found", "/routine")  # nothing is published
    ok(w.api.post(f"{path}/publish", headers={"If-Match": tag}))
    refused(w.api.post(f"{V1}/sessions", order(made["id"], slug, version=1)), 404, "not_found", "/version")
    device.close()


tap.main(world)
