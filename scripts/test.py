"""make test: lints, builds, every suite; each prints TAP, and this adds it up. The last line is `N passed, N failed`.

A Python suite may say in its first lines how it wants to be run:
    # suite: builds=asan,tsan alone deadline_s=900
builds: once with each build's programs (FOLDER_BUILDS, else asan, when it says nothing); alone: with nothing beside it;
waits: most of its time it waits for something to happen, so that some of its kind run beside the others.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Postgres  # noqa: E402
from harness.paths import scratch  # noqa: E402

LOGS = ROOT / "build/test-logs"
AT_ONCE = 3
WAITING_AT_ONCE = 2  # beside those, of the suites that say `waits`
DEADLINE_S = 600
TAIL_LINES = 60
BUILDS = {  # preset: why
    "asan": "gcc, address and undefined-behaviour sanitizers: what the suites run on",
    "tsan": "gcc, thread sanitizer: what has threads",
    "release": "gcc, optimised: what is shipped",
    "clang": "the second compiler",
}
FOLDER_BUILDS = {"whole": "asan,tsan"}
DIRECTIVE = re.compile(r"^# suite: (.*)$", re.M)
RESULT = re.compile(r"^(ok|not ok)\b(?:\s+\d+)?\s*(?:-\s*)?(.*)$")
SKIPPED = re.compile(r"#\s*skip\b", re.I)
PLAN = re.compile(r"^1\.\.(\d+)")


class Suite:
    """One program that prints TAP: on its standard output, or into `tap` when it writes a file."""

    def __init__(self, name, words, *, build=None, tap=None, alone=False, waits=False,
                 deadline_s=DEADLINE_S, plain=False):
        self.name, self.words, self.build, self.tap = name, words, build, tap
        self.alone, self.waits, self.deadline_s, self.plain = alone, waits, deadline_s, plain
        self.folder = LOGS / re.sub(r"[^\w.-]+", "_", name)
        self.log = self.folder / "log"
        self.passed = self.skipped = 0
        self.failures = []

    def start(self, environment):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        report = f"log_path={self.folder}/sanitizer"
        environment = {
            **os.environ, **environment, "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1",
            "ASAN_OPTIONS": f"{report}:detect_stack_use_after_return=1:strict_string_checks=1",
            "UBSAN_OPTIONS": f"{report}:print_stacktrace=1",
            "TSAN_OPTIONS": f"{report}:halt_on_error=0:second_deadlock_stack=1"}
        if self.build:
            environment["PEDILUVE_BUILD"] = str(ROOT / "build" / self.build)
        self.began = time.monotonic()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([str(word) for word in self.words], cwd=ROOT, env=environment, stdout=log,
                                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)

    def ended(self):
        """True once it is over; kills it at its deadline."""
        if self.child.poll() is None and time.monotonic() - self.began > self.deadline_s:
            self.kill()
            self.failures.append(f"ran into its deadline of {self.deadline_s} s")
        return self.child.poll() is not None

    def kill(self):
        self.child.terminate()  # so that it can stop what it has started
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()

    def judge(self):
        """Count what it printed."""
        code = self.child.returncode
        if self.plain:
            self.passed, self.failures = (1, self.failures) if code == 0 else (0, [f"ended with {code}", *self.failures])
        else:
            self._judge_tap(code)
        for found in sorted(self.folder.glob("sanitizer*")):
            self.failures.append(f"a sanitizer reported: {found}\n" + tail(found, TAIL_LINES))

    def _judge_tap(self, code):
        source = self.tap or self.log
        lines = source.read_text(errors="replace").splitlines() if source.exists() else []
        planned = ran = 0
        for line in lines:
            if plan := PLAN.match(line):
                planned += int(plan.group(1))
            elif result := RESULT.match(line):
                ran += 1
                if SKIPPED.search(line):
                    self.skipped += 1
                elif result.group(1) == "ok":
                    self.passed += 1
                else:
                    self.failures.append(result.group(2))
        if not planned:
            self.failures.append("printed no plan")
        elif planned != ran:
            self.failures.append(f"planned {planned} tests and ran {ran}")
        if code != 0 and not self.failures:
            self.failures.append(f"ended with {code}, though no test failed")


def tail(path, lines):
    try:
        return "\n".join("    " + line for line in path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return f"    (no {path})"


def directive(path):
    """The suite's own wishes, as {"builds": [...], "alone": bool, "waits": bool, "deadline_s": n}."""
    found = DIRECTIVE.search(path.read_text()[:1500])
    words = dict(word.partition("=")[::2] for word in (found.group(1).split() if found else []))
    unknown = set(words) - {"builds", "alone", "waits", "deadline_s"}
    if unknown:
        raise SystemExit(f"{path}: what is {unknown} in its '# suite:' line?")
    return {"builds": words.get("builds", FOLDER_BUILDS.get(path.parent.name, "asan")).split(","), "alone": "alone" in words,
            "waits": "waits" in words, "deadline_s": float(words.get("deadline_s") or DEADLINE_S)}


def lint_suites(need_build):
    """Those that need built programs say so by naming PEDILUVE_BUILD. A checker in JavaScript runs alone or from one in Python."""
    scripts = [path for path in sorted((ROOT / "tests/lint").glob("*.py")) if path.name != "files.py"]
    for path in scripts:
        if ("PEDILUVE_BUILD" in path.read_text()) == need_build:
            yield Suite(f"lint/{path.stem}", [sys.executable, path], build="asan" if need_build else None)
    for path in sorted((ROOT / "tests/lint").glob("*.mjs")):
        if not need_build and not any(path.name in other.read_text() for other in scripts):
            yield Suite(f"lint/{path.stem}", ["node", path])


