#include "server/store/catalogue_store.h"

#include "server/store/db_query.h"

enum { PUT_MODEL, PUT_ROUTINE };
extern const struct db_statement catalogue_store_statements[];
/* clang-format off */
const struct db_statement catalogue_store_statements[] = {
    /* Changed; and what is there now, unless changed: whether it is what was given. */
    [PUT_MODEL] = {
        "catalogue_put_model",
        "WITH m AS (INSERT INTO model AS m (id, version, name, spec) VALUES ($5, $6, $7, $8::jsonb)"
        " ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version, name = EXCLUDED.name, spec ="
        " EXCLUDED.spec, updated_at = now() WHERE m.version < EXCLUDED.version RETURNING *),"
        " aud AS (" DB_AUDIT "'model.put', 'model', id, NULL, jsonb_build_object('version', version)"
        " FROM m) SELECT EXISTS (SELECT FROM m), NOT EXISTS (SELECT FROM model WHERE id = $5"
        " AND version = $6 AND (spec <> $8::jsonb OR name <> $7))"},
    /* More than one look at the table, each after the lock: a function of the schema. */
    [PUT_ROUTINE] = {"catalogue_put_routine", "SELECT catalogue_put_routine($1, $2, $3, $4, $5, $6, $7)"},
    {0}};
/* clang-format on */

enum err catalogue_put_model(struct db *db, const struct actor *actor, const char *id, int32_t version,
                             const char *name, const char *spec, bool *ret_changed) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_text(&p, id);
    db_put_i32(&p, version);
    db_put_text(&p, name);
    db_put_text(&p, spec);
    enum err err = db_run(db, &catalogue_store_statements[PUT_MODEL], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    bool changed = db_get_bool(&r);
    if (!changed && !db_get_bool(&r)) return ERR_CONFLICT;
    *ret_changed = changed;
    return ERR_OK;
}

enum err catalogue_put_routine(struct db *db, const struct actor *actor, const char *slug, const char *name,
                               const char *content, bool *ret_changed) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_text(&p, slug);
    db_put_text(&p, name);
    db_put_text(&p, content);
    enum err err = db_run(db, &catalogue_store_statements[PUT_ROUTINE], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_changed = db_get_bool(&r);
    return ERR_OK;
}
