/* /api/v1/devices/{id}/presence: when a device was connected, and why that changed. */
#include "server/store/presence_store.h"

#include "server/api/app.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"

static enum err handle_list(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    int64_t from, to;
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_TIME(struct query, from, 0),
                                            FIELD_TIME(struct query, to, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/devices/{id}/presence", READ, 0, handle_list,
          ROUTE_QUERY(struct query, query_fields)),
};
const struct route_table presence_routes = ROUTE_TABLE(rows);

static void render_change(struct jsonw *w, const struct presence_row *row) {
    jsonw_object(w, NULL);
    jsonw_time(w, "at", row->at);
    jsonw_time(w, "not_before", row->not_before);
    jsonw_bool(w, "connected", row->connected);
    jsonw_str(w, "why", presence_why_names[row->why]);
    jsonw_bool(w, "restarted", row->restarted);
    jsonw_uuid(w, "boot_id", &row->boot_id);
    jsonw_int(w, "epoch", row->epoch);
    jsonw_object_end(w);
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct device_row device;
    struct list l;
    enum err e = lookup_device(rq, worker, request_param_uuid(rq, 0), &device);
    if (e) return e;
    if (q->from && q->to && q->from >= q->to)
        return request_fail_at(rq, ERR_INVALID_QUERY, "/from", field_fault_code(FIELD_OUT_OF_RANGE),
                               "must be before to");
    e = list_begin(rq, "presence", sizeof l.after.number, q->limit, q->cursor, &l);
    if (e) return e;
    struct presence_filter filter = {
        .device_id = device.id, .from = q->from, .to = q->to, .before = l.after.number};
    struct presence_row *found = list_rows(rq, &l, struct presence_row);
    int64_t watched_until = 0;
    int32_t n = 0;
    /* In this order: what is in the list was watched by then. */
    e = presence_watched(db_of(worker), &watched_until);
    if (!e) e = presence_list(db_of(worker), scope_of(rq), &filter, l.limit + 1, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    l.w = request_json(rq);
    jsonw_object(l.w, NULL);
    jsonw_time(l.w, "watched_until", watched_until);
    jsonw_array(l.w, "items");
    for (int32_t i = 0; i < shown; i++) render_change(l.w, &found[i]);
    return list_reply(rq, &l, n > shown, shown ? &found[shown - 1].n : NULL);
}
