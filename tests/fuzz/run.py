#!/usr/bin/env python3
"""Runs the libFuzzer programs of a build folder, one after another, seeded from the vectors.

    tests/fuzz/run.py build/fuzz [seconds for each] [name ...]

Prints TAP. What a fuzzer finds stays in <build>/fuzz/found/<name>/."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_LEN = {"command": 4096, "program": 4096, "telemetry": 2048, "topic": 128, "clock": 64}
SEEDS_OF = {"head": "command"}
RULES = json.loads((ROOT / "schema/catalogue/screening-rules.json").read_text("utf-8"))["entries"]
TEXTS = {  # where there are no vectors
    "clock": ["2026-11-21T03:15:31.042Z", "1970-01-01T00:00:00+01:30"],
    "intake": ['{"none_apply":true}', json.dumps({"answers": {rule["id"]: True for rule in RULES}, "acknowledged": ["meal"],
               "clearances": [{"kind": "doctor_note", "by": "Dr W", "on": "2026-11-20"}]}, separators=(",", ":"))],
    "rule": [json.dumps(rule) for rule in RULES],
}


def seeds(name, folder):
    folder.mkdir(parents=True, exist_ok=True)
    if name in TEXTS:
        texts = [text.encode() for text in TEXTS[name]]
    else:
        vectors = json.loads((ROOT / "tests" / "vectors" / f"{SEEDS_OF.get(name, name)}.json").read_text("utf-8"))
        texts = []
        for case in vectors["valid"] + vectors["invalid"]:
            if isinstance(case, str):
                texts.append(case.encode())
            elif "topic" in case:
                texts.append(case["topic"].encode())
            elif "hex" in case:
                texts.append(bytes.fromhex(case["hex"]))
            else:
                texts.append(case["text"].encode())
    for i, text in enumerate(texts):
        (folder / f"vector-{i:03}").write_bytes(text)


def run(program, seconds, build):
    name = program.name[len("fuzz_"):]
    corpus, seed, found = (build / "fuzz" / kind / name for kind in ("corpus", "seeds", "found"))
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    seeds(name, seed)
    command = [str(program), f"-max_total_time={seconds}", f"-max_len={MAX_LEN.get(name, 1024)}", "-timeout=10",
               "-print_final_stats=1", f"-artifact_prefix={found}/", str(corpus), str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=seconds + 120)
    runs = [line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line]
    return done.returncode, runs[0] if runs else "0", done.stdout


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "fuzz").resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    programs = sorted(p for p in (build / "fuzz").glob("fuzz_*") if not p.suffix)
    if len(sys.argv) > 3:
        programs = [p for p in programs if p.name[len("fuzz_"):] in sys.argv[3:]]
    failed = not programs
    for i, program in enumerate(programs, 1):
        code, runs, output = run(program, seconds, build)
        print(f"{'not ok' if code else 'ok'} {i} - {program.name}: {runs} inputs in {seconds} s", flush=True)
        if code:
            failed = True
            print("\n".join("# " + line for line in output.splitlines()[-30:]), flush=True)
    print(f"1..{len(programs)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
