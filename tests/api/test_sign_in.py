"""People: signing in and out, the cookie and what guards it, delays after failures, and the users that owners manage."""

import threading

from world import V1, Client, key, ok, refused, tap, until, uuid, world

PASSWORD = "warm feet at seven"


class Browser:
    """A browser as far as this matters: it keeps the cookie, and says of every request which page sent it."""

    def __init__(self, w, url=None):
        self.w, self.cookie, self.csrf = w, None, None
        self.client = Client(url or w.api.url, observer=w.contract.observe)
        self.origin = self.client.url

    def headers(self, method, more):
        given = {"Cookie": self.cookie}
        if method not in ("GET", "HEAD"):
            given.update({"Origin": self.origin, "X-CSRF-Token": self.csrf})
        return {**given, **(more or {})}

    def send(self, method, path, body=None, *, headers=None, **more):
        return self.client.request(method, f"{V1}{path}", body, headers=self.headers(method, headers), **more)

    def sign_in(self, **body):
        reply = self.send("POST", "/sign-in", body)
        if reply.status == 200:
            self.cookie, self.csrf = reply.headers["Set-Cookie"].split(";")[0], reply.json["csrf"]
        return reply


def forget_tries(w):
    w.spa.sql("DELETE FROM sign_in_try")


def new_user(w, role="operator", **more):
    """(representation, login) of somebody with PASSWORD."""
    forget_tries(w)
    login = f"u{uuid.uuid4().hex[:10]}"
    sites = {} if "site_ids" in more else {"all_sites": True}
    made = ok(w.api.post(f"{V1}/users", {"login": login, "name": f"Name of {login}", "role": role, **sites, **more}), 201)
    code = link(w, made["id"])
    ok(Browser(w).sign_in(code=code, password=PASSWORD))
    return made, login


def link(w, user_id):
    return ok(w.api.post(f"{V1}/users/{user_id}/sign-in-link"), 201)["code"]


def signed_in(w, role="operator", **more):
    made, login = new_user(w, role, **more)
    browser = Browser(w)
    ok(browser.sign_in(login=login, password=PASSWORD))
    browser.user, browser.login = made, login
    return browser


def audited(w, action, subject):
    return [entry for entry in w.api.pages(f"{V1}/audit", {"action": action, "subject_id": subject})]


# ---- signing in ----

@tap.test
def who_signs_in_gets_a_cookie_that_scripts_and_other_sites_never_see(w):
    _, login = new_user(w)
    reply = Browser(w).sign_in(login=login, password=PASSWORD)
    ok(reply)
    name, *attributes = reply.headers["Set-Cookie"].split("; ")
    tap.check(name.startswith("pediluve=pdl_"), name)
    tap.equal(set(attributes), {"Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=604800"})
    tap.equal(reply.headers["Cache-Control"], "no-store")


@tap.test
@tap.rows("viewer", "operator", "manager", "owner")
def me_says_who_it_is_and_what_they_may(w, role):
    site = w.sites[0]
    browser = signed_in(w, role, site_ids=[site])
    me = ok(browser.send("GET", "/me"))
    may = ["read", "operate", "manage", "administer"][:["viewer", "operator", "manager", "owner"].index(role) + 1]
    wanted = {"kind": "user", "id": browser.user["id"], "login": browser.login, "name": browser.user["name"], "role": role,
              "all_sites": False, "site_ids": [site], "permissions": may, "language": None, "has_password": True, "csrf": browser.csrf}
    tap.equal(me, wanted)
    tap.equal([each["id"] for each in ok(browser.send("GET", "/sites"))["items"]], [site])


@tap.test
def me_of_a_token_says_so(w):
    me = ok(w.as_role("viewer").get(f"{V1}/me"))
    tap.equal((me["kind"], me["role"], me["permissions"], me["csrf"], me["login"]), ("token", "viewer", ["read"], None, None))
    refused(w.api.post(f"{V1}/sign-out"), 422, "unprocessable")
    refused(w.api.patch(f"{V1}/me", {"language": "de"}), 422, "unprocessable")


