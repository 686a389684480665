"""Every page of the dashboard: axe in light and dark, nothing in the console, nothing from elsewhere, and pictures of it at
three sizes in build/screenshots. The tests are in pages.mjs."""
# suite: deadline_s=900

from flow import run

run("pages.mjs", devices=6, speed=2)
