/* What hal.h demands, held against every board there is. A new board needs a subject_*.c and a word in
 * BOARDS. */
#include <criterion/criterion.h>

#include "device-agent/core/interlock.h"
#include "subject.h"

#define BOARDS(X, t) X(sim, t) X(linux, t) X(modbus_rtu, t) X(modbus_tcp, t) X(template, t)
#define ONE(board, t)                                                                                        \
    Test(board, t, .timeout = 120) {                                                                         \
        auto_subject struct subject *s = subject_new(&subject_##board);                                      \
        t(s);                                                                                                \
    }
#define CONFORMANCE(t)                                                                                       \
    static void t(struct subject *s);                                                                        \
    BOARDS(ONE, t)                                                                                           \
    static void t(struct subject *s)

enum { HEATER, JETS, ROLLER }; /* channels of spa-pro */

#undef linux /* the preprocessor's own name for the system */

CONFORMANCE(everything_is_off_after_opening_whatever_ran_before) {
    cr_expect(subject_is_off(s));
    subject_until(s, s->applied);
    cr_expect(subject_is_off(s));
}

CONFORMANCE(every_cell_can_be_driven_alone_and_ends_off) {
    for (int i = 0; i < s->model.n_actuators; i++)
        for (int c = 0; c < subject_cells(s, i); c++) {
            subject_want(s, i, c, 400);
            subject_until(s, s->applied && subject_is_alone(s, i, c, 400));
        }
    s->wanted = (struct outputs){0};
    subject_until(s, s->applied && subject_is_off(s));
}

CONFORMANCE(levels_are_clamped_to_what_the_model_allows) {
    for (int i = 0; i < s->model.n_actuators; i++) {
        if (i == subject_heater(s)) continue;
        s->wanted = (struct outputs){0};
        s->wanted.level[i][0] = 255;
        subject_until(s, s->applied && subject_is_alone(s, i, 0, s->model.actuators[i].level_max * 10));
    }
    s->wanted = (struct outputs){.heater_permille = 5000};
    subject_until(s, s->applied && subject_is_alone(s, subject_heater(s), 0, 1000));
    s->wanted = (struct outputs){.heater_permille = -5};
    subject_until(s, s->applied && subject_is_off(s));
}

CONFORMANCE(unknown_channels_and_cells_are_refused_and_everything_goes_off) {
    const int n = s->model.n_actuators;
    const struct {
        int channel, cell;
    } unknown[] = {{n, 0},
                   {PROTO_ACTUATORS_MAX - 1, PROTO_CELLS_MAX - 1},
                   {JETS, s->model.actuators[JETS].cells},
                   {HEATER, 0}};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        subject_want(s, JETS, 0, 300);
        subject_until(s, s->applied && subject_is_alone(s, JETS, 0, 300));
        s->wanted.heater_permille = 500;
        s->wanted.level[unknown[i].channel][unknown[i].cell] = 10;
        subject_turn(s);
        cr_expect_not(s->applied, "row %zu", i);
        cr_expect(s->ops->is_bus || subject_is_off(s), "row %zu", i);
        subject_until(s, subject_is_off(s));
        cr_expect_not(s->applied, "row %zu", i);
    }
}

CONFORMANCE(readings_tell_the_value_and_when_it_was_measured) {
    static const int32_t waters[] = {37000, 21500, 42000};
    for (size_t i = 0; i < COUNT_OF(waters); i++) {
        int32_t from = waters[i] - s->ops->tolerance, to = waters[i] + s->ops->tolerance;
        const struct reading *w = s->readings.water_mdegc;
        s->ops->set_water(s, waters[i]);
        subject_until(s, w[0].value >= from && w[0].value <= to && w[1].value >= from && w[1].value <= to);
        int64_t at_ms = w[0].at_ms;
        cr_expect(subject_is_fresh(s, &w[0]) && subject_is_fresh(s, &w[1]));
        subject_until(s, w[0].at_ms > at_ms);
    }
    cr_expect(subject_is_fresh(s, &s->readings.level_permille) &&
              subject_is_fresh(s, &s->readings.current_ma));
    cr_expect_geq(s->readings.level_permille.value, s->model.level_min_permille);
    cr_expect_lt(s->readings.current_ma.value, WATCH_CURRENT_FLOOR_MA);
}

CONFORMANCE(sensors_that_measure_no_more_grow_old_and_come_back) {
    struct readings *r = &s->readings;
    s->ops->set_water(s, 37000);
    subject_until(s, subject_is_fresh(s, &r->water_mdegc[0]) && subject_is_fresh(s, &r->level_permille));
    s->ops->silence(s, true);
    subject_until(s, !subject_is_fresh(s, &r->water_mdegc[0]) && !subject_is_fresh(s, &r->water_mdegc[1]) &&
                         !subject_is_fresh(s, &r->level_permille) && !subject_is_fresh(s, &r->current_ma));
    s->ops->silence(s, false);
    subject_until(s, subject_is_fresh(s, &r->water_mdegc[0]) && subject_is_fresh(s, &r->water_mdegc[1]) &&
                         subject_is_fresh(s, &r->level_permille) && subject_is_fresh(s, &r->current_ma));
}

