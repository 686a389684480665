"""The checker of the runs under fire can fail: a good record passes, and each way of doctoring it is found."""

import copy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from faults.checker import judge  # noqa: E402
from harness import tap  # noqa: E402

DEVICE = "device-1"


def command(ident, session, kind, state="succeeded", code="ok"):
    return {"id": ident, "device_id": DEVICE, "session_id": session, "type": kind, "state": state, "code": code}


def answer(ident, session, kind, state):
    return {"what": "answer", "command": ident, "session": session, "type": kind, "state": state, "code": 0}


def phase(session, name):
    return {"what": "session", "session": session, "phase": name, "elapsed_ms": 0}


def asked(what, session, ident, key, state="succeeded"):
    return {"what": what, "device": DEVICE, "session": session, "key": key, "tries": ["timeout", 202],
            "status": 201 if what == "start" else 202, "body": {"id": ident, "state": state}, "at": 1.0}


def good():
    """One session that ran and was stopped, one that the device refused, one that was taken back unsent."""
    return {
        "entries": [asked("start", "s1", "s1", "k1", "requested"), asked("stop", "s1", "c2", "k2"),
                    asked("start", "s2", "s2", "k3", "requested"), asked("start", "s3", "s3", "k4", "requested")],
        "sessions": [{"id": "s1", "device_id": DEVICE, "state": "stopped", "reason": "command"},
                     {"id": "s2", "device_id": DEVICE, "state": "rejected", "reason": "interlock"},
                     {"id": "s3", "device_id": DEVICE, "state": "stopped", "reason": "cancelled"}],
        "commands": [command("c1", "s1", "start"), command("c2", "s1", "stop"), command("c3", "s2", "start", "rejected", "interlock"),
                     command("c4", "s3", "start", "cancelled", "cancelled"), command("c5", "s3", "stop", "succeeded", "never_sent")],
        "boots": [{"device_id": DEVICE, "boot_id": "b1", "rows": 98, "numbers": 98, "first": 1, "last": 100, "committed": 100,
                   "lost": 2}],
        "taken": [{"device_id": DEVICE, "boot_id": "b1", "n": 100}],
        "actions": {DEVICE: [
            phase("s1", "starting"), {"what": "begin", "session": None}, answer("c1", "s1", "start", "accepted"),
            phase("s1", "running"), answer("c1", "s1", "start", "succeeded"), phase("s1", "stopped"),
            answer("c2", "s1", "stop", "succeeded"), answer("c3", "s2", "start", "rejected")]}}


def log(record):
    return record["actions"][DEVICE]


def set_state(record, what, ident, state):
    next(each for each in record[what] if each["id"] == ident)["state"] = state


def run_again(record, session="s1"):
    log(record).extend([phase(session, "starting"), {"what": "begin", "session": None}])


def without(record, what, ident):
    record[what] = [each for each in record[what] if each["id"] != ident]


DOCTORED = (
    ("a session begun twice", lambda r: run_again(r), "began session s1 twice"),
    ("one that goes on after its end", lambda r: log(r).append(phase("s1", "running")), "went on after its end"),
    ("a ghost of a refused start", lambda r: run_again(r, "s2"), "ghost: session s2 is rejected"),
    ("a ghost of a start taken back", lambda r: run_again(r, "s3"), "ghost: start c4 is cancelled"),
    ("a session nobody asked for", lambda r: run_again(r, "s9"), "nobody asked for"),
    ("a command nobody gave", lambda r: log(r).append(answer("c9", "s1", "pause", "succeeded")), "which nobody gave"),
    ("a start that never ran", lambda r: log(r).__delitem__(slice(0, 6)), "its session never ran"),
    ("an acknowledged session that is gone", lambda r: without(r, "sessions", "s2"), "session s2 was acknowledged and is not there"),
    ("an acknowledged stop that is gone", lambda r: without(r, "commands", "c2"), "command c2 (stop) was acknowledged"),
    ("one key, two sessions", lambda r: r["entries"].append(asked("start", "s2", "s2", "k1")), "key k1 gave s1 and s2"),
    ("a command without an end", lambda r: set_state(r, "commands", "c2", "sent"), "command c2 (stop) is left sent"),
    ("a session without an end", lambda r: set_state(r, "sessions", "s1", "running"), "session s1 is left running"),
    ("another outcome than the device's", lambda r: set_state(r, "commands", "c2", "failed"), "the device said ['succeeded']"),
    ("an outcome that no device said", lambda r: log(r).pop(), "command c3 is rejected and the device never said so"),
    ("two outcomes of one command", lambda r: log(r).append(answer("c1", "s1", "start", "failed")), "was answered ['failed', 'succeeded']"),
    ("taken back and answered", lambda r: log(r).append(answer("c4", "s3", "start", "rejected")), "as never sent"),
    ("a stop that is not in force", lambda r: log(r).__delitem__(5), "was stopped and is running"),
    ("another end than the device's", lambda r: set_state(r, "sessions", "s1", "completed"), "ended on the device as stopped"),
    ("a sample twice", lambda r: r["boots"][0].update(rows=99), "1 samples twice"),
    ("a sample missing", lambda r: r["boots"][0].update(rows=97, numbers=97), "97 samples and 2 lost do not make 100"),
    ("the first sample missing, and not declared", lambda r: r["boots"][0].update(rows=100, numbers=100, first=2, lost=0), "samples 2..100"),
    ("samples that a device took and nobody has", lambda r: r["taken"][0].update(n=101), "101 samples taken, 100 committed"),
    ("a boot that nobody has heard of", lambda r: r["taken"][0].update(boot_id="b2"), "100 samples taken, 0 committed"),
    ("samples beyond the watermark", lambda r: r["boots"][0].update(last=101), "committed 100"),
)


@tap.test
def a_good_record_passes():
    tap.equal(list(judge(**good())), [])


@tap.test
@tap.rows(*DOCTORED)
def a_doctored_record_is_found(_name, doctor, expected):
    record = copy.deepcopy(good())
    doctor(record)
    found = list(judge(**record))
    tap.check(any(expected in sentence for sentence in found), found)


tap.main()
