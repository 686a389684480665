"""Many seeds of the simulation on all cores: SEEDS (1000000) of them from SEED (1) on. The first seed that fails ends it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/tests/simulation/simulation"
LOT = 5000


def run(first, seeds):
    environment = {**os.environ, "SEED": str(first), "SEEDS": str(seeds)}
    done = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    first, seeds = int(os.environ.get("SEED") or 1), int(os.environ.get("SEEDS") or 1_000_000)
    lots = [(at, min(LOT, first + seeds - at)) for at in range(first, first + seeds, LOT)]
    began = word = time.monotonic()
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(run, *lot): lot for lot in lots}
        for each in as_completed(running):
            status, out = each.result()
            if status:
                pool.shutdown(wait=False, cancel_futures=True)
                sys.exit(out)
            done += running[each][1]
            if time.monotonic() - word > 60:
                word = time.monotonic()
                print(f"simulate: {done} seeds", flush=True)
    print(f"simulate: {done} seeds from {first}, nothing went wrong ({time.monotonic() - began:.0f} s)", flush=True)


main()
