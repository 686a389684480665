# suite: builds=release waits deadline_s=180
"""The shipped unit file under a real systemd: ready, confined, fed by the control loop, started again whatever ends it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
from harness import tap, until  # noqa: E402
from harness.paths import ROOT, binary, scratch  # noqa: E402

HERE = Path(__file__).resolve().parent
PACKAGING = ROOT / "device-agent/packaging"
SOON_S = 20
CGROUPS = Path("/sys/fs/cgroup/systemd")  # where this machine shows them, if it does
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup")


def cgroups():
    return {folder for folder in CGROUPS.rglob("*") if folder.is_dir()}


class Machine:
    """Its systemd is a child of unshare's; what is run on it enters the same namespaces."""

    def __init__(self):
        self.folder, self.host_pid = scratch("pdl-systemd-"), None
        self.cgroups_before = cgroups()
        configuration = json.loads((PACKAGING / "agent.json").read_text()) | {"board": "sim"}
        (self.folder / "agent.json").write_text(json.dumps(configuration))
        (self.folder / "machine").mkdir()
        with open(self.folder / "log", "wb") as log:
            self.child = subprocess.Popen(
                ["unshare", *NAMESPACES, "--fork", "--kill-child", "sh", "-e", HERE / "own_systemd.sh", self.folder / "machine",
                 PACKAGING / "pediluve-agent.service", binary("pediluve-agent"), ROOT / "schema/catalogue/models",
                 self.folder / "agent.json"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def come_up(self):
        def pid():
            if self.child.poll() is not None:
                return -1
            words = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()
            return int(words[0]) if words and os.readlink(f"/proc/{words[0]}/exe").endswith("systemd") else None
        with contextlib.suppress(AssertionError):
            self.host_pid = until(pid, SOON_S, "systemd")
            if self.host_pid > 0:
                until(lambda: self.run("systemctl", "is-active", "default.target").returncode == 0, SOON_S, "its first target")
                return True
        return False

    def run(self, *words):
        return subprocess.run(["nsenter", "--target", str(self.host_pid), "--mount", "--pid", "--uts", "--ipc", "--net", "--", *words],
                              text=True, capture_output=True, timeout=SOON_S, cwd="/")

    def show(self, name):
        return self.run("systemctl", "show", "pediluve-agent", "--value", "-p", name).stdout.strip()

    def pid(self):
        return int(self.show("MainPID"))

    def signal(self, number):
        self.run("kill", f"-{int(number)}", str(self.pid()))

    def close(self):
        self.child.kill()
        self.child.wait()
        for folder in sorted(cgroups() - self.cgroups_before, key=lambda each: -len(each.parts)):
            with contextlib.suppress(OSError):  # a process of it is still going
                folder.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)


def world():
    if os.geteuid() != 0:
        raise tap.Skip("only root can give a systemd namespaces of its own")
    if Path("/run/systemd/system").exists():
        raise tap.Skip("this machine has a systemd that a second one would trouble")
    if not Path("/lib/systemd/systemd").exists():
        raise tap.Skip("no systemd is installed")
    machine = Machine()
    try:
        if not machine.come_up():
            raise tap.Skip("a systemd of its own does not come up here: "
                           + " ".join((machine.folder / "log").read_text(errors="replace").split())[-300:])
        yield machine
    finally:
        machine.close()


@tap.test
def it_is_ready_when_the_control_loop_runs(machine):
    started = machine.run("systemctl", "start", "pediluve-agent")  # returns when the agent has said that it is ready
    tap.equal(started.returncode, 0, started.stderr + machine.run("systemctl", "status", "pediluve-agent").stdout)
    tap.equal((machine.show("ActiveState"), machine.show("StatusText")), ("active", "the control loop runs"))


@tap.test
def it_may_do_nothing_but_its_work(machine):
    status = machine.run("cat", f"/proc/{machine.pid()}/status").stdout
    seen = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    tap.equal((seen["CapEff"], seen["NoNewPrivs"], seen["Seccomp"]), ("0" * 16, "1", "2"), status)
    tap.check(seen["Uid"].split()[0] != "0", status)
    judged = machine.run("systemd-analyze", "security", "--threshold=15", "pediluve-agent")  # 1.5 of 10, 10 is open to all
    tap.equal(judged.returncode, 0, judged.stdout[-600:])


@tap.test
def its_status_is_told_to_who_may_ask(machine):
    asked = machine.run("runuser", "-u", "pediluve", "--", "pediluve-agent", "status", "--config", "/etc/pediluve/agent.json")
    tap.equal(asked.returncode, 0, asked.stderr)
    tap.contains(asked.stdout, "board sim")


@tap.test
@tap.rows(("stands still", signal.SIGSTOP), ("is killed", signal.SIGKILL))
def it_is_started_again_when_it(machine, _what, number):
    before, starts = machine.pid(), int(machine.show("NRestarts"))
    machine.signal(number)
    until(lambda: machine.show("ActiveState") == "active" and machine.pid() not in (0, before), SOON_S, "another process")
    tap.equal(int(machine.show("NRestarts")), starts + 1)


@tap.test
def it_ends_well_when_it_is_stopped(machine):
    stopped = machine.run("systemctl", "stop", "pediluve-agent")
    tap.equal((stopped.returncode, machine.show("ActiveState"), machine.show("Result")), (0, "inactive", "success"), stopped.stderr)


tap.main(world)
