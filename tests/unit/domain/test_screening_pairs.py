#!/usr/bin/env python3
"""The screening of the program against a second one, written here from docs/screening.md over the same JSON: all pairs of
answers, with and without clearances and acknowledgements, without a routine and for several."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from harness import tap  # noqa: E402

PROGRAM = Path(os.environ.get("PEDILUVE_BUILD", ROOT / "build/asan")) / "tests/unit/domain/screening_dump"
RULES = json.loads((ROOT / "schema/catalogue/screening-rules.json").read_text())["entries"]
TYPES = {e["id"]: e for e in json.loads((ROOT / "schema/catalogue/types.json").read_text())["entries"]}
GOALS = {e["id"]: e for e in json.loads((ROOT / "schema/catalogue/goals.json").read_text())["entries"]}
BY_ID = {rule["id"]: rule for rule in RULES}
STRICTNESS = ["cleared", "limited", "needs_clearance", "refused"]
KINDS = ["doctor_note", "certified_operator"]
TRAITS = ["vibration", "energetic", "sudden", "electric", "acupressure", "heat", "bath"]


def step(technique, **more):
    return {"technique": technique, "duration_s": 60, "intensity": 40, **more}


def routine(steps, **more):
    return {"slug": "x", "name": "x", "type": "classic", "steps": steps, **more}


# What each asks of a guest, read off docs/techniques.md by hand: the strongest, the warmest, what may and what must be in it.
ROUTINES = {
    "by the machine": (routine([step("stroking", mode="device", water_c=38), step("kneading", mode="device", intensity=70)]),
                       70, 38, {"electric", "vibration", "energetic", "heat"}, {"electric", "energetic"}),
    "by hand": (routine([step("foot-rotation"), step("stroking", mode="guided")]), 40, 0, set(), set()),
    "as it comes": (routine([step("stroking"), step("tapping", intensity=20)]),
                    40, 0, {"electric", "vibration", "sudden", "bath"}, {"vibration", "sudden"}),
    "points": (routine([step("point-press", intensity=30)], type="acupressure"), 30, 0, {"electric", "acupressure"}, {"acupressure"}),
    "one point": (routine([step("point-press", intensity=30), step("foot-rotation", intensity=0)]),
                  30, 0, {"electric", "acupressure"}, {"acupressure"}),
    "a bath": (routine([{"technique": "soak", "duration_s": 60}]), 0, 38, {"heat", "bath"}, {"heat", "bath"}),
    "therapy": (routine([step("foot-rotation")], type="therapy"), 40, 0, set(), set()),
    "rehabilitation": (routine([step("foot-rotation", intensity=10)], goals=["rehabilitation", "neuropathy"]), 10, 0, set(), set()),
}


def matters_itself(rule, wanted):
    if wanted is None or rule.get("check") or rule.get("acknowledge") or rule["outcome"] != "limited":
        return True
    text, intensity, water, possible, _ = wanted
    caps = rule.get("caps", {})
    return (any(GOALS[goal].get("asks") == rule["id"] for goal in text.get("goals", []))
            or bool(set(caps.get("barred", [])) & possible) or caps.get("intensity_max", 100) < intensity
            or caps.get("water_max_c", 40) < water)


def matters(rule, wanted):
    return matters_itself(rule, wanted) or any(matters_itself(other, wanted) for other in RULES if other.get("asked_if") == rule["id"])


def second_opinion(intake, wanted):
    answers, given = intake.get("answers", {}), {c["kind"] for c in intake.get("clearances", [])}
    is_open, reasons, lacking = [], {}, set()
    caps = {"intensity_max": 100, "water_max_c": 40, "total_max_s": 7200}
    barred = set()
    for rule in RULES:
        name, answer = rule["id"], answers.get(rule["id"])
        if rule.get("check"):
            if answer is False or (answer is None and not intake.get("none_apply")):
                is_open.append(name)
            continue
        if answer is None and not intake.get("none_apply") and matters(rule, wanted):
            if "asked_if" not in rule or answers.get(rule["asked_if"]):
                is_open.append(name)
        if not answer:
            continue
        here = rule.get("caps", {})
        missing = set(rule.get("needs", [])) - given
        if rule["outcome"] == "refused" or (wanted and set(here.get("barred", [])) & wanted[4]):
            reasons[name] = "refused"
        else:
            reasons[name] = "needs_clearance" if missing else "limited"
            lacking |= missing
        for key in caps:
            caps[key] = min(caps[key], here.get(key, caps[key]))
        barred |= set(here.get("barred", []))
    if wanted:
        text = wanted[0]
        for term in [TYPES[text["type"]], *(GOALS[goal] for goal in text.get("goals", []))]:
            if "requires" in term:
                missing = set(term["requires"]) - given
                reasons[term["id"]] = "needs_clearance" if missing else "limited"
                lacking |= missing
    return {"outcome": max(reasons.values(), key=STRICTNESS.index, default="cleared"), "open": is_open,
            "warnings": [r["id"] for r in RULES if r.get("acknowledge") and answers.get(r["id"])
                         and r["id"] not in intake.get("acknowledged", [])],
            "lacking": [kind for kind in KINDS if kind in lacking], **caps, "barred": [t for t in TRAITS if t in barred],
            "reasons": reasons}


def run(cases):
    lines = [json.dumps({"intake": intake, **({"routine": wanted[0]} if wanted else {})}) for intake, wanted in cases]
    done = subprocess.run([PROGRAM], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def clearances(kinds):
    return [{"kind": kind, "by": "Dr Weber", "on": "2026-11-20"} for kind in kinds]


def agree(cases):
    got = run(cases)
    tap.equal(len(got), len(cases))
    for (intake, wanted), result in zip(cases, got):
        expected = second_opinion(intake, wanted)
        tap.equal(result, expected, {"intake": intake, "routine": wanted and wanted[0]})
        order = [STRICTNESS.index(outcome) for outcome in result["reasons"].values()]
        tap.equal(order, sorted(order, reverse=True), result)
    tap.note(f"{len(cases)} intakes")


def pair_cases(wanted, kinds, acknowledged):
    more = {"clearances": clearances(kinds), "acknowledged": acknowledged}
    everything = {rule["id"]: bool(rule.get("check")) for rule in RULES}
    for a, b in itertools.combinations(BY_ID, 2):
        for x, y in itertools.product((True, False, None), repeat=2):
            said = {name: value for name, value in ((a, x), (b, y)) if value is not None}
            yield {"none_apply": True, "answers": said, **more}, wanted
            yield {"answers": {**{k: v for k, v in everything.items() if k not in (a, b)}, **said}, **more}, wanted


@tap.test
@tap.rows(*((kinds,) for n in range(3) for kinds in itertools.combinations(KINDS, n)))
def all_pairs_of_answers_agree_without_a_routine(kinds):
    agree([case for acknowledged in ([], ["meal"]) for case in pair_cases(None, kinds, acknowledged)])


@tap.test
@tap.rows(*ROUTINES)
def all_pairs_of_answers_agree_for_a_routine(name):
    agree([case for kinds in ((), KINDS) for case in pair_cases(ROUTINES[name], kinds, ["meal"])])


@tap.test
@tap.rows(*ROUTINES)
def only_the_questions_that_matter_for_the_routine_are_open(name):
    wanted = ROUTINES[name]
    agree([({}, wanted), ({"none_apply": False}, wanted), ({"answers": {}}, wanted), ({"answers": {"pregnancy": True, "child": True}}, wanted)])


# ---- the page for people ----

PAGE = (ROOT / "docs/screening.md").read_text()
ROWS = {cells[0].strip("` "): [cell.strip() for cell in cells] for cells in
        (line.strip().strip("|").split("|") for line in PAGE.splitlines() if re.match(r"\| `[a-z-]+` \|", line))}


def said_of(rule):
    caps, said = rule.get("caps", {}), []
    if "intensity_max" in caps:
        said.append(f"intensity {caps['intensity_max']} %")
    if "water_max_c" in caps:
        said.append(f"{caps['water_max_c']} °C")
    if "total_max_s" in caps:
        said.append(f"{caps['total_max_s']} s")
    said += [f"no {name}" for name in caps.get("barred", [])]
    return ", ".join(said)


@tap.test
@tap.rows(*BY_ID)
def the_page_says_of_each_rule_what_the_rule_says(name):
    rule = BY_ID[name]
    tap.check(name in ROWS, f"docs/screening.md has no row of {name}")
    _, outcome, needs, limits, asked, sources = ROWS[name]
    wanted = "done" if rule.get("check") else rule["outcome"] + (", warning" if rule.get("acknowledge") else "")
    tap.equal((outcome, needs, limits, asked, sources),
              (wanted, ", ".join(f"`{kind}`" for kind in rule.get("needs", [])), said_of(rule),
               f"after `{rule['asked_if']}`" if "asked_if" in rule else "", ", ".join(f"`{s}`" for s in rule["sources"])))


@tap.test
def the_page_has_no_row_that_no_rule_has():
    tap.equal([name for name in ROWS if name not in BY_ID and name not in TYPES and name not in GOALS and name not in STRICTNESS
               and name not in KINDS and name not in TRAITS], [])


@tap.test
@tap.rows("screening-rules", "types", "goals")
def the_data_fit_their_schema(kind):
    import jsonschema
    schema = json.loads((ROOT / f"schema/catalogue/schemas/{kind}.schema.json").read_text())
    data = json.loads((ROOT / f"schema/catalogue/{kind}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    tap.equal(len({entry["id"] for entry in data["entries"]}), len(data["entries"]))
    for entry in data["entries"]:
        for text in ("question", "why", "requires_why"):
            tap.check(len(entry.get(text, "").encode()) <= 200, f"{entry['id']}.{text} is too long for an error")
    if kind == "screening-rules":
        ids = [entry["id"] for entry in data["entries"]]
        tap.equal(ids[0], "skin-check")
        for entry in data["entries"]:
            tap.check("asked_if" not in entry or ids.index(entry["asked_if"]) < ids.index(entry["id"]), entry)


tap.main()