@tap.test
def an_unknown_login_and_a_wrong_password_and_a_disabled_user_are_answered_alike(w):
    made, login = new_user(w)
    gone, disabled = new_user(w)
    ok(w.api.patch(f"{V1}/users/{gone['id']}", {"state": "disabled"}, headers={"If-Match": "*"}))
    never, _ = new_user(w)
    w.spa.sql(f"UPDATE app_user SET password_hash = NULL WHERE id = '{never['id']}'")
    replies = [Browser(w).sign_in(login=who, password=password) for who, password in (
        (login, "not it at all"), ("nobody-at-all", PASSWORD), (disabled, PASSWORD), (never["login"], PASSWORD), ("no one!", PASSWORD))]
    for reply in replies:
        refused(reply, 401, "unauthenticated")
        tap.equal(reply.json["detail"], replies[0].json["detail"])
        tap.equal(reply.headers["Set-Cookie"], None)
    found = audited(w, "sign_in.refused", made["id"])
    tap.equal(len(found), 1, found)
    tap.equal(found[0]["detail"], {"address": "127.0.0.1"})
    tap.check(audited(w, "sign_in.refused", "-"), "none for an unknown login")


@tap.test
def a_login_is_the_same_in_capital_letters(w):
    _, login = new_user(w)
    ok(Browser(w).sign_in(login=login.upper(), password=PASSWORD))


@tap.test
@tap.rows(({}, "/login"), ({"login": "anna"}, "/password"), ({"password": PASSWORD}, "/login"),
          ({"login": "anna", "password": PASSWORD, "code": "x" * 43}, "/password"), ({"code": "x" * 43, "password": "short"}, "/password"))
def what_is_neither_a_password_nor_a_link_is_422(w, body, pointer):
    refused(Browser(w).sign_in(**body), 422, "unprocessable", pointer)


@tap.test
def passwords_links_and_sessions_are_in_the_database_as_hashes_only(w):
    browser = signed_in(w)
    code = link(w, browser.user["id"])
    secret = browser.cookie.rsplit("_", 1)[0][-8:], browser.cookie.split("=")[1].split("_", 2)[2]
    for table in ("app_user", "api_token", "audit_log", "sign_in_try", "idempotency_key"):
        for row in w.spa.sql(f"SELECT t::text AS whole FROM {table} t"):
            for each in (PASSWORD, code, secret[1]):
                tap.check(each not in row["whole"] and each.encode().hex() not in row["whole"], table)
    kept = w.spa.sql(f"SELECT password_hash AS hash FROM app_user WHERE id = '{browser.user['id']}'")[0]["hash"]
    tap.check(kept.startswith("$argon2id$v=19$m=65536,t=2,p=1$"), kept)


# ---- links ----

@tap.test
def a_link_signs_in_once_and_sets_a_password(w):
    made = ok(w.api.post(f"{V1}/users", {"login": f"l{uuid.uuid4().hex[:8]}", "name": "L", "role": "viewer", "all_sites": True}), 201)
    tap.equal((made["has_password"], made["link_until"], made["signed_in_at"]), (False, None, None))
    given = ok(w.api.post(f"{V1}/users/{made['id']}/sign-in-link"), 201)
    tap.equal(given["url"], f"{w.api.url}/#/sign-in?code={given['code']}")
    browser = Browser(w)
    tap.equal(ok(browser.sign_in(code=given["code"], password=PASSWORD))["has_password"], True)
    refused(Browser(w).sign_in(code=given["code"]), 401, "unauthenticated")
    ok(Browser(w).sign_in(login=made["login"], password=PASSWORD))
    shown = ok(w.api.get(f"{V1}/users/{made['id']}"))
    tap.equal((shown["has_password"], shown["link_until"]), (True, None))
    tap.check(shown["signed_in_at"], shown)


@tap.test
def a_link_that_is_old_replaced_or_of_a_disabled_user_no_longer_works(w):
    made, _ = new_user(w)
    first, second = link(w, made["id"]), link(w, made["id"])
    refused(Browser(w).sign_in(code=first), 401, "unauthenticated")
    w.spa.sql(f"UPDATE app_user SET code_until = now() - interval '1 second' WHERE id = '{made['id']}'")
    refused(Browser(w).sign_in(code=second), 401, "unauthenticated")
    third = link(w, made["id"])
    ok(w.api.patch(f"{V1}/users/{made['id']}", {"state": "disabled"}, headers={"If-Match": "*"}))
    refused(Browser(w).sign_in(code=third), 401, "unauthenticated")
    refused(w.api.post(f"{V1}/users/{made['id']}/sign-in-link"), 409, "conflict")


