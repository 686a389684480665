/* What becomes of a command: every type in every state of the session, and the rules before that. */
#include <criterion/criterion.h>
#include <string.h>

#include "agent_fixture.h"

#define ONE fixture_id(1)
#define OTHER fixture_id(2)

/* ---- the table ---- */

static const char judged[] =
    "SPRXACT=bnw"; /* S..T: acts; =: there already; refused: busy, no session, wrong state */

/* In the order start pause resume stop adjust confirm self_test. */
static const struct {
    enum session_phase phase;
    const char *effects;
} table[] = {
    {PHASE_NONE, "SnnnnnT"},     {PHASE_STARTING, "bP=XAwb"},  {PHASE_RUNNING, "bP=XAwb"},
    {PHASE_WAITING, "bP=XACb"},  {PHASE_PAUSING, "bPRXAwb"},   {PHASE_PAUSED, "b=RXAwb"},
    {PHASE_STOPPING, "bwwXwwb"}, {PHASE_COMPLETED, "Sww=wwT"}, {PHASE_STOPPED, "Sww=wwT"},
    {PHASE_ABORTED, "Sww=wwT"},
};

static char letter(const struct ledger_judgement *j) {
    static const char effects[] = {
        [LEDGER_DONE] = '=', [LEDGER_START] = 'S',  [LEDGER_PAUSE] = 'P',   [LEDGER_RESUME] = 'R',
        [LEDGER_STOP] = 'X', [LEDGER_ADJUST] = 'A', [LEDGER_CONFIRM] = 'C', [LEDGER_SELF_TEST] = 'T'};
    if (j->effect != LEDGER_REJECT) return effects[j->effect];
    return j->code == ACKCODE_BUSY          ? 'b'
           : j->code == ACKCODE_NO_SESSION  ? 'n'
           : j->code == ACKCODE_WRONG_STATE ? 'w'
                                            : '?';
}

Test(ledger, every_command_in_every_phase_is_judged_as_the_table_says) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    auto_free struct ledger *l = xcalloc(1, sizeof *l);
    struct session s;
    fixture_routine(p, &r->model);
    cr_assert_eq(COUNT_OF(table), PHASE_COUNT);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        for (int type = 0; type < COMMAND_TYPE_COUNT; type++) {
            session_begin(&s, &(struct uuid){0}, p, &r->model, 1);
            s.r.phase = table[i].phase;
            if (s.r.phase != PHASE_NONE) s.r.id = ONE;
            struct ledger_view view = {
                .session = &s.r, .executor = &s.executor, .program = p, .model = &r->model};
            rig_prepare(r, type, type == COMMAND_START || type == COMMAND_SELF_TEST ? OTHER : ONE);
            r->command.epoch = 0;
            r->command.expires_at = 0;
            r->command.has_program = r->command.has_intensity = r->command.has_step = true;
            r->command.program = *p;
            struct ledger_judgement j = ledger_judge(l, &view, &r->command);
            cr_expect_eq(letter(&j), table[i].effects[type], "%s in phase %d: %c", command_type_names[type],
                         table[i].phase, letter(&j));
            cr_expect(strchr(judged, letter(&j)));
        }
}

/* ---- the same on a device: the answer, and where the session is after it ---- */

static void reach(struct rig *r, enum session_phase phase, struct program *p) {
    bool guided = phase == PHASE_WAITING, brief = phase == PHASE_COMPLETED;
    fixture_program(p, &r->model);
    if (guided) fixture_step(p, STEP_GUIDE, 0, 35000);
    fixture_set(fixture_step(p, STEP_RUN, brief ? 2000 : 600000, 35000), 2, 60, 0);
    rig_connect(r);
    if (phase == PHASE_NONE) return;
    rig_start(r, ONE, p);
    rig_run(r, 4000, 50);
    if (phase == PHASE_PAUSING || phase == PHASE_PAUSED) rig_command(r, COMMAND_PAUSE, ONE);
    if (phase == PHASE_STOPPING || phase == PHASE_STOPPED) rig_command(r, COMMAND_STOP, ONE);
    if (phase == PHASE_PAUSED || phase == PHASE_STOPPED) rig_run(r, 2000, 50);
    if (phase == PHASE_ABORTED) {
        r->board.ops->buttons->emergency_stop(r->board.self, true);
        rig_run(r, 200, 50);
        r->board.ops->buttons->emergency_stop(r->board.self, false);
        rig_run(r, 2000, 50);
    }
    cr_assert_eq(r->agent.session.r.phase, (int32_t)phase, "%d, not %d", r->agent.session.r.phase, phase);
}

