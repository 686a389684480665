/* /api/v1/routines: the lists of steps that people write. A published version never changes. What becomes of
 * a version is in routine_life.c, taking routines in and out in routine_exchange.c. */
#include <stdio.h>
#include <string.h>

#include "server/api/call.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/routine_view.h"
#include "server/domain/routine_diff.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_versions(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_get_version(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_replace(struct request *rq, void *worker);
static enum err handle_diff(struct request *rq, void *worker);

static const struct field list_query_fields[] = {LIST_FIELDS(struct routine_query), ROUTINE_FILTERS,
                                                 FIELD_END};

struct versions_query {
    LIST_QUERY
};
static const struct field versions_query_fields[] = {LIST_FIELDS(struct versions_query), FIELD_END};

struct create_query {
    struct uuid site_id;
};
static const struct field create_query_fields[] = {FIELD_UUID(struct create_query, site_id, 0), FIELD_END};

struct diff_query {
    int32_t from, to; /* versions */
};
static const struct field diff_query_fields[] = {
    FIELD_INT(struct diff_query, from, 1, INT32_MAX, FIELD_REQUIRED),
    FIELD_INT(struct diff_query, to, 1, INT32_MAX, FIELD_REQUIRED), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/routines", READ, 0, handle_list,
          ROUTE_QUERY(struct routine_query, list_query_fields)),
    ROUTE(POST, "/api/v1/routines", MANAGE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_QUERY(struct create_query, create_query_fields), ROUTE_BODY(struct routine, routine_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}", READ, 0, handle_get),
    ROUTE(GET, "/api/v1/routines/{slug}/versions", READ, 0, handle_versions,
          ROUTE_QUERY(struct versions_query, versions_query_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}/versions/{version}", READ, 0, handle_get_version),
    ROUTE(PUT, "/api/v1/routines/{slug}/versions/{version}", MANAGE, 0, handle_replace,
          ROUTE_BODY(struct routine, routine_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}/diff", READ, 0, handle_diff,
          ROUTE_QUERY(struct diff_query, diff_query_fields)),
};
const struct route_table routine_routes = ROUTE_TABLE(rows);

/* ---- reading ---- */

static void render_briefs(struct list *l, struct routine_row found[], int32_t n) {
    for (int32_t i = 0, shown = list_shown(l, n); i < n; i++) {
        if (i < shown) routine_view_brief(l->w, NULL, &found[i]);
        routine_row_done(&found[i]);
    }
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct routine_query *q = request_query(rq);
    struct routine_filter filter;
    struct list l;
    enum err e = list_begin(rq, "routines", LIST_SLUG_MAX, q->limit, q->cursor, &l);
    if (!e) e = routine_view_filter(rq, q, &filter);
    if (e) return e;
    struct routine_row *found = list_rows(rq, &l, struct routine_row);
    int32_t n = 0;
    e = routine_list(db_of(worker), scope_of(rq), &filter, l.after.slug, l.limit + 1, found, &n);
    if (e) return e;
    list_items(rq, &l);
    render_briefs(&l, found, n);
    union list_key last = {0};
    int32_t shown = list_shown(&l, n);
    if (shown) snprintf(last.slug, sizeof(last.slug), "%s", found[shown - 1].slug);
    return list_reply(rq, &l, n > shown, last.slug);
}

static enum err handle_versions(struct request *rq, void *worker) {
    const struct versions_query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "versions", sizeof(int64_t), q->limit, q->cursor, &l);
    if (e) return e;
    struct routine_row *found = list_rows(rq, &l, struct routine_row);
    int32_t n = 0;
    e = routine_versions(db_of(worker), scope_of(rq), request_param(rq, 0), (int32_t)l.after.number,
                         l.limit + 1, found, &n);
    if (e) return e;
    if (n == 0 && !l.after.number) return ERR_NOT_FOUND;
    list_items(rq, &l);
    render_briefs(&l, found, n);
    int32_t shown = list_shown(&l, n);
    int64_t last = shown ? found[shown - 1].version : 0;
    return list_reply(rq, &l, n > shown, &last);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct routine_row row;
    enum err e = routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), 0, &row);
    return e ? e : routine_view_reply(rq, 200, &row);
}

static enum err handle_get_version(struct request *rq, void *worker) {
    struct routine_row row;
    enum err e = routine_view_get(rq, worker, &row);
    return e ? e : routine_view_reply(rq, 200, &row);
}

/* ---- writing ---- */

static enum err check(struct request *rq, const struct routine *r) {
    struct field_errors errors = {0};
    if (routine_view_check(r, "", &errors)) return ERR_OK;
    return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct routine *r = request_body(rq);
    const struct create_query *q = request_query(rq);
    enum err e = check(rq, r);
    if (e) return e;
    size_t len;
    struct routine_row row;
    e = routine_view_write(rq, worker, r, request_body_text(rq, &len), &q->site_id, "", &row);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, ERR_CONFLICT, "/slug", "not_unique",
                               "the slug has a draft already, or belongs to others");
    if (e) return e;
    request_set_location(rq, "/api/v1/routines/%s/versions/%d", row.slug, (int)row.version);
    return routine_view_reply(rq, 201, &row);
}

static enum err handle_replace(struct request *rq, void *worker) {
    const struct routine *r = request_body(rq);
    if (request_param_int(rq, 1) == 0) return ERR_NOT_FOUND;
    enum err e = check(rq, r);
    if (!e && strcmp(r->slug, request_param(rq, 0)) != 0)
        e = request_fail_at(rq, ERR_UNPROCESSABLE, "/slug", "mismatch", "must be the slug of the path");
    struct routine_row before, row;
    if (!e) e = routine_view_get_draft(rq, worker, &before);
    if (e) return e;
    size_t len;
    bool for_all = uuid_is_zero(&before.site_id);
    e = routine_view_write(rq, worker, r, request_body_text(rq, &len), &before.site_id, before.content, &row);
    routine_row_done(&before);
    if (e == ERR_NOT_FOUND) return for_all && !scope_of(rq)->all ? ERR_FORBIDDEN : ERR_PRECONDITION_FAILED;
    return e ? e : routine_view_reply(rq, 200, &row);
}

/* ---- comparing ---- */

struct compared {
    struct routine_row row;
    struct routine routine;
};

static void compared_free(struct compared *c) {
    routine_row_done(&c->row);
    free(c);
}
AUTO_DEFINE(struct compared *, compared_free)

static enum err read_compared(struct request *rq, void *worker, int32_t version, const char *pointer,
                              struct compared **ret) {
    auto_call(compared_free_p) struct compared *c = xcalloc(1, sizeof(*c));
    enum err e = routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), version, &c->row);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, e, pointer, "not_found", "there is no version %d", (int)version);
    if (!e && !prepare_parse(&c->row, &c->routine)) e = ERR_INTERNAL;
    if (!e) *ret = steal(&c);
    return e;
}

static enum err handle_diff(struct request *rq, void *worker) {
    const struct diff_query *q = request_query(rq);
    auto_call(compared_free_p) struct compared *from = NULL, *to = NULL;
    enum err e = read_compared(rq, worker, q->from, "/from", &from);
    if (!e) e = read_compared(rq, worker, q->to, "/to", &to);
    if (e) return e;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    routine_view_brief(w, "from", &from->row);
    routine_view_brief(w, "to", &to->row);
    (void)routine_diff_write(w, "changes", &from->routine, &to->routine);
    jsonw_object_end(w);
    request_reply(rq, 200);
    return ERR_OK;
}
