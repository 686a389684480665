"""Dependencies point one way: every #include of a folder is in its row of includes.txt."""

import re
from pathlib import Path

from files import CODE, ROOT, ours, report

MADE = ("catalogue/", "base/fold_table.h")  # by scripts/*_table*.py, into the build's folder
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def table():
    rows = {}
    for line in (ROOT / "tests/lint/includes.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            folder, mine, third, system = (cell.split() for cell in line.split("|"))
            rows[folder[0]] = (mine, third, system)
    return rows


def row_of(path, rows):
    fits = [folder for folder in rows if path.is_relative_to(folder)]
    return rows[max(fits, key=len)] if fits else None


def third_party(rows):
    return {name for _, third, _ in rows.values() for name in third}


def wrong_includes(path, row, all_third):
    mine, third, system = row
    for mark, name in INCLUDE.findall((ROOT / path).read_text()):
        if mark == '"':
            good = any(Path(name).is_relative_to(allowed) for allowed in mine)
        elif name in all_third:
            good = name in third
        else:
            good = "*" in system or name in system
        if not good:
            yield f"{path}: {name}"


def main():
    rows = table()
    results = {f"{folder} includes only what its row allows": [] for folder in rows}
    for path in ours(".c", ".h", under=CODE):
        row = row_of(path, rows)
        folder = next(name for name, value in rows.items() if value is row)
        results[f"{folder} includes only what its row allows"] += wrong_includes(path, row, third_party(rows))
    results["our own headers are named from the root"] = [
        f"{path}: {name}" for path in ours(".c", ".h", under=CODE)
        for mark, name in INCLUDE.findall((ROOT / path).read_text()) if mark == '"' and not (ROOT / name).exists() and not name.startswith(MADE)]
    results["no file includes a .c file"] = [
        f"{path}: {name}" for path in ours(".c", ".h") for _, name in INCLUDE.findall((ROOT / path).read_text())
        if name.endswith(".c")]
    report(results)


main()
