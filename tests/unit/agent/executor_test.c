/* Setpoints over time, with no board and no agent: only the program and the clock. */
#include <criterion/criterion.h>

#include "agent_fixture.h"

#define ROLLER 0 /* of `simple`: four cells, no soft start */
#define VIBRATION 1

struct bench {
    struct model model;
    struct program program;
    struct executor executor;
    struct outputs out;
    unsigned events; /* of all steps since it was cleared */
    int32_t water_mdegc;
};

/* A model whose own soft start does not blur what a test looks at. */
static void simple(struct bench *b) {
    *b = (struct bench){.model = {.id = "simple",
                                  .version = 1,
                                  .water_max_mdegc = 42000,
                                  .session_max_ms = 3600000,
                                  .tub_ml = 10000,
                                  .heater_w = 500,
                                  .water_sensors = 1,
                                  .n_actuators = 3,
                                  .actuators = {{"roller", ACTUATOR_ROLLER, "sole", 4, 90, 1000, 0},
                                                {"vibration", ACTUATOR_VIBRATION, "foot", 1, 100, 1000, 2000},
                                                {"heater", ACTUATOR_HEATER, "water", 1, 100, 0, 0}}},
                        .water_mdegc = 34000};
    fixture_program(&b->program, &b->model);
    b->program.intensity_max = 100;
}

static void load(struct bench *b) {
    executor_load(&b->executor, &b->program, &b->model, 0, 0, 0);
    executor_run(&b->executor);
}

static void run(struct bench *b, int32_t ms, int32_t dt_ms) {
    for (; ms > 0; ms -= dt_ms) b->events |= executor_step(&b->executor, dt_ms, b->water_mdegc, &b->out);
}

static unsigned cells_on(const struct bench *b) {
    unsigned on = 0;
    for (int i = 0; i < PROTO_CELLS_MAX; i++) on |= b->out.level[ROLLER][i] ? 1u << i : 0;
    return on;
}

