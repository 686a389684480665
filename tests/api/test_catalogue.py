"""The catalogue: its kinds and entries, what carries each source out, and a site's own wording."""

import csv
import shutil
import threading
from pathlib import Path

from world import V1, json, ok, refused, routine, tap, uuid, world
from harness.server import Server

CATALOGUE = Path(__file__).resolve().parents[2] / "schema/catalogue"
ROWS = Path(__file__).resolve().parents[1] / "catalogue/seed-systems.tsv"
UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
KINDS = ("techniques", "zones", "reflex-points", "types", "goals", "additives", "notices", "preparations", "oil-recipes",
         "screening-rules", "course-templates", "hygiene-rules", "sources")


def file(kind):
    return json.loads((CATALOGUE / f"{kind}.json").read_text())


def where(kind, entry):
    return f"{V1}/catalogue/{kind}/{entry}"


def at(site):
    return {"site_id": site}


def new_site(w):
    return ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}"}), 201)["id"]


def copied(w, kind, entry, site, **changes):
    """A copy of the entry with these members changed, put; (the reply, the text sent)."""
    shown = w.api.get(where(kind, entry), params=at(site))
    text = {**ok(shown)["content"], **changes}
    return w.api.put(where(kind, entry), {"content": text}, params=at(site), headers={"If-Match": shown.headers["ETag"]}), text


# ---- reading ----

@tap.test
def the_index_names_every_kind_with_its_count_version_and_tag(w):
    kinds = {each["kind"]: each for each in ok(w.api.get(f"{V1}/catalogue"))["kinds"]}
    tap.equal(set(kinds), {*KINDS, "routines", "models"})
    for kind in KINDS:
        path = CATALOGUE / f"{kind}.json"
        expected = (len(file(kind)["entries"]), file(kind)["version"]) if path.exists() else (0, 0)
        tap.equal((kinds[kind]["count"], kinds[kind]["version"]), expected, kind)
        shown = w.api.get(kinds[kind]["url"])
        tap.equal(shown.headers["ETag"].replace("-gz", ""), kinds[kind]["etag"], kind)
    for kind in ("routines", "models"):
        tap.equal(ok(w.api.get(kinds[kind]["url"]))["next_cursor"], None)


@tap.test
@tap.rows(*(kind for kind in KINDS if kind != "sources" and (CATALOGUE / f"{kind}.json").exists()))
def a_kind_is_its_file_in_the_files_order(w, kind):
    shown = ok(w.api.get(f"{V1}/catalogue/{kind}"))
    tap.equal([each["content"] for each in shown["items"]], file(kind)["entries"])
    for each in shown["items"]:
        tap.equal((each["origin"], each["site_id"], each["copy"]), ("product", None, None))
    one = shown["items"][-1]
    tap.equal(ok(w.api.get(where(kind, one["id"]))), one)
    tap.check(shown["editable"], shown)


@tap.test
def what_is_not_in_the_catalogue_is_404(w):
    for path in ("catalogue/spells", "catalogue/techniques/levitation", "catalogue/spells/stroking", "catalogue/sources/type.none",
                 f"catalogue/techniques/stroking?site_id={UNKNOWN}"):
        refused(w.api.get(f"{V1}/{path}"), 404, "not_found")
    refused(w.api.get(f"{V1}/catalogue/techniques", params={"site_id": "here"}), 400, "invalid_query", "/site_id")


@tap.test
def an_answer_that_has_not_changed_is_304(w):
    for path in (f"{V1}/catalogue", f"{V1}/catalogue/sources", f"{V1}/catalogue/sources/type.classic", f"{V1}/catalogue/zones",
                 where("zones", "heel"), where("zones", "heel") + f"?site_id={w.sites[0]}"):
        first = w.api.get(path)
        again = w.api.get(path, headers={"If-None-Match": first.headers["ETag"]})
        tap.equal((again.status, again.body), (304, b""), again)
        tap.equal(again.headers["ETag"], first.headers["ETag"].replace("-gz", ""))


