"""Judges a run. Pure: what was asked (entries), what the database says in the end (sessions, commands, boots), what the devices
did (actions). Gives sentences, one for each thing that must not be; none: all is well.

    sessions   [{"id", "device_id", "state", "reason"}]
    commands   [{"id", "device_id", "session_id", "type", "state", "code"}]
    boots      [{"device_id", "boot_id", "rows", "numbers", "first", "last", "committed", "lost"}], numbers as ints
    actions    see record.py
    taken      [{"device_id", "boot_id", "n"}]: samples that the devices made durable, of boots that are over
"""

ENDED = {"completed", "stopped", "aborted", "expired", "rejected"}
FINAL = {"succeeded", "failed", "rejected", "expired", "cancelled"}
OVER = {"completed", "stopped", "aborted"}  # phases of a device's session
NEVER_RAN = {"expired", "rejected", "cancelled"}


def judge(entries, sessions, commands, boots, actions, taken):
    return [*requests(entries, sessions, commands), *outcomes(sessions, commands), *devices(sessions, commands, actions),
            *stops(entries, commands, actions), *samples(boots, taken)]


def requests(entries, sessions, commands):
    """Every answered request is in the database, as one thing; the same key never gave two."""
    known = {"start": {each["id"] for each in sessions}}
    acts = {each["id"]: each for each in commands}
    by_key = {}
    for entry in entries:
        if entry["status"] not in (201, 202):
            continue
        ident = entry["body"]["id"]
        if by_key.setdefault(entry["key"], ident) != ident:
            yield f"key {entry['key']} gave {by_key[entry['key']]} and {ident}"
        if entry["what"] == "start" and ident not in known["start"]:
            yield f"session {ident} was acknowledged and is not there"
        elif entry["what"] not in ("start", "clean"):
            if ident not in acts:
                yield f"command {ident} ({entry['what']}) was acknowledged and is not there"
            elif (acts[ident]["session_id"], acts[ident]["type"]) != (entry["session"], entry["what"]):
                yield f"command {ident} is not the {entry['what']} that was acknowledged"


def outcomes(sessions, commands):
    """In the end everything has an end."""
    for each in sessions:
        if each["state"] not in ENDED:
            yield f"session {each['id']} is left {each['state']}"
    for each in commands:
        if each["state"] not in FINAL:
            yield f"command {each['id']} ({each['type']}) is left {each['state']}"
    starts = {}
    for each in commands:
        if each["type"] == "start":
            starts.setdefault(each["session_id"], []).append(each)
    for each in sessions:
        if len(starts.get(each["id"], [])) != 1:
            yield f"session {each['id']} has {len(starts.get(each['id'], []))} starts"


def _run(log):
    """One device: sessions it began, in order, each with its phases; and what it answered to each command."""
    runs, answers = [], {}
    for at, entry in enumerate(log):
        if entry["what"] == "answer":
            answers.setdefault(entry["command"], []).append(entry)
        elif entry["what"] == "session" and entry["session"]:
            begun = at + 1 < len(log) and log[at + 1]["what"] == "begin"
            if begun:
                runs.append((entry["session"], []))
            if runs and runs[-1][0] == entry["session"]:
                runs[-1][1].append(entry["phase"])
            else:
                runs.append((entry["session"], [entry["phase"], "without a beginning"]))
    return runs, answers


def devices(sessions, commands, actions):
    """Effect at most once, none that was said not to be, none that was said to be and is not."""
    state_of = {each["id"]: each["state"] for each in sessions}
    begun, answered = {}, {}
    for device, log in actions.items():
        runs, answers = _run(log)
        answered.update(answers)
        for session, phases in runs:
            if session in begun:
                yield f"device {device} began session {session} twice"
            begun[session] = phases
            if "without a beginning" in phases:
                yield f"device {device} ran session {session} without a beginning"
            over = next((at for at, phase in enumerate(phases) if phase in OVER), None)
            if over is not None and any(phase not in OVER for phase in phases[over:]):
                yield f"device {device}: session {session} went on after its end: {phases}"
            if session not in state_of:
                yield f"device {device} ran session {session}, which nobody asked for"
            elif state_of[session] in ("expired", "rejected"):
                yield f"ghost: session {session} is {state_of[session]} and ran: {phases}"
            elif phases[-1] in OVER and phases[-1] != state_of[session]:
                yield f"session {session} is {state_of[session]} and ended on the device as {phases[-1]}"
    for each in commands:
        said = answered.get(each["id"], [])
        finals = {entry["state"] for entry in said if entry["state"] in FINAL}
        if len(finals) > 1:
            yield f"command {each['id']} was answered {sorted(finals)}"
        if each["type"] == "start":
            ran = each["session_id"] in begun
            if each["state"] in NEVER_RAN and ran:
                yield f"ghost: start {each['id']} is {each['state']} and its session ran"
            if each["state"] == "succeeded" and not ran:
                yield f"start {each['id']} succeeded and its session never ran"
        if each["state"] in ("cancelled",) or each["code"] == "never_sent" or (each["state"] == "expired" and not said):
            if said:
                yield f"command {each['id']} is {each['state']} as never sent, and the device answered {said[-1]['state']}"
        elif finals and each["state"] not in finals:
            yield f"command {each['id']} is {each['state']} and the device said {sorted(finals)}"
        elif not finals and each["state"] in FINAL:
            yield f"command {each['id']} is {each['state']} and the device never said so"
    for ident in answered.keys() - {each["id"] for each in commands}:
        yield f"a device answered command {ident}, which nobody gave"


def stops(entries, commands, actions):
    """A stop that the API showed as succeeded is in force: its session is over on the device, or never began."""
    done = {each["session_id"] for each in commands if each["type"] == "stop" and each["state"] == "succeeded"}
    done |= {entry["session"] for entry in entries
             if entry["what"] == "stop" and entry["status"] == 202 and entry["body"].get("state") == "succeeded"}
    for device, log in actions.items():
        for session, phases in _run(log)[0]:
            if session in done and phases[-1] not in OVER:
                yield f"session {session} was stopped and is {phases[-1]} on device {device}"


def samples(boots, taken):
    """1..n of every boot, each once, n as the device took them; what is missing was declared lost, and counted."""
    committed = {boot["boot_id"]: boot["committed"] for boot in boots}
    for each in taken:
        if committed.get(each["boot_id"], 0) < each["n"]:
            yield (f"boot {each['boot_id']} of device {each['device_id']}: {each['n']} samples taken, "
                   f"{committed.get(each['boot_id'], 0)} committed")
    for boot in boots:
        where = f"boot {boot['boot_id']} of device {boot['device_id']}"
        if boot["rows"] != boot["numbers"]:
            yield f"{where}: {boot['rows'] - boot['numbers']} samples twice"
        if boot["rows"] + boot["lost"] != boot["committed"]:
            yield f"{where}: {boot['rows']} samples and {boot['lost']} lost do not make {boot['committed']}"
        if boot["rows"] and (boot["last"] != boot["committed"] or (boot["first"] != 1 and not boot["lost"])):
            yield f"{where}: samples {boot['first']}..{boot['last']}, committed {boot['committed']}"
