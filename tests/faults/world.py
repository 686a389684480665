"""A spa under fire: PostgreSQL, Mosquitto, one or two servers, two fleets and some single agents, all behind fault proxies."""

import contextlib
import glob
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from faults import checker, plan, record  # noqa: E402
from faults.guests import ENDED, Staff  # noqa: E402
from faults.proxy import Proxy  # noqa: E402
from harness import Agent, Client, Fleet, Spa, free_port, until  # noqa: E402
from harness import postgres as pg  # noqa: E402
from harness.paths import scratch  # noqa: E402

FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
SINGLE = 2  # devices that are a process of their own


class World:
    """seed draws everything; `servers`: replicas; `staff`: clients at work; pace_s: between two requests of one of them."""

    def __init__(self, *, seed, devices=52, servers=1, speed=30, staff=6, pace_s=0.5):
        self.seed, self.n_devices, self.n_servers, self.speed = seed, devices, servers, speed
        self.n_staff, self.pace_s = staff, pace_s
        self.record = record.Record()
        self.calm = threading.Event()
        self.watching = threading.Event()
        self.presence = []  # (time, {device: present})
        self.faults = plan.Faults(self)
        self.stack = contextlib.ExitStack()

    # ---- making it ----

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def _start(self):
        self.device_door, self.server_door = Proxy(free_port(), self.seed), Proxy(free_port(), self.seed + 1)
        # The servers' own clock, not the monotonic one; the offset is read again every second.
        environment = {"LD_PRELOAD": glob.glob(FAKETIME)[0], "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                       "ASAN_OPTIONS": f"{_asan()}verify_asan_link_order=0", "PEDILUVE_MQTT_PORT": str(self.server_door.port)}
        self.offset = scratch("pdl-") / "clock"
        self.stack.callback(lambda: shutil.rmtree(self.offset.parent, ignore_errors=True))
        environment["FAKETIME_TIMESTAMP_FILE"] = str(self.offset)
        plan.write_offset(self.offset, "+0")
        doors = (self.device_door, self.server_door)
        self.spa = Spa(devices=self.n_devices, fleet=False, private_postgres=True, server_env=environment, doors=doors)
        for door in doors:
            self.stack.callback(door.stop)
        self.stack.enter_context(self.spa)
        self.servers = [self.spa.server] + [self.spa.another_server(chr(ord("b") + i)) for i in range(self.n_servers - 1)]
        self.token = self.spa.server.token("staff", "owner")
        self._start_devices()

    def _start_devices(self):
        entries = self.spa.fleet_devices()
        few, many = entries[:SINGLE], entries[SINGLE:]
        self.devices = [each["device_id"] for each in entries]
        whole = json.loads(self.spa.fleet_file.read_text())
        self.fleets, self.of_part = [], {}
        for name, part in (("fleet-0", many[::2]), ("fleet-1", many[1::2])):
            file = self.spa.state / f"{name}.json"
            file.write_text(json.dumps({**whole, "devices": part}))
            file.chmod(0o600)
            fleet = Fleet(self.spa.state / "log" / f"{name}.log", file, self.spa.state / name, speed=self.speed,
                          broker=self.device_door)
            fleet.name = name
            self.fleets.append(fleet)
            self.of_part[name] = {each["device_id"] for each in part}
        self.agents = [Agent(self.spa.state / "log" / f"agent-{i}.log", self.spa.state / f"agent-{i}", each, self.device_door,
                             speed=self.speed) for i, each in enumerate(few)]
        self.of_part["all"] = set(self.devices)
        for part in [*self.fleets, *self.agents]:
            self.stack.callback(part.stop)
            part.start()
        self.spa.wait_devices(deadline_s=90)
        for part in [*self.fleets, *self.agents]:  # the journals exist now
            part.stop()
        for journal in self.journals():
            record.watch_journal(journal)
        for part in [*self.fleets, *self.agents]:
            part.start()
        self.spa.wait_devices(deadline_s=90)

    def __exit__(self, kind, *rest):
        self.calm.set()
        self.watching.set()
        self.stack.__exit__(kind, *rest)

    def journals(self):
        return [fleet.journal / "fleet.db" for fleet in self.fleets] + [agent.state / "journal.db" for agent in self.agents]

    # ---- what the plan turns ----

    def read_only(self, on):
        """New transactions may not write; the open connections are ended so that they learn of it."""
        url = self.spa._shared_url
        name = self.spa._database
        pg.sql(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"on" if on else "off"}')
        pg.sql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'name'", name=name)

    def clock(self, offset):
        plan.write_offset(self.offset, offset)

    # ---- a run ----

    def run(self, seconds):
        """Work under faults for so long, then calm: everything is up, and all sessions are ended."""
        the_plan = plan.draw(self.seed, seconds)
        staff = [Staff(i, self.seed, [server.url for server in self.servers], self.token, self.devices[i::self.n_staff],
                       self.record, self.calm, self.pace_s) for i in range(self.n_staff)]
        watcher = threading.Thread(target=self._watch, daemon=True)
        began = time.monotonic()
        for each in [*staff, watcher]:
            each.start()
        self.faults.run(the_plan, began)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        self.calm.set()
        for each in staff:
            each.join(150)
            if each.trouble or each.is_alive():
                raise AssertionError(f"{each.name}: {each.trouble or 'does not end'}")
        self._settle()
        self.watching.set()
        watcher.join(30)

    def _settle(self):
        """Stop what runs; wait until every command has its end and every sample its row."""
        api = Client(self.servers[0].url, self.token, timeout_s=12)
        self.spa.wait_devices(deadline_s=120)
        for item in list(api.pages("/api/v1/sessions", {"live": "true"})):
            if item["state"] not in ENDED:
                api.post(f"/api/v1/sessions/{item['id']}/stop")
        until(lambda: not self.spa.sql("""SELECT 1 FROM command WHERE state IN ('pending', 'sent', 'accepted', 'running', 'unknown')
                                          UNION ALL SELECT 1 FROM session WHERE state IN ('requested', 'starting', 'running',
                                          'paused', 'waiting') LIMIT 1"""), 120, "every command and session to have its end")
        for part in [*self.fleets, *self.agents]:  # their last samples go out with the next boot
            part.stop()
        self.taken = record.samples_taken(self.journals())
        for part in [*self.fleets, *self.agents]:
            part.start()
        self.spa.wait_devices(deadline_s=120)

        until(lambda: not self._behind(), 180, "the samples of all boots to be committed", every_s=1)
        for part in [*self.fleets, *self.agents]:
            part.stop()

    def _behind(self):
        """Boots that are over, and of which samples still wait in a device's spool."""
        committed = {row["boot_id"]: int(row["committed"]) for row in self.spa.sql("SELECT boot_id, committed FROM device_boot")}
        return [each for each in self.taken if committed.get(each["boot_id"], 0) < each["n"]]

    # ---- presence ----

    def _watch(self):
        while not self.watching.wait(0.5):
            with contextlib.suppress(OSError, AssertionError, ValueError):
                api = Client(self.servers[-1].url, self.token, timeout_s=3)
                asked = time.monotonic()
                present = {item["id"] for item in api.pages("/api/v1/devices", {"limit": 200}) if item["connected"] and item["fresh"]}
                self.presence.append((asked, present))

    def presence_wrong_s(self):
        """The longest time that the API still showed a device as connected and fresh after it was truly away."""
        worst, what = 0.0, "-"
        for since, to, name in self.faults.down:
            gone = self.of_part[name]
            for asked, present in self.presence:
                if since < asked < to and gone & present and asked - since > worst:
                    worst, what = asked - since, name
        return worst, what

    # ---- the verdict ----

    def evidence(self):
        sql = self.spa.sql
        boots = sql("""SELECT b.device_id, b.boot_id, b.committed, b.lost, count(t.n) AS rows, count(DISTINCT t.n) AS numbers,
                              COALESCE(min(t.n), 0) AS first, COALESCE(max(t.n), 0) AS last
                       FROM device_boot b LEFT JOIN telemetry t USING (device_id, boot_id)
                       GROUP BY b.device_id, b.boot_id, b.committed, b.lost""")
        return {"entries": self.record.entries,
                "sessions": sql("SELECT id, device_id, state, reason FROM session"),
                "commands": sql("SELECT id, device_id, session_id, type, state, code FROM command"),
                "boots": [{key: value if key.endswith("_id") else int(value) for key, value in row.items()} for row in boots],
                "taken": self.taken, "actions": record.device_actions(self.journals())}

    def figures(self, evidence):
        entries, commands = evidence["entries"], evidence["commands"]
        count = {}
        for each in commands:
            count[each["state"]] = count.get(each["state"], 0) + 1
        worst, what = self.presence_wrong_s()
        return {"seed": self.seed, "requests": len(entries), "unanswered": sum(each["status"] is None for each in entries),
                "tries": sum(len(each["tries"]) for each in entries), "sessions": len(evidence["sessions"]),
                "commands": len(commands), "by state": count, "samples": sum(each["rows"] for each in evidence["boots"]),
                "boots": len(evidence["boots"]), "declared lost": sum(each["lost"] for each in evidence["boots"]),
                "faults": self.faults.done, "presence wrong for, s": round(worst, 1), "of": what}

    def verdict(self):
        evidence = self.evidence()
        return list(checker.judge(**evidence)), self.figures(evidence), evidence


def _asan():
    """The runner's options for the sanitizer, to be gone on with."""
    given = os.environ.get("ASAN_OPTIONS")
    return f"{given}:" if given else ""
