"""What holds for every resource: problems, lists, methods, framing, the service's own pages."""

import gzip
import http.client
import random
import re

from world import V1, Client, json, key, ok, order, refused, routine, tap, uuid, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"


@tap.test
def the_service_says_that_it_is_alive_ready_and_what_it_offers(w):
    nobody = w.api.as_token(None)
    tap.equal(ok(nobody.get("/healthz"))["status"], "ok")
    tap.equal(ok(nobody.get("/readyz"))["missing"], [])
    tap.contains(nobody.get("/openapi.yaml").body.decode(), "openapi: 3.1")
    tap.contains(nobody.get("/docs/").body.decode(), "swagger-ui")
    tap.equal(nobody.get("/docs").headers["Location"], "/docs/")
    figures = nobody.get("/metrics").body.decode()
    tap.contains(figures, "pediluve_link_connected 1")
    tap.contains(figures, "/api/v1/sites")


@tap.test
def a_path_that_is_not_there_is_404_and_so_is_an_id_that_is_none(w):
    refused(w.api.get(f"{V1}/nothing"), 404, "not_found")
    refused(w.api.get(f"{V1}/sites/not-an-id"), 404, "not_found")
    for path in ("sites", "devices", "sessions", "commands"):
        refused(w.api.get(f"{V1}/{path}/{UNKNOWN}"), 404, "not_found")
    for path in ("commands", "cleanings", "telemetry", "presence"):
        refused(w.api.get(f"{V1}/devices/{UNKNOWN}/{path}"), 404, "not_found")
    refused(w.api.get(f"{V1}/routines/nothing"), 404, "not_found")
    refused(w.api.get(f"{V1}/routines/nothing/versions"), 404, "not_found")
    refused(w.api.get(f"{V1}/routines/relax-10/versions/99"), 404, "not_found")
    refused(w.api.get(f"{V1}/models/nothing"), 404, "not_found")
    refused(w.api.delete(f"{V1}/tokens/{UNKNOWN}"), 404, "not_found")


@tap.test
def another_method_is_405_and_allow_lists_those_there_are(w):
    reply = w.api.delete(f"{V1}/sites")
    refused(reply, 405, "method_not_allowed")
    tap.equal(set(reply.headers["Allow"].replace(" ", "").split(",")), {"GET", "HEAD", "POST", "OPTIONS"})
    options = w.api.request("OPTIONS", f"{V1}/sites")
    tap.equal(options.status, 204, options)
    tap.contains(options.headers["Allow"], "POST")


@tap.test
@tap.rows(f"{V1}/sites", f"{V1}/devices", f"{V1}/models/spa-pro", "/healthz")
def head_is_get_without_a_body(w, path):
    got, head = w.api.get(path), w.api.request("HEAD", path)
    tap.equal((head.status, head.body), (got.status, b""), head)
    tap.equal(head.headers["Content-Type"], got.headers["Content-Type"])


@tap.test
def unknown_properties_missing_ones_and_wrong_types_are_named_by_pointer(w):
    reply = w.api.post(f"{V1}/sites", {"nmae": "x"})
    tap.equal(refused(reply, 400, "invalid_body", "/nmae")["code"], "unknown_property")
    tap.equal(refused(reply, 400, "invalid_body", "/name")["code"], "missing")
    tap.equal(refused(w.api.post(f"{V1}/sites", {"name": 7}), 400, "invalid_body", "/name")["code"], "wrong_type")
    tap.equal(refused(w.api.post(f"{V1}/sites", {"name": "x" * 81}), 400, "invalid_body", "/name")["code"], "too_long")
    deep = w.api.post(f"{V1}/sessions", order(UNKNOWN, intake={"none_apply": True, "pregnant": True}))
    tap.equal(refused(deep, 400, "invalid_body", "/intake/pregnant")["code"], "unknown_property")


@tap.test
@tap.rows(b"", b"{", b'{"name":"a"}x', b'{"name":"a","name":"b"}', b'{"name":"\xff"}', b"[" * 100)
def what_is_not_json_is_malformed(w, text):
    reply = w.api.post(f"{V1}/sites", text, headers={"Content-Type": "application/json"})
    tap.equal(reply.status, 400, reply)
    tap.contains(("malformed_json", "invalid_body"), reply.code, reply)
    if text and b'"name":"a","name"' not in text:
        tap.equal(reply.code, "malformed_json", reply)


