"""The fifteen routines against what their sources say of them, written out here a second time and not read from the files.

A row is one step: technique; zones, in order; and what the source says of it, in words that check() below understands:
    "3 times" "5 times" "15 s" "600 s" "10-15 s"   how often or how long
    "up" "down"                                    towards the body, or away from it
    "each"                                         for each zone in turn
    "both feet" "both hands"                       left and right for themselves
    "rising"                                       the intensity goes up
    "machine" "hand"                               only by the one or only by the other
"""

from pathlib import Path

import jsonschema
from world import V1, json, ok, tap, world

CATALOGUE = Path(__file__).resolve().parents[2] / "schema/catalogue"
FIVE = "toe-1 toe-2 toe-3 toe-4 toe-5"
FINGERS = "finger-1 finger-2 finger-3 finger-4 finger-5"

TRACES = {
    "lower-limb-classic": [
        # 1 position, 2 oil, 3 strokes from below, 4 rubbing that deepens, 5 kneading
        ("position", "leg", "hand"), ("oil", "foot lower-leg thigh", "hand"), ("stroking", "foot lower-leg", "up"),
        ("palm-rubbing", "foot lower-leg", "rising"), ("kneading", "foot calf", ""),
        # 6 squeezes and pushes, with twists between them
        ("squeezing", "foot calf", ""), ("twisting", "calf", ""), ("heel-of-palm-push", "sole calf", ""), ("twisting", "calf", ""),
        # 7 spirals over the foot, 8 kneading and twisting in turn with vibration: tapping first, then grasping
        ("spiral-warming", "foot", ""),
        ("kneading", "calf", ""), ("tapping", "sole calf", ""), ("twisting", "calf", ""), ("grasping-vibration", "sole calf", ""),
        # 9 light strokes from the toes to the hips
        ("stroking", "toes foot lower-leg thigh hip", "up")],
    "flat-feet": [
        # down from the lower back over calf, tendon and lower leg to the foot; each stroked (rising), rubbed, kneaded
        ("kneading", "lower-back", "hand"),
        ("stroking", "calf", "up rising"), ("palm-rubbing", "calf", ""), ("kneading", "calf", ""),
        ("stroking", "achilles", "up"), ("palm-rubbing", "achilles", ""), ("kneading", "achilles", ""),
        ("stroking", "lower-leg", "up rising"), ("palm-rubbing", "lower-leg", ""), ("kneading", "lower-leg", ""),
        # the foot from the toes to the heel, each toe and each part of it
        ("stroking", "sole", "up rising"), ("palm-rubbing", "sole", "up"), ("pincer-kneading", FIVE, "each both feet"),
        ("kneading", "ball arch heel", "up"),
        ("grasping-vibration", "calf sole", ""), ("patting", "sole", "")],
    "hallux-valgus": [
        ("stroking", "back", "up hand"),                                                                            # 1
        ("palm-rubbing", "back lower-back", "up hand"), ("kneading", "back lower-back", "up hand"),                 # 2
        ("kneading", "buttocks", "hand"), ("tapping", "buttocks", "hand"), ("patting", "buttocks", "hand"),         # 3
        ("kneading", "thigh", "up hand"), ("kneading", "achilles lower-leg", "up hand"),                            # 4, 5
        ("palm-rubbing", "foot", "down hand"), ("pincer-kneading", "foot-edges", "hand"),                           # 6
        ("pincer-kneading", FIVE, "each both feet hand"),
        ("kneading", "shin", "hand"), ("stroking", "leg", "hand"), ("passive-gymnastics", "leg", "hand")],          # 7
    "acupressure-foot": [
        ("stroking", "sole", "up"), ("point-press", "arch", "both feet"), ("point-press", "sole", "both feet"),
        ("point-press", FIVE, "each both feet"), ("stroking", "sole", "up")],
    "toe-antistress": [  # straighten, press at the root, press on the end: each toe, beginning with the little one
        (technique, f"toe-{toe}", "hand 1 times" if technique != "toe-stretch" else "hand")
        for _ in ("left", "right") for toe in (5, 4, 3, 2, 1) for technique in ("toe-stretch", "toe-root-press", "toe-end-press")],
    "heel-spur": [
        ("soak", "heel", "machine"), ("palm-rubbing", "heel", "rising"), ("stroking", "foot lower-leg", "up"), ("roller", "sole", "")],
    "self-foot-eight": [
        ("foot-rotation", "ankle", "hand both feet"), ("heel-counter-push", "heel instep", "hand both feet 15 s"),
        ("achilles-stretch", "achilles", "hand both feet"), ("side-turn", "foot", "hand both feet"),
        ("pad-rub", "ball", "hand both feet"), ("toe-spread", "toe-webs", "hand both feet"),
        ("toe-rotate-pull", FIVE, "hand each both feet"), ("all-toes-shake", "toes", "hand both feet")],
    "pebble-box": [("pressure-box", "sole", "hand 600 s")],
    "relax-10": [
        ("stroking", "sole calf", "machine up"), ("palm-rubbing", "sole", "machine rising"), ("kneading", "sole calf", "machine"),
        ("spiral-warming", "sole", "machine"), ("roller", "sole", "machine"), ("stroking", "sole calf", "machine up")],
    "reflex-foot": [
        ("stroking", "sole", "machine up"), ("palm-rubbing", "sole", "machine rising"), ("stroking", "sole", "machine up")],
    "hand-four-strokes": [
        ("forearm-stroke", "forearm", "hand both hands 3 times"), ("thumb-stroke", "palm", "hand both hands 3 times"),
        ("thumb-stroke", "hand-back", "hand both hands down 3 times"), ("finger-stretch", FINGERS, "hand both hands each 3 times"),
        ("forearm-stroke", "forearm", "hand both hands 3 times")],
    "hand-self": [
        ("finger-curl", "fingers", "hand 5 times"), ("oil", "hand", "hand"), ("pincer-kneading", "fingertips", "hand both hands"),
        ("finger-stretch", FINGERS, "hand each both hands down"), ("palm-rubbing", "finger-webs", "hand both hands"),
        ("thumb-stroke", "hand-back", "hand both hands 5 times"), ("thumb-stroke", "wrist", "hand both hands"),
        ("thumb-stroke", "palm", "hand both hands"), ("palm-press-hold", "palm", "hand both hands 10-15 s"),
        ("finger-curl", "fingers", "hand")],
    "foot-four-strokes": [
        ("lower-leg-stroke", "lower-leg", "3 times"), ("thumb-stroke", "sole", "3 times"),
        ("toe-stretch", FIVE, "hand each both feet 3 times"), ("lower-leg-stroke", "lower-leg", "3 times")],
    "foot-self": [
        ("position", "foot", "hand"), ("thumb-stroke", "sole", "hand both feet down"),
        ("pad-rub", "toes", "hand both feet"), ("toe-stretch", FIVE, "hand each both feet"),
        ("spiral-warming", "ball arch heel", "hand both feet"),
        ("foot-rotation", "ankle", "hand both feet 3 times"), ("stroking", "calf", "hand both feet up")],
    "high-heel-relief": [
        ("stroking", "sole calf", "machine up"), ("roller", "sole", "machine"), ("kneading", "sole calf", "machine"),
        ("spiral-warming", "sole", "machine"), ("stroking", "sole calf", "machine up")],
}
# slug: type, hands, seconds when the source gives them
KINDS = {
    "lower-limb-classic": ("classic", "mixed", None), "flat-feet": ("therapy", "mixed", None),
    "hallux-valgus": ("therapy", "guided", None), "acupressure-foot": ("acupressure", "device", None),
    "toe-antistress": ("acupressure", "guided", None), "heel-spur": ("classic", "device", None),
    "self-foot-eight": ("classic", "guided", None), "pebble-box": ("acupressure", "guided", 600),
    "relax-10": ("classic", "device", 600), "reflex-foot": ("acupressure", "device", 600),
    "hand-four-strokes": ("classic", "guided", None), "hand-self": ("classic", "guided", None),
    "foot-four-strokes": ("classic", "mixed", None), "foot-self": ("classic", "guided", None),
    "high-heel-relief": ("classic", "device", 600),
}
BY_ITSELF = ("relax-10", "reflex-foot", "high-heel-relief")


