# suite: builds=asan,tsan waits deadline_s=300
"""pediluve-agent as a process, with a real broker: birth and death, reconnects, commands, a full disk, TLS. The test is the server."""

import json
import resource
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]
from agent_world import PROGRAM, SOON_S, log_has, world  # noqa: E402
from harness import tap, until  # noqa: E402
from harness.fleet import Agent  # noqa: E402
from harness.mqtt import Mqtt  # noqa: E402
from harness.paths import ROOT  # noqa: E402
from harness.process import free_port  # noqa: E402

KEEPALIVE_NOTICED_S = 28


@tap.test
def a_device_announces_itself_with_birth_and_hello(world):
    with world.device() as d:
        birth = d.wait("presence")
        hello = d.hello()
        tap.equal((birth["online"], birth["epoch"], birth["boot_id"]), (True, 1, hello["boot_id"]))
        tap.equal((hello["v"], hello["epoch"], hello["last_seq"], hello["model"]), (1, 1, 0, "bath-basic"))
        tap.equal(hello["state"]["mode"], "idle", hello)


@tap.test
def hello_is_said_again_until_it_is_answered_and_then_no_more(world):
    with world.device() as d:
        for _ in range(3):
            tap.equal(d.hello()["epoch"], 1)
        d.commit(0)
        message = d.wait("telemetry")
        d.commit(message["n"] + len(message["samples"]) - 1)  # what stays uncommitted is a reason to say hello, too
        d.wait("state")
        while d.client.inbox:  # what came before the answer did
            d.client.inbox.popleft()
        d.wait("state")
        tap.equal([m.topic for m in d.client.inbox if m.topic.endswith("hello")], [])


@tap.test
def kill_9_shows_as_offline_by_the_will_and_the_next_run_has_the_next_epoch(world):
    with world.device() as d:
        first = d.greet()
        d.agent.kill9()
        will = d.wait("presence", like=lambda m: not m["online"])
        tap.equal((will["epoch"], will["boot_id"]), (1, first["boot_id"]))
        d.agent.start()
        second = d.hello(epoch=2)
        tap.check(second["boot_id"] != first["boot_id"], second)
        birth = d.wait("presence", like=lambda m: m["online"] and m["epoch"] == 2)
        tap.equal(birth["boot_id"], second["boot_id"])
        d.agent.kill9()
        tap.equal(d.wait("presence", like=lambda m: not m["online"])["epoch"], 2)


@tap.test
def sigterm_says_goodbye_and_ends_well(world):
    with world.device() as d:
        d.greet()
        tap.equal(d.agent.stop(), 0, d.agent.tail())
        tap.equal(d.wait("presence", like=lambda m: not m["online"])["epoch"], 1)
        with Mqtt(world.broker.host, world.broker.port, client_id=f"late-{d.id}") as late:  # it is retained
            late.subscribe(d.topic("presence"))
            tap.equal(late.receive_json(SOON_S)["online"], False)


@tap.test
def sigterm_ends_a_device_that_never_reached_its_broker(world):
    with world.device(port=free_port()) as d:
        until(log_has(d.agent, "no connection"), SOON_S, "the first failure")
        tap.equal(d.agent.stop(), 0, d.agent.tail())


@tap.test
@tap.rows("kept by the broker", "sent while the device listens")
def a_retained_command_is_not_carried_out(world, when):
    with world.device() as d:
        if when == "kept by the broker":
            d.epoch = 1
            retained = d.command("pause", retain=True)
            d.greet()
        else:
            d.greet()
            retained = d.command("pause", retain=True)
        other = d.command("pause")
        tap.equal(d.wait("ack")["command_id"], other["id"], retained)  # the first answer of all
        d.client.publish(d.topic("command"), "", retain=True)


@tap.test
def a_command_that_cannot_be_read_is_answered_when_its_head_can(world):
    with world.device() as d:
        d.greet()
        d.client.publish(d.topic("command"), "{")
        d.client.publish(d.topic("command"), {"seq": 1})
        d.client.publish(d.topic("committed"), "no json", qos=0)
        d.client.publish("pediluve/v1/server/presence", {"instance": 5})
        bad = d.command("dance")
        answer = d.ack(bad)
        tap.equal((answer["state"], answer["code"], answer["seq"]), ("rejected", "bad_message", bad["seq"]))
        tap.equal(d.ack(d.command("pause"))["code"], "no_session")
        tap.check(d.agent.alive())


