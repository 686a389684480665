"""make run: starts, says where, is only once, finds free ports, and leaves no process behind however it ends."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import Client, tap, until
from harness.paths import scratch
from running import Run, gone


def world():
    folder = scratch("pdl-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def started(folder, **variables):
    """To be used in `with`: up on entry, stopped at the end."""
    return Run(folder / "local", **variables)


@tap.test(deadline_s=120)
def it_is_live_and_says_how_to_reach_it(folder):
    with started(folder) as run:
        env = run.settings()
        devices = Client(env["PEDILUVE_URL"], env["PEDILUVE_TOKEN"]).get("/api/v1/devices")
        tap.equal(devices.status, 200, devices)
        tap.equal(len(devices.json["items"]), 6)
        tap.equal({item["model"] for item in devices.json["items"]}, {"bath-basic", "spa-pro"})
        tap.equal(len({item["site_id"] for item in devices.json["items"]}), 2)
        tap.check(all(item["ready"] for item in devices.json["items"]), devices)
        tap.contains(run.tail(50), env["PEDILUVE_URL"])
        tap.contains(run.tail(50), "curl")
        code = re.search(r"sign in once with: (\S+)/#/sign-in\?code=(\S+)", run.tail(50))
        tap.equal(code[1], env["PEDILUVE_URL"])
        signed_in = Client(env["PEDILUVE_URL"]).post("/api/v1/sign-in", {"code": code[2]})
        tap.equal((signed_in.status, signed_in.json["role"]), (200, "owner"), signed_in)
        for secret in ("run.env", "secrets.json", "fleet.json"):
            tap.equal(stat.S_IMODE((run.local / secret).stat().st_mode), 0o600, secret)


@tap.test(deadline_s=120)
@tap.rows(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
def no_process_is_left_after(folder, number):
    with started(folder) as run:
        family = run.family()
        tap.check(len(family) >= 4, family)
        run.signal(number)
        until(lambda: not run.alive(), 30, "run.py to end")
        tap.equal(run.exit_code(), 0, run.tail())
        gone(family, 2)


@tap.test(deadline_s=120)
def no_process_is_left_after_kill_9(folder):
    with started(folder) as run:
        family = run.family()
        os.kill(run.pid, signal.SIGKILL)
        gone(family)


@tap.test(deadline_s=120)
def data_and_token_outlive_a_restart(folder):
    with started(folder) as run:
        first = run.settings()
        devices = {item["id"] for item in Client(first["PEDILUVE_URL"], first["PEDILUVE_TOKEN"]).pages("/api/v1/devices")}
        run.stop(30)
        run.start().wait_ready()
        second = run.settings()
        tap.equal(second["PEDILUVE_TOKEN"], first["PEDILUVE_TOKEN"])
        tap.equal({item["id"] for item in Client(second["PEDILUVE_URL"], second["PEDILUVE_TOKEN"]).pages("/api/v1/devices")}, devices)


@tap.test(deadline_s=120)
def a_second_run_says_what_is_already_running(folder):
    with started(folder) as run:
        second = subprocess.run([str(word) for word in run.command()], env={**os.environ, **run.environment()}, text=True,
                            capture_output=True)
        tap.equal(second.returncode, 0, second)
        tap.contains(second.stdout, "already running")
        tap.contains(second.stdout, str(run.pid))
        tap.contains(second.stdout, run.settings()["PEDILUVE_URL"])
        tap.check(run.alive(), run.tail())


@tap.test(deadline_s=120)
def taken_ports_are_avoided(folder):
    with socket.socket() as http, socket.socket() as mqtt:
        for sock in (http, mqtt):
            sock.bind(("127.0.0.1", 0))
            sock.listen()
        taken = [str(sock.getsockname()[1]) for sock in (http, mqtt)]
        with started(folder, PORT=taken[0], MQTT_PORT=taken[1]) as run:
            for port in taken:
                tap.contains(run.tail(50), f"port {port} is taken")
            tap.check(not run.settings()["PEDILUVE_URL"].endswith(":" + taken[0]), run.settings())


@tap.test(deadline_s=120)
def a_process_that_ends_by_itself_is_named_with_its_log(folder):
    with started(folder) as run:
        victim = next(pid for pid in run.family() if "mosquitto" in Path(f"/proc/{pid}/comm").read_text())
        others = [pid for pid in run.family() if pid != victim]
        os.kill(victim, signal.SIGKILL)
        until(lambda: not run.alive(), 60, "run.py to end")
        tap.equal(run.exit_code(), 1, run.tail())
        tap.contains(run.tail(50), "broker has ended by itself")
        tap.contains(run.tail(50), "broker.log")
        gone(others, 2)


@tap.test
@tap.rows("0", "fast", "1e9")
def an_impossible_speed_is_refused(folder, speed):
    done = subprocess.run([sys.executable, "scripts/run.py"], cwd=Path(__file__).resolve().parents[2], text=True,
                          env={**os.environ, "PEDILUVE_LOCAL": str(folder / "other"), "SPEED": speed}, capture_output=True)
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, f"SPEED={speed}")


tap.main(world)
