/* The interlocks alone: every row of their table fires after its debounce, acts, latches and
 * clears, and the gates shut in the very step. */
#include <criterion/criterion.h>
#include <string.h>

#include "agent_fixture.h"

#define DT_MS 20
#define WATER_MDEGC 38000
#define JETS 1 /* of spa-pro */

struct bench {
    struct model model;
    struct interlock interlock;
    struct interlock_input in;
    struct interlock_verdict verdict;
    bool frozen;    /* sensors measure no more */
    bool still;     /* they show the very same, as no real one does */
    int32_t rising; /* mdegC a second */
};

static void stamp(struct bench *b) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++) b->in.readings.water_mdegc[i].at_ms = b->in.now_ms;
    b->in.readings.level_permille.at_ms = b->in.readings.current_ma.at_ms = b->in.now_ms;
    for (int i = 0; i < CONTACT_COUNT; i++) b->in.readings.contact[i].at_ms = b->in.now_ms;
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++) b->in.readings.motion_permille[i].at_ms = b->in.now_ms;
}

static void step(struct bench *b) {
    b->in.now_ms += DT_MS;
    for (int i = 0; i < WATER_SENSORS_MAX && !b->still; i++)
        b->in.readings.water_mdegc[i].value += b->in.now_ms / DT_MS % 2 ? 1 : -1;
    for (int i = 0; i < WATER_SENSORS_MAX; i++)
        b->in.readings.water_mdegc[i].value += b->rising * DT_MS / 1000;
    if (!b->frozen) stamp(b);
    interlock_step(&b->interlock, &b->in, &b->verdict);
}

static void run(struct bench *b, int32_t ms) {
    for (; ms > 0; ms -= DT_MS) step(b);
}

/* All sensors well: the part of the input that a row may break. */
static void mend(struct bench *b) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++)
        b->in.readings.water_mdegc[i] = (struct reading){WATER_MDEGC, 0, true};
    b->in.readings.level_permille = (struct reading){900, 0, true};
    b->in.readings.current_ma = (struct reading){80, 0, true};
    b->in.readings.emergency_stop = b->in.readings.local_stop = b->in.readings.board_failed = false;
    b->in.total_ms = 1000;
    b->in.journal_failed = b->in.cutout = b->still = false;
    b->rising = 0;
    b->in.loop_gap_ms = b->in.loop_ms = DT_MS;
    memset(b->in.readings.contact, 0, sizeof b->in.readings.contact);
    memset(b->in.readings.motion_permille, 0, sizeof b->in.readings.motion_permille);
    for (int i = 0; i < CONTACT_COUNT; i++) b->in.readings.contact[i].present = true;
    b->in.readings.motion_permille[JETS].present = true;
    b->in.outputs = (struct outputs){.session = true};
    b->frozen = false;
    stamp(b);
}

static void healthy(struct bench *b, const char *model) {
    *b = (struct bench){.in = {.now_ms = 100000, .live = true, .wet = true, .total_max_ms = 1800000}};
    fixture_model(model, &b->model);
    interlock_init(&b->interlock, &b->model);
    mend(b);
    run(b, 5000);
    cr_assert_eq(b->verdict.action, INTERLOCK_NONE);
    cr_assert(b->verdict.may_heat && b->verdict.may_wet);
}

