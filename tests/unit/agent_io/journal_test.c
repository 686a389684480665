#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "device-agent/journal/journal.h"
#include "device-agent/journal/sql.h"
#include "io_fixture.h"

TestSuite(journal, .init = io_begin, .fini = io_end);

static struct journal *open_journal(void) {
    char error[256] = "";
    struct journal *j = journal_open(io_path, error);
    cr_assert(j, "%s", error);
    return j;
}

static void load(struct journal *j, uint32_t device, struct agent_recovered *ret) {
    struct uuid id = io_id(device);
    cr_assert(journal_load(j, &id, ret));
}

/* Another connection to the same file, while the journal is closed. */
static void run_sql(const char *text) {
    sqlite3 *db;
    char *error = NULL;
    cr_assert(sqlite3_open(io_path, &db) == SQLITE_OK);
    cr_assert(sqlite3_exec(db, text, NULL, NULL, &error) == SQLITE_OK, "%s", error);
    sqlite3_close(db);
}

static struct ledger_entry answer(int64_t order) {
    return (struct ledger_entry){.command_id = io_id((uint32_t)order),
                                 .session_id = io_id(7),
                                 .seq = order + 1000,
                                 .order = order,
                                 .type = COMMAND_ADJUST,
                                 .state = ACK_REJECTED,
                                 .code = ACKCODE_INTERLOCK,
                                 .reason = REASON_LEVEL_LOW};
}

static struct session_record session(void) {
    return (struct session_record){.id = io_id(7),
                                   .phase = PHASE_RUNNING,
                                   .reason = REASON_COMMAND,
                                   .step = 3,
                                   .step_count = 9,
                                   .step_ms = 1234,
                                   .elapsed_ms = 56789,
                                   .intensity = 55,
                                   .water_mdegc = -1,
                                   .total_ms = 99999999999,
                                   .started_at = 1790000000001,
                                   .ended_at = 0,
                                   .saved_at = 1790000000002,
                                   .rinse = true};
}

static struct program *program(void) {
    struct program *p = xcalloc(1, sizeof *p);
    *p = (struct program){.model = "spa-pro",
                          .model_version = 1,
                          .intensity_max = 70,
                          .water_max_mdegc = 40000,
                          .total_max_ms = 1800000,
                          .rinse = true,
                          .n_steps = 2};
    p->steps[0] = (struct program_step){.kind = STEP_HEAT, .ms = 60000, .water_mdegc = 36000};
    p->steps[1] = (struct program_step){.kind = STEP_RUN, .ms = 30000, .water_mdegc = 36000, .n_sets = 1};
    p->steps[1].sets[0] =
        (struct setpoint){.channel = 2, .level = 60, .duty_permille = 1000, .ramp_ms = 2000};
    return p;
}

static bool put(struct journal *j, uint32_t device, const struct agent_write *w) {
    struct uuid id = io_id(device);
    return journal_put(j, &id, w);
}

static void put_now(struct journal *j, uint32_t device, const struct agent_write *w) {
    cr_assert(journal_begin(j) && put(j, device, w) && journal_commit(j));
}

static void assert_session(const struct session_record *got, const struct session_record *want) {
    cr_assert(uuid_equal(&got->id, &want->id));
    cr_assert(got->phase == want->phase && got->reason == want->reason && got->rinse == want->rinse);
    cr_assert(got->step == want->step && got->step_count == want->step_count &&
              got->step_ms == want->step_ms);
    cr_assert(got->elapsed_ms == want->elapsed_ms && got->total_ms == want->total_ms);
    cr_assert(got->intensity == want->intensity && got->water_mdegc == want->water_mdegc);
    cr_assert(got->started_at == want->started_at && got->ended_at == want->ended_at &&
              got->saved_at == want->saved_at);
}

Test(journal, a_device_it_does_not_know_is_all_zero) {
    struct journal *j = open_journal();
    struct agent_recovered got, zero = {0};
    memset(&got, 0xee, sizeof got);
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 0 && got.ledger.last_seq == 0 && got.program.n_steps == 0);
    cr_assert(memcmp(got.ledger.entries, zero.ledger.entries, sizeof zero.ledger.entries) == 0);
    cr_assert(uuid_is_zero(&got.session.id) && got.session.phase == PHASE_NONE);
    journal_close(j);
}

Test(journal, reopening_gives_back_exactly_what_was_put) {
    struct program *p = program();
    struct agent_write w = {.epoch = 41,
                            .last_seq = 4242,
                            .has_session = true,
                            .session = session(),
                            .program = p,
                            .n_answers = 2,
                            .answers = {answer(5), answer(6)}};
    struct journal *j = open_journal();
    put_now(j, 1, &w);
    journal_close(j);

    struct agent_recovered got, other;
    j = open_journal();
    load(j, 1, &got);
    load(j, 2, &other);
    journal_close(j);
    cr_assert(got.ledger.epoch == 41 && got.ledger.last_seq == 4242);
    assert_session(&got.session, &w.session);
    cr_assert(memcmp(&got.program, p, sizeof *p) == 0);
    for (int i = 0; i < 2; i++) {
        struct ledger_entry e = answer(5 + i), *g = &got.ledger.entries[5 + i];
        cr_assert(uuid_equal(&g->command_id, &e.command_id) && uuid_equal(&g->session_id, &e.session_id));
        cr_assert(g->seq == e.seq && g->order == e.order && g->type == e.type && g->state == e.state);
        cr_assert(g->code == e.code && g->reason == e.reason);
    }
    cr_assert(other.ledger.epoch == 0, "another device's memory is its own");
    free(p);
}

