"""Routines: drafts, versions that never change once published, and what a model would do with them."""

from world import V1, ok, order, refused, routine, tap, uuid, world


def slug():
    return f"t-{uuid.uuid4().hex[:12]}"


@tap.test
def the_three_routines_of_the_catalogue_are_there(w):
    found = {each["slug"]: each for each in w.api.pages(f"{V1}/routines")}
    tap.check({"relax-10", "foot-four-strokes", "heel-spur"} <= set(found), found)
    tap.equal((found["relax-10"]["state"], found["relax-10"]["duration_s"]), ("published", 600))
    one = ok(w.api.get(f"{V1}/routines/relax-10"))
    tap.equal(one["content"]["slug"], "relax-10")
    tap.equal(len(one["content"]["steps"]), found["relax-10"]["steps"])


@tap.test
def a_routine_goes_from_draft_to_published_and_then_never_changes(w):
    name = slug()
    made = w.api.post(f"{V1}/routines", routine(name))
    tap.equal((ok(made, 201)["state"], made.json["version"]), ("draft", 1))
    refused(w.api.get(f"{V1}/routines/{name}"), 404, "not_found")
    path = made.headers["Location"]
    refused(w.api.post(f"{V1}/routines", routine(name)), 409, "conflict", "/slug")
    refused(w.api.put(path, routine(name, summary="x")), 428, "precondition_required")
    changed = w.api.put(path, routine(name, summary="Better"), headers={"If-Match": made.headers["ETag"]})
    tap.equal(ok(changed)["content"]["summary"], "Better")
    refused(w.api.put(path, routine(name), headers={"If-Match": made.headers["ETag"]}), 412, "precondition_failed")
    refused(w.api.post(f"{path}/publish"), 428, "precondition_required")
    refused(w.api.post(f"{path}/publish", headers={"If-Match": made.headers["ETag"]}), 412, "precondition_failed")
    published = w.api.post(f"{path}/publish", headers={"If-Match": changed.headers["ETag"]})
    tap.equal(ok(published)["state"], "published")
    tap.equal(ok(w.api.get(f"{V1}/routines/{name}"))["content"]["summary"], "Better")
    tag = {"If-Match": published.headers["ETag"]}
    refused(w.api.put(path, routine(name), headers=tag), 409, "version_published")
    refused(w.api.post(f"{path}/publish", headers=tag), 409, "version_published")
    second = w.api.post(f"{V1}/routines", routine(name, summary="Best"))
    tap.equal((ok(second, 201)["version"], second.json["state"]), (2, "draft"))
    tap.equal(ok(w.api.get(f"{V1}/routines/{name}"))["version"], 1)
    tap.equal([each["version"] for each in w.api.pages(f"{V1}/routines/{name}/versions", {"limit": 1})], [2, 1])
    tap.equal(ok(w.api.get(path))["content"]["summary"], "Better")


@tap.test
def a_routine_that_breaks_a_rule_across_fields_is_422(w):
    both = {"technique": "stroking", "duration_s": 60, "repetitions": 3, "intensity": 30}
    reply = w.api.post(f"{V1}/routines", routine(slug(), [both]))
    tap.equal((reply.status, reply.code), (422, "unprocessable"), reply)
    tap.check(reply.json["errors"][0]["pointer"].startswith("/steps/0"), reply)
    refused(w.api.post(f"{V1}/routines", routine("No Slug")), 422, "unprocessable", "/slug")
    refused(w.api.post(f"{V1}/routines", routine(slug(), [{"technique": "tickling"}])), 400, "invalid_body", "/steps/0/technique")
    made = w.api.post(f"{V1}/routines", routine(slug()))
    refused(w.api.put(made.headers["Location"], routine(slug()), headers={"If-Match": "*"}), 422, "unprocessable", "/slug")


@tap.test
@tap.rows(("relax-10", "spa-pro"), ("relax-10", "bath-basic"), ("foot-four-strokes", "spa-pro"), ("heel-spur", "spa-pro"),
          ("heel-spur", "bath-basic"))
def a_preview_shows_what_a_model_would_do(w, name, model):
    shown = ok(w.api.post(f"{V1}/routines/{name}/preview", {"model": model}))
    actuators = {each["name"] for each in ok(w.api.get(f"{V1}/models/{model}"))["actuators"]}
    used = {each["actuator"] for step in shown["steps"] for each in step["sets"]}
    tap.check(used <= actuators, (used, actuators))
    times = [step["at_ms"] for step in shown["steps"]]
    tap.equal(times, sorted(times))
    tap.check(shown["total_ms"] > 0 and shown["total_max_ms"] >= shown["total_ms"], shown)


