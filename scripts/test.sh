#!/bin/sh
# usage: scripts/test.sh [PART-OF-A-SUITE'S-NAME...]   all checks, or the suites whose names hold one of the words
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh test
exec /usr/bin/python3 scripts/test.py "$@"
