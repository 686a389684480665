/* The second thermal limit: alone, and behind a core whose interlocks are told that all is well. */
#include <criterion/criterion.h>
#include <string.h>

#include "agent_fixture.h"
#include "device-agent/core/guard.h"

#define ONE fixture_id(1)

static struct readings cool(void) {
    struct readings r = {0};
    for (int i = 0; i < WATER_SENSORS_MAX; i++) r.water_mdegc[i] = (struct reading){38000, 100, true};
    return r;
}

static struct outputs full(void) {
    struct outputs o = {.heater_permille = 1000, .session = true};
    memset(o.level, 50, sizeof o.level);
    return o;
}

Test(guard, one_hot_measurement_shuts_the_heater_off_and_the_second_trips) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++) {
        struct guard g = {0};
        struct readings r = cool();
        r.water_mdegc[i] = (struct reading){GUARD_WATER_MDEGC, 200, true};
        for (int64_t now_ms = 200; now_ms < 300; now_ms += 20) { /* the same measurement, read again */
            struct outputs o = full();
            guard_step(&g, &r, now_ms, true);
            guard_apply(&g, &o);
            cr_expect_eq(o.heater_permille, 0);
            cr_expect_eq(o.level[1][0], 50);
        }
        cr_expect_not(g.tripped, "sensor %d", i);
        r.water_mdegc[i].at_ms = 300;
        struct outputs o = full();
        guard_step(&g, &r, 300, true);
        guard_apply(&g, &o);
        cr_expect(g.tripped, "sensor %d", i);
        cr_expect_eq(o.level[1][0], 0);
    }
}

Test(guard, below_its_limit_it_does_nothing) {
    struct guard g = {0};
    struct readings r = cool();
    r.water_mdegc[0].value = GUARD_WATER_MDEGC - 1;
    r.water_mdegc[1] = (struct reading){90000, 0, false}; /* not there */
    for (int64_t now_ms = 0; now_ms < 10000; now_ms += 20) {
        struct outputs o = full();
        r.water_mdegc[0].at_ms = now_ms;
        guard_step(&g, &r, now_ms, true);
        guard_apply(&g, &o);
        cr_assert_eq(o.heater_permille, 1000);
    }
}

Test(guard, a_single_hot_measurement_between_cool_ones_does_not_trip) {
    struct guard g = {0};
    struct readings r = cool();
    for (int64_t now_ms = 0; now_ms < 10000; now_ms += 100) {
        r.water_mdegc[0] = (struct reading){now_ms % 200 ? 60000 : 38000, now_ms, true};
        guard_step(&g, &r, now_ms, true);
        cr_assert_not(g.tripped);
    }
}

Test(guard, it_stays_tripped_until_all_was_cool_for_its_time_and_no_session_lives) {
    struct guard g = {0};
    struct readings r = cool();
    r.contact[CONTACT_CUTOUT] = (struct reading){1, 100, true};
    guard_step(&g, &r, 100, true);
    cr_expect(g.tripped);
    r.contact[CONTACT_CUTOUT].value = 0;
    guard_step(&g, &r, 100 + 10 * GUARD_REST_MS, true);
    cr_expect(g.tripped, "a session lives");
    g.hot_at_ms = 100;
    guard_step(&g, &r, 100 + GUARD_REST_MS - 20, false);
    cr_expect(g.tripped, "too soon");
    guard_step(&g, &r, 100 + GUARD_REST_MS, false);
    cr_expect_not(g.tripped);
}

/* The first limit is blind: the model knows one sensor only, and that one says that all is well. */
Test(guard, it_holds_when_the_first_limit_does_not) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    r->model.water_sensors = 1;
    fixture_program(p, &r->model);
    fixture_set(fixture_step(p, STEP_RUN, 600000, 40000), 1, 50, 0);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 10000, 20);
    cr_assert(sim_board_truth(r->board).motors_on && sim_board_truth(r->board).heater_on);
    for (int ms = 20; ms <= 120; ms += 20) {
        r->now.control_ms += 20;
        r->board.ops->sensors->read(r->board.self, r->now.control_ms, &r->readings);
        r->readings.water_mdegc[1] = (struct reading){44000, r->readings.water_mdegc[0].at_ms, true};
        rig_event(r, &(struct agent_event){.type = EVENT_TICK, .readings = &r->readings});
        cr_expect_not(sim_board_truth(r->board).heater_on, "at once");
    }
    cr_expect_eq(r->agent.session.r.phase, PHASE_ABORTED);
    cr_expect_eq(r->agent.session.r.reason, REASON_THERMAL_CUTOUT);
    cr_expect_not(rig_moves(r));
}

Test(guard, a_session_is_aborted_by_the_heaters_own_cutout_and_none_starts_until_it_has_rested) {
    auto_rig struct rig *r = rig_new("spa-pro", 1);
    auto_free struct program *p = xcalloc(1, sizeof *p);
    fixture_routine(p, &r->model);
    rig_connect(r);
    rig_start(r, ONE, p);
    rig_run(r, 3000, 20);
    sim_board_inject(r->board, SIM_FAULT_CUTOUT, 1);
    rig_tick(r, 20);
    cr_expect_eq(r->agent.session.r.phase, PHASE_ABORTED);
    cr_expect_eq(r->agent.session.r.reason, REASON_THERMAL_CUTOUT);
    cr_expect_eq(r->state.faults[0], REASON_THERMAL_CUTOUT);
    sim_board_heal(r->board);
    rig_run(r, GUARD_REST_MS - 2000, 100);
    rig_start(r, fixture_id(2), p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_INTERLOCK);
    rig_run(r, 5000, 100);
    rig_start(r, fixture_id(3), p);
    cr_expect_eq(rig_ack(r)->code, ACKCODE_OK);
}
