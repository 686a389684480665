"""A second codec of the device protocol, written from protocol/INTERFACES.md and not from the C code,
so that a mistake has to be made twice to pass. Used by test_vectors.py and by black-box tests."""

import json
import re

COUNT = 9007199254740991
TIME = 7258118399999
WATER_MIN, WATER_MAX = 10000, 43000
NESTING_MAX = 32

ENUMS = {
    "mode": "idle session fault maintenance",
    "session_state": "none starting running paused waiting completed stopped aborted",
    "reason": "none command local_stop emergency_stop power_loss over_temperature sensor_stale sensor_implausible"
              " sensor_disagree level_low over_current heating_failed max_time journal heating_runaway sensor_stuck thermal_cutout"
              " motor_fault leak lid_open drain_open loop_overrun board_failed",
    "command_type": "start pause resume stop adjust confirm self_test",
    "ack_state": "accepted running succeeded failed rejected expired",
    "ack_code": "ok stale_epoch old_sequence expired bad_message bad_program wrong_model busy no_session wrong_session"
                " wrong_state wrong_step over_limit interlock journal_failed superseded",
    "check_result": "passed failed skipped",
    "step_kind": "run heat guide rest",
    "wave": "steady pulse travel alternate sequence",
    "direction": "proximal distal both",
    "actuator_kind": "heater jets roller air vibration shiatsu vacuum",
}
ENUMS = {name: names.split() for name, names in ENUMS.items()}

REQUIRED = object()  # what an absent key means: REQUIRED refuses it, None is "not said"


class Key:
    def __init__(self, name, kind, low=None, high=None, absent=REQUIRED, nullable=False):
        self.name, self.kind, self.low, self.high = name, kind, low, high
        self.absent, self.nullable = absent, nullable


TABLES = {
    "hello": [
        Key("v", "int", 1, 1), Key("boot_id", "uuid"), Key("epoch", "int", 1, COUNT), Key("last_seq", "int", 0, COUNT),
        Key("agent", "text", 1, 32), Key("model", "text", 1, 32), Key("model_version", "int", 1, 1000000),
        Key("uncommitted", "int", 0, COUNT), Key("simulated", "bool", absent=False), Key("state", "object state")],
    "command": [
        Key("id", "uuid"), Key("seq", "int", 1, COUNT), Key("epoch", "int", 1, COUNT),
        Key("type", "enum command_type"), Key("session_id", "uuid"), Key("expires_at", "int", 0, TIME, absent=0),
        Key("intensity", "int", 0, 100, absent=None), Key("water_mdegc", "int", 0, WATER_MAX, absent=None),
        Key("step", "int", 0, 255, absent=None), Key("program", "object program", absent=None)],
    "ack": [
        Key("command_id", "uuid"), Key("boot_id", "uuid"), Key("seq", "int", 1, COUNT), Key("epoch", "int", 1, COUNT),
        Key("state", "enum ack_state"), Key("code", "enum ack_code"), Key("at", "int", 0, TIME),
        Key("detail", "text", 0, 160, absent=""), Key("checks", "list check", 0, 148, absent=[])],
    "check": [Key("name", "text", 1, 48), Key("result", "enum check_result"), Key("detail", "text", 0, 96, absent="")],
    "state": [
        Key("boot_id", "uuid"), Key("epoch", "int", 1, COUNT), Key("n", "int", 0, COUNT), Key("at", "int", 0, TIME),
        Key("mode", "enum mode"), Key("session", "object session"), Key("values", "object values"),
        Key("faults", "list enum reason", 0, 8), Key("rinse", "bool", absent=False)],
    "session": [
        Key("id", "uuid", absent=None, nullable=True), Key("state", "enum session_state"), Key("reason", "enum reason"),
        Key("step", "int", 0, 256), Key("step_count", "int", 0, 256), Key("elapsed_ms", "int", 0, 86400000),
        Key("remaining_ms", "int", 0, 86400000), Key("intensity", "int", 0, 100),
        Key("target_mdegc", "int", 0, WATER_MAX), Key("started_at", "int", 0, TIME, absent=0),
        Key("ended_at", "int", 0, TIME, absent=0)],
    "values": [
        Key("water_mdegc", "int", -50000, 150000, absent=None, nullable=True),
        Key("level_permille", "int", 0, 1000, absent=None, nullable=True), Key("current_ma", "int", 0, 100000),
        Key("heater_permille", "int", 0, 1000)],
    "telemetry": [
        Key("boot_id", "uuid"), Key("session_id", "uuid", absent=None, nullable=True), Key("n", "int", 1, COUNT),
        Key("lost", "int", 0, COUNT, absent=0), Key("samples", "list sample", 1, 50)],
    "sample": [
        Key("at", "int", 0, TIME), Key("step", "int", -1, 256), Key("elapsed_ms", "int", 0, 86400000),
        Key("water_mdegc", "int", -50000, 150000, absent=None, nullable=True), Key("target_mdegc", "int", 0, WATER_MAX),
        Key("level_permille", "int", 0, 1000, absent=None, nullable=True), Key("current_ma", "int", 0, 100000),
        Key("heater_permille", "int", 0, 1000), Key("intensity", "int", 0, 100)],
    "committed": [
        Key("boot_id", "uuid"), Key("epoch", "int", 0, COUNT), Key("n", "int", 0, COUNT), Key("at", "int", 0, TIME)],
    "presence": [Key("online", "bool"), Key("boot_id", "uuid"), Key("epoch", "int", 1, COUNT)],
    "server": [Key("instance", "uuid"), Key("spread_ms", "int", 0, 600000)],
    "program": [
        Key("model", "text", 1, 32), Key("model_version", "int", 1, 1000000), Key("intensity_max", "int", 0, 100),
        Key("water_max_mdegc", "int", 0, WATER_MAX), Key("total_max_ms", "int", 1, 7200000),
        Key("rinse", "bool", absent=False), Key("barred", "list enum actuator_kind", 0, 7, absent=[]), Key("steps", "list step", 1, 256)],
    "step": [
        Key("kind", "enum step_kind"), Key("auto_next", "bool", absent=False), Key("source_step", "int", -1, 255),
        Key("ms", "int", 0, 3600000), Key("water_mdegc", "int", 0, WATER_MAX), Key("sets", "list set", 0, 8)],
    "set": [
        Key("channel", "int", 0, 15), Key("level", "int", 0, 100), Key("wave", "enum wave", absent="steady"),
        Key("direction", "enum direction", absent="proximal"), Key("duty_permille", "int", 1, 1000, absent=1000),
        Key("period_ms", "int", 0, 60000, absent=0), Key("ramp_ms", "int", 0, 3600000, absent=0)],
    "model": [
        Key("id", "text", 1, 32), Key("version", "int", 1, 1000000), Key("name", "text", 1, 64),
        Key("water_max_mdegc", "int", WATER_MIN, WATER_MAX), Key("session_max_ms", "int", 1000, 7200000),
        Key("tub_ml", "int", 0, 100000), Key("heater_w", "int", 0, 5000), Key("level_min_permille", "int", 0, 1000),
        Key("water_sensors", "int", 1, 2), Key("actuators", "list actuator", 1, 16)],
    "actuator": [
        Key("name", "text", 1, 32), Key("kind", "enum actuator_kind"), Key("zone", "text", 1, 32),
        Key("cells", "int", 1, 8), Key("level_max", "int", 1, 100), Key("current_max_ma", "int", 0, 100000),
        Key("ramp_min_ms", "int", 0, 60000)],
}

