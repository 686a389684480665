"""The README's walk through: every shell block of it is run, in order, in one shell, as a reader would."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import ROOT, tap
from harness.paths import scratch
from running import Run

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
LOCAL = ".local/run.env"


def world():
    folder = scratch("pdl-")
    run = Run(folder / "local").start().wait_ready()
    yield run
    run.stop(30)
    shutil.rmtree(folder, ignore_errors=True)


@tap.test(deadline_s=120)
def the_readmes_walk_through_works_as_it_stands(run):
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    tap.check(len(blocks) >= 3, "the README has no walk through")
    tap.contains(blocks[0], LOCAL)
    script = "\n".join(f"echo '--- block {number}'\n{block}" for number, block in enumerate(blocks, 1))
    script = script.replace(LOCAL, str(run.local / "run.env"))
    done = subprocess.run(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True)
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    for seen in ('"succeeded"', 'due', 'clean'):
        tap.contains(done.stdout, seen, done.stderr)


tap.main(world)
