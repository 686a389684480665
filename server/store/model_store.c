#include "server/store/model_store.h"

#include "server/store/db_query.h"

#define COLUMNS "id, version, name, spec, created_at, updated_at"

enum { LIST, GET };
extern const struct db_statement model_store_statements[];
/* clang-format off */
const struct db_statement model_store_statements[] = {
    [LIST] = {"model_list", "SELECT " COLUMNS " FROM model WHERE id > $1 ORDER BY id LIMIT $2::int"},
    [GET] = {"model_get", "SELECT " COLUMNS " FROM model WHERE id = $1"},
    {0}};
/* clang-format on */

void model_row_done(struct model_row *row) {
    free(row->spec);
    row->spec = NULL;
}

static void read_row(const struct pg_result *result, int i, struct model_row *row) {
    struct db_reader r = db_reader_at(result, i);
    db_get_text(&r, row->id, sizeof row->id);
    row->version = db_get_i32(&r);
    db_get_text(&r, row->name, sizeof row->name);
    row->spec = db_get_json(&r);
    row->created_at = db_get_time(&r);
    row->updated_at = db_get_time(&r);
}

enum err model_list(struct db *db, const char *after, int32_t limit, struct model_row rows[],
                    int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_text(&p, after);
    db_put_i32(&p, limit);
    enum err err = db_run(db, &model_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_row(result, i, &rows[i]);
    return ERR_OK;
}

enum err model_get(struct db *db, const char *id, struct model_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_text(&p, id);
    enum err err = db_run(db, &model_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    read_row(result, 0, ret);
    return ERR_OK;
}
