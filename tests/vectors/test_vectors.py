#!/usr/bin/env python3
"""The golden vectors, read by the second codec (decoder.py). Prints TAP."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import decoder  # noqa: E402

MODELS = HERE.parent.parent / "schema" / "catalogue" / "models"
ERRORS_MAX = 16  # decoders may stop naming faults after so many


def raw_of(case):
    raw = bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode("utf-8")
    return raw + b" " * case.get("spaces", 0)


def judge(kind, case):
    """(value, errors) of a case, the program's rules included."""
    try:
        value = decoder.decode(kind, raw_of(case))
    except decoder.Refused as refused:
        return None, [list(e) for e in refused.errors]
    errors = []
    if kind == "program":
        model = case.get("model")
        if model:
            model = decoder.decode("model", (MODELS / f"{model}.json").read_bytes())
        decoder.check_program(value, model, lambda fault, at: errors.append([fault, at]))
    return value, errors


def valid(kind, case):
    value, errors = judge(kind, case)
    if errors:
        return f"refused: {errors}"
    if value != case["value"]:
        return f"decoded {value}"
    canonical = case.get("canonical", case.get("text")).encode("utf-8")
    if decoder.encode(kind, value) != canonical:
        return f"encoded {decoder.encode(kind, value)}"
    return None if decoder.decode(kind, canonical) == value else "not the same again"


def invalid(kind, case):
    _, errors = judge(kind, case)
    return None if errors[:ERRORS_MAX] == case["errors"][:ERRORS_MAX] else f"errors {errors}"


def results():
    for path in sorted(HERE.glob("*.json")):
        vectors = json.loads(path.read_text("utf-8"))
        kind = vectors["kind"]
        if kind == "topic":
            for t in vectors["valid"]:
                yield f"topic {t['topic']}", decoder.parse_topic(t["topic"]) != (t["device"], t["channel"]) and "refused"
            for t in vectors["invalid"]:
                yield f"no topic of ours: '{t}'", decoder.parse_topic(t) is not None and "taken"
            continue
        for case in vectors["valid"]:
            yield f"{kind}: {case['name']}", valid(kind, case)
        for case in vectors["invalid"]:
            yield f"{kind} is refused: {case['name']}", invalid(kind, case)


def main():
    failed = n = 0
    for n, (name, wrong) in enumerate(results(), 1):
        print(f"{'not ok' if wrong else 'ok'} {n} - {name.replace('#', 'number')}")
        if wrong:
            failed += 1
            print(f"# {wrong}")
    print(f"1..{n}")
    return 1 if failed or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
