"""A browser as far as the API tests need one, and somebody to sign in with it."""

from world import V1, Client, ok, uuid

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


def behind(w, **env):
    """Another replica, with these settings."""
    return w.spa.another_server(f"p{uuid.uuid4().hex[:6]}", env={f"PEDILUVE_{name}": value for name, value in env.items()})
