/* The agent as its runtime sees it: events in, actions out, and the journal before anything acts. */
#include <criterion/criterion.h>

#include "agent_fixture.h"

#define ONE fixture_id(1)

static void massage(struct rig *r, struct program *p) {
    fixture_program(p, &r->model);
    fixture_set(fixture_step(p, STEP_RUN, 600000, 35000), r->model.n_actuators - 1, 60, 0);
}

Test(agent, nothing_moves_and_nothing_is_said_of_a_start_before_the_journal_has_it) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    r->journal = RIG_JOURNAL_HELD;
    rig_start(r, ONE, p);
    cr_expect_not(agent_accepts(&r->agent));
    rig_run(r, 3000, 50);
    cr_expect_null(rig_ack(r));
    cr_expect_not(rig_moves(r));
    cr_expect_not(r->agent.outputs.session);
    cr_expect_eq(r->state.session.state, DSESSION_NONE);
    rig_journal(r, true);
    cr_expect_eq(rig_ack(r)->state, ACK_ACCEPTED);
    cr_expect(r->agent.outputs.session);
    rig_journal(r, true); /* the end of the command is journalled, too, before it is told */
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    cr_expect_eq(rig_count_acks(r, &r->command.id), 2);
    rig_run(r, 1000, 50);
    cr_expect(rig_moves(r));
    cr_expect_eq(r->state.session.state, DSESSION_RUNNING);
}

Test(agent, a_start_that_the_journal_cannot_take_is_refused_and_nothing_moves) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    r->journal = RIG_JOURNAL_FAILS;
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->state, ACK_REJECTED);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_JOURNAL_FAILED);
    rig_run(r, 5000, 50);
    cr_expect_not(rig_moves(r));
    cr_expect_eq(r->state.mode, MODE_FAULT);
    cr_expect_eq(r->state.faults[0], REASON_JOURNAL);
    r->journal = RIG_JOURNAL_NOW;
    rig_run(r, 3000, 50);
    cr_expect_eq(r->state.n_faults, 0);
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
}

Test(agent, a_journal_that_fails_in_a_session_pauses_it) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 3000, 50);
    r->journal = RIG_JOURNAL_FAILS;
    rig_run(r, AGENT_POSITION_MS + 1000, 50);
    cr_expect_eq(r->agent.session.r.phase, PHASE_PAUSED);
    cr_expect_eq(r->agent.session.r.reason, REASON_JOURNAL);
    cr_expect_not(rig_moves(r));
    r->journal = RIG_JOURNAL_NOW;
    rig_run(r, 3000, 50);
    cr_expect_eq(r->state.session.state, DSESSION_PAUSED);
    cr_expect_eq(r->state.session.reason, REASON_JOURNAL);
    cr_expect_not(rig_moves(r));
    rig_command(r, COMMAND_RESUME, ONE);
    rig_run(r, 3000, 50);
    cr_expect(rig_moves(r));
}

Test(agent, a_stop_acts_at_once_and_is_told_when_the_journal_has_it) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 4000, 50);
    cr_assert(rig_moves(r));
    r->journal = RIG_JOURNAL_HELD;
    rig_command(r, COMMAND_STOP, ONE);
    cr_expect_eq(r->agent.outputs.heater_permille, 0);
    rig_run(r, EXECUTOR_SOFT_STOP_MS + 100, 50);
    cr_expect_not(rig_moves(r));
    rig_send(r); /* a copy of it */
    cr_expect_null(rig_ack(r));
    rig_journal(r, true);
    if (r->write) rig_journal(r, true);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    cr_expect_eq(r->disk.session.phase, PHASE_STOPPED);
    cr_expect_eq(r->disk.session.rinse, p->rinse);
}

Test(agent, interlocks_act_while_a_write_is_on_its_way) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 4000, 50);
    r->journal = RIG_JOURNAL_HELD;
    rig_command(r, COMMAND_PAUSE, ONE);
    r->board.ops->buttons->emergency_stop(r->board.self, true);
    rig_tick(r, 50);
    cr_expect_eq(r->agent.session.r.phase, PHASE_ABORTED);
    struct sim_truth t = sim_board_truth(r->board);
    cr_expect_eq(t.outputs.level[r->model.n_actuators - 1][0], 0);
    rig_journal(r, true);
    r->journal = RIG_JOURNAL_NOW;
    if (r->write) rig_journal(r, true);
    rig_run(r, 200, 50);
    cr_expect_eq(rig_ack(r)->state, ACK_FAILED);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED);
    cr_expect_eq(r->state.session.reason, REASON_EMERGENCY_STOP);
    cr_expect_eq(r->state.mode, MODE_FAULT);
}