enum {
    N = PHASE_NONE,
    R = PHASE_RUNNING,
    W = PHASE_WAITING,
    P = PHASE_PAUSED,
    C = PHASE_COMPLETED,
    S = PHASE_STOPPED,
    X = PHASE_ABORTED
};
static const struct {
    enum session_phase phase;
    const char *codes; /* k: succeeded; b n w: refused as above */
    int after[COMMAND_SELF_TEST];
} outcomes[] = {
    {PHASE_NONE, "knnnnn", {R, N, N, N, N, N}},      {PHASE_RUNNING, "bkkkkw", {R, P, R, S, R, R}},
    {PHASE_WAITING, "bkkkkk", {W, P, W, S, W, R}},   {PHASE_PAUSING, "bkkkkw", {P, P, R, S, P, P}},
    {PHASE_PAUSED, "bkkkkw", {P, P, R, S, P, P}},    {PHASE_STOPPING, "bwwkww", {S, S, S, S, S, S}},
    {PHASE_COMPLETED, "kwwkww", {R, C, C, C, C, C}}, {PHASE_STOPPED, "kwwkww", {R, S, S, S, S, S}},
    {PHASE_ABORTED, "kwwkww", {R, X, X, X, X, X}},
};

static int32_t code_of(char c) {
    return c == 'k'   ? ACKCODE_OK
           : c == 'b' ? ACKCODE_BUSY
           : c == 'n' ? ACKCODE_NO_SESSION
                      : ACKCODE_WRONG_STATE;
}

/* A self-test takes its time: self_test_test.c. */
Test(ledger, every_command_is_answered_once_it_has_its_effect) {
    auto_free struct program *p = xcalloc(1, sizeof *p);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++)
        for (int type = 0; type < COMMAND_SELF_TEST; type++) {
            auto_rig struct rig *r = rig_new("spa-pro", i);
            reach(r, outcomes[i].phase, p);
            rig_prepare(r, type, type == COMMAND_START ? OTHER : ONE);
            r->command.has_step = r->command.has_intensity = true;
            r->command.intensity = 50;
            r->command.has_program = type == COMMAND_START;
            r->command.program = *p;
            rig_send(r);
            const struct message_answer *ack = rig_ack(r);
            cr_assert(ack, "%s in %d: no answer", command_type_names[type], outcomes[i].phase);
            bool ok = outcomes[i].codes[type] == 'k';
            if (!ok) cr_expect_eq(ack->state, ACK_REJECTED);
            rig_run(r, 1900, 50); /* shorter than the brief program */
            ack = rig_ack(r);
            cr_expect_eq(ack->code, code_of(outcomes[i].codes[type]), "%s in %d: %s",
                         command_type_names[type], outcomes[i].phase, ack_code_names[ack->code]);
            cr_expect_eq(ack->state, ok ? ACK_SUCCEEDED : ACK_REJECTED, "%s in %d: %s",
                         command_type_names[type], outcomes[i].phase, ack_state_names[ack->state]);
            cr_expect_eq(r->agent.session.r.phase, outcomes[i].after[type], "%s in %d: now %d",
                         command_type_names[type], outcomes[i].phase, r->agent.session.r.phase);
            if (!ok) cr_expect_eq(rig_count_acks(r, &r->command.id), 1);
            cr_expect_eq(r->state.session.state, (int32_t)session_public_state(r->agent.session.r.phase));
        }
}

/* ---- rules ---- */

static enum ack_code answer(struct rig *r) {
    rig_send(r);
    const struct message_answer *ack = rig_ack(r);
    cr_assert(ack);
    if (ack->code != ACKCODE_OK) cr_expect(ack->state == ACK_REJECTED || ack->state == ACK_EXPIRED);
    return (enum ack_code)ack->code;
}