MAX_BYTES = {"hello": 2048, "command": 294912, "ack": 65536, "state": 2048, "telemetry": 16384, "committed": 512,
             "presence": 512, "server": 512}


class Refused(Exception):
    """errors: [(fault, pointer)] in order."""

    def __init__(self, errors):
        super().__init__(str(errors))
        self.errors = errors


class _Duplicate(Exception):
    pass


class _Overflow(Exception):
    pass


def _integer(text):
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise _Overflow()
    return value


def _pairs(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise _Duplicate()
    return dict(pairs)


def _constant(text):
    raise ValueError(text)


def _real(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Overflow()
    return value


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)


def _too_deep(raw):
    bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", raw, flags=re.S)
    depth = 0
    for byte in bare:
        depth += (byte in b"{[") - (byte in b"}]")
        if depth > NESTING_MAX:
            return True
    return False


def load(raw):
    if _too_deep(raw):
        raise Refused([("syntax", "")])
    try:
        tree = json.loads(raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant,
                          parse_int=_integer, parse_float=_real)
    except _Duplicate:
        raise Refused([("duplicate_key", "")])
    except _Overflow:
        raise Refused([("out_of_range", "")])
    except (ValueError, RecursionError):
        raise Refused([("syntax", "")])
    for text in _texts(tree):
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise Refused([("syntax", "")])
    return tree


def _control(c):
    return (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"


def _escape(key):
    return key.replace("~", "~0").replace("/", "~1")


class _Decoder:
    def __init__(self, closed):
        self.errors = []
        self.closed = closed  # unknown keys are refused

    def fail(self, fault, at):
        self.errors.append((fault, at))

    def table(self, name, value, at):
        if not isinstance(value, dict):
            self.fail("wrong_type", at)
            return None
        result = {}
        for key in TABLES[name]:
            here = at + "/" + _escape(key.name)
            found = value.get(key.name, REQUIRED)
            if found is None and key.nullable:
                found = REQUIRED
            if found is REQUIRED:
                if key.absent is REQUIRED:
                    self.fail("missing", here)
                result[key.name] = key.absent
            else:
                result[key.name] = self.value(key, key.kind, found, here)
        if self.closed:
            for unknown in value.keys() - {key.name for key in TABLES[name]}:
                self.fail("unknown_property", at + "/" + _escape(unknown))
        return result

    def value(self, key, kind, value, at):
        first, _, rest = kind.partition(" ")
        return getattr(self, "_" + first)(key, rest, value, at)

    def _bool(self, key, _, value, at):
        if not isinstance(value, bool):
            self.fail("wrong_type", at)
        return value

    def _int(self, key, _, value, at):
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail("wrong_type", at)
        elif not key.low <= value <= key.high:
            self.fail("out_of_range", at)
        return value

    def _text(self, key, _, value, at):
        if not isinstance(value, str):
            self.fail("wrong_type", at)
            return value
        size = len(value.encode("utf-8"))
        if size > key.high:
            self.fail("too_long", at)
        elif size < key.low:
            self.fail("too_short", at)
        elif any(_control(c) for c in value):
            self.fail("bad_format", at)
        return value

    def _uuid(self, key, _, value, at):
        if not isinstance(value, str):
            self.fail("wrong_type", at)
        elif not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value, re.A):
            self.fail("bad_format", at)
        else:
            return value.lower()
        return None

    def _enum(self, key, name, value, at):
        if not isinstance(value, str):
            self.fail("wrong_type", at)
        elif value not in ENUMS[name]:
            self.fail("not_one_of", at)
        return value

    def _object(self, key, name, value, at):
        return self.table(name, value, at)

    def _list(self, key, item, value, at):
        if not isinstance(value, list):
            self.fail("wrong_type", at)
            return None
        if len(value) > key.high:
            self.fail("too_many", at)
            return None
        if len(value) < key.low:
            self.fail("too_short", at)
        one = (lambda v, here: self.table(item, v, here)) if item in TABLES else \
              (lambda v, here: self.value(key, item, v, here))
        return [one(v, f"{at}/{i}") for i, v in enumerate(value)]


def _state_rules(m, at, fail):
    session = m["session"]
    if session["state"] == "none" and session["id"] is not None:
        fail("bad_format", at + "/session/id")
    if session["state"] != "none" and session["id"] is None:
        fail("missing", at + "/session/id")
    if session["step"] > session["step_count"]:
        fail("out_of_range", at + "/session/step")


def _hello_rules(m, fail):
    if m["state"]["boot_id"] != m["boot_id"]:
        fail("bad_format", "/state/boot_id")
    if m["state"]["epoch"] != m["epoch"]:
        fail("out_of_range", "/state/epoch")
    _state_rules(m["state"], "/state", fail)


_CARRIES = {"start": {"program"}, "adjust": {"intensity", "water_mdegc"}, "confirm": {"step"}}


def _command_rules(m, fail):
    carries = _CARRIES.get(m["type"], set())
    if m["type"] != "stop" and m["expires_at"] == 0:
        fail("missing", "/expires_at")
    if m["type"] == "adjust" and m["intensity"] is None and m["water_mdegc"] is None:
        fail("missing", "/intensity")
    for key in ("intensity", "water_mdegc", "step", "program"):
        if m[key] is not None and key not in carries:
            fail("unknown_property", "/" + key)
        if m[key] is None and key in carries and m["type"] != "adjust":
            fail("missing", "/" + key)
    if m["water_mdegc"] is not None and 0 < m["water_mdegc"] < WATER_MIN:
        fail("out_of_range", "/water_mdegc")


def _telemetry_rules(m, fail):
    if m["lost"] >= m["n"]:
        fail("out_of_range", "/lost")
    if m["n"] + len(m["samples"]) > COUNT:
        fail("out_of_range", "/n")


def _model_rules(m, fail):
    def slug(text):
        return re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text, re.A)

    heaters, names = 0, set()
    if not slug(m["id"]):
        fail("bad_format", "/id")
    for i, a in enumerate(m["actuators"]):
        at = f"/actuators/{i}/"
        if not slug(a["name"]):
            fail("bad_format", at + "name")
        if not slug(a["zone"]):
            fail("bad_format", at + "zone")
        if a["name"] in names:
            fail("duplicate_key", at + "name")
        names.add(a["name"])
        if a["kind"] == "heater" and heaters:
            fail("too_many", at + "kind")
        heaters += a["kind"] == "heater"
        if m["tub_ml"] == 0 and a["kind"] in ("heater", "jets"):
            fail("not_one_of", at + "kind")
    if (heaters > 0) != (m["heater_w"] > 0):
        fail("out_of_range", "/heater_w")


