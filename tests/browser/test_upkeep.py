"""Units, alarms, the disinfection log, charts, people and sites in a browser. The tests are in upkeep.mjs."""
# suite: deadline_s=300

import json
import tempfile
from pathlib import Path

from flow import run
from harness import until
from harness.fleet import MODELS, Agent


class Claimed(Agent):
    """An agent with the file that the page made; only where things lie on this machine is put in."""

    def start(self):
        self.state.mkdir(parents=True, exist_ok=True)
        here = {"models_dir": str(MODELS), "mqtt": {"host": self.broker.host, "port": self.broker.port},
                "journal": str(self.state / "journal.db"), "status": "-"}
        (self.state / "agent.json").write_text(json.dumps({**self.device, **here}))
        return super(Agent, self).start()


def prepare(spa):
    def claim(body):
        with tempfile.TemporaryDirectory() as folder:
            agent = Claimed(spa.state / "log" / "claimed.log", Path(folder), body, spa.broker).start()
            try:
                device = until(lambda: (lambda d: d["ready"] and d)(spa.api.get(f"/api/v1/devices/{body['device_id']}").json), 20, "the new unit")
            finally:
                agent.stop()
        return {"simulated": device["simulated"]}
    return {"claim": claim}


run("upkeep.mjs", prepare=prepare, devices=4, speed=20)
