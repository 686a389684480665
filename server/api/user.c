/* /api/v1/users: people, managed by owners. Nobody sees, makes or changes one that may more than they do:
 * every caller is an owner, so that it is the sites that count. */
#include <stdio.h>

#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/user_view.h"
#include "server/base/crypto.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_update(struct request *rq, void *worker);
static enum err handle_link(struct request *rq, void *worker);

struct query {
    LIST_QUERY
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

struct body {
    bool has_login, has_name, has_role, has_state, has_all_sites, has_site_ids;
    char login[USER_LOGIN_MAX + 1], name[65];
    int role, state;
    bool all_sites;
    int32_t n_site_ids;
    struct uuid site_ids[SCOPE_SITES_MAX];
};
static const struct field site_id_row = {.type = FIELD_T_UUID, .size = sizeof(struct uuid)};
#define SITES                                                                                                \
    FIELD_BOOL_HAS(struct body, all_sites, 0, has_all_sites),                                                \
        FIELD_LIST_HAS(struct body, site_ids, n_site_ids, 0, &site_id_row, 0, has_site_ids)
static const struct field create_fields[] = {
    FIELD_STR_HAS(struct body, login, 1, FIELD_REQUIRED, has_login),
    FIELD_STR_HAS(struct body, name, 1, FIELD_REQUIRED, has_name),
    FIELD_ENUM_HAS(struct body, role, role_names, FIELD_REQUIRED, has_role), SITES, FIELD_END};
static const struct field update_fields[] = {
    FIELD_STR_HAS(struct body, login, 1, 0, has_login),
    FIELD_STR_HAS(struct body, name, 1, 0, has_name),
    FIELD_ENUM_HAS(struct body, role, role_names, 0, has_role),
    SITES,
    FIELD_ENUM_HAS(struct body, state, user_state_names, 0, has_state),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/users", ADMINISTER, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/users", ADMINISTER, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct body, create_fields)),
    ROUTE(GET, "/api/v1/users/{id}", ADMINISTER, 0, handle_get),
    ROUTE(PATCH, "/api/v1/users/{id}", ADMINISTER, 0, handle_update, ROUTE_BODY(struct body, update_fields)),
    ROUTE(POST, "/api/v1/users/{id}/sign-in-link", ADMINISTER, ROUTE_IDEMPOTENT, handle_link),
};
const struct route_table user_routes = ROUTE_TABLE(rows);

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "users", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct user_row *users = list_rows(rq, &l, struct user_row);
    int32_t n = 0;
    e = user_list(db_of(worker), scope_of(rq), &page, users, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) render_user(l.w, NULL, &users[i]);
    return list_reply(rq, &l, n > shown, shown ? &users[shown - 1].id : NULL);
}

static enum err reply(struct request *rq, int status, const struct user_row *row) {
    request_set_version(rq, row->version);
    render_user(request_json(rq), NULL, row);
    request_reply(rq, status);
    return ERR_OK;
}

static enum err take(struct request *rq, const struct body *body, struct user_change *ret) {
    *ret = (struct user_change){.has_login = body->has_login,
                                .has_name = body->has_name,
                                .has_role = body->has_role,
                                .has_state = body->has_state,
                                .has_sites = body->has_all_sites || body->has_site_ids,
                                .role = body->role,
                                .state = body->state};
    lookup_copy(ret->login, body->login);
    lookup_copy(ret->name, body->name);
    ret->sites.all = body->all_sites;
    ret->sites.n = body->n_site_ids;
    for (int32_t i = 0; i < body->n_site_ids; i++) ret->sites.sites[i] = body->site_ids[i];
    if (body->has_login && !user_login_fold(ret->login))
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/login", field_fault_code(FIELD_BAD_FORMAT),
                               "letters a to z, digits and . _ @ + -, the first of them a letter or digit");
    if (ret->has_sites && body->all_sites == (body->n_site_ids > 0))
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/site_ids", field_fault_code(FIELD_OUT_OF_RANGE),
                               "either all_sites, or the sites that the user covers");
    return ERR_OK;
}

static enum err explain(struct request *rq, enum err e) {
    if (e == ERR_CONFLICT)
        return request_fail_at(rq, e, "/login", "not_unique", "somebody has this login already");
    if (e == ERR_UNPROCESSABLE)
        return request_fail_at(rq, e, "/site_ids", "unknown",
                               "one of these sites does not exist, or is named twice");
    if (e == ERR_FORBIDDEN) return request_fail(rq, e, "nobody gives more sites than they have");
    return e;
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct body *body = request_body(rq);
    struct actor actor = actor_of(rq);
    struct user_change given;
    enum err e = take(rq, body, &given);
    if (!e && !given.has_sites)
        e = request_fail_at(rq, ERR_UNPROCESSABLE, "/site_ids", field_fault_code(FIELD_MISSING),
                            "either all_sites, or the sites that the user covers");
    if (e) return e;
    struct user_row row = {.id = uuid_new(), .role = given.role, .sites = given.sites};
    lookup_copy(row.login, given.login);
    lookup_copy(row.name, given.name);
    e = user_create(db_of(worker), scope_of(rq), &actor, &row);
    if (e) return explain(rq, e);
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&row.id, id);
    request_set_location(rq, "/api/v1/users/%s", id);
    return reply(rq, 201, &row);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct user_row row;
    enum err e = user_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    return e ? e : reply(rq, 200, &row);
}

static enum err handle_update(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct user_change change;
    struct user_row row;
    int64_t version;
    enum err e = lookup_if_match(rq, &version);
    if (!e) e = take(rq, request_body(rq), &change);
    if (e) return e;
    e = user_update(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), version, &change, &row);
    if (e) return explain(rq, e);
    if (change.has_role || change.has_sites || change.has_state || change.has_name) user_forget(rq, &row.id);
    return reply(rq, 200, &row);
}

static enum err handle_link(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    char code[AUTH_CODE_LEN + 1], base[REQUEST_BASE_MAX], url[REQUEST_BASE_MAX + 64];
    uint8_t code_hash[USER_CODE_HASH_LEN];
    struct user_row row;
    auth_make_code(code, code_hash);
    enum err e = user_link(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0), code_hash, &row);
    if (e == ERR_CONFLICT) return request_fail(rq, e, "the user is disabled");
    if (e) return e;
    request_base(rq, base);
    snprintf(url, sizeof(url), "%s" AUTH_LINK_PATH "%s", base, code);
    call_seal(rq);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "code", code);
    jsonw_str(w, "url", url);
    jsonw_time(w, "expires_at", row.code_until);
    jsonw_object_end(w);
    request_reply(rq, 201);
    return ERR_OK;
}
