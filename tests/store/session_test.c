/* Sessions: made, commanded, and following what the device reports. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/cleaning_store.h"
#include "server/store/device_store.h"
#include "server/store/telemetry_store.h"

TestSuite(sessions, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

static struct session_new valid_session(void) {
    return (struct session_new){.id = uuid_new(),
                                .command_id = uuid_new(),
                                .device_id = pg_device_a,
                                .routine = "relax-10",
                                .routine_version = 1,
                                .intake = "{\"none_apply\": true}",
                                .screening = "{\"outcome\": \"cleared\"}",
                                .program = "{\"rinse\": false}",
                                .step_count = 4,
                                .intensity = 80,
                                .target_mdegc = 38500,
                                .expires_at = clock_wall_ms() + 30000};
}

static enum err create(const struct session_new *wanted, struct session_row *row,
                       struct command_row *command) {
    return session_create(pg_fixture_db(), &pg_scope_all, &pg_actor, wanted, row, command);
}

Test(sessions, creating_one_is_one_round_trip_with_its_command_and_audit) {
    struct db *db = pg_fixture_db();
    struct session_new wanted = valid_session();
    struct session_row row;
    struct command_row command;
    int64_t before = db_round_trips(db);
    cr_assert_eq(create(&wanted, &row, &command), ERR_OK, "%s", db_last_error(db));
    cr_assert_eq(db_round_trips(db) - before, 1);

    cr_assert(uuid_equal(&row.id, &wanted.id));
    cr_assert(uuid_equal(&row.site_id, &pg_site_a));
    cr_assert(uuid_equal(&row.created_by, &pg_actor.token_id));
    cr_assert_str_eq(row.routine, "relax-10");
    cr_assert_eq(row.state, SESSION_REQUESTED);
    cr_assert_eq(row.step_count, 4);
    cr_assert_eq(row.intensity, 80);
    cr_assert_eq(row.target_mdegc, 38500);
    cr_assert_gt(row.requested_at, clock_wall_ms() - 60000);
    cr_assert_eq(row.started_at, 0);

    cr_assert(uuid_equal(&command.session_id, &wanted.id));
    cr_assert_eq(command.seq, 1);
    cr_assert_eq(command.state, CMD_PENDING);
    cr_assert_eq(command.expires_at, wanted.expires_at);
    cr_assert_str_eq(command.type, "start");
    cr_assert_str_eq(command.body, "{}");
    command_row_done(&command);

    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'session.create' AND subject_id = '%s'"
                        " AND actor_name = 'tester' AND request_id = 'req-1' AND site_id = '%s'",
                        pg_uuid(&wanted.id), pg_uuid(&pg_site_a)),
                 1);
}

Test(sessions, for_a_ready_device_the_command_is_written_as_sent) {
    struct session_row session;
    struct command_row command = pg_session(&pg_device_a, 7, &session);
    cr_assert_eq(command.state, CMD_SENT);
    cr_assert_eq(command.epoch, 7);
    cr_assert_gt(command.sent_at, 0);
}

Test(sessions, what_stands_in_the_way_is_told_by_its_name) {
    struct session_row row;
    struct session_new wanted = valid_session();
    static const struct {
        const char *sql;
        enum err err;
    } rows[] = {
        {"UPDATE device SET service = 'maintenance'", ERR_OUT_OF_SERVICE},
        {"UPDATE device SET service = 'in_service', cleaning = 'due'", ERR_CLEANING_DUE},
        {"UPDATE device SET cleaning = 'clean'", ERR_OK},
        {"UPDATE device SET cleaning = 'clean'", ERR_DEVICE_BUSY},
        {"UPDATE session SET state = 'running'", ERR_DEVICE_BUSY},
        {"UPDATE session SET state = 'stopped'", ERR_CLEANING_DUE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pg_sql("%s", rows[i].sql);
        wanted.id = uuid_new();
        wanted.command_id = uuid_new();
        cr_assert_eq(create(&wanted, &row, NULL), rows[i].err, "row %zu: %s", i,
                     db_last_error(pg_fixture_db()));
    }
    cr_assert_eq(pg_int("SELECT count(*) FROM session"), 1, "a refusal leaves nothing");
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log"), 1);
    cr_assert_eq(pg_int("SELECT max(last_seq) FROM device"), 1);
}

Test(sessions, an_unknown_device_or_routine_is_refused) {
    struct session_row row;
    struct session_new wanted = valid_session();
    wanted.device_id = uuid_new();
    cr_assert_eq(create(&wanted, &row, NULL), ERR_NOT_FOUND);
    wanted.device_id = pg_device_a;
    wanted.routine_version = 2;
    cr_assert_eq(create(&wanted, &row, NULL), ERR_UNPROCESSABLE);
    wanted.routine = "no-such";
    cr_assert_eq(create(&wanted, &row, NULL), ERR_UNPROCESSABLE);
}

Test(sessions, get_gives_intake_and_screening_and_the_program_apart) {
    struct session_row session, row;
    pg_session(&pg_device_a, 0, &session);
    char *program, *trial;
    cr_assert_eq(session_get(pg_fixture_db(), &pg_scope_all, &session.id, &row), ERR_OK);
    cr_assert_str_eq(row.intake, "{\"none_apply\": true}");
    cr_assert_str_eq(row.screening, "{\"outcome\": \"cleared\"}");
    session_row_done(&row);
    cr_assert_eq(session_get_program(pg_fixture_db(), &pg_scope_all, &session.id, &program, &trial), ERR_OK);
    cr_assert_str_eq(program, "{\"rinse\": false, \"steps\": []}");
    cr_assert_null(trial);
    free(program);
}

/* ---- commands to it ---- */