@tap.test
def a_burst_of_commands_is_answered_once_each(world):
    with world.device() as d:
        d.greet()
        sent = [d.command("pause")["id"] for _ in range(30)]
        tap.equal(sorted(d.wait("ack")["command_id"] for _ in sent), sorted(sent))


@tap.test
def a_known_command_gets_its_stored_answer_after_kill_9(world):
    with world.device() as d:
        d.greet()
        session = str(uuid.uuid4())
        start = d.command("start", session, program=PROGRAM)
        tap.equal(d.ack(start)["state"], "succeeded")
        d.agent.kill9()
        d.agent.start()
        hello = d.greet(epoch=2)
        tap.equal((hello["last_seq"], hello["state"]["session"]["id"]), (start["seq"], session))
        tap.equal((hello["state"]["session"]["state"], hello["state"]["session"]["reason"]), ("paused", "power_loss"))
        d.client.publish(d.topic("command"), start)
        tap.equal(d.ack(start)["state"], "succeeded")
        tap.equal(d.wait("state", like=lambda m: m["epoch"] == 2)["session"]["state"], "paused")
        tap.equal(d.ack(d.command("stop", session))["state"], "succeeded")


@tap.test
def the_broker_restarts_and_the_device_comes_back_with_the_next_epoch(world):
    with world.device(speed=20) as d:
        first = d.greet()
        d.client.close()
        world.broker.kill9()
        until(log_has(d.agent, "connection lost"), SOON_S, "the loss to be noticed")
        world.broker.start().wait_ready()
        d.listen()
        second = d.greet(epoch=2)
        tap.equal(second["boot_id"], first["boot_id"])
        tap.check(d.wait("telemetry")["n"] >= 1)


@tap.test(deadline_s=90)
def a_broker_that_stands_still_is_noticed_and_samples_go_on_meanwhile(world):
    with world.device(speed=50) as d:
        d.greet()
        before = d.wait("telemetry")["n"]
        d.client.close()
        world.broker.signal(signal.SIGSTOP)
        try:
            until(log_has(d.agent, "connection lost"), KEEPALIVE_NOTICED_S, "the keepalive to end the connection")
        finally:
            world.broker.signal(signal.SIGCONT)
        d.listen()
        hello = d.greet(epoch=2)
        tap.check(hello["uncommitted"] > before + 20, hello)  # about five a second, for five seconds at least
        expected = 1
        while expected <= hello["uncommitted"]:
            message = d.wait("telemetry")
            if message["n"] == expected and message["lost"] == 0:
                expected += len(message["samples"])
                d.commit(expected - 1)


@tap.test
def a_message_that_got_lost_is_sent_again_from_the_watermark(world):
    with world.device(speed=100) as d:
        d.greet()
        first = d.wait("telemetry")
        tap.equal((first["n"], first["lost"]), (1, 0))
        n = len(first["samples"])
        d.wait("telemetry", like=lambda m: m["n"] > 1)  # this one is lost, says the server
        d.commit(n)
        again = d.wait("telemetry", like=lambda m: m["n"] == n + 1)
        d.commit(again["n"] + len(again["samples"]) - 1)
        d.wait("telemetry", like=lambda m: m["n"] > again["n"])


def grow(agent, allowed):
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if allowed else 1, resource.RLIM_INFINITY))


@tap.test
def a_full_disk_refuses_commands_and_tells_the_samples_it_cost(world):
    with world.device(speed=100) as d:
        d.greet()
        d.wait("telemetry")
        grow(d.agent, False)
        start = d.command("start", program=PROGRAM)
        answer = d.ack(start)
        tap.equal((answer["state"], answer["code"]), ("rejected", "journal_failed"))
        for _ in range(2):  # five seconds apart: dozens of samples
            tap.equal(d.wait("state", like=lambda m: m["faults"])["faults"], ["journal"])
        grow(d.agent, True)
        d.wait("state", like=lambda m: m["faults"] == [])
        tap.equal(d.ack(d.command("start", program=PROGRAM))["state"], "succeeded")
        expected, lost = 1, 0
        d.commit(0)
        while not lost:  # the server takes only what follows its watermark, `lost` included
            message = d.wait("telemetry")
            if message["n"] == expected + message["lost"]:
                expected, lost = message["n"] + len(message["samples"]), lost + message["lost"]
                d.commit(expected - 1)
        d.wait("telemetry", like=lambda m: m["n"] == expected and m["lost"] == 0)


