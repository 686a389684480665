"""The harness itself, on the real PostgreSQL and Mosquitto: what every other black-box test stands on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Broker, Died, Mqtt, MqttRefused, Postgres, Process, TooLate, postgres, tap, until
from harness.mqtt import NOT_AUTHORIZED
from harness.paths import scratch

DEVICE = "0192f0c1-2d3e-7a4b-8c5d-000000000001"
OTHER = "0192f0c1-2d3e-7a4b-8c5d-000000000002"


class World:
    pass


def world():
    made = World()
    made.state = scratch("pdl-")
    made.pg = Postgres(made.state / "pg", made.state / "postgres.log").start()
    made.broker = Broker(made.state / "broker", made.state / "broker.log").start()
    made.pg.wait_ready()
    made.broker.wait_ready()
    provision(made.broker, DEVICE)
    provision(made.broker, OTHER)
    yield made
    made.pg.stop()
    made.broker.stop()
    subprocess.run(["rm", "-rf", made.state], check=True)


def server(broker):
    return Mqtt(broker.host, broker.port, client_id="pediluved", username="pediluved", password=broker.server_password)


def device(broker, ident, password="of-the-device", client_id=None, **more):
    return Mqtt(broker.host, broker.port, client_id=client_id or ident, username=ident, password=password, **more)


def provision(broker, ident):
    with server(broker) as admin:
        admin.subscribe("$CONTROL/dynamic-security/v1/response")
        admin.publish("$CONTROL/dynamic-security/v1", {"commands": [
            {"command": "createClient", "username": ident, "password": "of-the-device", "clientid": ident}]})
        answer = admin.receive_json()
        tap.check("error" not in answer["responses"][0], answer)


@tap.test
def a_database_is_a_copy_of_its_template(w):
    postgres.template(w.pg.url("postgres"), "a_template", lambda url: postgres.sql(url, "CREATE TABLE t AS SELECT 7 AS n"))
    again = postgres.template(w.pg.url("postgres"), "a_template", lambda url: tap.check(False, "made twice"))
    name = w.pg.create_database(template=again)
    tap.equal(w.pg.sql(name, "SELECT n, null AS nothing, :'word' AS word FROM t", word="it's"),
              [{"n": "7", "nothing": None, "word": "it's"}])
    postgres.drop_database(w.pg.url("postgres"), name)


@tap.test
def a_failing_statement_is_an_error(w):
    try:
        w.pg.sql("postgres", "SELECT * FROM nowhere")
    except RuntimeError as error:
        tap.contains(str(error), "nowhere")
    else:
        tap.check(False, "no error")


@tap.test
def a_killed_cluster_comes_back_with_its_data(w):
    w.pg.sql("postgres", "CREATE TABLE kept AS SELECT 1 AS one")
    w.pg.kill9()
    w.pg.start().wait_ready()
    tap.equal(w.pg.sql("postgres", "SELECT one FROM kept"), [{"one": "1"}])


@tap.test
@tap.rows(("no account", None, None), ("unknown account", "nobody", "x"), ("wrong password", DEVICE, "x"))
def the_broker_refuses(w, _what, username, password):
    try:
        Mqtt(w.broker.host, w.broker.port, client_id=username or "x", username=username, password=password).close()
    except MqttRefused as refused:
        tap.equal(refused.reason, NOT_AUTHORIZED)
    else:
        tap.check(False, "the broker let it in")


@tap.test
def an_account_works_with_its_own_client_id_only(w):
    try:
        device(w.broker, DEVICE, client_id="another").close()
    except MqttRefused as refused:
        tap.equal(refused.reason, NOT_AUTHORIZED)
    else:
        tap.check(False, "the broker let it in")


@tap.test
@tap.rows("hello", "ack", "state", "telemetry", "presence")
def a_device_publishes_on_its_own(w, channel):
    topic = f"pediluve/v1/{DEVICE}/{channel}"
    with server(w.broker) as listener, device(w.broker, DEVICE) as publisher:
        tap.equal(listener.subscribe(topic), [1])
        tap.equal(publisher.publish(topic, "{}"), 0)
        tap.equal(listener.receive(topic=topic).payload, b"{}")


@tap.test
@tap.rows(f"pediluve/v1/{OTHER}/ack", f"pediluve/v1/{DEVICE}/command", f"pediluve/v1/{DEVICE}/committed",
          "pediluve/v1/server/presence", "$CONTROL/dynamic-security/v1", "anything")
def a_device_may_not_publish_on(w, topic):
    with device(w.broker, DEVICE) as publisher:
        tap.equal(publisher.publish(topic, "{}"), NOT_AUTHORIZED)


@tap.test
@tap.rows("command", "committed")
def a_device_receives_its_own(w, channel):
    topic = f"pediluve/v1/{DEVICE}/{channel}"
    with server(w.broker) as sender, device(w.broker, DEVICE) as receiver:
        receiver.subscribe(topic)
        tap.equal(sender.publish(topic, {"a": 1}), 0)
        tap.equal(receiver.receive_json(topic=topic), {"a": 1})


@tap.test
def a_device_that_subscribes_to_everything_still_receives_only_its_own(w):
    mine, anybodys = f"pediluve/v1/{DEVICE}/command", "pediluve/v1/server/presence"
    with server(w.broker) as sender, device(w.broker, DEVICE) as listener:
        listener.subscribe("#", "pediluve/v1/#", "$CONTROL/#", "$SYS/#")
        for topic in (f"pediluve/v1/{OTHER}/command", f"pediluve/v1/{OTHER}/telemetry", mine, anybodys):
            sender.publish(topic, "{}")
        seen = {listener.receive().topic}
        seen.add(listener.receive(topic=anybodys if mine in seen else mine).topic)
        tap.equal(seen, {mine, anybodys})
        listener.publish(f"pediluve/v1/{DEVICE}/ack", "{}")  # a round trip: whatever else was coming has come
        tap.equal([message.topic for message in listener.inbox if message.topic not in seen], [])


@tap.test
def a_will_is_published_when_a_client_vanishes(w):
    topic = f"pediluve/v1/{DEVICE}/presence"
    with server(w.broker) as listener:
        listener.subscribe(topic)
        device(w.broker, DEVICE, will=(topic, "gone", 1, False)).close(with_will=True)
        tap.equal(listener.receive(topic=topic).payload, b"gone")


@tap.test
def accounts_survive_a_killed_broker(w):
    w.broker.kill9()
    w.broker.start().wait_ready()
    device(w.broker, DEVICE).close()


class Sleeper(Process):
    name = "sleeper"

    def __init__(self, log, script):
        super().__init__(log)
        self.script = script

    def command(self):
        return ["sh", "-c", self.script]

    def ready(self):
        return False


@tap.test
def a_process_that_ends_early_is_reported_with_its_log(w):
    try:
        Sleeper(w.state / "early.log", "echo the reason; exit 3").start().wait_ready()
    except Died as died:
        tap.contains(str(died), "the reason")
        tap.contains(str(died), "ended with 3")
    else:
        tap.check(False, "not reported")


@tap.test
def a_process_that_never_gets_ready_runs_into_the_deadline(w):
    slow = Sleeper(w.state / "slow.log", "sleep 60")
    try:
        slow.start().wait_ready(deadline_s=0.1)
    except TooLate:
        tap.equal(slow.kill9(), -signal.SIGKILL)
    else:
        tap.check(False, "not reported")


@tap.test
def a_process_that_ignores_the_wish_to_end_is_killed(w):
    deaf = Sleeper(w.state / "deaf.log", "trap '' TERM; echo up; while :; do sleep 0.1; done").start()
    until(lambda: "up" in deaf.tail())
    tap.equal(deaf.stop(deadline_s=0.2), -signal.SIGKILL)


@tap.test
def no_process_outlives_the_program_that_started_it(w):
    script = ("import sys, time; sys.path.insert(0, sys.argv[1]); from harness.test_pieces import Sleeper; "
              "from harness import Postgres; s = Sleeper(sys.argv[2] + '/orphan.log', 'sleep 60').start(); "
              "p = Postgres(sys.argv[2] + '/orphan-pg', sys.argv[2] + '/orphan-pg.log', "
              "socket_dir=sys.argv[2] + '/orphan-socket').start().wait_ready(); "
              "print(s.pid, p.pid, flush=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", script, str(Path(__file__).resolve().parents[1]), str(w.state)],
                              stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in parent.stdout.readline().split()]
    tap.equal(len(pids), 2)
    parent.kill()
    parent.wait()
    for pid in pids:
        until(lambda: not running(pid), 10, f"process {pid} to be gone")


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


BAD = """
import sys
sys.path.insert(0, sys.argv.pop())
from harness import tap
@tap.test
def it_fails():
    tap.equal(1, 2, "where")
@tap.test(deadline_s=0.1)
def it_hangs():
    import time
    time.sleep(30)
@tap.test
def it_skips():
    tap.skip("no engine here")
@tap.test
def it_passes():
    pass
tap.main()
"""


@tap.test
def the_runner_reports_failures_hangs_and_skips(w):
    done = subprocess.run([sys.executable, "-c", BAD, str(Path(__file__).resolve().parents[1])], capture_output=True, text=True)
    tap.equal(done.returncode, 1)
    tap.equal([line for line in done.stdout.splitlines() if not line.startswith("#")],
              ["1..4", "not ok 1 - it fails", "not ok 2 - it hangs", "ok 3 - it skips # SKIP no engine here",
               "ok 4 - it passes"])


if __name__ == "__main__":
    tap.main(world)
