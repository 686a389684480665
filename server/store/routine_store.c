#include "server/store/routine_store.h"

#include <string.h>

#include "server/store/db_query.h"

/* All of a row but its slug. */
#define REST(content)                                                                                        \
    ", r.site_id, v.version, v.state, v.name, " content ", v.created_at, v.published_at,"                    \
    " v.content->>'summary', v.type, v.hands, v.steps, v.confirms, v.duration_s, v.duration_max_s,"          \
    " to_jsonb(v.goals), to_jsonb(v.models)"
#define COLUMNS "r.slug" REST("v.content")
#define VISIBLE(n) "(r.site_id IS NULL OR " DB_IN_SCOPE(n, "r.site_id") ")"
/* A scope of some sites does not change what is for all. */
#define CHANGEABLE(n) DB_IN_SCOPE(n, "r.site_id")
/* The draft; or the newest of the others, which says whether the routine is offered. */
#define NEWEST(is_draft)                                                                                     \
    "CROSS JOIN LATERAL (SELECT * FROM routine_version v WHERE v.slug = r.slug"                              \
    " AND (v.state = 'draft') = (" is_draft ") ORDER BY v.version DESC LIMIT 1) v"
/* Whether an optional parameter asks for nothing, or for what is there. */
#define ASKED(n, condition) "($" #n " IS NULL OR " condition ")"
/* The parameters of put_index, from n1 on. */
#define INDEX "type, goals, hands, steps, confirms, duration_s, duration_max_s, words, models"
#define INDEX_VALUES(n1, n2, n3, n4, n5, n6, n7, n8, n9)                                                     \
    "$" #n1 "::text, $" #n2 "::text[], $" #n3 "::text, $" #n4 "::int, $" #n5 "::int, $" #n6 "::int, $" #n7   \
    "::int, $" #n8 "::text, string_to_array($" #n9 "::text, ',')"
/* clang-format off */
/* cur finds and locks, v changes: no row: not found; a row of NULLs: not in that state. */
#define CHANGE_STATE(from, to, action, set)                                                                  \
    "WITH r AS (SELECT slug, site_id FROM routine r WHERE slug = $6 AND " CHANGEABLE(5) " FOR UPDATE),"      \
    " cur AS (SELECT v.slug, v.version FROM r JOIN routine_version v USING (slug) WHERE v.version = $7"      \
    " FOR NO KEY UPDATE OF v),"                                                                              \
    " v AS (UPDATE routine_version v SET state = '" to "'" set " FROM cur WHERE v.slug = cur.slug"           \
    " AND v.version = cur.version AND v.state = '" from "' RETURNING v.*),"                                  \
    " aud AS (" DB_AUDIT "'" action "', 'routine', v.slug, r.site_id,"                                       \
    " jsonb_build_object('version', v.version) FROM v, r)"                                                   \
    " SELECT v.slug" REST("v.content") " FROM cur CROSS JOIN r LEFT JOIN v ON true"
/* clang-format on */