def routine(w, slug):
    return ok(w.api.get(f"{V1}/routines/{slug}"))


def check(step, words, where):
    """The step does what the words of its row say."""
    words = words.replace("both feet", "both").replace("both hands", "both").split()
    numbers = [word for word in words if word[0].isdigit()]
    unit = words[words.index(numbers[0]) + 1] if numbers else None
    if unit == "times":
        tap.equal(step.get("repetitions"), int(numbers[0]), where)
    if unit == "s":
        least, _, most = numbers[0].partition("-")
        tap.check(int(least) <= step.get("duration_s", 0) <= int(most or least), where)
    for word, member, value in (("up", "direction", "proximal"), ("down", "direction", "distal"), ("each", "per_zone", True),
                                ("both", "per_side", True), ("machine", "mode", "device"), ("hand", "mode", "guided")):
        if word in words:
            tap.equal(step.get(member), value, where)
    if "rising" in words:
        tap.check(step["intensity_end"] > step["intensity"], where)


@tap.test
@tap.rows(*TRACES)
def each_routine_does_what_its_source_says_in_that_order(w, slug):
    content = routine(w, slug)["content"]
    tap.contains(content["sources"], f"routine.{slug}")
    tap.equal([(step["technique"], " ".join(step["zones"])) for step in content["steps"]],
              [(technique, zones) for technique, zones, _ in TRACES[slug]])
    for number, (step, (technique, _, words)) in enumerate(zip(content["steps"], TRACES[slug])):
        check(step, words, f"{slug}, step {number}, {technique}: {step}")
        tap.check(step["instruction"], f"{slug}, step {number} says nothing")
    tap.equal(content["preparations"][0], "skin-check")


