#include "server/store/token_store.h"

#include "server/store/db_query.h"

#define COLUMNS "id, name, secret_hash, role, all_sites, sites, created_at, expires_at, revoked_at"
/* A token, not a browser's session, that covers no more than the scope does. */
#define WITHIN(n) "user_id IS NULL AND ($" #n "::uuid[] IS NULL OR (NOT all_sites AND sites <@ $" #n "))"

enum { LIST, GET, SEEN, CREATE, REVOKE };
extern const struct db_statement token_store_statements[];
/* clang-format off */
const struct db_statement token_store_statements[] = {
    [LIST] = {
        "token_list",
        "SELECT " COLUMNS " FROM (SELECT " COLUMNS " FROM api_token WHERE id > $1 AND " WITHIN(2)
        " ORDER BY id LIMIT 201) page LIMIT $3::int"},
    [GET] = {
        "token_get",
        "SELECT t.id, COALESCE(u.name, t.name), t.secret_hash, COALESCE(u.role, t.role),"
        " COALESCE(u.all_sites, t.all_sites), COALESCE(u.sites, t.sites), t.created_at, t.expires_at,"
        " CASE WHEN u.state = 'disabled' OR t.seen_at < now() - make_interval(secs => $2::int) THEN now()"
        " ELSE t.revoked_at END, t.user_id, t.seen_at"
        " FROM api_token t LEFT JOIN app_user u ON u.id = t.user_id WHERE t.id = $1"},
    [SEEN] = {"token_seen", "UPDATE api_token SET seen_at = now() WHERE id = $1 AND user_id IS NOT NULL"},
    /* No array of references in SQL: the sites are counted instead. None is ever deleted. */
    [CREATE] = {
        "token_create",
        "WITH t AS (INSERT INTO api_token (id, name, secret_hash, role, all_sites, sites, expires_at)"
        " SELECT $5, $6, $7, $8, $9, $10, $11 WHERE (SELECT count(*) FROM site"
        " WHERE id = ANY ($10::uuid[])) = cardinality($10::uuid[]) RETURNING " COLUMNS "),"
        " aud AS (" DB_AUDIT "'token.create', 'token', id::text, NULL, jsonb_build_object('name', name,"
        " 'role', role, 'all_sites', all_sites, 'sites', sites) FROM t) SELECT " COLUMNS " FROM t"},
    [REVOKE] = {
        "token_revoke",
        "WITH old AS (SELECT " COLUMNS " FROM api_token WHERE id = $6 AND " WITHIN(5) " FOR UPDATE),"
        " t AS (UPDATE api_token t SET revoked_at = now() FROM old WHERE t.id = old.id"
        " AND old.revoked_at IS NULL RETURNING t.id, t.name, t.secret_hash, t.role, t.all_sites,"
        " t.sites, t.created_at, t.expires_at, t.revoked_at),"
        " aud AS (" DB_AUDIT "'token.revoke', 'token', id::text, NULL, jsonb_build_object('name', name)"
        " FROM t) SELECT " COLUMNS " FROM t UNION ALL SELECT " COLUMNS " FROM old"
        " WHERE NOT EXISTS (SELECT FROM t)"},
    {0}};
/* clang-format on */

static void read_row(const struct pg_result *result, int i, struct token_row *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    db_get_text(&r, row->name, sizeof row->name);
    db_get_bytes(&r, row->secret_hash, sizeof row->secret_hash);
    row->role = db_get_name(&r, role_names);
    row->sites.all = db_get_bool(&r);
    row->sites.n = db_get_uuids(&r, row->sites.sites, SCOPE_SITES_MAX);
    row->created_at = db_get_time(&r);
    row->expires_at = db_get_time(&r);
    row->revoked_at = db_get_time(&r);
}

static enum err run_one(struct db *db, int which, const struct db_params *p, enum err when_none,
                        struct token_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &token_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return when_none;
    read_row(result, 0, ret);
    return ERR_OK;
}

enum err token_get(struct db *db, const struct uuid *id, struct token_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_i32(&p, TOKEN_IDLE_S);
    enum err err = db_run(db, &token_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    read_row(result, 0, ret);
    struct db_reader r = db_reader_at(result, 0);
    db_skip(&r, 9);
    ret->user_id = db_get_uuid(&r);
    ret->seen_at = db_get_time(&r);
    return ERR_OK;
}

enum err token_seen(struct db *db, const struct uuid *id) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    return db_run(db, &token_store_statements[SEEN], &p, &result);
}

enum err token_list(struct db *db, const struct scope *scope, const struct page *page,
                    struct token_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_after(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    enum err err = db_run(db, &token_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

static bool covers(const struct scope *outer, const struct scope *inner) {
    if (outer->all) return true;
    if (inner->all) return false;
    for (int32_t i = 0; i < inner->n; i++)
        if (!scope_covers(outer, &inner->sites[i])) return false;
    return true;
}

enum err token_create(struct db *db, const struct scope *scope, const struct actor *actor,
                      struct token_row *row) {
    auto_params struct db_params p = {0};
    if (!covers(scope, &row->sites)) return ERR_FORBIDDEN;
    db_put_actor(&p, actor);
    db_put_uuid(&p, &row->id);
    db_put_text(&p, row->name);
    db_put_bytes(&p, row->secret_hash, sizeof row->secret_hash);
    db_put_text(&p, role_names[row->role]);
    db_put_bool(&p, row->sites.all);
    db_put_uuids(&p, row->sites.sites, row->sites.all ? 0 : row->sites.n, sizeof row->sites.sites[0]);
    db_put_time(&p, row->expires_at);
    return run_one(db, CREATE, &p, ERR_UNPROCESSABLE, row);
}

enum err token_revoke(struct db *db, const struct scope *scope, const struct actor *actor,
                      const struct uuid *id, struct token_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, id);
    return run_one(db, REVOKE, &p, ERR_NOT_FOUND, ret);
}
