"""The session of a browser: what guards its cookie, how it ends, and what a proxy in front changes."""
# suite: waits

from browser import PASSWORD, Browser, audited, behind, link, new_user, signed_in
from world import V1, Client, key, ok, refused, tap, until, uuid, world


# ---- what guards the cookie ----

@tap.test
def a_change_by_cookie_needs_an_own_origin_and_the_csrf_token(w):
    browser = signed_in(w, "owner")
    host = browser.client.host.netloc
    for origin, site, csrf, passes in (
            (f"http://{host}", None, "own", True),
            (f"http://{host.upper()}", None, "own", True),
            (None, "same-origin", "own", True),
            (f"http://{host}", "same-origin", "own", True),
            (f"http://{host}", None, None, False),
            (f"http://{host}", None, "", False),
            (f"http://{host}", None, "A" * 43, False),
            (f"http://{host}", None, "other", False),
            (None, None, "own", False),
            (None, "cross-site", "own", False),
            (None, "same-site", "own", False),
            (None, "none", "own", False),
            ("null", "same-origin", "own", False),
            ("", None, "own", False),
            (host, None, "own", False),
            (f"ftp://{host}", None, "own", False),
            (f"http://{host}.evil.example", None, "own", False),
            (f"http://evil.example/{host}", None, "own", False),
            (f"http://{browser.client.host.hostname}", None, "own", False),
            ("http://evil.example", "same-origin", "own", False)):
        other = "A" * 42 + "B"
        sent = {"own": browser.csrf, "other": other}.get(csrf, csrf)
        for method, path, body in (("POST", "/sites", {"name": f"S {uuid.uuid4()}"}), ("PATCH", "/me", {"language": "en"})):
            reply = browser.send(method, path, body, headers={"Origin": origin, "Sec-Fetch-Site": site, "X-CSRF-Token": sent})
            where = f"{method} origin={origin} site={site} csrf={csrf}: {reply!r}"
            if passes:
                tap.check(reply.status < 300, where)
            else:
                tap.equal((reply.status, reply.code), (403, "cross_site_refused"), where)
                tap.check("detail" in reply.json, where)


@tap.test
def another_sessions_csrf_token_is_not_mine(w):
    one, other = signed_in(w), signed_in(w)
    refused(one.send("PATCH", "/me", {"language": "en"}, headers={"X-CSRF-Token": other.csrf}), 403, "cross_site_refused")
    tap.check(one.csrf != other.csrf, one.csrf)


@tap.test
def reading_by_cookie_and_anything_by_a_bearer_token_needs_neither(w):
    browser = signed_in(w)
    ok(browser.send("GET", "/devices", headers={"Origin": "http://evil.example"}))
    tap.equal(browser.send("HEAD", "/devices").status, 200)
    ok(w.api.post(f"{V1}/sites", {"name": f"S {uuid.uuid4()}"}, headers={"Origin": "http://evil.example"}), 201)
    with_both = {"Cookie": browser.cookie, "Origin": "http://evil.example"}
    ok(w.api.post(f"{V1}/sites", {"name": f"S {uuid.uuid4()}"}, headers=with_both), 201)  # the header counts
    refused(w.api.as_token("nonsense").get(f"{V1}/me", headers={"Cookie": browser.cookie}), 401, "unauthenticated")


@tap.test
@tap.rows("pediluve=", "pediluve=nonsense", "other=1", "__Host-pediluve=x", "pediluve=pdl_" + "0" * 32 + "_" + "A" * 43, "; ;=;pediluve")
def a_cookie_that_is_none_of_ours_is_401(w, cookie):
    browser = Browser(w)
    refused(browser.send("GET", "/me", headers={"Cookie": cookie}), 401, "unauthenticated")
    refused(browser.send("POST", "/sign-out", headers={"Cookie": cookie}), 401, "unauthenticated")


@tap.test
def another_site_cannot_sign_anybody_in(w):
    _, login = new_user(w)
    browser = Browser(w)
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": None, "Sec-Fetch-Site": "cross-site"}):
        refused(browser.send("POST", "/sign-in", {"login": login, "password": PASSWORD}, headers=headers), 403, "cross_site_refused")
    ok(browser.send("POST", "/sign-in", {"login": login, "password": PASSWORD}, headers={"Origin": None}))  # a program


@tap.test
def events_come_by_the_cookie_and_end_with_the_session(w):
    browser = signed_in(w)
    with browser.client.events(headers={"Cookie": browser.cookie}) as stream:
        tap.equal(stream.status, 200)
        device = w.new_device()
        stream.until(lambda event: event["event"] == "device" and device["id"] in event["data"])
        tap.equal(browser.send("POST", "/sign-out").status, 204)
        try:
            stream.until(lambda event: False)
        except EOFError:
            return
    raise AssertionError("the stream went on")


