"""The page in its four languages. The tests are in languages.mjs."""
# suite: deadline_s=300

from flow import run

run("languages.mjs", devices=2)
