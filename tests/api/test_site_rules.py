"""A site's own screening rules: never laxer than the product's, and in force at that site and nowhere else."""

from world import V1, ok, order, refused, tap, uuid, world


def where(rule):
    return f"{V1}/catalogue/screening-rules/{rule}"


def new_site(w):
    return ok(w.api.post(f"{V1}/sites", {"name": f"Site {uuid.uuid4()}"}), 201)["id"]


def put(w, site, rule, caps=None, **changes):
    """The reply to a copy of the rule with these members, and these caps among its own."""
    text = ok(w.api.get(where(rule), params={"site_id": site}))["content"]
    text.update(changes)
    if caps:
        text["caps"] = {**text.get("caps", {}), **caps}
    return w.api.put(where(rule), {"content": text}, params={"site_id": site}, headers={"If-Match": "*"})


def screened(w, site, rule):
    intake = {"none_apply": True, "answers": {rule: True}}
    return ok(w.api.post(f"{V1}/screenings", {"site_id": site, "intake": intake}), 201)


@tap.test
def stricter_caps_count_at_the_site_and_nowhere_else(w):
    site, other = new_site(w), w.sites[0]
    ok(put(w, site, "neuropathy", {"intensity_max": 20, "water_max_c": 34.5, "total_max_s": 900, "barred": ["vibration"]}), 201)
    caps = screened(w, site, "neuropathy")["caps"]
    tap.equal((caps["intensity_max"], caps["water_max_c"]), (20, 34.5), caps)
    tap.equal(screened(w, other, "neuropathy")["caps"]["intensity_max"], 50)
    device = w.new_device(site=site)["id"]
    intake = {"none_apply": True, "answers": {"neuropathy": True}}
    made = ok(w.api.post(f"{V1}/sessions", {**order(device), "intake": intake}), 201)
    caps = ok(w.api.get(f"{V1}/sessions/{made['id']}"))["screening"]["caps"]
    tap.equal((caps["intensity_max"], caps["water_max_c"]), (20, 34.5), caps)
    gone = w.api.delete(where("neuropathy"), params={"site_id": site}, headers={"If-Match": "*"})
    tap.equal(gone.status, 204, gone)
    tap.equal(screened(w, site, "neuropathy")["caps"]["intensity_max"], 50)


@tap.test
def a_site_may_refuse_what_the_product_lets_go_on(w):
    site = new_site(w)
    ok(put(w, site, "neuropathy", outcome="refused", why="Here not at all."), 201)
    result = screened(w, site, "neuropathy")
    tap.equal(result["outcome"], "refused", result)
    tap.contains(str(result["reasons"]), "Here not at all.")
    for place, status in ((site, 422), (w.sites[0], 201)):
        reply = w.api.post(f"{V1}/sessions", {**order(w.new_device(site=place)["id"]),
                                              "intake": {"none_apply": True, "answers": {"neuropathy": True}}})
        tap.equal(reply.status, status, reply)
    refused(w.api.post(f"{V1}/sessions", {**order(w.new_device(site=site)["id"]),
                                          "intake": {"none_apply": True, "answers": {"neuropathy": True}}}), 422, "screening_refused")


@tap.test
def a_site_asks_in_its_own_words(w):
    site = new_site(w)
    ok(put(w, site, "fever", question="Fieber?"), 201)
    for place, asked in ((site, True), (w.sites[0], False)):
        questions = ok(w.api.get(f"{V1}/screening/questions", params={"site_id": place}))["questions"]
        tap.equal("Fieber?" in [each["question"] for each in questions], asked)


@tap.test
@tap.rows(("neuropathy", {"caps": {"intensity_max": 51}}, "/content/caps/intensity_max"),
          ("neuropathy", {"caps": {"water_max_c": 36.5}}, "/content/caps/water_max_c"),
          ("blood-disorder", {"outcome": "limited"}, "/content/outcome"),
          ("blood-disorder", {"needs": ["certified_operator"]}, "/content/needs"),
          ("blood-disorder", {"caps": {"barred": ["heat"]}}, "/content/caps/barred"),
          ("fever", {"outcome": "limited"}, "/content/outcome"),
          ("fever", {"outcome": "cleared"}, "/content/outcome"),
          ("meal", {"acknowledge": False}, "/content/acknowledge"),
          ("infant", {"asked_if": "pregnancy"}, "/content/asked_if"),
          ("skin-check", {"check": False}, "/content/check"))
def no_copy_is_laxer_than_the_products_rule(w, rule, changes, pointer):
    refused(put(w, w.sites[0], rule, **changes), 422, "unprocessable", pointer)
    tap.equal(ok(w.api.get(where(rule), params={"site_id": w.sites[0]}))["origin"], "product")


tap.main(world)
