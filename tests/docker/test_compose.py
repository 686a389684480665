"""The images are built, docker-compose brings a spa up, a session runs through it, and it goes down again.
Without a Docker engine all of it is skipped, with the reason."""
# suite: deadline_s=1800 alone

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from engine import start_engine
from harness import Client, ROOT, free_port, tap, until
from harness.paths import scratch
from harness.server import TOKEN

POSTGRES = "pediluve-test-postgres"
SERVICES = ("postgres", "broker", "server", "fleet")
SPEED = "60"


class World:
    def compose(self, *words, check=True):
        return self.engine.run("docker-compose", "-p", "pediluvetest", "-f", ROOT / "docker/docker-compose.yml", "--profile", "demo",
                               *words, check=check, **self.variables)

    def inspect(self, service):
        ident = self.compose("ps", "-q", service).stdout.split()
        if not ident:
            return None
        return json.loads(self.engine.run("docker", "inspect", ident[0]).stdout)[0]

    def health(self, service):
        seen = self.inspect(service)
        return seen["State"].get("Health", {}).get("Status") if seen else "absent"


def world():
    w = World()
    w.engine = start_engine()
    w.secrets = scratch("pdl-")
    w.port = free_port()
    w.variables = {"POSTGRES_IMAGE": POSTGRES, "SECRETS": str(w.secrets), "SPEED": SPEED, "PEDILUVE_PORT": str(w.port),
                   "MQTT_PORT": str(free_port())}
    subprocess.run(["sh", ROOT / "docker/make-secrets.sh", w.secrets], check=True, stdout=subprocess.DEVNULL)
    try:
        yield w
    finally:
        w.compose("down", "-v", "--remove-orphans", "-t", "5", check=False)
        w.engine.run("docker", "image", "prune", "-f", "--filter", "until=24h", check=False)
        w.engine.stop()
        shutil.rmtree(w.secrets, ignore_errors=True)


@tap.test(deadline_s=1200)
def the_images_build(w):
    w.engine.run("docker", "build", "-q", "-t", POSTGRES, ROOT / "tests/docker/postgres")
    w.compose("build")


@tap.test(deadline_s=180)
def everything_comes_up_healthy(w):
    w.compose("up", "-d", "--no-build")

    def all_healthy():
        return all(w.health(service) == "healthy" for service in SERVICES)
    try:
        until(all_healthy, 90, "all services to be healthy", every_s=0.3)
    except AssertionError as late:
        states = {service: w.health(service) for service in SERVICES}
        raise AssertionError(f"{late}; {states}\n{w.compose('logs', '--no-color', '--tail=30', check=False).stdout}")


@tap.test
@tap.rows(*SERVICES)
def a_service_runs_confined(w, service):
    seen = w.inspect(service)
    tap.check(seen is not None, "the service is not there")
    tap.check(seen["HostConfig"]["ReadonlyRootfs"], "its root is writable")
    tap.contains(seen["HostConfig"]["SecurityOpt"], "no-new-privileges:true")
    tap.equal(seen["HostConfig"]["CapDrop"], ["ALL"])
    tap.check(seen["Config"]["User"] not in ("", "root", "0", "0:0"), f"it runs as {seen['Config']['User']!r}")
    tap.equal([line for line in seen["Config"]["Env"] if "PASSWORD=" in line or "SECRET=" in line], [])


@tap.test
def the_dashboard_is_there(w):
    client = Client(f"http://127.0.0.1:{w.port}")
    page = client.get("/")
    tap.equal(page.status, 200, page)
    assets = re.findall(r'"(/assets/[^"]+)"', page.body.decode())
    tap.check(len(assets) >= 2, page)
    for path in assets:
        tap.equal(client.get(path).status, 200, path)


@tap.test(deadline_s=120)
def a_session_runs_to_its_end(w):
    made = w.compose("run", "--rm", "token", "--name", "test", "--role", "owner")
    token = TOKEN.search(made.stdout)
    tap.check(token, made.stdout + made.stderr)
    api = Client(f"http://127.0.0.1:{w.port}", token.group())

    def a_ready_device():
        return [item for item in api.get("/api/v1/devices").json["items"] if item["ready"] and item["model"] == "spa-pro"]
    device = until(a_ready_device, 30, "a device to be ready", every_s=0.2)[0]
    created = api.post("/api/v1/sessions", {"device_id": device["id"], "routine": "relax-10", "intake": {"none_apply": True}})
    tap.equal(created.status, 201, created)

    def completed():
        state = api.get(created.headers["Location"]).json["state"]
        tap.check(state not in ("stopped", "aborted", "expired", "rejected"), f"the session is {state}")
        return state == "completed"
    until(completed, 60, "the session to be completed", every_s=0.3)
    tap.equal(api.get(f"/api/v1/devices/{device['id']}").json["cleaning"], "due")


@tap.test(deadline_s=120)
def a_link_of_the_command_line_signs_the_first_owner_in(w):
    made = w.compose("run", "--rm", "user", "create", "--login", "me", "--name", "Me", "--role", "owner", "--link")
    tap.contains(made.stdout, "/#/sign-in?code=", made.stderr)
    code = made.stdout.split("/#/sign-in?code=")[1].split()[0]
    reply = Client(f"http://127.0.0.1:{w.port}").post("/api/v1/sign-in", {"code": code, "password": "warm feet at seven"})
    tap.equal((reply.status, reply.json["role"]), (200, "owner"), reply)


@tap.test
def a_stopped_server_ends_by_itself(w):
    w.compose("stop", "-t", "15", "server", "fleet", "broker")
    for service in ("server", "fleet", "broker"):
        tap.check(w.inspect(service)["State"]["ExitCode"] in (0, 143), f"{service}: {w.inspect(service)['State']}")


tap.main(world, world_deadline_s=600)
