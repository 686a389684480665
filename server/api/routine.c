/* /api/v1/routines: the lists of steps that people write. A published version never changes. */
#include <stdio.h>
#include <string.h>

#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/render.h"
#include "server/base/crypto.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_versions(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_get_version(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_replace(struct request *rq, void *worker);
static enum err handle_publish(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid site_id;
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_UUID(struct query, site_id, 0),
                                            FIELD_END};
static const struct field versions_query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

struct create_query {
    struct uuid site_id;
};
static const struct field create_query_fields[] = {FIELD_UUID(struct create_query, site_id, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/routines", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/routines", MANAGE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_QUERY(struct create_query, create_query_fields), ROUTE_BODY(struct routine, routine_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}", READ, 0, handle_get),
    ROUTE(GET, "/api/v1/routines/{slug}/versions", READ, 0, handle_versions,
          ROUTE_QUERY(struct query, versions_query_fields)),
    ROUTE(GET, "/api/v1/routines/{slug}/versions/{version}", READ, 0, handle_get_version),
    ROUTE(PUT, "/api/v1/routines/{slug}/versions/{version}", MANAGE, 0, handle_replace,
          ROUTE_BODY(struct routine, routine_fields)),
    ROUTE(POST, "/api/v1/routines/{slug}/versions/{version}/publish", MANAGE, ROUTE_IDEMPOTENT,
          handle_publish),
};
const struct route_table routine_routes = ROUTE_TABLE(rows);

/* ---- showing ---- */

static void render_head(struct jsonw *w, const struct routine_row *row) {
    jsonw_str(w, "slug", row->slug);
    jsonw_int(w, "version", row->version);
    jsonw_str(w, "state", row->state);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_str(w, "name", row->name);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "published_at", row->published_at);
}

static void render_brief(struct jsonw *w, const struct routine_row *row, struct routine *room) {
    jsonw_object(w, NULL);
    render_head(w, row);
    if (prepare_parse(row, room)) {
        jsonw_str(w, "summary", room->summary);
        jsonw_str(w, "type", routine_type_names[room->type]);
        jsonw_array(w, "goals");
        for (int32_t i = 0; i < room->n_goals; i++) jsonw_str(w, NULL, goal_names[room->goals[i]]);
        jsonw_array_end(w);
        jsonw_int(w, "steps", room->n_steps);
        jsonw_milli(w, "duration_s", routine_total_ms(room));
    }
    jsonw_object_end(w);
}

/* A tag that says everything that can change: number, state and content. */
#define TAG_MAX 64
static void tag_of(const struct routine_row *row, char out[TAG_MAX]) {
    uint8_t hash[CRYPTO_SHA256_LEN];
    char hex[17];
    crypto_sha256(row->content, strlen(row->content), hash);
    crypto_hex(hash, 8, hex);
    snprintf(out, TAG_MAX, "%d.%s.%s", (int)row->version, row->state, hex);
}

/* Takes the row over. */
static enum err reply(struct request *rq, int status, struct routine_row *row) {
    char tag[TAG_MAX];
    tag_of(row, tag);
    request_set_etag(rq, "%s", tag);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    render_head(w, row);
    jsonw_raw(w, "content", row->content, strlen(row->content));
    jsonw_object_end(w);
    request_reply(rq, status);
    routine_row_done(row);
    return ERR_OK;
}

static void render_briefs(struct list *l, struct routine_row found[], int32_t n) {
    auto_free struct routine *room = xmalloc(sizeof(*room));
    int32_t shown = list_shown(l, n);
    for (int32_t i = 0; i < n; i++) {
        if (i < shown) render_brief(l->w, &found[i], room);
        routine_row_done(&found[i]);
    }
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "routines", LIST_SLUG_MAX, q->limit, q->cursor, &l);
    if (e) return e;
    struct routine_row *found = list_rows(rq, &l, struct routine_row);
    int32_t n = 0;
    e = routine_list(db_of(worker), scope_of(rq), &q->site_id, l.after.slug, l.limit + 1, found, &n);
    if (e) return e;
    list_items(rq, &l);
    render_briefs(&l, found, n);
    union list_key last = {0};
    int32_t shown = list_shown(&l, n);
    if (shown) snprintf(last.slug, sizeof(last.slug), "%s", found[shown - 1].slug);
    return list_reply(rq, &l, n > shown, last.slug);
}

