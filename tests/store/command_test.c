/* The outbox: claims, answers, deadlines. */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "pg_fixture.h"

TestSuite(commands, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

static struct command_row add(const struct session_row *session, const char *type) {
    struct command_row row;
    struct session_order o = {.command_id = uuid_new(),
                              .session_id = session->id,
                              .type = type,
                              .expires_at = strcmp(type, "stop") == 0 ? 0 : clock_wall_ms() + 30000};
    cr_assert_eq(session_command(pg_fixture_db(), &pg_scope_all, &pg_actor, &o, &row), ERR_OK);
    command_row_done(&row);
    return row;
}

static struct command_claim claim(int64_t epoch, int64_t now) {
    struct command_claim out;
    enum err err = command_claim_for_device(pg_fixture_db(), &pg_device_a, epoch, now, true, &out);
    cr_assert_eq(err, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    return out;
}

static struct command_outcome answer(const struct command_row *command, int32_t state, const char *code) {
    struct command_outcome out;
    struct command_ack ack = {.device_id = command->device_id,
                              .command_id = command->id,
                              .state = state,
                              .code = code,
                              .detail = "so it is",
                              .at = 1800000000000};
    enum err err = command_apply_ack(pg_fixture_db(), &ack, &out);
    cr_assert_eq(err, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    return out;
}

/* ---- claims ---- */

Test(commands, a_hello_claims_all_that_is_unfinished_in_sequence_with_the_program) {
    struct session_row session;
    pg_session(&pg_device_a, 0, &session);
    pg_sql("UPDATE command SET state = 'sent', epoch = 2");
    add(&session, "pause");
    add(&session, "stop");
    struct command_claim c = claim(3, clock_wall_ms());
    cr_assert_eq(c.n, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(c.rows[i].seq, i + 1);
        cr_assert_eq(c.rows[i].state, CMD_SENT);
        cr_assert_eq(c.rows[i].epoch, 3);
        cr_assert_gt(c.rows[i].sent_at, 0);
        cr_assert_eq(c.rows[i].program != NULL, i == 0);
    }
    cr_assert_str_eq(c.rows[0].program, "{\"rinse\": false, \"steps\": []}");
    command_claim_done(&c);
}

Test(commands, a_claim_leaves_the_word_of_the_device_as_it_is) {
    struct session_row session;
    struct command_row start = pg_session(&pg_device_a, 2, &session);
    static const int32_t states[] = {CMD_ACCEPTED, CMD_RUNNING};
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        answer(&start, states[i], "ok");
        struct command_claim c = claim(3 + (int64_t)i, clock_wall_ms());
        cr_assert_eq(c.n, 1);
        cr_assert_eq(c.rows[0].state, states[i]);
        command_claim_done(&c);
    }
    answer(&start, CMD_SUCCEEDED, "ok");
    struct command_claim c = claim(9, clock_wall_ms());
    cr_assert_eq(c.n, 0);
}

static int32_t lost(const struct uuid *boot, int64_t epoch, int64_t last_seq) {
    struct command_outcome outcomes[COMMAND_CLAIM_MAX];
    struct command_known known = {
        .device_id = pg_device_a, .boot_id = *boot, .epoch = epoch, .last_seq = last_seq};
    int32_t n;
    cr_assert_eq(command_close_lost(pg_fixture_db(), &known, clock_wall_ms(), outcomes, &n), ERR_OK);
    for (int32_t i = 0; i < n; i++) {
        cr_assert(outcomes[i].changed && outcomes[i].session_changed);
        cr_assert_eq(outcomes[i].row.state, CMD_FAILED);
        cr_assert_str_eq(outcomes[i].row.code, "lost");
        cr_assert_eq(outcomes[i].session_state, SESSION_ABORTED);
    }
    return n;
}

Test(commands, what_was_accepted_and_is_in_the_journal_no_more_is_lost) {
    struct uuid boot = uuid_new();
    struct command_row start = pg_session(&pg_device_a, 7, NULL);
    cr_assert_eq(lost(&boot, 8, start.seq - 1), 0, "sent only: it may still come");
    answer(&start, CMD_ACCEPTED, "ok");
    cr_assert_eq(lost(&boot, 8, start.seq), 0, "its journal holds it");
    pg_sql("INSERT INTO device_boot (device_id, boot_id) VALUES ('%s', '%s')", pg_uuid(&pg_device_a),
           pg_uuid(&boot));
    cr_assert_eq(lost(&boot, 7, start.seq - 1), 0, "a hello from before it came");
    cr_assert_eq(lost(&boot, 8, start.seq - 1), 1);
    cr_assert_eq(lost(&boot, 8, start.seq - 1), 0, "once");
    cr_assert_eq(pg_session_state(&start.session_id), SESSION_ABORTED);
}

Test(commands, a_journal_that_began_anew_counts_its_connections_from_one) {
    struct uuid boot = uuid_new();
    pg_sql("UPDATE device SET last_seq = 40 WHERE id = '%s'", pg_uuid(&pg_device_a));
    struct command_row start = pg_session(&pg_device_a, 7, NULL);
    answer(&start, CMD_ACCEPTED, "ok");
    answer(&start, CMD_UNKNOWN, "");
    cr_assert_eq(lost(&boot, 1, start.seq - 1), 0, "a hello from before the last boot, recorded late");
    cr_assert_eq(lost(&boot, 1, 0), 1);
}

Test(commands, what_expired_before_it_was_sent_is_not_claimed_but_what_was_sent_is) {
    struct session_row session;
    struct command_row start = pg_session(&pg_device_a, 0, &session);
    struct command_claim c = claim(3, start.expires_at);
    cr_assert_eq(c.n, 0);
    c = claim(3, start.expires_at - 1);
    cr_assert_eq(c.n, 1);
    command_claim_done(&c);
    c = claim(4, start.expires_at + 60000);
    cr_assert_eq(c.n, 1, "the device has to say");
    command_claim_done(&c);
}

Test(commands, an_older_connection_does_not_take_what_a_newer_one_has) {
    struct session_row session;
    pg_session(&pg_device_a, 0, &session);
    int64_t now = clock_wall_ms();
    struct command_claim c = claim(5, now);
    command_claim_done(&c);
    c = claim(4, now + 1000);
    cr_assert_eq(c.n, 0);
    c = claim(1, now + 11000); /* a device whose journal began anew */
    cr_assert_eq(c.n, 1);
    cr_assert_eq(c.rows[0].epoch, 1);
    command_claim_done(&c);
}

Test(commands, claims_touch_no_other_device) {
    struct command_row a = pg_session(&pg_device_a, 0, NULL), b = pg_session(&pg_device_b, 0, NULL);
    struct command_claim c = claim(1, clock_wall_ms());
    cr_assert_eq(c.n, 1);
    cr_assert(uuid_equal(&c.rows[0].id, &a.id));
    command_claim_done(&c);
    cr_assert_str_eq(pg_text("SELECT state FROM command WHERE id = '%s'", pg_uuid(&b.id)), "pending");
}

Test(commands, one_fresh_command_is_marked_sent_once) {
    struct command_row start = pg_session(&pg_device_a, 0, NULL), row;
    bool claimed;
    int64_t now = clock_wall_ms();
    cr_assert_eq(command_mark_sent(pg_fixture_db(), &start.id, 4, start.expires_at, &claimed, &row), ERR_OK);
    cr_assert_not(claimed, "expired");
    cr_assert_eq(command_mark_sent(pg_fixture_db(), &start.id, 4, now, &claimed, &row), ERR_OK);
    cr_assert(claimed);
    cr_assert_eq(row.state, CMD_SENT);
    cr_assert_eq(row.epoch, 4);
    cr_assert_eq(row.sent_at, now);
    cr_assert_not_null(row.program);
    command_row_done(&row);
    cr_assert_eq(command_mark_sent(pg_fixture_db(), &start.id, 4, now, &claimed, &row), ERR_OK);
    cr_assert_not(claimed, "sent already");
}

Test(commands, devices_with_something_to_send_are_found) {
    struct uuid ids[4];
    int32_t n;
    struct command_row start = pg_session(&pg_device_b, 0, NULL);
    cr_assert_eq(command_pending_devices(pg_fixture_db(), clock_wall_ms(), ids, 4, &n), ERR_OK);
    cr_assert_eq(n, 1);
    cr_assert(uuid_equal(&ids[0], &pg_device_b));
    cr_assert_eq(command_pending_devices(pg_fixture_db(), start.expires_at, ids, 4, &n), ERR_OK);
    cr_assert_eq(n, 0);
}

/* ---- answers ---- */

Test(commands, an_answer_is_taken_once_and_kept) {
    struct command_row start = pg_session(&pg_device_a, 1, NULL);
    struct command_outcome o = answer(&start, CMD_ACCEPTED, "ok");
    cr_assert(o.changed);
    cr_assert_eq(o.row.state, CMD_ACCEPTED);
    cr_assert_eq(o.row.acked_at, 1800000000000);
    cr_assert_eq(o.row.finished_at, 0);
    o = answer(&start, CMD_SUCCEEDED, "ok");
    cr_assert(o.changed);
    cr_assert_eq(o.row.finished_at, 1800000000000);
    cr_assert_str_eq(o.row.detail, "so it is");
    static const int32_t late[] = {CMD_ACCEPTED, CMD_RUNNING,  CMD_SUCCEEDED,
                                   CMD_FAILED,   CMD_REJECTED, CMD_EXPIRED};
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        o = answer(&start, late[i], "late");
        cr_assert_not(o.changed, "%s", command_state_names[late[i]]);
        cr_assert_eq(o.row.state, CMD_SUCCEEDED);
        cr_assert_str_eq(o.row.code, "ok");
    }
}

Test(commands, that_a_journal_failed_holds_for_its_connection_only) {
    struct command_row start = pg_session(&pg_device_a, 0, NULL);
    struct command_claim c = claim(4, clock_wall_ms());
    struct command_ack ack = {.device_id = pg_device_a,
                              .command_id = start.id,
                              .state = CMD_REJECTED,
                              .code = "journal_failed",
                              .at = 1800000000000,
                              .epoch = 3};
    struct command_outcome out;
    command_claim_done(&c);
    cr_assert_eq(command_apply_ack(pg_fixture_db(), &ack, &out), ERR_OK);
    cr_assert_not(out.changed, "the copy of connection 4 may act");
    cr_assert_eq(out.row.state, CMD_SENT);
    ack.epoch = 4;
    cr_assert_eq(command_apply_ack(pg_fixture_db(), &ack, &out), ERR_OK);
    cr_assert(out.changed);
    cr_assert_eq(out.row.state, CMD_REJECTED);
}

Test(commands, an_answer_of_another_device_is_not_found) {
    struct command_row start = pg_session(&pg_device_a, 1, NULL);
    struct command_outcome out;
    struct command_ack ack = {
        .device_id = pg_device_b, .command_id = start.id, .state = CMD_ACCEPTED, .code = "ok"};
    cr_assert_eq(command_apply_ack(pg_fixture_db(), &ack, &out), ERR_NOT_FOUND);
}

Test(commands, a_start_that_is_not_carried_out_ends_its_session) {
    static const struct {
        const char *was;
        int32_t answer;
        bool ends;
        int32_t then;
        const char *cleaning;
    } rows[] = {
        {"requested", CMD_REJECTED, true, SESSION_REJECTED, "clean"},
        {"requested", CMD_EXPIRED, true, SESSION_EXPIRED, "clean"},
        {"requested", CMD_FAILED, true, SESSION_REJECTED, "clean"},
        {"requested", CMD_ACCEPTED, false, SESSION_REQUESTED, "clean"},
        {"requested", CMD_SUCCEEDED, false, SESSION_REQUESTED, "clean"},
        {"starting", CMD_FAILED, true, SESSION_ABORTED, "due"},
        {"stopped", CMD_FAILED, false, SESSION_STOPPED, "due"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct session_row session;
        pg_sql("UPDATE device SET cleaning = 'clean'");
        struct command_row start = pg_session(&pg_device_a, 1, &session);
        if (strcmp(rows[i].was, "requested") != 0)
            pg_sql("UPDATE session SET state = '%s' WHERE id = '%s'", rows[i].was, pg_uuid(&session.id));
        struct command_outcome o = answer(&start, rows[i].answer, "busy");
        cr_assert(o.changed, "row %zu", i);
        cr_assert_eq(o.session_changed, rows[i].ends, "row %zu", i);
        if (rows[i].ends) cr_assert_eq(o.session_state, rows[i].then, "row %zu", i);
        cr_assert_eq(pg_session_state(&session.id), rows[i].then, "row %zu", i);
        cr_assert_str_eq(pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)),
                         rows[i].cleaning, "row %zu", i);
        pg_sql("UPDATE session SET state = 'stopped' WHERE state = 'requested'");
    }
}

