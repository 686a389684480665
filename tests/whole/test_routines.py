# suite: builds=asan alone deadline_s=600
"""Each of the fifteen routines from start to end on a unit, staff confirming what is theirs; and the trace the unit left."""

import datetime
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402
from whole import steps  # noqa: E402

ROUTINES = ("lower-limb-classic", "flat-feet", "hallux-valgus", "acupressure-foot", "toe-antistress", "heel-spur", "self-foot-eight",
            "pebble-box", "relax-10", "reflex-foot", "hand-four-strokes", "hand-self", "foot-four-strokes", "foot-self",
            "high-heel-relief", "legs-firming", "lymph-legs", "cupping-legs")
BY_ITSELF = ("relax-10", "reflex-foot", "high-heel-relief", "pebble-box", "lymph-legs")
# Nothing applies to the guest; remedial routines need both.
YESTERDAY = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
INTAKE = {"none_apply": True, "clearances": [{"kind": kind, "by": "Dr Weber", "on": YESTERDAY}
                                             for kind in ("doctor_note", "certified_operator")]}
SAMPLE_MS = 2000  # between two samples of a unit, and some more


def run(spa, device, slug):
    """Run it, confirming what asks for it, each step once. What is left to check afterwards."""
    reply = spa.api.post("/api/v1/sessions", {"device_id": device, "routine": slug, "intake": INTAKE})
    tap.equal(reply.status, 201, reply)
    made = reply.json
    asked = [item["step"] for item in walk(spa, made["id"]) if item["by_hand"] and item["ends"] == "confirm"]
    for step in asked:
        def waits():
            now = steps.session(spa.api, made["id"])
            tap.check(now["state"] not in steps.ENDED and now["step"] <= step, now)
            return now["state"] == "waiting" and now["step"] == step
        until(waits, 120, f"{slug} to wait at step {step}")
        steps.act(spa.api, made["id"], "confirm", {"step": step})
    steps.reach(spa.api, made["id"], "completed", deadline_s=120)
    steps.disinfect(spa.api, device)
    return made["id"], asked


def work(spa, device, slugs, done):
    while slugs:
        try:
            slug = slugs.pop(0)
        except IndexError:
            return
        try:
            done[slug] = run(spa, device, slug)
        except Exception as broken:
            done[slug] = broken


def world():
    """All of them have run, each on a unit with rollers and air, four units at a time."""
    with Spa(sites=1, devices=8, speed=60) as spa:
        done, slugs = {}, list(ROUTINES)
        devices = [spa.device("spa-pro", i) for i in range(4)]
        threads = [threading.Thread(target=work, args=(spa, device, slugs, done)) for device in devices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for device in devices:
            steps.telemetry_is_whole(spa, device)
        yield spa, done


def trace(spa, session_id):
    """What the unit measured: step by step the first and the last moment of program time, in the order they came."""
    rows = spa.sql("""SELECT step, min(elapsed_ms) AS first, max(elapsed_ms) AS last, min(n) AS n FROM telemetry
                      WHERE session_id = :'session' AND step < :'steps' GROUP BY step ORDER BY min(n)""",
                   session=session_id, steps=len(walk(spa, session_id)))
    return [(int(row["step"]), int(row["first"]), int(row["last"])) for row in rows]


def walk(spa, session_id):
    reply = spa.api.get(f"/api/v1/sessions/{session_id}/steps")
    tap.equal(reply.status, 200, reply)
    return reply.json["items"]


@tap.test
@tap.rows(*ROUTINES)
def each_routine_runs_from_start_to_end_in_its_order_and_its_time(world, slug):
    spa, done = world
    if isinstance(done[slug], Exception):
        raise done[slug]
    session_id, confirmed = done[slug]
    items = walk(spa, session_id)
    written = spa.api.get(f"/api/v1/routines/{slug}").json["content"]["steps"]
    order = [item["routine_step"] for item in items]
    tap.equal(order, sorted(order))
    tap.equal(sorted(set(order)), list(range(len(written))))
    tap.equal([item["technique"] for item in items], [written[number]["technique"] for number in order])
    tap.check(all(item["state"] == "done" for item in items), items)
    tap.check(slug not in BY_ITSELF or not confirmed, confirmed)

    measured = trace(spa, session_id)
    tap.equal([step for step, _, _ in measured], sorted(step for step, _, _ in measured))
    seen = dict((step, last - first) for step, first, last in measured)
    for item in items:
        if item["kind"] == "heat" or item["step"] in confirmed:
            continue
        took = seen.get(item["step"], 0)
        tap.check(item["duration_ms"] - 2 * SAMPLE_MS <= took <= item["duration_ms"], (item, took))
    end = steps.session(spa.api, session_id)
    least = sum(item["duration_ms"] for item in items if item["kind"] != "heat" and item["step"] not in confirmed)
    tap.check(least <= end["elapsed_ms"] <= sum(item["duration_ms"] for item in items) + SAMPLE_MS, (least, end))


tap.main(world, world_deadline_s=400)
