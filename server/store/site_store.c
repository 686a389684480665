#include "server/store/site_store.h"

#include <string.h>

#include "server/store/db_query.h"

#define CLOSED(s) "(SELECT array_agg(d - date '1970-01-01' ORDER BY d) FROM unnest(" s "closed_dates) AS d)"
#define COLUMNS                                                                                              \
    "id, name, timezone, jurisdiction, version, created_at, updated_at, open_days, " CLOSED("") " AS closed"
/* An int8 array of days since 1970-01-01 as dates; NULL stays NULL. */
#define DATES(n)                                                                                             \
    "CASE WHEN $" #n "::bigint[] IS NOT NULL THEN ARRAY(SELECT date '1970-01-01' + d::int FROM unnest($" #n  \
    ") AS d) END"

enum { LIST, GET, CREATE, UPDATE, TIMEZONE };
extern const struct db_statement site_store_statements[];
/* clang-format off */
const struct db_statement site_store_statements[] = {
    [LIST] = {
        "site_list",
        "SELECT " COLUMNS " FROM (SELECT * FROM site WHERE id > $1 AND " DB_IN_SCOPE(2, "id")
        " ORDER BY id LIMIT 201) page LIMIT $3::int"},
    [GET] = {"site_get", "SELECT " COLUMNS " FROM site WHERE id = $1 AND " DB_IN_SCOPE(2, "id")},
    [CREATE] = {
        "site_create",
        "WITH s AS (INSERT INTO site (id, name, timezone, open_days, closed_dates, jurisdiction)"
        " VALUES ($5, $6, COALESCE(NULLIF($7, ''), 'UTC'), $8, " DATES(9) ", $10) RETURNING " COLUMNS "),"
        " aud AS (" DB_AUDIT "'site.create', 'site', id::text, id, jsonb_build_object('name', name)"
        " FROM s) SELECT * FROM s"},
    [UPDATE] = {
        "site_update",
        "WITH cur AS (SELECT id, version FROM site WHERE id = $5 AND " DB_IN_SCOPE(6, "id")
        " FOR NO KEY UPDATE),"
        " up AS (UPDATE site s SET name = COALESCE($8, s.name), timezone = COALESCE($9, s.timezone),"
        " open_days = COALESCE($10, s.open_days), closed_dates = COALESCE(" DATES(11) ", s.closed_dates),"
        " jurisdiction = COALESCE($12, s.jurisdiction),"
        " version = s.version + 1, updated_at = now() FROM cur WHERE s.id = cur.id AND ($7::bigint = 0"
        " OR cur.version = $7) RETURNING s.id, s.name, s.timezone, s.jurisdiction, s.version, s.created_at,"
        " s.updated_at, s.open_days, " CLOSED("s.") "),"
        " aud AS (" DB_AUDIT "'site.update', 'site', id::text, id,"
        " jsonb_strip_nulls(jsonb_build_object('name', $8, 'timezone', $9,"
        " 'open_days', $10, 'closed_dates', cardinality($11), 'jurisdiction', $12)) FROM up) SELECT up.*"
        " FROM cur LEFT JOIN up ON true"},
    [TIMEZONE] = {"site_timezone", "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)"},
    {0}};
/* clang-format on */

static void read_row(struct db_reader *r, struct site_row *row) {
    row->id = db_get_uuid(r);
    db_get_text(r, row->name, sizeof row->name);
    db_get_text(r, row->timezone, sizeof row->timezone);
    row->jurisdiction = db_get_name(r, hygiene_rules_names);
    row->version = db_get_i64(r);
    row->created_at = db_get_time(r);
    row->updated_at = db_get_time(r);
    row->calendar.open_days = (uint32_t)db_get_i32(r);
    row->calendar.n_closed = db_get_i32s(r, row->calendar.closed, COURSE_CLOSED_MAX);
}

static void put_closed(struct db_params *p, const struct course_calendar *c) {
    int64_t days[COURSE_CLOSED_MAX];
    for (int32_t i = 0; i < c->n_closed; i++) days[i] = c->closed[i];
    db_put_i64s(p, days, c->n_closed, sizeof days[0]);
}

/* Runs a statement that gives at most one row. */
static enum err run_one(struct db *db, int which, const struct db_params *p, struct site_row *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &site_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    if (db_next_is_null(&r)) return ERR_PRECONDITION_FAILED;
    read_row(&r, ret);
    return ERR_OK;
}

enum err site_list(struct db *db, const struct scope *scope, const struct page *page, struct site_row rows[],
                   int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_after(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    enum err err = db_run(db, &site_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_row(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err site_get(struct db *db, const struct scope *scope, const struct uuid *id, struct site_row *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    return run_one(db, GET, &p, ret);
}

enum err site_create(struct db *db, const struct scope *scope, const struct actor *actor,
                     struct site_row *row) {
    auto_params struct db_params p = {0};
    if (!scope->all) return ERR_FORBIDDEN;
    db_put_actor(&p, actor);
    db_put_uuid(&p, &row->id);
    db_put_text(&p, row->name);
    db_put_text(&p, row->timezone);
    db_put_i32(&p, (int32_t)(row->calendar.open_days ? row->calendar.open_days : DATE_EVERY_DAY));
    put_closed(&p, &row->calendar);
    db_put_text(&p, hygiene_rules_names[row->jurisdiction]);
    return run_one(db, CREATE, &p, row);
}

enum err site_update(struct db *db, const struct scope *scope, const struct actor *actor,
                     const struct uuid *id, int64_t expected_version, const struct site_change *change,
                     struct site_row *ret) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    db_put_i64(&p, expected_version);
    db_put_text(&p, change->has_name ? change->name : NULL);
    db_put_text(&p, change->has_timezone ? change->timezone : NULL);
    if (change->has_open_days)
        db_put_i32(&p, (int32_t)change->calendar.open_days);
    else
        db_put_null(&p);
    if (change->has_closed)
        put_closed(&p, &change->calendar);
    else
        db_put_null(&p);
    db_put_text(&p, change->has_jurisdiction ? hygiene_rules_names[change->jurisdiction] : NULL);
    return run_one(db, UPDATE, &p, ret);
}

enum err site_timezone_check(struct db *db, const char *name) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    if (!name[0] || strcmp(name, "UTC") == 0) return ERR_OK;
    db_put_text(&p, name);
    enum err err = db_run(db, &site_store_statements[TIMEZONE], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    return db_get_bool(&r) ? ERR_OK : ERR_UNPROCESSABLE;
}
