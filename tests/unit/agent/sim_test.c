/* The simulated board: physics that respond, faults that show, and a normal session that has none. */
#include <criterion/criterion.h>
#include <math.h>

#include "agent_fixture.h"

struct desk {
    struct model model;
    struct board board;
    struct readings readings;
    struct outputs wanted;
    int64_t now_ms;
};

static void open_desk(struct desk *d, const char *model, uint64_t seed) {
    *d = (struct desk){.now_ms = 1000};
    fixture_model(model, &d->model);
    d->board = sim_board_new(&d->model, seed);
}

static void close_desk(struct desk *d) { d->board.ops->free(d->board.self); }

static void run(struct desk *d, int32_t ms, int32_t dt_ms) {
    for (; ms > 0; ms -= dt_ms) {
        d->now_ms += dt_ms;
        d->board.ops->sensors->read(d->board.self, d->now_ms, &d->readings);
        (void)d->board.ops->actuators->apply(d->board.self, &d->wanted);
    }
}

Test(sim, a_session_fills_the_tub_and_its_end_drains_it) {
    struct desk d;
    open_desk(&d, "spa-pro", 1);
    run(&d, 1000, 100);
    cr_expect_geq(d.readings.level_permille.value, d.model.level_min_permille + 90);
    d.wanted.session = true;
    run(&d, 5000, 100);
    cr_expect_geq(d.readings.level_permille.value, 940);
    d.wanted.session = false;
    run(&d, 60000, 100);
    cr_expect_eq(sim_board_truth(d.board).level_permille, d.model.level_min_permille + SIM_STANDBY_PERMILLE);
    close_desk(&d);
}

Test(sim, heat_warms_the_water_as_its_watts_say_whatever_the_step) {
    static const int32_t steps_ms[] = {20, 70, 250, 1000};
    int32_t first = 0;
    for (size_t i = 0; i < COUNT_OF(steps_ms); i++) {
        struct desk d;
        open_desk(&d, "bath-basic", 7);
        d.wanted = (struct outputs){.session = true, .heater_permille = 1000};
        run(&d, 10000, steps_ms[i]);
        int32_t from = sim_board_truth(d.board).water_mdegc;
        run(&d, 280000, steps_ms[i]);
        int32_t rise = sim_board_truth(d.board).water_mdegc - from;
        /* 400 W less the loss of about 40 W into 7.6 litres for 280 s */
        cr_expect(rise > 2900 && rise < 3400, "%d mdegC with %d ms", rise, steps_ms[i]);
        if (i == 0) first = rise;
        cr_expect_lt(abs(rise - first), 50, "%d and %d", rise, first);
        close_desk(&d);
    }
}

Test(sim, water_cools_in_a_session_without_heat) {
    struct desk d;
    open_desk(&d, "bath-basic", 7);
    d.wanted.session = true;
    run(&d, 600000, 100);
    int32_t water = sim_board_truth(d.board).water_mdegc;
    cr_expect(water < 33700 && water > 32000, "%d", water);
    close_desk(&d);
}

Test(sim, sensors_are_noisy_within_bounds_and_agree) {
    struct desk d;
    open_desk(&d, "spa-pro", 3);
    bool varies = false;
    int32_t before = 0;
    for (int i = 0; i < 1000; i++) {
        run(&d, 100, 100);
        int32_t a = d.readings.water_mdegc[0].value, b = d.readings.water_mdegc[1].value;
        int32_t true_mdegc = sim_board_truth(d.board).water_mdegc;
        cr_assert(abs(a - true_mdegc) <= 100 && abs(b - true_mdegc) <= 100, "%d %d %d", a, b, true_mdegc);
        varies |= i > 0 && a != before;
        before = a;
    }
    cr_expect(varies);
    close_desk(&d);
}

Test(sim, the_same_seed_gives_the_same_readings) {
    struct desk a, b, c;
    bool differs = false;
    open_desk(&a, "spa-pro", 11);
    open_desk(&b, "spa-pro", 11);
    open_desk(&c, "spa-pro", 12);
    for (int i = 0; i < 100; i++) {
        run(&a, 100, 100);
        run(&b, 100, 100);
        run(&c, 100, 100);
        cr_assert_eq(a.readings.water_mdegc[1].value, b.readings.water_mdegc[1].value);
        cr_assert_eq(a.readings.current_ma.value, b.readings.current_ma.value);
        differs |= a.readings.water_mdegc[1].value != c.readings.water_mdegc[1].value;
    }
    cr_expect(differs);
    close_desk(&a);
    close_desk(&b);
    close_desk(&c);
}

