"""Routines out and in: what is exported can be imported, all of it or nothing."""

from pathlib import Path

from world import V1, json, key, ok, refused, routine, tap, uuid, world

FILES = Path(__file__).resolve().parents[2] / "schema/catalogue/routines"


def slug():
    return f"x-{uuid.uuid4().hex[:12]}"


def document(*entries, **more):
    return {"kind": "routines", "version": 1, "entries": list(entries), **more}


def bring(w, *entries, client=None, **query):
    return (client or w.api).post(f"{V1}/routines/import", document(*entries), params=query)


def there(w, name):
    return w.api.get(f"{V1}/routines/{name}/versions").status == 200


# ---- out ----

@tap.test
def all_routines_are_exported_as_they_were_written(w):
    reply = w.api.get(f"{V1}/routines/export")
    whole = ok(reply)
    tap.equal(reply.headers["Content-Disposition"], 'attachment; filename="routines.json"')
    found = {each["slug"]: each for each in whole["entries"]}
    for path in FILES.glob("*.json"):
        written = json.loads(path.read_text())
        tap.equal(found[written["slug"]].keys(), written.keys())
        defaults = {"mode": "auto", "ends": "confirm", "side": "both"}
        for member, value in written.items():
            if member == "steps":
                value = [{name: each for name, each in step.items() if defaults.get(name) != each} for step in value]
            tap.equal(found[written["slug"]][member], value, path)
    tap.equal(list(whole["entries"][0])[:3], ["slug", "name", "summary"])
    tap.equal(w.api.get(f"{V1}/routines/export", headers={"If-None-Match": reply.headers["ETag"]}).status, 304)


@tap.test
def an_export_takes_the_filters_of_the_list(w):
    for query in ({"type": "therapy"}, {"q": "heel"}, {"model": "bath-basic", "goal": "pain"}, {"q": "nothing-like-it"}):
        listed = [each["slug"] for each in w.api.pages(f"{V1}/routines", query)]
        tap.equal([each["slug"] for each in ok(w.api.get(f"{V1}/routines/export", params=query))["entries"]], listed)
    refused(w.api.get(f"{V1}/routines/export", params={"limit": 3}), 400, "invalid_query", "/limit")


@tap.test
def one_version_is_exported_too_also_a_draft(w):
    name = slug()
    made = w.api.post(f"{V1}/routines", routine(name))
    reply = w.api.get(made.headers["Location"] + "/export")
    tap.equal(ok(reply), document(routine(name)))
    tap.equal(reply.headers["Content-Disposition"], f'attachment; filename="{name}-1.json"')
    refused(w.api.get(f"{V1}/routines/{name}/versions/2/export"), 404, "not_found")
    refused(w.as_role("viewer", [w.sites[1]]).get(f"{V1}/routines/no-such/versions/1/export"), 404, "not_found")


# ---- in ----

@tap.test
def what_was_exported_is_imported_under_other_names(w):
    whole = ok(w.api.get(f"{V1}/routines/export", params={"state": "published"}))["entries"]
    renamed = [{**each, "slug": slug()} for each in whole * 3]
    tap.check(len(json.dumps(document(*renamed))) > 65536, "more than other bodies may have")
    tried = ok(bring(w, *renamed, dry_run="true", site_id=w.sites[0]))
    tap.check(not any(there(w, each["slug"]) for each in renamed), "a dry run writes nothing")
    done = ok(bring(w, *renamed, site_id=w.sites[0]))
    tap.equal({**tried, "dry_run": False}, done)
    tap.equal(done["items"], [{"slug": each["slug"], "version": 1, "is_new": True} for each in renamed])
    for each in renamed:
        one = ok(w.api.get(f"{V1}/routines/{each['slug']}/versions/1"))
        tap.equal((one["state"], one["site_id"], one["content"]), ("draft", w.sites[0], each))
        tap.equal(ok(w.api.get(f"{V1}/routines/{each['slug']}/versions/1/export")), document(each))