@tap.test
@tap.rows(*KINDS)
def each_routine_is_of_the_kind_its_source_says(w, slug):
    kind, hands, seconds = KINDS[slug]
    shown = routine(w, slug)
    tap.equal((shown["type"], shown["hands"]), (kind, hands))
    tap.check(seconds is None or shown["duration_s"] == seconds, shown["duration_s"])
    if slug in BY_ITSELF:
        tap.equal((shown["confirms"], shown["duration_max_s"]), (0, shown["duration_s"]))


@tap.test
@tap.rows(*TRACES)
def each_routine_lowers_to_the_same_order_on_every_model(w, slug):
    wanted = [technique for technique, _, _ in TRACES[slug]]
    tap.equal(routine(w, slug)["models"], ["bath-basic", "spa-pro"] + ["by-hand"] * (slug not in (*BY_ITSELF, "heel-spur")))
    for model in ("spa-pro", "bath-basic"):
        shown = ok(w.api.post(f"{V1}/routines/{slug}/preview", {"model": model}))
        order = []
        for step in shown["steps"]:
            if not order or order[-1][0] != step["routine_step"]:
                order.append((step["routine_step"], step["technique"]))
        tap.equal(order, list(enumerate(wanted)))
        kinds = {step["kind"] for step in shown["steps"]}
        tap.check("guide" not in kinds or slug not in BY_ITSELF, kinds)
        tap.check(KINDS[slug][1] != "guided" or kinds == {"guide"}, kinds)


@tap.test
def the_anti_stress_massage_goes_from_toe_to_toe_beginning_with_the_little_one(w):
    toes = [(step["side"], step["zones"][0]) for step in routine(w, "toe-antistress")["content"]["steps"][::3]]
    tap.equal(toes, [(side, f"toe-{number}") for side in ("left", "right") for number in (5, 4, 3, 2, 1)])


@tap.test
def mixed_routines_use_the_machine_where_there_is_one(w):
    for slug, model in (("lower-limb-classic", "spa-pro"), ("flat-feet", "spa-pro"), ("foot-four-strokes", "spa-pro")):
        kinds = [step["kind"] for step in ok(w.api.post(f"{V1}/routines/{slug}/preview", {"model": model}))["steps"]]
        tap.check("run" in kinds and "guide" in kinds, (slug, kinds))


@tap.test
def the_heels_are_soaked_with_an_additive_and_the_unit_is_rinsed(w):
    soak = routine(w, "heel-spur")["content"]["steps"][0]
    tap.equal(soak["additives"], ["salt", "honey", "clay"])
    tap.equal(ok(w.api.post(f"{V1}/routines/heel-spur/preview", {"model": "spa-pro"}))["rinse"], True)


@tap.test
def the_points_school_asks_for_an_antiseptic(w):
    tap.equal(routine(w, "reflex-foot")["content"]["preparations"][:2], ["skin-check", "antiseptic"])


@tap.test
def the_lymph_runs_from_the_toes_to_the_calf_in_sequence(w):
    shown = ok(w.api.post(f"{V1}/routines/lymph-legs/preview", {"model": "spa-pro"}))
    waves = [step for step in shown["steps"] if step["technique"] == "lymph-wave"]
    tap.check(waves, shown)
    for each in waves[0]["sets"]:
        tap.equal((each["kind"], each["wave"], each["direction"]), ("air", "sequence", "proximal"))


@tap.test
def every_file_of_a_routine_fits_its_schema(w):
    schema = json.loads((CATALOGUE / "routine.schema.json").read_text())
    paths = sorted((CATALOGUE / "routines").glob("*.json"))
    tap.check({path.stem for path in paths} >= set(TRACES), paths)
    for path in paths:
        written = json.loads(path.read_text())
        jsonschema.Draft202012Validator(schema).validate(written)
        tap.equal(written["slug"], path.stem)


tap.main(world)
