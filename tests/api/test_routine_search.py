"""Finding routines: every filter alone and together, words in any spelling, and pages that leave nothing out."""

from world import V1, ok, refused, routine, tap, uuid, world

BY_MACHINE = {"technique": "stroking", "zones": ["sole"], "duration_s": 120, "intensity": 30, "mode": "device"}
BY_HAND = {"technique": "side-turn", "duration_s": 60}


def find(w, **query):
    return [each["slug"] for each in w.api.pages(f"{V1}/routines", query)]


@tap.test
def every_filter_agrees_with_what_is_shown(w):
    everything = list(w.api.pages(f"{V1}/routines"))
    checks = [("type", each, lambda r, v: r["type"] == v) for each in
              ("classic", "anti-cellulite", "acupressure", "lymphatic-drainage", "vacuum", "therapy")]
    checks += [("goal", each, lambda r, v: v in r["goals"]) for each in ("pain", "sleep", "lymph", "neuropathy", "energy")]
    checks += [("model", each, lambda r, v: v in r["models"]) for each in ("spa-pro", "bath-basic", "by-hand", "no-such")]
    checks += [("hands", each, lambda r, v: r["hands"] == v) for each in ("device", "guided", "mixed")]
    checks += [("duration_min_s", each, lambda r, v: r["duration_s"] >= v) for each in (1, 600, 601, 7200)]
    checks += [("duration_max_s", each, lambda r, v: r["duration_s"] <= v) for each in (1, 599, 600, 7200)]
    for name, value, fits in checks:
        tap.equal(find(w, **{name: value}), [each["slug"] for each in everything if fits(each, value)], (name, value))
    both = find(w, model="bath-basic", goal="sleep", duration_max_s=600, hands="device")
    tap.check("relax-10" in both, both)
    tap.equal(both, [each["slug"] for each in everything if "bath-basic" in each["models"] and "sleep" in each["goals"]
                     and each["duration_s"] <= 600 and each["hands"] == "device"])


@tap.test
def each_type_has_a_routine_that_runs(w):
    for kind in ("classic", "anti-cellulite", "acupressure", "lymphatic-drainage", "vacuum", "therapy"):
        tap.check(find(w, type=kind, model="spa-pro"), kind)


@tap.test
def a_model_finds_just_what_can_be_previewed_for_it(w):
    for model in ("spa-pro", "bath-basic", "by-hand"):
        runs = [each["slug"] for each in w.api.pages(f"{V1}/routines")
                if w.api.post(f"{V1}/routines/{each['slug']}/preview", {"model": model}).status == 200]
        tap.equal(find(w, model=model), runs)
    tap.check("lymph-legs" in find(w, model="spa-pro") and "lymph-legs" not in find(w, model="bath-basic"), "no air cells")


@tap.test
def words_are_found_whatever_their_case_accents_and_script(w):
    mark = uuid.uuid4().hex[:8]
    made = {}
    for name, summary in (("Crème brûlée für die Füße", "Nach dem Łyżwy"), ("Массаж стоп", "для отдыха"), ("足つぼ", "゛")):
        slug = f"s-{uuid.uuid4().hex[:12]}"
        made[name] = slug
        reply = w.api.post(f"{V1}/routines", routine(slug, name=name, summary=f"{summary} {mark}", goals=["sleep"]))
        ok(w.api.post(reply.headers["Location"] + "/publish", headers={"If-Match": reply.headers["ETag"]}))
    creme, massage, tsubo = made.values()
    for q, found in (("creme", {creme}), ("CRÈME", {creme}), ("cre\u0300me FUSSE", {creme}), ("füße brulee", {creme}), ("lyzwy", {creme}),
                     ("массаж", {massage}), ("МАССАЖ", {massage}), ("massazh stop", {massage}), ("足つぼ", {tsubo}),
                     ("stroking", set(made.values())), ("ｓｔｒｏｋｉｎｇ", set(made.values())), ("sleep classic", set(made.values())),
                     ("creme stop", set())):
        tap.equal(set(find(w, q=f"{q} {mark}")), found, q)
    tap.check("heel-spur" in find(w, q="Heel, SALT!"), "several words are all of them")
    tap.check("heel-spur" not in find(w, q="heel hand"), "several words are all of them")