struct running {
    struct rig *rig;
    struct program *program;
};

static struct running running(void) {
    struct running t = {rig_new("spa-pro", 1), xcalloc(1, sizeof *t.program)};
    reach(t.rig, PHASE_RUNNING, t.program);
    return t;
}

static void running_done(struct running *t) {
    rig_free(t->rig);
    free(t->program);
}
#define auto_running auto_call(running_done)

Test(ledger, a_known_id_gets_its_stored_answer_and_nothing_acts) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    struct message_command *start = xcalloc(1, sizeof *start);
    rig_prepare(r, COMMAND_PAUSE, ONE);
    *start = r->command;
    rig_send(r);
    rig_until(r, PHASE_PAUSED, 3000);
    rig_command(r, COMMAND_RESUME, ONE);
    rig_until(r, PHASE_RUNNING, 3000);
    rig_run(r, 2000, 50);
    int writes = r->n_writes, acks = rig_count_acks(r, &start->id);
    for (int again = 1; again <= 3; again++) {
        r->command = *start;
        r->command.epoch += again; /* whatever else it says now */
        r->command.type = COMMAND_STOP;
        rig_send(r);
        cr_expect_eq(rig_count_acks(r, &start->id), acks + again);
        cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
        cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
    }
    cr_expect_eq(r->n_writes, writes);
    free(start);
}

Test(ledger, a_copy_from_another_connection_is_refused_and_the_one_of_this_is_judged_anew) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    int64_t last_seq = r->disk.ledger.last_seq;
    rig_prepare(r, COMMAND_PAUSE, ONE);
    r->command.epoch--;
    cr_expect_eq(answer(r), ACKCODE_STALE_EPOCH);
    cr_expect_eq(answer(r), ACKCODE_STALE_EPOCH);
    rig_run(r, 3000, 50);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
    cr_expect_eq(r->disk.ledger.last_seq, last_seq, "its number is still to come");
    r->command.epoch++;
    cr_expect_eq(answer(r), ACKCODE_OK);
    rig_until(r, PHASE_PAUSED, 3000);
}

Test(ledger, an_old_number_and_a_late_command_are_refused_and_remembered) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_PAUSE, ONE);
    r->command.seq = r->agent.ledger.last_seq;
    cr_expect_eq(answer(r), ACKCODE_OLD_SEQUENCE);
    r->command.seq += 5;
    cr_expect_eq(answer(r), ACKCODE_OLD_SEQUENCE, "the same id, the same answer");
    rig_prepare(r, COMMAND_PAUSE, ONE);
    r->command.expires_at = uplink_server_ms(&r->agent.uplink, &r->now) - 1;
    cr_expect_eq(answer(r), ACKCODE_EXPIRED);
    cr_expect_eq(rig_ack(r)->state, ACK_EXPIRED);
    cr_expect_eq(r->disk.ledger.last_seq, r->command.seq, "its number counts");
    r->command.expires_at += 60000;
    cr_expect_eq(answer(r), ACKCODE_EXPIRED, "the same id, the same answer");
    rig_run(r, 3000, 50);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
}

Test(ledger, expiry_goes_by_the_servers_clock_and_not_by_the_local_one) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_PAUSE, ONE);
    r->now.wall_ms += 86400000; /* somebody set the clock */
    cr_expect_eq(answer(r), ACKCODE_OK);
    rig_prepare(r, COMMAND_RESUME, ONE);
    r->command.expires_at = uplink_server_ms(&r->agent.uplink, &r->now) + 5;
    r->now.wall_ms -= 10 * 86400000LL;
    r->now.mono_ms += 10;
    cr_expect_eq(answer(r), ACKCODE_EXPIRED);
}

Test(ledger, a_stop_is_right_whenever_it_comes) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_STOP, ONE);
    r->command.epoch = 999;
    r->command.seq = 1;
    r->command.expires_at = 1;
    cr_expect_eq(answer(r), ACKCODE_OK);
    rig_until(r, PHASE_STOPPED, 3000);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    rig_command(r, COMMAND_STOP, ONE);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED, "it is not live: that is what was wanted");
}