@tap.test
def caps_of_a_preview_hold(w):
    shown = ok(w.api.post(f"{V1}/routines/relax-10/preview", {"model": "spa-pro", "intensity_max": 20, "water_max_c": 37.5}))
    tap.check(all(each["level"] <= 20 for step in shown["steps"] for each in step["sets"]), shown)
    tap.check(all(step["water_c"] is None or step["water_c"] <= 37.5 for step in shown["steps"]), shown)
    tap.check({"water_capped"} <= {note["code"] for note in shown["notes"]}, shown["notes"])
    refused(w.api.post(f"{V1}/routines/relax-10/preview", {"model": "spa-pro", "water_max_c": 44}), 400, "invalid_body",
            "/water_max_c")
    refused(w.api.post(f"{V1}/routines/relax-10/preview", {"model": "no-such"}), 422, "unprocessable", "/model")
    refused(w.api.post(f"{V1}/routines/no-such/preview", {"model": "spa-pro"}), 404, "not_found")


@tap.test
def a_step_that_a_model_cannot_run_names_the_step_and_the_missing_actuator(w):
    name = w.new_routine([{"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 30},
                          {"technique": "lymph-wave", "zones": ["calf"], "duration_s": 60, "intensity": 30, "mode": "device"}])
    basic = w.new_device("bath-basic")["id"]
    reply = w.api.post(f"{V1}/sessions", order(basic, name))
    error = refused(reply, 422, "step_cannot_run", "/routine/steps/1")
    tap.equal(error["code"], "missing_actuator")
    tap.contains(error["detail"].lower(), "air")
    tap.contains(error["detail"], "Spa Pro")
    refused(w.api.post(f"{V1}/routines/{name}/preview", {"model": "bath-basic"}), 422, "step_cannot_run", "/routine/steps/1")
    ok(w.api.post(f"{V1}/sessions", order(w.new_device("spa-pro")["id"], name)), 201)


@tap.test
def the_models_that_could_run_it_are_those_that_can_run_all_of_it(w):
    """By the kinds of actuators alone each model would be suggested for what the other one lacks."""
    air = {"technique": "lymph-wave", "zones": ["calf"], "duration_s": 60, "intensity": 30, "mode": "device"}
    shaking = {"technique": "grasping-vibration", "zones": ["sole"], "duration_s": 60, "intensity": 30, "mode": "device"}
    names = {"spa-pro": "Spa Pro", "bath-basic": "Bath Basic"}
    both, one = w.new_routine([air, shaking]), w.new_routine([shaking, air, air])
    for slug, model, pointer, number, missing in ((both, "bath-basic", "/routine/steps/0", 1, "air"),
                                                  (both, "spa-pro", "/routine/steps/1", 2, "vibration"),
                                                  (one, "bath-basic", "/routine/steps/2", 3, "air")):
        problem = w.api.post(f"{V1}/routines/{slug}/preview", {"model": model})
        error = refused(problem, 422, "step_cannot_run", pointer)
        tap.contains(error["detail"], f"Step {number}, ")
        tap.contains(error["detail"], missing)
        tap.contains(error["detail"], "no model can run")
        tap.equal(problem.json["models"], [])
        tap.contains(problem.json["detail"], f"{names[model]} cannot run ")
        note = next(each for each in problem.json["notes"] if each["routine_step"] == number - 1)
        tap.equal((problem.json["model"], note["technique"], note["code"]), (model, (air if missing == "air" else shaking)["technique"], "no_actuator"))
        tap.equal((note["missing"], note["zone"], note["by"], note["from"]), ([missing], air["zones"][0] if missing == "air" else shaking["zones"][0], None, None))
    alone = w.new_routine([shaking])
    problem = w.api.post(f"{V1}/sessions", order(w.new_device("spa-pro")["id"], alone))
    error = refused(problem, 422, "step_cannot_run", "/routine/steps/0")
    tap.contains(error["detail"], "Bath Basic")
    tap.equal(problem.json["models"], ["bath-basic"])
    tap.contains(problem.json["detail"], "It can be run by Bath Basic")


@tap.test
def a_routine_that_takes_too_long_says_how_long_and_how_long_it_may(w):
    half_an_hour = {"technique": "stroking", "zones": ["sole"], "duration_s": 2100, "intensity": 30}
    slug = w.new_routine([half_an_hour, {**half_an_hour, "duration_s": 2130}])
    problem = w.api.post(f"{V1}/sessions", order(w.new_device("bath-basic")["id"], slug))
    error = refused(problem, 422, "routine_too_long", "/routine")
    tap.equal((error["code"], problem.json["models"]), ("too_long", ["spa-pro"]))
    for words in ("70 min 30 s", "Bath Basic allows a session of 60 min", "the screening 120 min", "It can be run by Spa Pro"):
        tap.contains(problem.json["detail"], words)
    note = problem.json["notes"][0]
    tap.equal((note["routine_step"], note["code"], note["from"], note["to"]), (None, "too_long", 4230, 3600))
    ok(w.api.post(f"{V1}/routines/{slug}/preview", {"model": "spa-pro"}))
    three = w.new_routine([half_an_hour] * 3)
    problem = w.api.post(f"{V1}/routines/{three}/preview", {"model": "spa-pro"})
    refused(problem, 422, "routine_too_long", "/routine")
    tap.equal(problem.json["models"], [])


tap.main(world)