static enum err order(const struct uuid *session, const char *type, const char *body, uint32_t states,
                      struct command_row *ret) {
    struct session_order o = {.command_id = uuid_new(),
                              .session_id = *session,
                              .type = type,
                              .body = body,
                              .states = states,
                              .expires_at = strcmp(type, "stop") == 0 ? 0 : clock_wall_ms() + 30000};
    return session_command(pg_fixture_db(), &pg_scope_all, &pg_actor, &o, ret);
}

Test(sessions, commands_get_the_next_numbers_and_are_audited) {
    struct session_row session;
    struct command_row command;
    pg_session(&pg_device_a, 1, &session);
    int64_t before = db_round_trips(pg_fixture_db());
    cr_assert_eq(order(&session.id, "adjust", "{\"intensity\": 60}", 0, &command), ERR_OK);
    cr_assert_eq(db_round_trips(pg_fixture_db()) - before, 1);
    cr_assert_eq(command.seq, 2);
    cr_assert_str_eq(command.body, "{\"intensity\": 60}");
    cr_assert_eq(command.state, CMD_PENDING);
    command_row_done(&command);
    cr_assert_eq(order(&session.id, "stop", NULL, 0, &command), ERR_OK);
    cr_assert_eq(command.seq, 3);
    cr_assert_eq(command.expires_at, 0, "a stop never expires");
    cr_assert_eq(command.state, CMD_PENDING);
    command_row_done(&command);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action IN ('session.adjust', 'session.stop')"),
                 2);
}

Test(sessions, a_command_needs_the_session_in_a_state_that_allows_it) {
    struct session_row session;
    struct command_row command;
    pg_session(&pg_device_a, 1, &session);
    uint32_t paused = 1u << SESSION_PAUSED;
    cr_assert_eq(order(&session.id, "resume", NULL, paused, &command), ERR_WRONG_STATE);
    pg_sql("UPDATE session SET state = 'paused'");
    cr_assert_eq(order(&session.id, "resume", NULL, paused, &command), ERR_OK);
    command_row_done(&command);
    pg_sql("UPDATE session SET state = 'stopped'");
    cr_assert_eq(order(&session.id, "stop", NULL, 0, &command), ERR_WRONG_STATE);
    cr_assert_eq(order(&session.id, "stop", NULL, 1u << SESSION_STOPPED, &command), ERR_WRONG_STATE);
    struct uuid none = uuid_new();
    cr_assert_eq(order(&none, "stop", NULL, 0, &command), ERR_NOT_FOUND);
}

Test(sessions, a_stop_takes_back_a_start_that_was_never_sent) {
    struct session_row session;
    struct command_row stop;
    pg_session(&pg_device_a, 0, &session);
    cr_assert_eq(order(&session.id, "stop", NULL, 0, &stop), ERR_OK, "%s", db_last_error(pg_fixture_db()));
    cr_assert_eq(stop.state, CMD_SUCCEEDED);
    cr_assert_str_eq(stop.code, "never_sent");
    cr_assert_eq(stop.sent_at, 0);
    cr_assert_gt(stop.finished_at, 0);
    command_row_done(&stop);
    cr_assert_eq(pg_session_state(&session.id), SESSION_STOPPED);
    cr_assert_str_eq(pg_text("SELECT state FROM command WHERE type = 'start'"), "cancelled");
    cr_assert_str_eq(pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), "clean");
    pg_session(&pg_device_a, 0, NULL);
}

