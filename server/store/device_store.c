#include "server/store/device_store.h"

#include "server/store/db_query.h"

#define COLUMNS(d)                                                                                           \
    d "id, " d "site_id, " d "model_id, " d "name, " d "serial, " d "service, " d "cleaning, " d "rinse, " d \
      "disinfecting_kind, " d "disinfecting_at, " d "credential_version, " d "last_seq, " d "version, " d    \
      "created_at, " d "updated_at"
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS("") " FROM"                                                                            \
    " (SELECT " COLUMNS("") " FROM device WHERE id > $1 AND " DB_IN_SCOPE(2, "site_id")                      \
    " AND ($4::text IS NULL OR service = $4) AND ($5::text IS NULL OR cleaning = $5)" where                  \
    " ORDER BY id LIMIT 201) page LIMIT $3::int"
/* clang-format on */

enum { LIST, LIST_SITE, GET, CREATE, UPDATE, EACH };
extern const struct db_statement device_store_statements[];
/* clang-format off */
const struct db_statement device_store_statements[] = {
    [LIST] = {"device_list", PAGE("")},
    [LIST_SITE] = {"device_list_site", PAGE(" AND site_id = $6")},
    [GET] = {
        "device_get",
        "SELECT " COLUMNS("") " FROM device WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    [CREATE] = {
        "device_create",
        "WITH d AS (INSERT INTO device (id, site_id, model_id, name, serial) SELECT $6, id, $8, $9, $10"
        " FROM site WHERE id = $7 AND " DB_IN_SCOPE(5, "id") " RETURNING " COLUMNS("") "),"
        " aud AS (" DB_AUDIT "'device.create', 'device', id::text, site_id, jsonb_build_object('name',"
        " name, 'serial', serial, 'model', model_id) FROM d) SELECT " COLUMNS("") " FROM d"},
    [UPDATE] = {
        "device_update",
        "WITH cur AS (SELECT id, version FROM device WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " FOR NO KEY UPDATE),"
        " up AS (UPDATE device d SET name = COALESCE($8, d.name), serial = COALESCE($9, d.serial),"
        " service = COALESCE($10, d.service), site_id = COALESCE($11, d.site_id), credential_version ="
        " d.credential_version + CASE WHEN $12 THEN 1 ELSE 0"
        " END, version = d.version + 1, updated_at = now() FROM cur WHERE d.id = cur.id"
        " AND ($7::bigint = 0 OR cur.version = $7) RETURNING " COLUMNS("d.") "),"
        " aud AS (" DB_AUDIT "'device.update', 'device', id::text, site_id,"
        " jsonb_strip_nulls(jsonb_build_object('name', $8, 'serial', $9, 'service', $10, 'site_id', $11,"
        " 'rotate_credential', NULLIF($12, false))) FROM up) SELECT " COLUMNS("up.") " FROM cur LEFT"
        " JOIN up ON true"},
    [EACH] = {"device_each", "SELECT " COLUMNS("") " FROM device"},
    {0}};
/* clang-format on */

static void read_row(struct db_reader *r, struct device_row *row) {
    row->id = db_get_uuid(r);
    row->site_id = db_get_uuid(r);
    db_get_text(r, row->model, sizeof row->model);
    db_get_text(r, row->name, sizeof row->name);
    db_get_text(r, row->serial, sizeof row->serial);
    db_get_text(r, row->service, sizeof row->service);
    db_get_text(r, row->cleaning, sizeof row->cleaning);
    row->rinse = db_get_bool(r);
    db_get_text(r, row->disinfecting_kind, sizeof row->disinfecting_kind);
    row->disinfecting_at = db_get_time(r);
    row->credential_version = db_get_i32(r);
    row->last_seq = db_get_i64(r);
    row->version = db_get_i64(r);
    row->created_at = db_get_time(r);
    row->updated_at = db_get_time(r);
}

/* Runs a statement that gives at most one row. */
static enum err run_one(struct db *db, int which, const struct db_params *p, struct device_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &device_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    if (db_next_is_null(&r)) return ERR_PRECONDITION_FAILED;
    read_row(&r, ret);
    return ERR_OK;
}

enum err device_list(struct db *db, const struct scope *scope, const struct device_filter *filter,
                     const struct page *page, struct device_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_site = !uuid_is_zero(&filter->site_id);
    db_put_after(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_text(&p, filter->service);
    db_put_text(&p, filter->cleaning);
    if (by_site) db_put_uuid(&p, &filter->site_id);
    enum err err = db_run(db, &device_store_statements[by_site ? LIST_SITE : LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_row(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err device_get(struct db *db, const struct scope *scope, const struct uuid *id, struct device_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ret);
}

enum err device_create(struct db *db, const struct scope *scope, const struct actor *actor,
                       struct device_row *row) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &row->id);
    db_put_uuid(&p, &row->site_id);
    db_put_text(&p, row->model);
    db_put_text(&p, row->name);
    db_put_text(&p, row->serial);
    return run_one(db, CREATE, &p, row);
}

enum err device_update(struct db *db, const struct scope *scope, const struct actor *actor,
                       const struct uuid *id, int64_t expected_version, const struct device_change *change,
                       struct device_row *ret) {
    auto_params struct db_params p = {0};
    if (change->has_site_id && !scope_covers(scope, &change->site_id)) return ERR_NOT_FOUND;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, id);
    db_put_i64(&p, expected_version);
    db_put_text(&p, change->has_name ? change->name : NULL);
    db_put_text(&p, change->has_serial ? change->serial : NULL);
    db_put_text(&p, change->has_service ? change->service : NULL);
    db_put_uuid(&p, change->has_site_id ? &change->site_id : NULL);
    db_put_bool(&p, change->rotate_credential);
    return run_one(db, UPDATE, &p, ret);
}

enum err device_each(struct db *db, void (*fn)(void *arg, const struct device_row *row), void *arg) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &device_store_statements[EACH], &(struct db_params){0}, &result);
    if (err != ERR_OK) return err;
    for (int32_t i = 0; i < db_rows(result); i++) {
        struct db_reader r = db_reader_at(result, i);
        struct device_row row;
        read_row(&r, &row);
        fn(arg, &row);
    }
    return ERR_OK;
}