/* ---- deadlines ---- */

Test(commands, the_sweep_expires_what_was_never_sent_and_doubts_what_was) {
    struct session_row sa, sb;
    struct command_outcome o[8];
    int32_t n;
    struct command_row a = pg_session(&pg_device_a, 0, &sa), b = pg_session(&pg_device_b, 6, &sb);
    int64_t deadline = a.expires_at > b.expires_at ? a.expires_at : b.expires_at;
    cr_assert_eq(command_sweep(pg_fixture_db(), clock_wall_ms(), o, 8, &n), ERR_OK);
    cr_assert_eq(n, 0);
    cr_assert_eq(command_sweep(pg_fixture_db(), deadline, o, 8, &n), ERR_OK);
    cr_assert_eq(n, 1);
    cr_assert(uuid_equal(&o[0].row.id, &a.id));
    cr_assert_eq(o[0].row.state, CMD_EXPIRED);
    cr_assert(o[0].session_changed);
    cr_assert_eq(o[0].session_state, SESSION_EXPIRED);
    cr_assert_eq(pg_session_state(&sa.id), SESSION_EXPIRED);
    cr_assert_eq(command_sweep(pg_fixture_db(), deadline + COMMAND_GRACE_MS, o, 8, &n), ERR_OK);
    cr_assert_eq(n, 1);
    cr_assert(uuid_equal(&o[0].row.id, &b.id));
    cr_assert_eq(o[0].row.state, CMD_UNKNOWN);
    cr_assert_not(o[0].session_changed);
    cr_assert_eq(pg_session_state(&sb.id), SESSION_REQUESTED, "only the device can say");
    cr_assert(answer(&b, CMD_SUCCEEDED, "ok").changed, "and then it does");
}