@tap.test
def a_body_of_another_media_type_is_415_and_one_over_64_kib_413(w):
    refused(w.api.post(f"{V1}/sites", b"name=x", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    refused(w.api.post(f"{V1}/sites", {"name": "x" * 70000}), 413, "too_large")


@tap.test
@tap.rows(("limit=0", "/limit"), ("limit=201", "/limit"), ("limit=x", "/limit"), ("nothing=1", "/nothing"),
          ("site_id=7", "/site_id"), ("mode=asleep", "/mode"), ("ready=maybe", "/ready"))
def a_query_that_does_not_fit_is_400(w, query, pointer):
    refused(w.api.get(f"{V1}/devices?{query}"), 400, "invalid_query", pointer)


@tap.test
def a_cursor_that_is_not_ours_is_400(w):
    ours = ok(w.api.get(f"{V1}/devices", params={"limit": 1}))["next_cursor"]
    for cursor in ("x", ours[:-2], ours[:-1] + ("A" if ours[-1] != "A" else "B")):
        refused(w.api.get(f"{V1}/devices", params={"cursor": cursor}), 400, "invalid_cursor")
    refused(w.api.get(f"{V1}/sites", params={"cursor": ours}), 400, "invalid_cursor")


@tap.test
def pages_hold_every_item_once_and_link_to_the_next(w):
    for number in range(5):
        w.new_device(name=f"Page {number}")
    everything = [item["id"] for item in w.api.pages(f"{V1}/devices", {"limit": 200})]
    by_twos, path = [], f"{V1}/devices?limit=2&service=in_service"
    while path:
        reply = w.api.get(path)
        page = ok(reply)
        tap.check(len(page["items"]) <= 2, page)
        by_twos += [item["id"] for item in page["items"]]
        link = reply.headers.get("Link")
        tap.equal(link is None, page["next_cursor"] is None)
        tap.check(link is None or link.endswith('>; rel="next"'), link)
        path = link[1:link.index(">")] if link else None
        tap.check(path is None or "service=in_service" in path, path)
    tap.equal(sorted(by_twos), sorted(everything))
    tap.equal(len(by_twos), len(set(by_twos)))


@tap.test
@tap.rows("sites", "models", "devices", "routines", "sessions", "commands", "cleanings", "tokens", "audit",
          "routines/relax-10/versions")
def every_list_has_the_same_shape_and_takes_limit_and_cursor(w, name):
    seen, cursor = [], None
    for _ in range(500):
        page = ok(w.api.get(f"{V1}/{name}", params={"limit": 1, **({"cursor": cursor} if cursor else {})}))
        tap.equal(set(page), {"items", "next_cursor"})
        seen += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    tap.equal(len({json.dumps(each) for each in seen}), len(seen))
    tap.equal(len(seen), len(list(w.api.pages(f"{V1}/{name}"))))


@tap.test
def a_long_answer_is_compressed_when_asked_for(w):
    plain = w.api.get("/openapi.yaml")
    zipped = w.api.get("/openapi.yaml", headers={"Accept-Encoding": "gzip"})
    tap.equal(zipped.headers.get("Content-Encoding"), "gzip")
    tap.equal(gzip.decompress(zipped.body), plain.body)
    tap.contains(zipped.headers.get("Vary", ""), "Accept-Encoding")


@tap.test
def both_framing_headers_at_once_are_refused(w):
    connection = http.client.HTTPConnection(w.api.host.hostname, w.api.host.port, timeout=10)
    connection.putrequest("POST", f"{V1}/sites")
    for name, value in (("Content-Length", "5"), ("Transfer-Encoding", "chunked"), ("Content-Type", "application/json"),
                        ("Authorization", f"Bearer {w.api.token}")):
        connection.putheader(name, value)
    connection.endheaders(b"0\r\n\r\n")
    answer = connection.getresponse()
    tap.equal((answer.status, json.loads(answer.read())["code"]), (400, "invalid_header"))
    connection.close()


@tap.test
def head_of_the_event_stream_ends_with_its_head(w):
    """Two requests on one connection: bytes of a body after the first answer would be taken for the second's head."""
    connection = http.client.HTTPConnection(w.api.host.hostname, w.api.host.port, timeout=10)
    sent = {"Authorization": f"Bearer {w.api.token}"}
    for method, path in (("HEAD", f"{V1}/events"), ("GET", "/healthz")):
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        body = answer.read()
        tap.equal(answer.status, 200)
        if method == "HEAD":
            tap.equal((answer.getheader("Content-Type"), body), ("text/event-stream", b""))
            tap.check(answer.getheader("Transfer-Encoding") is None, answer.getheaders())
        else:
            tap.equal(json.loads(body)["status"], "ok")
    connection.close()


@tap.test
@tap.rows("Mars/Phobos", "europe", "UTC+25", "../etc/passwd")
def a_time_zone_that_there_is_not_is_422(w, name):
    refused(w.api.post(f"{V1}/sites", {"name": f"Zone {uuid.uuid4()}", "timezone": name}), 422, "unprocessable", "/timezone")
    refused(w.api.patch(f"{V1}/sites/{w.sites[0]}", {"timezone": name}, headers={"If-Match": "*"}), 422, "unprocessable", "/timezone")


@tap.test
def an_entity_tag_spares_the_second_reading(w):
    for path in (f"{V1}/sites/{w.sites[0]}", f"{V1}/models/spa-pro", f"{V1}/routines/relax-10",
                 f"{V1}/devices/{w.spa.device()}"):
        tag = w.api.get(path).headers["ETag"]
        tap.check(tag.startswith('"') and tag.endswith('"'), tag)
        again = w.api.get(path, headers={"If-None-Match": tag})
        tap.equal((again.status, again.body), (304, b""), again)
        tap.equal(w.api.get(path, headers={"If-None-Match": '"other"'}).status, 200)


@tap.test
def request_ids_are_taken_over_when_they_are_harmless(w):
    tap.equal(w.api.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"], "abc-1")
    tap.check(w.api.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["X-Request-Id"] != "a b\tc")


def junk(dice, depth=0):
    kinds = [lambda: None, lambda: dice.choice([True, False]), lambda: dice.randint(-2**63, 2**63 - 1),
             lambda: dice.random() * 10 ** dice.randint(-5, 300), lambda: "".join(chr(dice.randint(0, 0x2fff))
                                                                              for _ in range(dice.randint(0, 40))),
             lambda: str(uuid.UUID(int=dice.getrandbits(128)))]
    if depth < 4:
        kinds += [lambda: [junk(dice, depth + 1) for _ in range(dice.randint(0, 5))],
                  lambda: {junk_name(dice): junk(dice, depth + 1) for _ in range(dice.randint(0, 5))}]
    return dice.choice(kinds)()


def junk_name(dice):
    return dice.choice(["name", "device_id", "routine", "intake", "none_apply", "steps", "slug", "role", "site_ids", "step",
                        "intensity", "water_c", "model", "kind", "zones", "technique", "type", "", "/", "~0"])


def mangled(dice, body):
    """A good body with a few things replaced, removed or added."""
    body = json.loads(json.dumps(body))
    for _ in range(dice.randint(1, 3)):
        place = body
        while isinstance(place, (dict, list)) and place and dice.random() < 0.5:
            inner = dice.choice(list(place.values()) if isinstance(place, dict) else place)
            if not isinstance(inner, (dict, list)) or not inner:
                break
            place = inner
        if isinstance(place, dict):
            name = dice.choice([*place, junk_name(dice)])
            place.pop(name, None) if dice.random() < 0.3 else place.__setitem__(name, junk(dice))
        elif isinstance(place, list):
            place[dice.randrange(len(place))] = junk(dice)
    return body


@tap.test(deadline_s=120)
def no_body_however_odd_makes_the_server_fail(w):
    dice = random.Random(20261121)
    device = w.spa.device("spa-pro")
    bodies = {
        f"{V1}/sites": {"name": "Odd", "timezone": "UTC", "opening_days": ["mon", "sat"], "closed_dates": ["2026-12-25"]},
        f"{V1}/devices": {"site_id": w.sites[0], "model": "spa-pro", "name": "Odd", "serial": "odd"},
        f"{V1}/devices/{device}/cleanings": {"kind": "after_client", "contact_minutes": 10, "disinfectant": "x", "rinsed": True},
        f"{V1}/routines": routine("odd", [{"technique": "kneading", "zones": ["sole", "heel"], "repetitions": 3, "intensity": 40,
                                           "intensity_end": 50, "direction": "distal", "water_c": 38.5, "mode": "auto"}],
                                  goals=["sleep"], summary="odd", sources=["x"]),
        f"{V1}/routines/relax-10/preview": {"model": "spa-pro", "intensity_max": 50, "water_max_c": 38},
        f"{V1}/routines/relax-10/copy": {"slug": "odd-copy", "name": "Odd", "version": 1, "site_id": w.sites[0]},
        f"{V1}/routines/import": {"kind": "routines", "version": 1, "entries": [routine("odd-import")]},
        f"{V1}/sessions": order(device, intensity_max=80, water_max_c=39.5),
        f"{V1}/sessions/{UNKNOWN}/adjust": {"intensity": 40, "water_c": 39},
        f"{V1}/sessions/{UNKNOWN}/confirm": {"step": 3},
        f"{V1}/courses": {"site_id": w.sites[0], "guest": "Odd", "template": "custom", "routine": "relax-10", "start_on": "2190-01-01",
                          "time_of_day": "09:30", "count": 3, "rounds": 2, "break_days": 7, "override": True, "reason": "odd"},
        f"{V1}/courses/{UNKNOWN}/sessions/1/skip": {"reason": "odd", "override": True},
        f"{V1}/tokens": {"name": "odd", "role": "viewer", "site_ids": [w.sites[0]], "expires_at": "2030-01-01T00:00:00Z"},
    }
    met = set()
    for _ in range(60):
        for path, good in bodies.items():
            body = mangled(dice, good) if dice.random() < 0.8 else junk(dice)
            reply = w.api.post(path, json.dumps(body).encode(), headers={"Content-Type": "application/json"})
            tap.check(reply.status < 500, f"{reply!r}\nfor {body!r}")
            met.add(reply.status)
    tap.check({400, 422} <= met, met)
    tap.equal(w.api.get("/readyz").status, 200)


@tap.test
def no_query_however_odd_makes_the_server_fail(w):
    dice = random.Random(7)
    for path in ("devices", "sessions", "audit", f"devices/{w.spa.device()}/telemetry", "commands"):
        for name in ("limit", "cursor", "site_id", "state", "from", "resolution", "model", "action"):
            for _ in range(8):
                reply = w.api.get(f"{V1}/{path}", params={name: str(junk(dice, 9))})
                tap.check(reply.status in (200, 400, 404), reply)


@tap.test
def a_header_too_long_and_a_key_with_a_blank_are_refused(w):
    refused(w.api.post(f"{V1}/sites", {"name": "Key"}, headers=key("a b")), 400, "invalid_header")
    refused(w.api.post(f"{V1}/sites", {"name": "Key"}, headers=key("k" * 129)), 400, "invalid_header")


SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?P<labels>[a-zA-Z_]\w*="(\\.|[^"\\\n])*"'
                    r'(,[a-zA-Z_]\w*="(\\.|[^"\\\n])*")*)\})? (?P<value>[-+]?([0-9.]+([eE][-+]?\d+)?|Inf|NaN))')


