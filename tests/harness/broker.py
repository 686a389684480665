"""A private Mosquitto with the accounts and rules that the product expects of any broker: no anonymous, one account a
device that the server provisions (dynamic security), and acl_file patterns that keep a device to its own topics."""

import glob
import json
import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from .paths import ROOT
from .process import Process, free_port

SERVER_USER = "pediluved"
ACL_FILE = ROOT / "docker/broker/acl"  # one home: the container image and the private broker use the same rules
PLUGIN = "/usr/lib/*/mosquitto_dynamic_security.so"


class Broker(Process):
    """Keeps its accounts in `state`; nothing else survives it. `server_password` is the account `pediluved`.

    port: a free one when not given, kept over restarts.
    """

    name = "broker"

    def __init__(self, state, log, *, port=None, server_password="server-of-the-tests"):
        super().__init__(log)
        self.state, self.port, self.server_password = Path(state), port or free_port(), server_password
        self.host = "127.0.0.1"

    def create(self):
        """Write the accounts file, when there is none, and the configuration."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        accounts = self.state / "dynamic-security.json"
        if not accounts.exists():
            subprocess.run([_program("mosquitto_ctrl"), "dynsec", "init", accounts, SERVER_USER, self.server_password],
                           check=True, stdout=subprocess.DEVNULL)
            wanted = json.loads(accounts.read_text())
            # Otherwise the plugin would let anybody receive what they subscribed to, before acl_file is asked.
            wanted["defaultACLAccess"]["publishClientReceive"] = False
            accounts.write_text(json.dumps(wanted, indent=2))
        acl = self.state / "acl"
        shutil.copy(ACL_FILE, acl)
        acl.chmod(0o600)
        plugins = glob.glob(PLUGIN)
        if not plugins:
            raise FileNotFoundError(f"Mosquitto's dynamic security plugin is not installed ({PLUGIN})")
        settings = [
            f"user {pwd.getpwuid(os.geteuid()).pw_name}", "per_listener_settings false", "allow_anonymous false",
            f"plugin {plugins[0]}", f"plugin_opt_config_file {accounts}", f"acl_file {acl}",
            "persistence false", "set_tcp_nodelay true", "max_queued_messages 100000", "max_inflight_messages 1000",
            "log_dest stdout", "log_type error", "log_type warning", "log_type notice", "connection_messages true",
            "log_timestamp_format %Y-%m-%dT%H:%M:%S", f"listener {self.port} {self.host}"]
        (self.state / "mosquitto.conf").write_text("\n".join(settings) + "\n")

    def start(self):
        if not self.alive():
            self.create()
        return super().start()

    def command(self):
        return [_program("mosquitto"), "-c", self.state / "mosquitto.conf"]

    def ready(self):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.host, self.port)) == 0

    def pub(self, topic, payload, *, username=SERVER_USER, password=None):
        """Publish one message with mosquitto_pub (MQTT 5, QoS 1); returns its exit code: not 0 when it was refused."""
        return subprocess.run(
            ["mosquitto_pub", "-V", "5", "-q", "1", "-h", self.host, "-p", str(self.port), "-u", username,
             "-P", password or self.server_password, "-i", f"pub-{os.urandom(4).hex()}", "-t", topic, "-m", payload],
            capture_output=True).returncode


def _program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin") or name
