"""The people that owners manage, and the page that the server serves them."""

import threading

from browser import behind, new_user
from world import V1, Client, ok, refused, tap, uuid, world


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
