#include "server/store/held_session_store.h"

#include <string.h>

#include "server/store/command_row.h"
#include "server/store/db_query.h"
#include "server/store/session_row.h"

enum { CREATE, GET, DUE, CHANGE, ORDER };
extern const struct db_statement held_session_store_statements[];
/* clang-format off */
#define UPDATE                                                                                               \
    "UPDATE session SET state = $3, reason = $4, step = $5, step_ms = $6, elapsed_ms = $7, remaining_ms = $8," \
    " counted_at = $9, due_at = $10, ended_at = $11, version = version + 1"                                 \
    " WHERE id = $1 AND device_id IS NULL AND version = $2 RETURNING *"
const struct db_statement held_session_store_statements[] = {
    [CREATE] = {
        "held_session_create",
        "WITH place AS (SELECT id FROM site WHERE id = $6 AND " DB_IN_SCOPE(5, "id") "),"
        " ses AS (INSERT INTO session (id, site_id, state, routine_slug, routine_version, intake, screening,"
        " program, guest, step_count, duration_ms, remaining_ms, created_by, started_at, counted_at, due_at,"
        " screening_id)"
        " SELECT $7, id, 'waiting', $8, $9, $10::jsonb, $11::jsonb, $12::jsonb, $13, $14, $15, $15, $2, $16, $16,"
        " $17, $18 FROM place RETURNING *),"
        " aud AS (" DB_AUDIT "'session.create', 'session', id::text, site_id,"
        " jsonb_strip_nulls(jsonb_build_object('routine', routine_slug, 'routine_version', routine_version,"
        " 'screening_id', screening_id, 'clearances', $19::jsonb)) FROM ses)"
        " SELECT " SESSION_ROW_COLUMNS("") " FROM ses"},
    [GET] = {
        "held_session_get",
        "SELECT " SESSION_ROW_COLUMNS("") ", step_ms, counted_at, program FROM session WHERE id = $1"
        " AND device_id IS NULL AND " DB_IN_SCOPE(2, "site_id")},
    [DUE] = {"held_session_due", "SELECT id FROM session WHERE due_at <= $1 ORDER BY due_at LIMIT $2::int"},
    [CHANGE] = {"held_session_change",
                "WITH ses AS (" UPDATE ") SELECT " SESSION_ROW_COLUMNS("") " FROM ses"},
    /* The actor's four come last here: $12 to $15. */
    [ORDER] = {
        "held_session_order",
        "WITH ses AS (" UPDATE "),"
        " cmd AS (INSERT INTO command (id, session_id, type, body, state, code, acked_at, finished_at, created_by)"
        " SELECT $16, id, $17, $18::jsonb, 'succeeded', 'ok', $9, $9, $13 FROM ses RETURNING *),"
        " aud AS (INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id,"
        " site_id, detail) SELECT $12::uuid, $13::uuid, $14::text, $15::text, 'session.' || type, 'session',"
        " session_id::text, site_id, body || jsonb_build_object('command_id', id) FROM cmd)"
        " SELECT " SESSION_ROW_COLUMNS("ses.") ", " COMMAND_ROW_COLUMNS("cmd.") " FROM ses, cmd"},
    {0}};
/* clang-format on */

void held_session_done(struct held_session *s) {
    session_row_done(&s->row);
    free(s->program);
    s->program = NULL;
}

enum err held_session_create(struct db *db, const struct scope *scope, const struct actor *actor,
                             const struct held_session_new *new_session, struct session_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    const struct held_session_new *s = new_session;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &s->site_id);
    db_put_uuid(&p, &s->id);
    db_put_text(&p, s->routine);
    db_put_i32(&p, s->routine_version);
    db_put_text(&p, s->intake);
    db_put_text(&p, s->screening);
    db_put_text(&p, s->program);
    db_put_text(&p, s->guest ? s->guest : "");
    db_put_i32(&p, s->step_count);
    db_put_i32(&p, s->duration_ms);
    db_put_time(&p, s->held.started_at);
    db_put_time(&p, s->due_at);
    db_put_uuid(&p, &s->screening_id);
    db_put_text(&p, s->clearances);
    enum err err = db_run(db, &held_session_store_statements[CREATE], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, ret);
    return ERR_OK;
}

static int32_t reason_of(const char *name) {
    for (int32_t i = 0; reason_names[i]; i++)
        if (strcmp(reason_names[i], name) == 0) return i;
    return REASON_NONE;
}

enum err held_session_get(struct db *db, const struct scope *scope, const struct uuid *id,
                          struct held_session *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &held_session_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, &ret->row);
    ret->held = (struct held){.state = ret->row.state,
                              .reason = reason_of(ret->row.reason),
                              .step = ret->row.step,
                              .step_ms = db_get_i32(&r),
                              .elapsed_ms = ret->row.elapsed_ms,
                              .started_at = ret->row.started_at,
                              .ended_at = ret->row.ended_at,
                              .counted_at = db_get_time(&r)};
    ret->program = db_get_json(&r);
    return ERR_OK;
}

enum err held_session_due(struct db *db, int64_t now, struct uuid ids[], int32_t cap, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_time(&p, now);
    db_put_i32(&p, cap);
    enum err err = db_run(db, &held_session_store_statements[DUE], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        ids[i] = db_get_uuid(&r);
    }
    return ERR_OK;
}

enum err held_session_change(struct db *db, const struct actor *actor,
                             const struct held_session_change *change, struct session_row *ret,
                             struct command_row *ret_command) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    const struct held *h = &change->held;
    db_put_uuid(&p, &change->id);
    db_put_i64(&p, change->version);
    db_put_text(&p, session_state_names[h->state]);
    db_put_text(&p, reason_names[h->reason]);
    db_put_i32(&p, h->step);
    db_put_i32(&p, h->step_ms);
    db_put_i32(&p, h->elapsed_ms);
    db_put_i32(&p, change->remaining_ms);
    db_put_time(&p, h->counted_at);
    db_put_time(&p, change->due_at);
    db_put_time(&p, h->ended_at);
    if (change->type) {
        db_put_actor(&p, actor);
        db_put_uuid(&p, &change->command_id);
        db_put_text(&p, change->type);
        db_put_text(&p, change->body);
    }
    const struct db_statement *st = &held_session_store_statements[change->type ? ORDER : CHANGE];
    enum err err = db_run(db, st, &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_CONFLICT;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, ret);
    if (change->type) command_row_read(&r, ret_command);
    return ERR_OK;
}
