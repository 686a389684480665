"""The catalogue's files: each fits its schema, what they name exists, and every row of the source list is carried out.

A row counts as carried out only by an entry of the kind that it asks for: a routine's row by a routine, not by a zone that
the routine is for.
"""

import csv
import json
import re
import sys
from pathlib import Path

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import tap  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "schema/catalogue"
ROWS = list(csv.DictReader((Path(__file__).parent / "seed-systems.tsv").open(), delimiter="\t", quoting=csv.QUOTE_NONE))
KINDS = ("techniques", "zones", "reflex-points", "types", "goals", "additives", "notices", "preparations", "oil-recipes",
         "screening-rules", "course-templates", "hygiene-rules", "sources")
# The kinds of entries that can carry out a row, by the first word of its id.
CARRIED_BY = {
    "type": {"types"}, "technique": {"techniques"}, "routine": {"routines"}, "course": {"course-templates"},
    "contra": {"screening-rules"}, "rule": {"notices", "screening-rules"},
    "prep": {"preparations", "oil-recipes", "additives"}, "reflex": {"reflex-points"}, "goal": {"goals"},
}
CLAIMING = ("types", "goals", "reflex-points")
NO_SOURCE_NEEDED = ("zones", "sources", "models", "hygiene-rules")  # a zone that no row names; a source is one itself
NO_ROW_FITS = {("course-templates", "custom")}     # everything of it is given by who makes the course


