#include "server/store/presence_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/db_query.h"

#define DAY_MS INT64_C(86400000)

const char *const presence_why_names[] = {
#define X(name, text) text,
    PRESENCE_WHYS(X)
#undef X
        NULL};

enum { PUT, WATCHED, WATCH, PRUNE, LIST };
extern const struct db_statement presence_store_statements[];
/* clang-format off */
const struct db_statement presence_store_statements[] = {
    /* Flags: 1 connected, 2 seen, and why from the third bit on, an index into $6. One row at a time in the
     * order given, since the function looks at what the row before has written. */
    [PUT] = {
        "presence_put",
        "SELECT count(*) FILTER (WHERE presence_put(d, NULLIF(b, '00000000-0000-0000-0000-000000000000'),"
        " e, f & 1 = 1, ($6::text[])[(f >> 2) + 1], to_timestamp(t / 1000.0), f & 2 = 2, $7, $8))::int"
        " FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) c(d, b, e, t, f)"},
    [WATCHED] = {"presence_watched", "SELECT until FROM presence_watch"},
    [WATCH] = {
        "presence_watch",
        "INSERT INTO presence_watch (until) VALUES ($1)"
        " ON CONFLICT (one) DO UPDATE SET until = greatest(presence_watch.until, EXCLUDED.until)"},
    [PRUNE] = {
        "presence_prune",
        "WITH gone AS (DELETE FROM presence_change WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM presence_change c"
        " JOIN presence p USING (device_id) WHERE c.at < $1 AND c.n < p.n LIMIT $2::int)) RETURNING 1)"
        " SELECT count(*)::int FROM gone"},
    [LIST] = {
        "presence_list",
        "SELECT c.n, c.at, c.not_before, c.connected, c.restarted, c.why, c.boot_id, c.epoch"
        " FROM presence_change c JOIN device d ON d.id = c.device_id"
        " WHERE c.device_id = $1 AND " DB_IN_SCOPE(2, "d.site_id")
        " AND ($3::timestamptz IS NULL OR c.at >= $3) AND ($4::timestamptz IS NULL OR c.at < $4)"
        " AND ($5::bigint = 0 OR c.n < $5) ORDER BY c.n DESC LIMIT $6::int"},
    {0}};
/* clang-format on */

static int by_device(const void *a, const void *b) {
    const struct presence_change *const *x = a, *const *y = b;
    int order = memcmp((*x)->device_id.b, (*y)->device_id.b, sizeof(struct uuid));
    return order ? order : (*x > *y) - (*x < *y);
}

enum err presence_put(struct db *db, const struct presence_change list[], int32_t n, int64_t watched_until,
                      int32_t *ret_written) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    const struct presence_change *order[PRESENCE_BATCH];
    struct row {
        struct uuid device, boot;
        int64_t epoch, at, flags;
    } rows[PRESENCE_BATCH];
    assert(n > 0 && n <= PRESENCE_BATCH);
    for (int32_t i = 0; i < n; i++) order[i] = &list[i];
    qsort(order, (size_t)n, sizeof order[0], by_device);
    for (int32_t i = 0; i < n; i++)
        rows[i] = (struct row){order[i]->device_id, order[i]->boot_id, order[i]->epoch, order[i]->at,
                               order[i]->connected | order[i]->seen << 1 | (int64_t)order[i]->why << 2};
    db_put_uuids(&p, &rows[0].device, n, sizeof rows[0]);
    db_put_uuids(&p, &rows[0].boot, n, sizeof rows[0]);
    db_put_i64s(&p, &rows[0].epoch, n, sizeof rows[0]);
    db_put_i64s(&p, &rows[0].at, n, sizeof rows[0]);
    db_put_i64s(&p, &rows[0].flags, n, sizeof rows[0]);
    db_put_names(&p, presence_why_names, (1u << PRESENCE_WHY_COUNT) - 1);
    db_put_time(&p, watched_until);
    db_put_i64(&p, PRESENCE_KEPT);
    enum err err = db_run(db, &presence_store_statements[PUT], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_written = db_get_i32(&r);
    return ERR_OK;
}

enum err presence_watched(struct db *db, int64_t *ret_until) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &presence_store_statements[WATCHED], &(struct db_params){0}, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_until = db_rows(result) ? db_get_time(&r) : 0;
    return ERR_OK;
}

enum err presence_watch(struct db *db, int64_t now) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_time(&p, now);
    return db_run(db, &presence_store_statements[WATCH], &p, &result);
}

enum err presence_prune(struct db *db, int64_t now, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_time(&p, now - PRESENCE_DAYS_KEPT * DAY_MS);
    db_put_i32(&p, PRESENCE_PRUNE_MAX);
    enum err err = db_run(db, &presence_store_statements[PRUNE], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret_n = db_get_i32(&r);
    return ERR_OK;
}

enum err presence_list(struct db *db, const struct scope *scope, const struct presence_filter *filter,
                       int32_t limit, struct presence_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &filter->device_id);
    db_put_scope(&p, scope);
    db_put_time(&p, filter->from);
    db_put_time(&p, filter->to);
    db_put_i64(&p, filter->before);
    db_put_i32(&p, limit);
    enum err err = db_run(db, &presence_store_statements[LIST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        rows[i].n = db_get_i64(&r);
        rows[i].at = db_get_time(&r);
        rows[i].not_before = db_get_time(&r);
        rows[i].connected = db_get_bool(&r);
        rows[i].restarted = db_get_bool(&r);
        rows[i].why = db_get_name(&r, presence_why_names);
        rows[i].boot_id = db_get_uuid(&r);
        rows[i].epoch = db_get_i64(&r);
    }
    return ERR_OK;
}
