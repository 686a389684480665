"""A course as a calendar: read by a small parser of its own, with a token or by a link."""

import datetime
import re

from courses import course, new_course, patch, site
from world import V1, json, key, ok, refused, tap, world


# ---- the calendar ----

def parse(text):
    """A small reader of RFC 5545 that knows nothing of who wrote it: properties of the calendar, and of each event."""
    tap.check(text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), "lines end with CRLF")
    for line in text.split("\r\n"):
        tap.check(len(line.encode()) <= 75, f"{len(line.encode())} octets: {line}")
    stack, calendar, events = [], {}, []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        name, value = re.fullmatch(r"([A-Z-]+)(?:;[^:]*)?:(.*)", line).groups()
        value = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            tap.equal(stack.pop(), value)
        else:
            where = events[-1] if stack[-1] == "VEVENT" else calendar
            tap.check(name not in where, f"{name} twice")
            where[name] = value
    tap.equal(stack, [])
    return calendar, events


def utc(text):
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%S.000Z")


@tap.test
def a_course_is_a_calendar(w):
    where = site(w, "Europe/Berlin")
    guest = "Zoë; \\ 足, " + "x" * 40
    made = new_course(w, where, guest=guest, count=60, interval_days=3)
    path = f"{V1}/courses/{made['id']}/calendar.ics"
    reply = w.api.get(path)
    tap.equal((reply.status, reply.headers["Content-Type"]), (200, "text/calendar; charset=utf-8"))
    calendar, events = parse(reply.body.decode())
    tap.equal((calendar["VERSION"], calendar["METHOD"], bool(calendar["PRODID"])), ("2.0", "PUBLISH", True))
    tap.equal([utc(each["DTSTART"]) for each in events], [each["starts_at"] for each in made["sessions"]])
    tap.equal(len({each["UID"] for each in events}), 60)
    for each in events:
        tap.equal(set(each), {"UID", "DTSTAMP", "DTSTART", "DURATION", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION", "LAST-MODIFIED"})
        tap.equal((each["DURATION"], each["SEQUENCE"], each["STATUS"]), ("PT1M", "0", "CONFIRMED"))
        tap.check(each["SUMMARY"].startswith(guest), each)
    tap.equal(w.api.get(path, headers={"If-None-Match": reply.headers["ETag"]}).status, 304)
    ok(w.api.post(f"{V1}/courses/{made['id']}/sessions/2/miss"))
    ok(patch(w, made, {"time_of_day": "11:00"}))
    tap.equal(w.api.get(path, headers={"If-None-Match": reply.headers["ETag"]}).status, 200)
    _, changed = parse(w.api.get(path).body.decode())
    tap.equal([each["UID"] for each in changed][:60], [each["UID"] for each in events])
    tap.equal((changed[1]["STATUS"], changed[1]["SEQUENCE"], changed[0]["SEQUENCE"]), ("CANCELLED", "2", "1"))
    for state, said in (("paused", "TENTATIVE"), ("ended", "CANCELLED")):
        ok(patch(w, made, {"state": state}))
        tap.equal({each["STATUS"] for each in parse(w.api.get(path).body.decode())[1]}, {said, "CANCELLED"})


@tap.test
def a_calendar_program_needs_no_token_but_a_link(w):
    made = new_course(w, count=2)
    nobody = w.as_token(None)
    first = ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link"), 201)["url"]
    tap.check(re.fullmatch(rf"{V1}/calendars/[A-Za-z0-9_-]{{43}}", first), first)
    tap.equal(parse(nobody.get(first).body.decode())[1], parse(w.api.get(f"{V1}/courses/{made['id']}/calendar.ics").body.decode())[1])
    tap.equal(course(w, made["id"])["calendar_link"], True)
    whole = json.dumps(w.spa.sql("SELECT * FROM course")) + json.dumps(w.spa.sql("SELECT * FROM audit_log"))
    tap.check(first.rsplit("/", 1)[1] not in whole, "the secret is kept")
    named = key()
    second = ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link", headers=named), 201)["url"]
    tap.equal(ok(w.api.post(f"{V1}/courses/{made['id']}/calendar-link", headers=named), 201)["url"], second)
    tap.check(second.rsplit("/", 1)[1] not in json.dumps(w.spa.sql("SELECT * FROM idempotency_key")), "the secret is kept")
    refused(nobody.get(first), 404, "not_found")
    tap.equal(nobody.get(second).status, 200)
    refused(nobody.get(f"{V1}/courses/{made['id']}/calendar.ics"), 401, "unauthenticated")


@tap.test
def links_that_nobody_made_are_refused_and_do_not_stand_in_the_way_of_tokens(w):
    nobody = w.as_token(None)
    seen = {nobody.get(f"{V1}/calendars/" + f"{n:043d}").code for n in range(300)}
    tap.check(seen <= {"not_found", "too_many_requests"} and "not_found" in seen, seen)
    tap.equal(w.as_role("viewer").get(f"{V1}/sites").status, 200)
    refused(nobody.get(f"{V1}/calendars/short"), 404, "not_found")


tap.main(world)
