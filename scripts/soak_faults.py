"""make soak, its first half: the link under fire for FAULT_MINUTES (30), with two replicas, then the reconnection storm.
Target: 10,000 commands and 1,000,000 samples, nothing lost and nothing doubled. FAULTS_SEED repeats a plan."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main():
    minutes = float(os.environ.get("FAULT_MINUTES") or 30)
    environment = {"PEDILUVE_BUILD": str(ROOT / "build/release"), "FAULTS_SECONDS": str(minutes * 60), "FAULTS_SERVERS": "2",
                   "FAULTS_DEVICES": "120", "FAULTS_STAFF": "32", "FAULTS_PACE_S": "0.3",
                   "FAULTS_PRESENCE_S": "15", **os.environ}
    for words in ("tests/faults/test_faults.py", "tests/faults/storm.py"):
        done = subprocess.run([sys.executable, ROOT / words], env=environment)
        if done.returncode:
            sys.exit(done.returncode)


main()
