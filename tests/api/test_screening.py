"""Screenings: what is asked, what is kept, and that no session starts without one of the same day."""

import datetime

from world import NOTHING_APPLIES, V1, json, ok, order, refused, tap, uuid, world

TODAY = datetime.date.today


def answers(**yes):
    """Nothing applies but this; a name with _ for -."""
    return {"none_apply": True, "answers": {name.replace("_", "-"): value for name, value in yes.items()}}


def clearance(kind="doctor_note", days_ago=1, by="Dr Weber"):
    return {"kind": kind, "by": by, "on": (TODAY() - datetime.timedelta(days=days_ago)).isoformat()}


def screened(w, intake, **more):
    return ok(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": intake, **more}), 201)


def start(w, device=None, routine_slug="relax-10", **more):
    return w.api.post(f"{V1}/sessions", {"device_id": device or w.new_device()["id"], "routine": routine_slug, **more})


def backdated(w, screening_id, days=1):
    w.spa.sql("ALTER TABLE screening DISABLE TRIGGER screening_guard")
    try:
        w.spa.sql(f"UPDATE screening SET day = day - {days}, valid_until = valid_until - interval '{days} day' "
                  f"WHERE id = '{screening_id}' RETURNING id")
    finally:
        w.spa.sql("ALTER TABLE screening ENABLE TRIGGER screening_guard")


def by_hand(w, **more):
    """A published routine of one step that is done by hand; its slug."""
    slug = f"h-{uuid.uuid4().hex[:12]}"
    text = {"slug": slug, "name": "By hand", "type": "classic", "steps": [{"technique": "foot-rotation", "duration_s": 30}], **more}
    made = w.api.post(f"{V1}/routines", text)
    ok(made, 201)
    ok(w.api.post(made.headers["Location"] + "/publish", headers={"If-Match": made.headers["ETag"]}))
    return slug


# ---- what to ask ----

def asked(w, **query):
    return ok(w.api.get(f"{V1}/screening/questions", params=query))


@tap.test
def all_questions_are_asked_without_a_routine_the_skin_first(w):
    page = asked(w)
    tap.equal((page["questions"][0]["id"], page["questions"][0]["check"]), ("skin-check", True))
    tap.equal(len(page["questions"]), 18)
    gates = {each["id"]: each["asked_if"] for each in page["questions"] if each["asked_if"]}
    tap.equal(gates, {"pregnancy-risk": "pregnancy", "infant": "child"})
    tap.equal([each["id"] for each in page["questions"] if each["acknowledge"]], ["meal"])
    tap.equal([each["id"] for each in page["notices"]], ["stop-on-discomfort", "consult"])
    tap.equal(page["clearances"], [])


@tap.test
def a_routine_is_asked_only_what_matters_for_it(w):
    def ids(slug):
        return {each["id"] for each in asked(w, routine=slug, site_id=w.sites[0])["questions"]}
    tap.check("elderly" not in ids("relax-10") and "neuropathy" in ids("relax-10"), ids("relax-10"))
    hand = by_hand(w)
    tap.check(not {"elderly", "neuropathy"} & ids(hand), ids(hand))
    tap.check({"pregnancy", "pregnancy-risk", "child", "infant", "blood-disorder"} <= ids(hand), ids(hand))
    tap.check("neuropathy" in ids(by_hand(w, goals=["neuropathy"])))
    tap.check("elderly" in ids(by_hand(w, type="acupressure")))
    needs = asked(w, routine=by_hand(w, type="therapy", goals=["rehabilitation"]))["clearances"]
    tap.equal([(each["kind"], each["of"]) for each in needs], [("certified_operator", "therapy"), ("doctor_note", "rehabilitation")])


@tap.test
@tap.rows(({"routine": "no-such"}, "not_found"), ({"site_id": str(uuid.UUID(int=7))}, "not_found"))
def questions_of_what_is_not_there_are_404(w, query, code):
    refused(w.api.get(f"{V1}/screening/questions", params=query), 404, code)


@tap.test
def each_question_says_where_its_answer_goes(w):
    device = w.new_device()["id"]
    said = {}
    for error in refused(start(w, device, intake={"answers": said}), 422, "screening_incomplete")["errors"]:
        name = error["pointer"].removeprefix("/intake/answers/")
        said[name] = name == "skin-check"
    ok(start(w, device, intake={"answers": said}), 201)


# ---- answers ----

@tap.test
def every_question_may_be_answered_by_itself(w):
    page = asked(w)["questions"]
    made = ok(start(w, intake={"answers": {each["id"]: each["check"] for each in page}}), 201)
    tap.equal(ok(w.api.get(f"{V1}/sessions/{made['id']}"))["screening"]["outcome"], "cleared")
    left = {each["id"]: each["check"] for each in page if each["id"] not in ("fever", "meal")}
    problem = refused(start(w, intake={"answers": left}), 422, "screening_incomplete")
    tap.equal([error["pointer"] for error in problem["errors"]], ["/intake/answers/fever", "/intake/answers/meal"])
    tap.equal(problem["errors"][0]["detail"], next(each["question"] for each in page if each["id"] == "fever"))


@tap.test
@tap.rows("thrombosis", "oncology", "fever", "tuberculosis", "skin_infection", "joint_inflammation", "open_wound", "fracture",
          "poor_circulation", "pregnancy_risk", "infant", "pregnancy")
def a_session_that_the_screening_refuses_says_why_in_plain_words(w, name):
    device = w.new_device()["id"]
    reply = start(w, device, intake=answers(**{name: True}))
    error = refused(reply, 422, "screening_refused", f"/intake/answers/{name.replace('_', '-')}")
    tap.equal(error["code"], "refused")
    tap.check(len(error["detail"].split()) > 4, error)
    tap.contains(reply.json["detail"], "doctor")
    tap.equal(ok(w.api.get(f"{V1}/sessions", params={"device_id": device}))["items"], [])


@tap.test
def the_skin_is_looked_at_first(w):
    for intake in (answers(skin_check=False), {"answers": {"skin-check": False}}):
        refused(start(w, intake=intake), 422, "screening_incomplete", "/intake/answers/skin-check")


@tap.test
def a_warning_waits_for_the_guest(w):
    device = w.new_device()["id"]
    error = refused(start(w, device, intake=answers(meal=True)), 422, "screening_unacknowledged", "/intake/acknowledged")
    tap.equal(error["code"], "meal")
    stored = screened(w, answers(meal=True))
    tap.equal((stored["outcome"], [each["rule"] for each in stored["warnings"]]), ("limited", ["meal"]))
    refused(start(w, device, screening_id=stored["id"]), 422, "screening_unacknowledged", "/screening_id/acknowledged")
    ok(start(w, device, intake={**answers(meal=True), "acknowledged": ["meal"]}), 201)


@tap.test
def limits_reach_the_program(w):
    made = w.new_device()
    device = w.play(made)
    session = ok(start(w, made["id"], intake=answers(neuropathy=True)), 201)
    program = device.command()["program"]
    tap.equal((program["intensity_max"], program["water_max_mdegc"]), (50, 36000))
    tap.check("barred" not in program, program)
    shown = ok(w.api.get(f"{V1}/sessions/{session['id']}"))["screening"]
    tap.equal((shown["outcome"], shown["caps"]["intensity_max"], shown["caps"]["water_max_c"]), ("limited", 50, 36))
    tap.equal([(each["rule"], each["sources"]) for each in shown["reasons"]], [("neuropathy", ["contra.neuropathy"])])
    device.close()


@tap.test
def what_the_screening_bars_is_barred_on_the_device_too(w):
    made = w.new_device()
    device = w.play(made)
    ok(start(w, made["id"], by_hand(w), intake=answers(pregnancy=True)), 201)
    tap.equal(device.command()["program"]["barred"], ["jets", "roller", "air", "vibration", "shiatsu", "vacuum"])
    device.close()


# ---- clearances ----

@tap.test
def a_child_is_massaged_by_hand_with_order_and_certificate(w):
    made, slug = w.new_device()["id"], by_hand(w)
    reply = start(w, made, slug, intake=answers(child=True))
    error = refused(reply, 422, "screening_needs_clearance", "/intake/answers/child")
    tap.check(len(error["detail"].split()) > 4, error)
    tap.equal({each["code"] for each in reply.json["errors"] if each["pointer"] == "/intake/clearances"}, {"doctor_note", "certified_operator"})
    reply = start(w, made, slug, intake={**answers(child=True), "clearances": [clearance()]})
    refused(reply, 422, "screening_needs_clearance")
    tap.equal([each["code"] for each in reply.json["errors"] if each["pointer"] == "/intake/clearances"], ["certified_operator"])
    both = [clearance(), clearance("certified_operator", 200, "Kim")]
    session = ok(start(w, made, slug, intake={**answers(child=True), "clearances": both}), 201)
    shown = ok(w.api.get(f"{V1}/sessions/{session['id']}"))["screening"]
    tap.equal([{k: v for k, v in each.items() if k != "accepted_by"} for each in shown["clearances"]], both)
    tap.equal({each["accepted_by"] for each in shown["clearances"]}, {session["created_by"]})
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": session["id"], "action": "session.create"}))
    tap.equal(entry["detail"]["clearances"], shown["clearances"])
    tap.equal(entry["actor_id"], session["created_by"])


@tap.test
def a_blood_disorder_is_refused_without_a_note_and_gentle_with_one(w):
    device, slug = w.new_device()["id"], by_hand(w)
    refused(start(w, device, slug, intake=answers(blood_disorder=True)), 422, "screening_needs_clearance", "/intake/clearances")
    noted = {**answers(blood_disorder=True), "clearances": [clearance()]}
    refused(start(w, device, intake=noted), 422, "screening_refused", "/intake/answers/blood-disorder")  # it kneads
    made = ok(start(w, device, slug, intake=noted), 201)
    tap.equal(ok(w.api.get(f"{V1}/sessions/{made['id']}"))["screening"]["caps"]["intensity_max"], 30)


@tap.test
def therapy_and_rehabilitation_ask_for_a_clearance_of_their_own(w):
    device = w.new_device()["id"]
    for slug, kind in ((by_hand(w, type="therapy"), "certified_operator"), (by_hand(w, goals=["rehabilitation"]), "doctor_note")):
        reply = start(w, device, slug, intake=NOTHING_APPLIES)
        refused(reply, 422, "screening_needs_clearance", "/routine")
        tap.equal(refused(reply, 422, "screening_needs_clearance", "/intake/clearances")["code"], kind)
    ok(start(w, device, slug, intake={**NOTHING_APPLIES, "clearances": [clearance()]}), 201)


@tap.test
@tap.rows((-2, "/intake/clearances/0/on"), (32, "/intake/clearances/0/on"))
def a_note_from_the_future_or_too_old_does_not_count(w, days_ago, pointer):
    intake = {**NOTHING_APPLIES, "clearances": [clearance(days_ago=days_ago)]}
    refused(start(w, intake=intake), 422, "unprocessable", pointer)
    refused(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": intake}), 422, "unprocessable", pointer)


@tap.test
@tap.rows(({"answers": {"headache": True}}, "/intake/answers/headache"), ({"answers": {"fever": 1}}, "/intake/answers/fever"),
          ({"acknowledged": ["fever"]}, "/intake/acknowledged/0"), ({"acknowledged": ["meal", "meal"]}, "/intake/acknowledged/1"),
          ({"clearances": [{"kind": "doctor_note", "by": " ", "on": "2026-11-20"}]}, "/intake/clearances/0/by"),
          ({"clearances": [{"kind": "doctor_note", "by": "x" * 61, "on": "2026-11-20"}]}, "/intake/clearances/0/by"),
          ({"clearances": [{"kind": "doctor_note", "by": "W", "on": "2026-02-30"}]}, "/intake/clearances/0/on"),
          ({"clearances": [{"kind": "friend", "by": "W", "on": "2026-11-20"}]}, "/intake/clearances/0/kind"),
          ({"clearances": [{"kind": "doctor_note", "by": "W", "on": "2026-11-20"}] * 2}, "/intake/clearances/1"),
          ({"clearances": [{}] * 5}, "/intake/clearances"), ([], "/intake"))
def an_intake_that_does_not_fit_is_400(w, intake, pointer):
    refused(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": intake}), 400, "invalid_body", pointer)
    refused(start(w, str(uuid.UUID(int=7)), intake=intake) if pointer == "/intake" else start(w, intake=intake), 400, "invalid_body", pointer)


# ---- kept ----

@tap.test
def a_screening_is_kept_whatever_its_outcome(w):
    for intake, outcome in ((NOTHING_APPLIES, "cleared"), (answers(elderly=True), "limited"), (answers(child=True), "needs_clearance"),
                            (answers(fever=True), "refused")):
        reply = w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "guest": "Zoë", "intake": intake})
        made = ok(reply, 201)
        tap.equal((made["outcome"], made["guest"], made["today"], made["intake"]), (outcome, "Zoë", True, intake))
        tap.equal(ok(w.api.get(reply.headers["Location"])), made)
        tap.equal([each["id"] for each in made["notices"]], ["stop-on-discomfort", "consult"])
        listed = next(w.api.pages(f"{V1}/screenings", {"site_id": w.sites[0], "outcome": outcome}))
        tap.equal(listed, {key: made[key] for key in listed})
        entry = next(w.api.pages(f"{V1}/audit", {"subject_id": made["id"]}))
        tap.equal((entry["action"], entry["detail"]), ("screening.create", {"outcome": outcome}))
    tap.equal(made["reasons"][0]["words"], "The body needs rest until the fever is gone.")
    problem = refused(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": {"answers": {"fever": True}}}), 422, "screening_incomplete")
    tap.equal(len(problem["errors"]), 15)


@tap.test
def a_screening_for_a_routine_judges_that_routine(w):
    made = screened(w, answers(pregnancy=True), routine="relax-10")
    tap.equal((made["outcome"], made["reasons"][0]["conflict"]), ("refused", ["energetic", "electric"]))
    tap.equal(screened(w, answers(pregnancy=True), routine=by_hand(w))["outcome"], "limited")
    made = screened(w, NOTHING_APPLIES, routine=by_hand(w, type="therapy"))
    tap.equal((made["outcome"], made["needs"], made["reasons"][0]["of"]), ("needs_clearance", ["certified_operator"], "routine"))
    refused(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": NOTHING_APPLIES, "routine": "no-such"}), 404, "not_found", "/routine")
    refused(w.api.post(f"{V1}/screenings", {"site_id": str(uuid.UUID(int=7)), "intake": NOTHING_APPLIES}), 404, "not_found", "/site_id")
    refused(w.api.post(f"{V1}/screenings", {"site_id": w.sites[0], "intake": NOTHING_APPLIES, "guest": "\n"}), 400, "invalid_body", "/guest")


@tap.test
def who_may_only_look_does_not_see_answers_about_health(w):
    made = screened(w, NOTHING_APPLIES)
    viewer = w.as_role("viewer")
    refused(viewer.get(f"{V1}/screenings"), 403, "forbidden")
    refused(viewer.get(f"{V1}/screenings/{made['id']}"), 403, "forbidden")
    ok(viewer.get(f"{V1}/screening/questions"))
    session = ok(start(w, intake=answers(neuropathy=True)), 201)["id"]
    tap.check("screening" not in ok(viewer.get(f"{V1}/sessions/{session}")))
    tap.check("screening" in ok(w.as_role("operator").get(f"{V1}/sessions/{session}")))
    ok(w.as_role("operator", w.sites[:1]).get(f"{V1}/screenings/{made['id']}"))


@tap.test
def a_screening_is_valid_until_the_end_of_the_day_at_its_site(w):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Australia/Lord_Howe"):
        site = ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}", "timezone": zone}), 201)["id"]
        made = ok(w.api.post(f"{V1}/screenings", {"site_id": site, "intake": NOTHING_APPLIES}), 201)
        row, = w.spa.sql(f"SELECT (valid_until AT TIME ZONE '{zone}')::time AS clock, valid_until > now() AS later,"
                         f" valid_until - now() <= interval '25 hours' AS soon,"
                         f" day = (now() AT TIME ZONE '{zone}')::date AS today FROM screening WHERE id = '{made['id']}'")
        tap.equal((row["clock"], row["later"], row["soon"], row["today"]), ("00:00:00", "t", "t", "t"), zone)


# ---- a site's own rules ----

def own_rule(w, site, rule, change):
    """PUTs a site's copy of a rule, changed by change(content)."""
    where, query = f"{V1}/catalogue/screening-rules/{rule}", {"site_id": site}
    read = w.api.get(where, params=query)
    content = ok(read)["content"]
    change(content)
    return w.api.put(where, {"content": content}, params=query, headers={"If-Match": read.headers["ETag"]})


@tap.test
def a_site_s_own_stricter_rule_holds_there_at_once(w):
    site, other = (ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}"}), 201)["id"] for _ in range(2))
    device = w.new_device(site=site)["id"]
    tap.equal(screened(w, answers(elderly=True), site_id=site)["outcome"], "limited")
    ok(own_rule(w, site, "elderly", lambda rule: rule.update(outcome="refused", question="Over 80?", why="Not at this house.")), 201)
    ok(own_rule(w, site, "neuropathy", lambda rule: rule["caps"].update(intensity_max=20, total_max_s=900)), 201)
    error = refused(start(w, device, intake=answers(elderly=True)), 422, "screening_refused", "/intake/answers/elderly")
    tap.equal(error["detail"], "Not at this house.")
    questions = {each["id"]: each["question"] for each in asked(w, site_id=site)["questions"]}
    tap.equal(questions["elderly"], "Over 80?")
    caps = screened(w, answers(neuropathy=True), site_id=site)["caps"]
    tap.equal((caps["intensity_max"], caps["water_max_c"], caps["total_max_s"]), (20, 36, 900))
    made = ok(start(w, device, intake=answers(neuropathy=True)), 201)
    tap.equal(ok(w.api.get(f"{V1}/sessions/{made['id']}"))["screening"]["caps"]["intensity_max"], 20)
    for where in (other, w.sites[0]):
        tap.equal(screened(w, answers(elderly=True), site_id=where)["outcome"], "limited")


@tap.test
@tap.rows(("fever", {"outcome": "limited"}, "/content/outcome"), ("child", {"needs": ["doctor_note"]}, "/content/needs"),
          ("neuropathy", {"caps": {"intensity_max": 51, "water_max_c": 36}}, "/content/caps/intensity_max"),
          ("neuropathy", {"caps": {"intensity_max": 50, "water_max_c": 36.5}}, "/content/caps/water_max_c"),
          ("elderly", {"caps": {"barred": ["heat"]}}, "/content/caps/barred"),
          ("meal", {"acknowledge": False}, "/content/acknowledge"), ("infant", {"asked_if": "pregnancy"}, "/content/asked_if"))
def a_laxer_rule_is_refused_by_pointer(w, rule, change, pointer):
    refused(own_rule(w, w.sites[1], rule, lambda content: content.update(change)), 422, "unprocessable", pointer)


# ---- a session by a screening of the day ----

@tap.test
def a_session_takes_the_screening_of_its_guest(w):
    stored = screened(w, answers(neuropathy=True), guest="Anna")
    made = ok(start(w, screening_id=stored["id"]), 201)
    tap.equal(made["guest"], "Anna")
    shown = ok(w.api.get(f"{V1}/sessions/{made['id']}"))["screening"]
    tap.equal((shown["screening_id"], shown["outcome"], shown["caps"]["intensity_max"]), (stored["id"], "limited", 50))
    ok(start(w, screening_id=stored["id"], guest="Anna"), 201)
    refused(start(w, screening_id=stored["id"], guest="Berta"), 422, "screening_mismatch", "/guest")
    nameless = screened(w, NOTHING_APPLIES)["id"]
    refused(start(w, screening_id=nameless, guest="Berta"), 422, "screening_mismatch", "/guest")
    tap.equal(ok(start(w, screening_id=nameless), 201)["guest"], None)


@tap.test
def a_screening_of_another_day_or_site_starts_nothing(w):
    device, stored = w.new_device()["id"], screened(w, NOTHING_APPLIES)["id"]
    elsewhere = w.new_device(site=w.sites[1])["id"]
    refused(start(w, elsewhere, screening_id=stored), 422, "screening_mismatch", "/screening_id")
    for days in (1, -2):
        backdated(w, stored, days)
        refused(start(w, device, screening_id=stored), 422, "screening_not_today", "/screening_id")
        tap.equal(ok(w.api.get(f"{V1}/screenings/{stored}"))["today"], False)
    refused(start(w, device, screening_id=str(uuid.UUID(int=7))), 404, "not_found", "/screening_id")
    tap.equal(ok(w.api.get(f"{V1}/sessions", params={"device_id": device}))["items"], [])


@tap.test
def the_stored_answers_are_judged_again_for_the_session_s_routine(w):
    device, hand = w.new_device()["id"], by_hand(w)
    asked_of_hand = {each["id"]: each["check"] for each in asked(w, routine=hand)["questions"]}
    few = screened(w, {"answers": asked_of_hand}, routine=hand)
    problem = refused(start(w, device, screening_id=few["id"]), 422, "screening_incomplete")
    tap.equal([error["pointer"] for error in problem["errors"]], ["/screening_id/answers/neuropathy"])
    pregnant = screened(w, answers(pregnancy=True), routine=hand)
    tap.equal(pregnant["outcome"], "limited")
    refused(start(w, device, screening_id=pregnant["id"]), 422, "screening_refused", "/screening_id/answers/pregnancy")
    refused(start(w, device, by_hand(w, type="therapy"), screening_id=few["id"]), 422, "screening_needs_clearance", "/screening_id/clearances")
    ok(start(w, device, hand, screening_id=pregnant["id"]), 201)


@tap.test
def a_refused_or_uncleared_screening_starts_nothing(w):
    device, hand = w.new_device()["id"], by_hand(w)
    for intake, code in ((answers(fever=True), "screening_refused"), (answers(child=True), "screening_needs_clearance")):
        refused(start(w, device, hand, screening_id=screened(w, intake)["id"]), 422, code)
    both = [clearance(), clearance("certified_operator", by="Kim")]
    stored = screened(w, {**answers(child=True), "clearances": both})
    tap.equal(stored["outcome"], "limited")
    operator = w.as_role("operator", w.sites[:1])
    made = ok(operator.post(f"{V1}/sessions", {"device_id": device, "routine": hand, "screening_id": stored["id"]}), 201)
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": made["id"], "action": "session.create"}))
    tap.equal({each["accepted_by"] for each in entry["detail"]["clearances"]}, {stored["created_by"]})
    tap.check(made["created_by"] != stored["created_by"])


@tap.test
def a_session_by_hand_is_screened_like_any_other(w):
    def by_hand_at(site, **more):
        return w.api.post(f"{V1}/sessions", {"site_id": site, "routine": slug, **more})
    slug, stored = by_hand(w), screened(w, answers(pregnancy=True), guest="Anna")["id"]
    made = ok(by_hand_at(w.sites[0], screening_id=stored), 201)
    shown = ok(w.api.get(f"{V1}/sessions/{made['id']}"))
    tap.equal((made["guest"], shown["screening"]["screening_id"], shown["screening"]["outcome"]), ("Anna", stored, "limited"))
    refused(by_hand_at(w.sites[1], screening_id=stored), 422, "screening_mismatch", "/screening_id")
    both = [clearance(), clearance("certified_operator", by="Kim")]
    refused(by_hand_at(w.sites[0], intake=answers(child=True)), 422, "screening_needs_clearance")
    child = ok(by_hand_at(w.sites[0], intake={**answers(child=True), "clearances": both}), 201)["id"]
    entry = next(w.api.pages(f"{V1}/audit", {"subject_id": child, "action": "session.create"}))
    tap.equal([each["by"] for each in entry["detail"]["clearances"]], ["Dr Weber", "Kim"])
    backdated(w, stored)
    refused(by_hand_at(w.sites[0], screening_id=stored), 422, "screening_not_today", "/screening_id")


@tap.test
def a_session_takes_either_an_intake_or_a_screening(w):
    device, stored = w.new_device()["id"], screened(w, NOTHING_APPLIES)["id"]
    refused(start(w, device), 400, "invalid_body", "/intake")
    refused(w.api.post(f"{V1}/sessions", order(device, screening_id=stored)), 400, "invalid_body", "/screening_id")
    refused(start(w, device, screening_id="x"), 400, "invalid_body", "/screening_id")


@tap.test
def the_database_itself_takes_no_session_that_was_not_cleared(w):
    device = w.new_device()["id"]
    for outcome in ("refused", "needs_clearance"):
        try:
            w.spa.sql("INSERT INTO session (id, device_id, routine_slug, routine_version, intake, screening, program) VALUES "
                      f"(gen_random_uuid(), '{device}', 'relax-10', 1, '{{}}', '{json.dumps({'outcome': outcome})}', '{{}}') RETURNING id")
            raise AssertionError(f"a session with the outcome {outcome} was taken")
        except RuntimeError as refusal:
            tap.contains(str(refusal), "does not let")


tap.main(world)
