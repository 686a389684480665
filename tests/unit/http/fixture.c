#include "tests/unit/http/fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/base/limits.h"

static void at_changed(struct fixture *f) { pthread_cond_broadcast(&f->changed); }

void fixture_note(struct fixture *f, const char *what) {
    pthread_mutex_lock(&f->lock);
    size_t n = strlen(f->trace);
    snprintf(f->trace + n, sizeof(f->trace) - n, "%s ", what);
    pthread_mutex_unlock(&f->lock);
}

void fixture_trace(struct fixture *f, char out[512]) {
    pthread_mutex_lock(&f->lock);
    memcpy(out, f->trace, 512);
    pthread_mutex_unlock(&f->lock);
}

/* --- handlers --- */
struct step {
    int32_t minutes;
};
struct thing {
    char name[21];
    int32_t level;
    bool has_level;
    struct uuid site_id;
    int32_t steps_n;
    struct step steps[3];
};
static const struct field step_fields[] = {FIELD_INT(struct step, minutes, 1, 60, FIELD_REQUIRED), FIELD_END};
static const struct field thing_fields[] = {
    FIELD_STR(struct thing, name, 1, FIELD_REQUIRED),
    FIELD_INT_HAS(struct thing, level, 0, 100, 0, has_level), FIELD_UUID(struct thing, site_id, 0),
    FIELD_ARRAY(struct thing, steps, steps_n, 0, step_fields, 0), FIELD_END};

static const char *const kinds[] = {"warm", "cold", NULL};
struct page {
    int32_t limit;
    char cursor[CURSOR_TEXT_MAX];
    int kind;
    bool has_kind, deep;
    int64_t from;
    int32_t water_c;
};
static const struct field page_fields[] = {FIELD_INT(struct page, limit, 1, 200, 0),
                                           FIELD_STR(struct page, cursor, 1, 0),
                                           FIELD_ENUM_HAS(struct page, kind, kinds, 0, has_kind),
                                           FIELD_BOOL(struct page, deep, 0),
                                           FIELD_TIME(struct page, from, 0),
                                           FIELD_MILLI(struct page, water_c, 0, 43000, 0),
                                           FIELD_END};

