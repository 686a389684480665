"""What holds for every row of the route table, asked of each as a careless or unfriendly program would."""

import http.client
import threading

from world import NOTHING_APPLIES, V1, json, key, ok, order, refused, routine, tap, until, uuid, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
PUT_IN = {"{id}": UNKNOWN, "{slug}": "relax-10", "{version}": "1", "{model}": "spa-pro", "{kind}": "zones", "{entry}": "heel",
          "{number}": "1", "{secret}": "0" * 43}
OWN = {f"{V1}/sign-in", f"{V1}/sign-out", f"{V1}/me"}  # of people, not of tokens: test_sign_in.py
NOT_IDEMPOTENT = {f"{V1}/routines/{{slug}}/preview", f"{V1}/courses/plan", *OWN}  # makes and commands nothing


def routes(w):
    return json.loads(w.spa.server.run("routes").stdout)


def concrete(path):
    for name, value in PUT_IN.items():
        path = path.replace(name, value)
    return path


def draft(w, site=None):
    """A new routine's draft: (its path, its entity tag, its text)."""
    text = routine(f"d-{uuid.uuid4().hex[:12]}")
    made = w.api.post(f"{V1}/routines", text, params={"site_id": site} if site else None)
    ok(made, 201)
    return made.headers["Location"], made.headers["ETag"], text


def copies(w, entry):
    """Three texts for a site's copy of a catalogue entry."""
    content = ok(w.api.get(f"{V1}/catalogue/{entry}"))["content"]
    return [{"content": {**content, "name": name}} for name in ("One", "Two", "Three")]


def session(w, site=None):
    return ok(w.api.post(f"{V1}/sessions", order(w.new_device(site=site)["id"])), 201)


def course_of(w, site=None, **more):
    return {"site_id": site or w.sites[0], "guest": "Anna", "template": "custom", "routine": "relax-10", "start_on": "2190-01-01",
            "time_of_day": "09:30", "count": 4, **more}


def course(w, site=None):
    return ok(w.api.post(f"{V1}/courses", course_of(w, site)), 201)


def user(w, site=None):
    """Somebody who may sign in: the id."""
    sites = {"site_ids": [site]} if site else {"all_sites": True}
    return ok(w.api.post(f"{V1}/users", {"login": f"u{uuid.uuid4().hex[:12]}", "name": "U", "role": "viewer", **sites}), 201)["id"]


def alarm(w, site=None):
    """An alarm that stands, of a device that nobody plays."""
    device = w.new_device(site=site)["id"]
    w.spa.sql(f"INSERT INTO alarm (kind, severity, device_id, site_id) SELECT 'samples_lost', 'warning', id, site_id"
              f" FROM device WHERE id = '{device}'")
    return ok(w.api.get(f"{V1}/alarms", params={"device_id": device}))["items"][0]["id"]


def tested(w, begin=True):
    """A device in maintenance that nobody plays, with a self-test under way: the path of the test."""
    path = f"{V1}/devices/{w.new_device()['id']}"
    ok(w.api.patch(path, {"service": "maintenance"}, headers={"If-Match": "*"}))
    if begin:
        ok(w.api.post(f"{path}/self-test", {"nobody_in_the_unit": True}), 202)
    return f"{path}/self-test"


def with_checklist(w):
    """A session by hand whose routine has a checklist; its path."""
    slug = w.new_routine([{"technique": "side-turn", "repetitions": 3}], preparations=["skin-check", "breaths"])
    body = {"site_id": w.sites[0], "routine": slug, "intake": NOTHING_APPLIES}
    return f"{V1}/sessions/{ok(w.api.post(f'{V1}/sessions', body), 201)['id']}"


# ---- Idempotency-Key ----

