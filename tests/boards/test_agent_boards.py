# suite: builds=asan,tsan waits deadline_s=600
"""pediluve-agent with a board that is not simulated, and its self-test: as a process, on hardware made of files."""

import json
import os
import pty
import pwd
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from control_board import ControlBoard  # noqa: E402
from fake_unit import DUTY, LEAK, LID, RELAY, STOP, FakeUnit  # noqa: E402
from harness import tap, until  # noqa: E402
from harness.broker import Broker  # noqa: E402
from harness.fleet import Agent  # noqa: E402
from harness.mqtt import Mqtt  # noqa: E402
from harness.paths import binary, scratch
from harness.process import TooLate  # noqa: E402

SOON_S = 20
PASSED, FAILED, REFUSED, INCOMPLETE = range(4)


class OpenBroker(Broker):
    def create(self):
        self.state.mkdir(parents=True, exist_ok=True)
        (self.state / "mosquitto.conf").write_text("\n".join([
            f"user {pwd.getpwuid(os.geteuid()).pw_name}", "allow_anonymous true", "log_dest stdout", "log_type error",
            f"listener {self.port} {self.host}"]) + "\n")

    def command(self):
        return [shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), "-c", self.state / "mosquitto.conf"]


class BoardAgent(Agent):
    """An agent whose board the environment names."""

    def __init__(self, *arguments, unit=None, **more):
        super().__init__(*arguments, **more)
        self.unit = unit

    def environment(self):
        board = "modbus" if isinstance(self.unit, ControlBoard) else "linux"
        return {"PEDILUVE_BOARD": board, "PEDILUVE_BOARD_FILE": str(self.unit.description)} if self.unit else {}

    def run(self, *options, deadline_s=SOON_S, **more):
        """The same program with the same configuration, for another purpose."""
        return subprocess.run([*map(str, self.command()), *options], env={**os.environ, **self.environment()}, text=True,
                              capture_output=True, timeout=deadline_s, stdin=more.pop("stdin", subprocess.DEVNULL), **more)


class World:
    def __init__(self):
        self.folder = scratch("pdl-boards-")
        self.broker = OpenBroker(self.folder / "broker", self.folder / "broker.log").start().wait_ready()

    def agent(self, unit=None, speed=1, model="bath-basic"):
        name = str(uuid.uuid4())
        agent = BoardAgent(self.folder / f"{name}.log", self.folder / name,
                           {"device_id": name, "password": "x", "model": model}, self.broker, speed=speed, unit=unit)
        agent.start().kill9()  # it has written its configuration
        return agent


class Session:
    """The server's side of one device, as far as one session needs it."""

    def __init__(self, world, agent):
        self.agent, self.id, self.seq = agent, str(uuid.uuid4()), 0
        self.client = Mqtt(world.broker.host, world.broker.port, client_id=f"server-{uuid.uuid4()}")
        self.client.subscribe(*[self.topic(c) for c in ("hello", "ack", "state")])

    def topic(self, channel):
        return f"pediluve/v1/{self.agent.device['device_id']}/{channel}"

    def wait(self, channel, like=lambda m: True):
        end, seen = time.monotonic() + SOON_S, None
        while True:
            try:
                message = self.client.receive_json(max(0.1, end - time.monotonic()), self.topic(channel))
            except TooLate as late:
                raise AssertionError(f"{late}; the last one was {seen}") from late
            if like(message):
                return message
            seen = message

    def start(self, level=40, ramp_ms=500):
        hello = self.wait("hello")
        tap.check("simulated" not in hello, hello)
        now = int(time.time() * 1000)
        self.client.publish(self.topic("committed"), {"boot_id": hello["boot_id"], "epoch": hello["epoch"], "n": 0, "at": now}, qos=0)
        vibration = {"channel": 1, "level": level, "ramp_ms": ramp_ms}
        step = {"kind": "run", "source_step": 0, "ms": 1800000, "water_mdegc": 0, "sets": [vibration]}
        command = {"id": str(uuid.uuid4()), "seq": 1, "epoch": hello["epoch"], "type": "start", "session_id": self.id,
                   "expires_at": now + 60000,
                   "program": {"model": "bath-basic", "model_version": 1, "intensity_max": 80, "water_max_mdegc": 40000,
                               "total_max_ms": 3600000, "rinse": False, "steps": [step]}}
        self.client.publish(self.topic("command"), command)
        ack = self.wait("ack", lambda m: m["command_id"] == command["id"] and m["state"] not in ("accepted", "running"))
        tap.equal(ack["state"], "succeeded", ack)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


