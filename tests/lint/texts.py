"""Whatever the server or a unit may say of itself has a text in every language of the dashboard; the four files have the same
keys in the same order."""

import json
import re

from files import ROOT, report

TEXTS = ROOT / "dashboard/src/texts"
LANGUAGES = {name: json.loads((TEXTS / f"{name}.json").read_text()) for name in ("en", "de", "es", "zh")}
# A table of the C sources, the group of its texts, and what of it the page never says.
TABLES = [
    ("protocol/message.h", "REASONS", "reason", set()),
    ("protocol/message.h", "COMMAND_TYPES", "command", set()),
    ("protocol/message.h", "ACK_CODES", "code", {"ok"}),
    ("protocol/model.h", "ACTUATOR_KINDS", "actuator", set()),
    ("protocol/program.h", "WAVES", "wave", set()),
    ("protocol/program.h", "DIRECTIONS", "direction", set()),
    ("server/base/principal.h", "ROLES", "role", set()),
    ("server/domain/alarm.h", "ALARM_KINDS", "alarm", set()),
    ("server/domain/cleaning.h", "CLEANING_KINDS", "cleaning", set()),
    ("server/domain/clearance.h", "CLEARANCE_KINDS", "clearance", set()),
    ("server/domain/command.h", "COMMAND_STATES", "outcome", set()),
    ("server/domain/course.h", "COURSE_STATES", "course_state", set()),
    ("server/domain/course.h", "COURSE_SESSION_STATES", "appointment", set()),
    ("server/domain/routine.h", "ROUTINE_STATES", "routine_state", set()),
    ("server/domain/screening_rule.h", "SCREENING_OUTCOMES", "outcome", set()),
    ("server/domain/session.h", "SESSION_STATES", "state", set()),
]


def names_of(path, table):
    body = re.search(rf"^#define {table}\(X\)((?:[^\n]*\\\n)*[^\n]*)", (ROOT / path).read_text(), re.M).group(1)
    return re.findall(r'\bX\(\w+, "(\w+)"', body)


def without_text():
    wrong = []
    for path, table, group, unsaid in TABLES:
        names = [name for name in names_of(path, table) if name not in unsaid]
        wrong += [f"{path}: no rows of {table} found"] if not names else []
        wrong += [f"{language}.json: {group}.{name} of {table} is missing" for language, texts in LANGUAGES.items()
                  for name in names if not texts.get(f"{group}.{name}")]
    return wrong


def out_of_step():
    keys = list(LANGUAGES["en"])
    return [f"{name}.json: {here or there}" for name, texts in LANGUAGES.items()
            for there, here in zip(keys + [None] * len(texts), list(texts) + [None] * len(keys)) if here != there][:10]


report({
    "a value of the C tables has a text in every language": without_text(),
    "the files of the languages have the same keys in the same order": out_of_step(),
})
