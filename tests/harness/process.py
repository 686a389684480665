"""One real process with a log file, which cannot outlive the program that started it."""

import collections
import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
live = []  # every Process now running, oldest first: the TAP runner shows their logs when a test fails


class TooLate(AssertionError):
    """A wait that ran into its deadline."""


class Died(AssertionError):
    """A process ended while somebody was waiting for it; the text holds the end of its log."""


def until(condition, deadline_s=10.0, what="the condition", every_s=0.02):
    """Call `condition` until it gives something true, and return that. TooLate after deadline_s, with the last value."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TooLate(f"waited {deadline_s:g} s for {what}; last seen: {value!r}")
        time.sleep(every_s)


def free_port(preferred=None):
    """A TCP port of 127.0.0.1 that nobody listens on: `preferred` when that one is free."""
    for port in ([preferred] if preferred else []) + [0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port on 127.0.0.1")


def _die_with_parent(parent_pid, death_signal):
    def before_exec():
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent_pid:
            os.kill(os.getpid(), death_signal)
    return before_exec


class Process:
    """Subclasses say `command()` and, when readiness can be asked for, `ready()`; `environment()` adds variables.

    The process runs in a session of its own (the terminal's Ctrl-C does not reach it) and gets `death_signal` when the
    thread that started it is gone, even by kill -9. Output goes to `log`, appended over restarts.
    """

    name = "process"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL
    user = None  # run as this user when we are root

    def __init__(self, log):
        self.log = Path(log)
        self.child = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def ready(self):
        """True once the process serves. Called again and again by wait_ready."""
        return True

    def start(self):
        """Start it and return at once. A process that is already running is left alone. Returns self."""
        if self.alive():
            return self
        identity = {}
        if self.user and os.geteuid() == 0:
            identity = {"user": self.user, "group": self.user, "extra_groups": []}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [str(word) for word in self.command()], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd="/", env={**os.environ, **self.environment()}, start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid(), self.death_signal), **identity)
        live.append(self)
        return self

    def wait_ready(self, deadline_s=20.0):
        """Until ready() is true. Died when the process ends first, TooLate at the deadline. Returns self."""
        def ready_or_dead():
            if not self.alive():
                raise Died(f"{self.name} ended with {self.exit_code()} before it was ready\n{self.tail()}")
            return self.ready()
        try:
            until(ready_or_dead, deadline_s, f"{self.name} to be ready")
        except TooLate as late:
            raise TooLate(f"{late}\n{self.tail()}") from None
        return self

    def alive(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid if self.child else None

    def exit_code(self):
        """None while it runs or when it never ran; negative: the signal that ended it."""
        return self.child.poll() if self.child else None

    def signal(self, number):
        """Send a signal to the process alone, for instance SIGSTOP and SIGCONT to freeze and thaw it."""
        if self.alive():
            self.child.send_signal(number)

    def stop(self, deadline_s=15.0):
        """Ask it to end and wait; kill it at the deadline. Returns the exit code (None when it never ran)."""
        if self.alive():
            self.signal(signal.SIGCONT)
            self.signal(self.stop_signal)
            try:
                self.child.wait(deadline_s)
            except subprocess.TimeoutExpired:
                return self.kill9()
        self._forget()
        return self.exit_code()

    def kill9(self):
        """kill -9 to its whole process group, and wait for the end. Returns the exit code."""
        if self.child is not None:
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()
        self._forget()
        return self.exit_code()

    def restart(self, deadline_s=20.0):
        """stop(), start(), wait_ready(). Returns self."""
        self.stop()
        return self.start().wait_ready(deadline_s)

    def tail(self, lines=20):
        """The last lines of its log as one text."""
        try:
            with open(self.log, "r", errors="replace") as log:
                last = collections.deque(log, lines)
        except OSError:
            return f"--- {self.name}: no log at {self.log}"
        return f"--- {self.name}: end of {self.log}\n" + "".join(last).rstrip("\n")

    def _forget(self):
        if self in live:
            live.remove(self)

    def __enter__(self):
        return self.start().wait_ready()

    def __exit__(self, *_):
        self.stop()