# ---- what carries a source out ----

@tap.test
def the_sources_are_the_rows_with_what_carries_each_out(w):
    rows = list(csv.DictReader(ROWS.open(), delimiter="\t", quoting=csv.QUOTE_NONE))
    items = ok(w.api.get(f"{V1}/catalogue/sources"))["items"]
    tap.equal([(each["id"], each["kind"], each["texts"]) for each in items],
              [(row["id"], row["kind"], row["seed"].split(",")) for row in rows])
    tap.equal([each["id"] for each in items if not each["entries"]], [], "rows that nothing carries out")
    by_id = {each["id"]: each for each in items}
    expected = [(source, (kind, entry["id"])) for kind in KINDS if (CATALOGUE / f"{kind}.json").exists()
                for entry in file(kind)["entries"] for source in entry.get("sources", ())]
    expected += [(source, ("routines", each["slug"])) for each in map(json.loads, map(Path.read_text, (CATALOGUE / "routines").glob("*.json")))
                 for source in each["sources"]]
    for source, link in expected:
        tap.contains([(each["kind"], each["id"]) for each in by_id[source]["entries"]], link, source)
    tap.contains(by_id["technique.soak"]["entries"], {"kind": "techniques", "id": "soak", "name": "Soak"})
    tap.contains([(each["kind"], each["id"]) for each in by_id["routine.relax-10"]["entries"]], ("routines", "relax-10"))
    tap.equal(ok(w.api.get(f"{V1}/catalogue/sources/reflex.arch-spine")), by_id["reflex.arch-spine"])


@tap.test
def a_routine_that_is_published_for_all_sites_shows_at_its_sources(w):
    def carried():
        return {each["id"] for each in ok(w.api.get(f"{V1}/catalogue/sources/type.vacuum"))["entries"] if each["kind"] == "routines"}
    before = carried()
    slugs = []
    for site in (None, w.sites[0]):
        made = w.api.post(f"{V1}/routines", routine(f"c-{uuid.uuid4().hex[:12]}", sources=["type.vacuum"]),
                          params={"site_id": site} if site else None)
        slugs.append(ok(made, 201)["slug"])
        tap.equal(carried(), before | set(slugs[:1]) - {made.json["slug"]}, "a draft is not there yet")
        ok(w.api.post(made.headers["Location"] + "/publish", headers={"If-Match": made.headers["ETag"]}))
    tap.equal(carried(), before | {slugs[0]}, "the other one is one site's own")


# ---- copies ----

@tap.test
def a_site_puts_an_entry_in_its_own_words_and_goes_back(w):
    site, other = new_site(w), w.sites[0]
    plain = w.api.get(where("techniques", "stroking"), params=at(site))
    made, text = copied(w, "techniques", "stroking", site, name="Ausstreichen", words="Mit flacher Hand, von den Zehen aufwärts.")
    entry = ok(made, 201)
    tap.equal((entry["origin"], entry["site_id"], entry["copy"]["version"], entry["copy"]["outdated"]), ("site", site, 1, False))
    tap.equal(entry["content"], text)
    tap.equal(w.api.get(made.headers["Location"]).json, entry)
    listed = {each["id"]: each for each in ok(w.api.get(f"{V1}/catalogue/techniques", params=at(site)))["items"]}
    tap.equal(listed["stroking"], entry)
    tap.equal(listed["kneading"]["origin"], "product")
    for elsewhere in (at(other), None):
        tap.equal(ok(w.api.get(where("techniques", "stroking"), params=elsewhere))["content"]["name"], "Stroking")
    tap.contains(ok(w.api.get(f"{V1}/catalogue/sources/technique.stroking"))["entries"],
                 {"kind": "techniques", "id": "stroking", "name": "Stroking"})
    again, text = copied(w, "techniques", "stroking", site, name="Streichen")
    tap.equal(ok(again)["copy"]["version"], 2)
    same = w.api.put(where("techniques", "stroking"), {"content": text}, params=at(site), headers={"If-Match": again.headers["ETag"]})
    tap.equal((ok(same), same.headers["ETag"]), (again.json, again.headers["ETag"]), "an equal copy changes nothing")
    gone = w.api.delete(where("techniques", "stroking"), params=at(site), headers={"If-Match": same.headers["ETag"]})
    tap.equal((gone.status, gone.body), (204, b""), gone)
    tap.equal(ok(w.api.get(where("techniques", "stroking"), params=at(site))), plain.json)
    tap.equal(ok(copied(w, "techniques", "stroking", site, name="Streichen")[0], 201)["copy"]["version"], 3)
    actions = [(each["action"], each["detail"]["version"]) for each in
               w.api.pages(f"{V1}/audit", {"site_id": site, "subject_id": "techniques/stroking"})]
    tap.equal(actions, [("catalogue.put", 3), ("catalogue.delete", 2), ("catalogue.put", 2), ("catalogue.put", 1)])


