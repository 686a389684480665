/* /api/v1/sites */
#include <stdio.h>

#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_update(struct request *rq, void *worker);

struct query {
    LIST_QUERY
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

struct body { /* of both; the stores' structs hold what is decoded further */
    bool has_name, has_timezone, has_opening_days, has_closed_dates, has_jurisdiction;
    int jurisdiction;
    char name[81], timezone[65];
    int32_t n_opening_days, n_closed_dates;
    int8_t opening_days[DATE_WEEKDAY_COUNT];
    char closed_dates[COURSE_CLOSED_MAX][DATE_TEXT_LEN + 1];
};
static const struct field day_row = {.type = FIELD_T_ENUM, .size = 1, .names = date_weekday_names};
static const struct field date_row = {.type = FIELD_T_STR, .size = DATE_TEXT_LEN + 1, .min = DATE_TEXT_LEN};
#define OPENING                                                                                              \
    FIELD_LIST_HAS(struct body, opening_days, n_opening_days, 1, &day_row, 0, has_opening_days),             \
        FIELD_LIST_HAS(struct body, closed_dates, n_closed_dates, 0, &date_row, 0, has_closed_dates),        \
        FIELD_ENUM_HAS(struct body, jurisdiction, hygiene_rules_names, 0, has_jurisdiction)
static const struct field create_fields[] = {FIELD_STR(struct body, name, 1, FIELD_REQUIRED),
                                             FIELD_STR(struct body, timezone, 1, 0), OPENING, FIELD_END};
static const struct field update_fields[] = {FIELD_STR_HAS(struct body, name, 1, 0, has_name),
                                             FIELD_STR_HAS(struct body, timezone, 1, 0, has_timezone),
                                             OPENING, FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/sites", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/sites", ADMINISTER, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct body, create_fields)),
    ROUTE(GET, "/api/v1/sites/{id}", READ, 0, handle_get),
    ROUTE(PATCH, "/api/v1/sites/{id}", ADMINISTER, 0, handle_update, ROUTE_BODY(struct body, update_fields)),
};
const struct route_table site_routes = ROUTE_TABLE(rows);

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "sites", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct site_row *sites = list_rows(rq, &l, struct site_row);
    int32_t n = 0;
    e = site_list(db_of(worker), scope_of(rq), &page, sites, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) render_site(l.w, NULL, &sites[i]);
    return list_reply(rq, &l, n > shown, shown ? &sites[shown - 1].id : NULL);
}

static enum err reply(struct request *rq, int status, const struct site_row *row) {
    request_set_version(rq, row->version);
    render_site(request_json(rq), NULL, row);
    request_reply(rq, status);
    return ERR_OK;
}

static enum err check_timezone(struct request *rq, void *worker, const char *name) {
    enum err e = site_timezone_check(db_of(worker), name);
    if (e != ERR_UNPROCESSABLE) return e;
    return request_fail_at(rq, e, "/timezone", field_fault_code(FIELD_NOT_ONE_OF),
                           "must be the IANA name of a time zone, such as Europe/Berlin");
}

static enum err take_calendar(struct request *rq, const struct body *body, struct course_calendar *ret) {
    struct field_errors errors = {0};
    for (int32_t i = 0; i < body->n_opening_days; i++) ret->open_days |= 1u << body->opening_days[i];
    for (int32_t i = 0; i < body->n_closed_dates; i++) {
        char pointer[32];
        snprintf(pointer, sizeof pointer, "/closed_dates/%d", (int)i);
        if (!date_parse(body->closed_dates[i], &ret->closed[i]))
            field_errors_add(&errors, FIELD_BAD_FORMAT, pointer, "must be a date such as 2026-12-25");
    }
    if (errors.n) return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    ret->n_closed = body->n_closed_dates;
    course_calendar_tidy(ret);
    return ERR_OK;
}

static enum err handle_get(struct request *rq, void *worker) {
    struct site_row row;
    enum err e = site_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    return e ? e : reply(rq, 200, &row);
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct body *body = request_body(rq);
    struct actor actor = actor_of(rq);
    struct site_row row = {.id = uuid_new(), .jurisdiction = body->jurisdiction};
    lookup_copy(row.name, body->name);
    lookup_copy(row.timezone, body->timezone);
    enum err e = take_calendar(rq, body, &row.calendar);
    if (!e) e = check_timezone(rq, worker, body->timezone);
    if (e) return e;
    e = site_create(db_of(worker), scope_of(rq), &actor, &row);
    if (e == ERR_CONFLICT)
        return request_fail_at(rq, e, "/name", "not_unique", "there is a site of this name already");
    if (e) return e;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&row.id, id);
    request_set_location(rq, "/api/v1/sites/%s", id);
    return reply(rq, 201, &row);
}

static enum err handle_update(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct site_row row;
    int64_t version;
    const struct body *body = request_body(rq);
    struct site_change change = {.has_name = body->has_name,
                                 .has_timezone = body->has_timezone,
                                 .has_open_days = body->has_opening_days,
                                 .has_closed = body->has_closed_dates,
                                 .has_jurisdiction = body->has_jurisdiction,
                                 .jurisdiction = body->jurisdiction};
    lookup_copy(change.name, body->name);
    lookup_copy(change.timezone, body->timezone);
    enum err e = lookup_if_match(rq, &version);
    if (!e) e = take_calendar(rq, body, &change.calendar);
    if (!e && change.has_timezone) e = check_timezone(rq, worker, change.timezone);
    if (e) return e;
    e = site_update(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), version, &change, &row);
    if (e == ERR_CONFLICT)
        return request_fail_at(rq, e, "/name", "not_unique", "there is a site of this name already");
    return e ? e : reply(rq, 200, &row);
}
