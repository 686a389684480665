"""A session in a browser: picture, steps by hand, pause, changes, stop, aftercare. The tests are in session.mjs."""
# suite: deadline_s=600

from flow import run

run("session.mjs", devices=8, speed=4)
