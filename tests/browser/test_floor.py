"""The floor in a browser: what tiles say, finding, stopping one and all. The tests are in floor.mjs."""
# suite: deadline_s=600

from flow import run

run("floor.mjs", devices=6, speed=4)
