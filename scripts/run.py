"""make run: a whole spa on this machine, until Ctrl-C. State is below .local/ and stays until `make clean`.

Variables: SPEED (how many times faster the devices' time runs, 1), PORT (8080) and MQTT_PORT (1883): another free
port is found when one is taken. PEDILUVE_LOCAL: another folder than .local.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import secrets
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Broker, Client, Died, Fleet, Postgres, Server, TooLate, free_port, postgres  # noqa: E402

LOCAL = Path(os.environ.get("PEDILUVE_LOCAL") or ROOT / ".local").resolve()
DASHBOARD = ROOT / "build/dashboard"
SITES, DEVICES = 2, 6
OWNER = "owner"  # the login of who may do everything here
SPEED_MAX = 1000
PR_SET_PDEATHSIG = 1


class Ended(BaseException):
    """Somebody asked us to stop."""


def say(text, file=sys.stdout):
    with contextlib.suppress(OSError):  # whoever read this may be gone: a closed terminal, `| head`
        print(f"run: {text}" if text[:1].strip() else text, file=file, flush=True)


def fail(text):
    say(text, sys.stderr)
    sys.exit(1)


def only_one():
    """Hold the lock for as long as we live; when somebody has it, say what is running, and exit."""
    file = open(LOCAL / "run.lock", "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        try:
            other = json.load(file)
            say(f"already running: process {other['pid']}, {other['url'] or 'still starting'}, "
                f"devices at SPEED={other['speed']}")
            say(f"stop it with Ctrl-C where it runs, or: kill {other['pid']}")
        except (ValueError, KeyError):
            say("already running (just starting)")
        sys.exit(0)
    return file


def write_lock(file, url, speed):
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "url": url, "speed": speed}, file)
    file.flush()


def private_file(path, text):
    """Write a file that only we may read, whole or not at all."""
    new = path.with_suffix(path.suffix + ".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def kept_secrets():
    """The broker's and the devices' secrets: made at the first run, and kept with the data that depends on them."""
    path = LOCAL / "secrets.json"
    if not path.exists():
        private_file(path, json.dumps({"broker": secrets.token_urlsafe(24), "device": secrets.token_urlsafe(32)}))
    return json.loads(path.read_text())


def database_folders():
    """(data, socket) folders. Usually below .local/; elsewhere when the database's user cannot get there (root's home)."""
    if postgres.reachable_by_account(LOCAL):
        sockets = LOCAL / "socket"
        return LOCAL / "postgres", sockets if len(str(sockets)) <= postgres.SOCKET_PATH_MAX else None
    outside = Path("/var/lib") / f"pediluve-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
    outside.mkdir(exist_ok=True)
    outside.chmod(0o711)
    private_file(LOCAL / "outside", f"{outside}\n")
    say(f"{LOCAL} is closed to the database's user; its data goes to {outside}")
    return outside / "postgres", outside / "socket"


def number(name, default, least, most):
    text = os.environ.get(name) or str(default)
    with contextlib.suppress(ValueError):
        if least <= float(text) <= most:
            return int(text) if text.isdigit() else float(text)
    fail(f"{name}={text}: not a number from {least} to {most}")


def port(name, usual):
    wanted = number(name, usual, 1, 65535)
    found = free_port(wanted)
    if found != wanted:
        say(f"port {wanted} is taken; using {found} ({name})")
    return found


def token_for(server):
    """The token of the last run when the server still knows it, else a new one."""
    with contextlib.suppress(OSError, IndexError):
        token = (LOCAL / "run.env").read_text().split("PEDILUVE_TOKEN=", 1)[1].split()[0]
        if Client(server.url, token).get("/api/v1/sites").status == 200:
            return token
    return server.token("make run", "owner")


def dashboard_env():
    """The server's variables for the page, when it was built."""
    return {"PEDILUVE_DASHBOARD_DIR": str(DASHBOARD)} if (DASHBOARD / "index.html").exists() else {}


def sign_in_link(server):
    """A new link that signs the owner in once; makes the owner at the first start."""
    made = server.run("user", "link", "--login", OWNER, check=False)
    if made.returncode:
        made = server.run("user", "create", "--login", OWNER, "--name", "Owner", "--role", "owner", "--link")
    return made.stdout.strip()


