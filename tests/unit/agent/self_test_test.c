/* The self-test that the server asks for: who may begin it, what ends it, and what is told of it. What each
 * check judges is tried in tests/boards/self_test_test.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "agent_fixture.h"

#define TEST fixture_id(7)
#define OTHER fixture_id(8)
#define STEP_MS 20

static struct rig *ready(const char *model) {
    struct rig *r = rig_new(model, 1);
    rig_connect(r);
    rig_run(r, 3000, STEP_MS);
    return r;
}

static struct rig *testing(const char *model, int32_t ms) {
    struct rig *r = ready(model);
    rig_command(r, COMMAND_SELF_TEST, TEST);
    cr_assert_eq(rig_ack(r)->state, ACK_ACCEPTED, "%s", ack_code_names[rig_ack(r)->code]);
    rig_run(r, ms, STEP_MS);
    cr_assert(r->agent.test.active);
    return r;
}

static void until_moves(struct rig *r) {
    for (int i = 0; i < 10000 && !rig_moves(r); i++) rig_tick(r, STEP_MS);
    cr_assert(rig_moves(r));
}

static const struct message_check *find(const struct rig *r, const char *name) {
    for (int32_t i = 0; i < r->report.n; i++)
        if (!strcmp(r->report.checks[i].name, name)) return &r->report.checks[i];
    return NULL;
}

Test(agent_self_test, a_sound_unit_passes_and_the_answer_has_every_check) {
    static const char *const models[] = {"spa-pro", "bath-basic"};
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        auto_rig struct rig *r = testing(models[i], 1000);
        cr_expect_eq(r->state.mode, MODE_MAINTENANCE);
        for (int32_t ms = 0; ms < SELF_TEST_MS_MAX && r->agent.test.active; ms += STEP_MS)
            rig_tick(r, STEP_MS);
        const struct message_answer *ack = rig_ack(r);
        cr_expect_eq(ack->state, ACK_SUCCEEDED, "%s: %s", models[i], ack->detail);
        cr_assert(r->reported);
        cr_expect_eq(self_test_verdict(&r->report), CHECK_PASSED);
        cr_expect(find(r, "heater") && find(r, "outputs"));
        cr_expect_not(rig_moves(r));
        rig_tick(r, STEP_MS);
        cr_expect_eq(r->state.mode, MODE_IDLE);
    }
}

Test(agent_self_test, the_same_command_again_has_the_same_answer_also_after_a_power_loss) {
    auto_rig struct rig *r = testing("bath-basic", 1000);
    for (int i = 0; i < 10000 && r->agent.test.active; i++) rig_tick(r, STEP_MS);
    struct self_test_report first = r->report;
    for (int again = 0; again < 2; again++) {
        r->reported = false;
        r->n_acks = 0;
        rig_send(r);
        cr_assert_eq(r->n_acks, 1);
        cr_expect_eq(r->acks[0].state, ACK_SUCCEEDED);
        cr_assert(r->reported);
        cr_expect_eq(r->report.n, first.n);
        cr_expect_str_eq(r->report.checks[0].detail, first.checks[0].detail);
        cr_expect_not(r->agent.test.active, "it has its effect once");
        rig_power_loss(r, 5000);
        rig_connect(r);
    }
}

Test(agent_self_test, it_is_refused_while_something_else_is_under_way) {
    auto_rig struct rig *r = testing("spa-pro", 1000);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_routine(p, &r->model);
    rig_command(r, COMMAND_SELF_TEST, OTHER);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BUSY);
    rig_start(r, OTHER, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BUSY);
    cr_expect(r->agent.test.active, "and goes on");
    rig_command(r, COMMAND_STOP, TEST);
    rig_start(r, OTHER, p);
    rig_run(r, 1000, STEP_MS);
    rig_command(r, COMMAND_SELF_TEST, fixture_id(9));
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BUSY);
    cr_expect(session_is_live(r->agent.session.r.phase));
}

Test(agent_self_test, it_is_refused_in_a_fault_when_late_and_when_the_journal_fails) {
    auto_rig struct rig *r = ready("spa-pro");
    rig_prepare(r, COMMAND_SELF_TEST, TEST);
    r->command.expires_at = 1;
    rig_send(r);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_EXPIRED);
    rig_prepare(r, COMMAND_SELF_TEST, TEST);
    r->command.epoch--;
    rig_send(r);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_STALE_EPOCH);
    sim_board_inject(r->board, SIM_FAULT_SENSOR_MISSING, 1);
    rig_run(r, 2000, STEP_MS);
    rig_command(r, COMMAND_SELF_TEST, TEST);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    cr_expect(strstr(rig_ack(r)->detail, "sensor_stale"), "%s", rig_ack(r)->detail);
    sim_board_heal(r->board);
    rig_run(r, 5000, STEP_MS);
    r->journal = RIG_JOURNAL_FAILS;
    rig_command(r, COMMAND_SELF_TEST, TEST);
    rig_run(r, 60000, STEP_MS);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_JOURNAL_FAILED);
    cr_expect_not(r->agent.test.active);
}

Test(agent_self_test, nothing_is_driven_before_the_journal_has_the_command) {
    auto_rig struct rig *r = ready("spa-pro");
    r->journal = RIG_JOURNAL_HELD;
    rig_command(r, COMMAND_SELF_TEST, TEST);
    rig_run(r, 4000, STEP_MS);
    cr_expect_not(r->agent.test.active);
    cr_expect_not(rig_moves(r));
}

Test(agent_self_test, a_stop_ends_it_at_once_wherever_it_is) {
    for (int32_t ms = 100; ms < 100000; ms += 7000) {
        auto_rig struct rig *r = testing("spa-pro", ms);
        struct uuid test = r->command.id;
        rig_command(r, COMMAND_STOP, TEST);
        cr_expect_not(r->agent.test.active);
        cr_expect_not(rig_moves(r), "%d ms", ms);
        cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
        const struct message_answer *ack = NULL;
        for (int i = 0; i < r->n_acks; i++)
            if (uuid_equal(&r->acks[i].command_id, &test)) ack = &r->acks[i];
        cr_assert(ack);
        cr_expect_eq(ack->state, ACK_FAILED);
        cr_expect_eq(ack->code, ACKCODE_SUPERSEDED);
        cr_expect_neq(self_test_verdict(&r->agent.self_test.report), CHECK_PASSED);
        rig_command(r, COMMAND_STOP, TEST);
        cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED, "that is so already");
    }
}

static void press_key(struct rig *r) { r->board.ops->buttons->local_stop(r->board.self); }
static void press_emergency(struct rig *r) { r->board.ops->buttons->emergency_stop(r->board.self, true); }
static void lose_sensor(struct rig *r) { sim_board_inject(r->board, SIM_FAULT_SENSOR_STALE, 1); }
static void open_lid(struct rig *r) { sim_board_inject(r->board, SIM_FAULT_LID_OPEN, 1); }
static void leak(struct rig *r) { sim_board_inject(r->board, SIM_FAULT_LEAK, 1); }
static void lose_current(struct rig *r) { sim_board_inject(r->board, SIM_FAULT_OVER_CURRENT, 9000); }

Test(agent_self_test, every_interlock_ends_it_and_is_told) {
    static const struct {
        const char *what;
        void (*happens)(struct rig *r);
        int32_t within_ms;
        int32_t code; /* enum ack_code */
        const char *detail;
    } rows[] = {
        {"the stop key", press_key, STEP_MS, ACKCODE_SUPERSEDED, "local_stop"},
        {"the emergency stop", press_emergency, STEP_MS, ACKCODE_INTERLOCK, "emergency_stop"},
        {"a sensor that measures no more", lose_sensor, 1200, ACKCODE_INTERLOCK, "sensor_stale"},
        {"the lid", open_lid, 100, ACKCODE_INTERLOCK, "lid_open"},
        {"a leak", leak, 100, ACKCODE_INTERLOCK, "leak"},
        {"too much current", lose_current, 200, ACKCODE_INTERLOCK, "over_current"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_rig struct rig *r = testing("spa-pro", 8000);
        until_moves(r);
        rows[i].happens(r);
        rig_run(r, rows[i].within_ms, STEP_MS);
        cr_expect_not(r->agent.test.active, "%s", rows[i].what);
        cr_expect_not(rig_moves(r), "%s", rows[i].what);
        cr_expect_eq(rig_ack(r)->state, ACK_FAILED, "%s", rows[i].what);
        cr_expect_eq(rig_ack(r)->code, rows[i].code, "%s", rows[i].what);
        cr_expect(strstr(rig_ack(r)->detail, rows[i].detail), "%s: %s", rows[i].what, rig_ack(r)->detail);
        cr_assert(r->reported, "%s", rows[i].what);
        cr_expect_eq(find(r, "heater")->result, CHECK_SKIPPED, "%s", rows[i].what);
        cr_expect_eq(find(r, "outputs")->result, CHECK_FAILED, "%s", rows[i].what);
        rig_run(r, 20000, STEP_MS);
        cr_expect_not(rig_moves(r), "%s: it does not go on by itself", rows[i].what);
    }
}

