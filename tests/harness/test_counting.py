"""make test counts right: whatever is wrong with a suite ends up as a failure."""

import contextlib
import importlib.util
import io
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import ROOT, tap
from harness.paths import scratch

spec = importlib.util.spec_from_file_location("make_test", ROOT / "scripts/test.py")
make_test = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_test)


def world():
    folder = make_test.LOGS = scratch("pdl-")
    yield folder
    shutil.rmtree(folder)


CASES = [  # what, shell script, passed, failed, skipped
    ("all passed", "echo 1..2; echo ok 1 - a; echo ok 2 - b", 2, 0, 0),
    ("a skip is not a pass", "echo 1..2; echo ok 1 - a; echo 'ok 2 - b # SKIP no engine'", 1, 0, 1),
    ("a failed test", "echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1", 1, 1, 0),
    ("a failed test and a zero exit", "echo 1..1; echo not ok 1 - a", 0, 1, 0),
    ("no plan", "echo ok 1 - a", 1, 1, 0),
    ("no tests", "echo 1..0", 0, 1, 0),
    ("nothing printed", "true", 0, 1, 0),
    ("fewer tests than planned", "echo 1..3; echo ok 1 - a", 1, 1, 0),
    ("more tests than planned", "echo 1..1; echo ok 1 - a; echo ok 2 - b", 2, 1, 0),
    ("passed, but ended badly", "echo 1..1; echo ok 1 - a; exit 3", 1, 1, 0),
    ("ended by a signal", "echo 1..1; echo ok 1 - a; kill -SEGV $$", 1, 1, 0),
    ("the plan at the end", "echo ok 1 - a; echo 1..1", 1, 0, 0),
    ("a sanitizer's report", 'echo 1..1; echo ok 1 - a; p=${ASAN_OPTIONS#log_path=}; echo leak >"${p%%:*}.123"', 1, 1, 0),
    ("a suite that hangs", "echo 1..1; echo ok 1 - a; sleep 60", 1, 1, 0),
]


@tap.test
@tap.rows(*CASES)
def it_counts(folder, what, script, passed, failed, skipped):
    total = make_test.Sum([])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        good = total.run([make_test.Suite("suite", ["sh", "-c", script], deadline_s=0.5 if "hangs" in what else 30)])
    tap.equal((total.passed, total.failed, total.skipped), (passed, failed, skipped), printed.getvalue())
    tap.equal(good, failed == 0)
    tap.equal("FAIL" in printed.getvalue(), failed > 0)


@tap.test
def a_criterion_report_is_read_from_its_file(folder):
    report = folder / "suite/tap"
    lines = "TAP version 13\\n1..2\\n# Criterion\\nok - a::works  (0.00s)\\nnot ok - a::fails  (0.00s)\\n  ---\\n"
    total = make_test.Sum([])
    with contextlib.redirect_stdout(io.StringIO()):
        total.run([make_test.Suite("suite", ["sh", "-c", f"printf '{lines}' >{report}; exit 1"], tap=report)])
    tap.equal((total.passed, total.failed), (1, 1))


tap.main(world)
