"""The stream of events as a browser sees it: down, back, missed, shared. The tests are in stream.mjs."""
# suite: waits deadline_s=600

from flow import run

run("stream.mjs", devices=2, speed=4)