def wait_devices(api, count, deadline_s=8):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AssertionError):
            if sum(item["ready"] for item in api.pages("/api/v1/devices")) >= count:
                return True
        time.sleep(0.05)
    return False


def start(parts, lock, speed):
    """Start everything, appending to `parts` as it goes; returns the server."""
    began = time.monotonic()
    logs, kept = LOCAL / "log", kept_secrets()
    data, sockets = database_folders()
    say(f"PostgreSQL      {data}")
    database = Postgres(data, logs / "postgres.log", fsync=True, socket_dir=sockets)
    parts.append(database.start())
    broker = Broker(LOCAL / "broker", logs / "broker.log", port=port("MQTT_PORT", 1883), server_password=kept["broker"])
    say(f"Mosquitto       mqtt://127.0.0.1:{broker.port}")
    parts.append(broker.start())
    database.wait_ready()
    broker.wait_ready()
    if not database.sql("postgres", "SELECT 1 AS one FROM pg_database WHERE datname = 'pediluve'"):
        database.create_database("pediluve")

    server = Server(logs / "server.log", database.url("pediluve"), broker, port=port("PORT", 8080),
                    device_secret=kept["device"], env=dashboard_env())
    server.migrate()
    server.demo(LOCAL / "fleet.json", SITES, DEVICES)
    say(f"pediluved       {server.url}")
    parts.append(server.start())
    server.wait_ready()
    say(f"pediluve-fleet  {DEVICES} devices in {SITES} sites, SPEED={speed}")
    fleet = Fleet(logs / "fleet.log", LOCAL / "fleet.json", LOCAL / "journal", speed=speed, broker=broker)
    parts.append(fleet.start())

    token = token_for(server)
    private_file(LOCAL / "run.env", f"export PEDILUVE_URL={server.url}\nexport PEDILUVE_TOKEN={token}\n")
    write_lock(lock, server.url, speed)
    if not wait_devices(Client(server.url, token), DEVICES):
        say(f"not all devices are ready yet; see {fleet.log}")
    link = sign_in_link(server)
    say(f"live after {time.monotonic() - began:.1f} s: {server.url}   (API: {server.url}/docs, logs: {logs}/)")
    say(f"""sign in once with: {link}

  . {shown(LOCAL)}/run.env
  curl -s -H "Authorization: Bearer $PEDILUVE_TOKEN" $PEDILUVE_URL/api/v1/devices

Ctrl-C stops it. The data stays until `make clean`.
""")
    return server


def shown(path):
    """The path as one would type it here."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def watch(parts):
    """Until a signal comes (Ended) or one of the processes ends: returns that one."""
    while True:
        for part in parts:
            if not part.alive():
                return part
        time.sleep(0.2)


def on_signal(number, _frame):
    raise Ended(signal.Signals(number).name)


def main():
    LOCAL.mkdir(parents=True, exist_ok=True)
    LOCAL.chmod(0o755)
    if os.environ.get("MAKELEVEL"):  # a killed make does not leave us behind
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    speed = number("SPEED", 1, 1, SPEED_MAX)
    lock = only_one()
    write_lock(lock, None, speed)
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if wanted != signal.SIGHUP or signal.getsignal(wanted) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(wanted, on_signal)
    parts, code = [], 1
    try:
        start(parts, lock, speed)
        dead = watch(parts)
        say(f"{dead.name} has ended by itself (exit code {dead.exit_code()})\n{dead.tail(30)}", sys.stderr)
    except Ended as ended:
        say(f"stopping ({ended})")
        code = 0
    except (Died, TooLate, RuntimeError, OSError) as error:
        say(str(error), sys.stderr)
    finally:
        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(wanted, signal.SIG_IGN)
        for part in reversed(parts):
            part.stop(10)
        with contextlib.suppress(FileNotFoundError):
            (LOCAL / "run.lock").write_text("")
        say("nothing is running any more")
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)  # no further words on a closed pipe


if __name__ == "__main__":
    main()
