"""make soak: HOURS (1) of sessions on all devices while processes are killed at random. What must hold is checked after
every session: it ends as completed, ran once, and the telemetry is whole. SEED repeats a run's choices, SPEED (60)."""

import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Spa, until  # noqa: E402
from whole import steps  # noqa: E402

DEVICES = 6
VICTIMS = ("server", "broker", "fleet", "postgres")


class Soak:
    def __init__(self, spa, chance):
        self.spa, self.chance = spa, chance
        self.running = {}  # device id: session id
        self.ended = self.kills = 0

    def try_(self, action, *arguments):
        """Ask again while a killed process is coming back."""
        end = time.monotonic() + 60
        while True:
            try:
                return action(*arguments)
            except OSError:
                if time.monotonic() > end:
                    raise
            except AssertionError as refused:
                if "-> 503" not in str(refused) or time.monotonic() > end:
                    raise
            time.sleep(0.2)

    def turn(self, start_new):
        for device in [entry["device_id"] for entry in self.spa.fleet_devices()]:
            if device not in self.running and not start_new:
                continue
            if device not in self.running:
                key = f"soak-{device}-{self.ended}-{self.kills}"
                made = self.try_(steps.start, self.spa.api, device, "relax-10", key)
                self.running[device] = made["id"]
                continue
            state = self.try_(steps.session, self.spa.api, self.running[device])["state"]
            if state == "paused":  # its agent was killed: a device goes on only if told so
                self.try_(steps.act, self.spa.api, self.running[device], "resume")
            elif state in steps.ENDED:
                self.check(device, state)

    def check(self, device, state):
        session = self.running.pop(device)
        if state != "completed":
            raise AssertionError(f"session {session} ended as {state}")
        steps.telemetry_is_whole(self.spa, device)
        steps.ran_once(self.spa, session)
        self.try_(steps.disinfect, self.spa.api, device)
        self.ended += 1

    def kill_one(self):
        victim = self.chance.choice(VICTIMS)
        part = getattr(self.spa, victim)
        part.kill9()
        time.sleep(self.chance.uniform(0, 3))
        part.start().wait_ready(60)
        self.kills += 1
        until(lambda: self.spa.server.ready(), 60, "the server to be ready again")


def main():
    hours, seed = float(os.environ.get("HOURS") or 1), int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"soak: {hours:g} h, SEED={seed}", flush=True)
    chance = random.Random(seed)
    end, next_kill, next_word = time.monotonic() + hours * 3600, time.monotonic() + 5, time.monotonic() + 60
    with Spa(devices=DEVICES, speed=int(os.environ.get("SPEED") or 60), private_postgres=True) as spa:
        print(f"soak: logs in {spa.state}/log", flush=True)
        soak = Soak(spa, chance)
        while time.monotonic() < end or soak.running:
            if time.monotonic() > next_kill and time.monotonic() < end:
                soak.kill_one()
                next_kill = time.monotonic() + chance.uniform(2, 15)
            soak.turn(start_new=time.monotonic() < end)
            if time.monotonic() > next_word:
                next_word += 60
                print(f"soak: {soak.ended} sessions, {soak.kills} kills", flush=True)
            if time.monotonic() > end + 300:
                raise AssertionError(f"sessions that do not end: {soak.running}")
            time.sleep(0.3)
        print(f"soak: {soak.ended} sessions ended well, {soak.kills} kills, nothing lost, nothing twice", flush=True)


main()
