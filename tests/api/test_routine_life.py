"""What becomes of a routine's versions: retired, deleted, copied, compared."""

import threading

from world import V1, key, ok, order, refused, routine, tap, until, uuid, world

STEP = {"technique": "stroking", "zones": ["sole"], "duration_s": 60, "intensity": 30}


def slug():
    return f"l-{uuid.uuid4().hex[:12]}"


def draft(w, name, **more):
    made = w.api.post(f"{V1}/routines", routine(name, **more))
    ok(made, 201)
    return made


def publish(w, made):
    reply = w.api.post(made.headers["Location"] + "/publish", headers={"If-Match": made.headers["ETag"]})
    ok(reply)
    return reply


def version(name, number):
    return f"{V1}/routines/{name}/versions/{number}"


# ---- retiring ----

@tap.test
def a_retired_version_starts_no_session_and_lets_the_running_one_end(w):
    name = slug()
    publish(w, draft(w, name))
    made = w.new_device()
    device = w.play(made)
    running = ok(w.api.post(f"{V1}/sessions", order(made["id"], name)), 201)
    device.carry_out("start", "running")
    retired = w.api.post(version(name, 1) + "/retire")
    tap.equal(ok(retired)["state"], "retired")
    refused(w.api.get(f"{V1}/routines/{name}"), 404, "not_found")
    refused(w.api.post(f"{V1}/sessions", order(w.new_device()["id"], name)), 404, "not_found", "/routine")
    tap.equal(ok(w.api.get(version(name, 1)))["state"], "retired")
    device.tell("completed", remaining_ms=0)
    until(lambda: ok(w.api.get(f"{V1}/sessions/{running['id']}"))["state"] == "completed", 10, "the session to end")
    again = w.api.post(version(name, 1) + "/retire", {})
    tap.equal((ok(again)["state"], again.headers["ETag"]), ("retired", retired.headers["ETag"]))
    device.close()


@tap.test
def an_older_version_does_not_come_back_by_itself_but_as_a_copy(w):
    name = slug()
    publish(w, draft(w, name, summary="First"))
    publish(w, draft(w, name, summary="Second"))
    tap.equal(ok(w.api.get(f"{V1}/routines/{name}"))["version"], 2)
    ok(w.api.post(version(name, 2) + "/retire"))
    refused(w.api.get(f"{V1}/routines/{name}"), 404, "not_found")
    tap.equal([each["slug"] for each in w.api.pages(f"{V1}/routines", {"state": "retired"}) if each["slug"] == name], [name])
    refused(w.api.post(version(name, 1) + "/publish", headers={"If-Match": "*"}), 409, "version_published")
    refused(w.api.post(f"{V1}/routines/{name}/copy", {"slug": name}), 404, "not_found")
    made = w.api.post(f"{V1}/routines/{name}/copy", {"slug": name, "version": 1})
    tap.equal((ok(made, 201)["version"], made.json["content"]["summary"]), (3, "First"))
    refused(w.api.post(f"{V1}/routines/{name}/copy", {"slug": name, "version": 2}), 409, "conflict", "/slug")
    publish(w, made)
    tap.equal(ok(w.api.get(f"{V1}/routines/{name}"))["version"], 3)


@tap.test
def only_what_is_published_is_retired_and_only_by_who_may(w):
    name = slug()
    draft(w, name)
    tap.contains(refused(w.api.post(version(name, 1) + "/retire"), 409, "conflict")["detail"], "is a draft")
    refused(w.api.post(version(name, 0) + "/retire"), 404, "not_found")
    refused(w.api.post(version(name, 9) + "/retire"), 404, "not_found")
    refused(w.as_role("operator").post("/api/v1/routines/relax-10/versions/1/retire"), 403, "forbidden")
    of_one = w.as_role("manager", [w.sites[0]])
    refused(of_one.post("/api/v1/routines/relax-10/versions/1/retire"), 403, "forbidden")
    refused(of_one.post(version(name, 1) + "/publish", headers={"If-Match": "*"}), 403, "forbidden")
    refused(of_one.delete(version(name, 1), headers={"If-Match": "*"}), 403, "forbidden")
    tap.equal(ok(w.api.get(f"{V1}/routines/relax-10"))["state"], "published")