static void press_emergency(struct bench *b) { b->in.readings.emergency_stop = true; }
static void press_stop(struct bench *b) { b->in.readings.local_stop = true; }
static void overheat(struct bench *b) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++) b->in.readings.water_mdegc[i].value = 43000;
    for (int i = 0; i < WATER_SENSORS_MAX; i++)
        b->interlock.watch.reference[i].mdegc = 42000; /* came slowly */
    for (int i = 0; i < WATER_SENSORS_MAX; i++) b->interlock.watch.heat[i].low_mdegc = 43000;
}
static void jam(struct bench *b) { b->in.readings.current_ma.value = 201; }
static void pass_time(struct bench *b) { b->in.total_ms = b->in.total_max_ms; }
static void freeze(struct bench *b) {
    b->frozen = true;
    b->in.readings.water_mdegc[1].at_ms = b->in.now_ms - WATCH_STALE_MS;
}
static void unplug(struct bench *b) { b->in.readings.water_mdegc[0].present = false; }
static void unplug_level(struct bench *b) { b->in.readings.level_permille.present = false; }
static void unplug_current(struct bench *b) { b->in.readings.current_ma.present = false; }
static void break_wire(struct bench *b) { b->in.readings.water_mdegc[1].value = -40000; }
static void short_wire(struct bench *b) { b->in.readings.water_mdegc[0].value = 61000; }
static void break_level(struct bench *b) { b->in.readings.level_permille.value = 5000; }
static void disagree(struct bench *b) { b->in.readings.water_mdegc[1].value = WATER_MDEGC - 2100; }
static void leak(struct bench *b) { b->in.readings.level_permille.value = 699; }
static void heat_in_vain(struct bench *b) { b->in.outputs.heater_permille = 1000; }
static void heat_half_in_vain(struct bench *b) { b->in.outputs.heater_permille = WATCH_HEAT_DUTY; }
static void stick(struct bench *b) {
    heat_in_vain(b);
    b->still = true;
}
static void weld_relay(struct bench *b) {
    b->rising = 50;
    b->still = true;
    for (int i = 0; i < WATER_SENSORS_MAX; i++)
        b->interlock.watch.heat[i].low_mdegc = b->in.readings.water_mdegc[i].value;
}
static void trip_cutout(struct bench *b) { b->in.cutout = true; }
static void leak_out(struct bench *b) { b->in.readings.contact[CONTACT_LEAK].value = 1; }
static void open_lid(struct bench *b) { b->in.readings.contact[CONTACT_LID].value = 1; }
static void open_drain(struct bench *b) { b->in.readings.contact[CONTACT_DRAIN].value = 1; }
static void unplug_leak(struct bench *b) { b->in.readings.contact[CONTACT_LEAK].present = false; }
static void unplug_motion(struct bench *b) { b->in.readings.motion_permille[JETS].present = false; }
static void stall(struct bench *b) { b->in.outputs.level[JETS][0] = WATCH_DRIVEN_PERCENT; }
static void run_on(struct bench *b) { b->in.readings.motion_permille[JETS].value = WATCH_MOVES_PERMILLE; }
static void hold_fast(struct bench *b) {
    b->in.outputs.level[JETS][0] = 10;
    b->in.readings.current_ma.value = 2431; /* of 200 + 2500 */
}
static void come_late(struct bench *b) {
    b->in.loop_gap_ms = DT_MS + WATCH_LATE_MS + WATCH_LATE_SUM_MS + 100;
}
static void fail_board(struct bench *b) { b->in.readings.board_failed = true; }
static void fail_journal(struct bench *b) { b->in.journal_failed = true; }