Test(agent, a_start_that_an_interlock_overtakes_does_not_move) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    r->journal = RIG_JOURNAL_HELD;
    rig_start(r, ONE, p);
    r->board.ops->buttons->emergency_stop(r->board.self, true);
    rig_tick(r, 50);
    rig_journal(r, true);
    r->journal = RIG_JOURNAL_NOW;
    if (r->write) rig_journal(r, true);
    rig_run(r, 500, 50);
    cr_expect_not(rig_moves(r));
    cr_expect_eq(rig_ack(r)->state, ACK_FAILED);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED);
}

Test(agent, a_session_that_ended_before_the_journal_answered_stays_ended) {
    static const enum command_type types[] = {COMMAND_PAUSE, COMMAND_RESUME, COMMAND_ADJUST};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        auto_rig struct rig *r = rig_new("spa-pro", 1);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        massage(r, p);
        rig_connect(r);
        rig_start(r, ONE, p);
        rig_run(r, 3000, 50);
        if (types[i] == COMMAND_RESUME) rig_command(r, COMMAND_PAUSE, ONE);
        rig_run(r, 3000, 50);
        r->journal = RIG_JOURNAL_HELD;
        rig_prepare(r, types[i], ONE);
        r->command.has_intensity = true;
        r->command.intensity = 70;
        rig_send(r);
        r->board.ops->buttons->local_stop(r->board.self);
        rig_run(r, 500, 50);
        rig_journal(r, true);
        r->journal = RIG_JOURNAL_NOW;
        if (r->write) rig_journal(r, true);
        cr_expect_eq(r->agent.session.r.phase, PHASE_STOPPED, "%s", command_type_names[types[i]]);
        rig_run(r, 2000, 50);
        cr_expect_not(rig_moves(r));
        cr_expect_eq(r->state.session.state, DSESSION_STOPPED);
        cr_expect_eq(r->disk.session.phase, PHASE_STOPPED);
        if (types[i] != COMMAND_ADJUST) cr_expect_eq(rig_ack(r)->code, ACKCODE_SUPERSEDED);
    }
}

Test(agent, a_session_after_one_that_ran_out_of_time_has_all_of_its_own) {
    auto_rig struct rig *r = rig_new("bath-basic", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    fixture_step(p, STEP_GUIDE, 0, 0);
    p->total_max_ms = 20000;
    rig_connect(r);
    rig_start(r, ONE, p);
    for (int i = 0; i < 1000 && session_is_live(r->agent.session.r.phase); i++) rig_tick(r, 50);
    cr_expect_eq(r->state.session.state, DSESSION_ABORTED);
    cr_expect_eq(r->state.session.reason, REASON_MAX_TIME);
    rig_start(r, fixture_id(2), p); /* before the next tick */
    rig_run(r, 1000, 50);
    cr_expect_eq(r->state.session.state, DSESSION_WAITING);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
}

Test(agent, the_local_stop_wins) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 4000, 50);
    r->board.ops->buttons->local_stop(r->board.self);
    rig_tick(r, 50);
    cr_expect_not(rig_moves(r));
    cr_expect_eq(r->state.session.state, DSESSION_STOPPED);
    cr_expect_eq(r->state.session.reason, REASON_LOCAL_STOP);
    cr_expect_eq(r->state.mode, MODE_IDLE, "a person's wish is no fault");
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_STATE);
}

Test(agent, a_fault_pauses_until_it_is_gone_and_somebody_resumes) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 10000, 50);
    sim_board_inject(r->board, SIM_FAULT_LEVEL_LOW, 1);
    rig_until(r, PHASE_PAUSED, 5000);
    cr_expect_not(rig_moves(r));
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    sim_board_heal(r->board);
    rig_run(r, 30000, 50);
    cr_expect_not(rig_moves(r), "nothing goes on by itself");
    cr_expect_eq(r->state.session.reason, REASON_LEVEL_LOW);
    cr_expect_eq(r->state.n_faults, 0);
    rig_command(r, COMMAND_RESUME, ONE);
    rig_run(r, 3000, 50);
    cr_expect(rig_moves(r));
    cr_expect_eq(r->state.session.state, DSESSION_RUNNING);
}