@tap.test
def a_slug_that_is_there_refuses_all_of_it_or_gets_its_next_draft(w):
    old, new = w.new_routine([routine("x")["steps"][0]]), slug()
    both = routine(new), routine(old, summary="Next")
    problem = bring(w, *both)
    tap.contains(refused(problem, 409, "conflict", "/entries/1/slug")["detail"], "existing=draft")
    tap.check(not there(w, new), "nothing was imported")
    refused(bring(w, *both, dry_run="true"), 409, "conflict", "/entries/1/slug")
    tap.equal(ok(bring(w, *both, existing="draft"))["items"],
              [{"slug": new, "version": 1, "is_new": True}, {"slug": old, "version": 2, "is_new": False}])
    tap.equal(ok(w.api.get(f"{V1}/routines/{old}"))["version"], 1)
    problem = bring(w, *both, existing="draft")
    for i in range(2):
        tap.contains(refused(problem, 409, "conflict", f"/entries/{i}/slug")["detail"], "has a draft")
    tap.equal(ok(w.api.get(f"{V1}/routines/{old}/versions/2"))["content"]["summary"], "Next")


@tap.test
def every_fault_of_every_entry_is_named(w):
    good, step = slug(), routine("x")["steps"][0]
    odd = {**routine(slug()), "colour": 1}
    problem = bring(w, routine(good), odd, routine(slug(), [{**step, "intensity": 101}]), {})
    for pointer in ("/entries/1/colour", "/entries/2/steps/0/intensity", "/entries/3/slug", "/entries/3/steps"):
        refused(problem, 400, "invalid_body", pointer)
    problem = bring(w, routine(good), routine("No Slug"), routine(slug(), [{**step, "repetitions": 2}]), routine(good),
                    routine("import"))
    for pointer in ("/entries/1/slug", "/entries/2/steps/0", "/entries/3/slug", "/entries/4/slug"):
        refused(problem, 422, "unprocessable", pointer)
    tap.check(not there(w, good), "nothing was imported")


@tap.test
@tap.rows(("kind", "zones"), ("version", 2), ("entries", []), ("entries", [1]), ("entries", [[]]), ("entries", {}), ("more", 1))
def a_document_of_another_kind_is_refused(w, member, value):
    pointer = "/entries/0" if value in ([1], [[]]) else f"/{member}"
    refused(w.api.post(f"{V1}/routines/import", document(routine(slug()), **{member: value})), 400, "invalid_body", pointer)


@tap.test
def an_import_has_a_limit(w):
    many = [routine(f"m-{i}") for i in range(201)]
    refused(w.api.post(f"{V1}/routines/import", document(*many)), 400, "invalid_body", "/entries")
    refused(w.api.post(f"{V1}/routines/import", {"kind": "x" * (1 << 20)}), 413, "too_large")
    refused(bring(w, routine(slug()), dry_run="maybe"), 400, "invalid_query", "/dry_run")
    refused(bring(w, routine(slug()), existing="overwrite"), 400, "invalid_query", "/existing")


@tap.test
def who_imports_needs_the_site(w):
    name, of_here = slug(), w.as_role("manager", [w.sites[0]])
    refused(bring(w, routine(name), client=of_here), 403, "forbidden")
    refused(bring(w, routine(name), client=of_here, site_id=w.sites[1]), 403, "forbidden")
    refused(bring(w, routine(name), client=w.as_role("operator"), site_id=w.sites[0]), 403, "forbidden")
    problem = bring(w, routine("relax-10"), client=of_here, site_id=w.sites[0], existing="draft")
    tap.contains(refused(problem, 409, "conflict", "/entries/0/slug")["detail"], "belongs to others")
    ok(bring(w, routine(name), client=of_here, site_id=w.sites[0]))
    refused(w.as_role("viewer", [w.sites[1]]).get(f"{V1}/routines/{name}/versions/1"), 404, "not_found")


@tap.test
def an_import_is_carried_out_once_under_its_key(w):
    named, entry = key(), routine(slug())
    first = w.api.post(f"{V1}/routines/import", document(entry), headers=named)
    again = w.api.post(f"{V1}/routines/import", document(entry), headers=named)
    ok(first)
    tap.equal((again.status, again.body, again.headers.get("Idempotency-Replayed")), (200, first.body, "true"))


tap.main(world)
