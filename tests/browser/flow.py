"""Starts a spa and runs one flow file in Node against it; the file prints TAP. Beside it a small door for what a browser
cannot do: POST JSON to $PEDILUVE_CONTROL/<name> and get JSON back (see Door.acts)."""

import contextlib
import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Spa, process  # noqa: E402
from harness.network import leave_shared  # noqa: E402

HERE = Path(__file__).resolve().parent


def link(spa, login="staff", name="Staff", role="owner"):
    """A new user's one-time sign-in link."""
    return spa.server.run("user", "create", "--login", login, "--name", name, "--role", role, "--link").stdout.split()[-1]


class Door(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, spa, more=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.acts = {
            "user": lambda body: {"link": link(spa, **body)},
            "token": lambda body: {"token": spa.server.token(**body)},
            "kill_server": lambda _: spa.server.kill9(),
            "start_server": lambda _: spa.server.start().wait_ready() and None,
            "stop_fleet": lambda _: spa.fleet.stop(),
            "start_fleet": lambda _: (spa.fleet.start(), spa.wait_devices()) and None,
            "sql": lambda body: spa.sql(body["text"]),
            **(more or {}),
        }
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve_until(self, child):
        """Do what is asked until the child has ended, in the main thread: what a passing thread starts ends with it."""
        while child.poll() is None:
            with contextlib.suppress(queue.Empty):
                name, body, answer = self.asked.get(timeout=0.05)
                try:
                    answer.put((200, self.acts[name](body)))
                except Exception:
                    answer.put((500, {"error": traceback.format_exc()}))
        return child.returncode


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        done = queue.Queue()
        self.server.asked.put((self.path.strip("/"), body, done))
        status, answer = done.get(timeout=120)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def run(flow, *, prepare=None, **spa):
    """Run `flow`, a file of this folder, and exit with its code. prepare(spa) may add acts to the door: {name: function}."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    leave_shared()  # Chromium drops all its requests when an interface or an address comes or goes, as Docker's do
    code = 1
    try:
        with Spa(**{"devices": 6, "speed": 20, **spa}) as made:
            door = Door(made, prepare and prepare(made))
            variables = {"PEDILUVE_URL": made.server.url, "PEDILUVE_TOKEN": made.api.token, "PEDILUVE_CONTROL": door.url}
            # Forked by the main thread, so that it ends with us, whatever ends us.
            child = subprocess.Popen(["node", HERE / flow, *sys.argv[1:]], env={**os.environ, **variables},
                                     stdin=subprocess.DEVNULL, preexec_fn=process._die_with_parent(os.getpid(), signal.SIGTERM))
            try:
                code = door.serve_until(child)
            finally:
                child.terminate()
                child.wait(15)
            if code:
                for part in list(process.live):
                    print("\n".join(f"# {line}" for line in part.tail().splitlines()), flush=True)
    except Exception:
        print("1..1\nnot ok 1 - the spa is there to look at", flush=True)
        print("\n".join(f"# {line}" for line in traceback.format_exc().splitlines()), flush=True)
    sys.exit(code)
