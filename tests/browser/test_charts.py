"""The drawing library as our charts use it draws what the whole library draws. The tests are in charts.mjs."""
# suite: deadline_s=600

from flow import run

run("charts.mjs", devices=1, fleet=False)
