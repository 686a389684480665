"""Measured values: every sample once, in order, as they are or averaged, as JSON or CSV."""

import csv
import io

from world import V1, ok, refused, tap, time, until, uuid7, world


def sample(at, number):
    return {"at": at, "step": number // 60, "elapsed_ms": number * 1000, "water_mdegc": 36000 + number * 10,
            "target_mdegc": 38000, "level_permille": 900, "current_ma": 100 + number, "heater_permille": 500, "intensity": 80}


class Filled:
    """A device with `n` samples, one a second up to now, the first 60 of a session."""

    def __init__(self, w, n=180):
        made = w.new_device()
        self.id, self.n, self.session = made["id"], n, uuid7()
        self.device = w.play(made)
        self.begin = int(time.time()) * 1000 - n * 1000
        for first in range(0, n, 30):
            message = {"boot_id": self.device.boot, "n": first + 1, "lost": 0,
                       "samples": [sample(self.begin + k * 1000, k) for k in range(first, first + 30)]}
            if first < 60:
                message["session_id"] = self.session
            self.device.say("telemetry", message)
        self.path = f"{V1}/devices/{self.id}/telemetry"
        self.span = {"from": text(self.begin), "to": text(self.begin + n * 1000)}
        until(lambda: len(ok(w.api.get(self.path, params=self.span))["items"]) == n, 15, f"{n} samples to be committed")


def text(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def filled_world():
    for w in world():
        w.filled = Filled(w)
        yield w
        w.filled.device.close()


@tap.test
def samples_come_back_as_they_were_measured(w):
    f = w.filled
    body = ok(w.api.get(f.path, params={**f.span, "resolution": "raw"}))
    tap.equal([item["at"] for item in body["items"]], [text(f.begin + k * 1000) for k in range(f.n)])
    third = body["items"][2]
    tap.equal((third["water_c"], third["target_c"], third["level_percent"], third["current_ma"], third["heater_percent"],
               third["intensity"], third["elapsed_ms"], third["samples"]), (36.02, 38, 90, 102, 50, 80, 2000, 1))
    tap.equal([item["session_id"] for item in body["items"]], [f.session] * 60 + [None] * (f.n - 60))
    tap.equal(body["next_cursor"], None)


@tap.test
def a_page_goes_on_where_the_one_before_ended(w):
    f, seen, cursor = w.filled, [], None
    while True:
        params = {**f.span, "limit": 7, **({"cursor": cursor} if cursor else {})}
        body = ok(w.api.get(f.path, params=params))
        seen += [item["at"] for item in body["items"]]
        cursor = body["next_cursor"]
        if not cursor:
            break
    tap.equal(seen, [text(f.begin + k * 1000) for k in range(f.n)])


@tap.test
def averages_over_a_span_count_every_sample_once(w):
    f = w.filled
    items = ok(w.api.get(f.path, params={**f.span, "resolution": "1m"}))["items"]
    tap.equal([item["samples"] for item in items], [60, 60, 60])
    tap.equal([item["at"] for item in items], [text(f.begin + k * 60000) for k in range(3)])
    tap.equal((items[0]["water_min_c"], items[0]["water_max_c"]), (36, 36.59))
    tap.check(36.29 <= items[0]["water_c"] <= 36.3, items[0])
    tap.equal((items[0]["current_max_ma"], items[0]["elapsed_ms"]), (159, 59000))
    by_pages = list(w.api.pages(f.path, {**f.span, "resolution": "10s", "limit": 5}))
    tap.equal([item["samples"] for item in by_pages], [10] * 18)


@tap.test
def one_session_and_part_of_the_time_can_be_asked_for(w):
    f = w.filled
    tap.equal(len(ok(w.api.get(f.path, params={**f.span, "session_id": f.session}))["items"]), 60)
    part = ok(w.api.get(f.path, params={"from": text(f.begin + 5000), "to": text(f.begin + 8000)}))
    tap.equal([item["elapsed_ms"] for item in part["items"]], [5000, 6000, 7000])
    tap.equal(len(ok(w.api.get(f.path))["items"]), f.n)


@tap.test
def the_same_as_csv(w):
    f = w.filled
    reply = w.api.get(f.path, params=f.span, headers={"Accept": "text/csv"})
    tap.equal(reply.status, 200, reply)
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    tap.equal(len(rows), f.n)
    tap.equal((rows[2]["at"], rows[2]["water_mdegc"], rows[2]["current_ma"]), (text(f.begin + 2000), "36020", "102"))


@tap.test
@tap.rows(({"from": "yesterday"}, "/from"), ({"resolution": "2s"}, "/resolution"), ({"limit": "5000"}, "/limit"),
          ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "/from"))
def a_time_or_resolution_that_makes_no_sense_is_400(w, params, pointer):
    refused(w.api.get(w.filled.path, params=params), 400, "invalid_query", pointer)


tap.main(filled_world)
