"""The pictures of the waveforms are those that the script draws."""

import subprocess
import sys
import tempfile
from pathlib import Path

from files import ROOT, report

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, ROOT / "scripts/wave_pictures.py", folder], check=True)
    drawn = {path.name: path.read_text() for path in Path(folder).iterdir()}
there = {path.name: path.read_text() for path in (ROOT / "docs/waves").iterdir()}
document = (ROOT / "docs/techniques.md").read_text()
report({
    "the pictures are up to date: scripts/wave_pictures.py": sorted(name for name in drawn.keys() | there.keys()
                                                                    if drawn.get(name) != there.get(name)),
    "each is shown in docs/techniques.md": [name for name in drawn if f"waves/{name}" not in document],
})
