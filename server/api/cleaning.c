/* /api/v1/cleanings and /api/v1/devices/{id}/cleanings: disinfection records. */
#include <stdio.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"
#include "server/api/render.h"
#include "server/domain/cleaning.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_list_of_device(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid device_id, site_id;
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_UUID(struct query, device_id, 0),
                                            FIELD_UUID(struct query, site_id, 0), FIELD_END};
static const struct field device_query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/cleanings", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(GET, "/api/v1/devices/{id}/cleanings", READ, 0, handle_list_of_device,
          ROUTE_QUERY(struct query, device_query_fields)),
    ROUTE(POST, "/api/v1/devices/{id}/cleanings", OPERATE, ROUTE_IDEMPOTENT | ROUTE_BODY_OPTIONAL,
          handle_create, ROUTE_BODY(struct cleaning, cleaning_fields)),
};
const struct route_table cleaning_routes = ROUTE_TABLE(rows);

static enum err list(struct request *rq, void *worker, const struct uuid *device_id) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "cleanings", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct cleaning_filter filter = {.device_id = *device_id, .site_id = q->site_id};
    struct cleaning_row *found = list_rows(rq, &l, struct cleaning_row);
    int32_t n = 0;
    e = cleaning_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) render_cleaning(l.w, NULL, &found[i]);
    return list_reply(rq, &l, n > shown, shown ? &found[shown - 1].id : NULL);
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    return list(rq, worker, &q->device_id);
}

static enum err handle_list_of_device(struct request *rq, void *worker) {
    struct device_row device;
    enum err e = lookup_device(rq, worker, request_param_uuid(rq, 0), &device);
    return e ? e : list(rq, worker, &device.id);
}

static void after_create(struct request *rq, void *arg) {
    struct device_row *device = arg;
    struct api *api = app_of(rq);
    live_put_cleaning(fleet_live(api->parts.fleet), &device->id, device->cleaning, device->rinse);
    publish_cleaning(api, device);
}

static enum err check(struct request *rq, void *worker, const struct cleaning *c,
                      const struct device_row *device) {
    struct live_device d;
    bool rinse = device->rinse;
    if (live_get(fleet_live(app_of(rq)->parts.fleet), &device->id, clock_wall_ms(), &d))
        rinse = rinse || (d.has_state && d.state.rinse);
    struct field_errors errors = {0};
    if (!cleaning_check_initials(c, &errors)) return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    int64_t last_use = 0;
    enum err e =
        c->has_done_at ? cleaning_last_use(db_of(worker), scope_of(rq), &device->id, &last_use) : ERR_OK;
    if (e) return e;
    bool ok = cleaning_check(c, rinse, &errors);
    ok = cleaning_check_time(c, clock_wall_ms(), last_use, &errors) && ok;
    return ok ? ERR_OK : lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
}

/* What was sent; a contact time that is not named is the one prescribed for the kind. */
static struct cleaning as_prescribed(const struct cleaning *sent) {
    struct cleaning c = sent ? *sent : (struct cleaning){.kind = CLEANING_AFTER_CLIENT};
    if (!c.has_contact_minutes)
        c.contact_minutes = cleaning_kind_get((enum cleaning_kind)c.kind)->contact_min_minutes;
    c.has_contact_minutes = true;
    return c;
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct cleaning record = as_prescribed(request_body(rq)), *c = &record;
    struct actor actor = actor_of(rq);
    struct device_row *device = request_alloc(rq, sizeof(*device));
    enum err e = lookup_device(rq, worker, request_param_uuid(rq, 0), device);
    if (!e) e = check(rq, worker, c, device);
    if (e) return e;
    struct cleaning_row row = {.id = uuid_new(),
                               .device_id = device->id,
                               .contact_minutes = c->contact_minutes,
                               .rinsed = c->rinsed,
                               .done_at = c->has_done_at ? c->done_at : 0};
    snprintf(row.kind, sizeof(row.kind), "%s", cleaning_kind_names[c->kind]);
    lookup_copy(row.product, c->disinfectant);
    lookup_copy(row.epa_number, c->epa_number);
    lookup_copy(row.notes, c->note);
    lookup_copy(row.initials, c->initials);
    e = cleaning_create(db_of(worker), scope_of(rq), &actor, &row);
    if (e == ERR_DEVICE_BUSY)
        return request_fail(rq, e,
                            "a session is live on the device: disinfect it when the session has ended");
    if (e) return e;
    if (cleaning_cleans(c)) snprintf(device->cleaning, sizeof(device->cleaning), "clean");
    if (c->rinsed || c->kind == CLEANING_RINSE) device->rinse = false;
    call_after_commit(rq, after_create, device);
    render_cleaning(request_json(rq), NULL, &row);
    request_reply(rq, 201);
    return ERR_OK;
}
