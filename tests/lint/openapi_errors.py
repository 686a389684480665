"""Every error code of server/base/err.h is in the OpenAPI document and in docs/errors.md, and some test produces it."""

import re

import yaml
from files import ROOT, report

ROW = re.compile(r'X\((\w+), (\d+), "(\w+)",\s*"([^"]+)"\)')
# Codes that no test produces from outside, and why.
WITHOUT_TEST = {
    "internal": "a bug: the tests fail when they meet one",
    "overloaded": "tests/unit/http fills the queue of workers",
    "shutting_down": "tests/unit/http stops a server with requests in it",
}

listed = {code: (int(status), title)
          for _, status, code, title in ROW.findall((ROOT / "server/base/err.h").read_text().replace("\\\n", " "))}
document = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_text())
documented = set(document["components"]["schemas"]["ErrorCode"]["enum"])
described = dict(re.findall(r"^## `(\w+)` · (\d+)", (ROOT / "docs/errors.md").read_text(), re.M))
tests = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))


def document_problems():
    for code in sorted(set(listed) ^ documented):
        yield f"{code} is only in " + ("err.h" if code in listed else "the document")
    for name, response in document["components"]["responses"].items():
        content = response.get("content", {}).get("application/problem+json")
        if content and content["schema"] != {"$ref": "#/components/schemas/Problem"}:
            yield f"{name} is not the common problem document"


def page_problems():
    for code, (status, _) in sorted(listed.items()):
        if described.get(code) != str(status):
            yield f"{code} ({status}) has no heading in docs/errors.md: ## `{code}` · {status}"
    for code in sorted(set(described) - set(listed)):
        yield f"docs/errors.md describes {code}, which there is not"


def test_problems():
    for code in sorted(listed):
        produced = re.search(rf'["\']{code}["\']', tests)
        if not produced and code not in WITHOUT_TEST:
            yield f"no test names {code}"
        if produced and code in WITHOUT_TEST:
            yield f"{code} has a test: take it off the list here"


report({
    "every error code was found in err.h": [] if len(listed) > 20 else ["the pattern no longer fits err.h"],
    "every error code is in the OpenAPI document": list(document_problems()),
    "every error code is described in docs/errors.md": list(page_problems()),
    "every error code is produced by a test": list(test_problems()),
})
