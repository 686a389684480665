"""Whatever the server, the catalogue or a unit may say has a text in every language of the dashboard; the four files have the same
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
    ("server/domain/lowering.h", "LOWERING_NOTES", "note", set()),
    ("server/domain/course.h", "COURSE_STATES", "course_state", set()),
    ("server/domain/course.h", "COURSE_SESSION_STATES", "appointment", set()),
    ("server/domain/routine.h", "ROUTINE_STATES", "routine_state", set()),
    ("server/domain/screening_rule.h", "SCREENING_OUTCOMES", "outcome", set()),
    ("server/domain/session.h", "SESSION_STATES", "state", set()),
]

# What people see of the catalogue: the file (the folder of the routines), the property, the group of its texts. The page finds a
# text by its group and its English words.
CATALOGUE = [
    ("routines", "name", "routine_name"), ("routines", "summary", "summary"), ("routines", "instruction", "instruction"),
    ("techniques", "name", "technique"), ("techniques", "words", "technique_words"),
    ("preparations", "name", "care"), ("preparations", "words", "care_words"),
    ("reflex-points", "name", "reflex"), ("reflex-points", "words", "reflex_words"),
    ("course-templates", "name", "template"), ("course-templates", "words", "template_words"),
    ("screening-rules", "question", "ask"), ("screening-rules", "why", "why"), ("types", "requires_why", "why"),
    ("goals", "requires_why", "why"), ("notices", "words", "notice"), ("zones", "name", "zone"),
]
# Words that the page has of its own, by id: they need not be the catalogue's.
BY_ID = [("goals", "goal"), ("types", "type"), ("additives", "additive"), ("models", "model")]
# Sentences of the C sources: the file, what stands before the sentence (the sentence is the group), the group of its texts. Figures
# stand as {} there.
SENTENCE = r'"((?:[^"\\]|\\.)+)"'
SENTENCES = [
    ("device-agent/core/self_test.c", rf'say\(t, [^"]*?(?:"[^"]*", )?CHECK_\w+, {SENTENCE}', "check"),
    ("device-agent/core/self_test.c", rf"ret_why = {SENTENCE}", "check"), ("device-agent/core/self_test.c", rf'return {SENTENCE};', "check"),
    ("device-agent/core/self_test.c", rf'\? {SENTENCE} :', "check"), ("device-agent/core/types.h", rf'X\([A-Z]+, "[a-z]+", {SENTENCE}\)', "check"),
    ("device-agent/runtime/trial.c", rf"self_test_halt\(t, \w+, {SENTENCE}\)", "check"),
    ("server/base/err.h", rf'X\(\w+, \d+, "\w+",[\s\\]+{SENTENCE}\)', "problem"),
]
# What is put together of parts, as it then reads.
PARTS = {"{} at {}{}": ["{} at {}", "{} at {}, turned"], "{}, by {}": ["follows the heat, by {}", "is stuck: the water became warmer and it did not, by {}"],
         "{}": [], "-": [], ", turned": [], "follows the heat": [], "is pressed: release it": ["is pressed: release it", "released"]}


def said_in(content, prop):
    """Every text of that property, however deep it stands."""
    if isinstance(content, list):
        return [text for each in content for text in said_in(each, prop)]
    if not isinstance(content, dict):
        return []
    return [text for key, each in content.items() for text in ([each] if key == prop and isinstance(each, str) else said_in(each, prop))]


def entries_of(kind):
    path = ROOT / "schema/catalogue" / kind
    files = sorted(path.glob("*.json")) if path.is_dir() else [path.with_suffix(".json")]
    documents = [json.loads(each.read_text()) for each in files]
    return [entry for each in documents for entry in each.get("entries", [each])]


def present(group):
    return {text for key, text in LANGUAGES["en"].items() if key.startswith(f"{group}.")}


def unsaid_of_the_catalogue():
    wrong = []
    for kind, prop, group in CATALOGUE:
        texts = said_in(entries_of(kind), prop)
        wrong += [f"{kind}: no {prop} found"] if not texts else []
        wrong += [f"{kind}: no {group}.… of en.json is \"{text}\"" for text in texts if text not in present(group)]
    return wrong + [f"en.json: {group}.{entry['id']} is missing" for kind, group in BY_ID for entry in entries_of(kind)
                    if f"{group}.{entry['id']}" not in LANGUAGES["en"]]


def told_by_none():
    """Texts of these groups that nothing says any more: the catalogue has changed, and the text goes with it."""
    only = [(kind, prop, group) for kind, prop, group in CATALOGUE if group not in {"why", "zone", "reflex"}]
    return [f"en.json: {key}: {kind} has no such {prop}" for kind, prop, group in only for key, text in LANGUAGES["en"].items()
            if key.startswith(f"{group}.") and text not in said_in(entries_of(kind), prop)]


def two_ways():
    """Found by their English words, two keys of a group with the same words must say the same."""
    groups = {group for *_, group in [*CATALOGUE, *SENTENCES]}
    first, wrong = {}, []
    for key, text in LANGUAGES["en"].items():
        group = key.split(".")[0]
        other = first.setdefault((group, text), key)
        wrong += [f"{key} and {other}" for texts in LANGUAGES.values() if group in groups and texts[key] != texts[other]]
    return wrong


def unsaid_sentences():
    wrong = []
    for path, pattern, group in SENTENCES:
        found = re.findall(pattern, (ROOT / path).read_text())
        wrong += [f"{path}: nothing found for {group}"] if not found else []
        for each in found:
            text = re.sub(r"%d mA|%d %%|%[ds]", "{}", each)
            wrong += [f"{path}: no {group}.… of en.json is \"{part}\"" for part in PARTS.get(text, [text]) if part not in present(group)]
    return wrong


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
    "what people see of the catalogue has a text of the same English words": unsaid_of_the_catalogue(),
    "a text of the catalogue is still in it": told_by_none(),
    "the same English words have one translation": two_ways(),
    "what a unit tells of its self-test, and the title of every error, has a text": unsaid_sentences(),
    "the files of the languages have the same keys in the same order": out_of_step(),
})
