"""A private PostgreSQL: its own cluster, a socket in a private folder, no TCP unless asked for."""

import csv
import fcntl
import glob
import io
import os
import pwd
import shutil
import signal
import subprocess
import urllib.parse
import uuid
from pathlib import Path

from .paths import scratch
from .process import Process, until

SUPERUSER = "pediluve"
ACCOUNT = "postgres"  # the system user it runs as when we are root, which it refuses to be
SOCKET_PATH_MAX = 90  # sun_path holds 108, and PostgreSQL adds "/.s.PGSQL.5432.lock"


def program(name):
    """A program of the newest PostgreSQL that Debian's packages have installed, else whatever the PATH has."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else shutil.which(name) or name


def _as_account():
    if os.geteuid() != 0:
        return {}
    return {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}


def reachable_by_account(folder):
    """Whether the account may pass through every folder above (a clone below /root is closed to it)."""
    if os.geteuid() != 0:
        return True
    return subprocess.run(["test", "-x", str(folder)], cwd="/", **_as_account()).returncode == 0


class Postgres(Process):
    """A cluster in `data`, made at the first start. fsync=True wherever durability is the point (make run, bench, faults).

    tcp_port: also listen on 127.0.0.1 there. socket_dir: where the socket goes; a short folder of its own when not given.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: does not wait for clients
    death_signal = signal.SIGQUIT
    user = ACCOUNT

    def __init__(self, data, log, *, fsync=False, tcp_port=None, socket_dir=None, settings=None):
        super().__init__(log)
        self.data, self.fsync, self.tcp_port = Path(data), fsync, tcp_port
        self.settings = dict(settings or {})
        self._own_socket_dir = socket_dir is None
        self.socket_dir = None if socket_dir is None else Path(socket_dir)

    def _own(self, folder, mode=0o700):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)

    def create(self):
        """initdb, when there is no cluster yet."""
        if (self.data / "PG_VERSION").exists():
            return
        self._own(self.data)
        made = subprocess.run(
            [program("initdb"), "-D", self.data, "-U", SUPERUSER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
             "--no-instructions", *([] if self.fsync else ["--no-sync"])],
            cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **_as_account())
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed in {self.data}:\n{made.stdout}")

    def start(self):
        if self.alive():
            return self
        self.create()
        # A cluster whose owner was killed is still on its way down.
        until(lambda: not self._served_by_another(), 30, f"the previous server of {self.data} to end")
        if self.socket_dir is None:
            self.socket_dir = scratch("pdl-")
        if len(str(self.socket_dir)) > SOCKET_PATH_MAX:
            raise ValueError(f"a socket cannot be made in {self.socket_dir}: the path is too long")
        self._own(self.socket_dir)  # trust is for whoever can reach the socket: this user and root
        return super().start()

    def _served_by_another(self):
        try:
            pid = (self.data / "postmaster.pid").read_text().split()[0]
            return "postgres" in Path(f"/proc/{pid}/comm").read_text()
        except (OSError, IndexError):
            return False

    def command(self):
        durable = "on" if self.fsync else "off"
        settings = {"listen_addresses": "127.0.0.1" if self.tcp_port else "", "port": self.tcp_port or 5432,
                    "unix_socket_directories": self.socket_dir, "max_connections": 200, "fsync": durable,
                    "full_page_writes": durable, "shared_buffers": "256MB",
                    "max_wal_size": "2GB", "timezone": "UTC", "log_timezone": "UTC", "jit": "off",
                    "log_checkpoints": "off", **self.settings}
        words = [program("postgres"), "-D", self.data]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    def ready(self):
        return subprocess.run([program("pg_isready"), "-q", "-d", self.url("postgres")]).returncode == 0

    def url(self, database):
        """A libpq URI of one database, over the socket."""
        return url_in(f"postgresql://{SUPERUSER}@/postgres?host={urllib.parse.quote(str(self.socket_dir))}"
                      f"&port={self.tcp_port or 5432}", database)

    def stop(self, deadline_s=30.0):
        code = super().stop(deadline_s)
        if self._own_socket_dir and self.socket_dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
            self.socket_dir = None
        return code

    # What follows needs only a URL, and so has a function of its own in this module for clusters that others started.

    def sql(self, database, text, **values):
        """Run SQL in a database: see the function sql()."""
        return sql(self.url(database), text, **values)

    def create_database(self, name=None, template=None):
        """A new database, empty or a copy of `template`; returns its name."""
        return create_database(self.url("postgres"), name, template)


def url_in(url, database):
    """The same server's other database."""
    before, _, query = url.partition("?")
    return f"{before.rsplit('/', 1)[0]}/{database}" + (f"?{query}" if query else "")


def sql(url, text, **values):
    """Run SQL through psql; rows as a list of dicts of strings (None for null). :'name' in the text stands for a value."""
    words = [program("psql"), "-X", "-q", "--csv", "-v", "ON_ERROR_STOP=1", "-P", "null=\\N", "-d", url, "-f", "-"]
    for name, value in values.items():
        words += ["-v", f"{name}={value}"]
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{done.stderr.strip()}\nin: {text}")
    return [{name: None if value == "\\N" else value for name, value in row.items()}
            for row in csv.DictReader(io.StringIO(done.stdout))]


def create_database(url, name=None, template=None):
    name = name or "t_" + uuid.uuid4().hex[:16]
    sql(url, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return name


def drop_database(url, name):
    sql(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def template(url, name, make):
    """A database that is made once a cluster, by make(its url), then only copied; safe from several programs at once."""
    socket_dir = urllib.parse.parse_qs(url.partition("?")[2])["host"][0]
    with open(Path(socket_dir) / "template.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not sql(url, "SELECT 1 AS one FROM pg_database WHERE datname = :'name'", name=name):
            making = create_database(url, f"{name}_making_{uuid.uuid4().hex[:8]}")
            make(url_in(url, making))
            sql(url, f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name
