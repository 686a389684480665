"""Units, alarms, the disinfection log, charts, people and sites in a browser. The tests are in upkeep.mjs."""
# suite: deadline_s=300

from flow import run

run("upkeep.mjs", devices=4, speed=20)
