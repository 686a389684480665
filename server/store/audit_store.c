#include "server/store/audit_store.h"

#include "server/store/db_query.h"

#define COLUMNS "id, at, actor_id, actor_name, action, subject_type, subject_id, site_id, request_id, detail"
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS " FROM"                                                                                \
    " (SELECT " COLUMNS " FROM audit_log WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")                       \
    " AND ($4::uuid IS NULL OR actor_id = $4) AND ($5::text IS NULL OR action = $5)"                         \
    " AND ($6::text IS NULL OR subject_type = $6) AND ($7::text IS NULL OR subject_id = $7)" where           \
    " ORDER BY id DESC LIMIT 201) page LIMIT $3::int"
/* clang-format on */

enum { LIST, LIST_SITE, ADD };
extern const struct db_statement audit_store_statements[];
/* clang-format off */
const struct db_statement audit_store_statements[] = {
    [LIST] = {"audit_list", PAGE("")},
    [LIST_SITE] = {"audit_list_site", PAGE(" AND site_id = $8")},
    [ADD] = {"audit_add", DB_AUDIT "$5::text, $6::text, $7::text, $8::uuid, $9::jsonb"},
    {0}};
/* clang-format on */

void audit_row_done(struct audit_row *row) {
    free(row->detail);
    row->detail = NULL;
}

static void read_row(const struct pg_result *result, int i, struct audit_row *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    row->at = db_get_time(&r);
    row->actor_id = db_get_uuid(&r);
    db_get_text(&r, row->actor_name, sizeof row->actor_name);
    db_get_text(&r, row->action, sizeof row->action);
    db_get_text(&r, row->subject_type, sizeof row->subject_type);
    db_get_text(&r, row->subject_id, sizeof row->subject_id);
    row->site_id = db_get_uuid(&r);
    db_get_text(&r, row->request_id, sizeof row->request_id);
    row->detail = db_get_json(&r);
}

enum err audit_list(struct db *db, const struct scope *scope, const struct audit_filter *filter,
                    const struct page *page, struct audit_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_site = !uuid_is_zero(&filter->site_id);
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_uuid(&p, &filter->actor_id);
    db_put_text(&p, filter->action);
    db_put_text(&p, filter->subject_type);
    db_put_text(&p, filter->subject_id);
    if (by_site) db_put_uuid(&p, &filter->site_id);
    enum err err = db_run(db, &audit_store_statements[by_site ? LIST_SITE : LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

enum err audit_add(struct db *db, const struct actor *actor, const char *action, const char *subject_type,
                   const char *subject_id, const struct uuid *site_id, const char *detail) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_text(&p, action);
    db_put_text(&p, subject_type);
    db_put_text(&p, subject_id);
    db_put_uuid(&p, site_id);
    db_put_text(&p, detail ? detail : "{}");
    return db_run(db, &audit_store_statements[ADD], &p, &result);
}
