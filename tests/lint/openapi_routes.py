"""openapi/openapi.yaml equals the program's route table, both ways. Needs a built server: $PEDILUVE_BUILD."""

import json
import re
import subprocess
import sys

from files import ROOT, report

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests/api"))
import contract  # noqa: E402
from harness import binary  # noqa: E402

contract_ = contract.Contract()
document = contract_.document
routes = {(row["method"].lower(), row["path"]): row
          for row in json.loads(subprocess.run([binary("pediluved"), "routes"], check=True, capture_output=True).stdout)}
operations = {(method, template): operation for method, template, _, operation in contract_.operations}


SIGN_IN = {"/api/v1/sign-in"}  # for everybody, and yet it refuses


def both():
    for key, row in sorted(routes.items()):
        if key in operations:
            yield " ".join(key), row, operations[key]


def parameters(operation, where):
    found = [contract_.resolve(each) for each in operation.get("parameters", [])]
    return {each["name"]: each for each in found if each["in"] == where}


def body_schema(operation):
    body = contract_.resolve(operation.get("requestBody"))
    return contract_.resolve(body["content"]["application/json"]["schema"]) if body else None


def differences(name, ours, theirs, what):
    ours, theirs = set(ours), set(theirs)
    return ([f"{name}: {what} {each!r} is in the table, not in the document" for each in sorted(ours - theirs)] +
            [f"{name}: {what} {each!r} is in the document, not in the table" for each in sorted(theirs - ours)])


def routes_problems():
    return differences("routes", map(" ".join, routes), map(" ".join, operations), "operation")


def permission_problems():
    for name, row, operation in both():
        if operation.get("x-permission") != row["permission"]:
            yield f"{name}: x-permission is {operation.get('x-permission')}, the table says {row['permission']}"
        if (operation.get("security") == []) != (row["permission"] == "public"):
            yield f"{name}: security does not fit the permission {row['permission']}"
        refused = {"401", "403"} & set(operation["responses"])
        wanted = {"public": set(), "read": {"401"}}.get(row["permission"], {"401", "403"})
        if row["method"] != "GET" and row["permission"] == "read" or row["path"] in SIGN_IN:
            wanted = {"401", "403"}  # 403: cross_site_refused
        if refused != wanted:
            yield f"{name}: of 401 and 403 it promises {sorted(refused)}, the permission means {sorted(wanted)}"


def query_problems():
    for name, row, operation in both():
        yield from differences(name, row["query"], parameters(operation, "query"), "query parameter")


def path_problems():
    for name, row, operation in both():
        yield from differences(name, re.findall(r"{(\w+)}", row["path"]), parameters(operation, "path"), "path parameter")


def body_problems():
    for name, row, operation in both():
        schema = body_schema(operation)
        if row["body"] != (schema is not None):
            yield f"{name}: only one of the two has a body"
        elif schema:
            if schema.get("additionalProperties") is not False:
                yield f"{name}: unknown properties are refused, so the schema must say additionalProperties: false"
            yield from differences(name, row["fields"], schema["properties"], "property")


def idempotency_problems():
    for name, row, operation in both():
        if row["idempotent"] != ("Idempotency-Key" in parameters(operation, "header")):
            yield f"{name}: only one of the two honours Idempotency-Key"
        if row["method"] == "POST" and not row["idempotent"] and row["permission"] != "read" and row["path"] not in SIGN_IN:
            yield f"{name}: a POST that creates or commands must honour Idempotency-Key"


def example_problems():
    for method, template, _, operation in contract_.operations:
        body = contract_.resolve(operation.get("requestBody"))
        for media in (body or {}).get("content", {}).values():
            for name, example in media.get("examples", {}).items():
                for error in contract_.errors_of(media["schema"], example["value"]):
                    yield f"{method} {template}: example {name}: {error}"
    by_id = {operation["operationId"]: operation for operation in operations.values()}
    for path in sorted((ROOT / "openapi/examples").glob("*.json")):
        operation_id, kind = path.stem.split(".")
        operation = by_id.get(operation_id)
        if not operation:
            yield f"{path.name}: no operation {operation_id}"
            continue
        if kind == "request":
            schema = contract_.resolve(operation["requestBody"])["content"]["application/json"]["schema"]
        else:
            response = contract_.resolve(operation["responses"].get(kind, {}))
            schema = next((media["schema"] for media in response.get("content", {}).values()), None)
            if schema is None:
                yield f"{path.name}: {operation_id} does not promise {kind} with a body"
                continue
        for error in contract_.errors_of(schema, json.loads(path.read_text())):
            yield f"{path.name}: {error}"


report({
    "every route is in the document and every operation in the route table": list(routes_problems()),
    "permissions are the same in both": list(permission_problems()),
    "path parameters are the same in both": list(path_problems()),
    "query parameters are the same in both": list(query_problems()),
    "properties of bodies are the same in both": list(body_problems()),
    "every POST that creates or commands honours Idempotency-Key, in both": list(idempotency_problems()),
    "every example fits its schema": list(example_problems()),
})