static enum err handle_versions(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
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

static enum err show(struct request *rq, void *worker, int32_t version) {
    struct routine_row row;
    enum err e = routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), version, &row);
    return e ? e : reply(rq, 200, &row);
}

static enum err handle_get(struct request *rq, void *worker) { return show(rq, worker, 0); }

static enum err handle_get_version(struct request *rq, void *worker) {
    int32_t version = request_param_int(rq, 1);
    return version ? show(rq, worker, version) : ERR_NOT_FOUND;
}

/* ---- writing ---- */

static enum err check(struct request *rq, const struct routine *r) {
    struct field_errors errors = {0};
    if (!routine_slug_ok(r->slug))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/slug", "lower-case letters, digits and single hyphens");
    if (routine_check(r, &errors) && errors.n == 0) return ERR_OK;
    return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct routine *r = request_body(rq);
    const struct create_query *q = request_query(rq);
    struct actor actor = actor_of(rq);
    enum err e = check(rq, r);
    if (e) return e;
    size_t len;
    struct routine_row row;
    e = routine_put_draft_if(db_of(worker), scope_of(rq), &actor, r->slug, &q->site_id, r->name,
                             request_body_text(rq, &len), "", &row);
    if (e == ERR_FORBIDDEN)
        return request_fail(rq, e,
                            "name a site of the token's with ?site_id=...; only a token for all sites "
                            "writes routines for all");
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, ERR_CONFLICT, "/slug", "not_unique",
                               "the slug has a draft already, or belongs to others");
    if (e) return e;
    request_set_location(rq, "/api/v1/routines/%s/versions/%d", row.slug, (int)row.version);
    return reply(rq, 201, &row);
}

/* The version named in the path, when If-Match allows to change it. */
static enum err read_draft(struct request *rq, void *worker, struct routine_row *ret) {
    enum err e =
        routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), request_param_int(rq, 1), ret);
    if (e) return e;
    char tag[TAG_MAX];
    tag_of(ret, tag);
    e = lookup_if_match_tag(rq, tag);
    if (!e && strcmp(ret->state, "draft") != 0)
        e = request_fail(rq, ERR_VERSION_PUBLISHED,
                         "version %d is %s; POST /api/v1/routines makes the next draft", (int)ret->version,
                         ret->state);
    if (e) routine_row_done(ret);
    return e;
}

static enum err handle_replace(struct request *rq, void *worker) {
    const struct routine *r = request_body(rq);
    struct actor actor = actor_of(rq);
    if (request_param_int(rq, 1) == 0) return ERR_NOT_FOUND;
    enum err e = check(rq, r);
    if (!e && strcmp(r->slug, request_param(rq, 0)) != 0)
        e = request_fail_at(rq, ERR_UNPROCESSABLE, "/slug", "mismatch", "must be the slug of the path");
    struct routine_row before, row;
    if (!e) e = read_draft(rq, worker, &before);
    if (e) return e;
    size_t len;
    e = routine_put_draft_if(db_of(worker), scope_of(rq), &actor, r->slug, &before.site_id, r->name,
                             request_body_text(rq, &len), before.content, &row);
    bool for_all = uuid_is_zero(&before.site_id);
    routine_row_done(&before);
    if (e == ERR_NOT_FOUND) return for_all && !scope_of(rq)->all ? ERR_FORBIDDEN : ERR_PRECONDITION_FAILED;
    return e ? e : reply(rq, 200, &row);
}

static enum err handle_publish(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    int32_t version = request_param_int(rq, 1);
    struct routine_row before, row;
    if (version == 0) return ERR_NOT_FOUND;
    enum err e = read_draft(rq, worker, &before);
    if (e) return e;
    if (!db_in_transaction(db_of(worker))) db_begin(db_of(worker));
    e = routine_publish(db_of(worker), scope_of(rq), &actor, request_param(rq, 0), version, &row);
    bool for_all = uuid_is_zero(&before.site_id);
    bool same = !e && strcmp(before.content, row.content) == 0;
    routine_row_done(&before);
    if (e == ERR_NOT_FOUND && for_all && !scope_of(rq)->all)
        return request_fail(rq, ERR_FORBIDDEN, "only a token for all sites publishes routines for all");
    if (e == ERR_WRONG_STATE) return ERR_VERSION_PUBLISHED;
    if (e) return e;
    if (same) return reply(rq, 200, &row);
    routine_row_done(&row); /* replaced in between: the transaction is rolled back */
    return ERR_PRECONDITION_FAILED;
}