/* What every row must do. max_clear_ms: it is gone so long after the cause went. */
static const struct {
    void (*cause)(struct bench *b);
    enum reason reason;
    int32_t debounce_ms;
    enum interlock_action action;
    int32_t clear_ms;
    bool until_ended, is_fault, is_pulse; /* pulse: the cause goes by itself, the row with it */
} rows[] = {
    {press_emergency, REASON_EMERGENCY_STOP, 0, INTERLOCK_ABORT, 500, false, true, false},
    {trip_cutout, REASON_THERMAL_CUTOUT, 0, INTERLOCK_ABORT, 1000, true, true, false},
    {overheat, REASON_OVER_TEMPERATURE, 40, INTERLOCK_ABORT, 10000, false, true, false},
    {weld_relay, REASON_HEATING_RUNAWAY, 1000 + 20000, INTERLOCK_ABORT, 5000, true, true, true},
    {leak_out, REASON_LEAK, 60, INTERLOCK_ABORT, 5000, true, true, false},
    {stall, REASON_MOTOR_FAULT, 300 + WATCH_DRIVEN_MS, INTERLOCK_ABORT, 5000, true, true, false},
    {run_on, REASON_MOTOR_FAULT, 300, INTERLOCK_ABORT, 5000, true, true, false},
    {hold_fast, REASON_MOTOR_FAULT, 300 + WATCH_PLATEAU_MS, INTERLOCK_ABORT, 5000, true, true, false},
    {jam, REASON_OVER_CURRENT, 60, INTERLOCK_ABORT, 5000, true, true, false},
    {press_stop, REASON_LOCAL_STOP, 0, INTERLOCK_STOP, 0, false, false, false},
    {pass_time, REASON_MAX_TIME, 0, INTERLOCK_ABORT, 0, false, false, false},
    {freeze, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {unplug, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {unplug_level, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {unplug_current, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {break_wire, REASON_SENSOR_IMPLAUSIBLE, 60, INTERLOCK_PAUSE, 2000, false, true, false},
    {short_wire, REASON_SENSOR_IMPLAUSIBLE, 60, INTERLOCK_PAUSE, 2000, false, true, false},
    {break_level, REASON_SENSOR_IMPLAUSIBLE, 60, INTERLOCK_PAUSE, 2000, false, true, false},
    {disagree, REASON_SENSOR_DISAGREE, 1000, INTERLOCK_PAUSE, 5000, false, true, false},
    {leak, REASON_LEVEL_LOW, 500, INTERLOCK_PAUSE, 2000, false, true, false},
    {stick, REASON_SENSOR_STUCK, 62780, INTERLOCK_PAUSE, 2000, true, true, false},
    {open_lid, REASON_LID_OPEN, 60, INTERLOCK_PAUSE, 1000, false, true, false},
    {open_drain, REASON_DRAIN_OPEN, 60, INTERLOCK_PAUSE, 1000, false, true, false},
    {unplug_leak, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {unplug_motion, REASON_SENSOR_STALE, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {come_late, REASON_LOOP_OVERRUN, 0, INTERLOCK_PAUSE, 5000, false, true, false},
    {fail_board, REASON_BOARD_FAILED, 0, INTERLOCK_PAUSE, 2000, false, true, false},
    {heat_in_vain, REASON_HEATING_FAILED, 180000, INTERLOCK_PAUSE, 1000, true, true, true},
    {heat_half_in_vain, REASON_HEATING_FAILED, 180000, INTERLOCK_PAUSE, 1000, true, true, true},
    {fail_journal, REASON_JOURNAL, 0, INTERLOCK_PAUSE, 0, false, true, false},
};

static bool is_shown(const struct bench *b, enum reason reason) {
    int32_t faults[PROTO_FAULTS_MAX], n = interlock_faults(&b->interlock, faults);
    for (int i = 0; i < n; i++)
        if (faults[i] == (int32_t)reason) return true;
    return false;
}

static int index_of(enum reason reason) {
    for (int i = 0; i < INTERLOCK_COUNT; i++)
        if (interlock_rows[i].reason == (int32_t)reason) return i;
    cr_assert_fail("no row for %s", reason_names[reason]);
    return -1;
}

static bool is_active(const struct bench *b, enum reason reason) {
    return b->interlock.rows[index_of(reason)].active;
}

Test(interlock, every_row_of_the_table_is_tested_here) {
    unsigned seen = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) seen |= 1u << index_of(rows[i].reason);
    cr_expect_eq(seen, (1u << INTERLOCK_COUNT) - 1);
}

Test(interlock, a_condition_that_is_shorter_than_its_debounce_does_nothing) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        if (rows[i].debounce_ms == 0) continue;
        healthy(&b, "spa-pro");
        rows[i].cause(&b);
        run(&b, rows[i].debounce_ms); /* the first of these steps sees it for 0 ms */
        cr_expect_not(is_active(&b, rows[i].reason), "row %zu", i);
        mend(&b);
        step(&b);
        rows[i].cause(&b);
        run(&b, rows[i].debounce_ms);
        cr_expect_not(is_active(&b, rows[i].reason), "row %zu counts from anew", i);
    }
}

Test(interlock, every_row_fires_after_its_debounce_and_acts) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        healthy(&b, "spa-pro");
        rows[i].cause(&b);
        run(&b, rows[i].debounce_ms + DT_MS);
        cr_expect(is_active(&b, rows[i].reason), "row %zu, %s", i, reason_names[rows[i].reason]);
        cr_expect_eq(b.verdict.action, rows[i].action, "row %zu", i);
        cr_expect_eq(b.verdict.reason, (int32_t)rows[i].reason, "row %zu: %s", i,
                     reason_names[b.verdict.reason]);
        cr_expect_eq(is_shown(&b, rows[i].reason), rows[i].is_fault, "row %zu", i);
        cr_expect_eq(interlock_first_fault(&b.interlock) != REASON_NONE, rows[i].is_fault, "row %zu", i);
        cr_expect_not(b.verdict.may_heat, "row %zu", i);
        cr_expect_not(b.verdict.may_wet, "row %zu", i);
    }
}

Test(interlock, every_row_holds_for_as_long_as_its_condition_and_its_clearing_time) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        healthy(&b, "spa-pro");
        rows[i].cause(&b);
        run(&b, rows[i].debounce_ms + DT_MS);
        if (!rows[i].is_pulse) {
            run(&b, 30000);
            cr_expect(is_active(&b, rows[i].reason), "row %zu", i);
        }
        mend(&b);
        if (rows[i].until_ended) {
            run(&b, rows[i].clear_ms + 60000);
            cr_expect(is_active(&b, rows[i].reason), "row %zu: not while the session lives", i);
            b.in.live = false;
            step(&b);
        } else {
            run(&b, rows[i].clear_ms - DT_MS);
            cr_expect(is_active(&b, rows[i].reason), "row %zu", i);
            run(&b, 3 * DT_MS + 1000); /* a second: a sensor that jumps back is believed after one */
        }
        cr_expect_not(is_active(&b, rows[i].reason), "row %zu", i);
        run(&b, 2000);
        cr_expect_eq(b.verdict.action, INTERLOCK_NONE, "row %zu", i);
        cr_expect(b.verdict.may_heat, "row %zu", i);
    }
}