def _set_rules(p, step, s, model, seen, at, fail):
    if s["channel"] in seen:
        fail("duplicate_key", at + "channel")
    seen.add(s["channel"])
    if s["level"] > p["intensity_max"]:
        fail("out_of_range", at + "level")
    if s["ramp_ms"] > step["ms"]:
        fail("out_of_range", at + "ramp_ms")
    if (s["wave"] == "steady" and s["period_ms"] != 0) or (s["wave"] != "steady" and s["period_ms"] < 100):
        fail("out_of_range", at + "period_ms")
    if s["wave"] != "pulse" and s["duty_permille"] != 1000:
        fail("out_of_range", at + "duty_permille")
    if model is None:
        return
    if s["channel"] >= len(model["actuators"]):
        fail("out_of_range", at + "channel")
        return
    actuator = model["actuators"][s["channel"]]
    if actuator["kind"] == "heater" or actuator["kind"] in p["barred"]:
        fail("not_one_of", at + "channel")
    if s["level"] > actuator["level_max"]:
        fail("out_of_range", at + "level")


def check_program(p, model, fail):
    """The rules of a decoded program, for a decoded model or None."""
    if 0 < p["water_max_mdegc"] < WATER_MIN:
        fail("out_of_range", "/water_max_mdegc")
    if p["water_max_mdegc"] > 0 and "heater" in p["barred"]:
        fail("out_of_range", "/water_max_mdegc")
    for i, kind in enumerate(p["barred"]):
        if kind in p["barred"][:i]:
            fail("duplicate_key", "/barred")
    if sum(s["ms"] for s in p["steps"] if s["kind"] != "heat") > p["total_max_ms"]:
        fail("out_of_range", "/total_max_ms")
    if model is not None:
        for key, own in (("model", "id"), ("model_version", "version")):
            if p[key] != model[own]:
                fail("not_one_of", "/" + key)
        for key, own in (("water_max_mdegc", "water_max_mdegc"), ("total_max_ms", "session_max_ms")):
            if p[key] > model[own]:
                fail("out_of_range", "/" + key)
    heats = model is None or any(a["kind"] == "heater" for a in model["actuators"])
    for i, step in enumerate(p["steps"]):
        at = f"/steps/{i}/"
        waits = step["kind"] == "guide" and not step["auto_next"]
        if step["ms"] == 0 and not waits:
            fail("out_of_range", at + "ms")
        if step["auto_next"] and step["kind"] != "guide":
            fail("bad_format", at + "auto_next")
        if step["sets"] and (waits or step["kind"] == "rest"):
            fail("too_many", at + "sets")
        water = step["water_mdegc"]
        if water == 0:
            if step["kind"] == "heat":
                fail("out_of_range", at + "water_mdegc")
        else:
            for wrong in (water < WATER_MIN, water > p["water_max_mdegc"], not heats):
                if wrong:
                    fail("out_of_range", at + "water_mdegc")
        seen = set()
        for j, s in enumerate(step["sets"]):
            _set_rules(p, step, s, model, seen, f"{at}sets/{j}/", fail)


