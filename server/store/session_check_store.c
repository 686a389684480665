#include "server/store/session_check_store.h"

#include "server/store/db_query.h"

#define COLUMNS(c) c "item, " c "done_by, " c "done_name, " c "done_at, " c "detail"

enum { LIST, PUT, PUT_ALL };
extern const struct db_statement session_check_store_statements[];
/* clang-format off */
const struct db_statement session_check_store_statements[] = {
    [LIST] = {
        "session_check_list",
        "SELECT " COLUMNS("c.") " FROM session_check c JOIN session s ON s.id = c.session_id"
        " WHERE c.session_id = $1 AND " DB_IN_SCOPE(2, "s.site_id") " ORDER BY c.done_at, c.item LIMIT 64"},
    [PUT] = {
        "session_check_put",
        "WITH ses AS (SELECT id, site_id FROM session WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id") "),"
        " c AS (INSERT INTO session_check AS c (session_id, item, done_by, done_name, detail)"
        " SELECT id, $7, $2, $3, $8::jsonb FROM ses ON CONFLICT (session_id, item) DO UPDATE SET done_by ="
        " EXCLUDED.done_by, done_name = EXCLUDED.done_name, done_at = now(), detail = EXCLUDED.detail RETURNING *),"
        " aud AS (" DB_AUDIT "'session.check', 'session', ses.id::text, ses.site_id, c.detail ||"
        " jsonb_build_object('item', c.item) FROM ses, c) SELECT " COLUMNS("c.") " FROM c"},
    [PUT_ALL] = {
        "session_check_put_all",
        "WITH c AS (INSERT INTO session_check (session_id, item, done_by, done_name)"
        " SELECT s.id, e.item, $2, $3 FROM session s, unnest($6::text[]) AS e (item) WHERE s.id = $5 RETURNING *)"
        " " DB_AUDIT "'session.check', 'session', s.id::text, s.site_id, jsonb_build_object('items', $6::text[])"
        " FROM session s WHERE s.id = $5"},
    {0}};
/* clang-format on */

void session_check_row_done(struct session_check_row *row) {
    free(row->detail);
    row->detail = NULL;
}

static void read_row(struct db_reader *r, struct session_check_row *row) {
    db_get_text(r, row->item, sizeof row->item);
    row->done_by = db_get_uuid(r);
    db_get_text(r, row->done_name, sizeof row->done_name);
    row->done_at = db_get_time(r);
    row->detail = db_get_json(r);
}

enum err session_check_list(struct db *db, const struct scope *scope, const struct uuid *session_id,
                            struct session_check_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, session_id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &session_check_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_row(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err session_check_put(struct db *db, const struct scope *scope, const struct actor *actor,
                           const struct uuid *session_id, const char *item, const char *detail,
                           struct session_check_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, session_id);
    db_put_text(&p, item);
    db_put_text(&p, detail);
    enum err err = db_run(db, &session_check_store_statements[PUT], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    read_row(&r, ret);
    return ERR_OK;
}

enum err session_check_put_all(struct db *db, const struct actor *actor, const struct uuid *session_id,
                               const char *const names[], uint32_t mask) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_uuid(&p, session_id);
    db_put_names(&p, names, mask);
    return db_run(db, &session_check_store_statements[PUT_ALL], &p, &result);
}
