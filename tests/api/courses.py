"""Small steps for the tests of courses."""

import contextlib
import datetime
import zoneinfo

from world import NOTHING_APPLIES, V1, ok, time, until, uuid

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
DAY = datetime.timedelta(days=1)
STEP = {"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 80}


def today(zone="UTC"):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)).date()


def site(w, zone="UTC", **more):
    return ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}", "timezone": zone, **more}), 201)["id"]


def body(w, site_id, template="custom", **more):
    if template == "custom" and "routine" not in more:
        more["routine"] = w.new_routine([STEP])
    return {"site_id": site_id, "guest": "Anna", "template": template, "start_on": str(today()), "time_of_day": "09:30", **more}


def new_course(w, site_id=None, **more):
    return ok(w.api.post(f"{V1}/courses", body(w, site_id or site(w), **more)), 201)


def course(w, course_id):
    return ok(w.api.get(f"{V1}/courses/{course_id}"))


def dates(course_):
    return [each["date"] for each in course_["sessions"]]


def states(course_):
    return "".join(each["state"][0] for each in course_["sessions"])


def patch(w, made, change, tag="*"):
    return w.api.patch(f"{V1}/courses/{made['id']}", change, headers={"If-Match": tag})


def with_template_routine(w, slug):
    """The routine that a template names, published once."""
    if w.api.get(f"{V1}/routines/{slug}").status == 404:
        w.new_routine([STEP], slug=slug)


@contextlib.contextmanager
def device_at(w, site_id):
    device = w.play(w.new_device(site=site_id))
    try:
        yield device
    finally:
        device.close()


def begin(w, device, course_id, **more):
    request = {"device_id": device.id, "course_id": course_id, "intake": NOTHING_APPLIES, **more}
    return w.api.post(f"{V1}/sessions", request)


def run(w, device, course_id, end="completed", **more):
    """A session of the course from start to end; disinfected afterwards."""
    made = ok(begin(w, device, course_id, **more), 201)
    program = device.carry_out("start", "running")["program"]
    device.tell(end, reason="none" if end == "completed" else "local_stop", ended_at=int(time.time() * 1000))
    until(lambda: ok(w.api.get(f"{V1}/sessions/{made['id']}"))["state"] == end, 10, f"the session to be {end}")
    device.session = None
    ok(w.api.post(f"{V1}/devices/{device.id}/cleanings"), 201)
    return made, program


def backdate(w, course_id, days):
    """As if so many days had passed; what is over already stays."""
    w.spa.sql(f"UPDATE course_session SET planned_on = planned_on - {days} WHERE course_id = '{course_id}' AND state = 'planned'")
    w.spa.sql(f"UPDATE course SET start_on = start_on - {days} WHERE id = '{course_id}'")
