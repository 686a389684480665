#!/bin/sh
# usage: scripts/format.sh [--check]   lays out the C files by .clang-format, or says which are not laid out
set -eu
cd "$(dirname "$0")/.."
mode=-i
[ "${1:-}" != --check ] || mode='--dry-run -Werror'
# shellcheck disable=SC2086
find base protocol server device-agent tests -name '*.[ch]' -print0 | xargs -0 -r clang-format $mode
