"""A whole spa on this machine: PostgreSQL, Mosquitto, the server, simulated devices."""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

from . import postgres as pg
from .broker import Broker
from .fleet import Agent, Fleet
from .paths import ROOT, scratch
from .postgres import Postgres
from .process import Died, until
from .server import Server

TEST_CLUSTER = "PEDILUVE_TEST_PG_URL"  # a cluster that somebody else keeps running for us


def schema_mark():
    """Changes when a migration, the catalogue or the server does: names the template database made from them."""
    mark = hashlib.sha256()
    for path in sorted([*(ROOT / "schema").rglob("*.sql"), *(ROOT / "schema").rglob("*.json")]):
        mark.update(path.name.encode() + path.read_bytes())
    return mark.hexdigest()[:12]


class Spa:
    """with Spa(devices=2, speed=60) as spa: everything is up, migrated and seeded with the demo's sites and devices.

    sites, devices   how many (devices alternate spa-pro and bath-basic); 0 devices: no demo data and no fleet
    speed            how much faster the devices' control time runs
    fleet            False: the devices exist, but nobody plays them (use agent(), or Mqtt, yourself)
    private_postgres True: a cluster of its own that the test may stop, kill or restart, with fsync on;
                     otherwise a fresh database in $PEDILUVE_TEST_PG_URL's cluster, when that is set
    server_env       variables for the server
    doors            proxies before the broker: their start(port of the broker) is called once it is up
    Parts: .postgres (None on a shared cluster) .broker .server .fleet, all Process: start, stop, kill9, restart, wait_ready
    .api: a Client with an owner's token; .database_url; .state: the folder of logs and journals, removed after success.
    """

    def __init__(self, *, sites=2, devices=6, speed=60, fleet=True, private_postgres=False, server_env=None,
                 doors=()):
        self.sites, self.devices, self.speed, self.with_fleet = sites, devices, speed, fleet
        self.private_postgres, self.server_env, self.doors = private_postgres, server_env, doors
        self.state = None
        self.postgres = self.broker = self.server = self.fleet = self.api = None
        self.database_url = None
        self._agents = []
        self._shared_url = self._database = None

    def start(self):
        """Start all of it and wait until the server is ready, and the devices too when the fleet plays them."""
        self.state = scratch("pdl-")
        logs = self.state / "log"
        self.broker = Broker(self.state / "broker", logs / "broker.log").start()
        self.database_url = self._make_database(logs)
        self.broker.wait_ready()
        for door in self.doors:
            door.start(self.broker.port)
        self.server = Server(logs / "server.log", self.database_url, self.broker, env=self.server_env)
        if self.devices:
            self.server.demo(self.fleet_file, self.sites, self.devices)
        self.api = self.server.client(self.server.token("owner", "owner"))
        self.server.start().wait_ready()
        if self.devices and self.with_fleet:
            self.fleet = Fleet(logs / "fleet.log", self.fleet_file, self.state / "journal", speed=self.speed,
                               broker=self.broker).start()
            self.wait_devices()
        return self

    def _make_database(self, logs):
        shared = os.environ.get(TEST_CLUSTER)
        if not shared or self.private_postgres:
            self.postgres = Postgres(self.state / "pg", logs / "postgres.log", fsync=self.private_postgres)
            self.postgres.start().wait_ready()
            shared = self.postgres.url("postgres")
        self._shared_url = shared
        template = pg.template(shared, f"pediluve_{schema_mark()}",
                               lambda url: Server(logs / "server.log", url, self.broker).migrate())
        self._database = pg.create_database(shared, template=template)
        return pg.url_in(shared, self._database)

    @property
    def fleet_file(self):
        return self.state / "fleet.json"

    def fleet_devices(self):
        """The fleet file's entries: {"device_id", "password", "model"}."""
        return json.loads(self.fleet_file.read_text())["devices"]

    def device(self, model=None, index=0):
        """The id of the index-th device (of that model)."""
        return [each["device_id"] for each in self.fleet_devices() if model in (None, each["model"])][index]

    def agent(self, device_id, speed=None):
        """One device as a process of its own, started. Use it with fleet=False."""
        entry = next(each for each in self.fleet_devices() if each["device_id"] == device_id)
        agent = Agent(self.state / "log" / f"agent-{device_id[-8:]}.log", self.state / f"agent-{device_id[-8:]}", entry,
                      self.broker, speed=speed or self.speed)
        self._agents.append(agent)
        return agent.start()

    def wait_devices(self, device_ids=None, deadline_s=20.0):
        """Until these devices (all of the fleet file) are ready in the API."""
        wanted = set(device_ids or [each["device_id"] for each in self.fleet_devices()])

        def all_ready():
            if self.fleet and self.fleet.exit_code() is not None:
                raise Died(f"the fleet ended by itself\n{self.fleet.tail()}")
            return wanted <= {item["id"] for item in self.api.pages("/api/v1/devices") if item["ready"]}
        until(all_ready, deadline_s, f"{len(wanted)} devices to be ready", every_s=0.1)

    def another_server(self, instance="b", env=None):
        """A second replica on the same database and broker, started and ready."""
        other = Server(self.state / "log" / f"server-{instance}.log", self.database_url, self.broker, instance=instance,
                       env={**(self.server_env or {}), **(env or {})})
        self._agents.append(other)
        return other.start().wait_ready()

    def client(self, role="operator", sites=(), name=None):
        """A Client with a new token of that role and those sites."""
        return self.server.client(self.server.token(name or role, role, sites))

    def sql(self, text, **values):
        """Rows of a query in the spa's database, as dicts of strings: see postgres.sql()."""
        return pg.sql(self.database_url, text, **values)

    def stop(self):
        """Stop all of it, devices first. Logs stay when a sanitizer or a crash left something in them."""
        for part in [*self._agents, self.fleet, self.server, self.broker]:
            if part:
                part.stop()
        if self._database and not self.postgres:
            with contextlib.suppress(RuntimeError):
                pg.drop_database(self._shared_url, self._database)
        if self.postgres:
            self.postgres.stop()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            shutil.rmtree(self.state, ignore_errors=True)
