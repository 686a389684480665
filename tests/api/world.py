"""What the API tests share: a spa whose every answer is held against the contract, and small steps."""

import json
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Client, Mqtt, Spa, tap, until  # noqa: E402

from contract import Contract  # noqa: E402

NOTHING_APPLIES = {"none_apply": True}
V1 = "/api/v1"


class World:
    """.api speaks as an owner; as_role(...) as others. Every answer is checked."""

    def __init__(self, spa):
        self.spa = spa
        self.contract = Contract()
        self.api = self.observed(spa.api)
        self.sites = [site["id"] for site in self.api.pages(f"{V1}/sites")]

    def observed(self, client):
        client.observer = self.contract.observe
        return client

    def as_role(self, role, sites=()):
        return self.observed(self.spa.client(role, sites))

    def as_token(self, token):
        return Client(self.api.url, token, self.contract.observe)

    def new_device(self, model="spa-pro", site=None, **more):
        """A registered device that nobody plays; its representation with credentials."""
        body = {"site_id": site or self.sites[0], "model": model, "name": "Chair", **more}
        return ok(self.api.post(f"{V1}/devices", body), 201)

    def play(self, made, simulated=False):
        """A Device for what new_device() gave, ready."""
        def connected():
            try:
                return Device(self.spa, made["id"], made["credentials"]["password"], made["model"], simulated)
            except OSError:  # the broker has not taken the new account yet
                return None
        device = until(connected, 10, "the broker to take the new device")
        until(lambda: ok(self.api.get(f"{V1}/devices/{made['id']}"))["ready"], 10, "the device to be ready")
        return device

    def new_routine(self, steps, slug=None, site=None, **more):
        """A published routine of these steps; its slug."""
        slug = slug or f"r-{uuid.uuid4().hex[:12]}"
        made = self.api.post(f"{V1}/routines", routine(slug, steps, **more), params={"site_id": site} if site else None)
        ok(made, 201)
        ok(self.api.post(made.headers["Location"] + "/publish", headers={"If-Match": made.headers["ETag"]}), 200)
        return slug


def world(**options):
    options = {"devices": 4, "fleet": False, **options}
    with Spa(**options) as spa:
        yield World(spa)


def routine(slug, steps=None, **more):
    step = {"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 30}
    return {"slug": slug, "name": "A routine", "type": "classic", "steps": steps or [step], **more}


def order(device_id, routine_slug="relax-10", **more):
    return {"device_id": device_id, "routine": routine_slug, "intake": NOTHING_APPLIES, **more}


def key(text=None):
    return {"Idempotency-Key": text or str(uuid.uuid4())}


def ok(reply, status=200):
    """The reply's JSON, when it has this status."""
    tap.equal(reply.status, status, reply)
    return reply.json if reply.body else None


def refused(reply, status, code, pointer=None):
    """The problem, when it is this one; with a pointer: that error of errors[]."""
    tap.equal((reply.status, reply.code), (status, code), reply)
    if pointer is None:
        return reply.json
    found = [error for error in reply.json.get("errors", []) if error["pointer"] == pointer]
    tap.check(found, reply)
    return found[0]


class Device:
    """Just enough of a device to be ready and to take commands; it does and says only what the test tells it to."""

    def __init__(self, spa, device_id, password, model="spa-pro", simulated=False):
        self.id, self.boot, self.epoch, self.n, self.model = device_id, uuid7(), int(time.time() * 1000), 0, model
        self.session = None
        offline = json.dumps({"online": False, "boot_id": self.boot, "epoch": self.epoch})
        self.link = Mqtt(spa.broker.host, spa.broker.port, client_id=device_id, username=device_id, password=password,
                         will=(self.topic("presence"), offline, 1, True))
        self.link.subscribe(self.topic("command"), self.topic("committed"))
        self.say("hello", {"v": 1, "boot_id": self.boot, "epoch": self.epoch, "last_seq": 0, "agent": "test", "model": model,
                           "model_version": 1, "uncommitted": 0, "simulated": simulated, "state": self.state()})

    def topic(self, channel):
        return f"pediluve/v1/{self.id}/{channel}"

    def say(self, channel, body):
        self.link.publish(self.topic(channel), json.dumps(body))

    def state(self):
        self.n += 1
        session = {"state": "none", "reason": "none", "step": 0, "step_count": 0, "elapsed_ms": 0, "remaining_ms": 0,
                   "intensity": 0, "target_mdegc": 0, **(self.session or {})}
        busy = session["state"] in ("starting", "running", "paused", "waiting")
        return {"boot_id": self.boot, "epoch": self.epoch, "n": self.n, "at": int(time.time() * 1000),
                "mode": "session" if busy else "idle", "session": session, "faults": [], "rinse": False,
                "values": {"water_mdegc": 36000, "level_permille": 900, "current_ma": 0, "heater_permille": 0}}

    def tell(self, state, reason="none", **more):
        """Its session is in this state from now on."""
        self.session = {**(self.session or {}), "state": state, "reason": reason, **more}
        self.say("state", self.state())

    def command(self, deadline_s=10.0):
        """The next command that comes; every one is taken once, as a device's journal would."""
        return self.link.receive_json(deadline_s, self.topic("command"))

    def answer(self, command, state, code="ok"):
        self.say("ack", {"command_id": command["id"], "boot_id": self.boot, "seq": command["seq"], "epoch": self.epoch,
                         "state": state, "code": code, "at": int(time.time() * 1000)})

    def carry_out(self, type_, session_state, **more):
        """Take the next command, which must be of this type, answer it and report the state it leads to."""
        command = self.command()
        tap.equal(command["type"], type_, command)
        self.answer(command, "accepted")
        if type_ == "start":
            self.session = {"id": command["session_id"], "step_count": len(command["program"]["steps"]), "intensity": 100,
                            "started_at": int(time.time() * 1000)}
        self.tell(session_state, **more)
        self.answer(command, "succeeded")
        return command

    def close(self):
        """Gone without a word: its last will tells."""
        self.link.close(with_will=True)


def uuid7():
    raw = bytearray(int(time.time() * 1000).to_bytes(6, "big") + uuid.uuid4().bytes[6:])
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(raw)))


__all__ = ["Client", "Device", "NOTHING_APPLIES", "Spa", "V1", "World", "json", "key", "ok", "order", "refused", "routine",
           "tap", "time", "until", "uuid", "uuid7", "world"]
