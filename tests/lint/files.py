"""Which files a lint looks at, and the TAP they print."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", "build", ".local", "node_modules", "__pycache__"}
CODE = ("base", "protocol", "server", "device-agent")


def ours(*suffixes, under=("",)):
    """The tree's files with these suffixes (none: all), as sorted paths relative to the root."""
    found = []
    for top in under:
        for folder, names, files in os.walk(ROOT / top):
            names[:] = [name for name in names if name not in NOT_OURS]
            found += [Path(folder, name).relative_to(ROOT) for name in files if not suffixes or name.endswith(suffixes)]
    return sorted(set(found))


def report(results):
    """results: {sentence: [what is wrong, ...]}. Prints TAP and exits."""
    print(f"1..{len(results)}")
    for number, (sentence, wrong) in enumerate(results.items(), 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {sentence}")
        for line in wrong:
            print(f"# {line}")
    raise SystemExit(1 if any(results.values()) else 0)