def ordering(w):
    """For each POST that creates or commands: path template, a path, a body, another body (None: the route has none), headers."""
    def action(name, body=None, other=None):
        return (f"{V1}/sessions/{{id}}/{name}", f"{V1}/sessions/{session(w)['id']}/{name}", body, other, {})
    device, free = w.new_device()["id"], w.new_device()["id"]
    path, tag, text = draft(w)
    name, published = uuid.uuid4().hex[:12], w.new_routine(text["steps"])

    def document(slug):
        return {"kind": "routines", "version": 1, "entries": [routine(slug)]}
    planned = f"{V1}/courses/{course(w)['id']}"
    return [
        (f"{V1}/courses", f"{V1}/courses", course_of(w), course_of(w, guest="Bea"), {}),
        (f"{V1}/courses/{{id}}/sessions/{{number}}/miss", f"{planned}/sessions/1/miss", {"reason": "Ill"}, {"reason": "Away"}, {}),
        (f"{V1}/courses/{{id}}/sessions/{{number}}/skip", f"{planned}/sessions/2/skip", {"reason": "Ill"}, {"reason": "Away"}, {}),
        (f"{V1}/courses/{{id}}/calendar-link", f"{planned}/calendar-link", None, None, {}),
        (f"{V1}/alarms/{{id}}/acknowledge", f"{V1}/alarms/{alarm(w)}/acknowledge", None, None, {}),
        (f"{V1}/alarms/{{id}}/clear", f"{V1}/alarms/{alarm(w)}/clear", {"note": "Seen"}, {"note": "Dry"}, {}),
        (f"{V1}/sites", f"{V1}/sites", {"name": f"Site {name}"}, {"name": f"Other {name}"}, {}),
        (f"{V1}/devices", f"{V1}/devices", {"site_id": w.sites[0], "model": "spa-pro", "name": "A"},
         {"site_id": w.sites[0], "model": "spa-pro", "name": "B"}, {}),
        (f"{V1}/devices/{{id}}/credentials", f"{V1}/devices/{device}/credentials", None, None, {}),
        (f"{V1}/devices/{{id}}/cleanings", f"{V1}/devices/{device}/cleanings", {"kind": "rinse"}, {"kind": "end_of_day"}, {}),
        (f"{V1}/devices/{{id}}/cleanings/start", f"{V1}/devices/{w.new_device()['id']}/cleanings/start", {"kind": "weekly"}, {}, {}),
        (f"{V1}/devices/{{id}}/out-of-use", f"{V1}/devices/{device}/out-of-use",
         {"from": "2026-01-01", "to": "2026-01-02", "reason": "Closed"}, {"from": "2026-01-01", "to": "2026-01-01", "reason": "Closed"}, {}),
        (f"{V1}/devices/{{id}}/self-test", tested(w, begin=False), {"nobody_in_the_unit": True}, {"nobody_in_the_unit": False}, {}),
        (f"{V1}/devices/{{id}}/self-test/stop", f"{tested(w)}/stop", None, None, {}),
        (f"{V1}/routines", f"{V1}/routines", routine(f"k-{name}"), routine(f"k-{name}", summary="x"), {}),
        (f"{V1}/routines/{{slug}}/versions/{{version}}/publish", f"{path}/publish", None, None, {"If-Match": tag}),
        (f"{V1}/routines/{{slug}}/versions/{{version}}/retire", f"{V1}/routines/{published}/versions/1/retire", None, None, {}),
        (f"{V1}/routines/{{slug}}/copy", f"{V1}/routines/relax-10/copy", {"slug": f"c-{name}"}, {"slug": f"c-{name}", "name": "C"}, {}),
        (f"{V1}/routines/import", f"{V1}/routines/import", document(f"i-{name}"), document(f"j-{name}"), {}),
        (f"{V1}/sessions", f"{V1}/sessions", order(free), order(free, guest="Anna"), {}),
        (f"{V1}/screenings", f"{V1}/screenings", {"site_id": w.sites[0], "intake": NOTHING_APPLIES},
         {"site_id": w.sites[0], "intake": NOTHING_APPLIES, "guest": "Anna"}, {}),
        (f"{V1}/tokens", f"{V1}/tokens", {"name": name, "role": "viewer", "all_sites": True},
         {"name": name, "role": "owner", "all_sites": True}, {}),
        (f"{V1}/users", f"{V1}/users", {"login": name, "name": "A", "role": "viewer", "all_sites": True},
         {"login": name, "name": "B", "role": "viewer", "all_sites": True}, {}),
        (f"{V1}/users/{{id}}/sign-in-link", f"{V1}/users/{user(w)}/sign-in-link", None, None, {}),
        action("stop"),
        (f"{V1}/sessions/{{id}}/checks", f"{with_checklist(w)}/checks", {"item": "skin-check"}, {"item": "breaths"}, {}),
    ]