@tap.test
def a_link_without_a_password_leaves_the_old_one_and_the_other_sessions(w):
    browser = signed_in(w)
    ok(Browser(w).sign_in(code=link(w, browser.user["id"])))
    ok(browser.send("GET", "/me"))
    ok(Browser(w).sign_in(login=browser.login, password=PASSWORD))
    ok(Browser(w).sign_in(code=link(w, browser.user["id"]), password="another one, longer"))
    refused(browser.send("GET", "/me"), 401, "unauthenticated")


@tap.test
def of_many_who_use_a_link_at_once_one_gets_in(w):
    made, _ = new_user(w)
    code, replies = link(w, made["id"]), []
    threads = [threading.Thread(target=lambda: replies.append(Browser(w).sign_in(code=code))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(reply.status for reply in replies), [200, 401, 401, 401, 401, 401])


@tap.test
def the_command_line_makes_the_first_owner_and_a_link(w):
    login = f"cli{uuid.uuid4().hex[:8]}"
    made = w.spa.server.run("user", "create", "--login", login.upper(), "--name", "Cli", "--role", "owner", "--link").stdout.strip()
    tap.check(made.startswith(f"{w.api.url}/#/sign-in?code="), made)
    browser = Browser(w)
    tap.equal(ok(browser.sign_in(code=made.split("code=")[1]))["role"], "owner")
    again = w.spa.server.run("user", "link", "--login", login).stdout.strip()
    ok(Browser(w).sign_in(code=again.split("code=")[1]))
    for words in (("create", "--login", login, "--name", "Cli", "--role", "owner"), ("create", "--login", "no good", "--name", "x", "--role", "owner"),
                  ("create", "--login", "fine", "--role", "owner"), ("create", "--login", "fine", "--name", "x", "--role", "boss"),
                  ("create", "--login", "fine", "--name", "x", "--role", "owner", "--site", str(uuid.uuid4())), ("link", "--login", "nobody-here")):
        tap.equal(w.spa.server.run("user", *words, check=False).returncode, 1, words)
    tap.equal(w.spa.server.run("user", check=False).returncode, 2)


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


# ---- delays ----

def wrong(w, login, n=1):
    return [Browser(w).sign_in(login=login, password="wrong again") for _ in range(n)]


def age(w, seconds):
    """All tries were made so much longer ago."""
    w.spa.sql(f"UPDATE sign_in_try SET at = at - interval '{seconds} s', blocked_until = blocked_until - interval '{seconds} s'")


@tap.test
@tap.rows("somebody", "nobody")
def after_five_failures_each_try_waits_twice_as_long(w, who):
    login = new_user(w)[1] if who == "somebody" else f"n{uuid.uuid4().hex[:8]}"
    for reply in wrong(w, login, 5):
        refused(reply, 401, "unauthenticated")
    for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        held = wrong(w, login)[0]
        refused(held, 429, "too_many_requests")
        tap.check(max(1, wait - 3) <= int(held.headers["Retry-After"]) <= wait, f"{wait}: {held.headers['Retry-After']}")
        w.spa.sql("UPDATE sign_in_try SET blocked_until = now() WHERE key LIKE 'l:%'")
        refused(wrong(w, login)[0], 401, "unauthenticated")
        w.spa.sql("DELETE FROM sign_in_try WHERE key LIKE 'a:%'")


@tap.test
def the_right_password_waits_too_and_then_clears_the_failures(w):
    _, login = new_user(w)
    wrong(w, login, 5)
    refused(Browser(w).sign_in(login=login, password=PASSWORD), 429, "too_many_requests")
    until(lambda: Browser(w).sign_in(login=login, password=PASSWORD).status == 200, 10, "the delay to be over")
    for reply in wrong(w, login, 4):
        refused(reply, 401, "unauthenticated")
    ok(Browser(w).sign_in(login=login, password=PASSWORD))


@tap.test
def failures_are_forgotten_one_in_ten_minutes(w):
    _, login = new_user(w)
    wrong(w, login, 5)
    age(w, 1801)
    for reply in wrong(w, login, 3):
        refused(reply, 401, "unauthenticated")
    refused(wrong(w, login)[0], 429, "too_many_requests")


@tap.test
def an_address_has_twenty_and_a_link_gets_in_past_a_login_that_waits(w):
    made, login = new_user(w)
    wrong(w, login, 5)
    ok(Browser(w).sign_in(code=link(w, made["id"])))
    forget_tries(w)
    seen = [wrong(w, f"n{number}-{uuid.uuid4().hex[:6]}")[0].status for number in range(21)]
    tap.equal(seen, [401] * 20 + [429])
    refused(Browser(w).sign_in(code=link(w, made["id"])), 429, "too_many_requests")
    forget_tries(w)


@tap.test(deadline_s=120)
def delays_outlive_a_restart(w):
    _, login = new_user(w)
    wrong(w, login, 5)
    w.spa.sql("UPDATE sign_in_try SET blocked_until = now() + interval '100 s' WHERE key LIKE 'l:%'")
    w.spa.server.restart().wait_ready()
    refused(wrong(w, login)[0], 429, "too_many_requests")
    forget_tries(w)


@tap.test
def tries_at_once_are_no_way_around_the_delay(w):
    _, login = new_user(w)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(wrong(w, login)[0])) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.check(sum(reply.status == 401 for reply in replies) <= 6, [reply.status for reply in replies])
    tap.equal({reply.code for reply in replies} - {"unauthenticated"}, {"too_many_requests"})
    forget_tries(w)


