"""pediluved as a process, and its one-shot commands."""

import os
import re
import subprocess
from pathlib import Path

from .client import Client
from .paths import ROOT, binary
from .process import Process, free_port

DASHBOARD = ROOT / "build/dashboard"  # node dashboard/build.mjs
DEVICE_SECRET = "device-secret-of-the-tests-0123456789abcdef"
TOKEN = re.compile(r"pdl_[A-Za-z0-9-]+_[A-Za-z0-9_-]+")


class Server(Process):
    """One replica. `broker` gives host, port and the server's account; `env` overrides or adds variables (None: unset)."""

    name = "server"

    def __init__(self, log, database_url, broker, *, port=None, device_secret=DEVICE_SECRET, instance="a", env=None,
                 migrate=False):
        super().__init__(log)
        self.database_url, self.broker, self.port = database_url, broker, port or free_port()
        self.device_secret, self.instance, self.env, self.migrate_first = device_secret, instance, dict(env or {}), migrate
        self.name = f"server-{instance}" if instance != "a" else "server"
        self.url = f"http://127.0.0.1:{self.port}"

    def environment(self):
        variables = {
            "PEDILUVE_DATABASE_URL": self.database_url, "PEDILUVE_LISTEN": f"127.0.0.1:{self.port}",
            "PEDILUVE_DEVICE_SECRET": self.device_secret, "PEDILUVE_INSTANCE": self.instance,
            "PEDILUVE_SCHEMA_DIR": str(ROOT / "schema"), "PEDILUVE_CATALOGUE_DIR": str(ROOT / "schema/catalogue"),
            "PEDILUVE_OPENAPI_FILE": str(ROOT / "openapi/openapi.yaml"),
            "PEDILUVE_SWAGGER_DIR": str(ROOT / "tools/npm/node_modules/swagger-ui-dist"),
            "PEDILUVE_DASHBOARD_DIR": str(DASHBOARD) if (DASHBOARD / "index.html").exists() else ""}
        if self.broker:
            variables.update({"PEDILUVE_MQTT_HOST": self.broker.host, "PEDILUVE_MQTT_PORT": str(self.broker.port),
                              "PEDILUVE_MQTT_USERNAME": "pediluved", "PEDILUVE_MQTT_PASSWORD": self.broker.server_password})
        variables.update(self.env)
        return {name: value for name, value in variables.items() if value is not None}

    def command(self):
        return [binary("pediluved"), "serve", *(["--migrate"] if self.migrate_first else [])]

    def ready(self):
        """The server says so itself: GET /readyz answers 200."""
        try:
            return Client(self.url, timeout_s=2).get("/readyz").status == 200
        except OSError:
            return False

    def run(self, *words, check=True, deadline_s=60):
        """Run a one-shot command (`migrate`, `version`, ...) with the server's environment; the CompletedProcess."""
        done = subprocess.run([binary("pediluved"), *words], env={**os.environ, **self.environment()}, text=True,
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline_s)
        if check and done.returncode != 0:
            raise RuntimeError(f"pediluved {' '.join(map(str, words))} ended with {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def migrate(self):
        self.run("migrate")

    def demo(self, fleet_file, sites=2, devices=6):
        """Make the demo's sites and devices, and the fleet file for them."""
        self.run("demo", "--fleet-file", Path(fleet_file), "--sites", str(sites), "--devices", str(devices))

    def token(self, name="test", role="owner", sites=()):
        """A new API token, as text."""
        words = ["token", "create", "--name", name, "--role", role]
        for site in sites:
            words += ["--site", site]
        made = self.run(*words)
        found = TOKEN.search(made.stdout)
        if not found:
            raise RuntimeError(f"pediluved token create printed no token:\n{made.stdout}{made.stderr}")
        return found.group()

    def client(self, token=None, **more):
        return Client(self.url, token, **more)