@tap.test(deadline_s=240)
def a_full_spool_is_thinned_out_and_every_gap_is_told(world):
    d = world.device(speed=1000)
    d.agent.more = {"spool_bytes": 131072}
    with d:
        d.greet()
        d.client.close()
        world.broker.signal(signal.SIGSTOP)  # nobody takes samples: about a hundred a second
        try:
            ask = [d.agent.command()[0], "status", "--json", "--config", d.agent.state / "agent.json"]
            until(lambda: json.loads(subprocess.check_output(ask))["spool"]["given_up"] > 500, 150, "a spool that is full", every_s=0.5)
        finally:
            world.broker.signal(signal.SIGCONT)
        d.listen()
        hello = d.hello(KEEPALIVE_NOTICED_S)
        d.commit(0)
        expected, lost, gaps = 1, 0, 0
        while expected <= hello["uncommitted"]:
            message = d.wait("telemetry")
            if message["n"] - message["lost"] == expected:
                expected, lost, gaps = message["n"] + len(message["samples"]), lost + message["lost"], gaps + (message["lost"] > 0)
                d.commit(expected - 1)
        tap.check(lost > 500 and gaps > 50, (lost, gaps))


@tap.test
def samples_of_the_run_before_come_first(world):
    with world.device(speed=100) as d:
        first = d.hello()["boot_id"]
        until(lambda: d.hello()["uncommitted"] > 10, SOON_S, "samples in the spool")
        d.agent.kill9()
        d.agent.start()
        d.greet(epoch=2)
        message = d.wait("telemetry")
        tap.equal((message["boot_id"], message["n"], message["lost"]), (first, 1, 0))
        last = 0
        while message["boot_id"] == first:
            if message["n"] == last + 1:
                last += len(message["samples"])
                d.commit(last, first)
            message = d.wait("telemetry")
        tap.equal((message["boot_id"], message["n"], message["lost"]), (d.boot_id, 1, 0))
        tap.check(last > 10)


@tap.test
def the_connection_can_be_encrypted(world):
    with world.device(host="localhost", port=world.broker.tls_port, ca_file=str(world.broker.state / "server.crt")) as d:
        d.greet()
        tap.equal(d.ack(d.command("pause"))["code"], "no_session")


@tap.test
@tap.rows(("a certificate of somebody else", "localhost", "other.crt"), ("another name", "127.0.0.2", "server.crt"))
def an_encrypted_connection_is_refused_to(world, _what, host, ca):
    with world.device(host=host, port=world.broker.tls_port if ca else 0, ca_file=str(world.broker.state / ca)) as d:
        d.agent.log.touch()
        time.sleep(3)
        tap.check(d.agent.alive())
        tap.check(d.client.quiet(0.1), "a device told what it should not")


@tap.test
def a_wrong_configuration_ends_the_process_with_a_reason(world):
    program = Agent(world.folder / "x.log", world.folder / "x", {"device_id": "x", "password": "", "model": ""}, world.broker).command()[0]
    good = {"device_id": str(uuid.uuid4()), "password": "x", "model": "bath-basic", "models_dir": str(ROOT / "schema/catalogue/models"),
            "mqtt": {"host": "127.0.0.1", "port": 1}, "journal": str(world.folder / "wrong.db"), "board": "sim", "speed": 1}
    file = world.folder / "wrong.json"
    for change, code, word in (({"device_id": "x"}, 2, "/device_id"), ({"model": "none-such"}, 1, "none-such"), ({"board": "real"}, 2, "/board"),
                               ({"speed": 0}, 2, "/speed"), ({"journal": "/nowhere/j.db"}, 1, "/nowhere/j.db"),
                               ({"model": "../x"}, 1, "../x"), ({"colour": 1}, 2, "/colour")):
        file.write_text(json.dumps({**good, **change}))
        ended = subprocess.run([program, "--config", file], capture_output=True, text=True, timeout=SOON_S)
        tap.equal(ended.returncode, code, (change, ended.stderr))
        tap.contains(ended.stderr, word)


tap.main(world)
