#include "server/store/routine_store.h"

#include "server/store/db_query.h"

#define COLUMNS "r.slug, r.site_id, v.version, v.state, v.name, v.content, v.created_at, v.published_at"
#define VISIBLE(n) "(r.site_id IS NULL OR " DB_IN_SCOPE(n, "r.site_id") ")"
/* A scope of some sites does not change what is for all. */
#define CHANGEABLE(n) DB_IN_SCOPE(n, "r.site_id")
#define LATEST                                                                                               \
    "CROSS JOIN LATERAL (SELECT * FROM routine_version v WHERE v.slug = r.slug AND v.state = 'published'"    \
    " ORDER BY v.version DESC LIMIT 1) v"
/* clang-format off */
/* cur finds and locks, v changes: no row: not found; a row of NULLs: not in that state. */
#define CHANGE_STATE(from, to, action, set)                                                                  \
    "WITH r AS (SELECT slug, site_id FROM routine r WHERE slug = $6 AND " CHANGEABLE(5) "),"                 \
    " cur AS (SELECT v.slug, v.version FROM r JOIN routine_version v USING (slug) WHERE v.version = $7"      \
    " FOR NO KEY UPDATE OF v),"                                                                              \
    " v AS (UPDATE routine_version v SET state = '" to "'" set " FROM cur WHERE v.slug = cur.slug"           \
    " AND v.version = cur.version AND v.state = '" from "' RETURNING v.*),"                                  \
    " aud AS (" DB_AUDIT "'" action "', 'routine', v.slug, r.site_id,"                                       \
    " jsonb_build_object('version', v.version) FROM v, r)"                                                   \
    " SELECT v.slug, r.site_id, v.version, v.state, v.name, v.content, v.created_at, v.published_at"         \
    " FROM cur CROSS JOIN r LEFT JOIN v ON true"
/* clang-format on */

enum { LIST, GET, GET_VERSION, VERSIONS, PUT_DRAFT, PUBLISH, RETIRE };
extern const struct db_statement routine_store_statements[];
/* clang-format off */
const struct db_statement routine_store_statements[] = {
    [LIST] = {
        "routine_list",
        "SELECT " COLUMNS " FROM routine r " LATEST " WHERE r.slug > $1 AND " VISIBLE(2)
        " AND ($3::uuid IS NULL OR r.site_id = $3) ORDER BY r.slug LIMIT $4::int"},
    [GET] = {
        "routine_get",
        "SELECT " COLUMNS " FROM routine r " LATEST " WHERE r.slug = $1 AND " VISIBLE(2)},
    [GET_VERSION] = {
        "routine_get_version",
        "SELECT " COLUMNS " FROM routine r JOIN routine_version v USING (slug) WHERE r.slug = $1"
        " AND " VISIBLE(2) " AND v.version = $3"},
    [VERSIONS] = {
        "routine_versions",
        "SELECT " COLUMNS " FROM routine r JOIN routine_version v USING (slug) WHERE r.slug = $1"
        " AND " VISIBLE(2) " AND v.version < $3 ORDER BY v.version DESC LIMIT $4::int"},
    /* An existing draft keeps its number; the routine's row lock makes numbers go up one by one. */
    [PUT_DRAFT] = {
        "routine_put_draft",
        "WITH made AS (INSERT INTO routine (slug, site_id) SELECT $6, $7::uuid"
        " WHERE " DB_IN_SCOPE(5, "$7::uuid") " ON CONFLICT (slug) DO NOTHING RETURNING slug, site_id),"
        " r AS (SELECT slug, site_id FROM made UNION ALL SELECT * FROM (SELECT slug, site_id"
        " FROM routine r WHERE slug = $6 AND " CHANGEABLE(5) " FOR UPDATE) old),"
        " v AS (INSERT INTO routine_version AS v (slug, version, name, content, content_sha256)"
        " SELECT slug, COALESCE((SELECT version FROM routine_version d WHERE d.slug = r.slug"
        " AND state = 'draft'), (SELECT max(version) FROM routine_version d"
        " WHERE d.slug = r.slug) + 1, 1), $8, $9::text::jsonb, sha256(convert_to($9, 'UTF8')) FROM r"
        " ON CONFLICT (slug, version) DO UPDATE SET name = EXCLUDED.name, content = EXCLUDED.content,"
        " content_sha256 = EXCLUDED.content_sha256 WHERE v.state = 'draft' AND ($10::text IS NULL"
        " OR v.content::text = $10::text) RETURNING v.*),"
        " aud AS (" DB_AUDIT "'routine.draft', 'routine', v.slug, r.site_id,"
        " jsonb_build_object('version', v.version) FROM v, r) SELECT " COLUMNS " FROM v, r"},
    [PUBLISH] = {
        "routine_publish",
        CHANGE_STATE("draft", "published", "routine.publish", ", published_at = now()")},
    [RETIRE] = {"routine_retire", CHANGE_STATE("published", "retired", "routine.retire", "")},
    {0}};