@tap.test
@tap.rows(("techniques", "kneading", {"traits": []}, "/content/traits", "not_one_of"),
          ("techniques", "kneading", {"choices": []}, "/content/choices", "not_one_of"),
          ("techniques", "tapping", {"by_hand": 1}, "/content/by_hand", "not_one_of"),
          ("techniques", "soak", {"water_c": 40}, "/content/water_c", "not_one_of"),
          ("techniques", "kneading", {"id": "rubbing"}, "/content/id", "not_one_of"),
          ("techniques", "kneading", {"least_s": 1}, "/content/least_s", "unknown_property"),
          ("techniques", "kneading", {"a/b~c": 1}, "/content/a~1b~0c", "unknown_property"),
          ("techniques", "kneading", {"name": ""}, "/content/name", "too_short"),
          ("techniques", "kneading", {"name": "x" * 81}, "/content/name", "too_long"),
          ("techniques", "kneading", {"words": "x" * 281}, "/content/words", "too_long"),
          ("techniques", "kneading", {"name": None}, "/content/name", "wrong_type"),
          ("techniques", "kneading", {"name": ["Kneten"]}, "/content/name", "wrong_type"),
          ("techniques", "kneading", {"name": "bell\u0007"}, "/content/name", "bad_format"),
          ("techniques", "kneading", {"name": "nul\u0000"}, "/content/name", "bad_format"),
          ("notices", "consult", {"shown": ["unit"]}, "/content/shown", "not_one_of"),
          ("additives", "salt", {"rinse": False}, "/content/rinse", "not_one_of"),
          ("zones", "heel", {"part_of": "leg"}, "/content/part_of", "not_one_of"),
          ("reflex-points", "spine", {"claim": "studied"}, "/content/claim", "not_one_of"),
          ("zones", "heel", {"sources": []}, "/content/sources", "not_one_of"),
          ("oil-recipes", "one-session", {"drops_max": 6}, "/content/drops_max", "out_of_range"),
          ("oil-recipes", "one-session", {"drops_min": 5, "drops_max": 4}, "/content/drops_max", "out_of_range"),
          ("oil-recipes", "one-session", {"base_tsp": 2.5}, "/content/base_tsp", "wrong_type"),
          ("oil-recipes", "one-session", {"bases": ["diesel"]}, "/content/bases", "not_one_of"),
          ("preparations", "skin-check", {"phase": "after"}, "/content/phase", "not_one_of"))
def a_copy_changes_nothing_but_what_a_site_may(w, kind, entry, changes, pointer, code):
    reply, _ = copied(w, kind, entry, w.sites[0], **changes)
    if code == "bad_format" and reply.status == 400:  # NUL: no JSON of ours
        tap.equal(reply.code, "malformed_json", reply)
    else:
        tap.equal(refused(reply, 422, "unprocessable", pointer)["code"], code)
    tap.equal(ok(w.api.get(where(kind, entry), params=at(w.sites[0])))["origin"], "product")