# ---- how a session ends ----

@tap.test
def who_signed_out_is_out_and_the_cookie_is_taken_away(w):
    browser, other = signed_in(w), None
    other = Browser(w)
    ok(other.sign_in(login=browser.login, password=PASSWORD))
    reply = browser.send("POST", "/sign-out")
    tap.equal(reply.status, 204)
    tap.contains(reply.headers["Set-Cookie"], "pediluve=; Path=/; Max-Age=0")
    refused(browser.send("GET", "/me"), 401, "unauthenticated")
    ok(other.send("GET", "/me"))
    tap.equal(len(audited(w, "sign_out", browser.user["id"])), 1)


@tap.test
@tap.rows(("seen_at", "12 hours 1 minute"), ("expires_at", "1 second"))
def a_session_ends_when_it_is_idle_or_old(w, column, ago):
    browser = signed_in(w)
    ok(browser.send("GET", "/me"))
    w.spa.sql(f"UPDATE api_token SET {column} = now() - interval '{ago}' WHERE user_id = '{browser.user['id']}'")
    until(lambda: browser.send("GET", "/me").status == 401, 15, "the session to end")


@tap.test
def a_session_that_is_used_does_not_become_idle(w):
    browser = signed_in(w)
    mine = f"user_id = '{browser.user['id']}'"
    w.spa.sql(f"UPDATE api_token SET seen_at = now() - interval '11 hours' WHERE {mine}")

    def seen():
        ok(browser.send("GET", "/me"))
        return not w.spa.sql(f"SELECT 1 AS old FROM api_token WHERE {mine} AND seen_at < now() - interval '1 hour'"
                             f" AND id = (SELECT max(id::text)::uuid FROM api_token WHERE {mine})")
    until(seen, 15, "the session to be marked as used")


@tap.test
def a_disabled_user_is_out_at_once_and_what_a_role_may_changes_at_once(w):
    browser = signed_in(w, "manager")
    ok(browser.send("GET", "/audit"))
    where, any_version = f"{V1}/users/{browser.user['id']}", {"If-Match": "*"}
    ok(w.api.patch(where, {"role": "viewer"}, headers=any_version))
    refused(browser.send("GET", "/audit"), 403, "forbidden")
    ok(w.api.patch(where, {"all_sites": False, "site_ids": [w.sites[0]]}, headers=any_version))
    tap.equal([site["id"] for site in ok(browser.send("GET", "/sites"))["items"]], [w.sites[0]])
    ok(w.api.patch(where, {"state": "disabled"}, headers=any_version))
    refused(browser.send("GET", "/me"), 401, "unauthenticated")
    ok(w.api.patch(where, {"state": "active"}, headers=any_version))
    refused(browser.send("GET", "/me"), 401, "unauthenticated")  # and has to sign in again


@tap.test
def a_user_has_so_many_sessions_and_the_one_used_longest_ago_gives_way(w):
    browser = signed_in(w)
    w.spa.sql(f"UPDATE api_token SET seen_at = now() - interval '1 hour' WHERE user_id = '{browser.user['id']}'")
    for _ in range(20):
        ok(Browser(w).sign_in(code=link(w, browser.user["id"])))
    kept = w.spa.sql(f"SELECT count(*) AS n FROM api_token WHERE user_id = '{browser.user['id']}'")[0]["n"]
    tap.equal(int(kept), 20)
    until(lambda: browser.send("GET", "/me").status == 401, 15, "the oldest session to end")


@tap.test
def sessions_of_browsers_are_not_among_the_tokens(w):
    browser = signed_in(w)
    mine = w.spa.sql(f"SELECT id::text FROM api_token WHERE user_id = '{browser.user['id']}'")
    listed = {token["id"] for token in w.api.pages(f"{V1}/tokens")}
    for row in mine:
        tap.check(row["id"] not in listed, row)
        refused(w.api.delete(f"{V1}/tokens/{row['id']}"), 404, "not_found")


@tap.test
def what_people_do_is_theirs_in_the_audit_log_and_keys_are_their_sessions(w):
    browser, other = signed_in(w, "owner"), signed_in(w, "owner")
    named = key()
    made = browser.send("POST", "/sites", {"name": f"S {uuid.uuid4()}"}, headers=named)
    ok(made, 201)
    again = browser.send("POST", "/sites", {"name": made.json["name"]}, headers=named)
    tap.equal((ok(again, 201), again.headers["Idempotency-Replayed"]), (made.json, "true"))
    refused(other.send("POST", "/sites", {"name": made.json["name"]}, headers=named), 409, "conflict")
    found = audited(w, "site.create", made.json["id"])
    tap.equal([(entry["actor_id"], entry["actor"]) for entry in found], [(browser.user["id"], browser.user["name"])])