Test(sim, sensors_measure_at_ten_hertz_and_say_when) {
    struct desk d;
    open_desk(&d, "spa-pro", 1);
    run(&d, 100, 20);
    int64_t at_ms = d.readings.water_mdegc[0].at_ms;
    run(&d, 80, 20);
    cr_expect_leq(d.readings.water_mdegc[0].at_ms - at_ms, 100);
    cr_expect_leq(d.now_ms - d.readings.water_mdegc[0].at_ms, 100);
    run(&d, 5000, 1000);
    cr_expect_eq(d.readings.water_mdegc[0].at_ms, d.now_ms);
    close_desk(&d);
}

Test(sim, motors_draw_current_by_their_level_and_below_their_limit) {
    struct desk d;
    open_desk(&d, "spa-pro", 1);
    run(&d, 500, 100);
    cr_expect_lt(d.readings.current_ma.value, WATCH_CURRENT_FLOOR_MA);
    int32_t before = d.readings.current_ma.value;
    for (int level = 25; level <= 100; level += 25) {
        d.wanted.level[1][0] = d.wanted.level[1][1] = (uint8_t)level;
        run(&d, 500, 100);
        cr_expect_gt(d.readings.current_ma.value, before + 300);
        cr_expect_lt(d.readings.current_ma.value, d.model.actuators[1].current_max_ma);
        before = d.readings.current_ma.value;
    }
    close_desk(&d);
}

Test(sim, every_fault_shows_and_heals) {
    struct desk d;
    open_desk(&d, "spa-pro", 5);
    d.wanted = (struct outputs){.session = true, .heater_permille = 500};
    run(&d, 10000, 100);
    sim_board_inject(d.board, SIM_FAULT_SENSOR_STUCK, 1);
    int32_t stuck = d.readings.water_mdegc[0].value;
    run(&d, 30000, 100);
    cr_expect_eq(d.readings.water_mdegc[0].value, stuck);
    cr_expect_eq(d.readings.water_mdegc[0].at_ms, d.now_ms);
    sim_board_inject(d.board, SIM_FAULT_SENSOR_STALE, 2);
    run(&d, 2000, 100);
    cr_expect_geq(d.now_ms - d.readings.water_mdegc[1].at_ms, 2000);
    sim_board_inject(d.board, SIM_FAULT_SENSOR_MISSING, 3);
    run(&d, 100, 100);
    cr_expect_not(d.readings.water_mdegc[0].present || d.readings.water_mdegc[1].present);
    sim_board_heal(d.board);
    sim_board_inject(d.board, SIM_FAULT_SENSOR_IMPLAUSIBLE, 1);
    sim_board_inject(d.board, SIM_FAULT_SENSOR_OFFSET_1, 5000);
    sim_board_inject(d.board, SIM_FAULT_LEVEL_MISSING, 1);
    sim_board_inject(d.board, SIM_FAULT_CURRENT_STALE, 1);
    run(&d, 1000, 100);
    cr_expect_lt(d.readings.water_mdegc[0].value, 0);
    cr_expect_gt(d.readings.water_mdegc[1].value, sim_board_truth(d.board).water_mdegc + 4800);
    cr_expect_not(d.readings.level_permille.present);
    cr_expect_geq(d.now_ms - d.readings.current_ma.at_ms, 1000);
    sim_board_heal(d.board);
    sim_board_inject(d.board, SIM_FAULT_LEVEL_LOW, 1);
    sim_board_inject(d.board, SIM_FAULT_OVER_CURRENT, 9000);
    run(&d, 3000, 100);
    cr_expect_lt(d.readings.level_permille.value, d.model.level_min_permille);
    cr_expect_gt(d.readings.current_ma.value, 8900);
    sim_board_heal(d.board);
    run(&d, 20000, 100);
    cr_expect_gt(d.readings.level_permille.value, 900);
    cr_expect_lt(d.readings.current_ma.value, WATCH_CURRENT_FLOOR_MA);
    close_desk(&d);
}

Test(sim, a_dead_heater_warms_nothing_and_a_welded_one_always) {
    struct desk d;
    open_desk(&d, "bath-basic", 5);
    d.wanted = (struct outputs){.session = true, .heater_permille = 1000};
    run(&d, 10000, 100);
    sim_board_inject(d.board, SIM_FAULT_HEATER_DEAD, 1);
    int32_t from = sim_board_truth(d.board).water_mdegc;
    run(&d, 60000, 100);
    cr_expect_lt(sim_board_truth(d.board).water_mdegc, from);
    sim_board_heal(d.board);
    sim_board_inject(d.board, SIM_FAULT_HEATER_STUCK_ON, 1);
    d.wanted.heater_permille = 0;
    from = sim_board_truth(d.board).water_mdegc;
    run(&d, 60000, 100);
    cr_expect_gt(sim_board_truth(d.board).water_mdegc, from + 400);
    cr_expect_not(sim_board_truth(d.board).heater_on);
    close_desk(&d);
}

