#include "server/store/housekeeping_store.h"

#include <assert.h>

#include "server/store/command_row.h"
#include "server/store/db_query.h"

#define DAY_MS INT64_C(86400000)
#define DAY(n) "($" #n "::timestamptz AT TIME ZONE 'UTC')::date"

enum { PARTITIONS, RETENTION, IDEMPOTENCY, COUNT };
extern const struct db_statement housekeeping_store_statements[];
/* clang-format off */
const struct db_statement housekeeping_store_statements[] = {
    /* The days back only while there are none: what retention dropped is not to come again. */
    [PARTITIONS] = {
        "housekeeping_partitions",
        "SELECT telemetry_ensure(CASE WHEN EXISTS (SELECT FROM telemetry_partition)"
        " THEN " DAY(1) " ELSE " DAY(2) " END, " DAY(3) ")"},
    [RETENTION] = {"housekeeping_retention", "SELECT telemetry_drop(" DAY(1) ")"},
    [IDEMPOTENCY] = {
        "housekeeping_idempotency",
        "WITH gone AS (DELETE FROM idempotency_key WHERE created_at < $1 RETURNING 1)"
        " SELECT count(*)::int FROM gone"},
    [COUNT] = {
        "housekeeping_count",
        "SELECT (SELECT count(*) FROM command WHERE state IN " COMMAND_UNFINISHED " AND state = 'pending'),"
        " (SELECT count(*) FROM command WHERE state IN " COMMAND_UNFINISHED " AND state = 'unknown'),"
        " (SELECT count(*) FROM session WHERE state IN ('requested', 'starting', 'running', 'paused', 'waiting')),"
        " (SELECT count(*) FROM telemetry_stray)"},
    {0}};
/* clang-format on */

static enum err run_number(struct db *db, int which, const struct db_params *p, int32_t *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &housekeeping_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    *ret = db_get_i32(&r);
    return ERR_OK;
}

enum err housekeeping_partitions(struct db *db, int64_t now, int32_t *ret_made) {
    auto_params struct db_params p = {0};
    db_put_time(&p, now);
    db_put_time(&p, now - TELEMETRY_DAYS_BACK * DAY_MS);
    db_put_time(&p, now + TELEMETRY_DAYS_AHEAD * DAY_MS);
    return run_number(db, PARTITIONS, &p, ret_made);
}

enum err housekeeping_retention(struct db *db, int64_t now, int32_t days_kept, int32_t *ret_dropped) {
    auto_params struct db_params p = {0};
    assert(days_kept > TELEMETRY_DAYS_BACK);
    db_put_time(&p, now - days_kept * DAY_MS);
    return run_number(db, RETENTION, &p, ret_dropped);
}

enum err housekeeping_idempotency(struct db *db, int64_t now, int32_t keep_hours, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    db_put_time(&p, now - keep_hours * INT64_C(3600000));
    return run_number(db, IDEMPOTENCY, &p, ret_n);
}

enum err housekeeping_count(struct db *db, struct housekeeping_counts *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &housekeeping_store_statements[COUNT], &(struct db_params){0}, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    ret->pending_commands = db_get_i64(&r);
    ret->unknown_commands = db_get_i64(&r);
    ret->live_sessions = db_get_i64(&r);
    ret->stray_samples = db_get_i64(&r);
    return ERR_OK;
}
