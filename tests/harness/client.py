"""A small HTTP client: one connection a request, nothing hidden, nothing retried."""

import http.client
import io
import json
import select
import socket
import time
import urllib.parse

from .process import TooLate


class Reply:
    """What came back: status, headers (case does not matter), body (bytes). Unpacks as (status, headers, body)."""

    def __init__(self, method, path, status, headers, body):
        self.method, self.path, self.status, self.headers, self.body = method, path, status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The problem's stable code, or None."""
        try:
            return self.json.get("code")
        except (ValueError, AttributeError):
            return None

    def __iter__(self):
        return iter((self.status, self.headers, self.body))

    def __repr__(self):
        return f"{self.method} {self.path} -> {self.status} {self.body[:2000]!r}"


class Client:
    """Speaks to one server as one token.

    api = Client("http://127.0.0.1:8080", token)
    api.get("/api/v1/devices", params={"limit": 2}).json["items"]
    api.post(path, {"a": 1}, headers={"Idempotency-Key": "k"})     the second argument goes as JSON; bytes go as they are
    `observer`, when set, is called with (method, path, sent_body, Reply) after every answer.
    """

    def __init__(self, url, token=None, observer=None, timeout_s=30.0):
        self.url = url.rstrip("/")
        self.host = urllib.parse.urlsplit(url)
        self.token, self.observer, self.timeout_s = token, observer, timeout_s

    def as_token(self, token):
        """The same server as somebody else (None: as nobody)."""
        return Client(self.url, token, self.observer, self.timeout_s)

    def _connect(self, timeout_s):
        return http.client.HTTPConnection(self.host.hostname, self.host.port or 80, timeout=timeout_s)

    def _headers(self, headers):
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        given.update(headers or {})
        return {name: value for name, value in given.items() if value is not None}

    def request(self, method, path, body=None, *, headers=None, params=None, timeout_s=None):
        """One request; OSError when the server cannot be reached. A header given as None is left out."""
        if params:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(params)
        sent = self._headers(headers)
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = self._connect(timeout_s or self.timeout_s)
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            reply = Reply(method, path, answer.status, answer.headers, answer.read())
        except http.client.HTTPException as broken:
            raise OSError(f"{method} {path}: {broken!r}") from broken
        finally:
            connection.close()
        if self.observer:
            self.observer(method, path, body, reply)
        return reply

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.request("PUT", path, body, **more)

    def patch(self, path, body=None, **more):
        return self.request("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def pages(self, path, params=None):
        """All items of a list, following next_cursor."""
        params = dict(params or {})
        while True:
            page = self.get(path, params=params)
            if page.status != 200:
                raise AssertionError(repr(page))
            yield from page.json["items"]
            if not page.json.get("next_cursor"):
                return
            params["cursor"] = page.json["next_cursor"]

    def events(self, path="/api/v1/events", *, last_event_id=None, params=None, headers=None):
        """Open a stream of server-sent events; use it in `with`. See EventStream."""
        if params:
            path += "?" + urllib.parse.urlencode(params)
        sent = self._headers({"Accept": "text/event-stream", "Last-Event-ID": last_event_id, **(headers or {})})
        sock = socket.create_connection((self.host.hostname, self.host.port or 80), self.timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host.netloc}", *(f"{name}: {value}" for name, value in sent.items())]
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return EventStream(sock, self.timeout_s)


def _new_event():
    return {"event": "message", "id": None, "data": None}


class EventStream:
    """next() and until() give events: {"event": ..., "id": ..., "data": text, "json": parsed or None}.

    Comments (heartbeats) are counted in `comments`, not given. `status` and `headers` are those of the answer. A wait that
    was too short loses nothing: the next one goes on from there.
    """

    def __init__(self, sock, deadline_s):
        self.sock = sock
        self.comments = 0
        self._raw, self._text, self._ended = b"", b"", False
        self._event = _new_event()
        end = time.monotonic() + deadline_s
        while b"\r\n\r\n" not in self._raw:
            self._receive(end)
        head, self._raw = self._raw.split(b"\r\n\r\n", 1)
        first, _, rest = head.partition(b"\r\n")
        self.status = int(first.split()[1])
        self.headers = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n"))
        self.chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def _receive(self, end):
        if self._ended:
            raise EOFError("the server closed the stream")
        if not select.select([self.sock], [], [], max(0.0, end - time.monotonic()))[0]:
            raise TooLate("no event came in time")
        try:
            piece = self.sock.recv(65536)
        except ConnectionResetError:
            piece = b""
        self._ended = not piece
        self._raw += piece

    def _unchunk(self):
        """Move whole chunks from _raw to _text."""
        while self.chunked:
            size, newline, rest = self._raw.partition(b"\r\n")
            if not newline or len(rest) < int(size, 16) + 2:
                return
            length = int(size, 16)
            self._text, self._raw = self._text + rest[:length], rest[length + 2:]
            self._ended = self._ended or length == 0
            if length == 0:
                return
        self._text, self._raw = self._text + self._raw, b""

    def _line(self, end):
        self._unchunk()
        while b"\n" not in self._text:
            self._receive(end)
            self._unchunk()
        line, self._text = self._text.split(b"\n", 1)
        return line.rstrip(b"\r").decode()

    def next(self, deadline_s=10.0):
        """The next event; TooLate at the deadline, EOFError when the server closed the stream."""
        end = time.monotonic() + deadline_s
        while True:
            line = self._line(end)
            event = self._event
            if line.startswith(":"):
                self.comments += 1
            elif line == "" and event["data"] is not None:
                try:
                    event["json"] = json.loads(event["data"])
                except ValueError:
                    event["json"] = None
                self._event = _new_event()
                return event
            elif line:
                field, _, value = line.partition(":")
                value = value[1:] if value.startswith(" ") else value
                if field == "data" and event["data"] is not None:
                    value = event["data"] + "\n" + value
                if field in event:
                    event[field] = value

    def until(self, condition, deadline_s=10.0):
        """Read events until one meets the condition, and return that one."""
        end = time.monotonic() + deadline_s
        while True:
            event = self.next(max(0.0, end - time.monotonic()))
            if condition(event):
                return event

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
