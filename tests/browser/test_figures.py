"""That the dashboard's figures can be taken: what a first load transfers, when tiles are there, how long a device's message
takes to its painted tile. Few devices and no limits here; `make bench` takes them with 1,000. The tests are in figures.mjs."""
# suite: deadline_s=600

import json
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))
from flow import run
from harness import Fleet, until
from world import Device

DEVICES = int(os.environ.get("PEDILUVE_FIGURES_DEVICES") or 40)
PLAYED = 10  # devices that are no agent: they say what the test tells them to


def first_by_name(spa):
    """The devices whose tiles stand at the top of the floor."""
    items = sorted(spa.api.pages("/api/v1/devices"), key=lambda item: [int(part) if part.isdigit() else part
                                                                       for part in re.split(r"(\d+)", item["name"])])
    return {item["id"] for item in items[:PLAYED]}


def play(spa):
    wanted = first_by_name(spa)
    known = json.loads(spa.fleet_file.read_text())
    played = [each for each in known["devices"] if each["device_id"] in wanted]
    known["devices"] = [each for each in known["devices"] if each["device_id"] not in wanted]
    others = spa.state / "others.json"
    others.touch(0o600)
    others.write_text(json.dumps(known))
    spa.fleet = Fleet(spa.state / "log/fleet.log", others, spa.state / "journal", speed=1, broker=spa.broker).start()
    spa.wait_devices([each["device_id"] for each in known["devices"]], deadline_s=180)
    devices = [Device(spa, each["device_id"], each["password"], each["model"]) for each in played]
    until(lambda: all(item["connected"] for item in spa.api.pages("/api/v1/devices") if item["id"] in wanted), 20,
          "the played devices to be connected")

    def warm(body):
        """One of them says a temperature; when it was said, in ms since 1970, and by which."""
        device = devices[body["nth"] % PLAYED]
        device.session = {"state": "none", "intensity": body["nth"] % 100}  # the server tells on what is no mere reading
        state = device.state()
        state["values"]["water_mdegc"] = round(body["water_c"] * 1000)
        said_at = time.time() * 1000
        device.say("state", state)
        return {"device": device.id, "at": said_at}
    return {"warm": warm}


run("figures.mjs", devices=DEVICES, fleet=False, prepare=play)
