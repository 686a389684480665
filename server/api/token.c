/* /api/v1/tokens: who may. The secret is in the answer to the creation and nowhere else. */
#include "base/clock.h"
#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_revoke(struct request *rq, void *worker);

struct query {
    LIST_QUERY
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

struct create {
    char name[65];
    int role;
    bool all_sites;
    int32_t n_site_ids;
    struct uuid site_ids[SCOPE_SITES_MAX];
    bool has_expires_at;
    int64_t expires_at;
};
static const struct field site_id_row = {.type = FIELD_T_UUID, .size = sizeof(struct uuid)};
static const struct field create_fields[] = {
    FIELD_STR(struct create, name, 1, FIELD_REQUIRED),
    FIELD_ENUM(struct create, role, role_names, FIELD_REQUIRED),
    FIELD_BOOL(struct create, all_sites, 0),
    FIELD_LIST(struct create, site_ids, n_site_ids, 0, &site_id_row, 0),
    FIELD_TIME_HAS(struct create, expires_at, FIELD_NULLABLE, has_expires_at),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/tokens", ADMINISTER, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/tokens", ADMINISTER, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct create, create_fields)),
    ROUTE(DELETE, "/api/v1/tokens/{id}", ADMINISTER, 0, handle_revoke),
};
const struct route_table token_routes = ROUTE_TABLE(rows);

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "tokens", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct token_row *tokens = list_rows(rq, &l, struct token_row);
    int32_t n = 0;
    e = token_list(db_of(worker), scope_of(rq), &page, tokens, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) render_token(l.w, NULL, &tokens[i], NULL);
    return list_reply(rq, &l, n > shown, shown ? &tokens[shown - 1].id : NULL);
}

static enum err check(struct request *rq, const struct create *c) {
    if (c->all_sites == (c->n_site_ids > 0))
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/site_ids", field_fault_code(FIELD_OUT_OF_RANGE),
                               "either all_sites, or the sites that the token covers");
    if (c->has_expires_at && c->expires_at <= clock_wall_ms())
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/expires_at", field_fault_code(FIELD_OUT_OF_RANGE),
                               "must be in the future");
    return ERR_OK;
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct create *c = request_body(rq);
    struct actor actor = actor_of(rq);
    enum err e = check(rq, c);
    if (e) return e;
    struct token_row row = {.role = c->role, .expires_at = c->expires_at};
    lookup_copy(row.name, c->name);
    row.sites.all = c->all_sites;
    row.sites.n = c->n_site_ids;
    for (int32_t i = 0; i < c->n_site_ids; i++) row.sites.sites[i] = c->site_ids[i];
    char secret[AUTH_TOKEN_LEN + 1];
    auth_make(&row, secret);
    e = token_create(db_of(worker), scope_of(rq), &actor, &row);
    if (e == ERR_UNPROCESSABLE)
        return request_fail_at(rq, e, "/site_ids", "unknown", "one of these sites does not exist");
    if (e) return e;
    call_seal(rq);
    request_set_header(rq, "Cache-Control", "no-store");
    render_token(request_json(rq), NULL, &row, secret);
    request_reply(rq, 201);
    return ERR_OK;
}

static void forget(struct request *rq, void *arg) {
    auth_forget(app_of(rq)->auth, arg);
    sse_end(app_of(rq)->parts.hub, arg);
}

static enum err handle_revoke(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct token_row row;
    const struct uuid *id = request_param_uuid(rq, 0);
    enum err e = token_revoke(db_of(worker), scope_of(rq), &actor, id, &row);
    if (e) return e;
    struct uuid *gone = request_alloc(rq, sizeof(*gone));
    *gone = *id;
    call_after_commit(rq, forget, gone);
    request_reply_empty(rq, 204);
    return ERR_OK;
}
