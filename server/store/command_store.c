#include "server/store/command_store.h"

#include "server/store/command_row.h"
#include "server/store/db_query.h"

#define COLUMNS COMMAND_ROW_COLUMNS
#define SHORT COMMAND_ROW_SHORT_COLUMNS
/* clang-format off */
#define PAGE(where, order)                                                                                   \
    "SELECT " COLUMNS("") " FROM"                                                                            \
    " (SELECT " COLUMNS("") " FROM command WHERE " where " AND " DB_IN_SCOPE(2, "site_id")                   \
    " AND ($4::text[] IS NULL OR state = ANY ($4)) AND ($5::uuid IS NULL OR site_id = $5)"                   \
    " ORDER BY " order " DESC LIMIT 201) page LIMIT $3::int"
/* Of one device the sequence number is the order, and the index. */
#define BEFORE_SEQ "seq < COALESCE((SELECT seq FROM command WHERE id = $1), 9223372036854775807)"
#define CLAIMED(from)                                                                                        \
    " SELECT " COLUMNS("c.") ", s.program FROM " from                                                        \
    " LEFT JOIN session s ON s.id = c.session_id AND c.type = 'start'"
/* clang-format on */

enum {
    LIST,
    LIST_DEVICE,
    LIST_SESSION,
    GET,
    CLAIM,
    MARK_SENT,
    PENDING_DEVICES,
    APPLY_ACK,
    CLOSE_LOST,
    SWEEP
};
extern const struct db_statement command_store_statements[];
/* clang-format off */
const struct db_statement command_store_statements[] = {
    [LIST] = {"command_list", PAGE("id < $1", "id")},
    [LIST_DEVICE] = {"command_list_device", PAGE("device_id = $6 AND " BEFORE_SEQ, "seq")},
    [LIST_SESSION] = {
        "command_list_session",
        PAGE("session_id = $6 AND ($7::uuid IS NULL OR device_id = $7) AND " BEFORE_SEQ, "seq")},
    [GET] = {
        "command_get",
        "SELECT " COLUMNS("") " FROM command WHERE id = $1 AND " DB_IN_SCOPE(2, "site_id")},
    [CLAIM] = {
        "command_claim",
        "WITH c AS (UPDATE command SET state = CASE state WHEN 'pending' THEN 'sent' ELSE state"
        " END, epoch = $2, sent_at = COALESCE(sent_at, $3) WHERE id IN (SELECT id FROM command"
        " WHERE device_id = $1 AND state IN " COMMAND_UNFINISHED " AND (epoch <= $2"
        " OR sent_at < $3::timestamptz - interval '10 s') AND NOT (state = 'pending'"
        " AND expires_at IS NOT NULL AND expires_at <= $3)"
        " AND ($4 OR type <> 'start' OR NOT EXISTS (SELECT FROM session t WHERE t.id = session_id AND t.trial))"
        " ORDER BY seq LIMIT 64 FOR UPDATE)"
        " RETURNING *)" CLAIMED("c") " ORDER BY c.seq"},
    [MARK_SENT] = {
        "command_mark_sent",
        "WITH c AS (UPDATE command SET state = 'sent', epoch = $2, sent_at = $3 WHERE id = $1"
        " AND state = 'pending' AND (expires_at IS NULL OR expires_at > $3) RETURNING *)" CLAIMED("c")},
    [PENDING_DEVICES] = {
        "command_pending_devices",
        "SELECT device_id FROM command WHERE state IN " COMMAND_UNFINISHED " AND state = 'pending'"
        " AND (expires_at IS NULL OR expires_at > $1) GROUP BY device_id"
        " ORDER BY min(id::text) LIMIT $2::int"},
    [APPLY_ACK] = {
        "command_apply_ack",
        /* journal_failed is in no journal: it says nothing of a copy that was sent on a later connection. */
        "WITH c AS (UPDATE command c SET state = $3, code = $4, detail = $5, acked_at ="
        " COALESCE(acked_at, $6), finished_at = CASE WHEN $3 NOT IN ('accepted', 'running') THEN $6 END"
        " WHERE id = $1 AND device_id = $2 AND EXISTS (SELECT FROM state_transition"
        " WHERE noun = 'command' AND from_state = c.state AND to_state = $3)"
        " AND ($4 <> 'journal_failed' OR $7 >= COALESCE(c.epoch, 0)) RETURNING *),"
        " ses AS (UPDATE session s SET state = CASE WHEN s.state <> 'requested'"
        " THEN 'aborted' WHEN $3 = 'expired' THEN 'expired' ELSE 'rejected'"
        " END, reason = $4, ended_at = $6, version = s.version + 1 FROM c WHERE s.id = c.session_id"
        " AND c.type = 'start' AND $3 IN ('failed', 'rejected', 'expired')"
        " AND s.state IN ('requested', 'starting', 'running', 'paused', 'waiting') RETURNING s.state)"
        " SELECT true, (SELECT state FROM ses), " SHORT("c.") " FROM c UNION ALL"
        " SELECT false, NULL, " SHORT("") " FROM command WHERE id = $1 AND device_id = $2"
        " AND NOT EXISTS (SELECT FROM c)"},
    [CLOSE_LOST] = {
        "command_close_lost",
        "WITH c AS (UPDATE command c SET state = 'failed', code = 'lost', finished_at = $5 WHERE device_id = $1"
        " AND state IN ('accepted', 'running', 'unknown') AND acked_at IS NOT NULL AND seq > $4"
        " AND (epoch < $3 OR $4 = 0 AND NOT EXISTS (SELECT FROM device_boot b WHERE b.device_id = $1 AND b.boot_id = $2))"
        " RETURNING c.*),"
        " ses AS (UPDATE session s SET state = 'aborted', reason = 'lost', ended_at = $5, version = s.version + 1"
        " FROM c WHERE s.id = c.session_id AND c.type = 'start'"
        " AND s.state IN ('requested', 'starting', 'running', 'paused', 'waiting')"
        " RETURNING c.id AS command_id, s.state) SELECT true, ses.state, " SHORT("c.")
        " FROM c FULL JOIN ses ON ses.command_id = c.id ORDER BY c.seq LIMIT $6::int"},
    /* FULL JOIN, though every ses has its c: the planner expects one row of each, and would compare all pairs. */
    [SWEEP] = {
        "command_sweep",
        "WITH due AS (SELECT id FROM command WHERE state IN " COMMAND_UNFINISHED " AND (state = 'pending'"
        " AND expires_at <= $1 OR state = 'sent' AND expires_at <= $2 OR type = 'self_test'"
        " AND state IN ('accepted', 'running') AND sent_at <= $4) ORDER BY id LIMIT $3::int"
        " FOR UPDATE SKIP LOCKED),"
        " c AS (UPDATE command c SET state = CASE state WHEN 'pending'"
        " THEN 'expired' ELSE 'unknown' END, code = CASE state WHEN 'pending'"
        " THEN 'expired' ELSE code END, finished_at = CASE state WHEN 'pending' THEN $1 END FROM due"
        " WHERE c.id = due.id RETURNING c.*),"
        " ses AS (UPDATE session s SET state = 'expired', reason = 'expired', ended_at = $1, version ="
        " s.version + 1 FROM c WHERE s.id = c.session_id AND c.type = 'start' AND c.state = 'expired'"
        " AND s.state = 'requested' RETURNING c.id AS command_id, s.state) SELECT true, ses.state, "
        SHORT("c.") " FROM c FULL JOIN ses ON ses.command_id = c.id ORDER BY c.id"},
    {0}};
