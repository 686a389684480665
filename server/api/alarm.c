/* /api/v1/alarms: what staff have to know of the devices; acknowledged and cleared by whom and when.
 * Listeners are told by housekeeping, which sees every change whoever made it. */
#include "server/store/alarm_store.h"

#include "server/api/app.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_acknowledge(struct request *rq, void *worker);
static enum err handle_clear(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid device_id, site_id;
    bool has_kind, has_severity, has_state;
    int kind, severity, state;
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query),
    FIELD_UUID(struct query, device_id, 0),
    FIELD_UUID(struct query, site_id, 0),
    FIELD_ENUM_HAS(struct query, kind, alarm_kind_names, 0, has_kind),
    FIELD_ENUM_HAS(struct query, severity, alarm_severity_names, 0, has_severity),
    FIELD_ENUM_HAS(struct query, state, alarm_state_names, 0, has_state),
    FIELD_END};

struct clear {
    char note[LINE_SIZE(ALARM_NOTE_MAX)];
};
static const struct field clear_fields[] = {FIELD_STR(struct clear, note, 1, FIELD_REQUIRED), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/alarms", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(GET, "/api/v1/alarms/{id}", READ, 0, handle_get),
    ROUTE(POST, "/api/v1/alarms/{id}/acknowledge", OPERATE, ROUTE_IDEMPOTENT, handle_acknowledge),
    ROUTE(POST, "/api/v1/alarms/{id}/clear", OPERATE, ROUTE_IDEMPOTENT, handle_clear,
          ROUTE_BODY(struct clear, clear_fields)),
};
const struct route_table alarm_routes = ROUTE_TABLE(rows);

static void render_alarm(struct jsonw *w, const struct alarm_row *row) {
    jsonw_object(w, NULL);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "kind", alarm_kind_names[row->kind]);
    render_text(w, "fault", row->fault);
    jsonw_str(w, "severity", alarm_severity_names[row->severity]);
    jsonw_str(w, "state", alarm_state_names[row->state]);
    jsonw_str(w, "title", alarm_kind_get((enum alarm_kind)row->kind)->title);
    render_text(w, "detail", row->detail);
    jsonw_uuid(w, "device_id", &row->device_id);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_uuid(w, "session_id", &row->session_id);
    jsonw_time(w, "raised_at", row->raised_at);
    jsonw_time(w, "acknowledged_at", row->acknowledged_at);
    jsonw_uuid(w, "acknowledged_by", &row->acknowledged_by);
    render_text(w, "acknowledged_name", row->acknowledged_name);
    jsonw_time(w, "cleared_at", row->cleared_at);
    jsonw_uuid(w, "cleared_by", &row->cleared_by);
    render_text(w, "cleared_name", row->cleared_name);
    render_text(w, "note", row->note);
    jsonw_bool(w, "lasts", !row->gone_at);
    jsonw_int(w, "version", row->version);
    jsonw_object_end(w);
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "alarms", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct alarm_filter filter = {.device_id = q->device_id,
                                  .site_id = q->site_id,
                                  .kinds = lookup_bit(q->has_kind, q->kind),
                                  .severities = lookup_bit(q->has_severity, q->severity),
                                  .states = lookup_bit(q->has_state, q->state)};
    struct alarm_row *found = list_rows(rq, &l, struct alarm_row);
    int32_t n = 0;
    e = alarm_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) render_alarm(l.w, &found[i]);
    return list_reply(rq, &l, n > shown, shown ? &found[shown - 1].id : NULL);
}

static enum err reply(struct request *rq, const struct alarm_row *row) {
    render_alarm(request_json(rq), row);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err is_cleared(struct request *rq, const struct alarm_row *row) {
    return request_fail(rq, ERR_CONFLICT, "the alarm is cleared already%s%s",
                        row->cleared_name[0] ? ", by " : "; its cause went away", row->cleared_name);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct alarm_row row;
    enum err e = alarm_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    return e ? e : reply(rq, &row);
}

static enum err handle_acknowledge(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct alarm_row row;
    enum err e = alarm_acknowledge(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), &row);
    if (e == ERR_CONFLICT) return is_cleared(rq, &row);
    return e ? e : reply(rq, &row);
}

static enum err handle_clear(struct request *rq, void *worker) {
    const struct clear *c = request_body(rq);
    struct actor actor = actor_of(rq);
    struct alarm_row row;
    struct field_errors errors = {0};
    if (!line_check(c->note, ALARM_NOTE_MAX, "/note", &errors))
        return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    enum err e = alarm_clear(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), c->note, &row);
    if (e == ERR_CONFLICT) return is_cleared(rq, &row);
    return e ? e : reply(rq, &row);
}
