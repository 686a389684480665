# suite: builds=asan waits deadline_s=300
"""pediluve-agent killed -9 at random moments around commands: what it answered it remembers, and what ended stays ended."""

import random
import sys
import time
import uuid
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]
from agent_world import PROGRAM, SOON_S, world  # noqa: E402
from harness import tap  # noqa: E402
from harness.process import TooLate  # noqa: E402

ROUNDS = 15
FINAL = ("succeeded", "failed", "rejected", "expired")


def acks_within(device, seconds):
    """All answers that come by then."""
    found, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            found.append(device.client.receive_json(max(0.01, left), device.topic("ack")))
        except TooLate:
            break
    return found


@tap.test(deadline_s=240)
def an_answer_once_given_is_given_again_after_kill_9_at_any_moment(world):
    chance = random.Random(11)
    ended, live, answers, commands = set(), None, {}, {}
    with world.device() as device:
        for turn in range(1, ROUNDS + 1):
            hello = device.greet(epoch=turn)
            tap.check(hello["last_seq"] >= max((a["seq"] for a in answers.values()), default=0), hello)
            session = hello["state"]["session"]
            tap.check(session.get("id") not in ended or session["state"] in ("completed", "stopped", "aborted"), hello)
            for answer in list(answers.values()):  # the server sends again, and gets the same answer
                device.client.publish(device.topic("command"), commands[answer["command_id"]])
                again = device.ack(commands[answer["command_id"]])
                tap.equal((again["state"], again["code"]), (answer["state"], answer["code"]), turn)
            if live is None or session.get("id") != live or session["state"] not in ("running", "paused", "waiting", "starting"):
                live = str(uuid.uuid4())
                sent = [device.command("start", live, program=PROGRAM)]
            else:
                sent = [device.command("resume", live), device.command("stop", live)]
            commands |= {each["id"]: each for each in sent}
            time.sleep(chance.choice((0, 0.001, chance.uniform(0, 0.03))))
            device.agent.kill9()
            for answer in acks_within(device, 0.3):
                if answer["state"] in FINAL and answer["code"] != "stale_epoch":
                    answers[answer["command_id"]] = answer
                    if commands[answer["command_id"]]["type"] == "stop" and answer["state"] == "succeeded":
                        ended.add(live)
            device.agent.start()
        device.greet(SOON_S, epoch=ROUNDS + 1)
        tap.note(f"{len(answers)} of {len(commands)} commands were answered before the kill")
        tap.check(answers, "no command was answered before its kill: nothing was tried")


tap.main(world)