/* clang-format on */

/* ---- rows ---- */

void command_row_done(struct command_row *row) {
    free(row->body);
    free(row->program);
    row->body = row->program = NULL;
}

void command_claim_done(struct command_claim *claim) {
    for (int32_t i = 0; i < claim->n; i++) command_row_done(&claim->rows[i]);
    claim->n = 0;
}

void command_row_read_short(struct db_reader *r, struct command_row *row) {
    row->id = db_get_uuid(r);
    row->device_id = db_get_uuid(r);
    row->site_id = db_get_uuid(r);
    row->session_id = db_get_uuid(r);
    row->self_test_id = db_get_uuid(r);
    row->created_by = db_get_uuid(r);
    row->seq = db_get_i64(r);
    row->epoch = db_get_i64(r);
    db_get_text(r, row->type, sizeof row->type);
    row->state = db_get_name(r, command_state_names);
    db_get_text(r, row->code, sizeof row->code);
    db_get_text(r, row->detail, sizeof row->detail);
    row->expires_at = db_get_time(r);
    row->created_at = db_get_time(r);
    row->sent_at = db_get_time(r);
    row->acked_at = db_get_time(r);
    row->finished_at = db_get_time(r);
    row->body = row->program = NULL;
}

void command_row_read(struct db_reader *r, struct command_row *row) {
    command_row_read_short(r, row);
    row->body = db_get_json(r);
}

static void read_outcome(const struct pg_result *result, int i, struct command_outcome *ret) {
    struct db_reader r = db_reader_at(result, i);
    ret->changed = db_get_bool(&r);
    ret->session_changed = !db_next_is_null(&r);
    ret->session_state = SESSION_REQUESTED;
    if (ret->session_changed)
        ret->session_state = db_get_name(&r, session_state_names);
    else
        db_skip(&r, 1);
    command_row_read_short(&r, &ret->row);
}

/* ---- reading ---- */

