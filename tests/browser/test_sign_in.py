"""Signing in and out in a browser. The tests are in sign_in.mjs."""
# suite: deadline_s=600

from flow import run

run("sign_in.mjs", devices=2)