def world():
    made = World()
    yield made
    made.broker.stop()
    shutil.rmtree(made.folder, ignore_errors=True)


def report_of(ended):
    report = json.loads(ended.stdout)
    return report, {check["name"]: check["result"] for check in report["checks"]}


# ---- the self-test ----


@tap.test
def a_simulated_unit_passes_its_self_test(world):
    agent = world.agent(speed=200, model="spa-pro")
    lines = agent.run("--self-test", "--nobody-in-the-unit")
    tap.equal(lines.returncode, PASSED, lines.stdout + lines.stderr)
    tap.contains(lines.stdout, "roller-calf/4")
    ended = agent.run("--self-test", "--nobody-in-the-unit", "--json")
    report, results = report_of(ended)
    tap.equal((ended.returncode, report["board"], report["model"], report["result"]), (PASSED, "sim", "spa-pro", "passed"))
    tap.equal(set(results.values()), {"passed"}, report)


@tap.test(deadline_s=150)
@tap.rows(("linux", FakeUnit), ("modbus", ControlBoard))
def a_sound_unit_passes_its_self_test_on(world, board, kind):
    with kind() as unit:
        ended = world.agent(unit).run("--self-test", "--nobody-in-the-unit", "--json", deadline_s=120)
        report, results = report_of(ended)
        tap.equal((ended.returncode, report["board"]), (PASSED, board), report)
        tap.equal(sorted(results), ["contact/leak", "contact/lid", "current", "emergency_stop", "heater", "level", "outputs", "vibration/1", "water/1",
                                    "water/1/follows"], report)
        tap.equal(unit.drives(), (0, 0))


@tap.test
def a_dead_motor_and_warm_water_are_told(world):
    with FakeUnit(mdegc=39900) as unit:
        unit.dead_motor = True
        ended = world.agent(unit).run("--self-test", "--nobody-in-the-unit", "--json", deadline_s=50)
        report, results = report_of(ended)
        tap.equal((ended.returncode, results["vibration/1"], results["heater"]), (FAILED, "failed", "skipped"), report)


@tap.test
def what_could_not_be_tried_is_not_called_passed(world):
    with FakeUnit(mdegc=39900) as unit:
        ended = world.agent(unit).run("--self-test", "--nobody-in-the-unit", deadline_s=50)
        tap.equal(ended.returncode, INCOMPLETE, ended.stdout)
        tap.contains(ended.stdout, "too warm")


@tap.test
@tap.rows(signal.SIGTERM, signal.SIGINT)
def a_signal_ends_the_self_test_with_everything_off(world, number):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        child = subprocess.Popen([*map(str, agent.command()), "--self-test", "--nobody-in-the-unit"], text=True,
                                 stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, **agent.environment()})
        until(lambda: unit.drives()[0] > 0, SOON_S, "the motor to be driven")
        child.send_signal(number)
        out, _ = child.communicate(timeout=SOON_S)
        tap.equal(child.returncode, FAILED, out)
        tap.contains(out, "it was ended")
        tap.equal(unit.drives(), (0, 0))


@tap.test
def an_emergency_stop_ends_the_self_test(world):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        child = subprocess.Popen([*map(str, agent.command()), "--self-test", "--nobody-in-the-unit"], text=True,
                                 stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, **agent.environment()})
        until(lambda: unit.drives()[0] > 0, SOON_S, "the motor to be driven")
        unit.write(STOP, "1")
        out, _ = child.communicate(timeout=SOON_S)
        tap.equal(child.returncode, FAILED, out)
        tap.contains(out, "emergency stop")
        tap.equal(unit.drives(), (0, 0))


def nothing_was_driven(unit):
    return (unit.root / DUTY).stat().st_mtime_ns, (unit.root / RELAY).stat().st_mtime_ns


@tap.test
@tap.rows(("nobody was asked", None), ("somebody said no", "no\n"), ("somebody said nothing", "\n"))
def the_self_test_is_refused_when(world, _what, answer):
    with FakeUnit() as unit:
        agent, before = world.agent(unit), nothing_was_driven(unit)
        if answer is None:
            ended = agent.run("--self-test")
        else:
            terminal, side = pty.openpty()
            os.write(terminal, answer.encode())
            ended = agent.run("--self-test", stdin=side)
            os.close(terminal)
            os.close(side)
        tap.equal(ended.returncode, REFUSED, ended.stderr)
        tap.contains(ended.stderr, "--nobody-in-the-unit")
        tap.equal(nothing_was_driven(unit), before)