def actions_of_a_live_session(w):
    """Commands that need a session that runs: the device is played."""
    made = w.new_device()
    device = w.play(made)
    running = ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)
    device.carry_out("start", "running")
    path = f"{V1}/sessions/{running['id']}"
    until(lambda: ok(w.api.get(path))["state"] == "running", 10, "the session to run")
    rows = [(f"{V1}/sessions/{{id}}/{name}", f"{path}/{name}", body, other, {})
            for name, body, other in (("adjust", {"intensity": 40}, {"intensity": 41}), ("pause", None, None),
                                      ("resume", None, None))]
    return device, path, rows


def same_answer(first, again):
    tap.equal((again.status, again.body, again.headers.get("Location"), again.headers.get("ETag")),
              (first.status, first.body, first.headers.get("Location"), first.headers.get("ETag")), again)
    tap.equal(again.headers.get("Idempotency-Replayed"), "true", again)


@tap.test(deadline_s=120)
def every_post_that_creates_or_commands_replays_its_answer_also_after_a_kill(w):
    device, path, live = actions_of_a_live_session(w)
    kept, rows = [], ordering(w) + live
    for template, where, body, other, headers in rows:
        named = {**headers, **key()}
        first = w.api.post(where, body, headers=named)
        tap.check(first.status in (200, 201, 202), first)
        tap.check("Idempotency-Replayed" not in first.headers, first)
        same_answer(first, w.api.post(where, body, headers=named))
        if other is not None:
            refused(w.api.post(where, other, headers=named), 422, "idempotency_key_reused")
        refused(w.api.post(f"{V1}/sites", {"name": "Another path"}, headers=named), 422, "idempotency_key_reused")
        kept.append((where, body, named, first))
    device.tell("waiting")
    until(lambda: ok(w.api.get(path))["state"] == "waiting", 10, "the session to wait")
    named = key()
    confirm = w.api.post(f"{path}/confirm", {"step": 0}, headers=named)
    ok(confirm, 202)
    refused(w.api.post(f"{path}/confirm", {"step": 1}, headers=named), 422, "idempotency_key_reused")
    kept.append((f"{path}/confirm", {"step": 0}, named, confirm))
    tested = {template for template, *_ in rows} | {f"{V1}/sessions/{{id}}/confirm"}
    listed = {row["path"] for row in routes(w) if row["method"] == "POST"}
    tap.equal(tested, listed - NOT_IDEMPOTENT)
    tap.equal({row["path"] for row in routes(w) if row["idempotent"]}, tested)
    w.spa.server.kill9()
    w.spa.server.start().wait_ready()
    for where, body, named, first in kept:
        same_answer(first, w.api.post(where, body, headers=named))
    device.close()


