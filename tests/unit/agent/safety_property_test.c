/* Whatever sensors, guests, staff and the power do: every output that the board ever gets is judged
 * here by rules of their own, written down once more and not taken from the core. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent_fixture.h"

#define MINUTES 30
#define DT_MS 100

/* xorshift: the test's own dice. */
static uint32_t roll(uint64_t *seed, uint32_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)((*seed >> 11) % below);
}

static void judge_heater(const struct rig *r) {
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int i = 0; i < r->model.water_sensors; i++) {
        const struct reading *w = &r->readings.water_mdegc[i];
        cr_assert(w->present && r->now.control_ms - w->at_ms <= 1000, "heat without a fresh sensor");
        cr_assert(w->value >= 0 && w->value <= 60000, "heat with an implausible sensor");
        if (w->value < low) low = w->value;
        if (w->value > high) high = w->value;
    }
    cr_assert_leq(high - low, 2000, "heat with sensors that disagree");
    cr_assert_lt(high, r->model.water_max_mdegc, "heat above the limit");
    const struct reading *level = &r->readings.level_permille;
    cr_assert(level->present && r->now.control_ms - level->at_ms <= 1000, "heat without a level");
    cr_assert(level->value >= r->model.level_min_permille, "heat below the level");
    for (int i = 0; i < CONTACT_COUNT; i++)
        cr_assert(r->readings.contact[i].present && r->readings.contact[i].value == 0, "heat with contact %d",
                  i);
    cr_assert(!r->readings.emergency_stop, "heat in an emergency stop");
}

static void judge(const struct rig *r) {
    const struct outputs *o = &r->agent.outputs;
    bool tested = r->agent.test.active, live = tested || session_is_live(r->agent.session.r.phase),
         any = false;
    int cells = 0;
    cr_assert(o->heater_permille >= 0 && o->heater_permille <= 1000);
    if (o->heater_permille > 0) judge_heater(r);
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++)
        for (int c = 0; c < PROTO_CELLS_MAX; c++) {
            int level = o->level[i][c];
            if (level == 0) continue;
            any = true;
            cells++;
            cr_assert(!tested || level <= 30, "a self-test goes gently");
            cr_assert(i < r->model.n_actuators && c < r->model.actuators[i].cells);
            cr_assert_neq(r->model.actuators[i].kind, ACTUATOR_HEATER);
            cr_assert_leq(level, r->model.actuators[i].level_max);
            if (!tested) cr_assert_leq(level, r->agent.program.intensity_max);
            bool wet = r->readings.level_permille.value >= r->model.level_min_permille;
            if (r->model.actuators[i].kind == ACTUATOR_JETS) cr_assert(wet, "jets run dry");
        }
    if (tested) cr_assert_leq(cells + (o->heater_permille > 0), 1, "a self-test drives one thing at a time");
    if (any || o->heater_permille > 0) {
        cr_assert(live, "something runs without a session");
        cr_assert(!r->readings.emergency_stop);
    }
}

static void random_program(struct program *p, const struct model *m, uint64_t *dice) {
    struct field_errors errors = {0};
    fixture_program(p, m);
    p->intensity_max = 40 + (int32_t)roll(dice, 61);
    p->total_max_ms = 600000;
    fixture_step(p, STEP_HEAT, 60000, 34000 + (int32_t)roll(dice, 5000));
    for (uint32_t n = 2 + roll(dice, 8); n > 0; n--) {
        struct program_step *s = fixture_step(p, STEP_RUN, 5000 + (int32_t)roll(dice, 40000),
                                              roll(dice, 3) ? 34000 + (int32_t)roll(dice, 6001) : 0);
        for (int i = 1; i < m->n_actuators; i++) {
            if (roll(dice, 3) == 0) continue;
            int max =
                m->actuators[i].level_max < p->intensity_max ? m->actuators[i].level_max : p->intensity_max;
            struct setpoint *set =
                fixture_set(s, i, (int)roll(dice, (uint32_t)max + 1), (int32_t)roll(dice, 5001));
            set->wave = (int8_t)roll(dice, WAVE_COUNT);
            set->direction = (int8_t)roll(dice, DIRECTION_COUNT);
            set->period_ms = set->wave == WAVE_STEADY ? 0 : 200 + (int32_t)roll(dice, 5000);
            set->duty_permille = set->wave == WAVE_PULSE ? (int16_t)(1 + roll(dice, 1000)) : 1000;
        }
    }
    if (roll(dice, 2)) fixture_step(p, STEP_GUIDE, 0, 36000);
    cr_assert(program_check(p, m, &errors), "%s %s", errors.list[0].pointer, errors.list[0].detail);
}

