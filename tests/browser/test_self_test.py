"""The self-test of a unit in a browser. The tests are in self_test.mjs."""
# suite: deadline_s=300

from flow import run

run("self_test.mjs", devices=4, speed=10)