Test(journal, keeps_the_report_of_the_last_self_test) {
    auto_free struct agent_recovered *r = xcalloc(1, sizeof *r);
    auto_free struct self_test_report *report = xcalloc(1, sizeof *report);
    struct agent_write w = {.epoch = 1, .report = report, .tested = io_id(5)};
    struct journal *j = open_journal();
    for (int n = PROTO_CHECKS_MAX; n >= 0; n -= PROTO_CHECKS_MAX / 2) {
        report->n = n;
        for (int i = 0; i < n; i++) {
            report->checks[i] = (struct message_check){.result = i % CHECK_RESULT_COUNT};
            snprintf(report->checks[i].name, sizeof report->checks[i].name, "cell \"%d\"", i);
            memset(report->checks[i].detail, 'd', PROTO_CHECK_DETAIL_MAX);
        }
        cr_assert(journal_begin(j) && put(j, 1, &w) && journal_commit(j));
        cr_assert(journal_begin(j) && put(j, 1, &(struct agent_write){.epoch = 2}) && journal_commit(j));
        load(j, 1, r);
        cr_expect(uuid_equal(&r->tested, &w.tested));
        cr_assert_eq(r->report.n, n);
        cr_expect_arr_eq(r->report.checks, report->checks, (size_t)n * sizeof report->checks[0]);
        load(j, 2, r);
        cr_expect(uuid_is_zero(&r->tested));
    }
    journal_close(j);
    run_sql("UPDATE self_test SET content = '{\"checks\":[{\"name\":7}]}'");
    j = open_journal();
    load(j, 1, r);
    cr_expect(uuid_is_zero(&r->tested), "one that cannot be read is none");
    journal_close(j);
}

Test(journal, a_write_without_a_session_leaves_the_session_and_its_program) {
    struct program *p = program();
    struct agent_write w = {.epoch = 1, .has_session = true, .session = session(), .program = p};
    struct journal *j = open_journal();
    put_now(j, 1, &w);
    put_now(j, 1, &(struct agent_write){.epoch = 2, .last_seq = 3});
    struct agent_recovered got;
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 2 && got.ledger.last_seq == 3);
    assert_session(&got.session, &w.session);
    cr_assert(got.program.n_steps == 2);
    journal_close(j);
    free(p);
}

Test(journal, remembers_the_last_256_answers_by_their_slot) {
    struct journal *j = open_journal();
    cr_assert(journal_begin(j));
    for (int64_t order = 1; order <= 300; order++)
        cr_assert(put(j, 1, &(struct agent_write){.epoch = 1, .n_answers = 1, .answers = {answer(order)}}));
    cr_assert(journal_commit(j));
    journal_close(j);
    struct agent_recovered got;
    j = open_journal();
    load(j, 1, &got);
    journal_close(j);
    for (int64_t order = 45; order <= 300; order++)
        cr_assert(got.ledger.entries[order % LEDGER_SIZE].order == order);
}

Test(journal, an_answer_that_changes_takes_its_own_place) {
    struct journal *j = open_journal();
    struct agent_write w = {.epoch = 1, .n_answers = 1, .answers = {answer(9)}};
    put_now(j, 1, &w);
    w.answers[0].state = ACK_SUCCEEDED;
    w.answers[0].code = ACKCODE_OK;
    put_now(j, 1, &w);
    struct agent_recovered got;
    load(j, 1, &got);
    cr_assert(got.ledger.entries[9].state == ACK_SUCCEEDED && got.ledger.entries[9].code == ACKCODE_OK);
    cr_assert(got.ledger.entries[10].order == 0);
    journal_close(j);
}

Test(journal, what_was_rolled_back_was_never_there) {
    struct journal *j = open_journal();
    put_now(j, 1, &(struct agent_write){.epoch = 1});
    cr_assert(journal_begin(j));
    cr_assert(put(j, 1, &(struct agent_write){.epoch = 2, .has_session = true, .session = session()}));
    journal_rollback(j);
    struct agent_recovered got;
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 1 && uuid_is_zero(&got.session.id));
    put_now(j, 1, &(struct agent_write){.epoch = 3});
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 3);
    journal_close(j);
}

