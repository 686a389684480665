#include "server/store/session_store.h"

#include "server/store/command_row.h"
#include "server/store/db_query.h"
#include "server/store/session_row.h"

#define COLUMNS SESSION_ROW_COLUMNS
#define LIVE "('requested', 'starting', 'running', 'paused', 'waiting')"
/* One statement for each index that gives the order: the inner limit is a constant, so that the plan made
 * once for all limits walks the index instead of sorting. */
/* clang-format off */
#define PAGE(where)                                                                                          \
    "SELECT " COLUMNS("") " FROM"                                                                            \
    " (SELECT " COLUMNS("") " FROM session WHERE id < $1 AND " DB_IN_SCOPE(2, "site_id")                     \
    " AND ($4::text[] IS NULL OR state = ANY ($4))" where " ORDER BY id DESC LIMIT 201) page LIMIT $3::int"
/* clang-format on */

enum {
    LIST,
    LIST_DEVICE,
    LIST_SITE,
    GET,
    GET_PROGRAM,
    GET_TITLE,
    EACH_LIVE,
    CREATE,
    COMMAND,
    APPLY_REPORT,
    CLOSE_LOST
};
extern const struct db_statement session_store_statements[];
/* clang-format off */
const struct db_statement session_store_statements[] = {
    [LIST] = {"session_list", PAGE("")},
    [LIST_DEVICE] = {
        "session_list_device",
        PAGE(" AND device_id = $5 AND ($6::uuid IS NULL OR site_id = $6)")},
    [LIST_SITE] = {"session_list_site", PAGE(" AND site_id = $5")},
    [GET] = {
        "session_get",
        "SELECT " COLUMNS("") ", intake, screening FROM session WHERE id = $1"
        " AND " DB_IN_SCOPE(2, "site_id")},
    [GET_PROGRAM] = {
        "session_get_program",
        "SELECT program, trial_content FROM session WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    [GET_TITLE] = {
        "session_get_title",
        "SELECT s.routine_slug, COALESCE(s.trial_content ->> 'name', v.name, s.routine_slug) FROM session s"
        " LEFT JOIN routine_version v ON v.slug = s.routine_slug AND v.version = s.routine_version"
        " WHERE s.id = $1"},
    [EACH_LIVE] = {"session_each_live", "SELECT " COLUMNS("") " FROM session WHERE state IN " LIVE},
    [CREATE] = {
        "session_create",
        "WITH dev AS (SELECT id FROM device WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " FOR NO KEY UPDATE),"
        " ses AS (INSERT INTO session (id, device_id, routine_slug, routine_version, intake, screening,"
        " program, step_count, intensity, target_mdegc, created_by, guest, duration_ms, remaining_ms,"
        " screening_id, trial, trial_content)"
        " SELECT $7, id, $8, $9, $10::jsonb, $11::jsonb, $12::jsonb, $13, $14, $15, $16, $20, $21, $21, $22,"
        " $24::jsonb IS NOT NULL, $24::jsonb"
        " FROM dev"
        " RETURNING " COLUMNS("") "),"
        " cmd AS (INSERT INTO command (id, device_id, session_id, type, state, expires_at, epoch,"
        " sent_at, created_by) SELECT $17, device_id, id, 'start', CASE WHEN $19::bigint > 0"
        " THEN 'sent' ELSE 'pending' END, $18, $19, CASE WHEN $19 > 0 THEN now() END, created_by"
        " FROM ses RETURNING *),"
        " aud AS (" DB_AUDIT "'session.create', 'session', id::text, site_id,"
        " jsonb_strip_nulls(jsonb_build_object('device_id', device_id, 'routine', routine_slug,"
        " 'routine_version', routine_version, 'screening_id', $22::uuid, 'clearances', $23::jsonb,"
        " 'trial', NULLIF(trial, false)))"
        " FROM ses) SELECT " COLUMNS("ses.") ", " COMMAND_ROW_COLUMNS("cmd.")
        " FROM ses, cmd"},
    /* back: the start that was never sent, taken back by a stop. It is locked before the session, as
     * everywhere; reading its count below makes that so. */
    [COMMAND] = {
        "session_command",
        "WITH back AS (UPDATE command SET state = 'cancelled', code = 'cancelled', finished_at = now()"
        " WHERE $8 = 'stop' AND session_id = $6 AND type = 'start' AND state = 'pending'"
        " AND EXISTS (SELECT FROM session WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id") ")"
        " RETURNING session_id),"
        " ses AS (SELECT id, device_id, state FROM session WHERE id = $6 AND " DB_IN_SCOPE(5, "site_id")
        " AND (SELECT count(*) FROM back) >= 0 FOR NO KEY UPDATE),"
        " ended AS (UPDATE session s SET state = 'stopped', reason = 'cancelled', ended_at = now(),"
        " version = s.version + 1 FROM back WHERE s.id = back.session_id RETURNING s.id),"
        " cmd AS (INSERT INTO command (id, device_id, session_id, type, body, state, code, expires_at,"
        " epoch, sent_at, finished_at, created_by) SELECT $7, device_id, id, $8, $9::jsonb,"
        " CASE WHEN done THEN 'succeeded' WHEN $12::bigint > 0 THEN 'sent' ELSE 'pending' END,"
        " CASE WHEN done THEN 'never_sent' ELSE '' END, $11, CASE WHEN done THEN 0 ELSE $12 END,"
        " CASE WHEN $12 > 0 AND NOT done THEN now() END, CASE WHEN done THEN now() END, $2"
        " FROM ses, (SELECT EXISTS (SELECT FROM ended) AS done) back WHERE state IN " LIVE
        " AND ($10::text[] IS NULL OR state = ANY ($10)) RETURNING *),"
        " aud AS (" DB_AUDIT "'session.' || type, 'session', session_id::text, site_id, body ||"
        " jsonb_build_object('command_id', id) FROM cmd) SELECT " COMMAND_ROW_COLUMNS("cmd.") " FROM ses"
        " LEFT JOIN cmd ON true"},
    /* Newer than what was applied: its place is kept even if nothing else differs, so that an older report
     * that comes later finds it. */
    [APPLY_REPORT] = {
        "session_apply_report",
        "WITH old AS (SELECT * FROM session WHERE id = $1 AND device_id = $2 FOR NO KEY UPDATE),"
        " up AS (UPDATE session s SET state = $5, reason = $6, step = $7, step_count = $8, elapsed_ms ="
        " $9, remaining_ms = $10, intensity = $11, target_mdegc = $12, reported_epoch = $3, reported_n ="
        " $4, started_at = COALESCE(s.started_at, $13,"
        " CASE WHEN $5 IN ('running', 'paused', 'waiting') THEN now() END), ended_at ="
        " CASE WHEN $5 IN ('completed', 'stopped', 'aborted') THEN COALESCE($14, now())"
        " END, version = s.version + CASE WHEN (old.state, old.reason, old.step, old.step_count,"
        " old.intensity, old.target_mdegc) IS DISTINCT FROM ($5, $6, $7, $8, $11, $12) THEN 1 ELSE 0 END"
        " FROM old WHERE s.id = old.id AND (old.reported_epoch, old.reported_n) < ($3, $4)"
        " AND (old.state = $5 AND old.state IN " LIVE " OR EXISTS (SELECT FROM state_transition"
        " WHERE noun = 'session' AND from_state = old.state AND to_state = $5))"
        " RETURNING s.version > old.version AS changed, " COLUMNS("s.") ") SELECT * FROM up UNION ALL"
        " SELECT false, " COLUMNS("") " FROM old WHERE NOT EXISTS (SELECT FROM up)"},
    [CLOSE_LOST] = {
        "session_close_lost",
        "UPDATE session s SET state = 'aborted', reason = 'lost', ended_at = $3, version = s.version + 1"
        " WHERE device_id = $1 AND state IN " LIVE " AND id IS DISTINCT FROM $2 AND EXISTS (SELECT"
        " FROM command c WHERE c.session_id = s.id AND c.type = 'start' AND c.state = 'succeeded'"
        " AND ((reported_epoch, reported_n) < ($4, $5) AND (reported_epoch > 0 OR c.epoch < $4)"
        " OR NOT EXISTS (SELECT FROM device_boot b WHERE b.device_id = $1 AND b.boot_id = $6)))"
        " RETURNING " COLUMNS("")},
    {0}};
