"""Test functions named as sentences, printed as TAP.

    @tap.test                        a test; takes nothing, or one argument: what `world` yielded
    @tap.test(deadline_s=120)        a test that may take longer than a minute
    @tap.rows(("a", 1), ("b", 2))    above or below @tap.test: one TAP line a row, the row's values as further arguments
    tap.main(world)                  last line of the file: run all, or those whose name holds the first argument; exits

`world` is a generator function that yields once: what comes before the yield is made once for the file, what comes after
is its clean-up. When it cannot be made every test fails with the reason, so that the plan always stands.

Inside a test: plain `assert`, or equal / contains / check, which show what they saw; skip(reason); note(text).
A test that runs into its deadline fails; the logs of all processes still running are shown below a failure.
"""

import faulthandler
import functools
import inspect
import os
import signal
import sys
import traceback

from . import process

_tests = []


class Skip(Exception):
    pass


class Deadline(BaseException):
    """Not an Exception: a test's own `except Exception` must not swallow it."""


def test(function=None, *, deadline_s=60):
    """Decorator: the function is a test of this file."""
    if function is None:
        return functools.partial(test, deadline_s=deadline_s)
    function.deadline_s = deadline_s
    _tests.append(function)
    return function


def rows(*values):
    """Decorator: run the test once for each row. A row is a tuple of arguments, or one value."""
    def attach(function):
        function.rows = [row if isinstance(row, tuple) else (row,) for row in values]
        return function
    return attach


def equal(actual, expected, context=""):
    """Fail unless both are equal; `context` (anything printable) is shown with them."""
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}" + (f"\nin: {context}" if context != "" else ""))


def contains(container, item, context=""):
    """Fail unless `item` is in `container`."""
    if item not in container:
        raise AssertionError(f"no {item!r} in {container!r}" + (f"\nin: {context}" if context != "" else ""))


def check(condition, context=""):
    """Fail unless the condition holds."""
    if not condition:
        raise AssertionError(str(context) or "the condition does not hold")


def skip(reason):
    """End this test as skipped; the reason is printed, and must be in plain words."""
    raise Skip(reason)


def note(text):
    """Print a diagnostic line."""
    for line in str(text).splitlines() or [""]:
        print(f"# {line}", flush=True)


def _cases(wanted):
    for function in _tests:
        for row in getattr(function, "rows", [()]):
            name = " ".join([function.__name__.replace("_", " "), *(f"[{_brief(value)}]" for value in row[:1])])
            if not wanted or wanted in name or wanted in function.__name__:
                yield name, function, row


def _brief(value):
    text = " ".join(str(value).split()).replace("#", "")
    return text if len(text) <= 60 else text[:57] + "..."


def _alarm(_number, _frame):
    raise Deadline()


def _run(function, arguments):
    """None when it passed, a Skip, or the text of the failure."""
    signal.setitimer(signal.ITIMER_REAL, function.deadline_s)
    try:
        function(*arguments)
        return None
    except Skip as skipped:
        return skipped
    except Deadline:
        return f"ran into its deadline of {function.deadline_s} s\n{traceback.format_exc()}"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _report(number, name, outcome):
    if outcome is None:
        print(f"ok {number} - {name}", flush=True)
        return True
    if isinstance(outcome, Skip):
        print(f"ok {number} - {name} # SKIP {outcome}", flush=True)
        return True
    print(f"not ok {number} - {name}", flush=True)
    note(outcome)
    return False


def main(world=None, world_deadline_s=120):
    """Run the file's tests and exit: 0 when all passed, 1 otherwise."""
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cases = list(_cases(sys.argv[1] if len(sys.argv) > 1 else ""))
    print(f"1..{len(cases)}", flush=True)
    passed = 0
    steps = world() if world else None
    made, broken = None, None
    try:
        if steps:
            signal.setitimer(signal.ITIMER_REAL, world_deadline_s)
            try:
                made = next(steps)
            except Skip as skipped:
                broken = skipped
            except (Exception, Deadline):
                broken = "what the tests need could not be made\n" + traceback.format_exc()
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, (name, function, row) in enumerate(cases, 1):
            takes_world = len(inspect.signature(function).parameters) > len(row)
            outcome = broken or _run(function, ((made,) if takes_world else ()) + row)
            passed += _report(number, name, outcome)
            if outcome and not isinstance(outcome, Skip):
                for running in list(process.live):
                    note(running.tail())
    finally:
        if steps and broken is None:
            try:
                next(steps, None)
            except Exception:
                note("the clean-up failed\n" + traceback.format_exc())
                passed = -1
        for running in reversed(list(process.live)):
            running.kill9()
    sys.stdout.flush()
    os._exit(0 if passed == len(cases) and cases else 1)
