/* /api/v1/commands and /api/v1/devices/{id}/commands: instructions to devices and their outcomes. */
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"
#include "server/store/command_store.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_list_of_device(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid device_id, session_id, site_id;
    bool has_state;
    int state;
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query),
    FIELD_UUID(struct query, device_id, 0),
    FIELD_UUID(struct query, session_id, 0),
    FIELD_UUID(struct query, site_id, 0),
    FIELD_ENUM_HAS(struct query, state, command_state_names, 0, has_state),
    FIELD_END};
static const struct field device_query_fields[] = {
    LIST_FIELDS(struct query), FIELD_ENUM_HAS(struct query, state, command_state_names, 0, has_state),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/commands", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(GET, "/api/v1/commands/{id}", READ, 0, handle_get),
    ROUTE(GET, "/api/v1/devices/{id}/commands", READ, 0, handle_list_of_device,
          ROUTE_QUERY(struct query, device_query_fields)),
};
const struct route_table command_routes = ROUTE_TABLE(rows);

static enum err list(struct request *rq, void *worker, const struct uuid *device_id) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "commands", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct command_filter filter = {.device_id = *device_id,
                                    .session_id = q->session_id,
                                    .site_id = q->site_id,
                                    .states = lookup_bit(q->has_state, q->state)};
    struct command_row *found = list_rows(rq, &l, struct command_row);
    int32_t n = 0;
    e = command_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    struct uuid last = shown ? found[shown - 1].id : (struct uuid){0};
    list_items(rq, &l);
    for (int32_t i = 0; i < n; i++) {
        if (i < shown) render_command(l.w, NULL, &found[i]);
        command_row_done(&found[i]);
    }
    return list_reply(rq, &l, n > shown, &last);
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

static enum err handle_get(struct request *rq, void *worker) {
    struct command_row row;
    enum err e = command_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    if (e) return e;
    /* A command has no version: its state and code are all that changes. */
    request_set_etag(rq, "%s.%lld", command_state_names[row.state], (long long)row.acked_at);
    render_command(request_json(rq), NULL, &row);
    request_reply(rq, 200);
    command_row_done(&row);
    return ERR_OK;
}