Test(interlock, over_temperature_clears_below_a_lower_threshold) {
    struct bench b;
    healthy(&b, "spa-pro");
    overheat(&b);
    run(&b, 100);
    for (int i = 0; i < WATER_SENSORS_MAX; i++) b.in.readings.water_mdegc[i].value = 41500;
    run(&b, 60000);
    cr_expect(is_active(&b, REASON_OVER_TEMPERATURE));
    for (int i = 0; i < WATER_SENSORS_MAX; i++) b.in.readings.water_mdegc[i].value = 40900;
    run(&b, 10100);
    cr_expect_not(is_active(&b, REASON_OVER_TEMPERATURE));
}

/* Seed 58223 of the simulation: a start that an open lid refused, and at once another. */
Test(interlock, a_session_that_begins_with_an_open_lid_is_paused_in_its_first_step_every_time) {
    struct bench b;
    healthy(&b, "spa-pro");
    b.in.live = false;
    open_lid(&b);
    run(&b, 10000);
    for (int start = 0; start < 3; start++) {
        b.in.live = true;
        step(&b);
        cr_expect_eq(b.verdict.action, INTERLOCK_PAUSE, "start %d", start);
        cr_expect_eq(b.verdict.reason, REASON_LID_OPEN, "start %d", start);
        b.in.live = false;
        step(&b);
        cr_expect_eq(b.verdict.action, INTERLOCK_NONE, "no fault between sessions");
    }
    mend(&b);
    step(&b);
    b.in.live = true;
    step(&b);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE);
}

/* Seed 341847: the lid was opened in the very step before. */
Test(interlock, in_the_first_step_of_a_session_a_contact_is_believed_at_once) {
    struct bench b;
    healthy(&b, "spa-pro");
    b.in.live = false;
    run(&b, 1000);
    open_lid(&b);
    b.in.live = true;
    step(&b);
    cr_expect_eq(b.verdict.reason, REASON_LID_OPEN);
    mend(&b);
    b.in.live = false;
    run(&b, 2000);
    b.in.live = true;
    step(&b);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE);
    open_lid(&b);
    step(&b);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE, "later it is debounced");
}

Test(interlock, one_hot_sensor_is_enough) {
    struct bench b;
    healthy(&b, "spa-pro");
    for (int i = 0; i < WATER_SENSORS_MAX; i++) {
        b.interlock.watch.reference[i].mdegc = 42000;
        b.in.readings.water_mdegc[i].value = 42000;
    }
    b.in.readings.water_mdegc[1].value = 43000;
    run(&b, 60);
    cr_expect_eq(b.verdict.action, INTERLOCK_ABORT);
    cr_expect_eq(b.verdict.reason, REASON_OVER_TEMPERATURE);
}

Test(interlock, the_gates_shut_in_the_very_step) {
    static const struct {
        void (*cause)(struct bench *b);
        bool wet; /* jets may still run */
    } gates[] = {{freeze, false},    {unplug, false},          {unplug_level, false}, {break_wire, true},
                 {short_wire, true}, {break_level, true},      {disagree, true},      {leak, false},
                 {overheat, true},   {press_emergency, false}, {press_stop, false},   {fail_journal, false},
                 {leak_out, false},  {open_lid, false},        {open_drain, false},   {trip_cutout, false},
                 {come_late, false}};
    for (size_t i = 0; i < COUNT_OF(gates); i++) {
        struct bench b;
        healthy(&b, "spa-pro");
        gates[i].cause(&b);
        step(&b);
        cr_expect_not(b.verdict.may_heat, "row %zu", i);
        cr_expect_eq(b.verdict.may_wet, gates[i].wet, "row %zu", i);
    }
}

