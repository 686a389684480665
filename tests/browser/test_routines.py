"""Routines in a browser: found, looked at, played, edited, published; what the server refuses shows where it belongs. See routines.mjs."""
# suite: deadline_s=600

from flow import run

run("routines.mjs", devices=2)
