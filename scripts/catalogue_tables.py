"""Turns the catalogue's lists that the code must know by name into C: X-macro lists, one header a kind.

usage: scripts/catalogue_tables.py CATALOGUE_DIR OUT_DIR     writes OUT_DIR/catalogue/<kind>.h

The JSON files are the one source: the server's tables, the database and the documentation all come from them. A kind
is a function here; its rows are described where they are used (server/domain/<noun>.h).
"""

import json
import sys
from pathlib import Path


def enum(name):
    """lower-back -> LOWER_BACK"""
    return name.upper().replace("-", "_")


def text(value):
    """A C string literal."""
    return json.dumps(value, ensure_ascii=False)


def zones(entries):
    """X(enum, name, parent, words): parents stand before their children; a root is its own parent."""
    yield "ZONES", [(enum(e["id"]), text(e["id"]), enum(e.get("part_of", e["id"])), text(e["name"])) for e in entries]


COURSE_BOUNDS = ("count", "interval_days", "rounds", "break_days", "intensity_from", "intensity_to")


def course_templates(entries):
    """X(id, name, words, routine, twice_a_day, rises, then min, default and max of each of COURSE_BOUNDS)."""
    yield "COURSE_TEMPLATES", [
        (text(e["id"]), text(e["name"]), text(e["words"]), text(e["routine"] or ""), int(e["twice_a_day"]), int(e["rises"]),
         *(e[name][bound] for name in COURSE_BOUNDS for bound in ("min", "default", "max"))) for e in entries]


KINDS = {"zones": zones, "course-templates": course_templates}


def header(kind, lists):
    lines = [f"/* Made from schema/catalogue/{kind}.json by scripts/catalogue_tables.py. */"]
    for name, rows in lists:
        cells = [f"    X({', '.join(str(cell) for cell in row)})" for row in rows]
        lines += [f"#define {name}(X) \\", " \\\n".join(cells), ""]
    return "\n".join(lines)


def main():
    catalogue, out = Path(sys.argv[1]), Path(sys.argv[2]) / "catalogue"
    out.mkdir(parents=True, exist_ok=True)
    for kind, rows in KINDS.items():
        data = json.loads((catalogue / f"{kind}.json").read_text())
        new = header(kind, rows(data["entries"]))
        path = out / f"{kind}.h"
        if not path.exists() or path.read_text() != new:
            path.write_text(new)


main()
