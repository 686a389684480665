"""Who may: tokens, roles, the sites that a token covers, and the audit log of every change."""

import datetime

from world import V1, Client, key, ok, order, refused, routine, tap, until, uuid, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
OLDER = "pdl_" + "0" * 32 + "_" + "A" * 43


@tap.test
@tap.rows(None, "nonsense", OLDER, "pdl_", "pdl_" + "z" * 32 + "_" + "A" * 43)
def without_a_valid_token_there_is_401(w, token):
    for path in (f"{V1}/sites", f"{V1}/devices/{w.spa.device()}", f"{V1}/events", f"{V1}/nothing-public"):
        reply = w.as_token(token).get(path)
        if reply.status != 404:
            refused(reply, 401, "unauthenticated")
            tap.contains(reply.headers["WWW-Authenticate"], "Bearer")


@tap.test
def the_right_id_with_another_secret_is_401(w):
    token = w.api.token
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    refused(w.as_token(wrong).get(f"{V1}/sites"), 401, "unauthenticated")
    refused(w.as_token(token + "A").get(f"{V1}/sites"), 401, "unauthenticated")
    tap.equal(w.api.get(f"{V1}/sites").status, 200)


# (role, what it may do, what it may not)
MAY = {
    "viewer": {"read"},
    "operator": {"read", "operate"},
    "manager": {"read", "operate", "manage"},
    "owner": {"read", "operate", "manage", "administer"},
}


@tap.test
@tap.rows("viewer", "operator", "manager", "owner")
def each_role_may_what_the_document_says_and_nothing_more(w, role):
    client = w.as_role(role)
    for method, template, _, operation in w.contract.operations:
        permission = operation["x-permission"]
        if permission == "public" or template == f"{V1}/events":
            continue
        path = (template.replace("{id}", UNKNOWN).replace("{slug}", "nothing").replace("{version}", "7")
                .replace("{model}", "nothing"))
        body = {} if "requestBody" in operation else None
        reply = client.request(method.upper(), path, body)
        if permission in MAY[role]:
            tap.check(reply.status not in (401, 403), f"{operation['operationId']}: {reply!r}")
        else:
            refused(reply, 403, "forbidden")


@tap.test
def another_site_does_not_exist_for_a_token(w):
    mine, other = w.sites[:2]
    manager = w.as_role("manager", [mine])
    foreign = w.new_device(site=other)["id"]
    session = ok(w.api.post(f"{V1}/sessions", order(foreign)), 201)
    tap.equal([site["id"] for site in manager.pages(f"{V1}/sites")], [mine])
    tap.equal({device["site_id"] for device in manager.pages(f"{V1}/devices")}, {mine})
    for path in (f"sites/{other}", f"devices/{foreign}", f"devices/{foreign}/telemetry", f"devices/{foreign}/commands",
                 f"devices/{foreign}/cleanings", f"sessions/{session['id']}", f"commands/{session['command']['id']}",
                 f"events?site_id={other}"):
        refused(manager.get(f"{V1}/{path}"), 404, "not_found")
    for path in ("sessions", "commands", "cleanings", "audit"):
        tap.check(other not in {item["site_id"] for item in manager.pages(f"{V1}/{path}")}, path)
        tap.equal(ok(manager.get(f"{V1}/{path}", params={"site_id": other}))["items"], [])
    refused(manager.post(f"{V1}/sessions", order(foreign)), 404, "not_found", "/device_id")
    refused(manager.post(f"{V1}/sessions/{session['id']}/stop"), 404, "not_found")
    refused(manager.post(f"{V1}/devices/{foreign}/cleanings"), 404, "not_found")
    refused(manager.post(f"{V1}/devices/{foreign}/credentials"), 404, "not_found")
    refused(manager.patch(f"{V1}/devices/{foreign}", {"name": "Mine"}, headers={"If-Match": "*"}), 404, "not_found")
    refused(manager.post(f"{V1}/devices", {"site_id": other, "model": "spa-pro", "name": "x"}), 404, "not_found", "/site_id")
    own = w.new_device(site=mine)
    refused(manager.patch(f"{V1}/devices/{own['id']}", {"site_id": other}, headers={"If-Match": "*"}), 404, "not_found")
    ok(w.api.post(f"{V1}/sessions/{session['id']}/stop"), 202)


@tap.test
def a_routine_of_one_site_is_not_run_at_another(w):
    mine, other = w.sites[:2]
    slug = w.new_routine(None, site=mine)
    here, there = w.new_device(site=mine)["id"], w.new_device(site=other)["id"]
    refused(w.api.post(f"{V1}/sessions", order(there, slug)), 404, "not_found", "/routine")
    refused(w.as_role("viewer", [other]).get(f"{V1}/routines/{slug}"), 404, "not_found")
    ok(w.api.post(f"{V1}/sessions", order(here, slug)), 201)
    manager = w.as_role("manager", [other])
    refused(manager.post(f"{V1}/routines", routine(f"all-{uuid.uuid4().hex[:8]}")), 403, "forbidden")
    refused(manager.post(f"{V1}/routines", routine(slug), params={"site_id": other}), 409, "conflict", "/slug")


@tap.test
def a_token_is_made_shown_once_used_and_revoked(w):
    made = ok(w.api.post(f"{V1}/tokens", {"name": "Reception", "role": "operator", "site_ids": [w.sites[0]]}), 201)
    holder = w.as_token(made["token"])
    tap.equal([site["id"] for site in holder.pages(f"{V1}/sites")], [w.sites[0]])
    listed = [token for token in w.api.pages(f"{V1}/tokens") if token["id"] == made["id"]]
    tap.equal(len(listed), 1)
    tap.check("token" not in listed[0], listed)
    tap.equal(w.api.delete(f"{V1}/tokens/{made['id']}").status, 204)
    refused(holder.get(f"{V1}/sites"), 401, "unauthenticated")
    tap.equal(w.api.delete(f"{V1}/tokens/{made['id']}").status, 204)


