"""Turns the catalogue's lists that the code must know by name into C: X-macro lists, one header a kind.

usage: scripts/catalogue_tables.py CATALOGUE_DIR OUT_DIR     writes OUT_DIR/catalogue/<kind>.h

The JSON files are the one source: the server's tables, the database and the documentation all come from them. A kind
is a function here; its rows are described where they are used (server/domain/<noun>.h).
"""

import json
import sys
from pathlib import Path

# Members of an entry that hold its wording, whatever its kind: a site may put them in its own words.
WORDING = ("name", "title", "words", "question", "why", "instruction", "note")


def enum(name):
    """lower-back -> LOWER_BACK"""
    return name.upper().replace("-", "_")


def text(value):
    """A C string literal."""
    return json.dumps(value, ensure_ascii=False)


def zones(entries):
    """X(enum, name, parent, words): parents stand before their children; a root is its own parent."""
    yield "ZONES", [(enum(e["id"]), text(e["id"]), enum(e.get("part_of", e["id"])), text(e["name"])) for e in entries]


def mask(prefix, names):
    """["doctor_note"] -> (1u << CLEARANCE_DOCTOR_NOTE)"""
    return "(" + (" | ".join(f"1u << {prefix}{enum(name)}" for name in names) or "0") + ")"


def traits(names):
    return "(" + (" | ".join("TRAIT_" + enum(name) for name in names) or "0") + ")"


def thousandths(value):
    return str(round(value * 1000))


def flag(entry, name):
    return "true" if entry.get(name) else "false"


def rules(entries):
    """As SCREENING_RULES in server/domain/screening_rule.h says; what is not capped has the widest cap."""
    rows = []
    for e in entries:
        caps = e.get("caps", {})
        most = {"intensity_max": "100", "water_max_c": "PROTO_WATER_DEFAULT_MAX_MDEGC", "total_max_s": "PROTO_SESSION_MS_MAX"}
        gate = f"SCREENING_RULE_{enum(e['asked_if'])}" if "asked_if" in e else "-1"
        rows.append((enum(e["id"]), text(e["id"]), text(e["name"]), text(e["question"]), text(e["why"]),
                     "SCREENING_" + enum(e["outcome"]), mask("CLEARANCE_", e.get("needs", [])),
                     caps.get("intensity_max", most["intensity_max"]),
                     thousandths(caps["water_max_c"]) if "water_max_c" in caps else most["water_max_c"],
                     thousandths(caps["total_max_s"]) if "total_max_s" in caps else most["total_max_s"],
                     traits(caps.get("barred", [])), gate, flag(e, "acknowledge"), flag(e, "check"), text(" ".join(e["sources"]))))
    yield "SCREENING_RULES", rows


def notices(entries):
    """X(enum, id, words, sources) of what is said with a screening."""
    yield "SCREENING_NOTICES", [(enum(e["id"]), text(e["id"]), text(e["words"]), text(" ".join(e["sources"])))
                                for e in entries if "intake" in e["shown"]]


def types(entries):
    """ROUTINE_TYPES: X(enum, name, title); ROUTINE_TYPE_TERMS: what a type asks for and brings with it."""
    yield "ROUTINE_TYPES", [(enum(e["id"]), text(e["id"]), text(e["name"])) for e in entries]
    yield "ROUTINE_TYPE_TERMS", [(enum(e["id"]), mask("CLEARANCE_", e.get("requires", [])), traits(e.get("traits", [])),
                                  text(e.get("requires_why", "")), text(" ".join(e["sources"]))) for e in entries]


def goals(entries):
    """GOALS: X(enum, name, title); GOAL_TERMS: what a goal asks for, and the question that it always asks."""
    yield "GOALS", [(enum(e["id"]), text(e["id"]), text(e["name"])) for e in entries]
    yield "GOAL_TERMS", [(enum(e["id"]), mask("CLEARANCE_", e.get("requires", [])),
                          f"(1u << SCREENING_RULE_{enum(e['asks'])})" if "asks" in e else "0",
                          text(e.get("requires_why", "")), text(" ".join(e["sources"]))) for e in entries]


