"""The history of a unit's connection in a browser. The tests are in connection.mjs."""

from flow import run

run("connection.mjs", devices=2, speed=20)