@tap.test
def tries_are_kept_in_bounded_number(w):
    _, login = new_user(w)
    w.spa.sql("INSERT INTO sign_in_try SELECT 'l:' || n, 1, now() - n * interval '1 s', now() FROM generate_series(1, 10500) n")
    wrong(w, login)
    tap.check(int(w.spa.sql("SELECT count(*) AS n FROM sign_in_try")[0]["n"]) <= 10002, "more than the limit")
    forget_tries(w)


# ---- what people change of themselves ----

@tap.test
def people_choose_their_language_and_password(w):
    browser = signed_in(w)
    other = Browser(w)
    ok(other.sign_in(login=browser.login, password=PASSWORD))
    tap.equal(ok(browser.send("PATCH", "/me", {"language": "zh"}))["language"], "zh")
    refused(browser.send("PATCH", "/me", {"language": "fr"}), 400, "invalid_body", "/language")
    refused(browser.send("PATCH", "/me", {"password": "too short"}), 400, "invalid_body", "/password")
    for old in ({}, {"old_password": "not it at all"}):
        refused(browser.send("PATCH", "/me", {"password": "a new one, long", **old}), 422, "unprocessable", "/old_password")
    ok(browser.send("PATCH", "/me", {"password": "a new one, long", "old_password": PASSWORD}))
    ok(browser.send("GET", "/me"))
    refused(other.send("GET", "/me"), 401, "unauthenticated")
    refused(Browser(w).sign_in(login=browser.login, password=PASSWORD), 401, "unauthenticated")
    ok(Browser(w).sign_in(login=browser.login, password="a new one, long"))


@tap.test
def who_came_by_link_sets_a_first_password_without_an_old_one(w):
    made = ok(w.api.post(f"{V1}/users", {"login": f"f{uuid.uuid4().hex[:8]}", "name": "F", "role": "viewer", "all_sites": True}), 201)
    browser = Browser(w)
    ok(browser.sign_in(code=link(w, made["id"])))
    ok(browser.send("PATCH", "/me", {"password": PASSWORD}))
    refused(browser.send("PATCH", "/me", {"password": PASSWORD}), 422, "unprocessable", "/old_password")


# ---- users ----

