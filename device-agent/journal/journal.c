#include "device-agent/journal/journal.h"

#include <stddef.h>
#include <string.h>

#include "base/jsonw.h"
#include "device-agent/journal/sql.h"
#include "protocol/message_fields.h"

/* slot = order modulo LEDGER_SIZE: the table bounds itself. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS device (id BLOB PRIMARY KEY, epoch INTEGER NOT NULL, last_seq INTEGER NOT "
    "NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS session (device BLOB PRIMARY KEY, id BLOB, phase INTEGER, reason INTEGER, "
    "step INTEGER,"
    " step_count INTEGER, step_ms INTEGER, elapsed_ms INTEGER, intensity INTEGER, water_mdegc INTEGER, "
    "total_ms INTEGER,"
    " started_at INTEGER, ended_at INTEGER, saved_at INTEGER, rinse INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS program (device BLOB PRIMARY KEY, content TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS self_test (device BLOB PRIMARY KEY, command_id BLOB, content TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS answer (device BLOB, slot INTEGER, command_id BLOB, session_id BLOB, seq "
    "INTEGER,"
    " ord INTEGER, type INTEGER, state INTEGER, code INTEGER, reason INTEGER, PRIMARY KEY (device, slot)) "
    "WITHOUT ROWID;";

enum {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT_DEVICE,
    PUT_SESSION,
    PUT_PROGRAM,
    PUT_ANSWER,
    PUT_SELF_TEST,
    GET_DEVICE,
    GET_SESSION,
    GET_PROGRAM,
    GET_SELF_TEST,
    GET_ANSWERS,
    STATEMENT_COUNT
};
static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_DEVICE] = "INSERT OR REPLACE INTO device VALUES (?1, ?2, ?3)",
    [PUT_SESSION] = "INSERT OR REPLACE INTO session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                    "?12, ?13, ?14, ?15)",
    [PUT_PROGRAM] = "INSERT OR REPLACE INTO program VALUES (?1, ?2)",
    [PUT_ANSWER] = "INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [PUT_SELF_TEST] = "INSERT OR REPLACE INTO self_test VALUES (?1, ?2, ?3)",
    [GET_SELF_TEST] = "SELECT command_id, content FROM self_test WHERE device = ?1",
    [GET_DEVICE] = "SELECT epoch, last_seq FROM device WHERE id = ?1",
    [GET_SESSION] =
        "SELECT id, phase, reason, step, step_count, step_ms, elapsed_ms, intensity, water_mdegc, total_ms,"
        " started_at, ended_at, saved_at, rinse FROM session WHERE device = ?1",
    [GET_PROGRAM] = "SELECT content FROM program WHERE device = ?1",
    [GET_ANSWERS] = "SELECT slot, command_id, session_id, seq, ord, type, state, code, reason FROM answer "
                    "WHERE device = ?1",
};

static const struct field report_fields[] = {
    FIELD_ARRAY(struct self_test_report, checks, n, 0, message_check_fields, 0), FIELD_END};

struct journal {
    sqlite3 *db;
    sqlite3_stmt *s[STATEMENT_COUNT];
    bool lazy; /* commits do not wait for the disk */
};

struct journal *journal_open(const char *path, char error[256]) {
    struct journal *j = xcalloc(1, sizeof *j);
    j->db = sql_open(path, true, schema, error);
    if (j->db && sql_prepare(j->db, texts, STATEMENT_COUNT, j->s, error)) return j;
    sqlite3_close(j->db);
    free(j);
    return NULL;
}

void journal_close(struct journal *j) {
    if (!j) return;
    sql_finalize(j->s, STATEMENT_COUNT);
    sqlite3_close(j->db);
    free(j);
}

/* ---- reading ---- */

static bool within(int32_t v, int32_t count) { return v >= 0 && v < count; }