enum err command_list(struct db *db, const struct scope *scope, const struct command_filter *filter,
                      const struct page *page, struct command_row rows[], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    bool by_device = !uuid_is_zero(&filter->device_id), by_session = !uuid_is_zero(&filter->session_id);
    db_put_before(&p, &page->after);
    db_put_scope(&p, scope);
    db_put_i32(&p, page->limit);
    db_put_names(&p, command_state_names, filter->states);
    db_put_uuid(&p, &filter->site_id);
    if (by_session) db_put_uuid(&p, &filter->session_id);
    if (by_session || by_device) db_put_uuid(&p, &filter->device_id);
    int which = by_session ? LIST_SESSION : by_device ? LIST_DEVICE : LIST;
    enum err err = db_run(db, &command_store_statements[which], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        command_row_read(&r, &rows[i]);
    }
    return ERR_OK;
}

enum err command_get(struct db *db, const struct scope *scope, const struct uuid *id,
                     struct command_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_scope(&p, scope);
    enum err err = db_run(db, &command_store_statements[GET], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    command_row_read(&r, ret);
    return ERR_OK;
}

/* ---- for the device link ---- */

enum err command_claim_for_device(struct db *db, const struct uuid *device_id, int64_t epoch, int64_t now,
                                  bool simulated, struct command_claim *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, device_id);
    db_put_i64(&p, epoch);
    db_put_time(&p, now);
    db_put_bool(&p, simulated);
    enum err err = db_run(db, &command_store_statements[CLAIM], &p, &result);
    if (err != ERR_OK) return err;
    ret->n = db_rows(result);
    for (int32_t i = 0; i < ret->n; i++) {
        struct db_reader r = db_reader_at(result, i);
        command_row_read(&r, &ret->rows[i]);
        ret->rows[i].program = db_get_json(&r);
    }
    return ERR_OK;
}

enum err command_mark_sent(struct db *db, const struct uuid *id, int64_t epoch, int64_t now,
                           bool *ret_claimed, struct command_row *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, id);
    db_put_i64(&p, epoch);
    db_put_time(&p, now);
    enum err err = db_run(db, &command_store_statements[MARK_SENT], &p, &result);
    if (err != ERR_OK) return err;
    *ret_claimed = db_rows(result) > 0;
    if (!*ret_claimed) return ERR_OK;
    struct db_reader r = db_reader_at(result, 0);
    command_row_read(&r, ret);
    ret->program = db_get_json(&r);
    return ERR_OK;
}

enum err command_pending_devices(struct db *db, int64_t now, struct uuid ids[], int32_t cap, int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_time(&p, now);
    db_put_i32(&p, cap);
    enum err err = db_run(db, &command_store_statements[PENDING_DEVICES], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) {
        struct db_reader r = db_reader_at(result, i);
        ids[i] = db_get_uuid(&r);
    }
    return ERR_OK;
}

enum err command_apply_ack(struct db *db, const struct command_ack *ack, struct command_outcome *ret) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &ack->command_id);
    db_put_uuid(&p, &ack->device_id);
    db_put_text(&p, command_state_names[ack->state]);
    db_put_text(&p, ack->code);
    db_put_text(&p, ack->detail ? ack->detail : "");
    db_put_time(&p, ack->at);
    db_put_i64(&p, ack->epoch);
    enum err err = db_run(db, &command_store_statements[APPLY_ACK], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    read_outcome(result, 0, ret);
    return ERR_OK;
}

enum err command_close_lost(struct db *db, const struct command_known *known, int64_t now,
                            struct command_outcome outcomes[COMMAND_CLAIM_MAX], int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_uuid(&p, &known->device_id);
    db_put_uuid(&p, &known->boot_id);
    db_put_i64(&p, known->epoch);
    db_put_i64(&p, known->last_seq);
    db_put_time(&p, now);
    db_put_i32(&p, COMMAND_CLAIM_MAX);
    enum err err = db_run(db, &command_store_statements[CLOSE_LOST], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_outcome(result, i, &outcomes[i]);
    return ERR_OK;
}

enum err command_sweep(struct db *db, int64_t now, struct command_outcome outcomes[], int32_t cap,
                       int32_t *ret_n) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_time(&p, now);
    db_put_time(&p, now - COMMAND_GRACE_MS);
    db_put_i32(&p, cap < COMMAND_SWEEP_MAX ? cap : COMMAND_SWEEP_MAX);
    db_put_time(&p, now - COMMAND_SELF_TEST_MS);
    enum err err = db_run(db, &command_store_statements[SWEEP], &p, &result);
    if (err != ERR_OK) return err;
    *ret_n = db_rows(result);
    for (int32_t i = 0; i < *ret_n; i++) read_outcome(result, i, &outcomes[i]);
    return ERR_OK;
}