@tap.test
def an_owner_makes_changes_and_lists_users(w):
    login = f"m{uuid.uuid4().hex[:8]}"
    reply = w.api.post(f"{V1}/users", {"login": login.upper(), "name": "Mia", "role": "operator", "site_ids": [w.sites[0]]})
    made = ok(reply, 201)
    tap.equal((made["login"], made["state"], made["site_ids"], made["version"]), (login, "active", [w.sites[0]], 1))
    tap.equal(ok(w.api.get(reply.headers["Location"])), made)
    changed = ok(w.api.patch(reply.headers["Location"], {"login": f"{login}2", "name": "Mia B", "role": "manager", "all_sites": True},
                             headers={"If-Match": reply.headers["ETag"]}))
    tap.equal((changed["login"], changed["name"], changed["role"], changed["all_sites"], changed["site_ids"]),
              (f"{login}2", "Mia B", "manager", True, []))
    tap.equal([user for user in w.api.pages(f"{V1}/users", {"limit": 3}) if user["id"] == made["id"]], [changed])
    refused(w.api.post(f"{V1}/users", {"login": f"{login}2", "name": "x", "role": "viewer", "all_sites": True}), 409, "conflict", "/login")


@tap.test
@tap.rows(({}, "/site_ids"), ({"all_sites": True, "login": "über"}, "/login"), ({"all_sites": True, "login": ".x"}, "/login"),
          ({"all_sites": True, "login": "a b"}, "/login"), ({"all_sites": False}, "/site_ids"), ({"site_ids": [str(uuid.uuid4())]}, "/site_ids"))
def a_user_that_makes_no_sense_is_422(w, more, pointer):
    refused(w.api.post(f"{V1}/users", {"login": f"q{uuid.uuid4().hex[:8]}", "name": "x", "role": "viewer", **more}), 422, "unprocessable", pointer)


@tap.test
def an_owner_of_some_sites_sees_makes_and_changes_nobody_who_may_more(w):
    mine, other = w.sites[:2]
    owner = w.as_role("owner", [mine])
    wide, _ = new_user(w, "viewer")
    theirs = ok(w.api.post(f"{V1}/users", {"login": f"t{uuid.uuid4().hex[:8]}", "name": "T", "role": "viewer", "site_ids": [mine, other]}), 201)
    for each in (wide, theirs):
        where = f"{V1}/users/{each['id']}"
        refused(owner.get(where), 404, "not_found")
        refused(owner.patch(where, {"name": "x"}, headers={"If-Match": "*"}), 404, "not_found")
        refused(owner.post(f"{where}/sign-in-link"), 404, "not_found")
    base = {"login": f"o{uuid.uuid4().hex[:8]}", "name": "O", "role": "owner"}
    refused(owner.post(f"{V1}/users", {**base, "all_sites": True}), 403, "forbidden")
    refused(owner.post(f"{V1}/users", {**base, "site_ids": [other]}), 403, "forbidden")
    made = ok(owner.post(f"{V1}/users", {**base, "site_ids": [mine]}), 201)
    refused(owner.patch(f"{V1}/users/{made['id']}", {"all_sites": True}, headers={"If-Match": "*"}), 403, "forbidden")
    refused(owner.patch(f"{V1}/users/{made['id']}", {"site_ids": [mine, other]}, headers={"If-Match": "*"}), 403, "forbidden")
    listed = {user["id"] for user in owner.pages(f"{V1}/users")}
    tap.check(made["id"] in listed and wide["id"] not in listed and theirs["id"] not in listed, listed)


@tap.test
def the_last_active_owner_of_all_sites_stays_one(w):
    owners = [user["id"] for user in w.api.pages(f"{V1}/users") if user["role"] == "owner" and user["all_sites"]]
    last, _ = new_user(w, "owner")
    for each in owners:
        ok(w.api.patch(f"{V1}/users/{each}", {"state": "disabled"}, headers={"If-Match": "*"}))
    for change in ({"state": "disabled"}, {"role": "manager"}, {"all_sites": False, "site_ids": [w.sites[0]]}):
        refused(w.api.patch(f"{V1}/users/{last['id']}", change, headers={"If-Match": "*"}), 409, "last_owner")
    ok(w.api.patch(f"{V1}/users/{last['id']}", {"name": "Still here"}, headers={"If-Match": "*"}))
    pair, replies = [last["id"], new_user(w, "owner")[0]["id"]], []
    threads = [threading.Thread(target=lambda each=each: replies.append(
        w.api.patch(f"{V1}/users/{each}", {"role": "viewer"}, headers={"If-Match": "*"}))) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(reply.status for reply in replies), [200, 409], replies)