# ---- behind a proxy ----

@tap.test
def behind_a_proxy_with_https_the_cookie_is_secure_and_the_addresses_are_the_clients(w):
    _, login = new_user(w)
    server = behind(w, PROXIES="10.0.0.1, 127.0.0.1")
    browser = Browser(w, server.url)
    browser.origin = f"https://{browser.client.host.netloc}"
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4, 2001:db8:1:2:3:4:5:6"}
    reply = browser.send("POST", "/sign-in", {"login": login, "password": PASSWORD}, headers=forwarded)
    ok(reply)
    tap.check(reply.headers["Set-Cookie"].startswith("__Host-pediluve=pdl_"), reply.headers["Set-Cookie"])
    tap.contains(reply.headers["Set-Cookie"], "; Secure")
    browser.cookie, browser.csrf = reply.headers["Set-Cookie"].split(";")[0], reply.json["csrf"]
    ok(browser.send("PATCH", "/me", {"language": "es"}, headers=forwarded))
    refused(browser.send("PATCH", "/me", {"language": "es"}, headers={**forwarded, "Origin": server.url}), 403, "cross_site_refused")
    for told, address in (("1.2.3.4, 2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("::1, 5.6.7.8", "5.6.7.8"),
                          ("5.6.7.8:4711", "127.0.0.1"), ("unknown", "127.0.0.1"), ("5.6.7.8,", "127.0.0.1"), ("", "127.0.0.1")):
        forwarded["X-Forwarded-For"] = told
        ok(browser.send("POST", "/sign-in", {"login": login, "password": PASSWORD}, headers=forwarded))
        found = audited(w, "sign_in", reply.json["id"])
        tap.equal(found[0]["detail"]["address"], address, told)
    server.stop()


@tap.test
def who_is_no_proxy_is_not_believed(w):
    _, login = new_user(w)
    browser = Browser(w)
    reply = browser.send("POST", "/sign-in", {"login": login, "password": PASSWORD},
                         headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"})
    ok(reply)
    tap.check(reply.headers["Set-Cookie"].startswith("pediluve=pdl_"), reply.headers["Set-Cookie"])
    tap.equal(audited(w, "sign_in", reply.json["id"])[0]["detail"]["address"], "127.0.0.1")


@tap.test
def a_public_url_is_an_own_origin_and_what_links_begin_with(w):
    made, login = new_user(w)
    server = behind(w, PUBLIC_URL="https://spa.example/")
    client = w.observed(Client(server.url, w.api.token))
    tap.check(ok(client.post(f"{V1}/users/{made['id']}/sign-in-link"), 201)["url"].startswith("https://spa.example/#/sign-in?code="), made)
    browser = Browser(w, server.url)
    browser.origin = "https://spa.example"
    reply = browser.sign_in(login=login, password=PASSWORD)
    ok(reply)
    tap.check(browser.cookie.startswith("__Host-pediluve="), browser.cookie)
    ok(browser.send("PATCH", "/me", {"language": "en"}))
    refused(browser.send("PATCH", "/me", {"language": "en"}, headers={"Origin": "https://other.example"}), 403, "cross_site_refused")
    server.stop()


@tap.test
@tap.rows(("true", "", True), ("false", "https://spa.example", False), ("auto", "https://spa.example", True), ("auto", "http://spa.example", False))
def whether_the_cookie_is_for_https_only_can_be_set(w, setting, url, secure):
    _, login = new_user(w)
    server = behind(w, COOKIE_SECURE=setting, PUBLIC_URL=url)
    browser = Browser(w, server.url)
    ok(browser.sign_in(login=login, password=PASSWORD))
    tap.equal(browser.cookie.startswith("__Host-pediluve="), secure, browser.cookie)
    ok(browser.send("GET", "/me"))
    server.stop()


@tap.test
@tap.rows(("PUBLIC_URL", "spa.example"), ("PUBLIC_URL", "https://spa.example/path"), ("PUBLIC_URL", "https://"), ("COOKIE_SECURE", "maybe"))
def a_setting_that_cannot_be_is_named_at_the_start(w, name, value):
    done = w.spa.server.__class__(w.spa.state / "log/bad.log", w.spa.database_url, w.spa.broker, env={f"PEDILUVE_{name}": value}).run(
        "serve", check=False)
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, f"PEDILUVE_{name} must be")


tap.main(world)
