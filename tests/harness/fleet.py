"""The device side: many simulated devices in one process (Fleet), or one in its own (Agent)."""

import json
from pathlib import Path

from .paths import ROOT, binary
from .process import Process

MODELS = ROOT / "schema/catalogue/models"


class Fleet(Process):
    """All devices of the fleet file. `speed`: how many times faster their control time runs."""

    name = "fleet"

    def __init__(self, log, config, journal, *, speed=60, broker=None, models=MODELS):
        super().__init__(log)
        self.config, self.journal, self.speed, self.broker, self.models = Path(config), Path(journal), speed, broker, models

    def start(self):
        self.journal.mkdir(parents=True, exist_ok=True)
        return super().start()

    def command(self):
        where = ["--mqtt-host", self.broker.host, "--mqtt-port", self.broker.port] if self.broker else []
        return [binary("pediluve-fleet"), "--config", self.config, "--models", self.models, "--journal", self.journal,
                "--speed", self.speed, *where]


class Agent(Process):
    """One device as pediluve-agent. `device`: its entry of the fleet file; state (journal, configuration) below `state`."""

    name = "agent"

    def __init__(self, log, state, device, broker, *, speed=60, models=MODELS, mqtt=None):
        super().__init__(log)
        self.state, self.device, self.broker, self.speed, self.models = Path(state), device, broker, speed, models
        self.mqtt = mqtt or {}
        self.name = f"agent {device['device_id'][-8:]}"

    def start(self):
        self.state.mkdir(parents=True, exist_ok=True)
        config = {"device_id": self.device["device_id"], "password": self.device["password"],
                  "model": self.device["model"], "models_dir": str(self.models),
                  "mqtt": {"host": self.broker.host, "port": self.broker.port, **self.mqtt},
                  "journal": str(self.state / "journal.db"), "board": "sim", "speed": self.speed}
        file = self.state / "agent.json"
        file.write_text(json.dumps(config, indent=2))
        file.chmod(0o600)
        return super().start()

    def command(self):
        return [binary("pediluve-agent"), "--config", self.state / "agent.json"]