Test(ledger, a_command_for_another_session_does_nothing) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    for (int type = COMMAND_PAUSE; type < COMMAND_SELF_TEST; type++) {
        rig_prepare(r, type, OTHER);
        cr_expect_eq(answer(r), ACKCODE_WRONG_SESSION, "%s", command_type_names[type]);
    }
    rig_command(r, COMMAND_STOP, ONE);
    rig_until(r, PHASE_STOPPED, 3000);
    rig_start(r, OTHER, t.program);
    rig_run(r, 1000, 50);
    rig_prepare(r, COMMAND_STOP, ONE);
    cr_expect_eq(answer(r), ACKCODE_OK, "an earlier session is not live");
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
}

Test(ledger, a_session_that_ended_never_runs_again) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_command(r, COMMAND_STOP, ONE);
    rig_until(r, PHASE_STOPPED, 3000);
    rig_start(r, ONE, t.program);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_STATE);
    rig_start(r, OTHER, t.program);
    rig_command(r, COMMAND_STOP, OTHER);
    rig_until(r, PHASE_STOPPED, 3000);
    rig_power_loss(r, 5000);
    rig_connect(r);
    rig_start(r, ONE, t.program);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_STATE);
    rig_run(r, 2000, 50);
    cr_expect_not(rig_moves(r));
}

Test(ledger, a_start_is_checked_against_the_model_and_the_faults) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    reach(r, PHASE_NONE, p);
    rig_prepare(r, COMMAND_START, ONE);
    cr_expect_eq(answer(r), ACKCODE_BAD_MESSAGE, "no program");

    strcpy(p->model, "bath-basic");
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_MODEL);
    fixture_routine(p, &r->model);
    p->model_version++;
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_WRONG_MODEL);

    fixture_routine(p, &r->model);
    p->water_max_mdegc = r->model.water_max_mdegc + 1;
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BAD_PROGRAM);
    fixture_routine(p, &r->model);
    p->steps[1].sets[0].channel = 0;
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BAD_PROGRAM);

    sim_board_inject(r->board, SIM_FAULT_SENSOR_MISSING, 1);
    rig_run(r, 200, 50);
    fixture_routine(p, &r->model);
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    cr_expect(strstr(rig_ack(r)->detail, "sensor_stale"), "%s", rig_ack(r)->detail);
    cr_expect_not(rig_moves(r));
    sim_board_heal(r->board);
    rig_run(r, 3000, 50);
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->state, ACK_SUCCEEDED, "a start that was refused began no session");
}

Test(ledger, what_a_program_bars_is_neither_started_nor_adjusted_to) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    reach(r, PHASE_NONE, p);
    for (int ch = 1; ch < r->model.n_actuators; ch++) {
        fixture_routine(p, &r->model); /* which uses all of them */
        p->n_barred = 1;
        p->barred[0] = r->model.actuators[ch].kind;
        rig_start(r, ONE, p);
        cr_expect_eq(rig_ack(r)->code, ACKCODE_BAD_PROGRAM, "channel %d", ch);
    }
    fixture_routine(p, &r->model);
    p->n_barred = 1;
    p->barred[0] = ACTUATOR_HEATER;
    rig_start(r, ONE, p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BAD_PROGRAM, "it warms");
    p->water_max_mdegc = 0;
    p->n_steps = 1;
    p->steps[0] = (struct program_step){.kind = STEP_REST, .ms = 60000};
    rig_start(r, ONE, p);
    cr_assert_eq(rig_ack(r)->state, ACK_SUCCEEDED);
    rig_prepare(r, COMMAND_ADJUST, ONE);
    r->command.has_water = true;
    r->command.water_mdegc = 30000;
    cr_expect_eq(answer(r), ACKCODE_OVER_LIMIT, "nor can it be made to");
}