static void break_something(struct rig *r, uint64_t *dice) {
    static const int span[SIM_FAULT_COUNT] = {
        [SIM_FAULT_SENSOR_STUCK] = 4,       [SIM_FAULT_SENSOR_STALE] = 4,
        [SIM_FAULT_SENSOR_MISSING] = 4,     [SIM_FAULT_SENSOR_IMPLAUSIBLE] = 4,
        [SIM_FAULT_SENSOR_OFFSET_0] = 9000, [SIM_FAULT_SENSOR_OFFSET_1] = 9000,
        [SIM_FAULT_OVER_CURRENT] = 20000,   [SIM_FAULT_MOTOR_STALLED] = 64,
        [SIM_FAULT_MOTOR_RUNS_ON] = 64,     [SIM_FAULT_CONTACT_MISSING] = 16};
    enum sim_fault fault = roll(dice, SIM_FAULT_COUNT);
    int value = span[fault] ? (int)roll(dice, (uint32_t)span[fault]) : 1;
    bool offset = fault == SIM_FAULT_SENSOR_OFFSET_0 || fault == SIM_FAULT_SENSOR_OFFSET_1;
    sim_board_inject(r->board, fault, offset ? value - 4500 : value);
}

static void ask_something(struct rig *r, const struct program *p, uint32_t *session, uint64_t *dice) {
    enum command_type type = roll(dice, COMMAND_TYPE_COUNT);
    if (!agent_accepts(&r->agent)) return;
    r->n_acks = 0;
    if (type == COMMAND_START) {
        if (session_is_live(r->agent.session.r.phase) && roll(dice, 10)) return;
        rig_start(r, fixture_id(++*session), p);
        return;
    }
    if (type == COMMAND_STOP && roll(dice, 4)) return;
    if (type == COMMAND_SELF_TEST) ++*session;
    rig_prepare(r, type, fixture_id(*session));
    r->command.has_intensity = roll(dice, 2);
    r->command.intensity = (int32_t)roll(dice, 101);
    r->command.has_water = roll(dice, 2);
    r->command.water_mdegc = 30000 + (int32_t)roll(dice, 13001);
    r->command.has_step = true;
    r->command.step = r->agent.session.executor.step;
    r->command.epoch -= roll(dice, 20) == 0;
    rig_send(r);
}

static void live(struct rig *r, uint64_t *dice, int64_t *ret_moved) {
    auto_free struct program *p = xcalloc(1, sizeof *p);
    uint32_t session = 0;
    bool pressed = false;
    random_program(p, &r->model, dice);
    rig_connect(r);
    for (int i = 0; i < MINUTES * 60000 / DT_MS; i++) {
        rig_tick(r, DT_MS);
        *ret_moved += rig_moves(r);
        if (roll(dice, 200) == 0) break_something(r, dice);
        if (roll(dice, 150) == 0) sim_board_heal(r->board);
        if (roll(dice, 40) == 0) ask_something(r, p, &session, dice);
        if (roll(dice, 3000) == 0) r->board.ops->buttons->local_stop(r->board.self);
        if (roll(dice, pressed ? 50 : 3000) == 0)
            r->board.ops->buttons->emergency_stop(r->board.self, pressed = !pressed);
        if (roll(dice, 3000) == 0) r->journal = RIG_JOURNAL_FAILS;
        if (roll(dice, 100) == 0) r->journal = RIG_JOURNAL_NOW;
        if (roll(dice, 4000) == 0) {
            rig_power_loss(r, 1000 + (int32_t)roll(dice, 60000));
            rig_connect(r);
        }
        if (!session_is_live(r->agent.session.r.phase) && roll(dice, 50) == 0)
            random_program(p, &r->model, dice);
    }
}