@tap.test
def of_many_at_once_with_one_key_one_has_its_effect_on_every_route(w):
    for _, where, body, _, headers in ordering(w):
        named, replies = {**headers, **key()}, []
        threads = [threading.Thread(target=lambda: replies.append(w.api.post(where, body, headers=named))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = [reply for reply in replies if reply.status < 300]
        tap.check(made and len(replies) == 6, replies)
        tap.equal(len({reply.body for reply in made}), 1, replies)
        tap.equal(sum("Idempotency-Replayed" not in reply.headers for reply in made), 1, replies)
        for reply in replies:
            if reply not in made:
                refused(reply, 409, "idempotency_in_flight")


# ---- methods ----

@tap.test
def every_path_has_head_options_and_405_with_allow(w):
    methods = {}
    for row in routes(w):
        methods.setdefault(row["path"], set()).add(row["method"])
    for path, has in methods.items():
        where = concrete(path)
        allowed = has | {"OPTIONS"} | ({"HEAD"} if "GET" in has else set())
        options = w.api.request("OPTIONS", where)
        tap.equal((options.status, options.body), (204, b""), options)
        tap.equal(set(options.headers["Allow"].split(", ")), allowed, path)
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            if method in allowed:
                continue
            reply = w.api.request(method, where)
            tap.equal(reply.status, 405, reply)
            tap.equal(set(reply.headers["Allow"].split(", ")), allowed, reply)
            if method != "HEAD":
                refused(reply, 405, "method_not_allowed")
        if "GET" in has and path != f"{V1}/events":
            got, head = w.api.get(where), w.api.request("HEAD", where)
            tap.equal((head.status, head.body), (got.status, b""), head)


@tap.test
def nobody_may_use_any_route_that_is_not_public(w):
    nobody = w.api.as_token(None)
    for row in routes(w):
        if row["permission"] != "public":
            refused(nobody.request(row["method"], concrete(row["path"])), 401, "unauthenticated")


# ---- bodies and queries ----

@tap.test
def every_body_refuses_what_it_does_not_know(w):
    for row in routes(w):
        if row["body"]:
            reply = w.api.request(row["method"], concrete(row["path"]), {"no_such_thing": 1, "a/b~c": 2}, headers={"If-Match": "*"})
            tap.equal(refused(reply, 400, "invalid_body", "/no_such_thing")["code"], "unknown_property")
            refused(reply, 400, "invalid_body", "/a~1b~0c")
            refused(w.api.request(row["method"], concrete(row["path"]), b"[1]", headers={"Content-Type": "application/json"}),
                    400, "invalid_body", "")


@tap.test
def where_no_body_is_taken_json_must_ask_for_nothing(w):
    for row in routes(w):
        if row["body"] or row["method"] == "GET":
            continue
        where = concrete(row["path"])
        refused(w.api.request(row["method"], where, {"wait": 5}), 400, "invalid_body", "/wait")
        refused(w.api.request(row["method"], where, b"{", headers={"Content-Type": "application/json"}), 400, "malformed_json")
    stopped = session(w)
    ok(w.api.post(f"{V1}/sessions/{stopped['id']}/stop", {}), 202)
    ok(w.api.post(f"{V1}/sessions/{session(w)['id']}/stop", b"", headers={"Content-Type": "application/json"}), 202)


@tap.test
def every_query_refuses_what_it_does_not_know_and_what_comes_twice(w):
    for row in routes(w):
        if row["path"] in ("/docs", "/openapi.yaml"):
            continue
        reply = w.api.request(row["method"], concrete(row["path"]) + "?no_such_thing=1")
        refused(reply, 400, "invalid_query", "/no_such_thing")
        if "limit" in row["query"]:
            most = 201 if "telemetry" not in row["path"] else 1001
            for bad in ("0", "-1", str(most), "abc", "1.5", "", "99999999999999999999", "%31%30x", "1e1", "+1"):
                refused(w.api.get(concrete(row["path"]) + f"?limit={bad}"), 400, "invalid_query", "/limit")
            refused(w.api.get(concrete(row["path"]) + "?limit=1&limit=1"), 400, "invalid_query", "/limit")
            refused(w.api.get(concrete(row["path"]) + "?cursor="), 400, "invalid_query", "/cursor")


def chunked(w, size):
    """A POST whose length is not said beforehand; (status, code)."""
    connection = http.client.HTTPConnection(w.api.host.hostname, w.api.host.port, timeout=20)
    pieces = [b'{"name":"'] + [b"x" * 1024] * (size // 1024) + [b'"}']
    try:
        connection.request("POST", f"{V1}/sites", body=iter(pieces), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked", "Content-Type": "application/json",
                                    "Authorization": f"Bearer {w.api.token}"})
    except (BrokenPipeError, ConnectionResetError):
        pass
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body.get("code")


@tap.test
def a_body_over_64_kib_is_413_however_it_is_framed(w):
    for size in (65 * 1024, 200 * 1024, 3 * 1024 * 1024):
        refused(w.api.post(f"{V1}/sites", {"name": "x" * size}), 413, "too_large")
        tap.equal(chunked(w, size), (413, "too_large"))
    tap.equal(chunked(w, 4096), (400, "invalid_body"))  # whole and read, only its name is too long


# ---- editing ----

@tap.test
def everything_that_is_edited_wants_the_tag_that_was_read(w):
    site = ok(w.api.post(f"{V1}/sites", {"name": f"Edit {uuid.uuid4()}"}), 201)["id"]
    path, _, text = draft(w)
    device = w.new_device()["id"]
    words, entry = copies(w, "zones/heel"), f"{V1}/catalogue/zones/heel?site_id={site}"
    ok(w.api.put(entry, words[2], headers={"If-None-Match": "*"}), 201)
    edits = {(row["method"], row["path"]) for row in routes(w) if row["method"] in ("PUT", "PATCH") and row["path"] not in OWN}
    tested = set()
    for method, template, where, bodies in (
            ("PATCH", f"{V1}/sites/{{id}}", f"{V1}/sites/{site}", [{"timezone": "Europe/Paris"}, {"timezone": "UTC"}]),
            ("PATCH", f"{V1}/devices/{{id}}", f"{V1}/devices/{device}", [{"name": "One"}, {"name": "Two"}]),
            ("PATCH", f"{V1}/users/{{id}}", f"{V1}/users/{user(w)}", [{"name": "One"}, {"name": "Two"}]),
            ("PATCH", f"{V1}/courses/{{id}}", f"{V1}/courses/{course(w)['id']}", [{"time_of_day": "10:00"}, {"state": "paused"}]),
            ("PUT", f"{V1}/routines/{{slug}}/versions/{{version}}", path, [{**text, "summary": "One"}, {**text, "summary": "Two"}]),
            ("PUT", f"{V1}/catalogue/{{kind}}/{{entry}}", entry, words[:2])):
        tested.add((method, template))
        first, second = bodies
        tag = w.api.get(where).headers["ETag"]
        tap.equal(w.api.get(where, headers={"If-None-Match": f'"x", {tag}'}).status, 304)
        tap.equal(w.api.get(where, headers={"If-None-Match": f"W/{tag}"}).status, 304)
        refused(w.api.request(method, where, first), 428, "precondition_required")
        for wrong in ('"0"', '"v0.1"', '"nonsense"', f"W/{tag}"):
            refused(w.api.request(method, where, first, headers={"If-Match": wrong}), 412, "precondition_failed")
        refused(w.api.request(method, where, first, headers={"If-Match": tag.strip('"')}), 400, "invalid_header")
        changed = w.api.request(method, where, first, headers={"If-Match": tag})
        ok(changed)
        tap.check(changed.headers["ETag"] != tag, changed)
        refused(w.api.request(method, where, second, headers={"If-Match": tag}), 412, "precondition_failed")
        tap.equal(w.api.get(where, headers={"If-None-Match": tag}).status, 200)
        ok(w.api.request(method, where, second, headers={"If-Match": changed.headers["ETag"]}))
    tap.equal(tested, edits)


# ---- other sites ----

@tap.test
def what_belongs_to_another_site_is_not_there_on_any_route(w):
    mine, other = w.sites[:2]
    foreign = session(w, site=other)
    path, tag, text = draft(w, site=other)
    ok(w.api.post(f"{V1}/devices/{w.new_device(site=other)['id']}/cleanings"), 201)
    device, planned = foreign["device_id"], course(w, other)["id"]
    screening = ok(w.api.post(f"{V1}/screenings", {"site_id": other, "intake": NOTHING_APPLIES}), 201)["id"]
    alarms = alarm(w, other)
    fill = {f"{V1}/courses/{{id}}": planned, f"{V1}/sites/{{id}}": other, f"{V1}/devices/{{id}}": device,
            f"{V1}/sessions/{{id}}": foreign["id"], f"{V1}/screenings/{{id}}": screening,
            f"{V1}/alarms/{{id}}": alarms, f"{V1}/commands/{{id}}": foreign["command"]["id"], f"{V1}/tokens/{{id}}": None,
            f"{V1}/users/{{id}}": user(w, other)}
    bodies = {"adjust": {"intensity": 3}, "confirm": {"step": 0}, "preview": {"model": "spa-pro"}, "cleanings": {}, "miss": {}, "skip": {},
              "copy": {"slug": "mine-now"}, "credentials": None, "sign-in-link": None, "checks": {"item": "skin-check"},
              "clear": {"note": "x"}, "start": {}, "self-test": {"nobody_in_the_unit": True}, "out-of-use": {"from": "2026-01-01", "to": "2026-01-02", "reason": "Closed"}}
    secret = w.api.post(f"{V1}/tokens", {"name": "Theirs", "role": "viewer", "site_ids": [other]}).json["id"]
    visited = 0
    for role in ("manager", "owner"):
        stranger = w.as_role(role, [mine])
        for row in routes(w):
            if "{" not in row["path"] or row["path"].startswith((f"{V1}/models", f"{V1}/catalogue/sources")) or \
                    (row["permission"] == "administer" and role == "manager"):
                continue
            where = row["path"]
            for template, value in fill.items():
                if where.startswith(template):
                    where = where.replace("{id}", value or secret)
            where = where.replace(f"{V1}/routines/{{slug}}/versions/{{version}}", path)
            where = where.replace("{slug}", text["slug"]) + ("?from=1&to=1" if where.endswith("/diff") else "")
            where = where.replace("{number}", "1").replace("{secret}", PUT_IN["{secret}"])
            if "catalogue" in where:
                where = f"{concrete(where)}?site_id={other}"
            body = None
            if row["body"]:
                body = copies(w, "zones/heel")[0] if "catalogue" in where else text if row["method"] == "PUT" else \
                    {"state": "ended"} if "courses" in where and row["method"] == "PATCH" else {"name": "Mine now"} if row["method"] == "PATCH" else \
                    bodies[where.rsplit("/", 1)[1]]
            reply = stranger.request(row["method"], where, body, headers={"If-Match": tag if "routines" in where else "*"})
            refused(reply, 404, "not_found")
            visited += 1
        for name in ("sites", "devices", "screenings", "sessions", "commands", "cleanings", "audit", "routines", "courses", "alarms",
                     *(["tokens"] * (role == "owner"))):
            whole = json.dumps(list(stranger.pages(f"{V1}/{name}", {"limit": 200})))
            for secret_of_others in (other, device, screening, foreign["id"], foreign["command"]["id"], text["slug"], secret, planned, alarms):
                tap.check(secret_of_others not in whole, f"{name} shows {secret_of_others}")
        for name, query in (("sessions", {"device_id": device}), ("commands", {"session_id": foreign["id"]}),
                            ("commands", {"device_id": device}), ("cleanings", {"device_id": device}),
                            ("audit", {"subject_id": foreign["id"]}), ("screenings", {"site_id": other}), ("routines", {"site_id": other}),
                            ("devices", {"site_id": other}), ("courses", {"site_id": other}), ("audit", {"subject_id": text["slug"]})):
            tap.equal(ok(stranger.get(f"{V1}/{name}", params=query))["items"], [], f"{name} {query}")
        refused(stranger.get(f"{V1}/events", params={"site_id": other}), 404, "not_found")
    tap.check(visited > 30, visited)
    tap.equal(ok(w.api.get(f"{V1}/sessions/{foreign['id']}"))["state"], "requested")


# ---- the audit log ----

@tap.test
def every_changing_route_leaves_its_line_in_the_audit_log(w):
    device, live, rows = actions_of_a_live_session(w)
    left, changing = {}, [(row["method"], row["path"]) for row in routes(w) if row["method"] != "GET" and row["path"] not in NOT_IDEMPOTENT]

    def done(method, template, reply):
        tap.check(reply.status < 300, reply)
        left[method, template] = reply.headers["X-Request-Id"]
    for template, where, body, _, headers in ordering(w) + rows:
        done("POST", template, w.api.post(where, body, headers=headers))
    device.tell("waiting")
    until(lambda: ok(w.api.get(live))["state"] == "waiting", 10, "the session to wait")
    done("POST", f"{V1}/sessions/{{id}}/confirm", w.api.post(f"{live}/confirm", {"step": 0}))
    site = ok(w.api.post(f"{V1}/sites", {"name": f"Audit {uuid.uuid4()}"}), 201)["id"]
    path, tag, text = draft(w)
    token = w.api.post(f"{V1}/tokens", {"name": "x", "role": "viewer", "all_sites": True}).json["id"]
    entry = f"{V1}/catalogue/zones/heel?site_id={site}"
    done("PUT", f"{V1}/catalogue/{{kind}}/{{entry}}", w.api.put(entry, copies(w, "zones/heel")[0], headers={"If-Match": "*"}))
    done("DELETE", f"{V1}/catalogue/{{kind}}/{{entry}}", w.api.delete(entry, headers={"If-Match": "*"}))
    done("PATCH", f"{V1}/sites/{{id}}", w.api.patch(f"{V1}/sites/{site}", {"timezone": "Europe/Paris"}, headers={"If-Match": "*"}))
    done("PATCH", f"{V1}/courses/{{id}}", w.api.patch(f"{V1}/courses/{course(w)['id']}", {"state": "paused"}, headers={"If-Match": "*"}))
    done("PATCH", f"{V1}/users/{{id}}", w.api.patch(f"{V1}/users/{user(w)}", {"name": "x"}, headers={"If-Match": "*"}))
    done("PATCH", f"{V1}/devices/{{id}}", w.api.patch(f"{V1}/devices/{device.id}", {"name": "x"}, headers={"If-Match": "*"}))
    done("PUT", f"{V1}/routines/{{slug}}/versions/{{version}}", w.api.put(path, text, headers={"If-Match": tag}))
    done("DELETE", f"{V1}/tokens/{{id}}", w.api.delete(f"{V1}/tokens/{token}"))
    begun = f"{V1}/devices/{w.new_device()['id']}/cleanings/start"
    ok(w.api.post(begun), 201)
    done("DELETE", f"{V1}/devices/{{id}}/cleanings/start", w.api.delete(begun))
    path, tag, _ = draft(w)
    done("DELETE", f"{V1}/routines/{{slug}}/versions/{{version}}", w.api.delete(path, headers={"If-Match": tag}))
    tap.equal(set(left), set(changing))
    entries = {}
    for entry in w.api.pages(f"{V1}/audit", {"limit": 200}):
        entries.setdefault(entry["request_id"], []).append(entry)
    for route, request_id in left.items():
        tap.equal(len(entries.get(request_id, [])), 1, f"{route}: {entries.get(request_id)}")
        tap.check(entries[request_id][0]["actor_id"] and entries[request_id][0]["actor"] == "owner", entries[request_id])
    device.close()


tap.main(world)
