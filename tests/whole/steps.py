"""What the whole-way tests do again and again: start, wait for a state, disinfect, and prove that telemetry is whole."""

import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import tap, until  # noqa: E402

ENDED = {"completed", "stopped", "aborted", "expired", "rejected"}
NOTHING_APPLIES = {"none_apply": True}


def order(device_id, routine="relax-10"):
    return {"device_id": device_id, "routine": routine, "intake": NOTHING_APPLIES}


def start(api, device_id, routine="relax-10", key=None, wait=None):
    """Start a session that must be accepted; its representation."""
    reply = api.post("/api/v1/sessions", order(device_id, routine), headers={"Idempotency-Key": key or str(uuid.uuid4())},
                     params={"wait": wait} if wait else None)
    tap.equal(reply.status, 201, reply)
    return reply.json


def session(api, session_id):
    reply = api.get(f"/api/v1/sessions/{session_id}")
    tap.equal(reply.status, 200, reply)
    return reply.json


def reach(api, session_id, *states, deadline_s=60):
    """Wait until the session is in one of the states; a session that ended elsewhere fails at once."""
    def there():
        now = session(api, session_id)
        if now["state"] in states:
            return now
        if now["state"] in ENDED:
            raise AssertionError(f"the session ended as {now}")
        return None
    return until(there, deadline_s, f"session {session_id} to be {' or '.join(states)}")


def act(api, session_id, action, body=None, wait=10):
    """One action that the device must carry out; the command."""
    reply = api.post(f"/api/v1/sessions/{session_id}/{action}", body, params={"wait": wait},
                     headers={"Idempotency-Key": str(uuid.uuid4())})
    tap.equal(reply.status, 202, reply)
    tap.equal(reply.json["state"], "succeeded", reply)
    return reply.json


def disinfect(api, device_id):
    reply = api.post(f"/api/v1/devices/{device_id}/cleanings",
                     {"kind": "after_client", "disinfectant": "Example Quat", "epa_number": "1839-83", "contact_minutes": 10,
                      "rinsed": True})
    tap.equal(reply.status, 201, reply)
    return reply.json


def telemetry_is_whole(spa, device_id, deadline_s=30):
    """Every sample of every boot is there once, none is missing, and the watermark stands at the last."""
    query = """SELECT t.boot_id, count(*) AS rows, count(DISTINCT t.n) AS numbers, min(t.n) AS first, max(t.n) AS last,
                      b.committed, b.lost
               FROM telemetry t JOIN device_boot b USING (device_id, boot_id)
               WHERE t.device_id = :'device' GROUP BY t.boot_id, b.committed, b.lost"""

    def settled():
        rows = spa.sql(query, device=device_id)
        return rows if rows and all(row["last"] == row["committed"] for row in rows) else None
    boots = until(settled, deadline_s, "the telemetry to be committed")
    for boot in boots:
        tap.equal(boot["lost"], "0", boot)
        tap.equal(boot["first"], "1", boot)
        tap.equal(boot["rows"], boot["last"], boot)
        tap.equal(boot["numbers"], boot["last"], boot)
    return boots


def ran_once(spa, session_id):
    """The device began it once and, in each of its boots, program time never went back. (After a loss of power it goes on
    from the last position in the journal, so the next boot may begin some seconds earlier.)"""
    rows = spa.sql("""SELECT b.boot_id, elapsed_ms FROM telemetry t JOIN device_boot b USING (device_id, boot_id)
                      WHERE session_id = :'session' ORDER BY b.boot_id, n""", session=session_id)
    tap.check(rows, f"session {session_id} has no samples")
    for boot in {row["boot_id"] for row in rows}:
        elapsed = [int(row["elapsed_ms"]) for row in rows if row["boot_id"] == boot]
        tap.equal(elapsed, sorted(elapsed))
    starts = spa.sql("SELECT state FROM command WHERE session_id = :'session' AND type = 'start'", session=session_id)
    tap.equal([row["state"] for row in starts], ["succeeded"])