def schema_at(kind, path):
    """The schema of an entry's member."""
    whole = json.loads((CATALOGUE / f"schemas/{kind}.schema.json").read_text())

    def resolved(schema):
        while "$ref" in schema:
            target = whole
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema
    schema = resolved(whole["properties"]["entries"]["items"])
    for step in path.split("/")[1:]:
        schema = resolved(schema["items"] if step == "*" else schema["properties"][step])
    return schema


def members_at(entry, path, pointer=""):
    """(pointer, holder, key) of each member of the entry that the path names."""
    step, _, rest = path[1:].partition("/")
    keys = range(len(entry)) if step == "*" else [step] if step in entry else []
    for key in keys:
        if rest:
            yield from members_at(entry[key], f"/{rest}", f"{pointer}/{key}")
        else:
            yield f"{pointer}/{key}", entry, key


def beyond(schema):
    """(value, what follows the member's pointer, code) of what does not fit it."""
    if "enum" in schema:
        return [("none of them", "", "not_one_of"), (schema["enum"][0][:-1], "", "not_one_of"), (7, "", "wrong_type")]
    if schema["type"] == "string":
        return [("x" * (schema["maxLength"] + 1), "", "too_long"), ("", "", "too_short"), (7, "", "wrong_type"), ({}, "", "wrong_type")]
    if schema["type"] == "array":
        one = schema["items"]["enum"][0]
        return [(["none of them"], "/0", "not_one_of"), ([one, one], "/1", "not_one_of"), (one, "", "wrong_type")]
    wrong = [(schema["minimum"] - 1, "", "out_of_range"), (schema["maximum"] + 1, "", "out_of_range"), ("7", "", "wrong_type")]
    return wrong + ([(schema["minimum"] + 0.5, "", "wrong_type")] if schema["type"] == "integer" else [])


@tap.test(deadline_s=120)
def every_member_that_a_site_may_change_has_the_bounds_of_its_schema(w):
    site, tested = new_site(w), 0
    for kind in KINDS:
        if kind == "sources" or not (CATALOGUE / f"{kind}.json").exists():
            continue
        shown = ok(w.api.get(f"{V1}/catalogue/{kind}", params=at(site)))
        for path in shown["editable"]:
            text = next((item["content"] for item in shown["items"] if list(members_at(item["content"], path))), None)
            if text is None:
                continue
            pointer, holder, key = next(members_at(text, path))
            right = holder[key]
            for value, rest, code in beyond(schema_at(kind, path)):
                holder[key] = value
                reply = w.api.put(where(kind, text["id"]), {"content": text}, params=at(site), headers={"If-Match": "*"})
                tap.equal(refused(reply, 422, "unprocessable", f"/content{pointer}{rest}")["code"], code, f"{kind} {path}")
                tested += 1
            holder[key] = right
            reply = w.api.put(where(kind, text["id"]), {"content": text}, params=at(site), headers={"If-Match": "*"})
            tap.check(reply.status in (200, 201), reply)
    tap.check(tested > 30, tested)


@tap.test
def deep_members_of_a_copy_are_named_by_pointer(w):
    path, site = where("techniques", "kneading"), w.sites[0]
    shown = w.api.get(path, params=at(site))
    text = json.loads(json.dumps(shown.json["content"]))
    text["choices"][1]["level_percent"] = 100
    del text["choices"][0]["wave"]
    del text["name"]
    reply = w.api.put(path, {"content": text}, params=at(site), headers={"If-Match": shown.headers["ETag"]})
    for pointer, code in (("/content/choices/1/level_percent", "not_one_of"), ("/content/choices/0/wave", "missing"),
                          ("/content/name", "missing")):
        tap.equal(refused(reply, 422, "unprocessable", pointer)["code"], code)
    for body, pointer in (({}, "/content"), ({"content": []}, "/content"), ({"content": {}, "x": 1}, "/x")):
        refused(w.api.put(path, body, params=at(site), headers={"If-Match": "*"}), 400, "invalid_body", pointer)
    refused(w.api.put(path, {"content": text, }, headers={"If-Match": "*"}), 400, "invalid_query", "/site_id")
    refused(w.api.delete(path, headers={"If-Match": "*"}), 400, "invalid_query", "/site_id")