/* clang-format on */

void session_row_done(struct session_row *row) {
    free(row->intake);
    free(row->screening);
    row->intake = row->screening = NULL;
}

void session_row_read(struct db_reader *r, struct session_row *row) {
    row->id = db_get_uuid(r);
    row->device_id = db_get_uuid(r);
    row->site_id = db_get_uuid(r);
    row->created_by = db_get_uuid(r);
    db_get_text(r, row->routine, sizeof row->routine);
    row->routine_version = db_get_i32(r);
    row->state = db_get_name(r, session_state_names);
    db_get_text(r, row->reason, sizeof row->reason);
    row->step = db_get_i32(r);
    row->step_count = db_get_i32(r);
    row->elapsed_ms = db_get_i32(r);
    row->remaining_ms = db_get_i32(r);
    row->intensity = db_get_i32(r);
    row->target_mdegc = db_get_i32(r);
    row->requested_at = db_get_time(r);
    row->started_at = db_get_time(r);
    row->ended_at = db_get_time(r);
    row->version = db_get_i64(r);
    db_get_text(r, row->guest, sizeof row->guest);
    row->duration_ms = db_get_i32(r);
    row->trial = db_get_bool(r);
    if (!row->started_at && session_is_terminal((enum session_state)row->state)) row->remaining_ms = 0;
    row->intake = row->screening = NULL;
}

