"""The faults of a run, drawn from a seed: the same seed gives the same plan. One fault at a time, some overlap with what the
one before left behind."""

import random
import signal
import time
from pathlib import Path

# (name, weight); each is a method of Faults
KINDS = (("server_killed", 3), ("fleet_killed", 3), ("broker_killed", 3), ("server_frozen", 2), ("fleet_frozen", 2),
         ("broker_frozen", 1), ("connections_reset", 3), ("devices_half_open", 3), ("server_half_open", 2), ("delays", 1),
         ("throttled", 1), ("small_parts", 1), ("database_killed", 2), ("database_restarted", 1), ("database_read_only", 2),
         ("clock_ahead", 1), ("clock_back", 1), ("agent_killed", 2))


def draw(seed, seconds):
    """[(at seconds, name, how long, a number for choices)]"""
    chance = random.Random(f"plan/{seed}")
    at, plan, bag = 4.0, [], []
    while at < seconds - 8:
        if not bag:  # every kind comes once before any comes again, so that a short run has seen them all
            bag = [name for name, _weight in KINDS]
            chance.shuffle(bag)
            if plan:
                bag = chance.choices([name for name, _ in KINDS], [weight for _, weight in KINDS], k=len(KINDS))
        length = chance.uniform(0.3, 4.0)
        plan.append((round(at, 2), bag.pop(), round(length, 2), chance.randrange(1 << 30)))
        at += length + chance.uniform(0.5, 3.0)
    return plan


class Faults:
    """Carries them out on a world (see world.py). `down`: [(from, to, what)], when devices were truly away, for the presence."""

    def __init__(self, world):
        self.world, self.down, self.done = world, [], {}

    def run(self, plan, began):
        for at, name, length, number in plan:
            time.sleep(max(0.0, began + at - time.monotonic()))
            getattr(self, name)(length, number)
            self.done[name] = self.done.get(name, 0) + 1

    def _away(self, what, begin, length, end):
        since = time.monotonic()
        begin()
        time.sleep(length)
        end()
        self.down.append((since, time.monotonic(), what))

    def _kill(self, part, length, wait=True):
        part.kill9()
        time.sleep(length)
        part.start()
        if wait:
            part.wait_ready(60)

    def server_killed(self, length, number):
        self._kill(self.world.servers[number % len(self.world.servers)], length)

    def fleet_killed(self, length, number):
        fleet = self.world.fleets[number % len(self.world.fleets)]
        # Now and then longer than it takes to notice.
        self._away(fleet.name, fleet.kill9, 20 if number % 7 == 0 else length, fleet.start)

    def agent_killed(self, length, number):
        self._kill(self.world.agents[number % len(self.world.agents)], length, wait=False)

    def broker_killed(self, length, _number):
        self._kill(self.world.spa.broker, length)

    def _freeze(self, part, length):
        part.signal(signal.SIGSTOP)
        time.sleep(length)
        part.signal(signal.SIGCONT)

    def server_frozen(self, length, number):
        self._freeze(self.world.servers[number % len(self.world.servers)], length)

    def fleet_frozen(self, length, number):
        fleet = self.world.fleets[number % len(self.world.fleets)]
        self._away(fleet.name, lambda: fleet.signal(signal.SIGSTOP), 20 if number % 7 == 0 else length,
                   lambda: fleet.signal(signal.SIGCONT))

    def broker_frozen(self, length, _number):
        self._freeze(self.world.spa.broker, length)

    def connections_reset(self, _length, number):
        (self.world.device_door if number % 3 else self.world.server_door).reset()

    def _way(self, door, way, length):
        door.set(way)
        time.sleep(length)
        door.set("pass")

    def devices_half_open(self, length, number):
        door = self.world.device_door
        self._away("all", lambda: door.set("swallow"), 20 if number % 5 == 0 else length, lambda: door.set("pass"))

    def server_half_open(self, length, _number):
        self._way(self.world.server_door, "swallow", length)

    def delays(self, length, number):
        self._way(self.world.device_door if number % 2 else self.world.server_door, "delay", length)

    def throttled(self, length, _number):
        self._way(self.world.device_door, "throttle", length)

    def small_parts(self, length, number):
        self._way(self.world.device_door if number % 2 else self.world.server_door, "parts", length)

    def database_killed(self, length, _number):
        self._kill(self.world.spa.postgres, min(length, 3))

    def database_restarted(self, _length, _number):
        postgres = self.world.spa.postgres
        postgres.signal(postgres.stop_signal)
        postgres.child.wait(60)
        postgres.start().wait_ready(60)

    def database_read_only(self, length, _number):
        self.world.read_only(True)
        time.sleep(length)
        self.world.read_only(False)

    def _clock(self, offset, length):
        self.world.clock(offset)
        time.sleep(length + 1)
        self.world.clock("+0")

    def clock_ahead(self, length, _number):
        self._clock("+3600", length)

    def clock_back(self, length, _number):
        self._clock("-3600", length)


def write_offset(path, text):
    """A file for libfaketime, replaced whole."""
    new = Path(f"{path}.new")
    new.write_text(text + "\n")
    new.rename(path)
