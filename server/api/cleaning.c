/* /api/v1/cleanings and /api/v1/devices/{id}/cleanings: disinfection records. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"
#include "server/api/render.h"
#include "server/domain/cleaning.h"
#include "server/store/hygiene_store.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_list_of_device(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid device_id, site_id;
    int64_t from, to;
};
#define PERIOD FIELD_TIME(struct query, from, 0), FIELD_TIME(struct query, to, 0)
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_UUID(struct query, device_id, 0),
                                            FIELD_UUID(struct query, site_id, 0), PERIOD, FIELD_END};
static const struct field device_query_fields[] = {LIST_FIELDS(struct query), PERIOD, FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/cleanings", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(GET, "/api/v1/devices/{id}/cleanings", READ, 0, handle_list_of_device,
          ROUTE_QUERY(struct query, device_query_fields)),
    ROUTE(POST, "/api/v1/devices/{id}/cleanings", OPERATE, ROUTE_IDEMPOTENT | ROUTE_BODY_OPTIONAL,
          handle_create, ROUTE_BODY(struct cleaning, cleaning_fields)),
};
const struct route_table cleaning_routes = ROUTE_TABLE(rows);

/* A cell after RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe. */
static void put_cell(struct buf *b, const char *text, bool first) {
    if (!first) buf_chr(b, ',');
    buf_chr(b, '"');
    if (strchr("=+-@\t", text[0]) && text[0]) buf_chr(b, '\'');
    for (; *text; text++) {
        if (*text == '"') buf_chr(b, '"');
        buf_chr(b, *text);
    }
    buf_chr(b, '"');
}

static void put_line(void *arg, const char *const cells[CLEANING_LOG_COLUMNS]) {
    for (int i = 0; i < CLEANING_LOG_COLUMNS; i++) put_cell(arg, cells[i], i == 0);
    buf_str(arg, "\r\n");
}

static enum err log_as_csv(struct request *rq, void *worker, const struct cleaning_filter *filter) {
    auto_buf struct buf b = BUF_INIT;
    bool more = false;
    put_line(&b, cleaning_log_columns);
    enum err e = cleaning_log(db_of(worker), scope_of(rq), filter, put_line, &b, &more);
    if (e) return e;
    if (more)
        return request_fail_at(rq, ERR_INVALID_QUERY, "/from", field_fault_code(FIELD_OUT_OF_RANGE),
                               "the log of this time has more than %d lines: ask for a shorter one",
                               CLEANING_LOG_MAX);
    request_reply_data(rq, 200, "text/csv; charset=utf-8", b.data, b.len);
    return ERR_OK;
}

static enum err list(struct request *rq, void *worker, const struct uuid *device_id) {
    const struct query *q = request_query(rq);
    const char *accept = request_header(rq, "Accept");
    struct list l;
    if (q->from && q->to && q->from >= q->to)
        return request_fail_at(rq, ERR_INVALID_QUERY, "/from", field_fault_code(FIELD_OUT_OF_RANGE),
                               "must be before to");
    struct cleaning_filter filter = {
        .device_id = *device_id, .site_id = q->site_id, .from = q->from, .to = q->to};
    if (accept && strncasecmp(accept, "text/csv", 8) == 0) return log_as_csv(rq, worker, &filter);
    enum err e = list_begin(rq, "cleanings", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
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
    live_put_cleaning(fleet_live(api->parts.fleet), device);
    publish_cleaning(api, device);
}

static enum err check(struct request *rq, void *worker, const struct cleaning *c,
                      const struct hygiene_row *h) {
    struct live_device d;
    bool rinse = h->device.rinse;
    if (live_get(fleet_live(app_of(rq)->parts.fleet), &h->device.id, clock_wall_ms(), &d))
        rinse = rinse || (d.has_state && d.state.rinse);
    struct field_errors errors = {0};
    if (!cleaning_check_initials(c, &errors)) return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    int64_t last_use = 0;
    enum err e =
        c->has_done_at ? cleaning_last_use(db_of(worker), scope_of(rq), &h->device.id, &last_use) : ERR_OK;
    if (e) return e;
    bool ok = cleaning_check(c, rinse, &errors);
    ok = hygiene_check((enum hygiene_rules)h->rules, c, &errors) && ok;
    ok = cleaning_check_time(c, clock_wall_ms(), last_use, &errors) && ok;
    return ok ? ERR_OK : lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
}

/* One that was begun here ends by the server's clock: the time that went by is the contact time, whatever the
 * body says. */
static enum err take_clock(struct request *rq, const struct hygiene_row *h, struct cleaning *c) {
    const struct device_row *device = &h->device;
    if (!device->disinfecting_at || strcmp(device->disinfecting_kind, cleaning_kind_names[c->kind]) != 0)
        return ERR_OK;
    const struct hygiene_kind *rule =
        hygiene_kind_get((enum hygiene_rules)h->rules, (enum cleaning_kind)c->kind);
    int32_t least = cleaning_kind_get((enum cleaning_kind)c->kind)->contact_min_minutes;
    if (rule && rule->contact_min_minutes > least) least = rule->contact_min_minutes;
    int64_t went_ms = clock_wall_ms() - device->disinfecting_at, left_ms = least * INT64_C(60000) - went_ms;
    if (left_ms > 0)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/contact_minutes",
                               field_fault_code(FIELD_OUT_OF_RANGE),
                               "the disinfectant has to stay in contact for %lld seconds more",
                               (long long)((left_ms + 999) / 1000));
    int64_t minutes = went_ms / 60000;
    c->contact_minutes = minutes > CLEANING_CONTACT_MAX ? CLEANING_CONTACT_MAX : (int32_t)minutes;
    c->has_contact_minutes = true;
    return ERR_OK;
}

/* What was sent. Where the rules ask for no initials, a contact time that is not named is the prescribed one.
 */
static struct cleaning as_prescribed(const struct cleaning *sent, const struct hygiene_row *h) {
    struct cleaning c = sent ? *sent : (struct cleaning){.kind = CLEANING_AFTER_CLIENT};
    if (c.has_contact_minutes || !hygiene_takes_prescribed((enum hygiene_rules)h->rules)) return c;
    c.contact_minutes = cleaning_kind_get((enum cleaning_kind)c.kind)->contact_min_minutes;
    c.has_contact_minutes = true;
    return c;
}

static enum err handle_create(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct db *db = db_of(worker);
    struct hygiene_row *h = request_alloc(rq, sizeof *h);
    struct device_row *device = &h->device;
    if (!db_in_transaction(db)) db_begin(db); /* the device is read as this record leaves it */
    enum err e = hygiene_get(db, scope_of(rq), request_param_uuid(rq, 0), h);
    if (e) return e;
    struct cleaning record = as_prescribed(request_body(rq), h), *c = &record;
    e = take_clock(rq, h, c);
    if (!e) e = check(rq, worker, c, h);
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
    e = cleaning_create(db, scope_of(rq), &actor, &row);
    if (e == ERR_DEVICE_BUSY)
        return request_fail(rq, e,
                            "a session is live on the device: disinfect it when the session has ended");
    if (!e) e = device_get(db, scope_of(rq), &row.device_id, device);
    if (e) return e;
    call_after_commit(rq, after_create, device);
    render_cleaning(request_json(rq), NULL, &row);
    request_reply(rq, 201);
    return ERR_OK;
}
