# suite: deadline_s=240
"""Thousands of open descriptors in the server do not hurt the device link: 2,000 idle connections, and every connection that
matters made anew above them (a number that select() could not watch)."""

import contextlib
import os
import resource
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, tap, until  # noqa: E402
from whole import steps  # noqa: E402

IDLE = 2000
SELECT_MOST = 1024


@contextlib.contextmanager
def files(soft):
    """This process's own limit; what it starts inherits it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def world():
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * IDLE:
        tap.skip("this system allows too few open files")
    with files(SELECT_MOST):  # as a service manager starts it; the server asks for more itself
        spa = Spa(devices=2, speed=60, private_postgres=True)
        spa.start()
    with files(2 * IDLE):
        try:
            yield spa
        finally:
            spa.stop()


def descriptors(spa):
    return [int(name) for name in os.listdir(f"/proc/{spa.server.pid}/fd")]


def sockets_to(spa, port):
    """Descriptors of the server's connections to that port of this machine."""
    inodes = {line.split()[9] for line in Path(f"/proc/{spa.server.pid}/net/tcp").read_text().splitlines()[1:]
              if line.split()[2].endswith(f":{port:04X}")}
    found = []
    for fd in descriptors(spa):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{spa.server.pid}/fd/{fd}").strip("socket:[]") in inodes:
                found.append(fd)
    return found


@tap.test(deadline_s=180)
def two_thousand_idle_connections_do_not_hurt_the_device_link(spa):
    device = spa.device("spa-pro")
    spa.broker.kill9()  # so that the link's next connection has a number above theirs
    until(lambda: not any(item["ready"] for item in spa.api.pages("/api/v1/devices")), 20, "the loss to be noticed")
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", spa.server.port), 10)) for _ in range(IDLE)]
        for each in idle:  # the beginning of a request; the server waits for its end
            each.sendall(b"GET /api/v1/devices HTTP/1.1\r\n")
        until(lambda: len(descriptors(spa)) > IDLE, 20, "the server to hold them all")
        spa.broker.start().wait_ready()
        spa.wait_devices(deadline_s=60)
        tap.check(min(sockets_to(spa, spa.broker.port)) >= SELECT_MOST, sockets_to(spa, spa.broker.port))
        made = steps.start(spa.api, device, wait=10)
        steps.reach(spa.api, made["id"], "running")
        steps.act(spa.api, made["id"], "pause")
        steps.act(spa.api, made["id"], "stop")
        steps.telemetry_is_whole(spa, device)


tap.main(world)