static enum err health(struct request *rq, void *worker) {
    (void)worker;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_bool(w, "ok", worker == NULL);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err thing_list(struct request *rq, void *worker) {
    (void)worker;
    const struct page *page = request_query(rq);
    int64_t after = 0;
    if (page->cursor[0]) {
        enum err e = cursor_decode("things", page->cursor, &after, sizeof(after));
        if (e) return e;
    }
    after += page->limit ? page->limit : 50;
    char cursor[CURSOR_TEXT_MAX];
    cursor_encode("things", &after, sizeof(after), cursor);
    request_set_next(rq, cursor);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_int(w, "after", after);
    jsonw_str(w, "kind", page->has_kind ? kinds[page->kind] : NULL);
    jsonw_bool(w, "deep", page->deep);
    jsonw_time(w, "from", page->from);
    jsonw_milli(w, "water_c", page->water_c);
    jsonw_str(w, "next_cursor", cursor);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err thing_create(struct request *rq, void *worker) {
    struct fixture *f = request_app(rq);
    fixture_note(f, worker ? "handler" : "handler-without-worker");
    const struct thing *thing = request_body(rq);
    if (!strcmp(thing->name, "taken"))
        return request_fail(rq, ERR_CONFLICT, "There is a thing called \"%s\"", thing->name);
    if (!strcmp(thing->name, "forgot")) return ERR_OK; /* without an answer */
    if (!strcmp(thing->name, "cannot")) {
        request_fail_member(rq, "hint", "{\"do\":\"clean\"}");
        return request_fail_at(rq, ERR_CANNOT_RUN, "/steps/0", "missing_actuator", "needs %s", "rollers");
    }
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "name", thing->name);
    jsonw_int(w, "steps", thing->steps_n);
    jsonw_str(w, "by", request_principal(rq)->name);
    jsonw_object_end(w);
    request_set_location(rq, "/api/v1/things/%s", THING);
    request_reply(rq, 201);
    return ERR_OK;
}

static enum err thing_get(struct request *rq, void *worker) {
    char id[UUID_TEXT_LEN + 1];
    uuid_format(request_param_uuid(rq, 0), id);
    request_set_version(rq, 7);
    if (request_is_unchanged(rq)) {
        request_reply_empty(rq, 304);
        return ERR_OK;
    }
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "id", id);
    jsonw_bool(w, "from_memory", worker == NULL);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err thing_update(struct request *rq, void *worker) {
    (void)worker;
    int64_t version;
    enum err e = request_if_match(rq, &version);
    if (e) return e;
    if (version != 7 && version != -1) return ERR_PRECONDITION_FAILED;
    request_set_version(rq, 8);
    request_reply_empty(rq, 204);
    return ERR_OK;
}

static enum err thing_delete(struct request *rq, void *worker) {
    (void)worker;
    request_reply_empty(rq, 204);
    return ERR_OK;
}

static enum err name_get(struct request *rq, void *worker) {
    (void)worker;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "slug", request_param(rq, 0));
    if (request_route(rq)->path[strlen(request_route(rq)->path) - 1] == '}' &&
        strstr(request_route(rq)->path, "version"))
        jsonw_int(w, "version", request_param_int(rq, 1));
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err name_best(struct request *rq, void *worker) {
    (void)worker;
    request_reply_data(rq, 200, "application/json", "\"the best\"", 10);
    return ERR_OK;
}

static enum err big(struct request *rq, void *worker) {
    (void)worker;
    struct jsonw *w = request_json(rq);
    jsonw_array(w, NULL);
    for (int i = 0; i < 1000; i++) jsonw_int(w, NULL, i % 10);
    jsonw_array_end(w);
    request_set_etag(rq, "big-1");
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err gate(struct request *rq, void *worker) {
    (void)worker;
    struct fixture *f = request_app(rq);
    pthread_mutex_lock(&f->lock);
    f->at_gate++;
    at_changed(f);
    while (!f->gate_open) pthread_cond_wait(&f->changed, &f->lock);
    f->at_gate--;
    pthread_mutex_unlock(&f->lock);
    request_reply_empty(rq, 204);
    return ERR_OK;
}

static enum err wait_over(struct request *rq, void *worker);

static enum err wait_park(struct request *rq) {
    struct fixture *f = request_app(rq);
    struct park_ticket ticket =
        request_park(rq, clock_mono_ms() + (strstr(request_target(rq), "long") ? 60000 : 50), wait_over);
    pthread_mutex_lock(&f->lock);
    f->tickets[f->tickets_n++ % FIXTURE_TICKETS] = ticket;
    bool at_once = f->wake_at_once;
    at_changed(f);
    pthread_mutex_unlock(&f->lock);
    if (at_once) request_unpark(request_http(rq), ticket);
    return ERR_OK;
}

static enum err wait_over(struct request *rq, void *worker) {
    struct fixture *f = request_app(rq);
    fixture_note(f, request_park_expired(rq) ? "expired" : "woken");
    pthread_mutex_lock(&f->lock);
    bool again = f->parkings > 1;
    if (again) f->parkings--;
    pthread_mutex_unlock(&f->lock);
    if (again) return wait_park(rq);
    if (strstr(request_target(rq), "silent")) return ERR_OK; /* what was written before parking stands */
    if (strstr(request_target(rq), "fail")) return request_fail(rq, ERR_CONFLICT, "too bad");
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_bool(w, "expired", request_park_expired(rq));
    jsonw_bool(w, "worker", worker != NULL);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}

static enum err wait_begin(struct request *rq, void *worker) {
    (void)worker;
    fixture_note(request_app(rq), "handler");
    request_reply_data(rq, 202, "application/json", "\"accepted\"", 10);
    wait_park(rq);
    return strstr(request_target(rq), "refuse") ? ERR_CONFLICT : ERR_OK;
}

struct events_query {
    char types[101];
    struct uuid site_id;
    bool has_site;
};
static const struct field events_fields[] = {FIELD_STR(struct events_query, types, 0, 0),
                                             FIELD_UUID_HAS(struct events_query, site_id, 0, has_site),
                                             FIELD_END};

static enum err events(struct request *rq, void *worker) {
    (void)worker;
    struct fixture *f = request_app(rq);
    const struct events_query *query = request_query(rq);
    struct sse_filter filter = {.by_site = query->has_site, .site_id = query->site_id};
    if (query->types[0] && !sse_types_parse(f->hub, query->types, &filter.types))
        return request_fail_at(rq, ERR_INVALID_QUERY, "/types", field_fault_code(FIELD_NOT_ONE_OF),
                               "unknown type");
    return sse_stream(f->hub, rq, &filter);
}
static const struct route thing_routes[] = {
    ROUTE(GET, "/healthz", PUBLIC, ROUTE_MEMORY, health),
    ROUTE(GET, "/metrics", PUBLIC, ROUTE_MEMORY, http_handle_metrics),
    ROUTE(GET, "/api/v1/things", READ, 0, thing_list, ROUTE_QUERY(struct page, page_fields)),
    ROUTE(POST, "/api/v1/things", OPERATE, ROUTE_IDEMPOTENT, thing_create,
          ROUTE_BODY(struct thing, thing_fields)),
    ROUTE(POST, "/api/v1/larger", OPERATE, 0, thing_create, ROUTE_BODY(struct thing, thing_fields),
          .body_max = 2 * LIMIT_BODY),
    ROUTE(GET, "/api/v1/things/{id}", READ, ROUTE_MEMORY, thing_get),
    ROUTE(PATCH, "/api/v1/things/{id}", MANAGE, 0, thing_update),
    ROUTE(DELETE, "/api/v1/things/{id}", ADMINISTER, 0, thing_delete),
};
static const struct route other_routes[] = {
    ROUTE(GET, "/api/v1/names/{slug}", READ, ROUTE_MEMORY, name_get),
    ROUTE(GET, "/api/v1/names/best", READ, ROUTE_MEMORY, name_best),
    ROUTE(GET, "/api/v1/names/{slug}/versions/{version}", READ, ROUTE_MEMORY, name_get),
    ROUTE(GET, "/api/v1/big", READ, ROUTE_MEMORY, big),
    ROUTE(GET, "/api/v1/gate", READ, 0, gate),
    ROUTE(POST, "/api/v1/wait/{slug}", OPERATE, 0, wait_begin),
    ROUTE(GET, "/api/v1/events", READ, ROUTE_STREAM, events, ROUTE_QUERY(struct events_query, events_fields)),
};
static const struct route_table tables[] = {ROUTE_TABLE(thing_routes), ROUTE_TABLE(other_routes)};

/* --- hooks --- */
static enum http_auth authenticate(void *app, const char *token, size_t len, void *worker,
                                   struct principal *ret) {
    (void)app;
    if (len == 4 && !memcmp(token, "down", 4)) return HTTP_AUTH_UNAVAILABLE;
    if (len == 4 && !memcmp(token, "late", 4)) { /* only a worker knows it */
        if (!worker) return HTTP_AUTH_ASK;
        token = "owner", len = 5;
    }
    struct principal p = {.scope.all = true};
    const char *name = token;
    size_t name_len = len;
    if (len > 2 && token[len - 2] == '-') { /* "viewer-a": site A only */
        p.scope.all = false;
        p.scope.n = 1;
        if (!uuid_parse(token[len - 1] == 'a' ? SITE_A : SITE_B, UUID_TEXT_LEN, &p.scope.sites[0]))
            return HTTP_AUTH_REFUSED;
        name_len = len - 2;
    }
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (strlen(role_names[i]) != name_len || memcmp(role_names[i], name, name_len)) continue;
        p.role = (enum role)i;
        snprintf(p.name, sizeof(p.name), "%.*s", (int)len, token);
        *ret = p;
        return HTTP_AUTH_OK;
    }
    return HTTP_AUTH_REFUSED;
}

static void *worker_new(void *app) {
    struct fixture *f = app;
    pthread_mutex_lock(&f->lock);
    f->workers_made++;
    pthread_mutex_unlock(&f->lock);
    return xcalloc(1, 1);
}

static void worker_free(void *app, void *worker) {
    struct fixture *f = app;
    pthread_mutex_lock(&f->lock);
    f->workers_freed++;
    pthread_mutex_unlock(&f->lock);
    free(worker);
}

static enum err before(void *app, struct request *rq, void *worker) {
    (void)worker;
    fixture_note(app, request_is_continued(rq) ? "before-again" : "before");
    const char *key = request_idempotency_key(rq);
    if (!key || request_is_continued(rq)) return ERR_OK;
    if (!strcmp(key, "busy")) return ERR_IN_FLIGHT;
    if (!strcmp(key, "known")) {
        request_reply_data(rq, 201, "application/json", "{\"replayed\":true}", 17);
        request_set_header(rq, "Idempotency-Replayed", "true");
    }
    return ERR_OK;
}

static enum err after(void *app, struct request *rq, void *worker, enum err outcome) {
    (void)worker;
    struct fixture *f = app;
    char note[64];
    size_t len;
    request_reply_text(rq, &len);
    snprintf(note, sizeof(note), "after(%s,%d%s%s)", err_info(outcome)->code, request_status(rq),
             request_is_parked(rq) ? ",parked" : "", len ? "" : ",empty");
    fixture_note(f, note);
    return f->after_says;
}

static void record(void *app, const struct http_record *r) {
    struct fixture *f = app;
    if (r->status && r->request_id[0]) atomic_fetch_add(&f->records, 1);
}

static const struct http_hooks hooks = {.authenticate = authenticate,
                                        .worker_new = worker_new,
                                        .worker_free = worker_free,
                                        .before = before,
                                        .after = after,
                                        .record = record};
static const char *const event_types[] = {"session", "alarm", "state", NULL};

struct fixture *fixture_new(const struct fixture_options *options) {
    static const struct fixture_options usual;
    if (!options) options = &usual;
    struct fixture *f = xcalloc(1, sizeof(*f));
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->metrics = metrics_new();
    f->hub = sse_hub_new(event_types, options->heartbeat_ms, f->metrics);
    const struct config_addr addr = {.host = "127.0.0.1"};
    const struct http_options o = {.listen = &addr,
                                   .threads = options->threads ? options->threads : 2,
                                   .workers = options->workers ? options->workers : 2,
                                   .tables = tables,
                                   .tables_n = COUNT_OF(tables),
                                   .mounts = options->mounts,
                                   .mounts_n = options->mounts_n,
                                   .hooks = &hooks,
                                   .app = f,
                                   .metrics = f->metrics,
                                   .request_timeout_ms = options->request_timeout_ms,
                                   .work_queue = options->queue};
    char error[256];
    f->options = o;
    f->http = http_new(&o, error);
    if (!f->http) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    f->port = http_port(f->http);
    return f;
}

void fixture_stop(struct fixture *f, int64_t drain_ms) {
    http_free(f->http, drain_ms);
    f->http = NULL;
}

void fixture_free(struct fixture *f) {
    fixture_open_gate(f);
    fixture_stop(f, 3000);
    sse_hub_free(f->hub);
    metrics_free(f->metrics);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f);
}

