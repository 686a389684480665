"""The history of presence: what a device's coming and going leaves, read in pages and by time."""

from world import V1, Device, ok, refused, tap, time, until, world

UNKNOWN = "019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"


def history(w, device_id, **query):
    return ok(w.api.get(f"{V1}/devices/{device_id}/presence", params=query))


def marks(w, device_id):
    """Oldest first: (connected, why)."""
    return [(each["connected"], each["why"]) for each in reversed(history(w, device_id)["items"])]


@tap.test
def each_coming_and_going_is_written_with_its_reason(w):
    made = w.new_device()
    tap.equal(history(w, made["id"])["items"], [])
    device = w.play(made)
    until(lambda: marks(w, made["id"]) == [(True, "hello")], 20, "the connection to be written")
    first = history(w, made["id"])["items"][0]
    tap.equal((first["boot_id"], first["epoch"], first["restarted"]), (device.boot, device.epoch, False))
    device.close()
    until(lambda: marks(w, made["id"])[1:] == [(False, "last_will")], 20, "its end to be written")
    ended = history(w, made["id"])["items"][0]
    tap.equal((ended["epoch"], ended["not_before"]), (device.epoch, None), "it was seen")
    tap.check(first["at"] <= ended["at"], (first, ended))

    again = Device(w.spa, made["id"], made["credentials"]["password"])
    until(lambda: marks(w, made["id"])[2:] == [(True, "hello")], 20, "its return")
    tap.equal(history(w, made["id"])["items"][0]["restarted"], True)
    other = Device(w.spa, made["id"], made["credentials"]["password"])  # the broker ends the connection before
    until(lambda: [each["epoch"] for each in history(w, made["id"])["items"]][0] == other.epoch, 20, "the second connection")
    tap.equal(history(w, made["id"])["items"][0]["connected"], True)
    again.link.close()
    other.close()


@tap.test
def it_is_read_in_pages_and_by_time(w):
    made = w.new_device()
    w.spa.sql("INSERT INTO presence (device_id, n) VALUES (:'d', 250)", d=made["id"])
    w.spa.sql("INSERT INTO presence_change (device_id, n, at, connected, why, epoch) SELECT :'d', i,"
              " '2026-03-01T00:00:00Z'::timestamptz + i * interval '1 minute', i % 2 = 1,"
              " CASE i % 2 WHEN 1 THEN 'hello' ELSE 'last_will' END, i FROM generate_series(1, 250) i", d=made["id"])
    path = f"{V1}/devices/{made['id']}/presence"
    page = w.api.get(path)
    tap.equal([each["epoch"] for each in ok(page)["items"]], list(range(250, 200, -1)))
    tap.contains(page.headers["Link"], 'rel="next"')
    tap.equal([each["epoch"] for each in w.api.pages(path, {"limit": 200})], list(range(250, 0, -1)))
    within = history(w, made["id"], **{"from": "2026-03-01T00:10:00Z", "to": "2026-03-01T00:20:00Z"})["items"]
    tap.equal([each["epoch"] for each in within], list(range(19, 9, -1)))
    before = history(w, made["id"], to="2026-03-01T00:10:00Z", limit=1)["items"]
    tap.equal([(each["epoch"], each["connected"]) for each in before], [(9, True)])


@tap.test
def what_cannot_be_read_is_refused(w):
    made = w.new_device()
    path = f"{V1}/devices/{made['id']}/presence"
    for query in ({"limit": 0}, {"limit": 201}, {"from": "yesterday"}, {"state": "lost"}):
        refused(w.api.get(path, params=query), 400, "invalid_query")
    refused(w.api.get(path, params={"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}), 400, "invalid_query", "/from")
    cursor = ok(w.api.get(f"{V1}/devices", params={"limit": 1}))["next_cursor"]
    refused(w.api.get(path, params={"cursor": cursor}), 400, "invalid_cursor")
    refused(w.api.get(f"{V1}/devices/{UNKNOWN}/presence"), 404, "not_found")
    refused(w.as_role("owner", [w.sites[1]]).get(path), 404, "not_found")


@tap.test(deadline_s=120)
def a_device_of_which_nothing_is_heard_is_lost_though_the_broker_holds_its_connection(w):
    made = w.new_device()
    device = w.play(made)
    until(lambda: marks(w, made["id"])[1:] == [(False, "lost")], 40, "the silence to be written")
    tap.equal(ok(w.api.get(f"{V1}/devices/{made['id']}"))["connected"], True)
    device.say("state", device.state())
    until(lambda: marks(w, made["id"])[2:] == [(True, "heard")], 20, "the word to be written")
    device.close()


@tap.test(deadline_s=120)
def a_second_server_writes_no_change_again_and_the_watch_goes_on(w):
    other = w.spa.another_server("b")
    made = w.new_device()
    device = w.play(made)
    until(lambda: marks(w, made["id"]) == [(True, "hello")], 20, "the connection to be written")
    device.close()
    until(lambda: len(marks(w, made["id"])) == 2, 20, "its end")
    seen = until(lambda: history(w, made["id"])["watched_until"], 40, "a server to say that it watches")
    until(lambda: history(w, made["id"])["watched_until"] > seen, 20, "the watch to go on")
    time.sleep(2.5)  # two rounds of both
    tap.equal(marks(w, made["id"]), [(True, "hello"), (False, "last_will")])
    other.stop()


tap.main(world)
