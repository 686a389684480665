"""The table of interlocks in docs/guarantees.md says what the code's does, and its times are computed from it."""

import re

from files import ROOT, report

LOOP_MS = 20
ROW = re.compile(r"^ +X\((\w+), (\d+), (\w+), (\w+), (\d+), \w+\)", re.M)
CODE = ROW.findall((ROOT / "device-agent/core/interlock.h").read_text().split("#define INTERLOCKS(X)")[1].split("enum ")[0])
PAGE = (ROOT / "docs/guarantees.md").read_text()
TOLD = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\d+) \| (\w+) \| (\w+) \| (\d+) \| (\d+) \|$", PAGE, re.M)


def differences():
    wanted = []
    for reason, debounce, action, clears, clear_ms in CODE:
        worst = LOOP_MS + -(-int(debounce) // LOOP_MS) * LOOP_MS
        wanted.append((reason.lower(), debounce, action.lower(), clears.lower(), clear_ms, str(worst)))
    return [f"the code says {row}" for row in wanted if row not in TOLD] + \
        [f"the page says {row}" for row in TOLD if row not in wanted] + ([] if CODE else ["no rows found"])


report({"the page's interlocks are the code's": differences()})
