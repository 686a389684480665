/* Power goes at the worst moment. What the journal has is true, the board comes up safe, and what
 * the server sends again has its effect once. */
#include <criterion/criterion.h>

#include "agent_fixture.h"

#define ONE fixture_id(1)

struct stage {
    struct rig *rig;
    struct program *program;
};

static struct stage running(const char *model) {
    struct stage t = {rig_new(model, 3), xcalloc(1, sizeof *t.program)};
    struct rig *r = t.rig;
    fixture_program(t.program, &r->model);
    t.program->rinse = true;
    for (int i = 0; i < 10; i++)
        fixture_set(fixture_step(t.program, STEP_RUN, 20000, 35000), r->model.n_actuators - 1, 60, 1000);
    rig_connect(r);
    rig_start(r, ONE, t.program);
    rig_run(r, 30000, 50);
    cr_assert(rig_moves(r));
    return t;
}

static void stage_done(struct stage *t) {
    rig_free(t->rig);
    free(t->program);
}
#define auto_stage auto_call(stage_done)

static void send_again(struct rig *r) {
    r->command.epoch = r->agent.ledger.epoch;
    rig_send(r);
}

Test(power, a_session_comes_back_paused_and_safe_and_goes_on_when_told_so) {
    auto_stage struct stage t = running("spa-pro");
    struct rig *r = t.rig;
    int32_t elapsed_ms = r->agent.session.executor.elapsed_ms;
    rig_power_loss(r, 8000);
    rig_run(r, 10000, 50);
    cr_expect_not(rig_moves(r));
    rig_connect(r);
    cr_expect_eq(r->state.session.state, DSESSION_PAUSED);
    cr_expect_eq(r->state.session.reason, REASON_POWER_LOSS);
    struct uuid one = ONE;
    cr_expect(uuid_equal(&r->state.session.id, &one));
    cr_expect_eq(r->state.session.step, 1);
    rig_run(r, 10000, 50);
    cr_expect_not(rig_moves(r));
    rig_command(r, COMMAND_RESUME, ONE);
    int32_t lost_ms = elapsed_ms - r->agent.session.executor.elapsed_ms;
    cr_expect(lost_ms >= 0 && lost_ms <= AGENT_POSITION_MS + 100, "%d", lost_ms);
    rig_run(r, 2000, 50);
    cr_expect(rig_moves(r));
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    rig_until(r, PHASE_COMPLETED, 200000);
    cr_expect(r->state.rinse);
}

Test(power, adjustments_survive) {
    auto_stage struct stage t = running("spa-pro");
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_ADJUST, ONE);
    r->command.has_intensity = r->command.has_water = true;
    r->command.intensity = 50;
    r->command.water_mdegc = 36500;
    rig_send(r);
    rig_power_loss(r, 3000);
    rig_connect(r);
    rig_command(r, COMMAND_RESUME, ONE);
    rig_run(r, 5000, 50);
    cr_expect_eq(r->state.session.intensity, 50);
    cr_expect_eq(r->state.session.target_mdegc, 36500);
    cr_expect_eq(r->agent.outputs.level[r->model.n_actuators - 1][0], 30);
}

Test(power, a_paused_session_can_be_stopped_or_its_time_runs_out) {
    auto_stage struct stage t = running("spa-pro");
    struct rig *r = t.rig;
    rig_power_loss(r, 8000);
    rig_connect(r);
    rig_command(r, COMMAND_STOP, ONE);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    cr_expect_eq(r->state.session.state, DSESSION_STOPPED);

    auto_stage struct stage u = running("spa-pro");
    r = u.rig;
    rig_power_loss(r, 8000);
    rig_connect(r);
    rig_run(r, u.program->total_max_ms, 1000);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED);
    cr_expect_eq(r->state.session.reason, REASON_POWER_LOSS);
}

Test(power, time_without_power_counts) {
    auto_stage struct stage t = running("spa-pro");
    struct rig *r = t.rig;
    rig_power_loss(r, t.program->total_max_ms - 60000);
    rig_connect(r);
    rig_run(r, 1000, 50);
    cr_expect_eq(r->state.session.state, DSESSION_PAUSED);
    rig_run(r, 40000, 50);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED, "%d", r->state.session.state);
    cr_expect_eq(r->state.session.reason, REASON_POWER_LOSS);
}

Test(power, a_start_that_was_not_journalled_never_was_and_runs_when_it_is_sent_again) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_routine(p, &r->model);
    rig_connect(r);
    r->journal = RIG_JOURNAL_HELD;
    rig_start(r, ONE, p);
    r->journal = RIG_JOURNAL_NOW;
    rig_power_loss(r, 1000);
    rig_connect(r);
    cr_expect_eq(r->state.session.state, DSESSION_NONE);
    send_again(r);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
}

Test(power, a_start_that_was_journalled_and_not_answered_is_answered_and_does_not_run_by_itself) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_routine(p, &r->model);
    rig_connect(r);
    r->journal = RIG_JOURNAL_HELD;
    rig_start(r, ONE, p);
    rig_journal(r, true);
    r->journal = RIG_JOURNAL_NOW;
    rig_power_loss(r, 1000);
    rig_connect(r);
    send_again(r);
    cr_assert(rig_ack(r));
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    rig_run(r, 5000, 50);
    cr_expect_not(rig_moves(r));
    cr_expect_eq(r->state.session.state, DSESSION_PAUSED);
    cr_expect_eq(r->state.session.reason, REASON_POWER_LOSS);
}

