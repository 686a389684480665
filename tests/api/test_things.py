"""Sites, models, devices, cleanings: reading and editing."""

from world import V1, Device, key, ok, order, refused, tap, until, uuid, world


@tap.test
def a_site_is_created_read_and_edited_with_its_entity_tag(w):
    name = f"Lakeside {uuid.uuid4()}"
    made = w.api.post(f"{V1}/sites", {"name": name, "timezone": "Europe/Zurich"})
    ok(made, 201)
    path = made.headers["Location"]
    read = w.api.get(path)
    tap.equal(ok(read), made.json)
    tap.equal(read.headers["ETag"], made.headers["ETag"])
    refused(w.api.patch(path, {"name": f"{name} 2"}), 428, "precondition_required")
    edited = w.api.patch(path, {"name": f"{name} 2"}, headers={"If-Match": read.headers["ETag"]})
    tap.equal(ok(edited)["name"], f"{name} 2")
    tap.equal(edited.json["timezone"], "Europe/Zurich")
    refused(w.api.patch(path, {"name": "late"}, headers={"If-Match": read.headers["ETag"]}), 412, "precondition_failed")
    refused(w.api.patch(path, {"name": "weak"}, headers={"If-Match": "W/" + edited.headers["ETag"]}), 412, "precondition_failed")
    refused(w.api.patch(path, {"name": "odd"}, headers={"If-Match": "nonsense"}), 400, "invalid_header")
    tap.equal(ok(w.api.get(path))["name"], f"{name} 2")
    refused(w.api.post(f"{V1}/sites", {"name": f"{name} 2"}), 409, "conflict", "/name")


@tap.test
def models_say_what_they_can_do(w):
    models = {model["id"]: model for model in w.api.pages(f"{V1}/models")}
    tap.check({"spa-pro", "bath-basic"} <= set(models), models)
    kinds = {actuator["kind"] for actuator in models["spa-pro"]["actuators"]}
    tap.check({"roller", "air", "heater", "jets"} <= kinds, kinds)
    tap.check(models["spa-pro"]["water_max_c"] <= 43, models)
    tap.equal(ok(w.api.get(f"{V1}/models/bath-basic")), models["bath-basic"])


@tap.test
def a_new_device_gets_credentials_once_and_can_connect_with_them(w):
    made = w.api.post(f"{V1}/devices", {"site_id": w.sites[0], "model": "spa-pro", "name": "Chair 9", "serial": f"S{uuid.uuid4()}"})
    credentials = ok(made, 201)["credentials"]
    tap.equal(credentials["username"], made.json["id"])
    read = ok(w.api.get(made.headers["Location"]))
    tap.check("credentials" not in read, read)
    tap.equal((read["connected"], read["fresh"], read["ready"], read["mode"]), (False, False, False, "unknown"))
    tap.equal((read["cleaning"], read["service"], read["session"]), ("clean", "in_service", None))
    device = until(lambda: connect(w, made.json["id"], credentials["password"]), 10, "the broker to take the new device")
    try:
        live = until(lambda: (lambda d: d if d["ready"] else None)(ok(w.api.get(made.headers["Location"]))), 10, "it to be ready")
        tap.equal((live["connected"], live["fresh"], live["mode"], live["agent"]), (True, True, "idle", "test"))
        tap.equal(live["values"]["water_c"], 36)
        tap.equal(live["values"]["level_percent"], 90)
        tap.contains([each["id"] for each in w.api.pages(f"{V1}/devices", {"ready": "true", "mode": "idle"})], live["id"])
        tap.check(live["id"] not in [each["id"] for each in w.api.pages(f"{V1}/devices", {"mode": "session"})], live)
    finally:
        device.close()
    until(lambda: not ok(w.api.get(made.headers["Location"]))["connected"], 10, "the disconnection to be seen")


def connect(w, device_id, password):
    try:
        return Device(w.spa, device_id, password)
    except OSError:
        return None


@tap.test
def rotated_credentials_replace_the_old_ones(w):
    made = w.new_device()
    old = until(lambda: connect(w, made["id"], made["credentials"]["password"]), 10, "the first password to work")
    new = ok(w.api.post(f"{V1}/devices/{made['id']}/credentials"), 201)
    tap.check(new["password"] != made["credentials"]["password"], "the same password again")
    until(lambda: connect(w, made["id"], made["credentials"]["password"]) is None, 10, "the old password to be refused")
    again = until(lambda: connect(w, made["id"], new["password"]), 10, "the new password to work")
    again.close()
    old.close()