Test(sim, safe_a_failed_apply_the_button_and_the_watchdog_turn_everything_off) {
    struct desk d;
    open_desk(&d, "spa-pro", 5);
    d.wanted = (struct outputs){.session = true, .heater_permille = 1000, .level = {[1] = {80, 80}}};
    run(&d, 1000, 100);
    cr_assert(sim_board_truth(d.board).heater_on && sim_board_truth(d.board).motors_on);
    for (int twice = 0; twice < 2; twice++) {
        d.board.ops->actuators->safe(d.board.self);
        cr_expect_not(sim_board_truth(d.board).heater_on || sim_board_truth(d.board).motors_on);
    }
    run(&d, 1000, 100);
    sim_board_inject(d.board, SIM_FAULT_APPLY_FAILS, 1);
    cr_expect_not(d.board.ops->actuators->apply(d.board.self, &d.wanted));
    cr_expect_not(sim_board_truth(d.board).heater_on || sim_board_truth(d.board).motors_on);
    sim_board_heal(d.board);
    run(&d, 1000, 100);
    d.board.ops->buttons->emergency_stop(d.board.self, true);
    cr_expect_not(sim_board_truth(d.board).heater_on || sim_board_truth(d.board).motors_on);
    run(&d, 100, 100);
    cr_expect(d.readings.emergency_stop);
    cr_expect(d.board.ops->buttons->is_emergency_stop(d.board.self));
    d.board.ops->buttons->emergency_stop(d.board.self, false);
    run(&d, 1000, 100);
    cr_assert(sim_board_truth(d.board).motors_on);
    d.board.ops->sensors->read(d.board.self, d.now_ms + SIM_WATCHDOG_MS - 200, &d.readings);
    cr_expect(sim_board_truth(d.board).motors_on);
    d.board.ops->sensors->read(d.board.self, d.now_ms + SIM_WATCHDOG_MS + 200, &d.readings);
    cr_expect_not(sim_board_truth(d.board).heater_on || sim_board_truth(d.board).motors_on);
    close_desk(&d);
}

Test(sim, a_local_stop_is_reported_once) {
    struct desk d;
    open_desk(&d, "spa-pro", 5);
    d.board.ops->buttons->local_stop(d.board.self);
    run(&d, 100, 100);
    cr_expect(d.readings.local_stop);
    run(&d, 100, 100);
    cr_expect_not(d.readings.local_stop);
    close_desk(&d);
}

/* ---- with the agent on it ---- */

static void no_fault(const struct rig *r) {
    cr_assert_eq(interlock_first_fault(&r->agent.interlock), REASON_NONE, "%s",
                 reason_names[interlock_first_fault(&r->agent.interlock)]);
    cr_assert_eq(r->agent.verdict.action, INTERLOCK_NONE);
}

Test(sim, a_normal_session_ends_without_any_fault) {
    static const char *const models[] = {"spa-pro", "bath-basic"};
    static const int32_t steps_ms[] = {20, 100, 1000};
    for (uint64_t seed = 0; seed < 12; seed++) {
        int32_t dt_ms = steps_ms[seed % COUNT_OF(steps_ms)];
        auto_rig struct rig *r = rig_new(models[seed / 6], seed);
        auto_free struct program *p = xcalloc(1, sizeof *p);
        fixture_program(p, &r->model);
        fixture_step(p, STEP_HEAT, 600000, 38000);
        for (int i = 0; i < 20; i++) {
            struct program_step *s = fixture_step(p, STEP_RUN, 30000, i < 10 ? 38000 : 39500);
            for (int c = 1; c < r->model.n_actuators; c++) {
                struct setpoint *set = fixture_set(s, c, (i * 7 + c * 13) % 71, 1000 * (i % 4));
                set->wave = (int8_t)(i % WAVE_COUNT);
                set->period_ms = set->wave == WAVE_STEADY ? 0 : 300 + 900 * i;
                set->direction = (int8_t)(i % DIRECTION_COUNT);
                set->duty_permille = set->wave == WAVE_PULSE ? 300 : 1000;
            }
        }
        r->check = no_fault;
        rig_connect(r);
        for (uint32_t session = 1; session <= 2; session++) { /* the second in what the first left */
            rig_start(r, fixture_id(session), p);
            cr_assert_eq(rig_ack(r)->state, ACK_SUCCEEDED, "%s", rig_ack(r)->detail);
            while (session_is_live(r->agent.session.r.phase)) rig_tick(r, dt_ms);
            cr_expect_eq(r->agent.session.r.phase, PHASE_COMPLETED);
            cr_expect_geq(sim_board_truth(r->board).water_mdegc, 38300, "it was warm at the end: %d",
                          sim_board_truth(r->board).water_mdegc);
            cr_expect_not(rig_moves(r));
            rig_run(r, 5000, dt_ms);
        }
    }
}
