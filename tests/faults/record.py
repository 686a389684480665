"""What was asked, what was answered, and what the devices did.

The API's side is a list of entries, one a request that somebody meant (all its tries have one Idempotency-Key):
    {"what": "start", "pause", ..., "clean"; "device", "session", "key", "tries": [status or "timeout", ...],
     "status": of the last answer or None, "body": of the last answer, "at": seconds}
The devices' side comes from triggers that the test adds to the journals (SQLite): every row that a device makes durable,
in its order, in the very transaction that makes it so. The product knows nothing of them.
"""

import contextlib
import json
import sqlite3
import threading
import time
import uuid

TRIGGERS = """
CREATE TABLE IF NOT EXISTS seen (i INTEGER PRIMARY KEY, device BLOB, what TEXT, id BLOB, phase INTEGER, elapsed_ms INTEGER,
                                 command BLOB, type INTEGER, state INTEGER, code INTEGER);
CREATE TRIGGER IF NOT EXISTS seen_session AFTER INSERT ON session BEGIN
    INSERT INTO seen (device, what, id, phase, elapsed_ms) VALUES (NEW.device, 'session', NEW.id, NEW.phase, NEW.elapsed_ms);
END;
CREATE TRIGGER IF NOT EXISTS seen_program AFTER INSERT ON program BEGIN
    INSERT INTO seen (device, what) VALUES (NEW.device, 'begin');
END;
CREATE TRIGGER IF NOT EXISTS seen_answer AFTER INSERT ON answer BEGIN
    INSERT INTO seen (device, what, id, command, type, state, code)
    VALUES (NEW.device, 'answer', NEW.session_id, NEW.command_id, NEW.type, NEW.state, NEW.code);
END;
"""
SPOOL_TRIGGERS = """
CREATE TABLE IF NOT EXISTS taken (boot INTEGER PRIMARY KEY, device BLOB, boot_id BLOB, n INTEGER NOT NULL DEFAULT 0);
INSERT OR IGNORE INTO taken (boot, device, boot_id, n)
    SELECT num, device, boot_id, committed FROM boot;
CREATE TRIGGER IF NOT EXISTS taken_boot AFTER INSERT ON boot BEGIN
    INSERT INTO taken (boot, device, boot_id) VALUES (NEW.num, NEW.device, NEW.boot_id);
END;
CREATE TRIGGER IF NOT EXISTS taken_sample AFTER INSERT ON sample BEGIN
    UPDATE taken SET n = max(n, NEW.n) WHERE boot = NEW.boot;
END;
"""
PHASES = ("none", "starting", "running", "waiting", "pausing", "paused", "stopping", "completed", "stopped", "aborted")
TYPES = ("start", "pause", "resume", "stop", "adjust", "confirm")
ACKS = ("accepted", "running", "succeeded", "failed", "rejected", "expired")


class Record:
    """Thread-safe. `began`: the monotonic time that `at` counts from."""

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = []
        self.began = time.monotonic()

    def now(self):
        return time.monotonic() - self.began

    def add(self, entry):
        with self.lock:
            self.entries.append({**entry, "at": round(self.now(), 3)})

    def save(self, path, devices):
        path.write_text("\n".join(json.dumps(each) for each in [*self.entries, {"devices": devices}]) + "\n")


def watch_journal(path):
    """Add the triggers. The agent must have made the journal, and must not run: it keeps the file to itself."""
    for file, script in ((path, TRIGGERS), (f"{path}.spool", SPOOL_TRIGGERS)):
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.executescript(script)


def text_id(blob):
    return str(uuid.UUID(bytes=blob)) if blob else None


def samples_taken(paths):
    """[{"device_id", "boot_id", "n"}]: how many samples the devices of these journals made durable in each boot since they are
    watched. They must not run."""
    taken = []
    for path in paths:
        with contextlib.closing(sqlite3.connect(f"{path}.spool")) as db:
            taken += [{"device_id": text_id(device), "boot_id": text_id(boot), "n": n}
                      for device, boot, n in db.execute("SELECT device, boot_id, n FROM taken WHERE n > 0")]
    return taken


def device_actions(paths):
    """All that the devices of these journals did, in order: {device: [{"what", ...}]}. They must not run."""
    actions = {}
    for path in paths:
        with contextlib.closing(sqlite3.connect(path)) as db:
            for device, what, ident, phase, elapsed, command, kind, state, code in db.execute(
                    "SELECT device, what, id, phase, elapsed_ms, command, type, state, code FROM seen ORDER BY i"):
                entry = {"what": what, "session": text_id(ident)}
                if what == "session":
                    entry.update(phase=PHASES[phase], elapsed_ms=elapsed)
                elif what == "answer":
                    entry.update(command=text_id(command), type=TYPES[kind], state=ACKS[state], code=code)
                actions.setdefault(text_id(device), []).append(entry)
    return actions