Test(interlock, the_heater_is_gated_at_the_models_own_limit) {
    struct bench b;
    healthy(&b, "bath-basic");
    b.still = true;
    b.in.readings.water_mdegc[0].value = 39990;
    step(&b);
    cr_expect(b.verdict.may_heat);
    b.in.readings.water_mdegc[0].value = 40000;
    step(&b);
    cr_expect_not(b.verdict.may_heat);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE);
}

Test(interlock, a_jump_is_implausible_and_a_slow_change_is_not) {
    struct bench b;
    for (int32_t after_ms = 0; after_ms <= 1200; after_ms += DT_MS) { /* whenever in its watch it comes */
        healthy(&b, "bath-basic");
        run(&b, after_ms);
        b.in.readings.water_mdegc[0].value = WATER_MDEGC - 3100;
        step(&b);
        cr_assert_not(b.verdict.may_heat, "after %d ms", after_ms);
        run(&b, 100);
        cr_assert_eq(b.verdict.reason, REASON_SENSOR_IMPLAUSIBLE, "after %d ms", after_ms);
        run(&b, 5000);
        cr_assert_eq(b.verdict.action, INTERLOCK_NONE, "it settled elsewhere");
    }

    healthy(&b, "bath-basic");
    for (int i = 0; i < 500; i++) {
        b.in.readings.water_mdegc[0].value = WATER_MDEGC - i * 20;
        step(&b);
        cr_assert_eq(b.verdict.action, INTERLOCK_NONE, "step %d", i);
    }
}

Test(interlock, current_is_judged_by_the_motors_that_run_and_their_way_to_rest) {
    struct bench b;
    healthy(&b, "spa-pro");
    b.in.outputs.level[JETS][0] = 50;
    b.in.readings.motion_permille[JETS].value = 500;
    b.in.readings.current_ma.value =
        2400; /* jets may draw 2500, the board 200; from 2430 on for long it is held */
    run(&b, 10000);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE);
    b.in.outputs.level[JETS][0] = 0;
    b.in.readings.motion_permille[JETS].value = 0;
    run(&b, WATCH_ENGAGED_MS);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE, "a motor runs out");
    run(&b, 200);
    cr_expect_eq(b.verdict.reason, REASON_OVER_CURRENT);
}

Test(interlock, heating_that_warms_the_water_is_no_fault) {
    struct bench b;
    healthy(&b, "bath-basic");
    b.in.outputs.heater_permille = 1000;
    int32_t from = b.in.readings.water_mdegc[0].value = b.interlock.watch.reference[0].mdegc = 30000;
    for (int s = 0; s < 600; s++) { /* half of what 400 W give 8 litres */
        b.in.readings.water_mdegc[0].value = from + s * 6;
        run(&b, 1000);
        cr_assert_eq(interlock_first_fault(&b.interlock), REASON_NONE, "second %d", s);
    }
}

Test(interlock, a_dry_tub_is_no_fault_between_sessions_or_in_a_dry_step) {
    struct bench b;
    healthy(&b, "spa-pro");
    b.in.wet = false;
    leak(&b);
    run(&b, 10000);
    cr_expect_eq(b.verdict.action, INTERLOCK_NONE);
    cr_expect_not(b.verdict.may_heat || b.verdict.may_wet);
    b.in.live = false;
    b.in.wet = true;
    run(&b, 10000);
    cr_expect_eq(interlock_first_fault(&b.interlock), REASON_NONE);
}

Test(interlock, the_strongest_action_wins_and_names_its_reason) {
    struct bench b;
    healthy(&b, "spa-pro");
    unplug(&b);
    fail_journal(&b);
    press_stop(&b);
    step(&b);
    cr_expect_eq(b.verdict.action, INTERLOCK_STOP);
    cr_expect_eq(b.verdict.reason, REASON_LOCAL_STOP);
    press_emergency(&b);
    step(&b);
    cr_expect_eq(b.verdict.action, INTERLOCK_ABORT);
    cr_expect_eq(b.verdict.reason, REASON_EMERGENCY_STOP);
    int32_t faults[PROTO_FAULTS_MAX];
    cr_expect_eq(interlock_faults(&b.interlock, faults), 3);
    cr_expect_eq(faults[0], REASON_EMERGENCY_STOP);
    cr_expect_eq(faults[2], REASON_JOURNAL);
}