# ---- behind a proxy ----

def behind(w, **env):
    return w.spa.another_server(f"p{uuid.uuid4().hex[:6]}", env={f"PEDILUVE_{name}": value for name, value in env.items()})


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
    found = audited(w, "sign_in", reply.json["id"])
    tap.equal(found[0]["detail"]["address"], "2001:db8:1:2::", found)
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
@tap.rows(("PUBLIC_URL", "spa.example"), ("PUBLIC_URL", "https://spa.example/path"), ("PUBLIC_URL", "https://"), ("COOKIE_SECURE", "maybe"))
def a_setting_that_cannot_be_is_named_at_the_start(w, name, value):
    done = w.spa.server.__class__(w.spa.state / "log/bad.log", w.spa.database_url, w.spa.broker, env={f"PEDILUVE_{name}": value}).run(
        "serve", check=False)
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, f"PEDILUVE_{name} must be")


# ---- the page ----

@tap.test
def the_dashboard_is_served_with_what_it_may_do_and_nothing_else_of_the_folder(w):
    folder = w.spa.state / "dashboard"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Pediluve</title>")
    for name, text in (("app-1.js", "x" * 3000), ("app-1.js.br", "packed by brotli"), ("app-1.js.gz", "packed by gzip"), (".hidden.js", "no")):
        (folder / "assets" / name).write_text(text)
    server = behind(w, DASHBOARD_DIR=str(folder))
    client = Client(server.url)
    page = client.get("/")
    tap.equal((page.status, page.headers["Content-Type"], page.headers["Cache-Control"]), (200, "text/html; charset=utf-8", "no-cache"))
    policy = page.headers["Content-Security-Policy"]
    tap.contains(policy, "default-src 'none'; script-src 'self'; style-src 'self';")
    tap.check("unsafe" not in policy, policy)
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin")):
        tap.equal(page.headers[name], value)
    tap.check(page.headers["Permissions-Policy"], page.headers)
    tap.equal(client.get("/", headers={"If-None-Match": page.headers["ETag"]}).status, 304)
    for accepted, encoding, body in (("gzip, deflate, br", "br", b"packed by brotli"), ("gzip", "gzip", b"packed by gzip"),
                                     (None, None, b"x" * 3000), ("br;q=0, gzip;q=0", None, b"x" * 3000)):
        asset = client.get("/assets/app-1.js", headers={"Accept-Encoding": accepted})
        tap.equal((asset.status, asset.headers["Content-Encoding"], asset.body), (200, encoding, body))
        tap.equal((asset.headers["Cache-Control"], asset.headers["Vary"]), ("public, max-age=31536000, immutable", "Accept-Encoding"))
        tap.equal(client.get("/assets/app-1.js", headers={"If-None-Match": asset.headers["ETag"]}).status, 304)
    for path in ("/assets/app-1.js.br", "/assets/.hidden.js", "/assets/", "/assets", "/assets/../index.html/x", "/..%2f..%2fetc/passwd",
                 "/assets/..%2findex.html", "/sign-in", "/assets/app-2.js"):
        tap.equal(client.get(path).status, 404, path)
    tap.equal(client.post("/").status, 405)
    server.stop()


@tap.test
@tap.rows("missing", "empty")
def a_dashboard_that_is_not_there_is_said_at_the_start(w, what):
    folder = w.spa.state / f"dashboard-{what}"
    if what == "empty":
        folder.mkdir()
    done = w.spa.server.__class__(w.spa.state / "log/bad.log", w.spa.database_url, w.spa.broker,
                                  env={"PEDILUVE_DASHBOARD_DIR": str(folder)}).run("serve", check=False)
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, str(folder))
    tap.contains(done.stderr, "PEDILUVE_DASHBOARD_DIR")


tap.main(world)
