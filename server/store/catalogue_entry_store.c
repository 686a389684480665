#include "server/store/catalogue_entry_store.h"

#include <stdlib.h>

#include "server/store/db_query.h"

#define SOURCES_OF(json)                                                                                     \
    "jsonb_array_elements_text(CASE jsonb_typeof(" json " -> 'sources') WHEN 'array' THEN " json             \
    " -> 'sources' END) AS s (source)"

enum { REVISION, LIST, KINDS, LINKS, LOAD, PUT_COPY, DELETE_COPY };
extern const struct db_statement catalogue_entry_store_statements[];
/* clang-format off */
const struct db_statement catalogue_entry_store_statements[] = {
    [REVISION] = {
        "catalogue_entry_revision",
        "SELECT revision FROM catalogue_revision WHERE $1::uuid IS NULL"
        " OR EXISTS (SELECT FROM site WHERE id = $1 AND " DB_IN_SCOPE(2, "id") ")"},
    [LIST] = {
        "catalogue_entry_list",
        "SELECT p.kind, p.id, p.version, p.created_at, p.content, c.version, c.created_at, c.content"
        " FROM catalogue_entry p LEFT JOIN catalogue_entry c ON c.kind = p.kind AND c.id = p.id"
        " AND c.site_id = $1 AND c.state = 'current' WHERE p.site_id IS NULL AND p.state = 'current'"
        " ORDER BY p.kind, p.place, p.id"},
    [KINDS] = {"catalogue_entry_kinds", "SELECT kind, version FROM catalogue_kind ORDER BY kind LIMIT $1::int"},
    [LINKS] = {
        "catalogue_entry_links",
        "SELECT s.source, e.kind, e.id, COALESCE(e.content ->> 'name', e.content ->> 'title',"
        " e.content ->> 'question', e.id) FROM catalogue_entry e, " SOURCES_OF("e.content")
        " WHERE e.site_id IS NULL AND e.state = 'current'"
        " UNION ALL SELECT s.source, 'routines', r.slug, v.name FROM routine r CROSS JOIN LATERAL"
        " (SELECT * FROM routine_version v WHERE v.slug = r.slug AND v.state = 'published'"
        " ORDER BY v.version DESC LIMIT 1) v, " SOURCES_OF("v.content") " WHERE r.site_id IS NULL"
        " UNION ALL SELECT s.source, 'models', m.id, m.name FROM model m, " SOURCES_OF("m.spec")
        " ORDER BY 1, 2, 3"},
    [LOAD] = {"catalogue_entry_load", "SELECT catalogue_load($1, $2, $3, $4, $5, $6, $7)"},
    /* No row: not a site within the scope. */
    [PUT_COPY] = {
        "catalogue_entry_put_copy",
        "SELECT catalogue_put_copy($1, $2, $3, $4, $5, $6, id, $9, $10, $11) FROM site"
        " WHERE id = $7 AND " DB_IN_SCOPE(8, "id")},
    [DELETE_COPY] = {
        "catalogue_entry_delete_copy",
        "SELECT catalogue_delete_copy($1, $2, $3, $4, $5, $6, id, $9) FROM site"
        " WHERE id = $7 AND " DB_IN_SCOPE(8, "id")},
    {0}};
/* clang-format on */

void catalogue_entry_rows_done(struct catalogue_entry_rows *rows) {
    for (int32_t i = 0; i < rows->n; i++) {
        free(rows->list[i].content);
        free(rows->list[i].copy);
    }
    free(rows->list);
    *rows = (struct catalogue_entry_rows){0};
}

void catalogue_link_rows_done(struct catalogue_link_rows *rows) {
    for (int32_t i = 0; i < rows->n; i++) free(rows->list[i].name);
    free(rows->list);
    *rows = (struct catalogue_link_rows){0};
}

enum err catalogue_entry_revision(struct db *db, const struct scope *scope, const struct uuid *site_id,
                                  int64_t *ret_revision) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, site_id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &catalogue_entry_store_statements[REVISION], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    *ret_revision = db_get_i64(&r);
    return ERR_OK;
}

