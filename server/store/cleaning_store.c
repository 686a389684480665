#include "server/store/cleaning_store.h"

#include "server/store/db_query.h"

#define COLUMNS                                                                                              \
    "id, device_id, site_id, session_id, recorded_by, kind, product, epa_number, contact_minutes, rinsed, "  \
    "initials, notes, done_at, created_at"
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS " FROM"                                                                                \
    " (SELECT " COLUMNS " FROM cleaning WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")                        \
    " AND ($4::timestamptz IS NULL OR done_at >= $4) AND ($5::timestamptz IS NULL OR done_at < $5)" where    \
    " ORDER BY id DESC LIMIT 201) page LIMIT $3::int"
/* clang-format on */

enum { LIST, LIST_DEVICE, LIST_SITE, GET, CREATE, LAST_USE, LOG };
extern const struct db_statement cleaning_store_statements[];
/* clang-format off */
const struct db_statement cleaning_store_statements[] = {
    [LIST] = {"cleaning_list", PAGE("")},
    [LIST_DEVICE] = {
        "cleaning_list_device",
        PAGE(" AND device_id = $6 AND ($7::uuid IS NULL OR site_id = $7)")},
    [LIST_SITE] = {"cleaning_list_site", PAGE(" AND site_id = $6")},
    [GET] = {
        "cleaning_get",
        "SELECT " COLUMNS " FROM cleaning WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    [CREATE] = {
        "cleaning_create",
        "WITH dev AS (SELECT id FROM device WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " FOR NO KEY UPDATE),"
        " c AS (INSERT INTO cleaning (id, device_id, session_id, recorded_by, kind, product, epa_number,"
        " contact_minutes, rinsed, initials, notes, done_at) SELECT $7, id, (SELECT s.id FROM session s"
        " WHERE s.device_id = dev.id ORDER BY s.id DESC LIMIT 1), $2, $8, $9, $10, $11, $12, $13, $14,"
        " COALESCE($15, now()) FROM dev RETURNING " COLUMNS "),"
        " aud AS (" DB_AUDIT "'cleaning.create', 'cleaning', id::text, site_id,"
        " jsonb_strip_nulls(jsonb_build_object('device_id', device_id, 'kind', kind, 'initials',"
        " NULLIF(initials, ''), 'done_at', CASE WHEN $15 IS NOT NULL THEN done_at END)) FROM c)"
        " SELECT " COLUMNS " FROM c"},
    [LAST_USE] = {
        "cleaning_last_use",
        "SELECT ended_at FROM session WHERE device_id = $1 AND " DB_IN_SCOPE(2, "site_id")
        " AND state IN ('completed', 'stopped', 'aborted') AND reason <> 'cancelled' ORDER BY id DESC LIMIT 1"},
    [LOG] = {
        "cleaning_log",
        "SELECT to_char(c.done_at AT TIME ZONE s.timezone, 'YYYY-MM-DD'), to_char(c.done_at AT TIME ZONE s.timezone,"
        " 'HH24:MI:SS'), s.timezone, s.name, d.name, d.serial, c.kind, c.product, c.epa_number,"
        " c.contact_minutes::text, CASE WHEN c.rinsed THEN 'yes' ELSE 'no' END, c.initials, c.notes,"
        " to_char(c.created_at AT TIME ZONE s.timezone, 'YYYY-MM-DD HH24:MI:SS') FROM cleaning c"
        " JOIN site s ON s.id = c.site_id JOIN device d ON d.id = c.device_id WHERE " DB_IN_SCOPE(1, "c.site_id")
        " AND ($2::timestamptz IS NULL OR c.done_at >= $2) AND ($3::timestamptz IS NULL OR c.done_at < $3)"
        " AND ($4::uuid IS NULL OR c.device_id = $4) AND ($5::uuid IS NULL OR c.site_id = $5)"
        " ORDER BY c.done_at, c.id LIMIT $6::int"},
    {0}};
/* clang-format on */