Test(sessions, a_start_that_was_sent_is_not_taken_back) {
    struct session_row session;
    struct command_row stop;
    pg_session(&pg_device_a, 3, &session);
    cr_assert_eq(order(&session.id, "stop", NULL, 0, &stop), ERR_OK);
    cr_assert_eq(stop.state, CMD_PENDING);
    command_row_done(&stop);
    cr_assert_eq(pg_session_state(&session.id), SESSION_REQUESTED);
}

Test(sessions, a_stop_from_outside_the_scope_takes_nothing_back) {
    struct session_row session;
    struct command_row stop;
    struct scope other = pg_scope_of(&pg_site_b);
    pg_session(&pg_device_a, 0, &session);
    struct session_order o = {.command_id = uuid_new(), .session_id = session.id, .type = "stop"};
    cr_assert_eq(session_command(pg_fixture_db(), &other, &pg_actor, &o, &stop), ERR_NOT_FOUND);
    cr_assert_str_eq(pg_text("SELECT state FROM command"), "pending");
    cr_assert_eq(pg_session_state(&session.id), SESSION_REQUESTED);
}

/* ---- the device's word ---- */

static struct session_report report_of(const struct session_row *s, int64_t epoch, int64_t n, int32_t state) {
    return (struct session_report){.device_id = s->device_id,
                                   .session_id = s->id,
                                   .epoch = epoch,
                                   .n = n,
                                   .state = state,
                                   .reason = "none",
                                   .step = 1,
                                   .step_count = 3,
                                   .intensity = 100,
                                   .target_mdegc = 38000};
}

static bool apply(const struct session_report *report, struct session_row *row) {
    bool changed;
    enum err err = session_apply_report(pg_fixture_db(), report, &changed, row);
    cr_assert_eq(err, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    return changed;
}

Test(sessions, a_report_moves_the_row_and_says_when_it_began_and_ended) {
    struct session_row session, row;
    pg_session(&pg_device_a, 1, &session);
    struct session_report r = report_of(&session, 1, 1, SESSION_RUNNING);
    r.started_at = 1800000000123;
    cr_assert(apply(&r, &row));
    cr_assert_eq(row.state, SESSION_RUNNING);
    cr_assert_eq(row.started_at, 1800000000123);
    cr_assert_eq(row.version, session.version + 1);
    r = report_of(&session, 1, 2, SESSION_COMPLETED);
    r.ended_at = 1800000600456;
    cr_assert(apply(&r, &row));
    cr_assert_eq(row.state, SESSION_COMPLETED);
    cr_assert_eq(row.started_at, 1800000000123);
    cr_assert_eq(row.ended_at, 1800000600456);
    cr_assert_str_eq(pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), "due");
}

Test(sessions, the_same_report_again_changes_nothing) {
    struct session_row session, row;
    pg_session(&pg_device_a, 1, &session);
    struct session_report r = report_of(&session, 1, 1, SESSION_RUNNING);
    cr_assert(apply(&r, &row));
    int64_t version = row.version;
    cr_assert_not(apply(&r, &row));
    r.n = 2;
    r.elapsed_ms = 5000; /* only the clock */
    cr_assert_not(apply(&r, &row));
    cr_assert_eq(row.version, version);
    r.n = 3;
    r.step = 2;
    cr_assert(apply(&r, &row));
    cr_assert_eq(row.step, 2);
}

Test(sessions, reports_out_of_order_end_as_the_newest_says) {
    static const struct {
        int64_t epoch, n;
        int32_t state;
        bool changes;
        int32_t then;
    } rows[] = {
        {5, 10, SESSION_RUNNING, true, SESSION_RUNNING},   {5, 12, SESSION_RUNNING, false, SESSION_RUNNING},
        {5, 11, SESSION_PAUSED, false, SESSION_RUNNING},   {4, 99, SESSION_PAUSED, false, SESSION_RUNNING},
        {6, 1, SESSION_PAUSED, true, SESSION_PAUSED},      {6, 3, SESSION_STOPPED, true, SESSION_STOPPED},
        {6, 2, SESSION_RUNNING, false, SESSION_STOPPED},   {6, 4, SESSION_RUNNING, false, SESSION_STOPPED},
        {7, 1, SESSION_COMPLETED, false, SESSION_STOPPED},
    };
    struct session_row session, row;
    pg_session(&pg_device_a, 5, &session);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct session_report r = report_of(&session, rows[i].epoch, rows[i].n, rows[i].state);
        cr_assert_eq(apply(&r, &row), rows[i].changes, "row %zu", i);
        cr_assert_eq(row.state, rows[i].then, "row %zu", i);
    }
}

