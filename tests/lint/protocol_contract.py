"""protocol/INTERFACES.md, the tables of the C code and openapi/asyncapi.yaml say the same, key by key.

The C side is what protocol_dump of the build in PEDILUVE_BUILD prints."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

from files import ROOT, report

sys.path.insert(0, str(ROOT / "tests/vectors"))
import decoder  # noqa: E402

MESSAGES = ("hello", "command", "ack", "state", "telemetry", "committed", "presence", "server")
PAGE = (ROOT / "protocol/INTERFACES.md").read_text()
DUMP = json.loads(subprocess.check_output(
    [Path(os.environ.get("PEDILUVE_BUILD", ROOT / "build/dev")) / "tests/unit/protocol/protocol_dump"], text=True))
API = yaml.safe_load((ROOT / "openapi/asyncapi.yaml").read_text())
SCHEMAS = API["components"]["schemas"]


# --- One neutral shape: {table: {key: (type, low, high, required, nullable, absent)}}, keys in order. ---

def page_tables():
    tables, section = {}, None
    for line in PAGE.splitlines():
        heading = re.match(r"#+ (.*)", line)
        if heading:
            section = heading[1].strip()
        row = re.match(r"\| `(\w+)` \| ([^|]+) \| ([^|]*)\| (yes|no|or null) \|([^|]*)\|", line)
        if row:
            key, kind, bounds, required, absent = (cell.strip() for cell in row.groups())
            low, high = re.match(r"(-?\d+)\.\.(-?\d+)", bounds).groups() if bounds else (None, None)
            tables.setdefault(section, {})[key] = (
                kind, low and int(low), high and int(high), required == "yes", required == "or null", absent)
    return tables


def code_tables():
    tables = {}

    def kind_of(f):
        if f["type"] == "enum":
            return "enum " + f["enum"]
        if f["type"] == "object":
            return "object " + f["key"]
        if f["type"] == "list":
            return "list of " + (f["key"].removesuffix("s") if "fields" in f else kind_of(f["item"]))
        return f["type"]

    def absent_of(f):
        if f["required"]:
            return ""
        if f["has"] or f["type"] in ("uuid", "object", "list"):
            return "-"
        if f["nullable"]:
            return "unknown"
        return {"bool": "false", "text": '""', "int": str(f["absent"]),
                "enum": DUMP["enums"].get(f.get("enum"), [""])[f["absent"] if f["type"] == "enum" else 0]}[f["type"]]

    def table(name, fields):
        rows = {f["key"]: (kind_of(f), f.get("min"), f.get("max"), f["required"], f["nullable"], absent_of(f))
                for f in fields}
        if tables.setdefault(name, rows) != rows:
            raise SystemExit(f"two tables of the code are called {name}")
        for f in fields:
            if "fields" in f:
                table(kind_of(f).split()[-1], f["fields"])

    for name, message in DUMP["messages"].items():
        table(name, message["fields"])
    table("model", DUMP["model"])
    return tables


def api_tables():
    tables = {}

    def reference(schema):
        return schema["$ref"].removeprefix("#/components/schemas/")

    def kind_of(schema):
        if "allOf" in schema:
            schema = schema["allOf"][0]
        if "$ref" in schema:
            name = reference(schema)
            return ("enum " if "enum" in SCHEMAS[name] else "object ") + name
        kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
        if kind == "array":
            item = kind_of(schema["items"])
            return "list of " + item.removeprefix("object ")
        return "uuid" if schema.get("format") == "uuid" else {"boolean": "bool", "integer": "int", "string": "text"}[kind]

    def bound(schema, *names):
        return next((schema[name] for name in names if name in schema), None)

    for name, schema in SCHEMAS.items():
        if "enum" in schema:
            continue
        tables[name] = {}
        for key, prop in schema["properties"].items():
            required, nullable = key in schema["required"], isinstance(prop.get("type"), list)
            absent = "" if required else "unknown" if nullable and "integer" in prop["type"] else "-"
            if "default" in prop:
                default = prop["default"]
                absent = str(default) if default and isinstance(default, str) else json.dumps(default)
            tables[name][key] = (kind_of(prop), bound(prop, "minimum", "minItems", "minLength"),
                                 bound(prop, "maximum", "maxItems", "x-max-bytes"), required, nullable, absent)
    return tables


def differences(one, other, names):
    wrong = []
    for name in names:
        a, b = one.get(name), other.get(name)
        if a is None or b is None:
            wrong.append(f"{name}: there is no such table on {'both sides' if a is b else 'one side'}")
            continue
        if list(a) != list(b):
            wrong.append(f"{name}: keys {list(a)} and {list(b)}")
        wrong += [f"{name}.{key}: {a[key]} and {b[key]}" for key in a if key in b and a[key] != b[key]]
    return wrong


# --- Enums, limits, topics, sizes ---

def page_enums():
    rows = re.findall(r"^\| (\w+) \| ((?:`\w+` ?)+)\|$", PAGE, re.M)
    return {name: re.findall(r"`(\w+)`", names) for name, names in rows}


def enum_differences():
    wrong = [f"{name}: INTERFACES.md {page_enums().get(name)}, C {names}" for name, names in DUMP["enums"].items()
             if page_enums().get(name) != names]
    wrong += [f"{name}: no such enum in the code" for name in page_enums().keys() - DUMP["enums"].keys()]
    for name, schema in SCHEMAS.items():
        if "enum" in schema and schema["enum"] != DUMP["enums"].get(name):
            wrong.append(f"{name}: asyncapi.yaml {schema['enum']}, C {DUMP['enums'].get(name)}")
    for sentence, key in (("Session states that are live", "live_session_states"), ("Final ack states", "final_ack_states")):
        said = re.search(re.escape(sentence) + r": ((?:`\w+` ?)+)", PAGE)
        if not said or re.findall(r"`(\w+)`", said[1]) != DUMP[key]:
            wrong.append(f"{sentence}: C {DUMP[key]}")
    return wrong


def limit_differences():
    header = (ROOT / "protocol/limits.h").read_text()
    code = {name: int(value) for name, value in re.findall(r"#define (PROTO_\w+) \(?(-?\d+)\)?", header)}
    page = {name: int(value) for name, value in re.findall(r"^\| `(PROTO_\w+)` \| (-?\d+) \|", PAGE, re.M)}
    defined = set(re.findall(r"#define (PROTO_\w+) \S", header))
    return [f"{name}: limits.h {code.get(name)}, INTERFACES.md {page.get(name)}"
            for name in sorted(code.keys() | page.keys() | defined) if code.get(name) != page.get(name) or name not in code]


def topic_differences():
    rows = re.findall(r"^\| `(pediluve/v1/\S+)` \| (device|server) \| (\d) \| (yes|no) \|", PAGE, re.M)
    page = {topic: (sender, int(qos), retained == "yes") for topic, sender, qos, retained in rows}
    code = {t["filter"].replace("+", "{device}"): (t["sender"], t["qos"], t["retained"]) for t in DUMP["topics"]}
    code[DUMP["server_presence"]] = ("server", 1, False)
    wrong = [f"{topic}: INTERFACES.md {page.get(topic)}, C {code.get(topic)}" for topic in sorted(page.keys() | code.keys())
             if page.get(topic) != code.get(topic)]
    api = {}
    for name, operation in API["operations"].items():
        channel = API["channels"][operation["channel"]["$ref"].removeprefix("#/channels/")]
        binding = operation["bindings"]["mqtt"]
        if operation["tags"][0]["name"] != re.match(r"device|server", name)[0]:
            wrong.append(f"{name}: another one's tag")
        if operation["action"] == "send":
            api[channel["address"]] = (operation["tags"][0]["name"], binding["qos"], binding["retain"])
        elif binding["qos"] != code.get(channel["address"], (None, None))[1]:
            wrong.append(f"{name}: QoS {binding['qos']}")
    will = API["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    if code.get(will["topic"]) != ("device", will["qos"], will["retain"]):
        wrong.append(f"last will {will['topic']}: C {code.get(will['topic'])}")
    wrong += [f"{topic}: asyncapi.yaml {api.get(topic)}, C {code.get(topic)}" for topic in sorted(api.keys() | code.keys())
              if api.get(topic) != code.get(topic)]
    return wrong


def size_differences():
    wrong = []
    for name in MESSAGES:
        code = DUMP["messages"][name]["max_bytes"]
        said = re.search(rf"^### {name}\nAt most (\d+) bytes", PAGE, re.M)
        api = API["components"]["messages"][name]["x-max-bytes"]
        if not said or int(said[1]) != code or api != code or decoder.MAX_BYTES[name] != code:
            wrong.append(f"{name}: C {code}, INTERFACES.md {said and said[1]}, asyncapi.yaml {api}")
    return wrong


# --- The schemas at work, on the golden vectors ---

def resolved(schema):
    """The schema with its references into components put in place: jsonschema then needs no resolver."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return resolved(SCHEMAS[schema["$ref"].removeprefix("#/components/schemas/")])
        return {key: resolved(value) for key, value in schema.items()}
    return [resolved(item) for item in schema] if isinstance(schema, list) else schema


