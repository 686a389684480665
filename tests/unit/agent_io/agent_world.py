"""One real agent and a real broker without accounts; the test is the server."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness.broker import Broker  # noqa: E402
from harness.fleet import Agent  # noqa: E402
from harness.mqtt import Mqtt  # noqa: E402
from harness.paths import scratch  # noqa: E402
from harness.process import free_port  # noqa: E402
from harness import tap  # noqa: E402

SOON_S = 20
PROGRAM = {"model": "bath-basic", "model_version": 1, "intensity_max": 80, "water_max_mdegc": 40000,
           "total_max_ms": 3600000, "rinse": False,
           "steps": [{"kind": "rest", "source_step": 0, "ms": 1800000, "water_mdegc": 0, "sets": []}]}


class OpenBroker(Broker):
    """No accounts: these tests are about the connection. With TLS on a second port."""

    def create(self):
        self.state.mkdir(parents=True, exist_ok=True)
        self.tls_port = getattr(self, "tls_port", None) or free_port()
        if not (self.state / "server.crt").exists():
            self._certificates()
        (self.state / "mosquitto.conf").write_text("\n".join([
            f"user {pwd.getpwuid(os.geteuid()).pw_name}", "allow_anonymous true", "persistence true",
            f"persistence_location {self.state}/", "set_tcp_nodelay true", "log_dest stdout", "log_type error",
            f"listener {self.port} {self.host}", f"listener {self.tls_port} {self.host}",
            f"certfile {self.state}/server.crt", f"keyfile {self.state}/server.key"]) + "\n")

    def _certificates(self):
        for name in ("server", "other"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.state / f"{name}.key",
                            "-out", self.state / f"{name}.crt"], check=True, capture_output=True)

    def command(self):
        return [shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), "-c", self.state / "mosquitto.conf"]


class ConfiguredAgent(Agent):
    """With further keys in its configuration."""

    more = {}

    def command(self):
        file = self.state / "agent.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **self.more}))
        return super().command()


class World:
    def __init__(self):
        self.folder = scratch("pdl-agent-")
        self.broker = OpenBroker(self.folder / "broker", self.folder / "broker.log").start().wait_ready()

    def device(self, speed=1, **mqtt):
        return Device(self, speed, mqtt)


class Device:
    """One agent of its own, and the server's side of it."""

    def __init__(self, world, speed=1, mqtt=None):
        self.id = str(uuid.uuid4())
        self.broker = world.broker
        self.agent = ConfiguredAgent(world.folder / f"{self.id}.log", world.folder / self.id,
                           {"device_id": self.id, "password": "x", "model": "bath-basic"}, world.broker, speed=speed, mqtt=mqtt)
        self.seq, self.epoch, self.boot_id, self.samples, self.next = 0, 0, None, 0, 1
        self.listen()

    def listen(self):
        self.client = Mqtt(self.broker.host, self.broker.port, client_id=f"server-{uuid.uuid4()}")
        self.client.subscribe(*[self.topic(c) for c in ("presence", "hello", "ack", "state", "telemetry")])
        return self

    def topic(self, channel):
        return f"pediluve/v1/{self.id}/{channel}"

    def wait(self, channel, deadline_s=SOON_S, like=None):
        end = time.monotonic() + deadline_s
        while True:
            message = self.client.receive_json(max(0.1, end - time.monotonic()), self.topic(channel))
            if channel == "telemetry":
                message.setdefault("lost", 0)
            if like is None or like(message):
                return message

    def hello(self, deadline_s=SOON_S, **wanted):
        hello = self.wait("hello", deadline_s, lambda m: all(m[k] == v for k, v in wanted.items()))
        self.epoch, self.boot_id = hello["epoch"], hello["boot_id"]
        return hello

    def commit(self, n, boot_id=None):
        self.client.publish(self.topic("committed"), {"boot_id": boot_id or self.boot_id, "epoch": self.epoch, "n": n,
                                                      "at": int(time.time() * 1000)}, qos=0)

    def greet(self, deadline_s=SOON_S, **wanted):
        hello = self.hello(deadline_s, **wanted)
        self.commit(0)
        return hello

    def command(self, kind, session_id=None, retain=False, **more):
        self.seq += 1
        command = {"id": str(uuid.uuid4()), "seq": self.seq, "epoch": self.epoch, "type": kind,
                   "session_id": session_id or str(uuid.uuid4()),
                   "expires_at": 0 if kind == "stop" else int(time.time() * 1000) + 60000, **more}
        self.client.publish(self.topic("command"), command, retain=retain)
        return command

    def ack(self, command, deadline_s=SOON_S, states=("succeeded", "failed", "rejected", "expired")):
        return self.wait("ack", deadline_s, lambda m: m["command_id"] == command["id"] and m["state"] in states)

    def __enter__(self):
        self.agent.start()
        return self

    def __exit__(self, *_):
        self.agent.kill9()
        self.client.close()


def world():
    made = World()
    yield made
    made.broker.stop()
    shutil.rmtree(made.folder, ignore_errors=True)


def log_has(agent, text):
    return lambda: text in agent.log.read_text(errors="replace")