Test(sessions, a_report_of_another_device_or_of_no_session_is_not_found) {
    struct session_row session, row;
    bool changed;
    pg_session(&pg_device_a, 1, &session);
    struct session_report r = report_of(&session, 1, 1, SESSION_RUNNING);
    r.device_id = pg_device_b;
    cr_assert_eq(session_apply_report(pg_fixture_db(), &r, &changed, &row), ERR_NOT_FOUND);
    r.device_id = pg_device_a;
    r.session_id = uuid_new();
    cr_assert_eq(session_apply_report(pg_fixture_db(), &r, &changed, &row), ERR_NOT_FOUND);
}

static bool close_lost(const struct uuid *session_id, const struct uuid *boot_id, int64_t epoch, int64_t n,
                       struct session_row *row) {
    struct session_known known = {
        .device_id = pg_device_a, .boot_id = *boot_id, .session_id = *session_id, .epoch = epoch, .n = n};
    bool changed = false;
    cr_assert_eq(session_close_lost(pg_fixture_db(), &known, 1800000000000, &changed, row), ERR_OK);
    return changed;
}

Test(sessions, one_that_its_device_does_not_know_any_more_is_lost) {
    struct session_row session, row;
    struct uuid none = {0}, boot = uuid_new();
    pg_session(&pg_device_a, 1, &session);
    cr_assert_not(close_lost(&none, &boot, 1, 1, &row), "its start is still to be driven");
    pg_sql("UPDATE command SET state = 'succeeded'");
    cr_assert_not(close_lost(&session.id, &boot, 1, 1, &row), "the device knows it");
    cr_assert(close_lost(&none, &boot, 1, 1, &row));
    cr_assert_eq(row.state, SESSION_ABORTED);
    cr_assert_str_eq(row.reason, "lost");
    cr_assert_str_eq(pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), "due");
}

/* Two replicas: one records the session's start and first words, the other was held up and comes to the hello
 * from before only now. */
Test(sessions, one_that_runs_is_not_lost_by_a_hello_from_before_it) {
    struct session_row session, row;
    struct uuid none = {0}, boot = uuid_new(), fresh = uuid_new();
    int64_t committed, lost;
    pg_session(&pg_device_a, 1, &session);
    cr_assert_eq(telemetry_watermark(pg_fixture_db(), &pg_device_a, &boot, &committed, &lost), ERR_OK);
    pg_sql("UPDATE command SET state = 'succeeded', epoch = 5");
    cr_assert_not(close_lost(&none, &boot, 5, 30, &row),
                  "the answer came first, its words are still on their way");
    struct session_report r = report_of(&session, 5, 20, SESSION_RUNNING);
    cr_assert(apply(&r, &row));
    cr_assert_not(close_lost(&none, &boot, 5, 19, &row), "of the same connection");
    cr_assert_not(close_lost(&none, &boot, 4, 90, &row), "of the connection before");
    cr_assert(close_lost(&none, &fresh, 1, 0, &row),
              "it has lost its journal, and counts from the beginning");
    cr_assert_eq(row.state, SESSION_ABORTED);
}

/* ---- disinfection between two guests ---- */