def load(path):
    """Strict, as the server reads it: no key twice."""
    def once(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{path.name}: a key stands twice in {keys}"
        return dict(pairs)
    return json.loads(path.read_text(), object_pairs_hook=once)


def kinds():
    """Every kind that has a file: its entries."""
    return {kind: load(CATALOGUE / f"{kind}.json")["entries"] for kind in KINDS if (CATALOGUE / f"{kind}.json").exists()}


def folder(name):
    return [load(path) for path in sorted((CATALOGUE / name).glob("*.json"))]


def schema_of(kind):
    return load(CATALOGUE / f"schemas/{kind}.schema.json")


def missing_kinds():
    return [kind for kind in KINDS if not (CATALOGUE / f"{kind}.json").exists()]


def nothing(wrong):
    """The test passes when nothing is listed; each line is shown."""
    wrong = list(wrong)
    tap.check(not wrong, f"{len(wrong)} wrong:\n" + "\n".join(map(str, wrong)))


def ids(kind):
    return {entry["id"] for entry in kinds().get(kind, [])}


def everything():
    """(kind, id, entry) of all that may name sources."""
    for kind, entries in kinds().items():
        for entry in entries:
            yield kind, entry["id"], entry
    for routine in folder("routines"):
        yield "routines", routine["slug"], routine
    for model in folder("models"):
        yield "models", model["id"], model


# ---- the files ----

@tap.test
def every_kind_has_its_file_and_its_schema():
    nothing([f"schema/catalogue/{kind}.json" for kind in missing_kinds()] +
            [f"schema/catalogue/schemas/{kind}.schema.json" for kind in KINDS
             if not (CATALOGUE / f"schemas/{kind}.schema.json").exists()])


@tap.test
def there_is_no_file_of_a_kind_that_the_server_does_not_know():
    known = re.findall(r'X\(\w+, "([a-z-]+)", \w+\)', (ROOT / "server/domain/catalogue.h").read_text())
    tap.equal(tuple(known), KINDS)
    found = {path.stem for path in CATALOGUE.glob("*.json") if not path.name.endswith(".schema.json")}
    tap.equal(found - set(KINDS), set())


@tap.test
def every_file_fits_its_schema():
    wrong = []
    for kind in kinds():
        schema = schema_of(kind)
        tap.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", kind)
        jsonschema.Draft202012Validator.check_schema(schema)
        for error in jsonschema.Draft202012Validator(schema).iter_errors(load(CATALOGUE / f"{kind}.json")):
            wrong.append(f"{kind}.json /{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    nothing(wrong)


@tap.test
def every_schema_refuses_members_that_it_does_not_know():
    wrong = []

    def look(kind, schema, where):
        if isinstance(schema, dict):
            if "properties" in schema and schema.get("type") == "object" and schema.get("additionalProperties") is not False:
                wrong.append(f"{kind}: {where or '/'} takes any member")
            for key, value in schema.items():
                look(kind, value, f"{where}/{key}")
        elif isinstance(schema, list):
            for each in schema:
                look(kind, each, where)
    for kind in kinds():
        look(kind, schema_of(kind), "")
    nothing(wrong)


@tap.test
def every_file_says_its_kind_and_ids_stand_once():
    for kind, entries in kinds().items():
        tap.equal(load(CATALOGUE / f"{kind}.json")["kind"], kind)
        names = [entry["id"] for entry in entries]
        nothing(f"{kind}: {name} stands {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1)


# ---- what entries name ----

@tap.test
def zones_that_are_named_exist_and_parents_stand_first():
    zones, seen, wrong = ids("zones"), set(), []
    for entry in kinds()["zones"]:
        if "part_of" in entry and entry["part_of"] not in seen:
            wrong.append(f"zones: {entry['id']} stands before {entry['part_of']}")
        seen.add(entry["id"])
    sided = {entry["id"] for entry in kinds()["zones"] if entry["sides"]}
    for entry in kinds()["techniques"]:
        wrong += [f"technique {entry['id']}: {zone}" for zone in entry["zones"] if zone not in zones]
    for entry in kinds()["reflex-points"]:
        wrong += [f"reflex point {entry['id']}: {point}" for point in entry["points"]
                  if point["zone"] not in zones or (point["side"] != "both" and point["zone"] not in sided)]
    for routine in folder("routines"):
        for number, step in enumerate(routine["steps"], 1):
            wrong += [f"{routine['slug']}, step {number}: {zone}" for zone in step.get("zones", ()) if zone not in zones]
    nothing(wrong)


@tap.test
def techniques_additives_types_and_goals_that_routines_name_exist():
    wrong, have = [], kinds()
    for routine in folder("routines"):
        for number, step in enumerate(routine["steps"], 1):
            where = f"{routine['slug']}, step {number}"
            wrong += [f"{where}: {step['technique']}"] if step["technique"] not in ids("techniques") else []
            wrong += [f"{where}: {each}" for each in step.get("additives", ()) if each not in ids("additives")]
        if "types" in have and routine["type"] not in ids("types"):
            wrong.append(f"{routine['slug']}: type {routine['type']}")
        if "goals" in have:
            wrong += [f"{routine['slug']}: goal {goal}" for goal in routine.get("goals", ()) if goal not in ids("goals")]
    nothing(wrong)


@tap.test
def techniques_and_zones_are_the_same_lists_in_the_contracts():
    """The order too: it is that of the files."""
    document = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_text())
    properties = document["components"]["schemas"]["RoutineStep"]["properties"]
    step = load(CATALOGUE / "routine.schema.json")["$defs"]["step"]["properties"]
    techniques, zones = ([entry["id"] for entry in kinds()[kind]] for kind in ("techniques", "zones"))
    for where, found in (("openapi.yaml", properties), ("routine.schema.json", step)):
        tap.equal(found["technique"]["enum"], techniques, where)
        tap.equal(found["zones"]["items"]["enum"], zones, where)


@tap.test
def times_of_a_technique_fit_each_other():
    nothing(f"{entry['id']}: {entry.get('least_s')} to {entry['most_s']}, usually {entry.get('repetition_s')}"
            for entry in kinds()["techniques"] if "most_s" in entry
            and not entry["least_s"] <= entry.get("repetition_s", entry["least_s"]) <= entry["most_s"])


ACTUATORS = {"roller": "rollers", "shiatsu": "kneading nodes"}


def seconds(ms):
    return f"{ms / 1000:g} s"


def choice_words(choice):
    words = f"{ACTUATORS.get(choice['by'], choice['by'])}: {choice['wave']} {choice['level_percent']} %"
    words += f", {seconds(choice['period_ms'])}" if "period_ms" in choice else ""
    return words + (f", on {choice['on_percent']} %" if "on_percent" in choice else "")


def documented_row(entry):
    """The technique's row in docs/techniques.md."""
    ways = [choice_words(choice) for choice in entry["choices"]]
    ways += {"warm": ["heater: set point while it runs"], "hold": ["heater: holds until warm, then runs"]}.get(entry.get("water"), [])
    ways += ["by hand"] if entry["by_hand"] else []
    return f"| `{entry['id']}` | {', '.join(entry['zones'])} | {' → '.join(ways)} | {', '.join(entry['traits'])} |"


@tap.test
def the_table_of_the_documentation_is_the_catalogues():
    section = (ROOT / "docs/techniques.md").read_text().split("\n## The table\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    tap.equal(table, [documented_row(entry) for entry in kinds()["techniques"]])


# ---- claims ----

@tap.test
def every_claim_says_whose_it_is():
    nothing(f"{kind} {entry['id']}: {entry.get('claim')}" for kind in CLAIMING for entry in kinds().get(kind, [])
            if entry.get("claim") not in ("traditional", "studied"))


# ---- sources ----

@tap.test
def the_sources_are_the_rows():
    tap.equal(len(ROWS), 100)
    tap.equal([(entry["id"], entry["kind"], entry["texts"]) for entry in kinds()["sources"]],
              [(row["id"], row["kind"], row["seed"].split(",")) for row in ROWS])


@tap.test
def every_entry_names_its_sources_and_each_exists():
    known, wrong = {row["id"] for row in ROWS}, []
    for kind, name, entry in everything():
        wrong += [f"{kind} {name}: {source}" for source in entry.get("sources", ()) if source not in known]
        if not entry.get("sources") and kind not in NO_SOURCE_NEEDED and (kind, name) not in NO_ROW_FITS:
            wrong.append(f"{kind} {name} names none")
    nothing(wrong)


@tap.test
def every_row_is_carried_out_by_an_entry_of_its_kind():
    carried = {}
    for kind, _, entry in everything():
        for source in entry.get("sources", ()):
            carried.setdefault(source, set()).add(kind)
    nothing(f"{row['id']} ({row['kind']}, {row['name']}): nothing in {' or '.join(sorted(CARRIED_BY[row['id'].split('.')[0]]))}"
            for row in ROWS if not carried.get(row["id"], set()) & CARRIED_BY[row["id"].split(".")[0]])


tap.main()