/* ---- reading ---- */

enum err session_list(struct db *db, const struct scope *scope, const struct session_filter *filter,
                      const struct page *page, struct session_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_device = !uuid_is_zero(&filter->device_id), by_site = !uuid_is_zero(&filter->site_id);
    bool one_site = !by_device && !by_site && !scope->all && scope->n == 1;
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_names(&p, session_state_names, filter->states);
    if (by_device) db_put_uuid(&p, &filter->device_id);
    if (by_device || by_site) db_put_uuid(&p, &filter->site_id);
    if (one_site) db_put_uuid(&p, &scope->sites[0]);
    int which = by_device ? LIST_DEVICE : by_site || one_site ? LIST_SITE : LIST;
    enum err err = db_run(db, &session_store_statements[which], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        session_row_read(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err session_get(struct db *db, const struct scope *scope, const struct uuid *id,
                     struct session_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &session_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, ret);
    ret->intake = db_get_json(&r);
    ret->screening = db_get_json(&r);
    return ERR_OK;
}

enum err session_get_program(struct db *db, const struct scope *scope, const struct uuid *id,
                             char **ret_program, char **ret_trial) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &session_store_statements[GET_PROGRAM], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    *ret_program = db_get_json(&r);
    *ret_trial = db_get_json(&r);
    return ERR_OK;
}

enum err session_get_title(struct db *db, const struct uuid *id, struct session_title *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    enum err err = db_run(db, &session_store_statements[GET_TITLE], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    db_get_text(&r, ret->routine, sizeof ret->routine);
    db_get_text(&r, ret->name, sizeof ret->name);
    return ERR_OK;
}

enum err session_each_live(struct db *db, void (*fn)(void *arg, const struct session_row *row), void *arg) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &session_store_statements[EACH_LIVE], &(struct db_params){0}, &result);
    if (err != ERR_OK) return err;
    for (int32_t i = 0; i < db_rows(result); i++) {
        struct db_reader r = db_reader_at(result, i);
        struct session_row row;
        session_row_read(&r, &row);
        fn(arg, &row);
    }
    return ERR_OK;
}