Test(power, a_stop_is_lost_or_kept_but_never_taken_back) {
    for (int kept = 0; kept < 2; kept++) {
        auto_stage struct stage t = running("spa-pro");
        struct rig *r = t.rig;
        r->journal = RIG_JOURNAL_HELD;
        rig_command(r, COMMAND_STOP, ONE);
        if (r->write && kept) rig_journal(r, true); /* motors still ramp down */
        bool told = rig_ack(r) != NULL;
        cr_expect_eq(told, kept);
        r->journal = RIG_JOURNAL_NOW;
        rig_power_loss(r, 1000);
        rig_connect(r);
        cr_expect_eq(r->state.session.state, kept ? DSESSION_STOPPED : DSESSION_PAUSED);
        send_again(r);
        cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
        cr_expect_eq(r->state.session.state, DSESSION_STOPPED);
        cr_expect_not(rig_moves(r));
    }
}

Test(power, a_pause_or_resume_that_was_open_is_settled_by_what_came_of_it) {
    auto_stage struct stage t = running("spa-pro");
    struct rig *r = t.rig;
    rig_command(r, COMMAND_PAUSE, ONE);
    cr_assert_eq(rig_ack(r)->state, ACK_ACCEPTED);
    rig_power_loss(r, 1000);
    rig_connect(r);
    const struct ledger_entry *kept = ledger_find(&r->disk.ledger, &r->command.id);
    cr_assert(kept);
    cr_expect_eq(kept->state, ACK_SUCCEEDED, "the journal has it before anybody asks");
    send_again(r);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED, "it is paused");
    r->journal = RIG_JOURNAL_HELD;
    rig_command(r, COMMAND_RESUME, ONE);
    rig_journal(r, true);
    r->journal = RIG_JOURNAL_NOW;
    rig_power_loss(r, 1000);
    rig_connect(r);
    send_again(r);
    cr_expect_eq(rig_ack(r)->state, ACK_FAILED);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_SUPERSEDED);
}

Test(power, a_session_that_ended_stays_ended_and_is_still_reported) {
    auto_stage struct stage t = running("bath-basic");
    struct rig *r = t.rig;
    rig_until(r, PHASE_COMPLETED, 300000);
    int64_t ended_at = r->state.session.ended_at;
    rig_power_loss(r, 1000);
    rig_connect(r);
    cr_expect_eq(r->state.session.state, DSESSION_COMPLETED);
    cr_expect_eq(r->state.session.ended_at, ended_at);
    cr_expect(r->state.rinse);
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_STATE);
    rig_start(r, ONE, t.program);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_STATE);
    rig_run(r, 5000, 50);
    cr_expect_not(rig_moves(r));
}

Test(power, a_journal_without_the_program_aborts_the_session) {
    auto_stage struct stage t = running("bath-basic");
    struct rig *r = t.rig;
    r->disk.program = (struct program){0};
    rig_power_loss(r, 1000);
    rig_connect(r);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED);
    cr_expect_eq(r->state.session.reason, REASON_JOURNAL);
    rig_start(r, fixture_id(2), t.program);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
}

/* Every moment of a life full of commands: power goes after the n-th write was made durable or just
 * before it was, and the server sends its unfinished command again. */
Test(power, whenever_it_goes_every_command_has_one_final_answer_and_nothing_moves_unasked) {
    static const enum command_type life[] = {COMMAND_START,  COMMAND_PAUSE, COMMAND_RESUME,
                                             COMMAND_ADJUST, COMMAND_PAUSE, COMMAND_STOP};
    for (int at = 0; at < 2 * 16; at++) {
        auto_rig struct rig *r = rig_new("spa-pro", 1);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        bool gone = false;
        int writes = 0;
        fixture_program(p, &r->model);
        fixture_set(fixture_step(p, STEP_RUN, 600000, 35000), 2, 60, 0);
        rig_connect(r);
        r->journal = RIG_JOURNAL_HELD;
        for (size_t i = 0; i < COUNT_OF(life); i++) {
            rig_prepare(r, life[i], ONE);
            r->command.has_program = life[i] == COMMAND_START;
            r->command.program = *p;
            r->command.has_intensity = life[i] == COMMAND_ADJUST;
            r->command.intensity = 80;
            rig_send(r);
            for (int ticks = 0; ticks < 60; ticks++) {
                if (r->write && !gone && ++writes > at / 2) {
                    gone = true;
                    if (at % 2) rig_journal(r, true); /* durable, and nothing was told of it */
                    rig_power_loss(r, 500);
                    rig_run(r, 2000, 50);
                    cr_assert_not(rig_moves(r), "gone at %d", at);
                    r->journal = RIG_JOURNAL_NOW;
                    if (r->write) rig_journal(r, true);
                    rig_connect(r);
                    cr_assert_not(rig_moves(r), "gone at %d", at);
                    send_again(r);
                } else if (r->write) {
                    rig_journal(r, true);
                }
                rig_tick(r, 50);
            }
            cr_assert(rig_ack(r), "%d: no answer to %s", at, command_type_names[life[i]]);
            cr_assert(ack_state_is_final(rig_ack(r)->state), "%d: %s is %s", at, command_type_names[life[i]],
                      ack_state_names[rig_ack(r)->state]);
        }
        rig_run(r, 2000, 50);
        cr_expect_eq(r->state.session.state, DSESSION_STOPPED, "%d", at);
        cr_expect_not(rig_moves(r));
    }
}