# ---- deleting ----

@tap.test
def a_draft_is_deleted_as_it_was_read_and_a_published_version_never(w):
    name = slug()
    made = draft(w, name)
    path, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    refused(w.api.delete(path), 428, "precondition_required")
    ok(w.api.put(path, routine(name, summary="x"), headers=tag))
    refused(w.api.delete(path, headers=tag), 412, "precondition_failed")
    tap.equal(w.api.delete(path, headers={"If-Match": "*"}).status, 204)
    refused(w.api.get(path), 404, "not_found")
    refused(w.api.get(f"{V1}/routines/{name}/versions"), 404, "not_found")
    refused(w.api.delete(path, headers={"If-Match": "*"}), 404, "not_found")
    made = draft(w, name)
    tap.equal(made.json["version"], 1)
    publish(w, made)
    refused(w.api.delete(path, headers={"If-Match": "*"}), 409, "version_published")
    tap.equal(w.api.delete(draft(w, name).headers["Location"], headers={"If-Match": "*"}).status, 204)
    tap.equal(ok(w.api.get(f"{V1}/routines/{name}"))["version"], 1)


@tap.test
def of_two_who_publish_and_delete_at_once_one_wins(w):
    for _ in range(5):
        made, replies = draft(w, slug()), []
        path, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        threads = [threading.Thread(target=lambda: replies.append(w.api.post(f"{path}/publish", headers=tag))),
                   threading.Thread(target=lambda: replies.append(w.api.delete(path, headers=tag)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tap.equal(sum(reply.status < 300 for reply in replies), 1, replies)
        tap.check(all(reply.status in (200, 204, 404, 409, 412) for reply in replies), replies)


# ---- copying ----

@tap.test
def a_copy_is_a_draft_of_its_own_for_a_site(w):
    name, here = slug(), w.sites[0]
    source = ok(w.api.get(f"{V1}/routines/relax-10"))
    of_here = w.as_role("manager", [here])
    refused(of_here.post(f"{V1}/routines/relax-10/copy", {"slug": name}), 403, "forbidden")
    refused(of_here.post(f"{V1}/routines/relax-10/copy", {"slug": name, "site_id": w.sites[1]}), 403, "forbidden")
    made = of_here.post(f"{V1}/routines/relax-10/copy", {"slug": name, "name": "Füße hier", "site_id": here})
    tap.equal((ok(made, 201)["state"], made.json["version"], made.json["site_id"]), ("draft", 1, here))
    tap.equal(made.headers["Location"], version(name, 1))
    tap.equal(made.json["content"], {**source["content"], "slug": name, "name": "Füße hier"})
    tap.equal((made.json["models"], made.json["duration_s"]), (source["models"], source["duration_s"]))
    changed = of_here.put(made.headers["Location"], {**made.json["content"], "summary": "Ours"}, headers={"If-Match": made.headers["ETag"]})
    ok(of_here.post(made.headers["Location"] + "/publish", headers={"If-Match": changed.headers["ETag"]}), 200)
    refused(w.as_role("manager", [w.sites[1]]).get(f"{V1}/routines/{name}"), 404, "not_found")
    tap.equal(ok(w.api.get(f"{V1}/routines/relax-10")), source)


@tap.test
@tap.rows(({"slug": "No Slug"}, 422, "unprocessable", "/slug"), ({"slug": "export"}, 422, "unprocessable", "/slug"),
          ({"slug": "heel-spur"}, 409, "conflict", "/slug"), ({"slug": ""}, 400, "invalid_body", "/slug"),
          ({}, 400, "invalid_body", "/slug"), ({"slug": "x" * 65}, 400, "invalid_body", "/slug"),
          ({"slug": "fine", "name": "x" * 81}, 400, "invalid_body", "/name"),
          ({"slug": "fine", "version": 0}, 400, "invalid_body", "/version"),
          ({"slug": "fine", "site_id": "here"}, 400, "invalid_body", "/site_id"),
          ({"slug": "fine", "version": 99}, 404, "not_found", None))
def a_copy_that_cannot_be_is_refused(w, body, status, code, pointer):
    refused(w.api.post(f"{V1}/routines/relax-10/copy", body), status, code, pointer)


@tap.test
def a_copy_of_a_routine_under_its_own_slug_stays_where_it_is(w):
    refused(w.api.post(f"{V1}/routines/relax-10/copy", {"slug": "relax-10", "site_id": w.sites[0]}), 422, "unprocessable", "/site_id")
    made = w.api.post(f"{V1}/routines/relax-10/copy", {"slug": "relax-10", "name": "Ten"}, headers=key())
    tap.equal((ok(made, 201)["version"], made.json["site_id"], made.json["content"]["name"]), (2, None, "Ten"))
    tap.equal(w.api.delete(made.headers["Location"], headers={"If-Match": made.headers["ETag"]}).status, 204)


# ---- comparing ----

def changes(w, name, before, after):
    shown = ok(w.api.get(f"{V1}/routines/{name}/diff", params={"from": before, "to": after}))
    tap.equal((shown["from"]["version"], shown["to"]["version"]), (before, after))
    return shown["changes"]


@tap.test
def a_diff_names_what_changed_by_pointer_and_knows_a_moved_step(w):
    name, rubbing, roller = slug(), {**STEP, "technique": "palm-rubbing"}, {**STEP, "technique": "roller"}
    publish(w, draft(w, name, summary="Old", goals=["sleep"], steps=[STEP, rubbing, roller]))
    publish(w, draft(w, name, summary="New", steps=[rubbing, {**roller, "duration_s": 90, "intensity_end": 40}, STEP,
                                                    {**STEP, "technique": "kneading"}]))
    tap.equal(changes(w, name, 1, 2), [
        {"kind": "changed", "pointer": "/summary", "old": "Old", "new": "New"},
        {"kind": "removed", "pointer": "/goals", "old": ["sleep"]},
        {"kind": "changed", "pointer": "/steps/1/duration_s", "old_pointer": "/steps/2/duration_s", "old": 60, "new": 90},
        {"kind": "added", "pointer": "/steps/1/intensity_end", "old_pointer": "/steps/2/intensity_end", "new": 40},
        {"kind": "moved", "pointer": "/steps/2", "old_pointer": "/steps/0"},
        {"kind": "added", "pointer": "/steps/3", "new": {**STEP, "technique": "kneading"}}])
    tap.equal(changes(w, name, 2, 2), [])
    back = changes(w, name, 2, 1)
    tap.equal([each for each in back if each["kind"] == "removed" and "pointer" not in each],
              [{"kind": "removed", "old_pointer": "/steps/3", "old": {**STEP, "technique": "kneading"}}])


@tap.test
def a_diff_wants_two_versions_that_are_there(w):
    path = f"{V1}/routines/relax-10/diff"
    refused(w.api.get(path), 400, "invalid_query", "/from")
    refused(w.api.get(path, params={"from": 1}), 400, "invalid_query", "/to")
    refused(w.api.get(path, params={"from": 0, "to": 1}), 400, "invalid_query", "/from")
    refused(w.api.get(path, params={"from": 1, "to": 99}), 404, "not_found", "/to")
    refused(w.api.get(f"{V1}/routines/no-such/diff", params={"from": 1, "to": 1}), 404, "not_found", "/from")


# ---- names of the API's own ----

@tap.test
@tap.rows("export", "import")
def a_routine_cannot_take_a_name_of_the_api(w, name):
    refused(w.api.post(f"{V1}/routines", routine(name)), 422, "unprocessable", "/slug")


tap.main(world)