def figures(text):
    """Prometheus text format 0.0.4, read strictly: {family: (type, {(name, labels): value})}."""
    families, family = {}, None
    tap.check(text.endswith("\n"), "the last line has no end")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            tap.check(family not in families and len(line.split(" ", 3)) == 4, line)
            families[family] = [None, {}]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            tap.equal((name, families[name][0], families[name][1]), (family, None, {}), line)
            tap.contains(("counter", "gauge", "histogram"), kind)
            families[name][0] = kind
        else:
            found = SAMPLE.fullmatch(line)
            tap.check(found, line)
            name, kind = found["name"], families[family][0]
            wanted = {family} if kind != "histogram" else {f"{family}_{part}" for part in ("bucket", "sum", "count")}
            tap.contains(wanted, name, line)
            labels = tuple(sorted(re.findall(r'([a-zA-Z_]\w*)="((?:\\.|[^"\\])*)"', found["labels"] or "")))
            tap.check(len({label for label, _ in labels}) == len(labels), line)
            tap.check((name, labels) not in families[family][1], f"twice: {line}")
            families[family][1][name, labels] = float(found["value"])
    return families


@tap.test
def the_figures_are_in_the_format_that_prometheus_reads(w):
    w.api.get(f"{V1}/devices/{w.spa.device()}")
    w.api.get(f"{V1}/devices/{UNKNOWN}")
    w.api.get(f"{V1}/no/such/{UNKNOWN}")
    reply = w.api.get("/metrics")
    tap.equal(reply.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
    tap.check(UNKNOWN not in reply.body.decode() and w.spa.device() not in reply.body.decode(), "an id is a label")
    templates = {row["path"] for row in json.loads(w.spa.server.run("routes").stdout)}
    buckets = 0
    for family, (kind, samples) in figures(reply.body.decode()).items():
        tap.check(re.match(r"(pediluve|http)_", family), family)
        tap.equal(family.endswith("_total"), kind == "counter", f"{family} is a {kind}")
        for (name, labels), value in samples.items():
            labels = dict(labels)
            tap.check(value >= 0, f"{name} {labels} {value}")
            if "route" in labels:
                tap.check(labels["route"] in templates or not labels["route"].startswith("/"), labels)
            if name == f"{family}_count":
                series = sorted((float(dict(each)["le"]), count) for (other, each), count in samples.items()
                                if other == f"{family}_bucket" and {k: v for k, v in each if k != "le"} == labels)
                tap.equal(series[-1], (float("inf"), value), f"{family} {labels}")
                tap.equal([count for _, count in series], sorted(count for _, count in series), f"{family} {labels}")
                tap.contains(samples, (f"{family}_sum", tuple(sorted(labels.items()))))
                buckets += len(series)
    tap.check(buckets > 10, buckets)


@tap.test
def the_pages_of_docs_need_nothing_from_elsewhere_and_keep_to_their_policy(w):
    nobody = w.api.as_token(None)
    page = nobody.get("/docs/")
    tap.equal(page.status, 200)
    policy = dict((part.split() + [""])[:1] + [part.split()[1:]] for part in page.headers["Content-Security-Policy"].split(";"))
    tap.equal(policy["default-src"], ["'none'"])
    tap.equal(policy["script-src"], ["'self'"])
    tap.equal(policy["connect-src"], ["'self'"])
    html = page.body.decode()
    for script in re.findall(r"<script\b([^>]*)>(.*?)</script>", html, re.S):
        tap.check("src=" in script[0] and not script[1].strip(), script)
    tap.check(not re.search(r"\son\w+\s*=", html), html)
    used = re.findall(r'(?:src|href)="([^"]+)"', html)
    tap.check(len(used) >= 5, used)
    for name in used:
        tap.check(not re.match(r"(\w+:)?//", name), name)
        where = "/docs/" + name.removeprefix("./") if not name.startswith("/") else name
        asset = nobody.get(where)
        tap.check(asset.status == 200 and asset.body, f"{where} -> {asset.status}")
        tap.equal(asset.headers["X-Content-Type-Options"], "nosniff")
        kinds = {"js": "javascript", "css": "text/css", "png": "image/png"}
        tap.contains(asset.headers["Content-Type"], kinds[name.rsplit(".", 1)[1]])
        if name.endswith(".css"):
            tap.check(not re.search(rb"url\(\s*['\"]?(https?:)?//|@import", asset.body), where)
    initializer = nobody.get("/docs/swagger-initializer.js").body.decode()
    tap.equal(re.findall(r"url: '([^']+)'", initializer), ["/openapi.yaml"])
    tap.check("http" not in initializer, initializer)


@tap.test
def a_problem_has_every_member_of_rfc_9457_and_no_cache_keeps_it(w):
    reply = w.api.get(f"{V1}/sites/{UNKNOWN}", headers={"X-Request-Id": "mine-1"})
    tap.equal(reply.headers["Content-Type"].split(";")[0], "application/problem+json")
    problem = reply.json
    tap.equal((problem["type"], problem["status"], problem["code"], problem["request_id"]),
              ("urn:pediluve:error:not_found", 404, "not_found", "mine-1"))
    tap.check(problem["title"] and isinstance(problem["title"], str), problem)


@tap.test
def json_is_compressed_too_and_only_for_who_wants_it(w):
    path = f"{V1}/routines/relax-10"
    for accepted, packed in (("gzip", True), ("br, gzip;q=0.5", True), ("*", None), ("gzip;q=0", False), ("identity", False),
                             ("", False)):
        reply = w.api.get(path, headers={"Accept-Encoding": accepted})
        tap.equal(reply.status, 200, reply)
        if packed is not None:
            tap.equal(reply.headers.get("Content-Encoding") == "gzip", packed, accepted)
        if reply.headers.get("Content-Encoding") == "gzip":
            tag = reply.headers["ETag"]
            tap.equal(w.api.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": tag}).status, 304)
            tap.equal(json.loads(gzip.decompress(reply.body)), w.api.get(path).json)


@tap.test
def a_server_whose_broker_is_gone_says_what_is_missing(w):
    w.spa.broker.stop()
    try:
        from world import until
        gone = until(lambda: (lambda reply: reply.status == 503 and reply.json)(w.api.get("/readyz")), 15, "readyz to notice")
        tap.equal(gone["missing"], ["broker"])
        tap.equal(w.api.get(f"{V1}/devices").status, 200)
    finally:
        w.spa.broker.start().wait_ready()
    until(lambda: w.api.get("/readyz").status == 200, 20, "the server to be ready again")


tap.main(world)
