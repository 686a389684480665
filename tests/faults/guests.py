"""Staff at work, whatever happens: sessions are started, paused, adjusted, resumed, stopped or left to their end, devices are
disinfected. Every request has an Idempotency-Key and is asked again until it is answered, as a careful client does; some are
given up after the first try, as an impatient one does. All of it is recorded."""

import random
import threading
import time
import uuid

from harness import Client

GIVE_UP_S = 90
ENDED = {"completed", "stopped", "aborted", "expired", "rejected"}
AGAIN = {429, 500, 502, 503, 504}


class Staff(threading.Thread):
    """One person with some devices. `calm` ends the shift: sessions are stopped, then the thread ends."""

    def __init__(self, number, seed, urls, token, devices, record, calm, pace_s):
        super().__init__(name=f"staff {number}", daemon=True)
        self.chance = random.Random(f"{seed}/{number}")
        self.apis = [Client(url, token, timeout_s=12) for url in urls]
        self.devices, self.record, self.calm, self.pace_s = devices, record, calm, pace_s
        self.sessions = {}  # device: id
        self.maybe = {}  # device: a start was given up, its session may be there
        self.trouble = None

    def run(self):
        try:
            while not self.calm.is_set():
                self.turn(self.chance.choice(self.devices))
                self.calm.wait(self.chance.uniform(0.2, 1.8) * self.pace_s)
        except Exception as broken:  # shown by the test
            self.trouble = broken

    # ---- requests ----

    def try_once(self, method, path, body, headers=None, params=None):
        try:
            return self.chance.choice(self.apis).request(method, path, body, headers=headers, params=params)
        except (OSError, ValueError):
            return None

    def ask(self, what, device, session, path, body=None, patient=True):
        """One wish, asked until answered; the reply or None."""
        key, tries, reply = str(uuid.uuid4()), [], None
        wait = self.chance.choice([None, None, 1, 5])
        end = time.monotonic() + GIVE_UP_S
        while True:
            reply = self.try_once("POST", path, body, {"Idempotency-Key": key}, {"wait": wait} if wait and what != "clean" else None)
            tries.append(reply.status if reply else "timeout")
            done = reply is not None and reply.status not in AGAIN and reply.code not in ("idempotency_in_progress", "in_progress")
            if done or not patient or time.monotonic() > end:
                break
            time.sleep(0.3)
        answered = reply is not None and reply.status in (201, 202)
        self.record.add({"what": what, "device": device, "session": reply.json["id"] if answered and what == "start" else session,
                         "key": key, "tries": tries, "status": reply.status if reply else None,
                         "body": reply.json if answered else reply.code if reply else None})
        return reply

    def look(self, path):
        reply = self.try_once("GET", path, None)
        return reply.json if reply and reply.status == 200 else None

    # ---- work ----

    def turn(self, device):
        if device in self.maybe:
            page = self.look(f"/api/v1/sessions?device_id={device}&limit=1")
            if page is None:
                return
            self.maybe.pop(device)
            if page["items"] and page["items"][0]["state"] not in ENDED:
                self.sessions[device] = page["items"][0]["id"]
        if device not in self.sessions:
            self.begin(device)
            return
        session = self.sessions[device]
        now = self.look(f"/api/v1/sessions/{session}")
        if now is None:
            return
        if now["state"] in ENDED:
            del self.sessions[device]
            return
        self.act(device, session, now["state"])

    def begin(self, device):
        reply = self.ask("start", device, None, "/api/v1/sessions",
                         {"device_id": device, "routine": "relax-10", "intake": {"none_apply": True}},
                         patient=self.chance.random() > 0.1)
        if reply is not None and reply.status == 201:
            self.sessions[device] = reply.json["id"]
            if self.chance.random() < 0.1:  # at once: it meets the start on its way
                self.act(device, reply.json["id"], "requested", "stop")
        elif reply is not None and reply.status == 409 and reply.code == "cleaning_due":
            self.clean(device)
        else:
            self.maybe[device] = True

    def clean(self, device):
        self.ask("clean", device, None, f"/api/v1/devices/{device}/cleanings",
                 {"kind": "after_client", "disinfectant": "Example Quat", "epa_number": "1839-83", "contact_minutes": 10,
                  "rinsed": True})

    def act(self, device, session, state, what=None):
        choices = {"running": ["pause", "adjust", "adjust", "stop", "resume"], "paused": ["resume", "resume", "stop", "adjust"],
                   "waiting": ["stop"]}
        what = what or self.chance.choice(choices.get(state, ["stop", "nothing", "nothing", "nothing", "nothing", "nothing"]))
        if what == "nothing":
            return
        body = {"intensity": self.chance.randint(20, 100)} if what == "adjust" else None
        self.ask(what, device, session, f"/api/v1/sessions/{session}/{what}", body, patient=self.chance.random() > 0.1)