@tap.test
def a_device_is_edited_although_its_live_values_change(w):
    made = w.new_device()
    path = f"{V1}/devices/{made['id']}"
    tag = w.api.get(path).headers["ETag"]
    tap.check(tag.startswith(f'"v{made["version"]}.'), tag)
    device = until(lambda: connect(w, made["id"], made["credentials"]["password"]), 10, "the device to connect")
    try:
        until(lambda: w.api.get(path).headers["ETag"] != tag, 10, "the tag to change with the live view")
        edited = w.api.patch(path, {"name": "Window seat"}, headers={"If-Match": tag})
        tap.equal(ok(edited)["name"], "Window seat")
        refused(w.api.patch(path, {"name": "Late"}, headers={"If-Match": tag}), 412, "precondition_failed")
        refused(w.api.patch(path, {"name": "None"}), 428, "precondition_required")
        refused(w.api.patch(path, {"name": "Odd"}, headers={"If-Match": "v1"}), 400, "invalid_header")
        refused(w.api.patch(path, {"name": "Odd"}, headers={"If-Match": '"7"'}), 412, "precondition_failed")
        until(lambda: ok(w.api.get(path))["name"] == "Window seat", 5, "the live view to have the name")
    finally:
        device.close()


@tap.test
def a_device_out_of_service_refuses_sessions(w):
    made = w.new_device()
    path = f"{V1}/devices/{made['id']}"
    ok(w.api.patch(path, {"service": "maintenance"}, headers={"If-Match": "*"}))
    problem = refused(w.api.post(f"{V1}/sessions", order(made["id"])), 409, "out_of_service")
    tap.contains(problem["detail"], path)
    ok(w.api.patch(path, {"service": "in_service"}, headers={"If-Match": "*"}))
    ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)


@tap.test
def a_device_with_a_session_is_neither_moved_retired_nor_disinfected(w):
    made = w.new_device()
    path = f"{V1}/devices/{made['id']}"
    session = ok(w.api.post(f"{V1}/sessions", order(made["id"])), 201)
    for change in ({"site_id": w.sites[1]}, {"service": "retired"}):
        refused(w.api.patch(path, change, headers={"If-Match": "*"}), 409, "device_busy")
    refused(w.api.post(f"{path}/cleanings"), 409, "device_busy")
    refused(w.api.post(f"{V1}/sessions", order(made["id"])), 409, "device_busy")
    ok(w.api.post(f"{V1}/sessions/{session['id']}/stop"), 202)
    moved = ok(w.api.patch(path, {"site_id": w.sites[1]}, headers={"If-Match": "*"}))
    tap.equal(moved["site_id"], w.sites[1])


@tap.test
@tap.rows(("serial", "conflict", 409), ("model", "unprocessable", 422), ("site_id", "not_found", 404))
def a_device_that_cannot_be_is_refused_by_the_property(w, name, code, status):
    taken = w.new_device(serial=f"T{uuid.uuid4()}")
    wrong = {"serial": taken["serial"], "model": "no-such-model", "site_id": "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"}[name]
    body = {"site_id": w.sites[0], "model": "spa-pro", "name": "x", name: wrong}
    refused(w.api.post(f"{V1}/devices", body), status, code, f"/{name}")


@tap.test
def devices_are_listed_by_site_model_service_and_cleaning(w):
    site = ok(w.api.post(f"{V1}/sites", {"name": f"Filters {uuid.uuid4()}"}), 201)["id"]
    pro, basic = w.new_device(site=site)["id"], w.new_device("bath-basic", site=site)["id"]
    ok(w.api.patch(f"{V1}/devices/{basic}", {"service": "maintenance"}, headers={"If-Match": "*"}))

    def ids(**query):
        return [each["id"] for each in w.api.pages(f"{V1}/devices", {"site_id": site, **query})]
    tap.equal(ids(), [pro, basic])
    tap.equal(ids(model="bath-basic"), [basic])
    tap.equal(ids(service="in_service"), [pro])
    tap.equal(ids(cleaning="due"), [])
    tap.equal(ids(ready="false", limit=1), [pro, basic])


@tap.test
def a_disinfection_is_recorded_and_listed(w):
    made = w.new_device()
    path = f"{V1}/devices/{made['id']}/cleanings"
    full = ok(w.api.post(path, {"kind": "end_of_day", "disinfectant": "Barbicide", "epa_number": "1658-97",
                                "contact_minutes": 12, "rinsed": True, "note": "All jets"}), 201)
    tap.equal((full["kind"], full["disinfectant"], full["contact_minutes"]), ("end_of_day", "Barbicide", 12))
    bare = ok(w.api.post(path), 201)
    tap.equal((bare["kind"], bare["contact_minutes"]), ("after_client", 10))
    tap.equal([each["id"] for each in w.api.pages(path)], [bare["id"], full["id"]])
    tap.contains([each["id"] for each in w.api.pages(f"{V1}/cleanings", {"device_id": made["id"]})], full["id"])
    refused(w.api.post(path, {"kind": "after_client", "contact_minutes": 5}), 422, "unprocessable", "/contact_minutes")
    refused(w.api.post(path, {"kind": "lick"}), 400, "invalid_body", "/kind")
    first = w.api.post(path, {"kind": "rinse"}, headers=key("rinse-1"))
    tap.equal(ok(w.api.post(path, {"kind": "rinse"}, headers=key("rinse-1")), 201), first.json)


tap.main(world)