COURSE_BOUNDS = ("count", "interval_days", "rounds", "break_days", "intensity_from", "intensity_to")


def course_templates(entries):
    """X(id, name, routine, twice_a_day, rises, then min, default and max of each of COURSE_BOUNDS)."""
    yield "COURSE_TEMPLATES", [
        (text(e["id"]), text(e["name"]), text(e["routine"] or ""), int(e["twice_a_day"]), int(e["rises"]),
         *(e[name][bound] for name in COURSE_BOUNDS for bound in ("min", "default", "max"))) for e in entries]


def hygiene_rules(entries):
    """HYGIENE_RULES: X(enum, id, name, retention years); HYGIENE_KINDS: X(rules, kind, every days, contact minutes, needs, steps)."""
    yield "HYGIENE_RULES", [(enum(e["id"]), text(e["id"]), text(e["name"]), e["retention_years"]) for e in entries]
    yield "HYGIENE_KINDS", [(enum(e["id"]), enum(k["kind"]), k["every_days"], k["contact_minutes"], mask("HYGIENE_NEEDS_", k["needs"]),
                             text(" ".join(k["steps"]))) for e in entries for k in e["kinds"]]


def preparations(entries):
    """X(enum, name, phase, title, words), in the order in which they are done."""
    yield "CARE_ITEMS", [(enum(e["id"]), text(e["id"]), enum(e["phase"]), text(e["name"]), text(e["words"])) for e in entries]


def oil_recipes(entries):
    """X(enum, name) of what may go into an oil, and X(enum, name, title, spoons, least, most, bases, essences): masks."""
    def union(member):
        return list(dict.fromkeys(name for e in entries for name in e[member]))

    def mask(prefix, names):
        return " | ".join(f"1u << {prefix}_{enum(name)}" for name in names)
    yield "OIL_BASES", [(enum(name), text(name)) for name in union("bases")]
    yield "OIL_ESSENCES", [(enum(name), text(name)) for name in union("essences")]
    yield "OIL_RECIPES", [(enum(e["id"]), text(e["id"]), text(e["name"]), e["base_tsp"], e["drops_min"], e["drops_max"],
                           mask("OIL_BASE", e["bases"]), mask("OIL_ESSENCE", e["essences"])) for e in entries]


def additives(entries):
    """X(enum, name)"""
    yield "ADDITIVES", [(enum(e["id"]), text(e["id"])) for e in entries]


def choice(c):
    """Levels and duty in thousandths; what is steady has no period, what is no pulse is on all the time."""
    return (f"{{.kind = ACTUATOR_{enum(c['by'])}, .wave = WAVE_{enum(c['wave'])}, .level_permille = {c['level_percent'] * 10},"
            f" .duty_permille = {c.get('on_percent', 100) * 10}, .period_ms = {c.get('period_ms', 0)}, .ramp_ms = {c['ramp_ms']}}}")


def technique(e):
    """The members of struct technique."""
    yield f".group = TECHNIQUE_GROUP_{enum(e['group'])}"
    yield f".by_hand = {str(e['by_hand']).lower()}"
    yield f".direction = DIRECTION_{enum(e['direction'])}"
    yield from (f".{name} = {e[name]}" for name in ("repetition_s", "least_s", "most_s") if name in e)
    if "water" in e:
        yield f".water = TECHNIQUE_WATER_{enum(e['water'])}"
        yield f".water_mdegc = {round(e['water_c'] * 1000)}"
    if e["traits"]:
        yield ".traits = " + " | ".join(f"TRAIT_{enum(each)}" for each in e["traits"])
    yield f".n_zones = {len(e['zones'])}"
    yield ".zones = {" + ", ".join(f"ZONE_{enum(each)}" for each in e["zones"]) + "}"
    if e["choices"]:
        yield f".n_choices = {len(e['choices'])}"
        yield ".choices = {" + ", ".join(map(choice, e["choices"])) + "}"


