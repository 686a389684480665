"""Writes the table by which texts are folded for searching: no case, no accents, Latin letters for Greek and Cyrillic.

usage: scripts/fold_table.py OUT_DIR     writes OUT_DIR/base/fold_table.h

Made from Unicode's own data as Python carries it. What Unicode calls no decomposition (ø, ł) and the usual transliterations are
the lists below. Rows are in order of the code point; what a row does not name stays as it is.
"""

import sys
import unicodedata
from pathlib import Path

# Where alphabets, their accents, punctuation, and the full-width forms are.
RANGES = ((0x80, 0x530), (0x1AB0, 0x1B00), (0x1D00, 0x2C00), (0x3000, 0x3040), (0xFB00, 0xFB07), (0xFE20, 0xFE30), (0xFF00, 0xFFF0))

LATIN = {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "n", "ŧ": "t", "ə": "e"}
CYRILLIC = dict(zip("абвгдезиклмнопрстуфхцчшщыэюя", "a b v g d e z i k l m n o p r s t u f kh ts ch sh shch y e yu ya".split()))
CYRILLIC |= {"ъ": "", "ь": "", "ж": "zh", "є": "ie", "і": "i", "ґ": "g", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz"}
GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", "a v g d e z i th i k l m n x o p r s t y f ch ps o".split())) | {"ς": "s"}
LETTERS = LATIN | CYRILLIC | GREEK


def folded(character):
    out = ""
    for each in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold()):
        if unicodedata.combining(each):
            continue
        out += LETTERS.get(each, each if unicodedata.category(each)[0] in "LNM" else " ")
    return out


def main():
    rows = []
    for code in (code for low, high in RANGES for code in range(low, high)):
        character = chr(code)
        text = folded(character)
        if text != character and unicodedata.category(character) not in ("Cn", "Cs", "Co"):
            escaped = "".join(f"\\{byte:03o}" if byte >= 128 else chr(byte) for byte in text.encode())
            rows.append(f'    {{0x{code:04x}, "{escaped}"}},')
    path = Path(sys.argv[1]) / "base/fold_table.h"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = "/* Made by scripts/fold_table.py. */\n" + "\n".join(rows) + "\n"
    if not path.exists() or path.read_text() != new:
        path.write_text(new)


main()
