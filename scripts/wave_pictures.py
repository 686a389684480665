"""Draws what each waveform does to the cells of an actuator, for docs/techniques.md: docs/waves/NAME.svg.

usage: scripts/wave_pictures.py [DIR]     (default docs/waves; a test compares)

Drawn from the words of protocol/INTERFACES.md, not from the executor: a second reading of the same rules.
"""

import sys
from pathlib import Path

CELLS, PLACES, WIDTH, ROW, LEFT, TOP = 4, 96, 480, 26, 74, 22
NAMES = ("toes", "", "", "calf")


def travel(part, both):
    if not both:
        return {int(part * CELLS)}
    at = int(part * (2 * CELLS - 2))
    return {at if at < CELLS else 2 * CELLS - 2 - at}


def sequence(part, both):
    at = int(part * (2 * CELLS if both else CELLS))
    if at < CELLS:
        return set(range(at + 1))
    return set(range(CELLS - 1 - (at - CELLS), CELLS))


WAVES = {  # name: (title, which cells are on at a part 0..1 of the period)
    "steady": ("steady: all cells at level", lambda part: set(range(CELLS))),
    "pulse": ("pulse: all cells on for a share of the period (here 40 %)", lambda part: set(range(CELLS)) if part < 0.4 else set()),
    "travel": ("travel: cell after cell, here toward the heart", lambda part: travel(part, False)),
    "travel-both": ("travel, both ways: there and back", lambda part: travel(part, True)),
    "alternate": ("alternate: odd and even cells in turn", lambda part: {0, 2} if part < 0.5 else {1, 3}),
    "sequence": ("sequence: cell after cell, each stays until the end", lambda part: sequence(part, False)),
    "sequence-both": ("sequence, both ways: fills up from either end in turn", lambda part: sequence(part, True)),
}


def picture(title, cells_at):
    """Two periods from left to right, one row a cell, the toes at the bottom."""
    height = TOP + CELLS * ROW + 26
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 12} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="100%" height="100%" fill="#fff"/><text x="{LEFT}" y="14" fill="#222">{title}</text>']
    for cell in range(CELLS):
        y = TOP + (CELLS - 1 - cell) * ROW
        out.append(f'<rect x="{LEFT}" y="{y + 3}" width="{WIDTH}" height="{ROW - 6}" fill="#e9eef2"/>')
        out.append(f'<text x="4" y="{y + 18}" fill="#444">{cell + 1} {NAMES[cell]}</text>')
        begin = None
        for place in range(2 * PLACES + 1):
            on = place < 2 * PLACES and cell in cells_at((place % PLACES) / PLACES)
            if on and begin is None:
                begin = place
            if not on and begin is not None:
                x, w = LEFT + begin * WIDTH / (2 * PLACES), (place - begin) * WIDTH / (2 * PLACES)
                out.append(f'<rect x="{x:g}" y="{y + 3}" width="{w:g}" height="{ROW - 6}" fill="#1f7a8c"/>')
                begin = None
    bottom = TOP + CELLS * ROW
    for n in range(3):
        x = LEFT + n * WIDTH / 2
        out.append(f'<line x1="{x:g}" y1="{TOP}" x2="{x:g}" y2="{bottom + 4}" stroke="#888" stroke-dasharray="2 3"/>')
    out.append(f'<text x="{LEFT + WIDTH / 4 - 24:g}" y="{bottom + 18}" fill="#444">one period</text></svg>')
    return "\n".join(out) + "\n"


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs/waves")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (title, cells_at) in WAVES.items():
        (folder / f"{name}.svg").write_text(picture(title, cells_at))


main()
