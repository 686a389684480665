# suite: deadline_s=1200
"""The link's rules as a model that spin searches whole: link.pml says what is modelled and what is checked. The tables in it
are printed by the code itself. Each mutant leaves one rule out; spin must find what then goes wrong."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import tap  # noqa: E402
from harness.paths import binary  # noqa: E402

HERE = Path(__file__).resolve().parent
SEARCH = ["gcc", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=2000", "-o", "pan", "pan.c"]
MUTANTS = ("ANSWER_BEFORE_JOURNAL", "BELIEVE_STALE", "EXPIRED_NOT_JOURNALLED", "EXPIRE_WHAT_WAS_SENT", "FORGETS", "LATE_HELLO",
           "NO_REDRIVE", "NO_SEQUENCE", "PUBLISH_BEFORE_MARK", "TAKE_BACK_WHAT_WAS_SENT")

def tables():
    folder = Path(binary("pediluved")).parents[1] / "tests/model"
    environment = {**os.environ, "LC_ALL": "C"}
    return "".join(subprocess.run([folder / f"model_dump_{side}"], check=True, capture_output=True, text=True, env=environment).stdout
                   for side in ("server", "device"))

def search(*switches, optimise="-O1"):
    """Search the whole model with these switches; what spin's search prints."""
    with tempfile.TemporaryDirectory(prefix="pdl-") as folder:
        (Path(folder) / "tables.pml").write_text(tables())
        (Path(folder) / "link.pml").write_text((HERE / "link.pml").read_text())
        run = {"cwd": folder, "check": True, "capture_output": True, "text": True}
        made = subprocess.run(["spin", "-a", *(f"-D{switch}" for switch in switches), "link.pml"], **run)
        tap.check("Error" not in made.stdout, made.stdout)
        subprocess.run([*SEARCH, optimise], **run)
        return subprocess.run([f"{folder}/pan", "-m100000", "-w22"], **{**run, "check": False}).stdout

def found(text):
    errors = re.search(r"errors: (\d+)", text)
    tap.check(errors, text)
    return int(errors.group(1))

@tap.test(deadline_s=600)
@tap.rows(("a start and its stop", "WITH_STOP EPOCHS=2"),
          ("a second start after a session", "WITH_SECOND EPOCHS=2 CRASHES=0"),
          ("a start and a pause", "WITH_PAUSE EPOCHS=2"))
def nothing_is_doubled_ghostly_or_forgotten(_name, switches):
    text = search(*switches.split())
    tap.equal(found(text), 0, text)
    tap.check("max search depth too small" not in text and "out of memory" not in text, text)
    tap.note(re.search(r"\d+ states, stored", text).group())

@tap.test(deadline_s=300)
@tap.rows(*MUTANTS)
def a_rule_left_out_is_found(mutant):
    text = search("WITH_STOP", "EPOCHS=2", f"MUTANT_{mutant}", optimise="-O0")
    tap.check(found(text) > 0, text)

tap.main()
