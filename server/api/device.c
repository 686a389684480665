/* /api/v1/devices: registering and editing, and the live view. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"
#include "server/fleet/credential.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_update(struct request *rq, void *worker);
static enum err handle_rotate(struct request *rq, void *worker);

static const char *const service_names[] = {"in_service", "maintenance", "retired", NULL};
static const char *const cleaning_names[] = {"clean", "due", NULL};

struct query {
    LIST_QUERY
    struct uuid site_id;
    bool has_service, has_cleaning, has_mode, has_ready, ready;
    int service, cleaning, mode;
    char model[33];
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query),
    FIELD_UUID(struct query, site_id, 0),
    FIELD_ENUM_HAS(struct query, service, service_names, 0, has_service),
    FIELD_ENUM_HAS(struct query, cleaning, cleaning_names, 0, has_cleaning),
    FIELD_ENUM_HAS(struct query, mode, device_mode_names, 0, has_mode),
    FIELD_BOOL_HAS(struct query, ready, 0, has_ready),
    FIELD_STR(struct query, model, 1, 0),
    FIELD_END};

struct create {
    struct uuid site_id;
    char model[33], name[81], serial[65];
};
static const struct field create_fields[] = {FIELD_UUID(struct create, site_id, FIELD_REQUIRED),
                                             FIELD_STR(struct create, model, 1, FIELD_REQUIRED),
                                             FIELD_STR(struct create, name, 1, FIELD_REQUIRED),
                                             FIELD_STR(struct create, serial, 1, FIELD_NULLABLE), FIELD_END};

struct update {
    bool has_name, has_serial, has_service, has_site_id;
    char name[81], serial[65];
    int service;
    struct uuid site_id;
};
static const struct field update_fields[] = {
    FIELD_STR_HAS(struct update, name, 1, 0, has_name),
    FIELD_STR_HAS(struct update, serial, 1, 0, has_serial),
    FIELD_ENUM_HAS(struct update, service, service_names, 0, has_service),
    FIELD_UUID_HAS(struct update, site_id, 0, has_site_id), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/devices", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/devices", MANAGE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct create, create_fields)),
    ROUTE(GET, "/api/v1/devices/{id}", READ, ROUTE_MEMORY, handle_get),
    ROUTE(PATCH, "/api/v1/devices/{id}", MANAGE, 0, handle_update, ROUTE_BODY(struct update, update_fields)),
    ROUTE(POST, "/api/v1/devices/{id}/credentials", MANAGE, ROUTE_IDEMPOTENT, handle_rotate),
};
const struct route_table device_routes = ROUTE_TABLE(rows);

static struct live *live_of(struct request *rq) { return fleet_live(app_of(rq)->parts.fleet); }

/* The live view with this row; makes it known when another replica registered it. */
static void see(struct request *rq, const struct device_row *row, struct live_device *ret) {
    struct live *live = live_of(rq);
    bool known = live_get(live, &row->id, clock_wall_ms(), ret);
    if (!known || ret->facts.version < row->version) {
        (void)live_put_device(live, row);
        known = live_get(live, &row->id, clock_wall_ms(), ret);
    }
    if (!known) *ret = (struct live_device){0};
    ret->facts = *row;
}

/* The version first, so that If-Match can leave the live part aside. */
static void set_tag(struct request *rq, const struct live_device *d) {
    request_set_etag(rq, "v%lld.%llx", (long long)d->facts.version, (unsigned long long)d->rev);
}

static enum err handle_get(struct request *rq, void *worker) {
    (void)worker;
    struct live_device d;
    if (!live_get(live_of(rq), request_param_uuid(rq, 0), clock_wall_ms(), &d) ||
        !scope_covers(scope_of(rq), &d.facts.site_id))
        return ERR_NOT_FOUND;
    set_tag(rq, &d);
    if (request_is_unchanged(rq)) {
        request_reply_empty(rq, 304);
        return ERR_OK;
    }
    render_device(request_json(rq), NULL, &d, NULL);
    request_reply(rq, 200);
    return ERR_OK;
}

/* ---- the list: rows from the database, seen live; some filters are of the live view ---- */

static bool wanted(const struct query *q, const struct live_device *d) {
    if (q->model[0] && strcmp(q->model, d->facts.model) != 0) return false;
    if (q->has_ready && q->ready != d->ready) return false;
    return !q->has_mode || (d->has_state && d->state.mode == q->mode);
}