static void put_and_die(bool commit) {
    struct journal *j = open_journal();
    struct agent_write w = {
        .epoch = 2, .has_session = true, .session = session(), .n_answers = 1, .answers = {answer(1)}};
    cr_assert(journal_begin(j) && put(j, 1, &w) && put(j, 2, &w));
    if (commit) cr_assert(journal_commit(j));
}
static void die_before_commit(void) { put_and_die(false); }
static void die_after_commit(void) { put_and_die(true); }

Test(journal, kill_9_before_the_commit_leaves_nothing) {
    io_kill9_after(die_before_commit);
    struct journal *j = open_journal();
    struct agent_recovered got;
    for (uint32_t device = 1; device <= 2; device++) {
        load(j, device, &got);
        cr_assert(got.ledger.epoch == 0 && uuid_is_zero(&got.session.id) && got.ledger.entries[1].order == 0);
    }
    journal_close(j);
}

Test(journal, kill_9_after_the_commit_loses_nothing) {
    io_kill9_after(die_after_commit);
    struct journal *j = open_journal();
    struct agent_recovered got;
    for (uint32_t device = 1; device <= 2; device++) {
        load(j, device, &got);
        cr_assert(got.ledger.epoch == 2 && got.session.step == 3 && got.ledger.entries[1].order == 1);
    }
    journal_close(j);
}

Test(journal, a_program_that_cannot_be_read_is_none) {
    struct program *p = program();
    struct journal *j = open_journal();
    put_now(j, 1, &(struct agent_write){.has_session = true, .session = session(), .program = p});
    free(p);
    journal_close(j);
    run_sql("UPDATE program SET content = substr(content, 1, 40)");
    struct agent_recovered got;
    j = open_journal();
    load(j, 1, &got);
    journal_close(j);
    cr_assert(got.program.n_steps == 0 && got.session.phase == PHASE_RUNNING);
}

Test(journal, numbers_that_point_outside_of_the_tables_are_refused) {
    static const char *const damage[] = {"UPDATE session SET phase = 99", "UPDATE session SET reason = -1",
                                         "UPDATE session SET step = -5",  "UPDATE answer SET slot = 256",
                                         "UPDATE answer SET state = 77",  "UPDATE answer SET type = -1"};
    struct agent_write w = {
        .has_session = true, .session = session(), .n_answers = 1, .answers = {answer(1)}};
    for (size_t i = 0; i < COUNT_OF(damage); i++) {
        struct journal *j = open_journal();
        struct uuid id = io_id(1);
        struct agent_recovered got;
        cr_assert(journal_begin(j) && put(j, 1, &w) && journal_commit(j));
        journal_close(j);
        run_sql(damage[i]);
        j = open_journal();
        cr_expect(!journal_load(j, &id, &got), "%s", damage[i]);
        journal_close(j);
        run_sql("DELETE FROM answer; DELETE FROM session");
    }
}

Test(journal, a_file_that_is_no_journal_is_refused_with_a_reason) {
    char error[256] = "";
    FILE *f = fopen(io_path, "w");
    for (int i = 0; i < 1000; i++) fputs("this is no database", f);
    fclose(f);
    cr_assert_null(journal_open(io_path, error));
    cr_assert(strstr(error, io_path), "%s", error);
    cr_assert_null(journal_open("/nowhere/at/all", error));
}

Test(journal, a_second_process_is_refused) {
    struct journal *j = open_journal();
    put_now(j, 1, &(struct agent_write){.epoch = 1});
    sqlite3 *db;
    cr_assert(sqlite3_open(io_path, &db) == SQLITE_OK);
    cr_assert(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_BUSY);
    sqlite3_close(db);
    journal_close(j);
}

/* Enough to go beyond what is left in the file's last page. */
static bool put_much(struct journal *j) {
    struct program *p = program();
    struct agent_write w = {.epoch = 9, .has_session = true, .session = session(), .program = p};
    bool ok = journal_begin(j);
    for (uint32_t device = 1; ok && device < 60; device++) ok = put(j, device, &w);
    ok = ok && journal_commit(j);
    if (!ok) journal_rollback(j);
    free(p);
    return ok;
}

Test(journal, a_full_disk_makes_the_write_fail_and_leaves_what_was_there) {
    struct journal *j = open_journal();
    struct agent_recovered got;
    put_now(j, 1, &(struct agent_write){.epoch = 1, .last_seq = 5});
    io_disk_full(true);
    cr_assert_not(put_much(j));
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 1 && got.ledger.last_seq == 5 && uuid_is_zero(&got.session.id));
    io_disk_full(false);
    cr_assert(put_much(j), "it can be written again");
    load(j, 59, &got);
    cr_assert(got.ledger.epoch == 9);
    journal_close(j);
}

Test(journal, a_transaction_that_the_disk_ended_is_not_committed) {
    struct journal *j = open_journal();
    struct agent_recovered got;
    put_now(j, 1, &(struct agent_write){.epoch = 1});
    cr_assert_not(journal_commit(j), "nothing was begun");
    load(j, 1, &got);
    cr_assert(got.ledger.epoch == 1);
    put_now(j, 1, &(struct agent_write){.epoch = 2});
    journal_close(j);
}
