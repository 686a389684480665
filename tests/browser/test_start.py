"""A session is begun in a browser: taps, questions, refusals, what to do about a unit that is not free. The tests are in start.mjs."""
# suite: deadline_s=600

from flow import run

run("start.mjs", devices=8, speed=10)
