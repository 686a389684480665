"""`make run`'s program as a process under test, with a state folder of its own."""

import os
import sys
from pathlib import Path

from harness import ROOT, Process, free_port, until


class Run(Process):
    name = "run.py"
    death_signal = 15

    def __init__(self, local, **variables):
        super().__init__(Path(local).with_suffix(".run.log"))
        self.local = Path(local)
        # Two that look for a free port at once, from the same one on, may find the same.
        self.variables = {"PEDILUVE_LOCAL": str(local), "SPEED": "60", "PORT": str(free_port()), "MQTT_PORT": str(free_port()),
                          **variables}

    def command(self):
        return [sys.executable, ROOT / "scripts/run.py"]

    def environment(self):
        return {**self.variables, "PEDILUVE_BUILD": os.environ.get("PEDILUVE_BUILD", "build/release")}

    def start(self):
        if not self.alive():
            self.log.unlink(missing_ok=True)
        return super().start()

    def ready(self):
        return "live after" in self.tail(200)

    def wait_ready(self, deadline_s=60):
        return super().wait_ready(deadline_s)

    def __exit__(self, *_):
        self.stop(30)

    def settings(self):
        """run.env as a dict."""
        lines = (self.local / "run.env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def family(self):
        """The ids of all processes that it has started, at any depth."""
        children = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:  # it has just ended
                continue
            children.setdefault(parent, []).append(int(stat.parent.name))
        found, open_ = [], [self.pid]
        while open_:
            for pid in children.get(open_.pop(), []):
                found.append(pid)
                open_.append(pid)
        return found


def gone(pids, deadline_s=20):
    """Until none of these processes is left."""
    def left():
        alive = []
        for pid in pids:
            try:
                if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                    alive.append(pid)
            except OSError:
                pass
        return alive
    until(lambda: not left(), deadline_s, f"processes {left()} to be gone")
