"""Holds answers against openapi/openapi.yaml: each one must be an answer that the document promises.

    contract = Contract()
    client = Client(url, token, observer=contract.observe)     every answer is checked as it comes
"""

import datetime
import gzip
import json
import re
import urllib.parse
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "patch", "delete")
# What http/ answers for every path alike; the document says so once, in its conventions.
EVERYWHERE = {"405": ("method_not_allowed",), "431": ()}


class Broken(AssertionError):
    """An answer that the document does not promise."""


formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time")
def _is_time(value):
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return False
    datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    return True


@formats.checks("uuid")
def _is_uuid7(value):
    return not isinstance(value, str) or re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value)


def load():
    return yaml.safe_load((ROOT / "openapi" / "openapi.yaml").read_text())


class Contract:
    def __init__(self, document=None):
        self.document = document or load()
        self.resolver = jsonschema.RefResolver("", self.document)
        self.operations = []  # (method, template, pattern, operation)
        self.seen = set()     # (operationId, status) of every answer so far
        self.codes = set()    # every problem code so far
        for template, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template)))
            for method in METHODS:
                if method in item:
                    self.operations.append((method, template, pattern, item[method]))
        # A literal wins over a parameter, as in http/.
        self.operations.sort(key=lambda row: row[1].count("{"))

    def resolve(self, node):
        """The node itself, or what its $ref names (members beside the $ref kept)."""
        while isinstance(node, dict) and "$ref" in node:
            _, target = self.resolver.resolve(node["$ref"])
            rest = {key: value for key, value in node.items() if key != "$ref"}
            node = {**target, **rest}
        return node

    def find(self, method, path):
        """The operation that serves this request, or None."""
        method = "get" if method == "HEAD" else method.lower()
        for row in self.operations:
            if row[0] == method and row[2].fullmatch(path):
                return row
        return None

    def errors_of(self, schema, value):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=formats)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]

    def check(self, schema, value, where=""):
        errors = self.errors_of(schema, value)
        if errors:
            raise Broken(f"{where}: " + "; ".join(errors[:5]) + f"\nin: {json.dumps(value)[:1500]}")

    def observe(self, method, path, sent_body, reply):
        path = urllib.parse.urlsplit(path).path
        where = f"{method} {path} -> {reply.status}"
        content_type = reply.headers.get("Content-Type", "").split(";")[0].strip()
        if content_type == "application/problem+json" and method != "HEAD":
            self.problem(reply, where)
        row = self.find(method, path)
        if row is None:
            if method != "OPTIONS" and not path.startswith("/docs/") and reply.status not in (400, 401, 404, 405, 429):
                raise Broken(f"{where}: the document has no such operation")
            return
        operation = row[3]
        self.seen.add((operation["operationId"], reply.status))
        if str(reply.status) in EVERYWHERE:
            return
        promised = operation["responses"].get(str(reply.status))
        if promised is None:
            raise Broken(f"{where}: {operation['operationId']} does not promise this status\n{reply!r}")
        promised = self.resolve(promised)
        for name, header in (promised.get("headers") or {}).items():
            header, value = self.resolve(header), reply.headers.get(name)
            if value is None:
                if header.get("required"):
                    raise Broken(f"{where}: header {name} is missing")
                continue
            schema = self.resolve(header["schema"])
            self.check(schema, int(value) if schema.get("type") == "integer" else value, f"{where} header {name}")
        content = promised.get("content")
        if method == "HEAD" or reply.status in (204, 304):
            if reply.body:
                raise Broken(f"{where}: a body where there must be none")
            return
        if not content:
            if reply.body:
                raise Broken(f"{where}: a body that is not promised")
            return
        if content_type not in content:
            raise Broken(f"{where}: content type {content_type!r}, promised {sorted(content)}")
        if content_type.endswith("json"):
            body = gzip.decompress(reply.body) if reply.headers.get("Content-Encoding") == "gzip" else reply.body
            self.check(content[content_type]["schema"], json.loads(body), where)

    def problem(self, reply, where):
        body = json.loads(reply.body)
        self.check({"$ref": "#/components/schemas/Problem"}, body, where)
        if body["status"] != reply.status:
            raise Broken(f"{where}: the problem says status {body['status']}")
        if reply.headers.get("X-Request-Id") != body["request_id"]:
            raise Broken(f"{where}: request_id is not that of the header")
        self.codes.add(body["code"])