Test(sessions, after_one_a_cleaning_lets_the_next_begin) {
    struct session_row session, row;
    struct device_row device;
    struct session_new next = valid_session();
    pg_session(&pg_device_a, 1, &session);
    struct session_report r = report_of(&session, 1, 1, SESSION_COMPLETED);
    cr_assert(apply(&r, &row));
    cr_assert_eq(create(&next, &row, NULL), ERR_CLEANING_DUE);

    struct cleaning_row cleaning = {.id = uuid_new(),
                                    .device_id = pg_device_a,
                                    .kind = "rinse",
                                    .product = "water",
                                    .initials = "AB",
                                    .notes = "a note"};
    cr_assert_eq(cleaning_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &cleaning), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    cr_assert_eq(create(&next, &row, NULL), ERR_CLEANING_DUE, "a rinse does not disinfect");
    cleaning.id = uuid_new();
    snprintf(cleaning.kind, sizeof cleaning.kind, "after_client");
    cleaning.contact_minutes = 10;
    cleaning.done_at = 1800000000000;
    cr_assert_eq(cleaning_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &cleaning), ERR_OK);
    cr_assert(uuid_equal(&cleaning.session_id, &session.id), "it belongs to the last session");
    cr_assert(uuid_equal(&cleaning.site_id, &pg_site_a));
    cr_assert_eq(cleaning.done_at, 1800000000000);
    cr_assert_eq(device_get(pg_fixture_db(), &pg_scope_all, &pg_device_a, &device), ERR_OK);
    cr_assert_str_eq(device.cleaning, "clean");
    cr_assert_eq(create(&next, &row, NULL), ERR_OK);
    cleaning.id = uuid_new();
    cr_assert_eq(cleaning_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &cleaning), ERR_DEVICE_BUSY);
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'cleaning.create'"), 2);
}

Test(sessions, keep_whom_they_are_for_and_how_long_they_take) {
    struct session_new wanted = valid_session();
    struct session_row row;
    wanted.guest = "Anna";
    wanted.duration_ms = 600000;
    cr_assert_eq(create(&wanted, &row, NULL), ERR_OK, "%s", db_last_error(pg_fixture_db()));
    cr_expect_str_eq(row.guest, "Anna");
    cr_expect_eq(row.duration_ms, 600000);
    cr_expect_eq(row.remaining_ms, 600000, "nothing of it has run");
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE detail::text LIKE '%%Anna%%'"), 0);

    struct session_report report = {.device_id = wanted.device_id,
                                    .session_id = wanted.id,
                                    .epoch = 1,
                                    .n = 1,
                                    .state = SESSION_RUNNING,
                                    .step_count = 4,
                                    .elapsed_ms = 1000,
                                    .remaining_ms = 599000,
                                    .intensity = 80};
    bool changed = false;
    cr_assert_eq(session_apply_report(pg_fixture_db(), &report, &changed, &row), ERR_OK);
    cr_expect_eq(row.remaining_ms, 599000);
    cr_expect_str_eq(row.guest, "Anna");
}

Test(sessions, that_never_began_have_nothing_remaining_and_do_not_hold_a_disinfection_back) {
    struct session_new wanted = valid_session();
    wanted.duration_ms = 600000;
    cr_assert_eq(create(&wanted, &(struct session_row){0}, NULL), ERR_OK);
    const struct session_order stop = {.command_id = uuid_new(), .session_id = wanted.id, .type = "stop"};
    struct command_row command;
    cr_assert_eq(session_command(pg_fixture_db(), &pg_scope_all, &pg_actor, &stop, &command), ERR_OK);
    command_row_done(&command);
    struct session_row row;
    cr_assert_eq(session_get(pg_fixture_db(), &pg_scope_all, &wanted.id, &row), ERR_OK);
    session_row_done(&row);
    cr_expect_eq(row.state, SESSION_STOPPED);
    cr_expect_eq(row.remaining_ms, 0);
    int64_t ended_at = -1;
    cr_assert_eq(cleaning_last_use(pg_fixture_db(), &pg_scope_all, &wanted.device_id, &ended_at), ERR_OK);
    cr_expect_eq(ended_at, 0);
}

Test(sessions, that_ran_tell_when_the_device_was_last_used) {
    struct session_new wanted = valid_session();
    struct session_row row;
    int64_t ended_at = -1;
    cr_assert_eq(create(&wanted, &row, NULL), ERR_OK);
    struct session_report report = {.device_id = wanted.device_id,
                                    .session_id = wanted.id,
                                    .epoch = 1,
                                    .n = 1,
                                    .state = SESSION_COMPLETED,
                                    .ended_at = clock_wall_ms() - 5000};
    bool changed = false;
    cr_assert_eq(session_apply_report(pg_fixture_db(), &report, &changed, &row), ERR_OK);
    cr_assert_eq(cleaning_last_use(pg_fixture_db(), &pg_scope_all, &wanted.device_id, &ended_at), ERR_OK);
    cr_expect_eq(ended_at, report.ended_at);
    const struct scope other = pg_scope_of(&pg_site_b);
    cr_assert_eq(cleaning_last_use(pg_fixture_db(), &other, &wanted.device_id, &ended_at), ERR_OK);
    cr_expect_eq(ended_at, 0, "another site's");
}