def beyond_schema(case):
    """Faults that a JSON schema cannot see: bytes, control characters, 7.0 as an integer, rules across fields."""
    text = case.get("text", "")
    return (any(fault in ("syntax", "duplicate_key", "too_long", "bad_format") or pointer == "" for fault, pointer in
                case["errors"]) or re.search(r":\d+(\.0|e0)\b", text))


def vector_differences():
    wrong = []
    for name in MESSAGES:
        check = jsonschema.Draft7Validator(resolved(SCHEMAS[name]))
        vectors = json.loads((ROOT / f"tests/vectors/{name}.json").read_text())
        for case in vectors["valid"]:
            wrong += [f"{name}: {case['name']}: {error.message[:100]}" for error in check.iter_errors(json.loads(case["text"]))]
        for case in vectors["invalid"]:
            if beyond_schema(case):
                continue
            tree = decoder.load(case["text"].encode())
            tables = decoder._Decoder(closed=False)
            tables.table(name, tree, "")
            if tables.errors and check.is_valid(tree):
                wrong.append(f"{name}: the schema takes what is refused: {case['name']}")
        for example in API["components"]["messages"][name]["examples"]:
            try:
                decoder.decode(name, json.dumps(example["payload"]).encode())
            except decoder.Refused as refused:
                wrong.append(f"{name}: its example in asyncapi.yaml: {refused.errors}")
    return wrong


PAGE_TABLES, CODE_TABLES = page_tables(), code_tables()
report({
    "the tables of INTERFACES.md are those of the code": differences(
        PAGE_TABLES, CODE_TABLES, sorted(PAGE_TABLES.keys() | CODE_TABLES.keys())),
    "the schemas of asyncapi.yaml are the tables of the code": differences(
        api_tables(), CODE_TABLES, sorted(CODE_TABLES.keys() - {"model", "actuator"})),
    "asyncapi.yaml has no schema that the code does not have": sorted(
        api_tables().keys() - CODE_TABLES.keys()),
    "the enums are the same everywhere": enum_differences(),
    "the limits of INTERFACES.md are those of limits.h": limit_differences(),
    "topics, senders, QoS and retention are the same everywhere": topic_differences(),
    "the largest sizes of messages are the same everywhere": size_differences(),
    "the schemas of asyncapi.yaml agree with the golden vectors": vector_differences(),
})