#define LIST_ROUNDS_MAX 20 /* queries for one page when filters leave most rows out; a page may be short */

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "devices", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct device_filter filter = {.site_id = q->site_id,
                                   .service = q->has_service ? service_names[q->service] : NULL,
                                   .cleaning = q->has_cleaning ? cleaning_names[q->cleaning] : NULL};
    struct page page = list_page(&l);
    struct device_row *found = list_rows(rq, &l, struct device_row);
    int32_t n = page.limit, shown = 0, i = 0;
    list_items(rq, &l);
    for (int round = 0; round < LIST_ROUNDS_MAX && shown < l.limit && n == page.limit; round++) {
        e = device_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
        if (e) return e;
        for (i = 0; i < n && shown < l.limit; i++) {
            struct live_device d;
            see(rq, &found[i], &d);
            page.after = found[i].id;
            if (!wanted(q, &d)) continue;
            render_device(l.w, NULL, &d, NULL);
            shown++;
        }
    }
    return list_reply(rq, &l, i < n || n == page.limit, &page.after);
}

/* ---- changes ---- */

static void after_change(struct request *rq, void *arg) {
    fleet_device_changed(app_of(rq)->parts.fleet, arg);
}

static struct device_row *changed(struct request *rq, const struct device_row *row) {
    struct device_row *copy = request_alloc(rq, sizeof(*copy));
    *copy = *row;
    call_after_commit(rq, after_change, copy);
    return copy;
}

/* The answer shows the device as it will be seen after the commit. */
static enum err reply(struct request *rq, int status, const struct device_row *row,
                      const struct render_credentials *credentials) {
    struct live_device d;
    if (!live_get(live_of(rq), &row->id, clock_wall_ms(), &d)) d = (struct live_device){0};
    d.facts = *row;
    set_tag(rq, &d);
    render_device(request_json(rq), NULL, &d, credentials);
    request_reply(rq, status);
    return ERR_OK;
}

static void seal(struct request *rq) {
    call_seal(rq);
    request_set_header(rq, "Cache-Control", "no-store");
}

static void password_of(struct request *rq, const struct device_row *row,
                        char out[CREDENTIAL_PASSWORD_LEN + 1]) {
    credential_password(app_of(rq)->parts.config->device_secret, &row->id, row->credential_version, out);
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct create *c = request_body(rq);
    struct actor actor = actor_of(rq);
    char id[UUID_TEXT_LEN + 1], password[CREDENTIAL_PASSWORD_LEN + 1];
    struct device_row row = {.id = uuid_new(), .site_id = c->site_id};
    uuid_format(&row.id, id);
    lookup_copy(row.model, c->model);
    lookup_copy(row.name, c->name);
    memcpy(row.serial, c->serial[0] ? c->serial : id, c->serial[0] ? sizeof(c->serial) : sizeof(id));
    enum err e = device_create(db_of(worker), scope_of(rq), &actor, &row);
    switch (e) {
    case ERR_OK: break;
    case ERR_NOT_FOUND: return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    case ERR_UNPROCESSABLE: return request_fail_at(rq, e, "/model", "not_found", "there is no such model");
    case ERR_CONFLICT:
        return request_fail_at(rq, e, "/serial", "not_unique", "a device has this serial already");
    default: return e;
    }
    password_of(rq, &row, password);
    request_set_location(rq, "/api/v1/devices/%s", id);
    seal(rq);
    return reply(rq, 201, changed(rq, &row), &(struct render_credentials){&row, password});
}

static enum err handle_update(struct request *rq, void *worker) {
    const struct update *u = request_body(rq);
    struct actor actor = actor_of(rq);
    int64_t version;
    enum err e = lookup_if_match_v(rq, &version);
    if (e) return e;
    struct device_change change = {.has_name = u->has_name,
                                   .has_serial = u->has_serial,
                                   .has_service = u->has_service,
                                   .has_site_id = u->has_site_id,
                                   .site_id = u->site_id};
    lookup_copy(change.name, u->name);
    lookup_copy(change.serial, u->serial);
    if (u->has_service) snprintf(change.service, sizeof(change.service), "%s", service_names[u->service]);
    struct device_row row;
    e = device_update(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), version, &change, &row);
    if (e == ERR_DEVICE_BUSY)
        return request_fail(
            rq, e,
            "a device with a session is neither moved nor retired, and one that tests itself stays in "
            "maintenance: stop it first");
    if (e == ERR_CONFLICT)
        return request_fail_at(rq, e, "/serial", "not_unique", "a device has this serial already");
    return e ? e : reply(rq, 200, changed(rq, &row), NULL);
}

static enum err handle_rotate(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct device_change change = {.rotate_credential = true};
    struct device_row row;
    enum err e =
        device_update(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), 0, &change, &row);
    if (e) return e;
    char password[CREDENTIAL_PASSWORD_LEN + 1];
    password_of(rq, &row, password);
    changed(rq, &row);
    seal(rq);
    render_credentials(request_json(rq), NULL, &(struct render_credentials){&row, password});
    request_reply(rq, 201);
    return ERR_OK;
}
