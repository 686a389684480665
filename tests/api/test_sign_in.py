"""People: signing in by password and by link, delays after failures, and what they change of themselves."""
# suite: waits

import hashlib
import math
import threading
import time

from browser import PASSWORD, Browser, audited, forget_tries, link, new_user, signed_in
from world import V1, ok, refused, tap, until, uuid, world


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
    forget_tries(w)
    threads = [threading.Thread(target=lambda: replies.append(Browser(w).sign_in(code=code))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, *others = sorted(reply.status for reply in replies)
    tap.equal((first, set(others)), (200, {401}), others)


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


# ---- delays ----

def wrong(w, login, n=1):
    return [Browser(w).sign_in(login=login, password="wrong again") for _ in range(n)]


def age(w, seconds):
    """All tries were made so much longer ago."""
    w.spa.sql(f"UPDATE sign_in_try SET at = at - interval '{seconds} s', blocked_until = blocked_until - interval '{seconds} s'")


def key_of(login):
    return "l:" + hashlib.sha256(login.encode()).hexdigest()


def delay_s(w, key):
    """How long the next try has to wait, by what the last one left; a slow machine does not shorten it."""
    (row,) = w.spa.sql(f"SELECT extract(epoch FROM blocked_until - at)::int AS s FROM sign_in_try WHERE key = '{key}'")
    return int(row["s"])


def hold(w, key, seconds=100):
    """The next try waits for so long from now: a delay of a second may be over before a try is on its way."""
    w.spa.sql(f"UPDATE sign_in_try SET blocked_until = now() + interval '{seconds} s' WHERE key = '{key}'")


@tap.test(deadline_s=240)
@tap.rows("somebody", "nobody")
def after_five_failures_each_try_waits_twice_as_long(w, who):
    login = new_user(w)[1] if who == "somebody" else f"n{uuid.uuid4().hex[:8]}"
    for reply in wrong(w, login, 5):
        refused(reply, 401, "unauthenticated")
    for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        tap.equal(delay_s(w, key_of(login)), wait)
        hold(w, key_of(login))
        held = wrong(w, login)[0]
        refused(held, 429, "too_many_requests")
        tap.check(90 <= int(held.headers["Retry-After"]) <= 100, held.headers["Retry-After"])
        w.spa.sql("UPDATE sign_in_try SET blocked_until = now() WHERE key LIKE 'l:%'")
        refused(wrong(w, login)[0], 401, "unauthenticated")
        w.spa.sql("DELETE FROM sign_in_try WHERE key LIKE 'a:%'")


@tap.test
def the_right_password_waits_too_and_then_clears_the_failures(w):
    _, login = new_user(w)
    wrong(w, login, 5)
    hold(w, key_of(login), 4)
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
    tap.equal(delay_s(w, key_of(login)), 1, "the fifth that counts")


@tap.test
def an_address_has_twenty_and_a_link_gets_in_past_a_login_that_waits(w):
    made, login = new_user(w)
    wrong(w, login, 5)
    ok(Browser(w).sign_in(code=link(w, made["id"])))
    forget_tries(w)
    seen = [wrong(w, f"n{number}-{uuid.uuid4().hex[:6]}")[0].status for number in range(20)]
    tap.equal(seen, [401] * 20)
    tap.equal(delay_s(w, "a:127.0.0.1"), 1)
    hold(w, "a:127.0.0.1")
    refused(wrong(w, f"n{uuid.uuid4().hex[:8]}")[0], 429, "too_many_requests")
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
    replies, began = [], time.monotonic()
    threads = [threading.Thread(target=lambda: replies.append(wrong(w, login)[0])) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fit = int(math.log2(time.monotonic() - began + 1)) + 1  # delays of 1, 2, 4 s ... that were over meanwhile
    tap.check(sum(reply.status == 401 for reply in replies) <= 5 + fit, [reply.status for reply in replies])
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


tap.main(world)
