#!/bin/sh
# usage: scripts/build.sh PRESET [TARGET...]   builds into build/PRESET; without targets, all of it
set -eu
cd "$(dirname "$0")/.."
preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift
log=build/$preset/configure.log
mkdir -p "build/$preset"
cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
# shellcheck disable=SC2086
exec cmake --build "build/$preset" ${1:+--target "$@"}