Test(agent_self_test, a_motor_that_stands_still_has_failed_and_ends_it) {
    auto_rig struct rig *r = testing("spa-pro", 8000);
    until_moves(r);
    sim_board_inject(r->board, SIM_FAULT_MOTOR_STALLED, 1 << 1);
    for (int i = 0; i < 1000 && r->agent.test.active; i++) rig_tick(r, STEP_MS);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    cr_expect_eq(find(r, "jets/1")->result, CHECK_FAILED, "%s", find(r, "jets/1")->detail);
    cr_expect_eq(find(r, "jets/2")->result, CHECK_SKIPPED);
}

Test(agent_self_test, after_a_power_loss_nothing_moves_and_it_has_failed) {
    auto_rig struct rig *r = testing("spa-pro", 8000);
    until_moves(r);
    struct uuid id = r->command.id;
    rig_power_loss(r, 3000);
    rig_run(r, 5000, STEP_MS);
    cr_expect_not(r->agent.test.active);
    cr_expect_not(rig_moves(r));
    rig_connect(r);
    r->n_acks = 0;
    rig_send(r); /* driven again, as a server does */
    cr_assert(rig_count_acks(r, &id) > 0);
    cr_expect_eq(r->acks[r->n_acks - 1].state, ACK_FAILED);
    cr_expect_eq(r->acks[r->n_acks - 1].code, ACKCODE_INTERLOCK);
    cr_expect(strstr(r->acks[r->n_acks - 1].detail, "power_loss"));
    rig_run(r, 5000, STEP_MS);
    cr_expect_not(rig_moves(r));
}

Test(agent_self_test, it_goes_on_without_a_server_and_tells_its_end_later) {
    auto_rig struct rig *r = testing("bath-basic", 1000);
    rig_event(r, &(struct agent_event){.type = EVENT_DISCONNECTED});
    for (int i = 0; i < 10000 && r->agent.test.active; i++) rig_tick(r, STEP_MS);
    cr_expect_eq(rig_ack(r)->state, ACK_ACCEPTED);
    rig_connect(r);
    r->reported = false;
    rig_send(r);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    cr_expect(r->reported);
}
