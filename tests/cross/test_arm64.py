# suite: deadline_s=900
"""The agent for 64-bit ARM: built with cmake/aarch64.cmake, and run under emulation against a real broker."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "unit/agent_io"), str(Path(__file__).resolve().parents[1])]
from agent_world import PROGRAM, World  # noqa: E402
from harness import tap, until  # noqa: E402
from harness.paths import ROOT  # noqa: E402

BUILD = ROOT / "build/aarch64"
PROGRAM_FILE = BUILD / "device-agent/pediluve-agent"
EMULATOR = "qemu-aarch64-static"
SLOW_S = 60  # emulated, beside other tests
STRIPPED_MAX = 256 << 10


def why_not():
    """What is missing to build and run for arm64 here, or None."""
    for program in ("aarch64-linux-gnu-gcc", EMULATOR):
        if not shutil.which(program):
            return f"{program} is not installed (group `arch` of scripts/packages.txt)"
    libraries = ["jansson", "libgpiod", "libmodbus", "libmosquitto", "sqlite3"]
    found = subprocess.run(["pkg-config", "--exists", *libraries], capture_output=True, text=True,
                           env={**os.environ, "PKG_CONFIG_LIBDIR": "/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig"})
    return None if found.returncode == 0 else "the arm64 libraries are not installed (group `arch` of scripts/packages.txt)"


def world():
    if missing := why_not():
        tap.skip(missing)
    build()
    made = World()
    yield made
    made.broker.stop()
    shutil.rmtree(made.folder, ignore_errors=True)


def build():
    for words in (["-G", "Ninja", "-S", ROOT, "-B", BUILD, "--toolchain", ROOT / "cmake/aarch64.cmake", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                   "-DPEDILUVE_SERVER=OFF", "-DPEDILUVE_TESTS=OFF"], ["--build", BUILD, "--target", "pediluve-agent", "--parallel", "2"]):
        done = subprocess.run(["cmake", *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError((done.stdout + done.stderr)[-4000:])


def emulated(world, **options):
    """A device whose agent is the emulated one."""
    device = world.device(**options)
    device.agent.command = lambda: [shutil.which(EMULATOR), PROGRAM_FILE, "--config", device.agent.state / "agent.json"]
    return device


@tap.test
def it_is_a_program_for_that_processor_and_small_when_stripped(world):
    header = subprocess.run(["aarch64-linux-gnu-readelf", "-h", PROGRAM_FILE], capture_output=True, text=True, check=True).stdout
    tap.check(re.search(r"Machine:\s+AArch64", header), header)
    stripped = world.folder / "stripped"
    subprocess.run(["aarch64-linux-gnu-strip", "-o", stripped, PROGRAM_FILE], check=True)
    tap.note(f"{stripped.stat().st_size / 1024:.0f} KiB stripped")
    tap.check(stripped.stat().st_size <= STRIPPED_MAX, stripped.stat().st_size)


@tap.test(deadline_s=240)
def it_runs_a_session_and_its_samples_arrive(world):
    with emulated(world, speed=20) as device:
        device.greet(SLOW_S)
        start = device.command("start", program={**PROGRAM, "total_max_ms": 60000, "steps": [{**PROGRAM["steps"][0], "ms": 30000}]})
        tap.equal(device.ack(start, SLOW_S)["state"], "succeeded")
        expected, session = 1, 0
        while session < 20:
            message = device.wait("telemetry", SLOW_S)
            if message["n"] == expected and message["lost"] == 0:
                expected += len(message["samples"])
                session += len(message["samples"]) if message.get("session_id") == start["session_id"] else 0
                device.commit(expected - 1)
        device.wait("state", SLOW_S, lambda m: m["session"]["state"] == "completed")


@tap.test(deadline_s=240)
def its_journal_survives_kill_9(world):
    with emulated(world) as device:
        device.greet(SLOW_S)
        start = device.command("start", str(uuid.uuid4()), program=PROGRAM)
        tap.equal(device.ack(start, SLOW_S)["state"], "succeeded")
        device.agent.kill9()
        device.agent.start()
        hello = device.greet(SLOW_S, epoch=2)
        tap.equal((hello["last_seq"], hello["state"]["session"]["state"], hello["state"]["session"]["reason"]),
                  (start["seq"], "paused", "power_loss"))
        device.client.publish(device.topic("command"), start)
        tap.equal(device.ack(start, SLOW_S)["state"], "succeeded")


@tap.test(deadline_s=240)
def it_speaks_tls_and_tells_its_status(world):
    with emulated(world, host="localhost", port=world.broker.tls_port, ca_file=str(world.broker.state / "server.crt")) as device:
        device.greet(SLOW_S)
        tap.equal(device.ack(device.command("pause"), SLOW_S)["code"], "no_session")
        ask = [shutil.which(EMULATOR), PROGRAM_FILE, "status", "--config", device.agent.state / "agent.json", "--json"]
        done = subprocess.run(ask, capture_output=True, text=True, timeout=SLOW_S)
        tap.equal(done.returncode, 0, done)
        until(lambda: json.loads(done.stdout)["link"]["tls"], 1)


tap.main(world, world_deadline_s=600)
