"""The dashboard's figures with 1,000 devices: the flow of tests/browser/test_figures.py on a spa of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOW = ROOT / "tests/browser/test_figures.py"


def measure(say, devices=1000, messages=300):
    file = ROOT / ".local/dashboard.json"
    file.parent.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, FLOW], text=True, capture_output=True,
                          env={**os.environ, "PEDILUVE_FIGURES": str(file), "PEDILUVE_FIGURES_DEVICES": str(devices),
                               "PEDILUVE_FIGURES_MESSAGES": str(messages)})
    if done.returncode != 0:
        raise SystemExit(f"bench: {done.stdout}{done.stderr}")
    took = json.loads(file.read_text())
    say("dashboard, first load: script, style and page, kB", took["page_kb"], f"{took['data_kb']:.0f} kB of data for {took['devices']} devices")
    say("dashboard, first tiles, ms", took["first_tiles_ms"], f"all {took['devices']} after {took['all_tiles_ms']:.0f} ms; target 1000")
    say("dashboard, message to painted tile, p50 ms", took["painted_p50_ms"],
        f"p95 {took['painted_p95_ms']:.0f} (target 150), most {took['painted_max_ms']:.0f}, {took['per_second']:.0f} a second")
    say("dashboard, tasks over 50 ms meanwhile", took["long_tasks"], f"the longest {took['longest_task_ms']:.0f} ms")


if __name__ == "__main__":
    os.environ.setdefault("PEDILUVE_BUILD", str(ROOT / "build/release"))
    measure(lambda name, value, note: print(f"{name:55} {value:10,.1f}   {note}", flush=True))
