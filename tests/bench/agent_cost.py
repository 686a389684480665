"""What one agent costs: CPU at 50 control steps and one sample a second, memory, and what it writes, in a session and at rest."""

import re
import shutil
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "unit/agent_io"), str(Path(__file__).resolve().parents[1])]
from agent_world import PROGRAM, World  # noqa: E402

WARM_S = 3


def cpu_ns(pid):
    """On a processor, of all its threads. /proc/PID/stat counts in ticks of 10 ms, which is too coarse here."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def written(pid):
    return int(re.search(r"write_bytes: (\d+)", Path(f"/proc/{pid}/io").read_text()).group(1))


def drive(device, seconds):
    """The server's side for so long: everything that comes is committed."""
    expected, end = 1, time.monotonic() + seconds
    while time.monotonic() < end:
        message = device.client.receive_json(15, device.topic("telemetry"))
        if message["n"] == expected + message.get("lost", 0):
            expected = message["n"] + len(message["samples"])
        device.commit(expected - 1)


def measure(say, seconds):
    """say(name, value, note) for each figure; seconds each of rest and session."""
    world = World()
    try:
        with world.device(speed=1) as device:
            device.greet()
            for what in ("at rest", "in a session"):
                if what == "in a session":
                    heated = {**PROGRAM["steps"][0], "kind": "run", "water_mdegc": 36000}
                    device.ack(device.command("start", program={**PROGRAM, "steps": [heated]}))
                drive(device, WARM_S)
                pid, begun = device.agent.pid, time.monotonic()
                before, bytes_before = cpu_ns(pid), written(pid)
                drive(device, seconds)
                spent = time.monotonic() - begun
                say(f"agent {what}, % of a core", (cpu_ns(pid) - before) / 1e7 / spent, f"over {spent:.0f} s, 50 control steps a second")
                say(f"agent {what}, MiB an hour to the disk", (written(pid) - bytes_before) / 2**20 / spent * 3600,
                    "as the kernel counts it, whole pages of 4 KiB")
            resident = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
            say("agent, resident, MiB", resident / 1024)
    finally:
        world.broker.stop()
        shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    measure(lambda name, value, note="": print(f"{name:<58} {value:>10.3g}  {note}", flush=True), float((sys.argv[1:] or ["30"])[0]))