CONFORMANCE(a_broken_wire_is_no_reading_and_its_twin_goes_on) {
    struct readings *r = &s->readings;
    s->ops->set_water(s, 37000);
    subject_until(s, subject_is_fresh(s, &r->water_mdegc[0]) && subject_is_fresh(s, &r->water_mdegc[1]));
    s->ops->break_wire(s, 1);
    subject_until(s, !subject_is_fresh(s, &r->water_mdegc[1]));
    cr_expect(subject_is_fresh(s, &r->water_mdegc[0]));
}

CONFORMANCE(an_output_that_fails_is_reported_and_turns_everything_off) {
    s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20}, .level[ROLLER] = {40}};
    subject_until(s, s->applied && s->ops->drive(s, ROLLER, 0) == 400 && s->ops->drive(s, HEATER, 0) == 600);
    s->ops->break_outputs(s, true);
    s->wanted.level[JETS][0] = 30;
    subject_until(s, !s->applied);
    cr_expect(s->ops->is_bus || subject_is_off(s), "at once");
    subject_until(s, !s->applied && subject_is_off(s));
    s->ops->break_outputs(s, false);
    s->wanted = (struct outputs){0};
    subject_until(s, s->applied && subject_is_off(s));
    subject_want(s, ROLLER, 0, 400);
    subject_until(s, s->applied && subject_is_alone(s, ROLLER, 0, 400));
}

CONFORMANCE(without_apply_everything_goes_off) {
    s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20}};
    subject_until(s, s->applied && s->ops->drive(s, HEATER, 0) == 600);
    for (int64_t end = subject_deadline(s); !subject_is_off(s) && subject_is_before(s, end);) subject_read(s);
    cr_expect(subject_is_off(s));
}

CONFORMANCE(safe_turns_everything_off_and_may_be_called_twice) {
    for (int i = 0; i < 2; i++) {
        s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20}};
        subject_until(s, s->applied && s->ops->drive(s, HEATER, 0) == 600);
        s->board.ops->actuators->safe(s->board.self);
        if (i == 1) s->board.ops->actuators->safe(s->board.self);
        for (int64_t end = subject_deadline(s); !subject_is_off(s) && subject_is_before(s, end);)
            subject_read(s);
        cr_expect(subject_is_off(s));
    }
}

CONFORMANCE(closing_turns_everything_off_and_nothing_is_written_afterwards) {
    s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20}};
    subject_until(s, s->applied && s->ops->drive(s, HEATER, 0) == 600);
    subject_close(s);
    int64_t writes = s->ops->writes(s);
    cr_expect(subject_is_off(s));
    usleep(500000); /* more than any period of a board */
    cr_expect_eq(s->ops->writes(s), writes);
}

CONFORMANCE(the_emergency_stop_is_told_while_it_is_pressed_and_the_stop_key_once) {
    subject_until(s, !s->readings.emergency_stop && !s->readings.local_stop);
    s->ops->press(s, EMERGENCY_STOP, true);
    subject_until(s, s->readings.emergency_stop);
    for (int i = 0; i < 20; i++) {
        subject_turn(s);
        cr_expect(s->readings.emergency_stop);
    }
    s->ops->press(s, EMERGENCY_STOP, false);
    subject_until(s, !s->readings.emergency_stop);
    for (int presses = 0; presses < 2; presses++) {
        s->ops->press(s, LOCAL_STOP, true);
        subject_until(s, s->readings.local_stop);
        for (int i = 0; i < 20; i++) {
            subject_turn(s);
            cr_expect_not(s->readings.local_stop);
        }
        s->ops->press(s, LOCAL_STOP, false);
        for (int i = 0; i < 20; i++) subject_turn(s);
    }
}

/* Only the contacts of that mask are active, and all of them are fresh. */
static bool shows(const struct subject *s, unsigned active) {
    for (unsigned i = 0; i < CONTACT_COUNT; i++) {
        const struct reading *r = &s->readings.contact[i];
        if (!subject_is_fresh(s, r) || r->value != (int32_t)(active >> i & 1)) return false;
    }
    return true;
}

CONFORMANCE(a_contact_is_told_under_its_own_name_while_it_is_active) {
    subject_until(s, shows(s, 0));
    for (unsigned i = 0; i < CONTACT_COUNT; i++) {
        s->ops->set_contact(s, (enum contact)i, true);
        subject_until(s, shows(s, 1u << i));
        s->ops->set_contact(s, (enum contact)i, false);
        subject_until(s, shows(s, 0));
    }
}

CONFORMANCE(contacts_that_cannot_be_read_are_not_well) {
    subject_until(s, shows(s, 0));
    s->ops->lose_contacts(s, true);
    for (unsigned i = 0; i < CONTACT_COUNT; i++)
        subject_until(s, !subject_is_fresh(s, &s->readings.contact[i]));
    s->ops->lose_contacts(s, false);
    subject_until(s, shows(s, 0));
}

CONFORMANCE(a_motor_that_turns_is_seen_at_its_own_channel) {
    struct reading *motion = s->readings.motion_permille;
    subject_until(s, subject_is_fresh(s, &motion[JETS]) && motion[JETS].value == 0);
    s->ops->turn_jets(s, true);
    subject_until(s, subject_is_fresh(s, &motion[JETS]) && motion[JETS].value >= 500);
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++)
        cr_expect(i == JETS || motion[i].value == 0, "channel %d", i);
    s->ops->turn_jets(s, false);
    subject_until(s, subject_is_fresh(s, &motion[JETS]) && motion[JETS].value == 0);
}