@tap.test
def texts_are_measured_in_characters(w):
    site = new_site(w)
    ok(copied(w, "zones", "heel", site, name="足" * 80)[0], 201)
    refused(copied(w, "zones", "heel", site, name="足" * 81)[0], 422, "unprocessable", "/content/name")


@tap.test
def a_copy_is_put_only_over_what_was_read(w):
    site, path = new_site(w), where("zones", "heel")
    shown = w.api.get(path, params=at(site))
    text = {"content": {**shown.json["content"], "name": "Ferse"}}
    refused(w.api.put(path, text, params=at(site)), 428, "precondition_required")
    refused(w.api.put(path, text, params=at(site), headers={"If-Match": '"stale"'}), 412, "precondition_failed")
    refused(w.api.put(path, text, params=at(site), headers={"If-None-Match": '"x"'}), 400, "invalid_header")
    refused(w.api.put(path, text, params=at(site), headers={"If-Match": w.api.get(path).headers["ETag"]}), 412, "precondition_failed")
    refused(w.api.delete(path, params=at(site), headers={"If-Match": "*"}), 404, "not_found")
    ok(w.api.put(path, text, params=at(site), headers={"If-None-Match": "*"}), 201)
    refused(w.api.put(path, text, params=at(site), headers={"If-None-Match": "*"}), 412, "precondition_failed")
    refused(w.api.put(path, text, params=at(site), headers={"If-Match": shown.headers["ETag"]}), 412, "precondition_failed")
    refused(w.api.delete(path, params=at(site)), 428, "precondition_required")
    refused(w.api.delete(path, params=at(site), headers={"If-Match": shown.headers["ETag"]}), 412, "precondition_failed")
    tap.equal(w.api.delete(path, params=at(site), headers={"If-Match": "*"}).status, 204)


@tap.test
def of_many_that_write_over_the_same_reading_one_wins(w):
    site, path = new_site(w), where("notices", "consult")
    shown = w.api.get(path, params=at(site))
    replies = []

    def write(n):
        text = {"content": {**shown.json["content"], "words": f"Words of {n}."}}
        replies.append(w.api.put(path, text, params=at(site), headers={"If-Match": shown.headers["ETag"]}))
    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(reply.status for reply in replies), [201] + [412] * 5, replies)
    won = next(reply for reply in replies if reply.status == 201)
    tap.equal(ok(w.api.get(path, params=at(site))), won.json)


@tap.test
def only_managers_of_the_site_change_its_copies(w):
    site, path = w.sites[0], where("zones", "arch")
    text = {"content": {**ok(w.api.get(path))["content"], "name": "Gewölbe"}}
    for role in ("viewer", "operator"):
        reader = w.as_role(role, [site])
        ok(reader.get(path, params=at(site)))
        refused(reader.put(path, text, params=at(site), headers={"If-Match": "*"}), 403, "forbidden")
        refused(reader.delete(path, params=at(site), headers={"If-Match": "*"}), 403, "forbidden")
    manager = w.as_role("manager", [site])
    refused(manager.get(path, params=at(w.sites[1])), 404, "not_found")
    refused(manager.get(f"{V1}/catalogue/zones", params=at(w.sites[1])), 404, "not_found")
    refused(manager.put(path, text, params=at(w.sites[1]), headers={"If-Match": "*"}), 404, "not_found")
    made = manager.put(path, text, params=at(site), headers={"If-Match": "*"})
    ok(made, 201)
    refused(w.as_role("manager", [w.sites[1]]).get(path, params=at(site)), 404, "not_found")
    tap.equal(manager.delete(path, params=at(site), headers={"If-Match": made.headers["ETag"]}).status, 204)