Test(safety, no_output_ever_breaks_a_rule_whatever_happens, .timeout = 120) {
    static const char *const models[] = {"spa-pro", "bath-basic"};
    int64_t moved = 0, completed = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        uint64_t dice = seed * 0x9e3779b97f4a7c15ULL;
        auto_rig struct rig *r = rig_new(models[seed % 2], seed);
        r->check = judge;
        live(r, &dice, &moved);
        completed += r->agent.ledger.order;
    }
    cr_expect_gt(moved, 24 * MINUTES * 60000 / DT_MS / 20, "and it did run: %lld steps", (long long)moved);
    cr_expect_gt(completed, 24 * 100, "and was asked much: %lld", (long long)completed);
}

/* The true water, not what the sensors say of it: with one lying sensor of two, and with none. */
Test(safety, the_water_stays_below_the_hard_limit_with_any_one_thing_broken, .timeout = 120) {
    static const enum sim_fault faults[] = {SIM_FAULT_SENSOR_STUCK,    SIM_FAULT_SENSOR_STALE,
                                            SIM_FAULT_SENSOR_MISSING,  SIM_FAULT_SENSOR_IMPLAUSIBLE,
                                            SIM_FAULT_SENSOR_OFFSET_0, SIM_FAULT_LEVEL_LOW,
                                            SIM_FAULT_LEVEL_STALE,     SIM_FAULT_LEVEL_MISSING,
                                            SIM_FAULT_OVER_CURRENT,    SIM_FAULT_HEATER_DEAD};
    for (size_t i = 0; i < 2 * COUNT_OF(faults); i++) {
        enum sim_fault fault = faults[i / 2];
        auto_rig struct rig *r = rig_new("spa-pro", i);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        fixture_program(p, &r->model);
        fixture_step(p, STEP_RUN, 1700000, 40000);
        rig_connect(r);
        rig_start(r, fixture_id(1), p);
        rig_run(r, i % 2 ? 20000 : 400000, 100);
        sim_board_inject(r->board, fault,
                         fault == SIM_FAULT_SENSOR_OFFSET_0 ? -1900
                         : fault == SIM_FAULT_OVER_CURRENT  ? 9000
                                                            : 1);
        for (int t = 0; t < 13000; t++) {
            rig_tick(r, 100);
            cr_assert_lt(sim_board_truth(r->board).water_mdegc, INTERLOCK_WATER_MAX_MDEGC, "fault %d", fault);
        }
    }
}

/* One sensor alone, stuck at any distance below its target: nothing to compare it with but the heat. */
Test(safety, a_single_stuck_sensor_does_not_let_the_water_get_hot, .timeout = 120) {
    for (int32_t below_mdegc = 20; below_mdegc <= 420; below_mdegc += 40) {
        auto_rig struct rig *r = rig_new("bath-basic", (uint64_t)below_mdegc);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        fixture_program(p, &r->model);
        fixture_step(p, STEP_RUN, 1700000, 40000);
        rig_connect(r);
        rig_start(r, fixture_id(1), p);
        rig_run(r, 10000, 100);
        sim_board_water(r->board, 40000 - below_mdegc);
        rig_run(r, 3000, 100);
        sim_board_inject(r->board, SIM_FAULT_SENSOR_STUCK, 1);
        int32_t hottest_mdegc = 0;
        for (int t = 0; t < 16000; t++) {
            rig_tick(r, 100);
            int32_t water_mdegc = sim_board_truth(r->board).water_mdegc;
            if (water_mdegc > hottest_mdegc) hottest_mdegc = water_mdegc;
        }
        cr_expect_lt(hottest_mdegc, INTERLOCK_WATER_MAX_MDEGC, "%d below", below_mdegc);
    }
}
