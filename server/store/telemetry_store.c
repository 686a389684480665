/* In: watermarks first (their row locks keep two replicas apart), then the samples of those that moved, by
 * COPY, in the same transaction. */
#include "server/store/telemetry_store.h"

#include <assert.h>

#include "server/store/db_query.h"
#include "server/store/db_wire.h"

#define DAY_MS INT64_C(86400000)
#define COPY_CHUNK 65536
#define COPY_ROW_MAX 160 /* bytes of a sample: 13 fields of 4 + at most 16 */
#define COLUMNS                                                                                              \
    "device_id, boot_id, session_id, n, at, step, elapsed_ms, water_mdegc, target_mdegc, level_permille, "   \
    "current_ma, heater_permille, intensity"
#define COLUMN_COUNT 13
#define COPY_SQL(table) "COPY " table " (" COLUMNS ") FROM STDIN (FORMAT binary)"

/* clang-format off */
/* The device's row, if in scope, with its samples, or with NULLs when there are none. */
#define OF_DEVICE(inner)                                                                                     \
    "WITH dev AS (SELECT id FROM device WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id") ")"                    \
    " SELECT p.* FROM dev LEFT JOIN LATERAL (" inner ") p ON true"
#define IN_RANGE                                                                                             \
    "t.device_id = dev.id AND t.at >= $3 AND t.at < $4 AND ($6::uuid IS NULL OR t.session_id = $6)"
/* clang-format on */

enum { WATERMARK, ADD_BOOTS, MOVE, READ_RAW, READ_BUCKETS };
extern const struct db_statement telemetry_store_statements[];
/* clang-format off */
const struct db_statement telemetry_store_statements[] = {
    [WATERMARK] = {
        "telemetry_watermark",
        "WITH ins AS (INSERT INTO device_boot (device_id, boot_id) SELECT id, $2 FROM device"
        " WHERE id = $1 ON CONFLICT DO NOTHING RETURNING committed, lost) SELECT committed, lost"
        " FROM ins UNION ALL SELECT committed, lost FROM device_boot WHERE device_id = $1"
        " AND boot_id = $2"},
    [ADD_BOOTS] = {
        "telemetry_add_boots",
        "INSERT INTO device_boot (device_id, boot_id) SELECT u.device_id, u.boot_id"
        " FROM unnest($1::uuid[], $2::uuid[]) u (device_id, boot_id) JOIN device d ON d.id = u.device_id"
        " ORDER BY 1, 2 ON CONFLICT DO NOTHING"},
    /* Locked in one order everywhere, so that two batches never wait for each other. Gives where each
     * mark stands now, and the days that have partitions. */
    [MOVE] = {
        "telemetry_move",
        "WITH m AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[],"
        " $5::bigint[]) WITH ORDINALITY u (device_id, boot_id, expected, n, lost, i)),"
        " old AS (SELECT b.device_id, b.boot_id, b.committed, m.i, m.expected, m.n, m.lost FROM m"
        " JOIN device_boot b USING (device_id, boot_id) ORDER BY 1, 2 FOR NO KEY UPDATE OF b),"
        " moved AS (UPDATE device_boot b SET committed = old.n, lost = b.lost + old.lost FROM old"
        " WHERE b.device_id = old.device_id AND b.boot_id = old.boot_id AND old.committed = old.expected"
        " RETURNING old.i) SELECT (old.i - 1)::int, old.committed = old.expected, old.committed,"
        " day.first::timestamp AT TIME ZONE 'UTC', day.last::timestamp AT TIME ZONE 'UTC'"
        " FROM old, (SELECT min(day) AS first, max(day) AS last FROM telemetry_partition) day"},
    [READ_RAW] = {
        "telemetry_read_raw",
        OF_DEVICE("SELECT at, n, session_id, 1, step, elapsed_ms, intensity, target_mdegc, water_mdegc, water_mdegc, water_mdegc, level_permille, current_ma, current_ma, heater_permille FROM telemetry t WHERE " IN_RANGE " ORDER BY at, n LIMIT $5::int")},
    [READ_BUCKETS] = {
        "telemetry_read_buckets",
        OF_DEVICE("SELECT b, (x.last).n, (x.last).session_id, x.n_samples, (x.last).step, (x.last).elapsed_ms, (x.last).intensity, (x.last).target_mdegc, x.water, x.water_min, x.water_max, x.level, x.current, x.current_max, x.heater FROM (SELECT date_bin($7::bigint * interval '1 millisecond', at, $3) AS b, (array_agg(t ORDER BY at DESC, n DESC))[1] AS last, count(*)::int AS n_samples, round(avg(water_mdegc))::int AS water, min(water_mdegc) AS water_min, max(water_mdegc) AS water_max, round(avg(level_permille))::int AS level, round(avg(current_ma))::int AS current, max(current_ma) AS current_max, round(avg(heater_permille))::int AS heater FROM telemetry t WHERE " IN_RANGE " GROUP BY 1 ORDER BY 1 LIMIT $5::int) x")},
    {0}};
