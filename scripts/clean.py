"""make clean: remove what was built, and the data of `make run`. What npm fetched stays (node_modules)."""

import fcntl
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"


def main():
    lock = LOCAL / "run.lock"
    if lock.exists():
        with open(lock, "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit("clean: `make run` is still running; stop it first")
    folders = [ROOT / "build", LOCAL]
    outside = LOCAL / "outside"
    if outside.exists():
        other = Path(outside.read_text().strip())
        if other.parent == Path("/var/lib") and other.name.startswith("pediluve-"):
            folders.append(other)
    for folder in folders:
        if folder.exists():
            print(f"clean: {folder}")
            shutil.rmtree(folder)


main()
