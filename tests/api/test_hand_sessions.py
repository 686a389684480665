"""Sessions without a unit: the server holds the steps, one after the other; and the checklist of any session."""

from world import V1, key, ok, order, refused, tap, until, uuid, world

TOES = ["toe-5", "toe-4", "toe-3", "toe-2", "toe-1"]
STEPS = [
    {"technique": "foot-rotation", "repetitions": 2, "repetition_s": 60, "per_side": True,
     "instruction": "Turn the foot slowly, one way and then the other."},
    {"technique": "toe-root-press", "zones": TOES, "repetitions": 1, "repetition_s": 3, "per_zone": True},
    {"technique": "heel-counter-push", "duration_s": 1, "ends": "timer"},
]
CARE = {"preparations": ["skin-check", "oil"], "aftercare": ["socks"]}


def by_hand(w, slug, **more):
    return {"site_id": w.sites[0], "routine": slug, "intake": {"none_apply": True}, **more}


def begun(w, steps=STEPS, **more):
    made = w.api.post(f"{V1}/sessions", by_hand(w, w.new_routine(steps, **more)))
    ok(made, 201)
    return f"{V1}/sessions/{made.json['id']}", made


def steps_of(w, path):
    return ok(w.api.get(f"{path}/steps"))


@tap.test(deadline_s=60)
def a_session_by_hand_runs_from_start_to_end_confirm_by_confirm(w):
    path, made = begun(w)
    tap.equal((made.json["state"], made.json["device_id"], made.json["site_id"]), ("waiting", None, w.sites[0]))
    tap.equal(made.headers["Location"], path)
    tap.check("command" not in made.json, made)
    shown = steps_of(w, path)
    tap.equal([(each["technique"], each["side"], each["zones"], each["part"], each["parts"]) for each in shown["items"]],
              [("foot-rotation", "left", ["ankle"], 1, 2), ("foot-rotation", "right", ["ankle"], 2, 2),
               *(("toe-root-press", "both", [toe], i + 1, 5) for i, toe in enumerate(TOES)),
               ("heel-counter-push", "both", ["heel", "instep"], 1, 1)])
    tap.equal([each["state"] for each in shown["items"]], ["current"] + ["open"] * 7)
    tap.equal(shown["items"][0]["instruction"], STEPS[0]["instruction"])
    tap.equal((shown["guide"]["step"], shown["guide"]["repetition"]), (0, 1))
    for step in range(7):
        done = ok(w.api.post(f"{path}/confirm", {"step": step}), 202)
        tap.equal((done["state"], done["code"], done["seq"], done["device_id"]), ("succeeded", "ok", step + 1, None))
    until(lambda: ok(w.api.get(path))["state"] == "completed", 10, "the last timer to be over")
    end = ok(w.api.get(path))
    tap.equal((end["step"], end["remaining_ms"], end["reason"]), (8, 0, "none"))
    tap.check(end["ended_at"] >= end["started_at"] and end["elapsed_ms"] >= 1000, end)
    tap.equal(steps_of(w, path)["guide"], None)
    given = w.api.pages(f"{V1}/commands", {"session_id": end["id"]})
    tap.equal([(each["type"], each["wanted"]) for each in given], [("confirm", {"step": step}) for step in range(6, -1, -1)])
    refused(w.api.post(f"{path}/stop"), 409, "wrong_state")


@tap.test
def a_confirm_is_of_the_present_step_and_nothing_is_there_to_adjust(w):
    path, _ = begun(w)
    refused(w.api.post(f"{path}/confirm", {"step": 1}), 409, "wrong_state")
    ok(w.api.post(f"{path}/confirm", {"step": 0}), 202)
    refused(w.api.post(f"{path}/confirm", {"step": 0}), 409, "wrong_state")
    refused(w.api.post(f"{path}/adjust", {"intensity": 20}), 409, "wrong_state")
    tap.equal(ok(w.api.get(path))["step"], 1)


@tap.test
def it_pauses_goes_on_and_stops_and_says_so_to_listeners(w):
    path, made = begun(w)
    with w.api.events(params={"types": "session"}) as stream:
        for action, state in (("pause", "paused"), ("pause", "paused"), ("resume", "waiting"), ("stop", "stopped")):
            ok(w.api.post(f"{path}/{action}"), 202)
            tap.equal(ok(w.api.get(path))["state"], state)
            event = stream.until(lambda e: e["json"]["session_id"] == made.json["id"] and e["json"]["state"] == state)
            tap.equal(event["json"]["device_id"], None)
    refused(w.api.post(f"{path}/resume"), 409, "wrong_state")


@tap.test
def two_confirms_of_one_step_at_once_count_once(w):
    from concurrent.futures import ThreadPoolExecutor
    path, _ = begun(w)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: w.api.post(f"{path}/confirm", {"step": 0}).status, range(8)))
    tap.equal(sorted(replies), [202] + [409] * 7)
    tap.equal(ok(w.api.get(path))["step"], 1)


@tap.test
def a_replayed_confirm_is_the_same_answer_and_not_a_second_step(w):
    path, _ = begun(w)
    named = key()
    first = w.api.post(f"{path}/confirm", {"step": 0}, headers=named)
    again = w.api.post(f"{path}/confirm", {"step": 0}, headers=named)
    tap.equal((again.status, again.body), (first.status, first.body))
    tap.equal(ok(w.api.get(path))["step"], 1)


