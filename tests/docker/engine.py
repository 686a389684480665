"""A Docker engine of our own, with what it has built kept in ~/.cache/pediluve/docker, and a base image without a registry."""

import fcntl
import os
import shutil
import signal
import subprocess
from pathlib import Path

from harness import Died, Process, TooLate, tap
from harness.paths import scratch

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pediluve/docker"
BASE = "debian:bookworm-slim"
NEEDED = ("dockerd", "docker", "docker-compose", "debootstrap", "iptables")


class Engine(Process):
    name = "dockerd"
    death_signal = signal.SIGTERM  # it takes its containers along

    def __init__(self):
        self.folder = scratch("pdl-")
        self.host = f"unix://{self.folder}/docker.sock"
        super().__init__(self.folder / "dockerd.log")

    def command(self):
        return ["dockerd", "--data-root", CACHE, "--exec-root", self.folder / "run", "-H", self.host, "-p",
                self.folder / "pid", "--log-level", "error"]

    def ready(self):
        return self.run("docker", "version", check=False).returncode == 0

    def environment(self):
        return {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

    def run(self, *words, check=True, **variables):
        """Run docker or docker-compose against this engine; an AssertionError with its output when it fails."""
        done = subprocess.run([str(word) for word in words], text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              env={**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0", **variables})
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))} ended with {done.returncode}\n"
                                 f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
        return done

    def stop(self, deadline_s=40.0):
        code = super().stop(deadline_s)
        subprocess.run(["umount", self.folder / "run/netns/default"], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


def start_engine():
    """A ready Engine with the base image, or a skip that says why there is none."""
    if os.geteuid() != 0:
        tap.skip("only root can start a Docker engine, and this is not root")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [name for name in NEEDED if not shutil.which(name, path=path)]
    if missing:
        tap.skip(f"no Docker engine can be started here: {', '.join(missing)} is missing")
    CACHE.mkdir(parents=True, exist_ok=True)
    engine = Engine()
    engine.lock = open(CACHE.with_suffix(".lock"), "w")  # one engine a cache: another run of these tests has to end first
    fcntl.flock(engine.lock, fcntl.LOCK_EX)
    try:
        engine.start().wait_ready(30)
    except (Died, TooLate):
        reason = engine.tail(1).splitlines()[-1]
        engine.stop()
        tap.skip(f"no Docker engine can be started here: {reason}")
    if reason := cannot_unpack(engine):
        engine.stop()
        tap.skip(f"a Docker engine starts here, but cannot unpack an image: {reason}")
    try:
        if engine.run("docker", "image", "inspect", BASE, check=False).returncode != 0:
            make_base(engine)
    except BaseException:
        engine.stop()
        raise
    return engine


def cannot_unpack(engine):
    """Why an image cannot be unpacked here, or None. In a plain chroot it cannot: / must be a mount point for that."""
    empty = bytes(10240)  # a tar without entries
    done = subprocess.run(["docker", "-H", engine.host, "import", "-", "pediluve-test-probe"], input=empty, capture_output=True)
    if done.returncode == 0:
        return None
    said = " ".join(done.stderr.decode(errors="replace").split())
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return said if "/" in mounts else f"this is a chroot, and its / is no mount point ({said})"


def make_base(engine):
    """debootstrap instead of a pull: no registry is needed, only Debian's archive."""
    root = scratch("pdl-") / "root"
    made = subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root],
                          capture_output=True, text=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    if made.returncode != 0:
        raise AssertionError(f"debootstrap failed\n{made.stdout[-3000:]}")
    # The machine's own certificate authorities, for networks that need them.
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
    tar = subprocess.Popen(["tar", "-C", root, "--numeric-owner", "-c", "."], stdout=subprocess.PIPE)
    subprocess.run(["docker", "-H", engine.host, "import", "--change", 'CMD ["bash"]', "-", BASE], stdin=tar.stdout,
                   check=True, stdout=subprocess.DEVNULL)
    tar.wait()
    shutil.rmtree(root.parent)