/* False: no number that we write; it would point outside of the tables that are entered with it. */
static bool read_session(sqlite3_stmt *s, struct session_record *r) {
    int c = 0;
    r->id = sql_get_uuid(s, c++);
    r->phase = sqlite3_column_int(s, c++);
    r->reason = sqlite3_column_int(s, c++);
    r->step = sqlite3_column_int(s, c++);
    r->step_count = sqlite3_column_int(s, c++);
    r->step_ms = sqlite3_column_int(s, c++);
    r->elapsed_ms = sqlite3_column_int(s, c++);
    r->intensity = sqlite3_column_int(s, c++);
    r->water_mdegc = sqlite3_column_int(s, c++);
    r->total_ms = sqlite3_column_int64(s, c++);
    r->started_at = sqlite3_column_int64(s, c++);
    r->ended_at = sqlite3_column_int64(s, c++);
    r->saved_at = sqlite3_column_int64(s, c++);
    r->rinse = sqlite3_column_int(s, c++) != 0;
    return within(r->phase, PHASE_COUNT) && within(r->reason, REASON_COUNT) && r->step >= 0;
}

static bool read_answer(sqlite3_stmt *s, struct ledger *l) {
    int slot = sqlite3_column_int(s, 0);
    if (!within(slot, LEDGER_SIZE) || !within(sqlite3_column_int(s, 5), COMMAND_TYPE_COUNT) ||
        !within(sqlite3_column_int(s, 6), ACK_STATE_COUNT) ||
        !within(sqlite3_column_int(s, 7), ACK_CODE_COUNT) || !within(sqlite3_column_int(s, 8), REASON_COUNT))
        return false;
    l->entries[slot] = (struct ledger_entry){.command_id = sql_get_uuid(s, 1),
                                             .session_id = sql_get_uuid(s, 2),
                                             .seq = sqlite3_column_int64(s, 3),
                                             .order = sqlite3_column_int64(s, 4),
                                             .type = (int8_t)sqlite3_column_int(s, 5),
                                             .state = (int8_t)sqlite3_column_int(s, 6),
                                             .code = (int8_t)sqlite3_column_int(s, 7),
                                             .reason = (int8_t)sqlite3_column_int(s, 8)};
    return true;
}

/* One that cannot be read is none: the answer is known all the same. */
static void read_report(sqlite3_stmt *s, struct agent_recovered *ret) {
    struct field_errors errors;
    const char *text = (const char *)sqlite3_column_text(s, 1);
    size_t len = (size_t)sqlite3_column_bytes(s, 1);
    if (field_parse(text, len, report_fields, 0, &ret->report, sizeof ret->report, NULL, &errors))
        ret->tested = sql_get_uuid(s, 0);
}

bool journal_load(struct journal *j, const struct uuid *device, struct agent_recovered *ret) {
    bool ok = true;
    memset(ret, 0, offsetof(struct agent_recovered, report)); /* pages never touched cost nothing */
    ret->report.n = 0;
    for (int i = GET_DEVICE; i <= GET_ANSWERS; i++) sql_uuid(j->s[i], 1, device);
    if (sql_row(j->s[GET_DEVICE], &ok)) {
        ret->ledger.epoch = sqlite3_column_int64(j->s[GET_DEVICE], 0);
        ret->ledger.last_seq = sqlite3_column_int64(j->s[GET_DEVICE], 1);
    }
    if (ok && sql_row(j->s[GET_SESSION], &ok)) ok = read_session(j->s[GET_SESSION], &ret->session);
    if (ok && sql_row(j->s[GET_PROGRAM], &ok)) {
        struct field_errors errors; /* a program that cannot be read is none: the session cannot go on then */
        const char *text = (const char *)sqlite3_column_text(j->s[GET_PROGRAM], 0);
        size_t len = (size_t)sqlite3_column_bytes(j->s[GET_PROGRAM], 0);
        if (!program_parse(text, len, &ret->program, &errors)) memset(&ret->program, 0, sizeof ret->program);
    }
    if (ok && sql_row(j->s[GET_SELF_TEST], &ok)) read_report(j->s[GET_SELF_TEST], ret);
    while (ok && sql_row(j->s[GET_ANSWERS], &ok)) ok = read_answer(j->s[GET_ANSWERS], &ret->ledger);
    for (int i = GET_DEVICE; i <= GET_ANSWERS; i++) sqlite3_reset(j->s[i]);
    return ok;
}

/* ---- writing ---- */

static bool begin(struct journal *j, bool lazy) {
    if (j->lazy != lazy && !sql_sync(j->db, !lazy)) return false;
    j->lazy = lazy;
    return sql_run(j->s[BEGIN]);
}

bool journal_begin(struct journal *j) { return begin(j, false); }