static void read_entry(const struct pg_result *result, int i, struct catalogue_entry_row *row) {
    struct db_reader r = db_reader_at(result, i);
    db_get_text(&r, row->kind, sizeof row->kind);
    db_get_text(&r, row->id, sizeof row->id);
    row->version = db_get_i32(&r);
    row->changed_at = db_get_time(&r);
    row->content = db_get_json(&r);
    row->copy_version = db_get_i32(&r);
    row->copy_changed_at = db_get_time(&r);
    row->copy = db_get_json(&r);
}

enum err catalogue_entry_list(struct db *db, const struct uuid *site_id, struct catalogue_entry_rows *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, site_id);
    enum err err = db_run(db, &catalogue_entry_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    ret->n = db_rows(result);
    ret->list = xcalloc((size_t)ret->n + 1, sizeof *ret->list);
    for (int32_t i = 0; i < ret->n; i++) read_entry(result, i, &ret->list[i]);
    return ERR_OK;
}

enum err catalogue_entry_kinds(struct db *db, struct catalogue_kind_row rows[], int32_t max, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_i32(&p, max);
    enum err err = db_run(db, &catalogue_entry_store_statements[KINDS], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        db_get_text(&r, rows[i].kind, sizeof rows[i].kind);
        rows[i].version = db_get_i32(&r);
    }
    return ERR_OK;
}

enum err catalogue_entry_links(struct db *db, struct catalogue_link_rows *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &catalogue_entry_store_statements[LINKS], &p, &result);
    if (err != ERR_OK) return err;
    ret->n = db_rows(result);
    ret->list = xcalloc((size_t)ret->n + 1, sizeof *ret->list);
    for (int32_t i = 0; i < ret->n; i++) {
        struct catalogue_link_row *row = &ret->list[i];
        struct db_reader r = db_reader_at(result, i);
        size_t len;
        db_get_text(&r, row->source, sizeof row->source);
        db_get_text(&r, row->kind, sizeof row->kind);
        db_get_text(&r, row->id, sizeof row->id);
        row->name = db_get_blob(&r, &len);
    }
    return ERR_OK;
}

enum err catalogue_entry_load(struct db *db, const struct actor *actor, const char *kind, int32_t version,
                              const char *entries, int32_t *ret_changed) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_text(&p, kind);
    db_put_i32(&p, version);
    db_put_text(&p, entries);
    enum err err = db_run(db, &catalogue_entry_store_statements[LOAD], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_changed = db_get_i32(&r);
    return ERR_OK;
}

static void put_key(struct db_params *p, const struct scope *scope, const struct actor *actor,
                    const struct catalogue_copy_key *key) {
    db_put_actor(p, actor);
    db_put_text(p, key->kind);
    db_put_text(p, key->id);
    db_put_uuid(p, &key->site_id);
    db_put_scope(p, scope);
}

enum err catalogue_entry_put_copy(struct db *db, const struct scope *scope, const struct actor *actor,
                                  const struct catalogue_copy_key *key, const char *content) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    put_key(&p, scope, actor, key);
    db_put_i32(&p, key->product_version);
    db_put_i32(&p, key->copy_version);
    db_put_text(&p, content);
    enum err err = db_run(db, &catalogue_entry_store_statements[PUT_COPY], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    return db_next_is_null(&r) ? ERR_PRECONDITION_FAILED : ERR_OK;
}

enum err catalogue_entry_delete_copy(struct db *db, const struct scope *scope, const struct actor *actor,
                                     const struct catalogue_copy_key *key) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    put_key(&p, scope, actor, key);
    db_put_i32(&p, key->copy_version);
    enum err err = db_run(db, &catalogue_entry_store_statements[DELETE_COPY], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    return db_get_bool(&r) ? ERR_OK : ERR_PRECONDITION_FAILED;
}
