"""What black-box tests and `make run` share: real processes, an HTTP client, an MQTT client, a TAP runner.

A test file stands alone (`python3 tests/api/test_sessions.py [filter]`) and begins with:

    import sys
    from pathlib import Path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from harness import Client, Spa, tap, until

    def world():                          # made once a file, given to every test that takes an argument
        with Spa(devices=2, speed=60) as spa:
            yield spa

    @tap.test
    def a_retired_device_refuses_commands(spa):
        reply = spa.api.post("/api/v1/sessions", {"device_id": spa.device("spa-pro"), "routine": "relax-10",
                                                  "intake": {"none_apply": True}})
        tap.equal(reply.status, 409, reply)

    tap.main(world)

Modules: process (Process, free_port, until), postgres (Postgres), broker (Broker), server (Server), fleet (Fleet, Agent),
spa (Spa: all of them together), client (Client, Reply, EventStream), mqtt (Mqtt: a small MQTT 5 client), tap, paths.
Everything is the standard library. Start processes from the main thread only: they die with the thread that made them.
"""

from . import tap
from .broker import Broker
from .client import Client, Reply
from .fleet import Agent, Fleet
from .mqtt import Mqtt, MqttRefused
from .paths import ROOT, binary
from .postgres import Postgres
from .process import Died, Process, TooLate, free_port, until
from .server import Server
from .spa import Spa

__all__ = ["Agent", "Broker", "Client", "Died", "Fleet", "Mqtt", "MqttRefused", "Postgres", "Process", "ROOT",
           "Reply", "Server", "Spa", "TooLate", "binary", "free_port", "tap", "until"]