enum {
    LIST,
    GET,
    GET_VERSION,
    VERSIONS,
    PUT_DRAFT,
    DELETE_DRAFT,
    PUBLISH,
    RETIRE,
    STANDINGS,
    EACH,
    SET_INDEX
};
extern const struct db_statement routine_store_statements[];
/* clang-format off */
const struct db_statement routine_store_statements[] = {
    [LIST] = {
        "routine_list",
        "SELECT r.slug" REST("CASE WHEN $13::bool THEN v.content END") " FROM routine r "
        NEWEST("$5 = 'draft'") " WHERE r.slug > $1 AND " VISIBLE(2)
        " AND ($3::uuid IS NULL OR r.site_id = $3) AND v.state = $5::text"
        " AND " ASKED(6::text, "v.type = $6") " AND " ASKED(7::text, "$7 = ANY (v.goals)")
        " AND " ASKED(8::text, "$8 = ANY (v.models)") " AND " ASKED(9::text, "v.hands = $9")
        " AND " ASKED(10::int, "v.duration_s >= $10") " AND " ASKED(11::int, "v.duration_s <= $11")
        " AND NOT EXISTS (SELECT FROM unnest(string_to_array($12::text, ' ')) word"
        " WHERE position(word IN COALESCE(v.words, '')) = 0) ORDER BY r.slug LIMIT $4::int"},
    [GET] = {
        "routine_get",
        "SELECT " COLUMNS " FROM routine r " NEWEST("false") " WHERE r.slug = $1 AND " VISIBLE(2)
        " AND v.state = 'published'"},
    [GET_VERSION] = {
        "routine_get_version",
        "SELECT " COLUMNS " FROM routine r JOIN routine_version v USING (slug) WHERE r.slug = $1"
        " AND " VISIBLE(2) " AND v.version = $3"},
    [VERSIONS] = {
        "routine_versions",
        "SELECT r.slug" REST("NULL::jsonb") " FROM routine r JOIN routine_version v USING (slug)"
        " WHERE r.slug = $1 AND " VISIBLE(2) " AND v.version < $3 ORDER BY v.version DESC LIMIT $4::int"},
    /* An existing draft keeps its number; the routine's row lock makes numbers go up one by one. */
    [PUT_DRAFT] = {
        "routine_put_draft",
        "WITH made AS (INSERT INTO routine (slug, site_id) SELECT $6, $7::uuid"
        " WHERE " DB_IN_SCOPE(5, "$7::uuid") " ON CONFLICT (slug) DO NOTHING RETURNING slug, site_id),"
        " r AS (SELECT slug, site_id FROM made UNION ALL SELECT * FROM (SELECT slug, site_id"
        " FROM routine r WHERE slug = $6 AND " CHANGEABLE(5) " FOR UPDATE) old),"
        " v AS (INSERT INTO routine_version AS v (slug, version, name, content, content_sha256, " INDEX ")"
        " SELECT slug, COALESCE((SELECT version FROM routine_version d WHERE d.slug = r.slug"
        " AND state = 'draft'), (SELECT max(version) FROM routine_version d"
        " WHERE d.slug = r.slug) + 1, 1), $8, $9::text::jsonb, sha256(convert_to($9, 'UTF8')), "
        INDEX_VALUES(11, 12, 13, 14, 15, 16, 17, 18, 19) " FROM r"
        " ON CONFLICT (slug, version) DO UPDATE SET (name, content, content_sha256, " INDEX ") ="
        " (EXCLUDED.name, EXCLUDED.content, EXCLUDED.content_sha256, EXCLUDED.type, EXCLUDED.goals,"
        " EXCLUDED.hands, EXCLUDED.steps, EXCLUDED.confirms, EXCLUDED.duration_s, EXCLUDED.duration_max_s,"
        " EXCLUDED.words, EXCLUDED.models) WHERE v.state = 'draft' AND ($10::text IS NULL"
        " OR v.content::text = $10::text) RETURNING v.*),"
        " aud AS (" DB_AUDIT "'routine.draft', 'routine', v.slug, r.site_id,"
        " jsonb_build_object('version', v.version) FROM v, r) SELECT " COLUMNS " FROM v, r"},
    [DELETE_DRAFT] = {
        "routine_delete_draft",
        "WITH r AS (SELECT slug, site_id FROM routine r WHERE slug = $6 AND " CHANGEABLE(5) " FOR UPDATE),"
        " v AS (DELETE FROM routine_version v USING r WHERE v.slug = r.slug AND v.version = $7"
        " AND v.state = 'draft' AND v.content::text = $8 RETURNING v.slug, v.version),"
        " emptied AS (DELETE FROM routine USING v WHERE routine.slug = v.slug AND NOT EXISTS (SELECT"
        " FROM routine_version other WHERE other.slug = v.slug AND other.version <> v.version)),"
        " aud AS (" DB_AUDIT "'routine.delete', 'routine', v.slug, r.site_id,"
        " jsonb_build_object('version', v.version) FROM v, r) SELECT slug FROM v"},
    [PUBLISH] = {
        "routine_publish",
        CHANGE_STATE("draft", "published", "routine.publish", ", published_at = now()")},
    [RETIRE] = {"routine_retire", CHANGE_STATE("published", "retired", "routine.retire", "")},
    [STANDINGS] = {
        "routine_standings",
        "SELECT r.slug IS NOT NULL, r.slug IS NOT NULL AND " CHANGEABLE(2) ", EXISTS (SELECT"
        " FROM routine_version v WHERE v.slug = r.slug AND v.state = 'draft'), (SELECT max(version)"
        " FROM routine_version v WHERE v.slug = r.slug) FROM unnest(string_to_array($1::text, ','))"
        " WITH ORDINALITY wanted (slug, place) LEFT JOIN routine r USING (slug) ORDER BY place"},
    [EACH] = {
        "routine_each_version",
        "SELECT " COLUMNS " FROM routine r JOIN routine_version v USING (slug)"
        " WHERE (r.slug, v.version) > ($1, $2) ORDER BY r.slug, v.version LIMIT $3::int"},
    [SET_INDEX] = {
        "routine_set_index",
        "UPDATE routine_version SET (" INDEX ") = (" INDEX_VALUES(4, 5, 6, 7, 8, 9, 10, 11, 12) ")"
        " WHERE slug = $1 AND version = $2 AND content::text = $3 AND (" INDEX ")"
        " IS DISTINCT FROM (" INDEX_VALUES(4, 5, 6, 7, 8, 9, 10, 11, 12) ") RETURNING slug"},
    {0}};
/* clang-format on */

void routine_row_done(struct routine_row *row) {
    free(row->content);
    free(row->goals);
    free(row->models);
    row->content = row->goals = row->models = NULL;
}

