"""A unit, the server and the broker are killed: the history of presence says what was, and no more than was seen."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402


def world():
    with Spa(devices=2, fleet=False) as spa:
        yield spa


def history(spa, device, **query):
    reply = spa.api.get(f"/api/v1/devices/{device}/presence", params=query)
    tap.equal(reply.status, 200, reply)
    return reply.json


def marks(spa, device):
    """Oldest first."""
    return [f"{'+' if each['connected'] else '-'}{each['why']}" for each in reversed(history(spa, device)["items"])]


def reach(spa, device, *wanted):
    def there():
        return marks(spa, device) == list(wanted)
    until(there, 60, f"{wanted}")


@tap.test(deadline_s=240)
def a_killed_unit_leaves_an_interval_and_one_that_goes_while_the_server_is_away_does_too(spa):
    device = spa.device("spa-pro")
    agent = spa.agent(device)
    reach(spa, device, "+hello")
    agent.kill9()
    reach(spa, device, "+hello", "-last_will")
    agent.start()
    reach(spa, device, "+hello", "-last_will", "+hello")
    back, gone, came = history(spa, device)["items"]
    tap.check(came["at"] < gone["at"] < back["at"], (came, gone, back))
    tap.equal((back["restarted"], back["not_before"], gone["epoch"]), (True, None, came["epoch"]))

    watched = until(lambda: history(spa, device)["watched_until"], 40, "the server to say that it watches")
    spa.server.kill9()
    agent.kill9()
    spa.server.start().wait_ready()
    reach(spa, device, "+hello", "-last_will", "+hello", "-last_will")
    found = history(spa, device)["items"][0]
    tap.check(found["not_before"] and watched <= found["not_before"] < found["at"], (watched, found))

    agent.start()
    reach(spa, device, "+hello", "-last_will", "+hello", "-last_will", "+hello")


@tap.test(deadline_s=240)
def a_server_that_comes_back_finds_a_unit_that_never_went_as_it_was(spa):
    device = spa.device("bath-basic")
    agent = spa.agent(device)
    reach(spa, device, "+hello")
    until(lambda: history(spa, device)["watched_until"], 40, "the server to say that it watches")
    spa.server.kill9()
    spa.server.start().wait_ready()
    spa.wait_devices([device])
    before = history(spa, device)["watched_until"]
    until(lambda: history(spa, device)["watched_until"] > before, 60, "the server to have looked at all")
    tap.equal(marks(spa, device), ["+hello"])
    agent.stop()


tap.main(world)