@tap.test
def only_a_hash_of_the_secret_is_in_the_database(w):
    name = key()
    made = ok(w.api.post(f"{V1}/tokens", {"name": "Hash", "role": "viewer", "all_sites": True}, headers=name), 201)
    again = w.api.post(f"{V1}/tokens", {"name": "Hash", "role": "viewer", "all_sites": True}, headers=name)
    tap.equal(ok(again, 201), made)
    secret = made["token"].rsplit("_", 1)[1]
    for table in ("api_token", "idempotency_key", "audit_log"):
        for row in w.spa.sql(f"SELECT t::text AS all_of_it FROM {table} t"):
            tap.check(secret not in row["all_of_it"] and secret.encode().hex() not in row["all_of_it"], table)


@tap.test
def a_token_that_has_expired_is_refused(w):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    made = ok(w.api.post(f"{V1}/tokens", {"name": "Short", "role": "viewer", "all_sites": True,
                                          "expires_at": soon.isoformat(timespec="milliseconds").replace("+00:00", "Z")}), 201)
    holder = w.as_token(made["token"])
    tap.equal(holder.get(f"{V1}/sites").status, 200)
    until(lambda: holder.get(f"{V1}/sites").status == 401, 10, "the token to expire")


@tap.test
@tap.rows(({"all_sites": False}, "/site_ids"), ({"all_sites": True, "site_ids": [UNKNOWN]}, "/site_ids"),
          ({"site_ids": [UNKNOWN]}, "/site_ids"), ({"all_sites": True, "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"))
def a_token_that_makes_no_sense_is_422(w, more, pointer):
    refused(w.api.post(f"{V1}/tokens", {"name": "x", "role": "viewer", **more}), 422, "unprocessable", pointer)


@tap.test
def an_owner_of_some_sites_cannot_give_more_than_it_has(w):
    owner = w.as_role("owner", [w.sites[0]])
    refused(owner.post(f"{V1}/tokens", {"name": "x", "role": "viewer", "all_sites": True}), 403, "forbidden")
    refused(owner.post(f"{V1}/tokens", {"name": "x", "role": "viewer", "site_ids": [w.sites[1]]}), 403, "forbidden")
    refused(owner.post(f"{V1}/sites", {"name": f"S {uuid.uuid4()}"}), 403, "forbidden")
    ok(owner.post(f"{V1}/tokens", {"name": "x", "role": "viewer", "site_ids": [w.sites[0]]}), 201)


@tap.test
def tokens_that_nobody_knows_are_bounded_in_number(w):
    stranger, met = Client(w.api.url, observer=w.contract.observe), set()
    for number in range(400):
        stranger.token = "pdl_" + f"{number:032x}" + "_" + "A" * 43
        met.add(stranger.get(f"{V1}/sites").code)
        if "too_many_requests" in met:
            break
    tap.equal(met, {"unauthenticated", "too_many_requests"})
    tap.equal(w.api.get(f"{V1}/sites").status, 200)


@tap.test
def every_change_is_in_the_audit_log_with_who_what_when_and_request_id(w):
    site = w.api.post(f"{V1}/sites", {"name": f"Audit {uuid.uuid4()}"})
    here = ok(site, 201)["id"]
    device = w.api.post(f"{V1}/devices", {"site_id": here, "model": "spa-pro", "name": "Audited"})
    device_id = ok(device, 201)["id"]
    replies = {
        ("site.create", here): site,
        ("device.create", device_id): device,
        ("site.update", here): w.api.patch(f"{V1}/sites/{here}", {"timezone": "Europe/Paris"}, headers={"If-Match": "*"}),
        ("device.update", device_id): w.api.patch(f"{V1}/devices/{device_id}", {"name": "New"}, headers={"If-Match": "*"}),
    }
    cleaning = w.api.post(f"{V1}/devices/{device_id}/cleanings")
    replies["cleaning.create", ok(cleaning, 201)["id"]] = cleaning
    session = w.api.post(f"{V1}/sessions", order(device_id))
    session_id = ok(session, 201)["id"]
    replies["session.create", session_id] = session
    token = w.api.post(f"{V1}/tokens", {"name": "Audited", "role": "viewer", "site_ids": [here]})
    replies["token.create", ok(token, 201)["id"]] = token
    replies["token.revoke", token.json["id"]] = w.api.delete(f"{V1}/tokens/{token.json['id']}")
    entries = list(w.api.pages(f"{V1}/audit", {"limit": 200}))
    for (action, subject), reply in replies.items():
        tap.check(reply.status < 300, reply)
        found = [entry for entry in entries if entry["subject_id"] == subject and entry["action"] == action]
        tap.equal(len(found), 1, f"{action} {subject}\n{[e['action'] for e in entries]}")
        tap.equal(found[0]["request_id"], reply.headers["X-Request-Id"], found)
        tap.equal(found[0]["actor"], "owner", found)
    only = list(w.api.pages(f"{V1}/audit", {"subject_type": "device", "subject_id": device_id, "action": "device.update"}))
    tap.equal([entry["action"] for entry in only], ["device.update"])
    stop = w.api.post(f"{V1}/sessions/{session_id}/stop")
    ok(stop, 202)
    found = [e for e in w.api.pages(f"{V1}/audit") if e["request_id"] == stop.headers["X-Request-Id"]]
    tap.equal(len(found), 1, found)


tap.main(world)