Test(commands, a_stop_is_never_swept) {
    struct session_row session;
    struct command_outcome o[8];
    int32_t n;
    struct command_row start = pg_session(&pg_device_a, 1, &session);
    answer(&start, CMD_SUCCEEDED, "ok");
    add(&session, "stop");
    cr_assert_eq(command_sweep(pg_fixture_db(), INT64_C(4102444800000), o, 8, &n), ERR_OK);
    cr_assert_eq(n, 0);
}

Test(commands, several_sweeps_at_once_give_each_command_out_once) {
    enum { PROCESSES = 4, DEVICES = 40 };
    pg_sql(
        "INSERT INTO device (id, site_id, model_id, name, serial) SELECT gen_random_uuid(), '%s', 'spa-pro',"
        " 'x', 'N-' || i FROM generate_series(1, %d) i",
        pg_uuid(&pg_site_a), DEVICES);
    pg_sql("INSERT INTO session (id, device_id, routine_slug, routine_version, intake, screening, program)"
           " SELECT id, id, 'relax-10', 1, '{}', '{\"outcome\": \"cleared\"}', '{}' FROM device WHERE serial "
           "LIKE 'N-%%'");
    pg_sql(
        "INSERT INTO command (id, device_id, session_id, type, expires_at) SELECT id, id, id, 'start', now()"
        " FROM device WHERE serial LIKE 'N-%%'");
    int64_t now = clock_wall_ms() + 1000;
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] != 0) continue;
        struct db *db = db_new(&(struct db_config){.conninfo = pg_fixture_url()});
        static struct command_outcome o[4];
        int32_t n = 0, sum = 0;
        do {
            if (command_sweep(db, now, o, 4, &n) != ERR_OK) _exit(200);
            sum += n;
        } while (n == 4);
        _exit(sum);
    }
    int sum = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) != 200);
        sum += WEXITSTATUS(status);
    }
    struct command_outcome o[8];
    int32_t n = 0;
    do { /* a sweep that skipped the others' rows may have stopped early */
        cr_assert_eq(command_sweep(pg_fixture_db(), now, o, 8, &n), ERR_OK);
        sum += n;
    } while (n > 0);
    cr_assert_eq(sum, DEVICES);
    cr_assert_eq(pg_int("SELECT count(*) FROM session WHERE state = 'expired'"), DEVICES);
}
