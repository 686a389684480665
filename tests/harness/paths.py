"""Where things are: the tree, the built programs, a folder for what a test writes."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_dir():
    """The build folder in use: $PEDILUVE_BUILD (absolute, or relative to the tree), else build/release."""
    return ROOT / os.environ.get("PEDILUVE_BUILD", "build/release")


PROGRAMS = {
    "pediluved": "server/pediluved",
    "pediluve-agent": "device-agent/pediluve-agent",
    "pediluve-fleet": "device-agent/pediluve-fleet",
}


def binary(name):
    """The path of a built program: pediluved, pediluve-agent, pediluve-fleet, or tests/<name>."""
    path = build_dir() / PROGRAMS.get(name, name)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: build it first (scripts/build.sh release)")
    return path


def scratch(prefix="pediluve-"):
    """A new empty folder with a short name, which the database's own user can reach too."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    path.chmod(0o755)
    return path