/* clang-format on */

/* ---- in ---- */

enum err telemetry_watermark(struct db *db, const struct uuid *device_id, const struct uuid *boot_id,
                             int64_t *ret_committed, int64_t *ret_lost) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, device_id);
    db_put_uuid(&p, boot_id);
    for (int look = 0; look < 2; look++) { /* another one may insert it while we do: then look again */
        auto_result struct pg_result *result = NULL;
        enum err err = db_run(db, &telemetry_store_statements[WATERMARK], &p, &result);
        if (err != ERR_OK) return err;
        if (db_rows(result) == 0) continue;
        struct db_reader r = db_reader_at(result, 0);
        *ret_committed = db_get_i64(&r);
        *ret_lost = db_get_i64(&r);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

struct window { /* first <= at < end: there is a partition */
    int64_t first, end;
};

/* Moves what can be moved; *ret_known: marks whose device has such a boot. */
static enum err move_marks(struct db *db, struct telemetry_mark marks[], int32_t n, struct window *ret_window,
                           int32_t *ret_known) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuids(&p, &marks[0].device_id, n, sizeof marks[0]);
    db_put_uuids(&p, &marks[0].boot_id, n, sizeof marks[0]);
    db_put_i64s(&p, &marks[0].expected, n, sizeof marks[0]);
    db_put_i64s(&p, &marks[0].n, n, sizeof marks[0]);
    db_put_i64s(&p, &marks[0].lost, n, sizeof marks[0]);
    enum err err = db_run(db, &telemetry_store_statements[MOVE], &p, &result);
    if (err != ERR_OK) return err;
    for (int32_t i = 0; i < n; i++) {
        marks[i].accepted = false;
        marks[i].committed = -1;
    }
    *ret_known = db_rows(result);
    for (int32_t row = 0; row < *ret_known; row++) {
        struct db_reader r = db_reader_at(result, row);
        struct telemetry_mark *mark = &marks[db_get_i32(&r)];
        mark->accepted = db_get_bool(&r);
        mark->committed = db_get_i64(&r);
        if (mark->accepted) mark->committed = mark->n;
        ret_window->first = db_get_time(&r);
        ret_window->end = db_get_time(&r) + DAY_MS;
    }
    return ERR_OK;
}

static enum err add_boots(struct db *db, const struct telemetry_mark marks[], int32_t n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuids(&p, &marks[0].device_id, n, sizeof marks[0]);
    db_put_uuids(&p, &marks[0].boot_id, n, sizeof marks[0]);
    return db_run(db, &telemetry_store_statements[ADD_BOOTS], &p, &result);
}

static char *put_or_null(char *to, int32_t v, int32_t unknown) {
    return v == unknown ? db_wire_null(to) : db_wire_field_i32(to, v);
}

static char *write_sample(char *to, const struct telemetry_sample *s) {
    to = db_wire_i16(to, COLUMN_COUNT);
    to = db_wire_field(to, s->device_id.b, 16);
    to = db_wire_field(to, s->boot_id.b, 16);
    to = uuid_is_zero(&s->session_id) ? db_wire_null(to) : db_wire_field(to, s->session_id.b, 16);
    to = db_wire_field_i64(to, s->n);
    to = db_wire_field_i64(to, db_wire_time(s->at));
    to = db_wire_field_i32(to, s->step);
    to = db_wire_field_i32(to, s->elapsed_ms);
    to = put_or_null(to, s->water_mdegc, INT32_MIN);
    to = db_wire_field_i32(to, s->target_mdegc);
    to = put_or_null(to, s->level_permille, -1);
    to = db_wire_field_i32(to, s->current_ma);
    to = db_wire_field_i32(to, s->heater_permille);
    return db_wire_field_i32(to, s->intensity);
}