bool journal_begin_lazy(struct journal *j) { return begin(j, true); }

void journal_rollback(struct journal *j) {
    if (!sqlite3_get_autocommit(j->db)) (void)!sql_run(j->s[ROLLBACK]);
}

/* SQLite ends a transaction by itself when the disk is full; then there is nothing to commit. */
bool journal_commit(struct journal *j) {
    if (!sqlite3_get_autocommit(j->db) && sql_run(j->s[COMMIT])) return true;
    journal_rollback(j);
    return false;
}

static bool put_session(struct journal *j, const struct uuid *device, const struct session_record *r) {
    sqlite3_stmt *s = j->s[PUT_SESSION];
    int at = 1;
    sql_uuid(s, at++, device);
    sql_uuid(s, at++, &r->id);
    sqlite3_bind_int(s, at++, r->phase);
    sqlite3_bind_int(s, at++, r->reason);
    sqlite3_bind_int(s, at++, r->step);
    sqlite3_bind_int(s, at++, r->step_count);
    sqlite3_bind_int(s, at++, r->step_ms);
    sqlite3_bind_int(s, at++, r->elapsed_ms);
    sqlite3_bind_int(s, at++, r->intensity);
    sqlite3_bind_int(s, at++, r->water_mdegc);
    sqlite3_bind_int64(s, at++, r->total_ms);
    sqlite3_bind_int64(s, at++, r->started_at);
    sqlite3_bind_int64(s, at++, r->ended_at);
    sqlite3_bind_int64(s, at++, r->saved_at);
    sqlite3_bind_int(s, at++, r->rinse);
    return sql_run(s);
}

static bool put_program(struct journal *j, const struct uuid *device, const struct program *p) {
    auto_buf struct buf text = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &text);
    program_write(&w, NULL, p);
    sql_uuid(j->s[PUT_PROGRAM], 1, device);
    sqlite3_bind_text(j->s[PUT_PROGRAM], 2, text.data, (int)text.len, SQLITE_TRANSIENT);
    return sql_run(j->s[PUT_PROGRAM]);
}

static bool put_report(struct journal *j, const struct uuid *device, const struct agent_write *w) {
    auto_buf struct buf text = BUF_INIT;
    struct jsonw to;
    jsonw_init(&to, &text);
    field_write(&to, NULL, report_fields, w->report);
    sql_uuid(j->s[PUT_SELF_TEST], 1, device);
    sql_uuid(j->s[PUT_SELF_TEST], 2, &w->tested);
    sqlite3_bind_text(j->s[PUT_SELF_TEST], 3, text.data, (int)text.len, SQLITE_TRANSIENT);
    return sql_run(j->s[PUT_SELF_TEST]);
}

static bool put_answer(struct journal *j, const struct uuid *device, const struct ledger_entry *e) {
    sqlite3_stmt *s = j->s[PUT_ANSWER];
    sql_uuid(s, 1, device);
    sqlite3_bind_int64(s, 2, e->order % LEDGER_SIZE);
    sql_uuid(s, 3, &e->command_id);
    sql_uuid(s, 4, &e->session_id);
    sqlite3_bind_int64(s, 5, e->seq);
    sqlite3_bind_int64(s, 6, e->order);
    sqlite3_bind_int(s, 7, e->type);
    sqlite3_bind_int(s, 8, e->state);
    sqlite3_bind_int(s, 9, e->code);
    sqlite3_bind_int(s, 10, e->reason);
    return sql_run(s);
}

bool journal_put(struct journal *j, const struct uuid *device, const struct agent_write *w) {
    sql_uuid(j->s[PUT_DEVICE], 1, device);
    sqlite3_bind_int64(j->s[PUT_DEVICE], 2, w->epoch);
    sqlite3_bind_int64(j->s[PUT_DEVICE], 3, w->last_seq);
    bool ok = sql_run(j->s[PUT_DEVICE]);
    if (ok && w->has_session) ok = put_session(j, device, &w->session);
    if (ok && w->program) ok = put_program(j, device, w->program);
    if (ok && w->report) ok = put_report(j, device, w);
    for (int32_t i = 0; ok && i < w->n_answers; i++) ok = put_answer(j, device, &w->answers[i]);
    return ok;
}
