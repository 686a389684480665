# suite: builds=asan,tsan waits deadline_s=300
"""The agent as a service: what it tells systemd, what its status says, and which thread may hang without which harm."""

import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]
from agent_world import PROGRAM, SOON_S, World  # noqa: E402
from harness import tap, until  # noqa: E402
from harness.paths import ROOT, binary  # noqa: E402
from harness.process import free_port  # noqa: E402

UNIT = ROOT / "device-agent/packaging/pediluve-agent.service"
WATCHDOG_US = 800_000
QUIET_S = 4 * WATCHDOG_US / 1e6  # the watchdog would have bitten long since
_libc = ctypes.CDLL(None, use_errno=True)
_SEIZE, _INTERRUPT, _DETACH, _WALL = 0x4206, 0x4207, 17, 0x40000000


class Systemd:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def environment(self):
        return {"NOTIFY_SOCKET": self.address, "WATCHDOG_USEC": str(WATCHDOG_US)}

    def receive(self, deadline_s=SOON_S):
        ready, _, _ = select.select([self.socket], [], [], deadline_s)
        return self.socket.recv(4096).decode() if ready else None

    def wait(self, text):
        end = time.monotonic() + SOON_S
        while time.monotonic() < end:
            if text in (self.receive() or ""):
                return
        raise AssertionError(f"no {text} came")

    def forget(self):
        while self.receive(0) is not None:
            pass


class Frozen:
    """with Frozen(pid, "link"): that thread alone stands still. "": the one that controls, which is the first."""

    def __init__(self, pid, name):
        self.tid = pid if not name else next(
            int(task.name) for task in Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name)

    def _ptrace(self, request):
        if _libc.ptrace(request, self.tid, None, None) != 0:
            tap.skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self._ptrace(_SEIZE)
        self._ptrace(_INTERRUPT)
        os.waitpid(self.tid, _WALL)
        return self

    def __exit__(self, *_):
        _libc.ptrace(_DETACH, self.tid, None, None)


def world():
    made = World()
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    yield made
    made.broker.stop()
    shutil.rmtree(made.folder, ignore_errors=True)


def watched(world, address=None, **options):
    """A device whose agent believes that systemd started it."""
    device = world.device(**options)
    systemd = Systemd(address or str(world.folder / f"{device.id}.notify"))
    device.agent.environment = systemd.environment
    return device, systemd


def status(device, *words):
    return subprocess.run([binary("pediluve-agent"), "status", "--config", device.agent.state / "agent.json", *words],
                          capture_output=True, text=True, timeout=SOON_S)


def status_json(device):
    done = status(device, "--json")
    tap.check(done.returncode in (0, 3), done)
    return json.loads(done.stdout)


# ---- systemd ----

@tap.test
@tap.rows("a path", "an abstract name")
def it_is_ready_when_the_control_loop_runs_whether_or_not_a_broker_is_there(world, kind):
    address = f"@pediluve-{os.getpid()}" if kind == "an abstract name" else None
    device, systemd = watched(world, address, port=free_port())
    with device:
        tap.contains(systemd.receive(), "READY=1")
        for _ in range(3):
            tap.equal(systemd.receive(), "WATCHDOG=1")
        tap.equal(device.agent.stop(), 0)
        systemd.wait("STOPPING=1")


@tap.test
@tap.rows(("the whole process", None), ("the control thread alone", ""))
def the_watchdog_is_not_fed_while_there_stands(world, _what, thread):
    device, systemd = watched(world)
    with device:
        device.greet()
        systemd.wait("WATCHDOG=1")
        if thread is None:
            device.agent.signal(signal.SIGSTOP)
            stat_file = Path(f"/proc/{device.agent.pid}/stat")
            until(lambda: stat_file.read_text().rsplit(")", 1)[1].split()[0] == "T", SOON_S, "the process to stand still")
        else:
            frozen = Frozen(device.agent.pid, thread).__enter__()
        systemd.forget()
        tap.equal(systemd.receive(QUIET_S), None)
        if thread is None:
            device.agent.signal(signal.SIGCONT)
        else:
            frozen.__exit__()
        systemd.wait("WATCHDOG=1")


@tap.test
@tap.rows("link", "keeper")
def the_watchdog_is_fed_while_another_thread_hangs(world, thread):
    device, systemd = watched(world)
    with device:
        device.greet()
        with Frozen(device.agent.pid, thread):
            systemd.forget()
            end = time.monotonic() + QUIET_S
            while time.monotonic() < end:
                tap.equal(systemd.receive(), "WATCHDOG=1")


@tap.test
def a_disk_that_hangs_is_a_fault_within_seconds_and_the_control_loop_goes_on(world):
    device, systemd = watched(world)
    with device:
        device.greet()
        with Frozen(device.agent.pid, "keeper"):
            start = device.command("start", program=PROGRAM)
            answer = device.ack(start)
            tap.equal((answer["state"], answer["code"]), ("rejected", "journal_failed"))
            device.wait("state", like=lambda m: m["faults"] == ["journal"])
            seen = status_json(device)
            tap.equal((seen["journal"]["ok"], seen["state"]["mode"]), (False, "fault"), seen)
            systemd.forget()
            systemd.wait("WATCHDOG=1")
        device.wait("state", like=lambda m: m["faults"] == [] and m["session"]["state"] == "none")
        tap.equal(device.ack(device.command("start", program=PROGRAM))["state"], "succeeded")
        device.client.publish(device.topic("command"), start)  # what was refused stays refused
        tap.equal(device.ack(start)["code"], "journal_failed")