Test(ledger, adjust_and_confirm_are_checked_against_the_session) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_ADJUST, ONE);
    cr_expect_eq(answer(r), ACKCODE_BAD_MESSAGE);
    rig_prepare(r, COMMAND_ADJUST, ONE);
    r->command.has_water = true;
    r->command.water_mdegc = t.program->water_max_mdegc + 1;
    cr_expect_eq(answer(r), ACKCODE_OVER_LIMIT);
    rig_prepare(r, COMMAND_ADJUST, ONE);
    r->command.has_water = r->command.has_intensity = true;
    r->command.water_mdegc = 36000;
    r->command.intensity = 40;
    cr_expect_eq(answer(r), ACKCODE_OK);
    rig_run(r, 4000, 50);
    cr_expect_eq(r->state.session.target_mdegc, 36000);
    cr_expect_eq(r->state.session.intensity, 40);
    cr_expect_eq(r->agent.outputs.level[2][0], 24);

    auto_rig struct rig *w = rig_new("bath-basic", 2);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_program(p, &w->model);
    fixture_step(p, STEP_GUIDE, 0, 0);
    fixture_step(p, STEP_GUIDE, 0, 0);
    rig_connect(w);
    rig_start(w, ONE, p);
    rig_prepare(w, COMMAND_CONFIRM, ONE);
    cr_expect_eq(answer(w), ACKCODE_BAD_MESSAGE);
    rig_prepare(w, COMMAND_CONFIRM, ONE);
    w->command.has_step = true;
    w->command.step = 1;
    cr_expect_eq(answer(w), ACKCODE_WRONG_STEP);
    rig_prepare(w, COMMAND_CONFIRM, ONE);
    w->command.has_step = true;
    cr_expect_eq(answer(w), ACKCODE_OK);
    cr_expect_eq(w->agent.session.executor.step, 1);
}

Test(ledger, a_message_that_could_not_be_read_is_refused_by_its_number) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_START, (struct uuid){0});
    rig_event(r, &(struct agent_event){.type = EVENT_COMMAND, .command = &r->command, .bad_message = true});
    cr_expect_eq(rig_ack(r)->code, ACKCODE_BAD_MESSAGE);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
}

Test(ledger, the_number_in_a_message_that_could_not_be_read_does_not_put_later_commands_in_the_past) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_START, (struct uuid){0});
    r->command.seq = PROTO_COUNT_MAX;
    rig_event(r, &(struct agent_event){.type = EVENT_COMMAND, .command = &r->command, .bad_message = true});
    rig_command(r, COMMAND_PAUSE, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_OK);
    rig_run(r, 3000, 50);
    rig_power_loss(r, 1000);
    rig_connect(r);
    rig_command(r, COMMAND_RESUME, ONE);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_OK, "nor after a restart");
}

Test(ledger, a_copy_from_the_last_connection_is_refused_before_this_one_has_its_epoch) {
    auto_running struct running t = running();
    struct rig *r = t.rig;
    rig_prepare(r, COMMAND_PAUSE, ONE);
    rig_event(r, &(struct agent_event){.type = EVENT_DISCONNECTED});
    r->journal = RIG_JOURNAL_HELD;
    rig_event(r, &(struct agent_event){.type = EVENT_CONNECTED});
    rig_send(r);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
    cr_expect_not(r->agent.plan.active);
    rig_journal(r, true);
    r->journal = RIG_JOURNAL_NOW;
    rig_run(r, 3000, 50);
    cr_expect_eq(r->agent.session.r.phase, PHASE_RUNNING);
    r->command.epoch = r->agent.ledger.epoch;
    rig_send(r);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_OK, "the copy for this connection is judged anew");
}

Test(ledger, it_remembers_as_many_answers_as_it_has_room_for) {
    auto_free struct ledger *l = xcalloc(1, sizeof *l);
    for (uint32_t i = 1; i <= 3 * LEDGER_SIZE; i++) {
        struct ledger_entry e = {
            .command_id = fixture_id(i), .seq = i, .state = ACK_SUCCEEDED, .type = COMMAND_PAUSE};
        cr_assert(ledger_put(l, &e));
        cr_assert(ledger_is_dirty(l, ledger_find(l, &e.command_id)));
        ledger_durable(l, &e);
    }
    cr_expect_eq(l->n_pending, 0);
    cr_expect_null(ledger_find(l, &(struct uuid){0}));
    for (uint32_t i = 1; i <= 3 * LEDGER_SIZE; i++) {
        struct uuid id = fixture_id(i);
        cr_expect_eq(ledger_find(l, &id) != NULL, i > 2 * LEDGER_SIZE, "%u", i);
    }
}