@tap.test
def sources_are_facts_and_not_edited(w):
    for method in ("PUT", "DELETE"):
        refused(w.api.request(method, where("sources", "type.classic")), 405, "method_not_allowed")


# ---- replicas, and the catalogue of a later release ----

@tap.test
def another_replica_shows_a_change_at_once(w):
    site, path = new_site(w), where("zones", "calf")
    mirror = w.observed(w.spa.another_server().client(w.api.token))
    tap.equal(ok(mirror.get(path, params=at(site)))["origin"], "product")
    for n in range(5):
        made, text = copied(w, "zones", "calf", site, name=f"Wade {n}")
        tap.check(made.status in (200, 201), made)
        tap.equal(ok(mirror.get(path, params=at(site)))["content"], text)
        tap.equal(mirror.get(path, params=at(site)).headers["ETag"], made.headers["ETag"])


@tap.test(deadline_s=120)
def a_reader_never_sees_less_than_what_was_answered_before_it_asked(w):
    site, path, answered, wrong = new_site(w), where("zones", "knee"), [0], []

    def read():
        while answered[0] < 25:
            known = answered[0]
            copy = ok(w.api.get(path, params=at(site)))["copy"]
            if (copy["version"] if copy else 0) < known:
                wrong.append((copy, known))
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(25):
        made, _ = copied(w, "zones", "knee", site, name=f"Knie {n}")
        answered[0] = made.json["copy"]["version"] if made.status in (200, 201) else 99
    for reader in readers:
        reader.join()
    tap.equal((answered[0], wrong), (25, []))


@tap.test(deadline_s=120)
def more_sites_than_are_remembered_each_see_their_own(w):
    sites = [new_site(w) for _ in range(40)]
    for number, site in enumerate(sites[::8]):
        ok(copied(w, "zones", "shin", site, name=f"Shin {number}")[0], 201)
    for _ in range(2):
        for number, site in enumerate(sites):
            entry = ok(w.api.get(where("zones", "shin"), params=at(site)))
            own = number % 8 == 0
            tap.equal((entry["site_id"], entry["content"]["name"]), (site, f"Shin {number // 8}" if own else "shin"))


class Release:
    """Another release's catalogue: a copy of ours that a test changes and loads."""

    def __init__(self, w, name):
        self.w, self.folder = w, w.spa.state / name
        shutil.copytree(CATALOGUE, self.folder)

    def change(self, kind, edit, version=None):
        path = self.folder / f"{kind}.json"
        data = json.loads(path.read_text())
        edit(data["entries"])
        data["version"] = version or data["version"]
        path.write_text(json.dumps(data, indent=1))

    def load(self, check=True):
        server = Server(self.w.spa.state / "log/migrate.log", self.w.spa.database_url, None,
                        env={"PEDILUVE_CATALOGUE_DIR": str(self.folder)})
        return server.run("migrate", check=check)


def additive(entries, name):
    return next(each for each in entries if each["id"] == name)