Test(agent, a_dead_heater_is_found_out) {
    auto_rig struct rig *r = rig_new("bath-basic", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    fixture_step(p, STEP_HEAT, 900000, 38000);
    rig_connect(r);
    rig_start(r, ONE, p);
    sim_board_inject(r->board, SIM_FAULT_HEATER_DEAD, 1);
    rig_until(r, PHASE_PAUSED, 200000);
    cr_expect_eq(r->agent.session.r.reason, REASON_HEATING_FAILED);
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    rig_command(r, COMMAND_STOP, ONE);
    rig_run(r, 3000, 50);
    cr_expect_eq(r->state.n_faults, 0, "the end of the session clears it");
}

Test(agent, a_sensor_that_sticks_below_its_target_is_found_out_before_it_gets_hot) {
    auto_rig struct rig *r = rig_new("bath-basic", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    fixture_step(p, STEP_RUN, 1700000, 36000);
    rig_connect(r);
    rig_start(r, ONE, p);
    while (r->agent.verdict.water_mdegc < 35700) rig_tick(r, 50);
    sim_board_inject(r->board, SIM_FAULT_SENSOR_STUCK, 1);
    rig_until(r, PHASE_PAUSED, 400000);
    cr_expect_eq(r->agent.session.r.reason, REASON_SENSOR_STUCK);
    cr_expect_lt(sim_board_truth(r->board).water_mdegc, 38500);
}

Test(agent, a_held_motor_and_one_that_runs_on_end_the_session) {
    static const enum sim_fault faults[] = {SIM_FAULT_MOTOR_STALLED, SIM_FAULT_MOTOR_RUNS_ON};
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        auto_rig struct rig *r = rig_new("spa-pro", 1);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        fixture_program(p, &r->model);
        fixture_set(fixture_step(p, STEP_RUN, 900000, 0), 2, 60, 0);
        rig_connect(r);
        rig_start(r, ONE, p);
        rig_run(r, 5000, 20);
        cr_assert_eq(r->agent.session.r.phase, PHASE_RUNNING);
        sim_board_inject(r->board, faults[i], i == 0 ? 1 << 2 : 1 << 5);
        rig_until(r, PHASE_ABORTED, 2000);
        cr_expect(r->agent.session.r.reason == REASON_MOTOR_FAULT ||
                      r->agent.session.r.reason == REASON_OVER_CURRENT,
                  "%s", reason_names[r->agent.session.r.reason]);
    }
}

Test(agent, a_relay_that_is_welded_is_found_out_before_the_water_is_hot) {
    auto_rig struct rig *r = rig_new("bath-basic", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    fixture_step(p, STEP_RUN, 1700000, 34000);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 20000, 50);
    sim_board_inject(r->board, SIM_FAULT_HEATER_STUCK_ON, 1);
    rig_until(r, PHASE_ABORTED, 400000);
    cr_expect_eq(r->agent.session.r.reason, REASON_HEATING_RUNAWAY);
    cr_expect_lt(sim_board_truth(r->board).water_mdegc, 36500);
}

Test(agent, an_open_lid_is_no_fault_between_guests_and_a_session_does_not_move_a_motor_in_it) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &r->model);
    fixture_set(fixture_step(p, STEP_RUN, 60000, 0), 2, 60, 0);
    rig_connect(r);
    sim_board_inject(r->board, SIM_FAULT_LID_OPEN, 1);
    rig_run(r, 6000, 20);
    cr_expect_eq(r->state.n_faults, 0);
    rig_start(r, ONE, p);
    for (int i = 0; i < 10; i++) {
        rig_tick(r, 20);
        cr_expect_not(rig_moves(r));
    }
    cr_expect_eq(r->agent.session.r.phase, PHASE_PAUSED);
    cr_expect_eq(r->agent.session.r.reason, REASON_LID_OPEN);
}

static bool vibrates(const struct rig *r) { return sim_board_truth(r->board).outputs.level[1][0] > 0; }

/* bath-basic without current measurement or water in the tub: no sensor has anything to do with it. */
Test(agent, a_board_that_cannot_drive_pauses_even_a_dry_unit_and_refuses_another_session) {
    auto_rig struct rig *r = rig_new("bath-basic", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    r->model.tub_ml = 0;
    for (int i = 0; i < r->model.n_actuators; i++) r->model.actuators[i].current_max_ma = 0;
    fixture_program(p, &r->model);
    fixture_set(fixture_step(p, STEP_RUN, 60000, 0), 1, 40, 0);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 3000, 20);
    cr_assert(vibrates(r));
    sim_board_inject(r->board, SIM_FAULT_APPLY_FAILS, 1);
    rig_run(r, 40, 20);
    cr_expect_eq(r->agent.session.r.phase, PHASE_PAUSED);
    cr_expect_eq(r->agent.session.r.reason, REASON_BOARD_FAILED);
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    sim_board_inject(r->board, SIM_FAULT_APPLY_FAILS, 0);
    rig_run(r, 3000, 20);
    cr_expect_not(vibrates(r), "it waits to be told");
    rig_command(r, COMMAND_RESUME, ONE);
    rig_run(r, 3000, 20);
    cr_expect(vibrates(r));
}

