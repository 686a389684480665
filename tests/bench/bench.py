#!/usr/bin/env python3
"""`make bench`: figures of one run on this machine, each beside its yardstick from the same run.

Absolute figures drift by half within an hour; compare ratios. Writes .local/bench.json. SCALE=0.2 makes a short run.
"""

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/bench")]
os.environ.setdefault("PEDILUVE_BUILD", str(ROOT / "build/release"))
from harness import Fleet, Spa, free_port, until  # noqa: E402
from harness.broker import SERVER_USER  # noqa: E402
from harness.process import Process  # noqa: E402
import agent_cost  # noqa: E402
import dashboard  # noqa: E402

SCALE = float(os.environ.get("SCALE", "1"))
BUILD = Path(os.environ["PEDILUVE_BUILD"])
CONNECTIONS, THREADS = 64, 2
ONLINE, LOADED = 60, 560  # devices that agents play; up to here those that the telemetry load plays
results = {}


def say(name, value, note=""):
    results[name] = value
    shown = f"{value:,.0f}" if isinstance(value, (int, float)) and value >= 100 else f"{value:,.3g}" \
        if isinstance(value, (int, float)) else value
    print(f"{name:<58} {shown:>12}  {note}", flush=True)


def rss_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(url, token=None, seconds=None):
    words = ["wrk", "-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{max(2, int((seconds or 8) * SCALE))}s", "--latency"]
    if token:
        words += ["-H", f"Authorization: Bearer {token}"]
    text = subprocess.run([*words, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"bench: {url} answered with errors\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


class Bare(Process):
    """libmicrohttpd with a fixed reply: the yardstick of the live view."""

    name = "bare_reply"

    def __init__(self, log, size):
        super().__init__(log)
        self.port, self.size = free_port(), size

    def command(self):
        return [BUILD / "bench/bare_reply", str(self.port), "2", str(self.size)]

    def ready(self):
        return subprocess.run(["curl", "-fs", "-o", "/dev/null", f"http://127.0.0.1:{self.port}/"]).returncode == 0


def pgbench(spa, name, script, clients, seconds=8):
    file = spa.state / f"{name}.sql"
    file.write_text(script)
    url = spa.database_url
    program = next(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    text = subprocess.run([program, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T",
                           str(max(2, int(seconds * SCALE))), "-f", file, url], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", text).group(1))


def live_view(spa, token):
    device = spa.device()
    url = f"{spa.server.url}/api/v1/devices/{device}"
    size = len(spa.api.get(f"/api/v1/devices/{device}").body)
    with Bare(spa.state / "log/bare.log", size) as bare:
        bare.start().wait_ready()
        yardstick = wrk(f"http://127.0.0.1:{bare.port}/")
    rate = wrk(url, token)
    say("live view of one device, requests/s", rate, f"{rate / yardstick:.2f} of a bare reply of {size} bytes ({yardstick:,.0f}/s)")
    results["live view / bare reply"] = rate / yardstick


def creation(spa, token):
    devices = spa.state / "devices.txt"
    fresh = [row["id"] for row in spa.sql("""SELECT id FROM device WHERE cleaning = 'clean' AND NOT EXISTS
        (SELECT FROM session WHERE device_id = device.id) ORDER BY id""")]
    kept = {each["device_id"] for each in spa.fleet_devices()[:LOADED]}  # those of the other measurements
    devices.write_text("\n".join(each for each in fresh if each not in kept) + "\n")
    environment = {**os.environ, "PEDILUVE_TOKEN": token, "PEDILUVE_BENCH_DEVICES": str(devices),
                   "PEDILUVE_BENCH_THREADS": str(THREADS)}
    text = subprocess.run(["wrk", "-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{max(3, int(15 * SCALE))}s", "-s", ROOT / "tests/bench/create.lua",
                           spa.server.url], check=True, capture_output=True, text=True, env=environment).stdout
    done = json.loads(re.search(r"RESULT (\{.*\})", text).group(1))
    if done["other"]:
        raise SystemExit(f"bench: {done['other']} sessions were refused\n{text}")
    # wrk waits for its full time; the rate is that of the rows, between the first and the last of this run.
    spent = spa.sql("""SELECT extract(epoch FROM max(requested_at) - min(requested_at)) AS seconds, count(*) AS n FROM session
                       WHERE routine_slug = 'relax-10' AND device_id <> ALL(string_to_array(:'kept', ',')::uuid[])""",
                    kept=",".join(kept))[0]
    rate = int(spent["n"]) / float(spent["seconds"])
    # The same writes: session, command, audit and the device's counter, durable, as one transaction each.
    table = """CREATE TABLE IF NOT EXISTS bench_write (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, a jsonb, b text, c int)"""
    spa.sql(table)
    insert = "INSERT INTO bench_write (a, b, c) VALUES (('{\"p\":\"' || repeat('x', 4000) || '\"}')::jsonb, 'session', 1);\n" \
             "INSERT INTO bench_write (a, b, c) VALUES ('{}', 'command', 2);\n" \
             "INSERT INTO bench_write (a, b, c) VALUES ('{}', 'audit', 3);\n"
    workers = int((spa.server_env or {}).get("PEDILUVE_WORKERS", 8))
    yardstick = pgbench(spa, "create", f"BEGIN;\n{insert}COMMIT;\n", workers)
    say("session creation, requests/s", rate, f"{rate / yardstick:.2f} of pgbench, {workers} connections ({yardstick:,.0f}/s); "
        f"p50 {done['p50_ms']:.1f} ms, p99 {done['p99_ms']:.1f} ms at {CONNECTIONS} clients")
    results["session creation / pgbench"] = rate / yardstick


def session_list(spa, token):
    workers = int((spa.server_env or {}).get("PEDILUVE_WORKERS", 8))
    yardstick = pgbench(spa, "list", """SELECT id, device_id, site_id, routine_slug, routine_version, state, reason, step, step_count,
        elapsed_ms, remaining_ms, intensity, target_mdegc, requested_at, started_at, ended_at, version FROM session
        ORDER BY id DESC LIMIT 51;""", workers)
    rate = wrk(f"{spa.server.url}/api/v1/sessions?limit=50", token)
    say("page of 50 sessions, requests/s", rate, f"{rate / yardstick:.2f} of pgbench ({yardstick:,.0f}/s)")
    results["session list / pgbench"] = rate / yardstick


def round_trip(spa):
    device = spa.fleet_devices()[1]["device_id"]
    made = spa.api.post("/api/v1/sessions", {"device_id": device, "routine": "relax-10", "intake": {"none_apply": True}},
                        params={"wait": 10}).json
    until(lambda: spa.api.get(f"/api/v1/sessions/{made['id']}").json["state"] == "running", 20, "the session to run")
    took = []
    for turn in range(max(100, int(1000 * SCALE))):
        begun = time.perf_counter()
        reply = spa.api.post(f"/api/v1/sessions/{made['id']}/adjust", {"intensity": 50 + turn % 50}, params={"wait": 10},
                             headers={"Idempotency-Key": str(uuid.uuid4())})
        took.append((time.perf_counter() - begun) * 1000)
        if reply.status != 202 or reply.json["state"] != "succeeded":
            raise SystemExit(f"bench: {reply}")
    took.sort()
    spa.api.post(f"/api/v1/sessions/{made['id']}/stop", params={"wait": 10})
    say("POST to the device's ack and back, p50 ms", statistics.median(took),
        f"p99 {took[int(len(took) * 0.99) - 1]:.2f} ms, idle, the device's journal fsynced")


def telemetry(spa):
    offline = [each["device_id"] for each in spa.fleet_devices()[ONLINE:LOADED]]
    file = spa.state / "load.txt"
    file.write_text("\n".join(offline) + "\n")
    for batch, samples in ((1, int(600 * SCALE)), (10, int(3000 * SCALE))):
        before = cpu_s(spa.server.pid)
        done = json.loads(subprocess.run(
            [BUILD / "bench/telemetry_load", spa.broker.host, str(spa.broker.port), SERVER_USER, spa.broker.server_password, file, str(samples),
             str(batch)], check=True, capture_output=True, text=True).stdout)
        used = cpu_s(spa.server.pid) - before
        messages = done["samples"] / batch
        say(f"telemetry, {batch} a message, samples/s committed", done["per_second"],
            f"{used / messages * 1e6:.1f} us of server CPU a message, {done['resent']} sent again")


def lowering():
    catalogue = ROOT / "schema/catalogue"
    words = [BUILD / "bench/lowering_time", *sorted(catalogue.glob("models/*.json")), "--", *sorted(catalogue.glob("routines/*.json"))]
    done = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    say("lowering, a program of the catalogue, us", done["mean_us"],
        f"{done['programs']} programs; {done['max_us']:.0f} us at the most ({done['max_of']})")
    say("lowering, a routine of 200 steps, us", done["longest_us"], f"{done['longest_json_us']:.0f} us with its JSON; target 1000")


def main():
    devices = max(600, int(12000 * SCALE))
    print(f"pediluve bench: {devices} devices known, {CONNECTIONS} connections, load on the same {os.cpu_count()} cores\n")
    agent_cost.measure(say, max(5, 30 * SCALE))
    lowering()
    dashboard.measure(say, max(100, int(1000 * SCALE)), max(50, int(300 * SCALE)))
    with Spa(devices=ONLINE, speed=1, private_postgres=True) as small:
        round_trip(small)  # not beside what follows: the broker is held up for each of its thousands of new accounts
    spa = Spa(devices=devices, speed=1, fleet=False, private_postgres=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(spa)
        token = spa.server.token("bench", "owner")
        say("memory of the server, devices known, MiB", rss_mib(spa.server.pid), f"{devices} devices")
        small = json.loads(spa.fleet_file.read_text())
        small["devices"] = small["devices"][:ONLINE]
        few = spa.state / "few.json"
        few.write_text(json.dumps(small))
        few.chmod(0o600)
        fleet = Fleet(spa.state / "log/fleet.log", few, spa.state / "journal", speed=1, broker=spa.broker)
        stack.callback(fleet.stop)
        fleet.start()
        spa.wait_devices([each["device_id"] for each in small["devices"]], deadline_s=60)
        say(f"memory of a fleet of {ONLINE} agents, MiB", rss_mib(fleet.pid))
        live_view(spa, token)
        telemetry(spa)
        creation(spa, token)  # late: what is never sent expires by the thousand half a minute afterwards
        session_list(spa, token)
        say("memory of the server at the end, MiB", rss_mib(spa.server.pid))
    out = ROOT / ".local/bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {out.relative_to(ROOT)}")


main()