Test(executor, waves_have_the_cells_on_that_the_program_says) {
    enum { N, P = DIRECTION_PROXIMAL, D = DIRECTION_DISTAL, B = DIRECTION_BOTH };
    static const struct {
        enum wave wave;
        int direction;
        int cells, duty;
        unsigned on[8]; /* in each eighth of the period, cell 0 rightmost */
    } rows[] = {
        {WAVE_STEADY, P, 4, 1000, {15, 15, 15, 15, 15, 15, 15, 15}},
        {WAVE_PULSE, P, 4, 500, {15, 15, 15, 15, 0, 0, 0, 0}},
        {WAVE_PULSE, P, 4, 125, {15, 0, 0, 0, 0, 0, 0, 0}},
        {WAVE_ALTERNATE, P, 4, 1000, {5, 5, 5, 5, 10, 10, 10, 10}},
        {WAVE_TRAVEL, P, 4, 1000, {1, 1, 2, 2, 4, 4, 8, 8}},
        {WAVE_TRAVEL, D, 4, 1000, {8, 8, 4, 4, 2, 2, 1, 1}},
        {WAVE_TRAVEL, B, 5, 1000, {1, 2, 4, 8, 16, 8, 4, 2}},
        {WAVE_TRAVEL, B, 1, 1000, {1, 1, 1, 1, 1, 1, 1, 1}},
        {WAVE_SEQUENCE, P, 4, 1000, {1, 1, 3, 3, 7, 7, 15, 15}},
        {WAVE_SEQUENCE, D, 4, 1000, {8, 8, 12, 12, 14, 14, 15, 15}},
        {WAVE_SEQUENCE, B, 4, 1000, {1, 3, 7, 15, 8, 12, 14, 15}},
        {WAVE_SEQUENCE, P, 8, 1000, {1, 3, 7, 15, 31, 63, 127, 255}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        simple(&b);
        b.model.actuators[ROLLER].cells = rows[i].cells;
        struct setpoint *set = fixture_set(fixture_step(&b.program, STEP_RUN, 60000, 0), ROLLER, 50, 0);
        set->wave = (int8_t)rows[i].wave;
        set->direction = (int8_t)rows[i].direction;
        set->duty_permille = (int16_t)rows[i].duty;
        set->period_ms = rows[i].wave == WAVE_STEADY ? 0 : 8000;
        load(&b);
        run(&b, 8500, 500); /* into the second period: it repeats */
        for (int k = 0; k < 8; k++) {
            cr_expect_eq(cells_on(&b), rows[i].on[k], "row %zu, eighth %d: %x", i, k, cells_on(&b));
            run(&b, 1000, 100);
        }
    }
}

Test(executor, a_level_follows_its_ramp_from_the_level_before) {
    struct bench b;
    simple(&b);
    fixture_set(fixture_step(&b.program, STEP_RUN, 10000, 0), ROLLER, 60, 10000);
    fixture_set(fixture_step(&b.program, STEP_RUN, 10000, 0), ROLLER, 20, 4000);
    load(&b);
    run(&b, 5000, 20);
    cr_expect_eq(b.out.level[ROLLER][0], 30);
    run(&b, 5000, 20);
    cr_expect_eq(b.out.level[ROLLER][0], 60);
    run(&b, 2000, 20);
    cr_expect_eq(b.out.level[ROLLER][3], 40);
    run(&b, 3000, 20);
    cr_expect_eq(b.out.level[ROLLER][3], 20);
}

Test(executor, no_motor_starts_faster_than_its_soft_start) {
    struct bench b;
    simple(&b);
    fixture_set(fixture_step(&b.program, STEP_RUN, 60000, 0), VIBRATION, 100, 0);
    load(&b);
    for (int ms = 20; ms <= 2000; ms += 20) {
        run(&b, 20, 20);
        cr_assert_leq(b.out.level[VIBRATION][0], ms * 100 / 2000 + 1, "%d at %d ms",
                      b.out.level[VIBRATION][0], ms);
    }
    cr_expect_eq(b.out.level[VIBRATION][0], 100);
}

Test(executor, a_hold_comes_to_rest_within_the_soft_stop_and_stands) {
    static const int32_t steps_ms[] = {20, 100, 250};
    for (size_t i = 0; i < COUNT_OF(steps_ms); i++) {
        struct bench b;
        simple(&b);
        struct program_step *s = fixture_step(&b.program, STEP_RUN, 60000, 38000);
        fixture_set(s, VIBRATION, 100, 0);
        load(&b);
        run(&b, 10000, steps_ms[i]);
        executor_hold(&b.executor, true);
        b.events = 0;
        run(&b, 500, steps_ms[i]);
        cr_expect(b.out.level[VIBRATION][0] > 0 && b.out.level[VIBRATION][0] < 100, "not at once");
        run(&b, EXECUTOR_SOFT_STOP_MS, steps_ms[i]);
        cr_expect(b.events & EXECUTOR_STILL);
        cr_expect_eq(b.out.level[VIBRATION][0], 0);
        cr_expect_gt(b.out.heater_permille, 0, "the water stays warm");
        cr_expect_eq(b.executor.step_ms, 10000, "time stands");
        executor_run(&b.executor);
        run(&b, 3000, steps_ms[i]);
        cr_expect_eq(b.out.level[VIBRATION][0], 100);
        cr_expect_eq(b.executor.step_ms, 13000);
        executor_cut(&b.executor);
        run(&b, steps_ms[i], steps_ms[i]);
        cr_expect_eq(b.out.level[VIBRATION][0], 0);
        cr_expect_eq(b.out.heater_permille, 0);
    }
}

Test(executor, a_heat_step_ends_at_its_target_or_after_its_time) {
    struct bench b;
    simple(&b);
    fixture_step(&b.program, STEP_HEAT, 60000, 38000);
    fixture_step(&b.program, STEP_REST, 1000, 0);
    load(&b);
    run(&b, 50000, 100);
    cr_expect_eq(b.executor.step, 0);
    b.water_mdegc = 38000 - EXECUTOR_AT_TARGET_MDEGC;
    run(&b, 100, 100);
    cr_expect_eq(b.executor.step, 1);

    load(&b);
    b.water_mdegc = 34000;
    run(&b, 59900, 100);
    cr_expect_eq(b.executor.step, 0);
    run(&b, 100, 100);
    cr_expect_eq(b.executor.step, 1);
}

Test(executor, the_heater_is_full_far_below_the_target_and_off_at_it_or_without_a_temperature) {
    static const struct {
        int32_t water_mdegc, heater_permille;
    } rows[] = {{34000, 1000}, {37600, 1000}, {37800, 500}, {38000, 0}, {39000, 0}, {WATER_UNKNOWN, 0}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        simple(&b);
        fixture_step(&b.program, STEP_RUN, 60000, 38000);
        load(&b);
        b.water_mdegc = rows[i].water_mdegc;
        run(&b, 100, 100);
        cr_expect_eq(b.out.heater_permille, rows[i].heater_permille, "row %zu: %d", i, b.out.heater_permille);
    }
}

Test(executor, no_target_is_above_the_program_the_model_or_the_hard_limit) {
    static const struct {
        int32_t program, model, adjusted, target;
    } rows[] = {
        {40000, 42000, 41500, 40000},
        {43000, 41000, 43000, 41000},
        {43000, 43000, 43000, EXECUTOR_TARGET_MAX_MDEGC},
        {40000, 42000, 36000, 36000},
        {40000, 42000, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        simple(&b);
        b.program.water_max_mdegc = rows[i].program;
        b.model.water_max_mdegc = rows[i].model;
        fixture_step(&b.program, STEP_RUN, 60000, 38000);
        load(&b);
        executor_adjust(&b.executor, -1, rows[i].adjusted);
        cr_expect_eq(executor_target_mdegc(&b.executor), rows[i].target, "row %zu", i);
    }
}

Test(executor, a_guided_step_waits_for_its_confirmation_unless_it_goes_on_by_itself) {
    struct bench b;
    simple(&b);
    fixture_step(&b.program, STEP_GUIDE, 5000, 0);
    fixture_step(&b.program, STEP_GUIDE, 5000, 0)->auto_next = true;
    fixture_step(&b.program, STEP_REST, 5000, 0);
    load(&b);
    run(&b, 600000, 1000);
    cr_expect_eq(b.executor.step, 0);
    cr_expect(executor_is_guide(&b.executor));
    executor_confirm(&b.executor);
    cr_expect_eq(b.executor.step, 1);
    run(&b, 4900, 100);
    cr_expect_eq(b.executor.step, 1);
    run(&b, 100, 100);
    cr_expect_eq(b.executor.step, 2);
    executor_confirm(&b.executor);
    cr_expect_eq(b.executor.step, 2, "a confirmation ends nothing but a guided step");
}

Test(executor, an_adjustment_scales_the_levels_under_every_cap) {
    static const struct {
        int level, intensity, program_max, expected;
    } rows[] = {
        {80, 100, 100, 80}, {80, 50, 100, 40}, {80, 0, 100, 0}, {80, 100, 30, 30}, {100, 100, 100, 90}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        simple(&b);
        b.program.intensity_max = rows[i].program_max;
        fixture_set(fixture_step(&b.program, STEP_RUN, 60000, 0), ROLLER, rows[i].level, 0);
        load(&b);
        executor_adjust(&b.executor, rows[i].intensity, -1);
        run(&b, 3000, 100);
        cr_expect_eq(b.out.level[ROLLER][0], rows[i].expected, "row %zu: %d", i, b.out.level[ROLLER][0]);
    }
}

Test(executor, a_lower_intensity_acts_at_once_also_within_a_long_ramp) {
    struct bench b;
    simple(&b);
    fixture_set(fixture_step(&b.program, STEP_RUN, 5000, 0), ROLLER, 80, 0);
    fixture_set(fixture_step(&b.program, STEP_RUN, 60000, 0), ROLLER, 40, 60000);
    load(&b);
    run(&b, 6000, 100);
    cr_expect_gt(b.out.level[ROLLER][0], 70);
    executor_adjust(&b.executor, 10, -1);
    run(&b, 2000, 100);
    cr_expect_leq(b.out.level[ROLLER][0], 8);
    executor_adjust(&b.executor, 0, -1);
    run(&b, 2000, 100);
    cr_expect_eq(b.out.level[ROLLER][0], 0);
    executor_adjust(&b.executor, 100, -1);
    run(&b, 50000, 100); /* 55 of the ramp's 60 seconds */
    cr_expect_eq(b.out.level[ROLLER][0], 37, "%d", b.out.level[ROLLER][0]);
}

Test(executor, a_program_is_finished_when_its_last_step_is_over_and_the_motors_rest) {
    struct bench b;
    simple(&b);
    fixture_set(fixture_step(&b.program, STEP_RUN, 10000, 0), VIBRATION, 100, 0);
    load(&b);
    cr_expect_eq(executor_remaining_ms(&b.executor), 10000);
    run(&b, 4000, 100);
    cr_expect_eq(executor_remaining_ms(&b.executor), 6000);
    run(&b, 6000, 100);
    cr_expect_eq(b.executor.step, 1);
    cr_expect_not(b.events & EXECUTOR_FINISHED);
    cr_expect_gt(b.out.level[VIBRATION][0], 0);
    run(&b, EXECUTOR_SOFT_STOP_MS, 100);
    cr_expect(b.events & EXECUTOR_FINISHED);
    cr_expect_eq(b.out.level[VIBRATION][0], 0);
    cr_expect_eq(executor_remaining_ms(&b.executor), 0);
}

Test(executor, a_late_step_loses_no_time_of_the_program) {
    struct bench b;
    simple(&b);
    for (int i = 0; i < 10; i++) fixture_step(&b.program, STEP_REST, 700, 0);
    load(&b);
    run(&b, 5000, 1000);
    cr_expect_eq(b.executor.step, 7);
    cr_expect_eq(b.executor.step_ms, 100);
}