@tap.test
def a_yes_on_the_terminal_is_enough(world):
    agent = world.agent(speed=200)
    terminal, side = pty.openpty()
    os.write(terminal, b"yes\n")
    ended = agent.run("--self-test", stdin=side)
    os.close(terminal)
    os.close(side)
    tap.equal(ended.returncode, PASSED, ended.stderr)


@tap.test
def the_self_test_is_refused_while_an_agent_runs_and_while_a_session_lives(world):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        with Session(world, agent) as session:
            agent.start()
            session.start()
            until(lambda: unit.drives()[0] > 0, SOON_S, "the motor to be driven")
            ended = agent.run("--self-test", "--nobody-in-the-unit")
            tap.equal(ended.returncode, REFUSED, ended.stderr)
            tap.contains(ended.stderr, "agent")
            tap.check(unit.drives()[0] > 0, "the running agent was disturbed")
            agent.kill9()
            ended = agent.run("--self-test", "--nobody-in-the-unit")
            tap.equal(ended.returncode, REFUSED, ended.stderr)
            tap.contains(ended.stderr, "session")


# ---- the agent on it ----


@tap.test
def an_agent_that_was_killed_leaves_the_motor_on_and_safe_or_a_restart_turns_it_off(world):
    for way in ("safe", "restart"):
        with FakeUnit() as unit:
            agent = world.agent(unit)
            with Session(world, agent) as session:
                agent.start()
                session.start()
                until(lambda: abs(unit.drives()[0] - 0.4) < 0.001, SOON_S, "the motor at its level")
                agent.kill9()
                tap.check(unit.drives()[0] > 0, "a file cannot know that its writer is gone")
                if way == "safe":
                    ended = agent.run("--safe")
                    tap.equal(ended.returncode, PASSED, ended.stderr)
                    tap.equal(unit.drives(), (0, 0))
                else:
                    agent.start()
                    hello = session.wait("hello", lambda m: m["epoch"] > 1)
                    tap.equal((hello["state"]["session"]["state"], unit.drives()), ("paused", (0, 0)), hello)
                    tap.equal(agent.stop(), 0)


@tap.test
def a_control_board_turns_off_by_itself_when_its_agent_was_killed(world):
    with ControlBoard() as unit:
        agent = world.agent(unit)
        with Session(world, agent) as session:
            agent.start()
            session.start()
            until(lambda: unit.drives()[0] == 0.4, SOON_S, "the motor at its level")
            agent.kill9()
            until(lambda: unit.drives() == (0, 0), SOON_S, "the control board's watchdog")
            agent.start()
            hello = session.wait("hello", lambda m: m["epoch"] > 1)
            tap.equal((hello["state"]["session"]["state"], unit.drives()), ("paused", (0, 0)), hello)
            tap.equal(agent.stop(), 0)


@tap.test
@tap.rows(("the lid is opened", LID, "1", "paused", "lid_open"), ("it leaks", LEAK, "1", "aborted", "leak"),
          ("a contact cannot be read", LID, "?", "paused", "sensor_stale"))
def a_contact_stops_the_motor_when(world, _what, file, text, ends, reason):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        with Session(world, agent) as session:
            agent.start()
            session.start()
            until(lambda: unit.drives()[0] > 0.3, SOON_S, "the motor to be driven")
            unit.write(file, text)
            state = session.wait("state", lambda m: m["session"] and m["session"]["state"] == ends)
            tap.equal(state["session"]["reason"], reason, state)
            until(lambda: unit.drives() == (0, 0), SOON_S, "everything to be off")
            tap.equal(agent.stop(), 0)


@tap.test
def the_status_shows_what_is_fitted_and_a_contact_that_cannot_be_read_from_the_first_is_a_fault(world):
    with FakeUnit() as unit:
        unit.write(LID, "?")
        agent = world.agent(unit).start()

        def status(*options):
            return subprocess.run([agent.command()[0], "status", "--config", agent.state / "agent.json", *options], text=True,
                                  capture_output=True, timeout=SOON_S)

        until(lambda: status("--json").returncode == 3, SOON_S, "the fault")
        told = json.loads(status("--json").stdout)
        tap.equal((told["state"]["faults"], sorted(told["contacts"]), list(told["motion_permille"])),
                  (["sensor_stale"], ["leak", "lid"], ["vibration"]), told)
        tap.check(told["contacts"]["lid"]["age_ms"] > 1000 > told["contacts"]["leak"]["age_ms"], told)
        unit.write(LID, "1")
        until(lambda: status().returncode == 0, SOON_S, "the fault to be over; an open lid is none between guests")
        shown = status().stdout
        for words in ("leak         well", "lid          ACTIVE", "vibration    0.0 % of its speed"):
            tap.contains(shown, words)
        tap.equal(agent.stop(), 0)


