#include "server/store/self_test_store.h"

#include "server/store/command_row.h"
#include "server/store/db_query.h"

/* clang-format off */
/* One that was ended has not passed, whatever its checks say; one that was refused has no verdict. */
#define VERDICT                                                                                              \
    "CASE WHEN c.state = 'failed' THEN 'failed' WHEN c.state <> 'succeeded' THEN ''"                         \
    " WHEN t.checks IS NULL THEN 'skipped' WHEN t.checks @> '[{\"result\": \"failed\"}]' THEN 'failed'"      \
    " WHEN t.checks @> '[{\"result\": \"skipped\"}]' THEN 'skipped' ELSE 'passed' END"

enum { LIST, CREATE, STOP, PUT_CHECKS };
extern const struct db_statement self_test_store_statements[];
const struct db_statement self_test_store_statements[] = {
    [LIST] = {
        "self_test_list",
        "SELECT t.id, t.device_id, t.site_id, t.requested_by, t.requested_name, c.state, c.code, c.detail,"
        " " VERDICT ", t.requested_at, c.finished_at, t.checks FROM self_test t JOIN command c ON c.id = t.id"
        " WHERE t.device_id = $4 AND t.id < $1 AND " DB_IN_SCOPE(2, "t.site_id")
        " ORDER BY t.id DESC LIMIT $3::int"},
    [CREATE] = {
        "self_test_create",
        "WITH dev AS (SELECT id, site_id FROM device WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " FOR NO KEY UPDATE),"
        " t AS (INSERT INTO self_test (id, device_id, site_id, requested_by, requested_name)"
        " SELECT $7, id, site_id, $2, $3 FROM dev RETURNING *),"
        " cmd AS (INSERT INTO command (id, device_id, self_test_id, type, state, expires_at, epoch, sent_at,"
        " created_by) SELECT id, device_id, id, 'self_test', CASE WHEN $9::bigint > 0 THEN 'sent'"
        " ELSE 'pending' END, $8, $9, CASE WHEN $9 > 0 THEN now() END, $2 FROM t RETURNING *),"
        " aud AS (" DB_AUDIT "'device.self_test', 'device', device_id::text, site_id,"
        " jsonb_build_object('command_id', id) FROM cmd)"
        " SELECT " COMMAND_ROW_COLUMNS("") " FROM cmd"},
    [STOP] = {
        "self_test_stop",
        "WITH t AS (SELECT id, device_id, state FROM command WHERE device_id = $6 AND type = 'self_test'"
        " AND state IN " COMMAND_UNFINISHED " AND " DB_IN_SCOPE(5, "site_id") " FOR UPDATE),"
        " back AS (UPDATE command c SET state = 'cancelled', code = 'cancelled', finished_at = now() FROM t"
        " WHERE c.id = t.id AND t.state = 'pending' RETURNING c.id),"
        " cmd AS (INSERT INTO command (id, device_id, self_test_id, type, state, code, epoch, sent_at,"
        " finished_at, created_by) SELECT $7, device_id, id, 'stop', CASE WHEN state = 'pending'"
        " THEN 'succeeded' WHEN $8::bigint > 0 THEN 'sent' ELSE 'pending' END, CASE WHEN state = 'pending'"
        " THEN 'never_sent' ELSE '' END, CASE WHEN state = 'pending' THEN 0 ELSE $8 END,"
        " CASE WHEN $8 > 0 AND state <> 'pending' THEN now() END, CASE WHEN state = 'pending' THEN now() END,"
        " $2 FROM t WHERE (SELECT count(*) FROM back) >= 0 RETURNING *),"
        " aud AS (" DB_AUDIT "'device.self_test_stop', 'device', device_id::text, site_id,"
        " jsonb_build_object('command_id', id) FROM cmd)"
        " SELECT " COMMAND_ROW_COLUMNS("") " FROM cmd"},
    [PUT_CHECKS] = {
        "self_test_put_checks",
        "UPDATE self_test SET checks = $3::jsonb WHERE id = $1 AND device_id = $2 AND checks IS NULL"},
    {0}};
/* clang-format on */

void self_test_row_done(struct self_test_row *row) {
    free(row->checks);
    row->checks = NULL;
}

static void read_row(const struct pg_result *result, int i, struct self_test_row *row) {
    struct db_reader r = db_reader_at(result, i);
    row->id = db_get_uuid(&r);
    row->device_id = db_get_uuid(&r);
    row->site_id = db_get_uuid(&r);
    row->requested_by = db_get_uuid(&r);
    db_get_text(&r, row->requested_name, sizeof row->requested_name);
    row->state = db_get_name(&r, command_state_names);
    db_get_text(&r, row->code, sizeof row->code);
    db_get_text(&r, row->detail, sizeof row->detail);
    db_get_text(&r, row->verdict, sizeof row->verdict);
    row->requested_at = db_get_time(&r);
    row->finished_at = db_get_time(&r);
    row->checks = db_get_json(&r);
}

enum err self_test_list(struct db *db, const struct scope *scope, const struct uuid *device_id,
                        const struct page *page, struct self_test_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_uuid(&p, device_id);
    enum err err = db_run(db, &self_test_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

static enum err order(struct db *db, int which, struct db_params *p, enum err none, struct command_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &self_test_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return none;
    struct db_reader r = db_reader_at(result, 0);
    command_row_read(&r, ret);
    return ERR_OK;
}

enum err self_test_create(struct db *db, const struct scope *scope, const struct actor *actor,
                          const struct self_test_order *o, struct command_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &o->device_id);
    db_put_uuid(&p, &o->command_id);
    db_put_time(&p, o->expires_at);
    db_put_i64(&p, o->epoch);
    return order(db, CREATE, &p, ERR_NOT_FOUND, ret);
}

enum err self_test_stop(struct db *db, const struct scope *scope, const struct actor *actor,
                        const struct self_test_order *o, struct command_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &o->device_id);
    db_put_uuid(&p, &o->command_id);
    db_put_i64(&p, o->epoch);
    return order(db, STOP, &p, ERR_WRONG_STATE, ret);
}

enum err self_test_put_checks(struct db *db, const struct uuid *device_id, const struct uuid *command_id,
                              const char *checks) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, command_id);
    db_put_uuid(&p, device_id);
    db_put_text(&p, checks);
    return db_run(db, &self_test_store_statements[PUT_CHECKS], &p, &result);
}
