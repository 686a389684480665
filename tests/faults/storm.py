"""The reconnection storm: DEVICES (2000) devices in four processes lose their broker at once (kill -9) and come back. How long
until all of them are ready again, from the moment the broker listens. A step of `make soak`; prints one line a round."""

import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Fleet, Spa, until  # noqa: E402

DEVICES, PROCESSES, ROUNDS = int(os.environ.get("DEVICES") or 2000), 4, int(os.environ.get("ROUNDS") or 3)
AWAY_S = 2.0  # the broker is gone for so long


def ready(spa):
    return sum(item["ready"] for item in spa.api.pages("/api/v1/devices", {"limit": 200}))


def storm(spa):
    """(seconds until all are ready, seconds until half are) after the broker listens again."""
    spa.broker.kill9()
    until(lambda: ready(spa) == 0, 30, "the loss to be noticed")
    time.sleep(AWAY_S)
    spa.broker.start().wait_ready()
    began, half = time.monotonic(), None
    while (now := ready(spa)) < DEVICES:
        if half is None and now >= DEVICES / 2:
            half = time.monotonic() - began
        if time.monotonic() - began > 180:
            raise SystemExit(f"storm: only {now} of {DEVICES} came back\n{spa.server.tail()}")
        time.sleep(0.05)
    took = time.monotonic() - began
    return took, half or took


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
        for _ in range(ROUNDS):
            time.sleep(5)
            took, half = storm(spa)
            rates.append(DEVICES / took)
            print(f"storm: {DEVICES} devices ready again {took:.1f} s after the broker, half of them after {half:.1f} s; "
                  f"{DEVICES / took:,.0f} a second", flush=True)
        print(f"storm: median {statistics.median(rates):,.0f} devices a second", flush=True)
        for fleet in fleets:
            fleet.stop()


main()
