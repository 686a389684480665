"""The reconnection storm: DEVICES (2000) devices in four processes lose their broker at once (kill -9) and come back. How long
until all of them are ready again, from the moment the broker listens. A step of `make soak`; prints one line a round."""

import json
import os
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Fleet, Spa, until  # noqa: E402

DEVICES, PROCESSES = int(os.environ.get("DEVICES") or 2000), 4
# The broker is gone for so long. At once: all devices knock within the half second of their first back-off, which shows what
# server and broker can bear. Later: the back-off has grown, and it is what spreads them.
AWAY_S = (0.0, 0.0, 3.0)


def ready(spa):
    """Cheaper to ask for than 2,000 devices, so that the looking does not slow what is looked at."""
    return int(re.search(r"^pediluve_devices_ready (\d+)$", spa.api.get("/metrics").body.decode(), re.M).group(1))


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def storm(spa, away_s):
    """(seconds until all are ready, the rate from the first tenth to the ninth, CPU microseconds of the server for each)"""
    spa.broker.kill9()
    time.sleep(away_s)
    cpu = cpu_s(spa.server.pid)
    spa.broker.start().wait_ready()
    began, marks = time.monotonic(), {}
    until(lambda: ready(spa) < DEVICES / 10, 30, "the loss to be noticed")
    while (now := ready(spa)) < DEVICES:
        for part in (0.1, 0.9):
            if now >= part * DEVICES:
                marks.setdefault(part, (time.monotonic(), now))
        if time.monotonic() - began > 180:
            raise SystemExit(f"storm: only {now} of {DEVICES} came back\n{spa.server.tail()}")
        time.sleep(0.02)
    end = (time.monotonic(), now)
    first, last = marks.get(0.1, end), marks.get(0.9, end)
    rate = (last[1] - first[1]) / max(last[0] - first[0], 0.001)
    return end[0] - began, rate, (cpu_s(spa.server.pid) - cpu) / DEVICES * 1e6


def main():
    with Spa(devices=DEVICES, speed=1, fleet=False, private_postgres=True) as spa:
        whole = json.loads(spa.fleet_file.read_text())
        fleets = []
        for i in range(PROCESSES):
            file = spa.state / f"fleet-{i}.json"
            file.write_text(json.dumps({**whole, "devices": whole["devices"][i::PROCESSES]}))
            file.chmod(0o600)
            fleets.append(Fleet(spa.state / f"log/fleet-{i}.log", file, spa.state / f"journal-{i}", speed=1, broker=spa.broker))
            fleets[-1].start()
        until(lambda: ready(spa) == DEVICES, 180, "all devices to be ready", every_s=0.5)
        rates = []
        for away_s in AWAY_S:
            time.sleep(5)
            took, rate, cpu_us = storm(spa, away_s)
            rates.append(rate)
            print(f"storm: broker away for {away_s:g} s: {DEVICES} devices ready {took:.1f} s after it was back, {rate:,.0f} a second in between, "
                  f"{cpu_us:.0f} us of server CPU each", flush=True)
        print(f"storm: median {statistics.median(rates):,.0f} devices a second", flush=True)
        for fleet in fleets:
            fleet.stop()


main()