bool routine_row_is_draft(const struct routine_row *row) { return strcmp(row->state, "draft") == 0; }

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
    db_get_text(&r, row->summary, sizeof row->summary);
    db_get_text(&r, row->type, sizeof row->type);
    db_get_text(&r, row->hands, sizeof row->hands);
    row->steps = db_get_i32(&r);
    row->confirms = db_get_i32(&r);
    row->duration_s = db_get_i32(&r);
    row->duration_max_s = db_get_i32(&r);
    row->goals = db_get_json(&r);
    row->models = db_get_json(&r);
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

/* Whether it did anything: a row came back. */
static enum err run_change(struct db *db, int which, const struct db_params *p, bool *ret_changed) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &routine_store_statements[which], p, &result);
    if (err == ERR_OK) *ret_changed = db_rows(result) > 0;
    return err;
}

static void put_i32_or_null(struct db_params *p, int32_t v) {
    if (v)
        db_put_i32(p, v);
    else
        db_put_null(p);
}

/* As INDEX_VALUES takes them. */
static void put_index(struct db_params *p, const struct routine_index *f) {
    if (!f) {
        for (int i = 0; i < 9; i++) db_put_null(p);
        return;
    }
    db_put_text(p, routine_type_names[f->type]);
    db_put_names(p, goal_names, f->goals);
    db_put_text(p, routine_hands_names[f->hands]);
    db_put_i32(p, f->steps);
    db_put_i32(p, f->confirms);
    db_put_i32(p, f->duration_s);
    db_put_i32(p, f->duration_max_s);
    db_put_text(p, f->words.data ? f->words.data : "");
    db_put_text(p, f->models.data ? f->models.data : "");
}

enum err routine_list(struct db *db, const struct scope *scope, const struct routine_filter *filter,
                      const char *after, int32_t limit, struct routine_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_text(&p, after);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &filter->site_id);
    db_put_i32(&p, limit);
    db_put_text(&p, filter->state ? filter->state : "published");
    db_put_text(&p, filter->type);
    db_put_text(&p, filter->goal);
    db_put_text(&p, filter->model);
    db_put_text(&p, filter->hands);
    put_i32_or_null(&p, filter->duration_min_s);
    put_i32_or_null(&p, filter->duration_max_s);
    db_put_text(&p, filter->words);
    db_put_bool(&p, filter->with_content);
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

enum err routine_write_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                             const struct routine_draft *draft, struct routine_row *ret) {
    auto_params struct db_params p = {0};
    bool for_all = !draft->site_id || uuid_is_zero(draft->site_id);
    if (for_all ? !scope->all : !scope_covers(scope, draft->site_id)) return ERR_FORBIDDEN;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_text(&p, draft->slug);
    db_put_uuid(&p, draft->site_id);
    db_put_text(&p, draft->name);
    db_put_text(&p, draft->content);
    db_put_text(&p, draft->expected);
    put_index(&p, draft->index);
    return run_one(db, PUT_DRAFT, &p, ret);
}

enum err routine_put_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                           const char *slug, const struct uuid *site_id, const char *name,
                           const char *content, struct routine_row *ret) {
    struct routine_draft draft = {.slug = slug, .site_id = site_id, .name = name, .content = content};
    return routine_write_draft(db, scope, actor, &draft, ret);
}

enum err routine_delete_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                              const char *slug, int32_t version, const char *expected) {
    auto_params struct db_params p = {0};
    bool deleted = false;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_text(&p, slug);
    db_put_i32(&p, version);
    db_put_text(&p, expected);
    enum err err = run_change(db, DELETE_DRAFT, &p, &deleted);
    return err == ERR_OK && !deleted ? ERR_NOT_FOUND : err;
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

enum err routine_standings(struct db *db, const struct scope *scope, const char *slugs,
                           struct routine_standing rets[], int32_t n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_text(&p, slugs);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &routine_store_statements[STANDINGS], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) != n) return ERR_INTERNAL;
    for (int32_t i = 0; i < n; i++) {
        struct db_reader r = db_reader_at(result, i);
        rets[i].exists = db_get_bool(&r);
        rets[i].changeable = db_get_bool(&r);
        rets[i].has_draft = db_get_bool(&r);
        rets[i].newest = db_get_i32(&r);
    }
    return ERR_OK;
}

enum err routine_each_version(struct db *db, const char *after_slug, int32_t after_version, int32_t limit,
                              struct routine_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_text(&p, after_slug);
    db_put_i32(&p, after_version);
    db_put_i32(&p, limit);
    return run_list(db, EACH, &p, rows, ret_n);
}

enum err routine_set_index(struct db *db, const struct routine_row *row, const struct routine_index *index,
                           bool *ret_changed) {
    auto_params struct db_params p = {0};
    db_put_text(&p, row->slug);
    db_put_i32(&p, row->version);
    db_put_text(&p, row->content);
    put_index(&p, index);
    return run_change(db, SET_INDEX, &p, ret_changed);
}
