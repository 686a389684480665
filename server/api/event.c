/* GET /api/v1/events: changes as they happen, as server-sent events. */
#include "server/api/app.h"

static enum err handle_stream(struct request *rq, void *worker);

struct query {
    struct uuid site_id;
    bool has_site_id;
    char types[201];
};
static const struct field query_fields[] = {FIELD_UUID_HAS(struct query, site_id, 0, has_site_id),
                                            FIELD_STR(struct query, types, 1, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/events", READ, ROUTE_STREAM, handle_stream, ROUTE_QUERY(struct query, query_fields)),
};
const struct route_table event_routes = ROUTE_TABLE(rows);

static enum err handle_stream(struct request *rq, void *worker) {
    (void)worker;
    const struct query *q = request_query(rq);
    struct sse_hub *hub = app_of(rq)->parts.hub;
    struct sse_filter filter = {.by_site = q->has_site_id, .site_id = q->site_id};
    if (q->has_site_id && !scope_covers(scope_of(rq), &q->site_id)) return ERR_NOT_FOUND;
    if (q->types[0] && !sse_types_parse(hub, q->types, &filter.types))
        return request_fail_at(rq, ERR_INVALID_QUERY, "/types", field_fault_code(FIELD_NOT_ONE_OF),
                               "device, session, command, cleaning, course, alarm; with commas between");
    return sse_stream(hub, rq, &filter);
}
