# suite: builds=release,asan deadline_s=900
"""The deterministic simulation: many seeds, the same twice, and every mutant of it caught.

SIMULATION_SEEDS says how many seeds (10000 on an optimised build, 300 with sanitizers); simulation.c's first lines say how
one is run again."""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import ROOT, tap  # noqa: E402
from harness.paths import build_dir  # noqa: E402

SANITIZED = build_dir().name != "release"
SEEDS = os.environ.get("SIMULATION_SEEDS") or ("300" if SANITIZED else "10000")
MUTANT_SEEDS = "300" if SANITIZED else "3000"
LIST = (ROOT / "tests/simulation/world.h").read_text()
# They need a rare meeting of faults, and so more seeds than a build with sanitizers runs.
RARE = {"JOURNAL_HALF", "SENT_UNMARKED"} if SANITIZED else set()
MUTANTS = [name for name in re.findall(r"^ +X\((\w+), \"", LIST.split("MUTANTS(X)")[1].split("enum mutant")[0], re.M)
           if name not in {"NONE", *RARE}]


def simulate(**environment):
    """(exit status, output)"""
    done = subprocess.run([build_dir() / "tests/simulation/simulation"], env={**os.environ, **environment},
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@tap.test(deadline_s=800)
def nothing_goes_wrong_whatever_fails(_):
    status, out = simulate(SEEDS=SEEDS)
    for line in out.splitlines():
        if line.startswith("#"):
            tap.note(line.lstrip("# "))
    tap.equal(status, 0, out)


@tap.test
def the_same_seed_is_the_same_life(_):
    first, second, other = (simulate(SEED=seed)[1].replace(seed, "") for seed in ("7", "7", "8"))
    tap.equal(first, second)
    tap.check(first != other, "another seed is another life")


@tap.rows(*MUTANTS)
@tap.test(deadline_s=300)
def what_is_broken_on_purpose_is_caught(_, mutant):
    status, out = simulate(SEEDS=MUTANT_SEEDS, MUTANT=mutant)
    tap.equal(status, 1, out)
    seed = re.search(r"^# SEED=(\d+) ", out, re.M)[1]
    again, text = simulate(SEED=seed, MUTANT=mutant)
    tap.equal(again, 1, "and the seed that it names shows it again:\n" + text)


def world():
    yield None


tap.main(world)
