"""What every file keeps: length, words, names of exports, scripts that parse, links that lead somewhere."""

import re
import subprocess

from files import CODE, ROOT, ours, report

LINES_MAX = 500
# Unfinished work is an issue, not a comment; a path of somebody's machine is of no use to anybody else.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|place" r"holder|st" r"ub)\b", re.I)
SOMEBODYS_PATH = re.compile(r"(?<![\w.])/(home|work)/\w")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|union|enum)\s*\w*\s*(\{|\w+\s*;)", re.M)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
TEXT = (".c", ".h", ".py", ".sh", ".sql", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".mjs", "Makefile", "Dockerfile")
# Made by a tool, or in a language in which such a word means something else.
NOT_READ = {"tools/npm/package-lock.json", "dashboard/package-lock.json", "dashboard/src/texts/es.json"}


def read(path):
    return (ROOT / path).read_text(errors="replace")


def too_long():
    return [f"{path}: {count} lines" for path in ours(".c", ".h", ".py") if (count := read(path).count("\n")) > LINES_MAX]


def lines_with(pattern):
    return [f"{path}:{number}: {line.strip()[:100]}" for path in ours(*TEXT) if str(path) not in NOT_READ
            for number, line in enumerate(read(path).splitlines(), 1) if pattern.search(line)]


def typedefs():
    return [str(path) for path in ours(".c", ".h", under=CODE) if TYPEDEF.search(read(path))]


def untidy():
    return [str(path) for path in ours(*TEXT) if str(path) not in NOT_READ and (text := read(path))
            and (not text.endswith("\n") or re.search(r"[ \t]+$", text, re.M) or "\r" in text)]


def bad_scripts():
    wrong = []
    for path in ours():
        first = read(path)[:20] if not path.suffix or path.suffix == ".sh" else ""
        if first.startswith("#!/bin/sh"):
            done = subprocess.run(["sh", "-n", ROOT / path], capture_output=True, text=True)
            wrong += [done.stderr.strip()] if done.returncode else []
    for path in ours(".py"):
        try:
            compile(read(path), str(path), "exec")
        except SyntaxError as error:
            wrong.append(f"{path}: {error}")
    return wrong


def dead_links():
    return [f"{path}: {target}" for path in ours(".md") for target in LINK.findall(read(path))
            if not (ROOT / path.parent / target).exists()]


def badly_laid_out():
    done = subprocess.run(["sh", "scripts/format.sh", "--check"], cwd=ROOT, capture_output=True, text=True)
    names = sorted(set(re.findall(r"^([^:\s]+):\d+:\d+: error", done.stderr, re.M)))
    return names or ([done.stderr[-500:]] if done.returncode else [])


report({
    f"no source file is longer than {LINES_MAX} lines": too_long(),
    "nothing is marked as unfinished": lines_with(UNFINISHED),
    "no file names a path of somebody's machine": lines_with(SOMEBODYS_PATH),
    "structs, unions and enums keep their tags": typedefs(),
    "files end with a newline, and lines without blanks": untidy(),
    "scripts parse": bad_scripts(),
    "links in the documents lead somewhere": dead_links(),
    "C files are laid out by .clang-format": badly_laid_out(),
})