@tap.test
def where_it_is_given_has_to_be_said_once(w):
    slug = w.new_routine(STEPS)
    both = {**by_hand(w, slug), "device_id": w.new_device()["id"]}
    refused(w.api.post(f"{V1}/sessions", both), 400, "invalid_body", "/site_id")
    neither = {"routine": slug, "intake": {"none_apply": True}}
    refused(w.api.post(f"{V1}/sessions", neither), 400, "invalid_body", "/device_id")
    refused(w.api.post(f"{V1}/sessions", {**neither, "site_id": str(uuid.uuid4())}), 404, "not_found", "/site_id")
    elsewhere = w.as_role("operator", [w.sites[1]])
    refused(elsewhere.post(f"{V1}/sessions", by_hand(w, slug)), 404, "not_found", "/site_id")


@tap.test
def what_needs_a_unit_is_refused_with_the_models_that_have_one(w):
    problem = refused(w.api.post(f"{V1}/sessions", by_hand(w, "relax-10")), 422, "step_cannot_run", "/routine/steps/0")
    tap.equal(problem["code"], "missing_actuator")
    shown = ok(w.api.post(f"{V1}/routines/{w.new_routine(STEPS)}/preview", {"model": "by-hand"}))
    tap.equal((len(shown["steps"]), shown["timeline"]), (8, []))


@tap.test
def the_checklist_is_the_routines_and_remembers_who_and_when(w):
    path, made = begun(w, **CARE)
    items = ok(w.api.get(f"{path}/checks"))["items"]
    tap.equal([(each["item"], each["phase"], each["done"]) for each in items],
              [("skin-check", "before", False), ("oil", "before", False), ("socks", "after", False)])
    mix = {"base": "olive", "base_tsp": 2, "essences": [{"essence": "lavender", "drops": 2}, {"essence": "geranium", "drops": 3}]}
    done = ok(w.api.post(f"{path}/checks", {"item": "oil", "detail": {"oil": mix, "note": "no nuts"}}))
    tap.equal((done["done"], done["detail"]), (True, {"oil": mix, "note": "no nuts"}))
    tap.check(done["done_name"] and done["done_at"], done)
    ok(w.api.post(f"{path}/checks", {"item": "oil"}))
    items = {each["item"]: each for each in ok(w.api.get(f"{path}/checks"))["items"]}
    tap.equal((items["oil"]["done"], items["oil"]["detail"], items["socks"]["done"]), (True, {}, False))
    trail = w.api.pages(f"{V1}/audit", {"subject_id": made.json["id"], "action": "session.check"})
    tap.equal([each["detail"].get("oil") for each in trail], [None, mix])


@tap.test
@tap.rows(({"item": "antiseptic"}, 422, "unprocessable", "/item"), ({"item": "juggling"}, 400, "invalid_body", "/item"),
          ({"item": "skin-check", "detail": {"additive": "salt"}}, 422, "unprocessable", "/detail/additive"),
          ({"item": "socks", "detail": {"oil": {"base": "olive", "base_tsp": 2, "essences": [{"essence": "lavender", "drops": 3}]}}},
           422, "unprocessable", "/detail/oil"),
          ({"item": "oil", "detail": {"oil": {"base": "olive", "base_tsp": 2, "essences": [{"essence": "lavender", "drops": 9}]}}},
           422, "unprocessable", "/detail/oil/essences"),
          ({"item": "oil", "detail": {"oil": {"base": "olive", "base_tsp": 1, "essences": [{"essence": "lavender", "drops": 3}]}}},
           422, "unprocessable", "/detail/oil/base_tsp"))
def what_does_not_belong_on_the_checklist_is_named(w, body, status, code, pointer):
    path, _ = begun(w, **CARE)
    refused(w.api.post(f"{path}/checks", body), status, code, pointer)
    tap.equal([each["done"] for each in ok(w.api.get(f"{path}/checks"))["items"]], [False] * 3)


@tap.test
def the_oil_follows_the_recipe_as_the_site_has_it(w):
    path, _ = begun(w, **CARE)
    entry = f"{V1}/catalogue/oil-recipes/one-session"
    own = {**ok(w.api.get(entry))["content"], "base_tsp": 3}
    made = w.api.put(entry, {"content": own}, params={"site_id": w.sites[0]}, headers={"If-None-Match": "*"})
    tap.check(made.status in (200, 201), made)
    mix = {"base": "olive", "base_tsp": 2, "essences": [{"essence": "lavender", "drops": 3}]}
    refused(w.api.post(f"{path}/checks", {"item": "oil", "detail": {"oil": mix}}), 422, "unprocessable", "/detail/oil/base_tsp")
    ok(w.api.post(f"{path}/checks", {"item": "oil", "detail": {"oil": {**mix, "base_tsp": 3}}}))
    ok(w.api.delete(entry, params={"site_id": w.sites[0]}, headers={"If-Match": "*"}), 204)
    ok(w.api.post(f"{path}/checks", {"item": "oil", "detail": {"oil": mix}}))


@tap.test
def preparations_done_before_belong_to_the_creation(w):
    slug = w.new_routine([{"technique": "stroking", "duration_s": 60, "intensity": 30}], **CARE)
    device = w.new_device()["id"]
    wrong = order(device, slug, preparations=["skin-check", "socks"])
    refused(w.api.post(f"{V1}/sessions", wrong), 422, "unprocessable", "/preparations/1")
    tap.equal(list(w.api.pages(f"{V1}/sessions", {"device_id": device})), [])
    made = ok(w.api.post(f"{V1}/sessions", order(device, slug, preparations=["skin-check"])), 201)
    items = ok(w.api.get(f"{V1}/sessions/{made['id']}/checks"))["items"]
    tap.equal([(each["item"], each["done"]) for each in items], [("skin-check", True), ("oil", False), ("socks", False)])


tap.main(world)