@tap.test
def a_motor_that_is_seen_not_to_turn_ends_the_session(world):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        with Session(world, agent) as session:
            agent.start()
            session.start()
            until(lambda: unit.drives()[0] > 0.3, SOON_S, "the motor to be driven")
            unit.dead_motor = True
            state = session.wait("state", lambda m: m["session"] and m["session"]["state"] == "aborted")
            tap.equal(state["session"]["reason"], "motor_fault", state)
            until(lambda: unit.drives() == (0, 0), SOON_S, "everything to be off")
            tap.equal(agent.stop(), 0)


@tap.test
def an_output_that_fails_pauses_the_session_and_is_told(world):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        with Session(world, agent) as session:
            agent.start()
            session.start(ramp_ms=60000)  # so that there is something to write all the time
            until(lambda: unit.drives()[0] > 0, SOON_S, "the motor to be driven")
            unit.goes_on = unit.drives()[0]
            (unit.root / "duty").symlink_to("/dev/full")
            (unit.root / "duty").replace(unit.root / DUTY)
            unit.write(RELAY, "700")  # whatever else is on goes off with it
            state = session.wait("state", lambda m: m["session"] and m["session"]["state"] == "paused")
            tap.equal(state["session"]["reason"], "board_failed", state)
            until(lambda: unit.number(RELAY) == 0, SOON_S, "everything to be off")
            until(lambda: "cannot be driven" in agent.log.read_text(), SOON_S, "a line in the log")
            (unit.root / DUTY).unlink()
            unit.write(DUTY, "0")
            unit.goes_on = None
            until(lambda: "can be driven again" in agent.log.read_text(), SOON_S, "the fault to be over")
            tap.equal(agent.log.read_text().count("cannot be driven"), 1)
            tap.equal(unit.drives(), (0, 0))
            tap.equal(agent.stop(), 0)


@tap.test
def a_wrong_board_ends_the_process_with_a_reason(world):
    with FakeUnit() as unit:
        agent = world.agent(unit)
        wrong = unit.root / "wrong.json"
        for change, word in (({"sysfs": "/nowhere"}, "/nowhere"), ({"colour": 1}, "/colour"), ({"outputs": []}, "/outputs"),
                             ({"emergency_stop": {"drive": "gpio", "chip": "none", "line": 1}}, "none line 1")):
            wrong.write_text(json.dumps({**json.loads(unit.description.read_text()), **change}))
            ended = subprocess.run([*map(str, agent.command())], text=True, capture_output=True, timeout=SOON_S,
                                   env={**os.environ, "PEDILUVE_BOARD": "linux", "PEDILUVE_BOARD_FILE": str(wrong)})
            tap.check(ended.returncode in (1, 2), ended.stderr)
            tap.contains(ended.stderr, word)
        for environment, word in (({"PEDILUVE_BOARD": "steam"}, "sim linux modbus"), ({"PEDILUVE_BOARD": "linux"}, "/board_file"),
                                  ({"PEDILUVE_BOARD": "modbus", "PEDILUVE_BOARD_FILE": "/nowhere/x.json"}, "/nowhere/x.json"),
                                  ({"PEDILUVE_BOARD_FILE": "x" * 600}, "PEDILUVE_BOARD_FILE")):
            for options in ([], ["--safe"], ["--self-test", "--nobody-in-the-unit"]):
                ended = subprocess.run([*map(str, agent.command()), *options], text=True, capture_output=True, timeout=SOON_S,
                                       env={**os.environ, **environment})
                tap.check(ended.returncode in (1, 2), (options, environment, ended.stderr))
                tap.contains(ended.stderr, word)
        fast = json.loads((agent.state / "agent.json").read_text()) | {"speed": 60}
        (agent.state / "fast.json").write_text(json.dumps(fast))
        ended = subprocess.run([binary("pediluve-agent"), "--config", agent.state / "fast.json"], text=True, capture_output=True,
                               timeout=SOON_S, env={**os.environ, **agent.environment()})
        tap.equal(ended.returncode, 2)
        tap.contains(ended.stderr, "/speed")


@tap.test
@tap.rows("--self-test --safe", "--json", "--nobody-in-the-unit", "--nonsense", "--config")
def the_usage_is_shown_for(world, options):
    ended = world.agent().run(*options.split())
    tap.equal(ended.returncode, REFUSED)
    tap.contains(ended.stderr, "usage:")


tap.main(world)