void fixture_open_gate(struct fixture *f) {
    pthread_mutex_lock(&f->lock);
    f->gate_open = true;
    at_changed(f);
    pthread_mutex_unlock(&f->lock);
}

void *fixture_open_gate_later(void *cls) {
    const struct timespec pause = {.tv_nsec = 400000000};
    nanosleep(&pause, NULL);
    fixture_open_gate(cls);
    return NULL;
}

bool fixture_wait_gate(struct fixture *f, int at_gate) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    pthread_mutex_lock(&f->lock);
    while (f->at_gate != at_gate)
        if (pthread_cond_timedwait(&f->changed, &f->lock, &until)) break;
    bool ok = f->at_gate == at_gate;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

bool fixture_wait_parked(struct fixture *f, int64_t n) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000; i++) {
        if (metrics_get(f->metrics, METRIC_REQUESTS_PARKED) == n) return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

struct park_ticket fixture_ticket(struct fixture *f) {
    pthread_mutex_lock(&f->lock);
    struct park_ticket t =
        f->tickets_n ? f->tickets[(f->tickets_n - 1) % FIXTURE_TICKETS] : (struct park_ticket){0};
    pthread_mutex_unlock(&f->lock);
    return t;
}

void fixture_unpark_all(struct fixture *f) {
    struct park_ticket list[FIXTURE_TICKETS];
    pthread_mutex_lock(&f->lock);
    memcpy(list, f->tickets, sizeof(list));
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < FIXTURE_TICKETS; i++) request_unpark(f->http, list[i]);
}

void fixture_publish(struct fixture *f, int type, const char *site, const char *json) {
    struct uuid id = {0};
    if (site && !uuid_parse(site, UUID_TEXT_LEN, &id)) abort();
    sse_publish(f->hub, type, &id, json, strlen(json));
}