@tap.test
def pages_of_one_find_the_same_as_one_page(w):
    for query in ({}, {"goal": "pain"}, {"q": "foot"}, {"model": "bath-basic", "hands": "guided"}):
        tap.equal(find(w, limit=1, **query), find(w, limit=200, **query))


@tap.test
def what_is_known_of_a_routine_follows_its_draft(w):
    slug = f"s-{uuid.uuid4().hex[:12]}"
    made = w.api.post(f"{V1}/routines", routine(slug, [BY_MACHINE]))
    tap.equal([made.json[each] for each in ("hands", "steps", "confirms", "duration_s", "duration_max_s", "models")],
              ["device", 1, 0, 120, 120, ["bath-basic", "spa-pro"]])
    changed = w.api.put(made.headers["Location"], routine(slug, [BY_MACHINE, BY_HAND, {**BY_MACHINE, "technique": "lymph-wave"}]),
                        headers={"If-Match": made.headers["ETag"]})
    tap.equal([ok(changed)[each] for each in ("hands", "steps", "confirms", "duration_s", "duration_max_s", "models")],
              ["mixed", 3, 1, 300, 600, ["spa-pro"]])
    tap.check(slug in find(w, state="draft", hands="mixed", q="lymphatic"), "drafts are found too")
    tap.check(slug not in find(w), "but only when asked for")


@tap.test
def what_was_written_before_is_known_after_migrate(w):
    """As after an update: versions that were published by a server that knew less."""
    before = list(w.api.pages(f"{V1}/routines"))
    tags = [w.api.get(f"{V1}/routines/{each['slug']}").headers["ETag"] for each in before]
    w.spa.sql("""UPDATE routine_version SET type = NULL, goals = NULL, hands = NULL, steps = NULL, confirms = NULL, duration_s = NULL,
                 duration_max_s = NULL, words = NULL, models = NULL""")
    tap.equal(find(w, q="foot"), [])
    w.spa.server.migrate()
    tap.equal(list(w.api.pages(f"{V1}/routines")), before)
    tap.equal([w.api.get(f"{V1}/routines/{each['slug']}").headers["ETag"] for each in before], tags)


@tap.test
@tap.rows(("type", "bogus"), ("goal", "wealth"), ("hands", "none"), ("state", "gone"), ("q", ""), ("q", "x" * 201), ("q", "..."),
          ("model", ""), ("model", "x" * 33), ("duration_min_s", "0"), ("duration_max_s", "7201"), ("duration_min_s", "ten"))
def a_filter_that_makes_no_sense_is_refused(w, name, value):
    refused(w.api.get(f"{V1}/routines", params={name: value}), 400, "invalid_query", f"/{name}")
    refused(w.api.get(f"{V1}/routines/export", params={name: value}), 400, "invalid_query", f"/{name}")


@tap.test
def the_least_must_not_be_over_the_most(w):
    refused(w.api.get(f"{V1}/routines", params={"duration_min_s": 61, "duration_max_s": 60}), 400, "invalid_query", "/duration_min_s")


@tap.test
def a_site_finds_its_own_and_those_for_all(w):
    here = w.new_routine([BY_MACHINE], site=w.sites[0])
    tap.check(here in [each["slug"] for each in w.as_role("viewer", [w.sites[0]]).pages(f"{V1}/routines", {"hands": "device"})], here)
    stranger = [each["slug"] for each in w.as_role("viewer", [w.sites[1]]).pages(f"{V1}/routines", {"hands": "device"})]
    tap.check(here not in stranger and "relax-10" in stranger, stranger)
    tap.equal(find(w, site_id=w.sites[0], hands="device"), [here])


tap.main(world)