def build_suites():
    yield Suite("build/dashboard", ["node", "dashboard/build.mjs"], plain=True)
    for preset in BUILDS:
        yield Suite(f"build/{preset}", ["sh", "scripts/build.sh", preset], plain=True, deadline_s=1800)


def unit_suites():
    """Criterion programs on the asan build; programs called *_threads print their own TAP, and run on tsan too."""
    for build in ("asan", "tsan"):
        for path in sorted((ROOT / "build" / build / "tests").glob("*")):
            if not (path.is_file() and os.access(path, os.X_OK)):
                continue
            name = f"unit/{path.name}" + ("" if build == "asan" else f" [{build}]")
            if path.name.endswith("_threads"):
                yield Suite(name, [path], build=build)
            elif build == "asan":
                report = LOGS / re.sub(r"[^\w.-]+", "_", name) / "tap"
                yield Suite(name, [path, f"--tap={report}", "--jobs=2"], build=build, tap=report)


def python_suites():
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        wishes = directive(path)
        for build in wishes["builds"]:
            name = f"{path.parent.relative_to(ROOT / 'tests')}/{path.stem}" + ("" if build == "asan" else f" [{build}]")
            yield Suite(name, [sys.executable, path], build=build, alone=wishes["alone"], waits=wishes["waits"],
                        deadline_s=wishes["deadline_s"])


def has_room(suite, running, at_once):
    """Whether it may start beside these. Who wants to be alone waits until all others are over: they are last in the queue."""
    if running and (suite.alone or running[0].alone):
        return False
    return sum(each.waits == suite.waits for each in running) < (WAITING_AT_ONCE if suite.waits else at_once)


class Sum:
    def __init__(self, wanted):
        self.wanted = wanted
        self.passed = self.failed = self.skipped = 0
        self.bad = []

    def run(self, suites, environment=None, at_once=AT_ONCE):
        """Run them, some at a time, and report each as it ends. True when all passed."""
        waiting = [suite for suite in suites if not self.wanted or any(word in suite.name for word in self.wanted)]
        running, good = [], True
        try:
            while waiting or running:
                while following := next((suite for suite in waiting if has_room(suite, running, at_once)), None):
                    waiting.remove(following)
                    running.append(following)
                    following.start(environment or {})
                for suite in [suite for suite in running if suite.ended()]:
                    running.remove(suite)
                    suite.judge()
                    good &= self.add(suite)
                time.sleep(0.02)
        finally:
            for suite in running:
                suite.kill()
        return good

    def add(self, suite):
        took = time.monotonic() - suite.began
        counts = f"{suite.passed} passed" + (f", {suite.skipped} skipped" if suite.skipped else "")
        self.passed, self.skipped = self.passed + suite.passed, self.skipped + suite.skipped
        self.failed += len(suite.failures)
        print(f"{'FAIL' if suite.failures else 'ok  '} {suite.name}: {counts}"
              f"{f', {len(suite.failures)} failed' if suite.failures else ''} ({took:.1f} s)", flush=True)
        if suite.skipped:
            for line in suite.log.read_text(errors="replace").splitlines():
                if SKIPPED.search(line):
                    print(f"     {line}", flush=True)
        if suite.failures:
            self.bad.append(suite.name)
            for failure in suite.failures:
                print(f"     not ok: {failure}")
            print(f"     the end of {suite.log}:\n{tail(suite.log, TAIL_LINES)}", flush=True)
        return not suite.failures

    def line(self, sentence, wrong):
        """A check that is no program of its own."""
        self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {sentence}" + "".join(f"\n     {each}" for each in wrong), flush=True)
        if wrong:
            self.bad.append(sentence)


def tree_state():
    """What git says has changed, or None where there is no git or no clone."""
    done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "status", "--porcelain"], cwd=ROOT, text=True,
                          capture_output=True)
    return done.stdout if done.returncode == 0 else None


def main():
    total, began, before = Sum(sys.argv[1:]), time.monotonic(), tree_state()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shutil.rmtree(LOGS, ignore_errors=True)
    print("test: lints", flush=True)
    total.run(lint_suites(need_build=False))
    print("test: builds", flush=True)
    built = total.run(build_suites(), at_once=1)
    if built:
        print("test: suites", flush=True)
        state = scratch("pdl-")
        cluster = Postgres(state / "pg", LOGS / "postgres.log", settings={"max_connections": 400})
        try:
            cluster.start().wait_ready()
            suites = [*lint_suites(need_build=True), *unit_suites(), *python_suites()]
            suites.sort(key=lambda suite: (suite.alone, -suite.deadline_s))  # the longest first, loners last
            total.run(suites, {"PEDILUVE_TEST_PG_URL": cluster.url("postgres")})
        finally:
            cluster.stop()
            shutil.rmtree(state, ignore_errors=True)
    if before is not None and not total.wanted:
        after = tree_state()
        total.line("the tree is as it was before", [] if before == after else (after or "").splitlines())
    print(f"\ntest: {(time.monotonic() - began) / 60:.1f} minutes, {total.skipped} skipped"
          + (f"; failed: {', '.join(total.bad)}" if total.bad else ""))
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    sys.exit(1 if total.failed or not built else 0)


if __name__ == "__main__":
    main()