/* ---- people's doing ---- */

enum err session_create(struct db *db, const struct scope *scope, const struct actor *actor,
                        const struct session_new *new_session, struct session_row *ret,
                        struct command_row *ret_command) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    const struct session_new *s = new_session;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &s->device_id);
    db_put_uuid(&p, &s->id);
    db_put_text(&p, s->routine);
    db_put_i32(&p, s->routine_version);
    db_put_text(&p, s->intake);
    db_put_text(&p, s->screening);
    db_put_text(&p, s->program);
    db_put_i32(&p, s->step_count);
    db_put_i32(&p, s->intensity);
    db_put_i32(&p, s->target_mdegc);
    db_put_uuid(&p, &actor->token_id);
    db_put_uuid(&p, &s->command_id);
    db_put_time(&p, s->expires_at);
    db_put_i64(&p, s->epoch);
    db_put_text(&p, s->guest ? s->guest : "");
    db_put_i32(&p, s->duration_ms);
    db_put_uuid(&p, &s->screening_id);
    db_put_text(&p, s->clearances);
    db_put_text(&p, s->trial_content);
    enum err err = db_run(db, &session_store_statements[CREATE], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, ret);
    if (ret_command) command_row_read(&r, ret_command);
    return ERR_OK;
}

enum err session_command(struct db *db, const struct scope *scope, const struct actor *actor,
                         const struct session_order *order, struct command_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_scope(&p, scope);
    db_put_uuid(&p, &order->session_id);
    db_put_uuid(&p, &order->command_id);
    db_put_text(&p, order->type);
    db_put_text(&p, order->body ? order->body : "{}");
    db_put_names(&p, session_state_names, order->states);
    db_put_time(&p, order->expires_at);
    db_put_i64(&p, order->epoch);
    enum err err = db_run(db, &session_store_statements[COMMAND], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    if (db_next_is_null(&r)) return ERR_WRONG_STATE;
    command_row_read(&r, ret);
    return ERR_OK;
}

/* ---- the device's word ---- */

enum err session_apply_report(struct db *db, const struct session_report *report, bool *ret_changed,
                              struct session_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &report->session_id);
    db_put_uuid(&p, &report->device_id);
    db_put_i64(&p, report->epoch);
    db_put_i64(&p, report->n);
    db_put_text(&p, session_state_names[report->state]);
    db_put_text(&p, report->reason ? report->reason : "none");
    db_put_i32(&p, report->step);
    db_put_i32(&p, report->step_count);
    db_put_i32(&p, report->elapsed_ms);
    db_put_i32(&p, report->remaining_ms);
    db_put_i32(&p, report->intensity);
    db_put_i32(&p, report->target_mdegc);
    db_put_time(&p, report->started_at);
    db_put_time(&p, report->ended_at);
    enum err err = db_run(db, &session_store_statements[APPLY_REPORT], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    *ret_changed = db_get_bool(&r);
    session_row_read(&r, ret);
    return ERR_OK;
}

enum err session_close_lost(struct db *db, const struct session_known *known, int64_t at, bool *ret_changed,
                            struct session_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &known->device_id);
    db_put_uuid(&p, &known->session_id);
    db_put_time(&p, at);
    db_put_i64(&p, known->epoch);
    db_put_i64(&p, known->n);
    db_put_uuid(&p, &known->boot_id);
    enum err err = db_run(db, &session_store_statements[CLOSE_LOST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_changed = db_rows(result) > 0;
    if (!*ret_changed) return ERR_OK;
    struct db_reader r = db_reader_at(result, 0);
    session_row_read(&r, ret);
    return ERR_OK;
}