Test(agent, a_loop_that_stands_still_pauses_the_session_and_one_that_is_a_little_late_does_not) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_routine(p, &r->model);
    agent_watch_loop(&r->agent, 20);
    rig_connect(r);
    rig_start(r, ONE, p);
    for (int i = 0; i < 500; i++) rig_tick(r, i % 25 ? 20 : 120);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
    rig_tick(r, 1200);
    cr_expect_eq(r->agent.session.r.phase, PHASE_PAUSED);
    cr_expect_eq(r->agent.session.r.reason, REASON_LOOP_OVERRUN);
    cr_expect_not(rig_moves(r));
    rig_run(r, 6000, 20);
    rig_command(r, COMMAND_RESUME, ONE);
    rig_run(r, 3000, 20);
    cr_expect(rig_moves(r), "and it goes on when told to");
}

/* ---- what it says ---- */

Test(agent, each_connection_has_an_epoch_that_the_journal_has_before_hello) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    rig_tick(r, 50);
    for (int64_t epoch = 1; epoch <= 3; epoch++) {
        int hellos = r->n_hellos;
        r->journal = RIG_JOURNAL_HELD;
        cr_expect_eq(agent_next_epoch(&r->agent), epoch);
        rig_event(r, &(struct agent_event){.type = EVENT_CONNECTED});
        rig_run(r, 500, 50);
        cr_expect_eq(r->n_hellos, hellos);
        cr_assert(r->write);
        rig_journal(r, true);
        cr_expect_eq(r->n_hellos, hellos + 1);
        cr_expect_eq(r->state.epoch, epoch);
        cr_expect_eq(r->disk.ledger.epoch, epoch);
        rig_event(r, &(struct agent_event){.type = EVENT_DISCONNECTED});
        if (r->write) rig_journal(r, true);
        rig_run(r, 20000, 50);
        cr_expect_eq(r->n_hellos, hellos + 1, "not while it is offline");
    }
}

Test(agent, a_connection_that_went_before_its_write_takes_its_epoch_with_it) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    rig_tick(r, 50);
    r->journal = RIG_JOURNAL_HELD;
    rig_event(r, &(struct agent_event){.type = EVENT_CONNECTED});
    rig_event(r, &(struct agent_event){.type = EVENT_DISCONNECTED});
    cr_expect_eq(agent_next_epoch(&r->agent), 2);
    rig_event(r, &(struct agent_event){.type = EVENT_CONNECTED});
    rig_journal(r, true);
    cr_expect_eq(r->n_hellos, 0);
    rig_journal(r, true);
    cr_expect_eq(r->n_hellos, 1);
    cr_expect_eq(r->state.epoch, 2);
}

Test(agent, it_tells_every_change_and_a_heartbeat_at_rest) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    rig_connect(r);
    int64_t n = r->state.n;
    int states = r->n_states;
    rig_run(r, 20000, 50);
    cr_expect_eq(r->n_states - states, 4);
    cr_expect_eq(r->state.n, n + 4);
    states = r->n_states;
    r->board.ops->buttons->emergency_stop(r->board.self, true);
    rig_tick(r, 50);
    cr_expect_eq(r->n_states, states + 1);
    cr_expect_eq(r->state.mode, MODE_FAULT);
}

Test(agent, it_samples_every_second_in_a_session_and_every_ten_at_rest) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    massage(r, p);
    rig_connect(r);
    rig_run(r, 10000, 50);
    int64_t n = r->n_samples;
    rig_run(r, 60000, 50);
    cr_expect_eq(r->n_samples - n, 6);
    cr_expect_eq(r->sample.step, -1);
    rig_start(r, ONE, p);
    rig_run(r, 1000, 50);
    n = r->n_samples;
    rig_run(r, 60000, 50);
    cr_expect_eq(r->n_samples - n, 60);
    cr_expect_eq(r->sample.step, 0);
    cr_expect_eq(r->sample.target_mdegc, 35000);
    n = r->n_samples;
    rig_run(r, 60000, 1000);
    cr_expect_eq(r->n_samples - n, 60);
}

Test(agent, a_whole_routine_runs_to_its_end_and_wants_a_rinse) {
    static const char *const models[] = {"spa-pro", "bath-basic"};
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        auto_rig struct rig *r = rig_new(models[i], 1);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        fixture_routine(p, &r->model);
        rig_connect(r);
        rig_start(r, ONE, p);
        rig_until(r, PHASE_WAITING, 180000);
        cr_expect_eq(r->state.session.state, DSESSION_WAITING);
        cr_expect_eq(r->state.session.step, 2);
        rig_prepare(r, COMMAND_CONFIRM, ONE);
        r->command.has_step = true;
        r->command.step = 2;
        rig_send(r);
        cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
        rig_until(r, PHASE_COMPLETED, 40000);
        cr_expect_eq(r->state.session.state, DSESSION_COMPLETED);
        cr_expect_eq(r->state.session.reason, REASON_NONE);
        cr_expect(r->state.rinse);
        cr_expect_gt(r->state.session.ended_at, r->state.session.started_at);
        cr_expect_eq(r->state.mode, MODE_IDLE);
        cr_expect_not(rig_moves(r));
    }
}