const char *const cleaning_log_columns[CLEANING_LOG_COLUMNS] = {
    "date",         "time",       "timezone",        "site",   "device",   "serial", "kind",
    "disinfectant", "epa_number", "contact_minutes", "rinsed", "initials", "note",   "recorded_at"};

static void read_row(const struct pg_result *result, int i, struct cleaning_row *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    row->device_id = db_get_uuid(&r);
    row->site_id = db_get_uuid(&r);
    row->session_id = db_get_uuid(&r);
    row->recorded_by = db_get_uuid(&r);
    db_get_text(&r, row->kind, sizeof row->kind);
    db_get_text(&r, row->product, sizeof row->product);
    db_get_text(&r, row->epa_number, sizeof row->epa_number);
    row->contact_minutes = db_get_i32(&r);
    row->rinsed = db_get_bool(&r);
    db_get_text(&r, row->initials, sizeof row->initials);
    db_get_text(&r, row->notes, sizeof row->notes);
    row->done_at = db_get_time(&r);
    row->created_at = db_get_time(&r);
}

enum err cleaning_list(struct db *db, const struct scope *scope, const struct cleaning_filter *filter,
                       const struct page *page, struct cleaning_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_device = !uuid_is_zero(&filter->device_id), by_site = !uuid_is_zero(&filter->site_id);
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_time(&p, filter->from);
    db_put_time(&p, filter->to);
    if (by_device) db_put_uuid(&p, &filter->device_id);
    if (by_device || by_site) db_put_uuid(&p, &filter->site_id);
    int which = by_device ? LIST_DEVICE : by_site ? LIST_SITE : LIST;
    enum err err = db_run(db, &cleaning_store_statements[which], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

enum err cleaning_log(struct db *db, const struct scope *scope, const struct cleaning_filter *filter,
                      cleaning_log_line *line, void *arg, bool *ret_more) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_scope(&p, scope);
    db_put_time(&p, filter->from);
    db_put_time(&p, filter->to);
    db_put_uuid(&p, &filter->device_id);
    db_put_uuid(&p, &filter->site_id);
    db_put_i32(&p, CLEANING_LOG_MAX + 1);
    enum err err = db_run(db, &cleaning_store_statements[LOG], &p, &result);
    if (err != ERR_OK) return err;
    *ret_more = db_rows(result) > CLEANING_LOG_MAX;
    for (int32_t i = 0; !*ret_more && i < db_rows(result); i++) {
        char text[CLEANING_LOG_COLUMNS][513];
        const char *cells[CLEANING_LOG_COLUMNS];
        struct db_reader r = db_reader_at(result, i);
        for (int c = 0; c < CLEANING_LOG_COLUMNS; c++) {
            db_get_text(&r, text[c], sizeof text[c]);
            cells[c] = text[c];
        }
        line(arg, cells);
    }
    return ERR_OK;
}

static enum err run_one(struct db *db, int which, const struct db_params *p, struct cleaning_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &cleaning_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    read_row(result, 0, ret);
    return ERR_OK;
}

enum err cleaning_get(struct db *db, const struct scope *scope, const struct uuid *id,
                      struct cleaning_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ret);
}

enum err cleaning_create(struct db *db, const struct scope *scope, const struct actor *actor,
                         struct cleaning_row *row) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &row->device_id);
    db_put_uuid(&p, &row->id);
    db_put_text(&p, row->kind);
    db_put_text(&p, row->product);
    db_put_text(&p, row->epa_number);
    db_put_i32(&p, row->contact_minutes);
    db_put_bool(&p, row->rinsed);
    db_put_text(&p, row->initials);
    db_put_text(&p, row->notes);
    db_put_time(&p, row->done_at);
    return run_one(db, CREATE, &p, row);
}

enum err cleaning_last_use(struct db *db, const struct scope *scope, const struct uuid *device_id,
                           int64_t *ret_ended_at) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    *ret_ended_at = 0;
    db_put_uuid(&p, device_id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &cleaning_store_statements[LAST_USE], &p, &result);
    if (err != ERR_OK || db_rows(result) == 0) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_ended_at = db_get_time(&r);
    return ERR_OK;
}