@tap.test
def a_later_release_makes_new_versions_retires_what_is_gone_and_keeps_copies(w):
    site = new_site(w)
    for name in ("honey", "clay", "salt"):
        ok(copied(w, "additives", name, site, name=f"Our {name}")[0], 201)
    versions = {each["id"]: each["version"] for each in ok(w.api.get(f"{V1}/catalogue/additives"))["items"]}

    def later(entries):
        additive(entries, "honey")["words"] = "One spoon."
        additive(entries, "salt")["rinse"] = False
        entries.remove(additive(entries, "clay"))
        entries.insert(0, {**additive(entries, "salt"), "id": "herbs", "name": "Herbs", "part": 0.1})
    release = Release(w, "later")
    release.change("additives", later, version=7)
    release.load()
    shown = ok(w.api.get(f"{V1}/catalogue/additives"))
    tap.equal((shown["version"], [each["id"] for each in shown["items"]]), (7, ["herbs", "salt", "honey"]))
    ours = {each["id"]: each for each in ok(w.api.get(f"{V1}/catalogue/additives", params=at(site)))["items"]}
    tap.equal((ours["honey"]["version"], ours["honey"]["content"]["name"]), (versions["honey"] + 1, "Our honey"))
    tap.equal(ours["honey"]["copy"]["outdated"], False, "a copy of the old wording, which a site may have")
    tap.equal((ours["salt"]["content"]["rinse"], ours["salt"]["content"]["name"]), (False, "Our salt"), "the product's facts count")
    tap.equal(ours["salt"]["copy"]["outdated"], True)
    refused(w.api.get(where("additives", "clay"), params=at(site)), 404, "not_found")
    herbs = copied(w, "additives", "herbs", site, name="Our herbs")[0]
    tap.contains(herbs.body, b'"part":0.1', "numbers keep their spelling")
    tap.contains(w.api.get(where("additives", "herbs")).body, b'"part": 0.1')
    entries = [each for each in w.api.pages(f"{V1}/audit", {"action": "catalogue.load", "subject_id": "additives"})]
    tap.equal(entries[0]["detail"], {"version": 7, "changed": ["herbs", "honey", "salt"], "retired": ["clay"]})

    tag = w.api.get(f"{V1}/catalogue/additives").headers["ETag"]
    release.load()
    Release(w, "older").load()
    tap.equal(w.api.get(f"{V1}/catalogue/additives").headers["ETag"], tag, "an older release that starts late undoes nothing")
    tap.equal(len(list(w.api.pages(f"{V1}/audit", {"action": "catalogue.load", "subject_id": "additives"}))), len(entries))

    release.change("additives", lambda entries: entries.append(additive(file("additives")["entries"], "clay")), version=8)
    release.load()
    back = ok(w.api.get(where("additives", "clay"), params=at(site)))
    tap.equal((back["version"], back["content"]["name"]), (versions["clay"] + 1, "Our clay"))


@tap.test
def replicas_that_start_at_once_load_a_release_once(w):
    release = Release(w, "together")
    release.change("notices", lambda entries: entries[0].update(words="Stop."), version=3)
    threads = [threading.Thread(target=release.load) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(ok(w.api.get(where("notices", "stop-on-discomfort")))["version"], 2)
    loads = [each["detail"] for each in w.api.pages(f"{V1}/audit", {"action": "catalogue.load", "subject_id": "notices"})]
    tap.equal(len([each for each in loads if each["version"] == 3]), 1, loads)


@tap.test
@tap.rows(("a key is twice", lambda text: text.replace('"kind"', '"version": 1, "kind"'), "stands twice"),
          ("an id twice", lambda text: text.replace('"honey"', '"salt"'), "/entries/1/id"),
          ("no id", lambda text: text.replace('"id": "honey"', '"it": "honey"'), "/entries/1/id"),
          ("an id that is none", lambda text: text.replace('"honey"', '"Honey!"'), "/entries/1/id"),
          ("an unknown kind", lambda text: text.replace('"additives"', '"spells"'), "/kind"),
          ("no version", lambda text: text.replace('"version": 1', '"version": 0'), "/version"),
          ("no list", lambda text: '{"kind": "additives", "version": 1, "entries": {}}', "/entries"))
def a_file_that_is_wrong_is_named_and_changes_nothing(w, what, spoil, words):
    release = Release(w, f"wrong-{uuid.uuid4().hex[:8]}")
    tag = w.api.get(f"{V1}/catalogue/additives").headers["ETag"]
    path = release.folder / "additives.json"
    path.write_text(spoil(path.read_text()))
    done = release.load(check=False)
    tap.equal(done.returncode, 1, done)
    tap.contains(done.stderr, "additives.json")
    tap.contains(done.stderr, words)
    tap.equal(w.api.get(f"{V1}/catalogue/additives").headers["ETag"], tag)


tap.main(world)