/* Copies the samples of accepted marks whose time is within the window (or, for strays, is not). */
static enum err copy_samples(struct db *db, const char *sql, const struct telemetry_mark marks[],
                             const struct telemetry_sample samples[], int32_t n, const struct window *window,
                             bool strays) {
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature, flags, no extension */
    auto_free char *chunk = xmalloc(COPY_CHUNK);
    enum err err = db_copy_begin(db, sql);
    if (err != ERR_OK) return err;
    memcpy(chunk, header, 19);
    char *at = chunk + 19;
    for (int32_t i = 0; i < n; i++) {
        const struct telemetry_sample *s = &samples[i];
        bool stray = s->at < window->first || s->at >= window->end;
        if (!marks[s->mark].accepted || stray != strays) continue;
        at = write_sample(at, s);
        if (at - chunk <= COPY_CHUNK - COPY_ROW_MAX - 2) continue;
        err = db_copy_data(db, chunk, (size_t)(at - chunk));
        if (err != ERR_OK) return err;
        at = chunk;
    }
    at = db_wire_i16(at, -1);
    err = db_copy_data(db, chunk, (size_t)(at - chunk));
    return err == ERR_OK ? db_copy_end(db) : err;
}

static enum err commit_batch(struct db *db, struct telemetry_mark marks[], int32_t n_marks,
                             const struct telemetry_sample samples[], int32_t n_samples, int32_t *ret_stray) {
    struct window window = {0};
    int32_t known, wanted = 0, stray = 0;
    enum err err = move_marks(db, marks, n_marks, &window, &known);
    if (err == ERR_OK && known < n_marks) { /* the first samples of a boot that never said hello here */
        db_rollback(db);
        db_begin(db);
        err = add_boots(db, marks, n_marks);
        if (err == ERR_OK) err = move_marks(db, marks, n_marks, &window, &known);
    }
    for (int32_t i = 0; err == ERR_OK && i < n_samples; i++) {
        assert(samples[i].mark >= 0 && samples[i].mark < n_marks);
        if (!marks[samples[i].mark].accepted) continue;
        wanted++;
        if (samples[i].at < window.first || samples[i].at >= window.end) stray++;
    }
    if (err == ERR_OK && wanted > stray)
        err = copy_samples(db, COPY_SQL("telemetry"), marks, samples, n_samples, &window, false);
    if (err == ERR_OK && stray > 0)
        err = copy_samples(db, COPY_SQL("telemetry_stray"), marks, samples, n_samples, &window, true);
    if (err == ERR_OK) err = db_commit(db);
    if (err == ERR_OK) *ret_stray = stray;
    return err;
}

enum err telemetry_commit(struct db *db, struct telemetry_mark marks[], int32_t n_marks,
                          const struct telemetry_sample samples[], int32_t n_samples, int32_t *ret_stray) {
    assert(!db_in_transaction(db));
    if (n_marks == 0) {
        *ret_stray = 0;
        return ERR_OK;
    }
    db_begin(db);
    enum err err = commit_batch(db, marks, n_marks, samples, n_samples, ret_stray);
    if (err != ERR_OK) db_rollback(db);
    return err;
}

/* ---- out ---- */

static void read_point(struct db_reader *r, struct telemetry_point *p) {
    p->at = db_get_time(r);
    p->n = db_get_i64(r);
    p->session_id = db_get_uuid(r);
    p->n_samples = db_get_i32(r);
    p->step = db_get_i32(r);
    p->elapsed_ms = db_get_i32(r);
    p->intensity = db_get_i32(r);
    p->target_mdegc = db_get_i32(r);
    p->water_mdegc = db_get_i32_or(r, INT32_MIN);
    p->water_min_mdegc = db_get_i32_or(r, INT32_MIN);
    p->water_max_mdegc = db_get_i32_or(r, INT32_MIN);
    p->level_permille = db_get_i32_or(r, -1);
    p->current_ma = db_get_i32(r);
    p->current_max_ma = db_get_i32(r);
    p->heater_permille = db_get_i32(r);
}

enum err telemetry_read(struct db *db, const struct scope *scope, const struct telemetry_query *query,
                        struct telemetry_point points[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool raw = query->resolution_ms == 0;
    assert(query->limit >= 1 && query->limit <= TELEMETRY_POINTS_MAX && query->resolution_ms >= 0);
    db_put_uuid(&p, &query->device_id);
    db_put_scope(&p, scope);
    db_put_i64(&p, db_wire_time(query->from)); /* 0 is a time here, not NULL */
    db_put_i64(&p, db_wire_time(query->to));
    db_put_i32(&p, query->limit);
    db_put_uuid(&p, &query->session_id);
    if (!raw) db_put_i64(&p, query->resolution_ms);
    enum err err = db_run(db, &telemetry_store_statements[raw ? READ_RAW : READ_BUCKETS], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader first = db_reader_at(result, 0);
    *ret_n = db_next_is_null(&first) ? 0 : db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        read_point(&r, &points[i]);
    }
    return ERR_OK;
}
