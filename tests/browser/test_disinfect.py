"""A disinfection in a browser: the contact time, the record, never too early. The tests are in disinfect.mjs."""
# suite: deadline_s=300

from flow import run

run("disinfect.mjs", devices=4, speed=20)
