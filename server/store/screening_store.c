#include "server/store/screening_store.h"

#include "server/store/db_query.h"

#define COLUMNS                                                                                              \
    "id, site_id, created_by, guest, routine_slug, outcome, day = site_day(site_id, now()), valid_until, "   \
    "created_at"
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS " FROM (SELECT * FROM screening WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")          \
    " AND ($4::text[] IS NULL OR outcome = ANY ($4))" where " ORDER BY id DESC LIMIT 201) page LIMIT $3::int"

enum { LIST, LIST_SITE, GET, CREATE, TODAY };
extern const struct db_statement screening_store_statements[];
const struct db_statement screening_store_statements[] = {
    [LIST] = {"screening_list", PAGE("")},
    [LIST_SITE] = {"screening_list_site", PAGE(" AND site_id = $5")},
    [GET] = {
        "screening_get",
        "SELECT " COLUMNS ", intake, result FROM screening WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    /* The audit log tells that it was and who accepted which clearance, not what the guest answered. */
    [CREATE] = {
        "screening_create",
        "WITH s AS (INSERT INTO screening (id, site_id, guest, routine_slug, outcome, intake, result, created_by)"
        " SELECT $7, id, $8, $9, $10, $11::jsonb, $12::jsonb, $2 FROM site WHERE id = $6"
        " AND " DB_IN_SCOPE(5, "id") " RETURNING *),"
        " aud AS (" DB_AUDIT "'screening.create', 'screening', id::text, site_id,"
        " jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'routine', routine_slug, 'clearances',"
        " $13::jsonb)) FROM s) SELECT " COLUMNS ", intake, result FROM s"},
    [TODAY] = {
        "screening_today",
        "SELECT site_day(id, now()) - DATE '1970-01-01' FROM site WHERE id = $1 AND " DB_IN_SCOPE(2, "id")},
    {0}};
/* clang-format on */

void screening_row_done(struct screening_row *row) {
    free(row->intake);
    free(row->result);
    row->intake = row->result = NULL;
}

static void read_row(struct db_reader *r, struct screening_row *row) {
    row->id = db_get_uuid(r);
    row->site_id = db_get_uuid(r);
    row->created_by = db_get_uuid(r);
    db_get_text(r, row->guest, sizeof row->guest);
    db_get_text(r, row->routine, sizeof row->routine);
    row->outcome = db_get_name(r, screening_rule_outcome_names);
    row->today = db_get_bool(r);
    row->valid_until = db_get_time(r);
    row->created_at = db_get_time(r);
    row->intake = row->result = NULL;
}

enum err screening_list(struct db *db, const struct scope *scope, const struct screening_filter *filter,
                        const struct page *page, struct screening_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_site = !uuid_is_zero(&filter->site_id);
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_names(&p, screening_rule_outcome_names, filter->outcomes);
    if (by_site) db_put_uuid(&p, &filter->site_id);
    enum err err = db_run(db, &screening_store_statements[by_site ? LIST_SITE : LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_row(&r, &rows[i]);
    }
    return ERR_OK;
}

static enum err run_one(struct db *db, int which, const struct db_params *p, struct screening_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &screening_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    read_row(&r, ret);
    ret->intake = db_get_json(&r);
    ret->result = db_get_json(&r);
    return ERR_OK;
}

enum err screening_get(struct db *db, const struct scope *scope, const struct uuid *id,
                       struct screening_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ret);
}

enum err screening_create(struct db *db, const struct scope *scope, const struct actor *actor,
                          const struct screening_new *wanted, struct screening_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &wanted->site_id);
    db_put_uuid(&p, &wanted->id);
    db_put_text(&p, wanted->guest ? wanted->guest : "");
    db_put_text(&p, wanted->routine);
    db_put_text(&p, screening_rule_outcome_names[wanted->outcome]);
    db_put_text(&p, wanted->intake);
    db_put_text(&p, wanted->result);
    db_put_text(&p, wanted->clearances);
    return run_one(db, CREATE, &p, ret);
}

enum err screening_today(struct db *db, const struct scope *scope, const struct uuid *site_id,
                         int32_t *ret_day) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, site_id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &screening_store_statements[TODAY], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    *ret_day = db_get_i32(&r);
    return ERR_OK;
}