def techniques(entries):
    """X(enum, name, title), and in the same order X(enum, members of struct technique...)."""
    yield "TECHNIQUES", [(enum(e["id"]), text(e["id"]), text(e["name"])) for e in entries]
    yield "TECHNIQUE_ROWS", [(enum(e["id"]), *technique(e)) for e in entries]


KINDS = {"additives": additives, "course-templates": course_templates, "goals": goals, "hygiene-rules": hygiene_rules, "notices": notices,
         "oil-recipes": oil_recipes, "preparations": preparations, "screening-rules": rules, "techniques": techniques,
         "types": types, "zones": zones}


def resolved(schema, whole):
    """The schema itself, or what its $ref within the file names."""
    while "$ref" in schema:
        target = whole
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def bounds(schema, whole):
    """(type, least, most, allowed): of a text its characters, of a list its items, of a number itself; allowed, with blanks
    around each: the names that a choice, or an item of a list, may be."""
    if "enum" in schema:
        return "CHOICE", 0, 0, f" {' '.join(schema['enum'])} "
    if schema["type"] == "array":
        names = resolved(schema["items"], whole)["enum"]
        return "LIST", schema.get("minItems", 0), schema.get("maxItems", len(names)), f" {' '.join(names)} "
    if schema["type"] == "string":
        return "TEXT", schema.get("minLength", 1), schema["maxLength"], ""
    return {"integer": "INTEGER", "number": "NUMBER"}[schema["type"]], schema["minimum"], schema["maximum"], ""


def editable(schema, whole, path=""):
    """What a site may change of an entry: its wording, and what the schema marks with x-editable, within its bounds.

    Gives (path, bounds...); * stands for each item of a list.
    """
    schema = resolved(schema, whole)
    wording = schema.get("type") == "string" and "enum" not in schema and path.rsplit("/", 1)[-1] in WORDING
    if schema.get("x-editable", wording):
        yield path, *bounds(schema, whole)
        return
    for key, member in schema.get("properties", {}).items():
        if isinstance(member, dict):
            yield from editable(member, whole, f"{path}/{key}")
    if isinstance(schema.get("items"), dict):
        yield from editable(schema["items"], whole, f"{path}/*")


def editables(catalogue):
    """X(kind, path, type, least, most, allowed) of all kinds that have a schema."""
    for file in sorted((catalogue / "schemas").glob("*.schema.json")):
        whole = json.loads(file.read_text())
        entry = whole.get("properties", {}).get("entries", {}).get("items")
        for path, kind, least, most, allowed in editable(entry, whole) if entry else ():
            yield text(file.name.removesuffix(".schema.json")), text(path), kind, least, most, text(allowed)


def header(source, lists):
    lines = [f"/* Made from schema/catalogue/{source} by scripts/catalogue_tables.py. */"]
    for name, rows in lists:
        cells = [f"    X({', '.join(str(cell) for cell in row)})" for row in rows]
        lines += [f"#define {name}(X) \\", " \\\n".join(cells), ""]
    return "\n".join(lines)


def write(path, new):
    if not path.exists() or path.read_text() != new:
        path.write_text(new)


def main():
    catalogue, out = Path(sys.argv[1]), Path(sys.argv[2]) / "catalogue"
    out.mkdir(parents=True, exist_ok=True)
    for kind, rows in KINDS.items():
        data = json.loads((catalogue / f"{kind}.json").read_text())
        write(out / f"{kind}.h", header(f"{kind}.json", rows(data["entries"])))
    write(out / "editable.h", header("schemas", [("CATALOGUE_EDITABLE", list(editables(catalogue)))]))


main()
