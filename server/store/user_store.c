#include "server/store/user_store.h"

#include <string.h>

#include "server/store/db_query.h"
#include "server/store/user_row.h"

/* Covers no more than the scope does. */
#define WITHIN(n) "($" #n "::uuid[] IS NULL OR (NOT all_sites AND sites <@ $" #n "))"

const char *const user_state_names[] = {"active", "disabled", NULL};
const char *const user_language_names[] = {"en", "de", "es", "zh", NULL};

enum { LIST, GET, FIND, CREATE, UPDATE, LINK, SITES };
extern const struct db_statement user_store_statements[];
/* clang-format off */
const struct db_statement user_store_statements[] = {
    [LIST] = {
        "user_list",
        "SELECT " USER_COLUMNS " FROM (SELECT * FROM app_user WHERE id > $1 AND " WITHIN(2)
        " ORDER BY id LIMIT 201) page LIMIT $3::int"},
    [GET] = {"user_get", "SELECT " USER_COLUMNS " FROM app_user WHERE id = $1 AND " WITHIN(2)},
    [FIND] = {"user_find", "SELECT " USER_COLUMNS " FROM app_user WHERE login = $1"},
    [CREATE] = {
        "user_create",
        "WITH u AS (INSERT INTO app_user (id, login, name, role, all_sites, sites) VALUES ($5, $6, $7, $8, $9, $10)"
        " RETURNING *),"
        " aud AS (" DB_AUDIT "'user.create', 'user', id::text, NULL, jsonb_build_object('login', login, 'name', name,"
        " 'role', role, 'all_sites', all_sites, 'sites', sites) FROM u) SELECT " USER_COLUMNS " FROM u"},
    [UPDATE] = {
        "user_update",
        "WITH cur AS (SELECT id, version FROM app_user WHERE id = $5 AND " WITHIN(6) " FOR NO KEY UPDATE),"
        " up AS (UPDATE app_user u SET login = COALESCE($8, u.login), name = COALESCE($9, u.name),"
        " role = COALESCE($10, u.role), all_sites = COALESCE($11, u.all_sites), sites = COALESCE($12, u.sites),"
        " state = COALESCE($13, u.state), code_hash = CASE WHEN $13 = 'disabled' THEN NULL ELSE u.code_hash END,"
        " code_until = CASE WHEN $13 = 'disabled' THEN NULL ELSE u.code_until END,"
        " version = u.version + 1, updated_at = now() FROM cur WHERE u.id = cur.id AND ($7::bigint = 0"
        " OR cur.version = $7) RETURNING u.*),"
        " gone AS (UPDATE api_token t SET revoked_at = now() FROM up WHERE t.user_id = up.id"
        " AND up.state = 'disabled' AND t.revoked_at IS NULL),"
        " aud AS (" DB_AUDIT "'user.update', 'user', id::text, NULL, jsonb_strip_nulls(jsonb_build_object('login', $8,"
        " 'name', $9, 'role', $10, 'all_sites', $11::boolean, 'sites', $12::uuid[], 'state', $13)) FROM up)"
        " SELECT " USER_COLUMNS_OF("up.") " FROM cur LEFT JOIN up ON true"},
    [LINK] = {
        "user_link",
        "WITH cur AS (SELECT id, state FROM app_user WHERE id = $5 AND " WITHIN(6) " FOR NO KEY UPDATE),"
        " up AS (UPDATE app_user u SET code_hash = $7, code_until = now() + make_interval(hours => $8::int),"
        " version = u.version + 1 FROM cur WHERE u.id = cur.id AND cur.state = 'active' RETURNING u.*),"
        " aud AS (" DB_AUDIT "'user.link', 'user', id::text, NULL, jsonb_build_object('login', login) FROM up)"
        " SELECT " USER_COLUMNS_OF("up.") " FROM cur LEFT JOIN up ON true"},
    /* No array of references in SQL: the sites are counted instead. None is ever deleted. */
    [SITES] = {"user_sites", "SELECT count(*)::int FROM site WHERE id = ANY ($1::uuid[])"},
    {0}};
/* clang-format on */

bool user_login_fold(char *login) {
    size_t n = 0;
    for (; login[n]; n++) {
        if (login[n] >= 'A' && login[n] <= 'Z') login[n] = (char)(login[n] | 0x20);
        bool plain = (login[n] >= 'a' && login[n] <= 'z') || (login[n] >= '0' && login[n] <= '9');
        if (!plain && (n == 0 || !strchr("._@+-", login[n]))) return false;
    }
    return n > 0 && n <= USER_LOGIN_MAX;
}