_RULES = {"hello": _hello_rules, "command": _command_rules, "telemetry": _telemetry_rules, "model": _model_rules,
          "state": lambda m, fail: _state_rules(m, "", fail)}


def decode(name, raw):
    """bytes -> dict with every key of the table; absent ones have the value that absence means."""
    if name in MAX_BYTES and len(raw) > MAX_BYTES[name]:
        raise Refused([("too_long", "")])
    decoder = _Decoder(closed=name == "model")
    result = decoder.table(name, load(raw), "")
    if not decoder.errors and name in _RULES:
        _RULES[name](result, decoder.fail)
    if decoder.errors:
        raise Refused(decoder.errors)
    return result


def _shape(name, value):
    """In the order of the table, without what equals its absent value."""
    out = {}
    for key in TABLES[name]:
        v = value[key.name]
        if key.absent is not REQUIRED and v == key.absent and type(v) is type(key.absent):
            continue
        kind, _, rest = key.kind.partition(" ")
        if kind == "object":
            v = _shape(rest, v)
        elif kind == "list" and rest in TABLES:
            v = [_shape(rest, item) for item in v]
        out[key.name] = v
    return out


def encode(name, value):
    return json.dumps(_shape(name, value), separators=(",", ":"), ensure_ascii=False).encode("utf-8")


_TOPIC = re.compile(r"pediluve/v1/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/"
                    r"(hello|command|ack|state|telemetry|committed|presence)", re.A)


def parse_topic(topic):
    """(device, channel), or None."""
    match = _TOPIC.fullmatch(topic)
    return match.groups() if match else None