/* clang-format on */

void routine_row_done(struct routine_row *row) {
    free(row->content);
    row->content = NULL;
}

static void read_row(const struct pg_result *result, int i, struct routine_row *row) {
    struct db_reader r = db_reader_at(result, i);
    db_get_text(&r, row->slug, sizeof row->slug);
    row->site_id = db_get_uuid(&r);
    row->version = db_get_i32(&r);
    db_get_text(&r, row->state, sizeof row->state);
    db_get_text(&r, row->name, sizeof row->name);
    row->content = db_get_json(&r);
    row->created_at = db_get_time(&r);
    row->published_at = db_get_time(&r);
}

static enum err run_list(struct db *db, int which, const struct db_params *p, struct routine_row rows[],
                         int32_t *ret_n) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &routine_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

static enum err run_one(struct db *db, int which, const struct db_params *p, struct routine_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &routine_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    if (db_next_is_null(&r)) return ERR_WRONG_STATE;
    read_row(result, 0, ret);
    return ERR_OK;
}

enum err routine_list(struct db *db, const struct scope *scope, const struct uuid *site_id, const char *after,
                      int32_t limit, struct routine_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_text(&p, after);
    db_put_scope(&p, scope);
    db_put_uuid(&p, site_id);
    db_put_i32(&p, limit);
    return run_list(db, LIST, &p, rows, ret_n);
}

enum err routine_get(struct db *db, const struct scope *scope, const char *slug, int32_t version,
                     struct routine_row *ret) {
    auto_params struct db_params p = {0};
    db_put_text(&p, slug);
    db_put_scope(&p, scope);
    if (version > 0) db_put_i32(&p, version);
    return run_one(db, version > 0 ? GET_VERSION : GET, &p, ret);
}

enum err routine_versions(struct db *db, const struct scope *scope, const char *slug, int32_t before,
                          int32_t limit, struct routine_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_text(&p, slug);
    db_put_scope(&p, scope);
    db_put_i32(&p, before > 0 ? before : INT32_MAX);
    db_put_i32(&p, limit);
    return run_list(db, VERSIONS, &p, rows, ret_n);
}

enum err routine_put_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                           const char *slug, const struct uuid *site_id, const char *name,
                           const char *content, struct routine_row *ret) {
    return routine_put_draft_if(db, scope, actor, slug, site_id, name, content, NULL, ret);
}

enum err routine_put_draft_if(struct db *db, const struct scope *scope, const struct actor *actor,
                              const char *slug, const struct uuid *site_id, const char *name,
                              const char *content, const char *expected, struct routine_row *ret) {
    auto_params struct db_params p = {0};
    bool for_all = !site_id || uuid_is_zero(site_id);
    if (for_all ? !scope->all : !scope_covers(scope, site_id)) return ERR_FORBIDDEN;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_text(&p, slug);
    db_put_uuid(&p, site_id);
    db_put_text(&p, name);
    db_put_text(&p, content);
    db_put_text(&p, expected);
    return run_one(db, PUT_DRAFT, &p, ret);
}

static enum err change_state(struct db *db, int which, const struct scope *scope, const struct actor *actor,
                             const char *slug, int32_t version, struct routine_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_text(&p, slug);
    db_put_i32(&p, version);
    return run_one(db, which, &p, ret);
}

enum err routine_publish(struct db *db, const struct scope *scope, const struct actor *actor,
                         const char *slug, int32_t version, struct routine_row *ret) {
    return change_state(db, PUBLISH, scope, actor, slug, version, ret);
}

enum err routine_retire(struct db *db, const struct scope *scope, const struct actor *actor, const char *slug,
                        int32_t version, struct routine_row *ret) {
    return change_state(db, RETIRE, scope, actor, slug, version, ret);
}