void user_row_read(struct db_reader *r, struct user_row *row) {
    row->id = db_get_uuid(r);
    db_get_text(r, row->login, sizeof row->login);
    db_get_text(r, row->name, sizeof row->name);
    row->has_password = db_get_bool(r);
    row->role = db_get_name(r, role_names);
    row->sites.all = db_get_bool(r);
    row->sites.n = db_get_uuids(r, row->sites.sites, SCOPE_SITES_MAX);
    row->state = db_get_name(r, user_state_names);
    row->language = -1;
    if (db_next_is_null(r))
        db_skip(r, 1);
    else
        row->language = db_get_name(r, user_language_names);
    row->code_until = db_get_time(r);
    row->signed_in_at = db_get_time(r);
    row->version = db_get_i64(r);
    row->created_at = db_get_time(r);
    row->updated_at = db_get_time(r);
}

/* Runs a statement that gives at most one row; a row of NULLs: it was there and did not fit. */
static enum err run_one(struct db *db, int which, const struct db_params *p, enum err when_unfit,
                        struct user_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &user_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    if (db_next_is_null(&r)) return when_unfit;
    user_row_read(&r, ret);
    return ERR_OK;
}

enum err user_list(struct db *db, const struct scope *scope, const struct page *page, struct user_row rows[],
                   int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_after(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    enum err err = db_run(db, &user_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        user_row_read(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err user_get(struct db *db, const struct scope *scope, const struct uuid *id, struct user_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ERR_NOT_FOUND, ret);
}

enum err user_find(struct db *db, const char *login, struct user_row *ret) {
    auto_params struct db_params p = {0};
    db_put_text(&p, login);
    return run_one(db, FIND, &p, ERR_NOT_FOUND, ret);
}

static bool covers(const struct scope *outer, const struct scope *inner) {
    if (outer->all) return true;
    if (inner->all) return false;
    for (int32_t i = 0; i < inner->n; i++)
        if (!scope_covers(outer, &inner->sites[i])) return false;
    return true;
}

/* ERR_FORBIDDEN: more than the scope; ERR_UNPROCESSABLE: a site that is none, or is named twice. */
static enum err check_sites(struct db *db, const struct scope *scope, const struct scope *sites) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    if (!covers(scope, sites)) return ERR_FORBIDDEN;
    if (sites->all) return ERR_OK;
    db_put_uuids(&p, sites->sites, sites->n, sizeof sites->sites[0]);
    enum err err = db_run(db, &user_store_statements[SITES], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    return db_get_i32(&r) == sites->n ? ERR_OK : ERR_UNPROCESSABLE;
}

enum err user_create(struct db *db, const struct scope *scope, const struct actor *actor,
                     struct user_row *row) {
    auto_params struct db_params p = {0};
    enum err err = check_sites(db, scope, &row->sites);
    if (err != ERR_OK) return err;
    db_put_actor(&p, actor);
    db_put_uuid(&p, &row->id);
    db_put_text(&p, row->login);
    db_put_text(&p, row->name);
    db_put_text(&p, role_names[row->role]);
    db_put_bool(&p, row->sites.all);
    db_put_uuids(&p, row->sites.sites, row->sites.all ? 0 : row->sites.n, sizeof row->sites.sites[0]);
    return run_one(db, CREATE, &p, ERR_INTERNAL, row);
}

enum err user_update(struct db *db, const struct scope *scope, const struct actor *actor,
                     const struct uuid *id, int64_t expected_version, const struct user_change *change,
                     struct user_row *ret) {
    auto_params struct db_params p = {0};
    const struct scope *sites = &change->sites;
    enum err err = change->has_sites ? check_sites(db, scope, sites) : ERR_OK;
    if (err != ERR_OK) return err;
    db_put_actor(&p, actor);
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    db_put_i64(&p, expected_version);
    db_put_text(&p, change->has_login ? change->login : NULL);
    db_put_text(&p, change->has_name ? change->name : NULL);
    db_put_text(&p, change->has_role ? role_names[change->role] : NULL);
    if (change->has_sites) {
        db_put_bool(&p, sites->all);
        db_put_uuids(&p, sites->sites, sites->all ? 0 : sites->n, sizeof sites->sites[0]);
    } else {
        db_put_null(&p);
        db_put_null(&p);
    }
    db_put_text(&p, change->has_state ? user_state_names[change->state] : NULL);
    return run_one(db, UPDATE, &p, ERR_PRECONDITION_FAILED, ret);
}

enum err user_link(struct db *db, const struct scope *scope, const struct actor *actor, const struct uuid *id,
                   const uint8_t code_hash[USER_CODE_HASH_LEN], struct user_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    db_put_bytes(&p, code_hash, USER_CODE_HASH_LEN);
    db_put_i32(&p, USER_CODE_LIFE_H);
    return run_one(db, LINK, &p, ERR_CONFLICT, ret);
}