@tap.test
def a_disk_that_hangs_does_not_keep_it_from_ending(world):
    with world.device() as device:
        device.greet()
        with Frozen(device.agent.pid, "keeper") as keeper:
            device.command("start", program=PROGRAM)
            device.agent.signal(signal.SIGTERM)
            os.waitpid(keeper.tid, _WALL)  # who stops a thread has to see its end
            tap.equal(device.agent.child.wait(SOON_S), 0)
        tap.contains(device.agent.log.read_text(), "the disk does not answer")
        device.wait("presence", like=lambda m: not m["online"])


@tap.test
def the_unit_file_is_accepted_and_leaves_little_exposed(world):
    if not shutil.which("systemd-analyze"):
        tap.skip("systemd-analyze is not installed")
    unit = world.folder / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/pediluve-agent", str(binary("pediluve-agent"))))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    mine = [line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line]
    tap.equal(mine, [])
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", unit], capture_output=True, text=True)
    level = re.search(r"exposure level for [^:]*: ([\d.]+)", done.stdout)
    if not level:
        tap.skip(f"systemd-analyze does not say: {done.stderr.strip()[:200]}")
    tap.check(float(level.group(1)) <= 1.5, level.group(0))


@tap.test
def the_configuration_beside_the_unit_is_one_that_the_agent_takes(world):
    sample = json.loads((UNIT.parent / "agent.json").read_text())
    sample |= {"models_dir": str(ROOT / "schema/catalogue/models"), "journal": str(world.folder / "sample.db"),
               "status": str(world.folder / "sample.sock"), "mqtt": {"host": "127.0.0.1", "port": free_port()}}
    file = world.folder / "sample.json"
    file.write_text(json.dumps(sample))
    with subprocess.Popen([binary("pediluve-agent"), "--config", file], stderr=subprocess.PIPE, text=True) as agent:
        until(Path(sample["status"]).exists, SOON_S, "the status socket")
        agent.send_signal(signal.SIGTERM)
        tap.equal(agent.wait(SOON_S), 0)
    tap.check(not Path(sample["status"]).exists(), "the socket is left behind")


# ---- status ----

@tap.test
def the_status_tells_device_session_sensors_link_spool_and_journal(world):
    with world.device() as device:
        device.greet()
        start = device.command("start", program=PROGRAM)
        device.ack(start)
        seen = until(lambda: (s := status_json(device)) and s["spool"]["samples"] > 0 and s, SOON_S, "a sample in the spool")
        tap.equal((seen["device_id"], seen["boot_id"], seen["model"]), (device.id, device.boot_id, "bath-basic"))
        tap.equal((seen["state"]["session"]["id"], seen["state"]["mode"]), (start["session_id"], "session"))
        tap.equal((seen["link"]["connected"], seen["link"]["ready"], seen["link"]["epoch"]), (True, True, 1))
        tap.equal((seen["journal"]["ok"], seen["journal"]["last_seq"], seen["spool"]["ok"]), (True, start["seq"], True))
        tap.check(seen["sensors"]["water_0_mdegc"]["age_ms"] < 5000, seen)
        tap.check(0 < seen["spool"]["bytes"] <= seen["spool"]["bytes_max"], seen)
        people = status(device)
        tap.equal(people.returncode, 0)
        for word in (device.id, start["session_id"], "ready", "journal   good", "water"):
            tap.contains(people.stdout, word)


@tap.test
def the_status_of_a_device_in_fault_says_so_by_its_exit_too(world):
    with world.device() as device:
        device.greet()
        device.agent.signal(signal.SIGUSR2)  # pushes the emergency stop of the simulated board
        device.wait("state", like=lambda m: m["faults"])
        done = status(device)
        tap.equal(done.returncode, 3, done)
        tap.contains(done.stdout, "emergency_stop")


@tap.test
def an_agent_that_is_not_there_or_does_not_answer_is_told_in_time(world):
    with world.device() as device:
        device.greet()
        device.agent.signal(signal.SIGSTOP)
        tap.equal(status(device).returncode, 1)
        device.agent.signal(signal.SIGCONT)
        tap.equal(status(device).returncode, 0)
        device.agent.kill9()
        done = status(device)
        tap.equal((done.returncode, done.stdout), (1, ""))
        tap.contains(done.stderr, "no agent answers")
        device.agent.start()  # over the socket that the killed one left
        until(lambda: status(device).returncode == 0, SOON_S, "the status of the next run")


@tap.test
def those_who_ask_and_never_read_hold_up_nothing(world):
    device, systemd = watched(world)
    with device:
        device.greet()
        path = device.agent.state / "journal.db.sock"
        tap.equal(stat.S_IMODE(path.stat().st_mode), 0o660)
        idle = []
        for _ in range(60):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(path))
            with contextlib.suppress(BrokenPipeError):
                client.sendall(b"x" * 1000)
            idle.append(client)
        systemd.forget()
        systemd.wait("WATCHDOG=1")
        tap.equal(status(device).returncode, 0)
        for client in idle:
            client.close()


@tap.test
@tap.rows((["--colour"], 2), (["--socket"], 2), (["--config", "/nowhere"], 2), (["--socket", "/nowhere"], 1),
          (["--socket", "/" + "x" * 200], 1))
def the_status_command_refuses(world, words, code):
    done = subprocess.run([binary("pediluve-agent"), "status", *words], capture_output=True, text=True, timeout=SOON_S)
    tap.equal(done.returncode, code, done)
    tap.check(done.stderr, "no reason is given")


tap.main(world)
