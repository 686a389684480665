"""Courses in a browser: laid with their dates shown first, followed, changed, begun. See courses.mjs."""
# suite: deadline_s=600

from flow import run

run("courses.mjs", devices=4)
