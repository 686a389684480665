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


def preparations(entries):
    """X(enum, name, phase, title, words), in the order in which they are done."""
    yield "CARE_ITEMS", [(enum(e["id"]), text(e["id"]), enum(e["phase"]), text(e["name"]), text(e["words"])) for e in entries]


def oil_recipes(entries):
    """X(enum, name) of what may go into an oil, and X(enum, name, title, spoons, least, most, bases, essences): masks."""
    def union(member):
        return list(dict.fromkeys(name for e in entries for name in e[member]))

    def mask(prefix, names):
        return " | ".join(f"1u << {prefix}_{enum(name)}" for name in names)
    yield "OIL_BASES", [(enum(name), text(name)) for name in union("bases")]
    yield "OIL_ESSENCES", [(enum(name), text(name)) for name in union("essences")]
    yield "OIL_RECIPES", [(enum(e["id"]), text(e["id"]), text(e["name"]), e["base_tsp"], e["drops_min"], e["drops_max"],
                           mask("OIL_BASE", e["bases"]), mask("OIL_ESSENCE", e["essences"])) for e in entries]


KINDS = {"oil-recipes": oil_recipes, "preparations": preparations, "zones": zones}


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
