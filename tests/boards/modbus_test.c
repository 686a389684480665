/* What is the modbus board's own: a line on which anything can happen. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control_board.h"
#include "device-agent/board/modbus/board.h"
#include "subject.h"

enum { HEATER, JETS, ROLLER }; /* channels of spa-pro */

static void drive_heater(struct subject *s) {
    s->wanted = (struct outputs){.heater_permille = 600};
    subject_until(s, s->applied && s->ops->drive(s, HEATER, 0) == 600);
}

static bool sees_nothing(const struct subject *s) {
    const struct readings *r = &s->readings;
    return !subject_is_fresh(s, &r->water_mdegc[0]) && !subject_is_fresh(s, &r->water_mdegc[1]) &&
           !subject_is_fresh(s, &r->level_permille) && !subject_is_fresh(s, &r->current_ma) &&
           r->emergency_stop;
}

static bool is_well(const struct subject *s) {
    const struct readings *r = &s->readings;
    return s->applied && subject_is_fresh(s, &r->water_mdegc[0]) && subject_is_fresh(s, &r->current_ma) &&
           !r->emergency_stop;
}

/* The control board's own watchdog turns the outputs off, the sensors grow old, apply tells; then all comes
 * back, and off it stays until it is asked for. */
static void falls_safe_and_comes_back(const struct subject_ops *ops, enum control_mode mode) {
    auto_subject struct subject *s = subject_new(ops);
    drive_heater(s);
    control_set_mode(s->hardware, mode);
    subject_until(s, !s->applied && sees_nothing(s));
    control_set_mode(s->hardware, CONTROL_ANSWERS);
    s->wanted = (struct outputs){0};
    subject_until(s, is_well(s) && subject_is_off(s));
    drive_heater(s);
}

#define FALLS(board, name, mode)                                                                             \
    Test(modbus_##board, name, .timeout = 120) { falls_safe_and_comes_back(&subject_modbus_##board, mode); }

FALLS(rtu, no_answer, CONTROL_SILENT)
FALLS(tcp, no_answer, CONTROL_SILENT)
FALLS(rtu, garbage, CONTROL_GARBAGE)
FALLS(tcp, garbage, CONTROL_GARBAGE)
FALLS(rtu, answers_from_a_memory, CONTROL_CACHED)
FALLS(tcp, answers_from_a_memory, CONTROL_CACHED)
FALLS(rtu, answers_of_another_unit, CONTROL_WRONG_UNIT)
FALLS(rtu, answers_that_come_too_late, CONTROL_LATE)
FALLS(tcp, answers_that_come_too_late, CONTROL_LATE)

static void survives_the_plug(const struct subject_ops *ops) {
    auto_subject struct subject *s = subject_new(ops);
    drive_heater(s);
    int32_t setups = control_setups(s->hardware);
    control_unplug(s->hardware, true);
    subject_until(s, !s->applied && sees_nothing(s) && subject_is_off(s));
    control_unplug(s->hardware, false);
    s->wanted = (struct outputs){0};
    subject_until(s, is_well(s) && subject_is_off(s));
    cr_expect_gt(control_setups(s->hardware), setups, "the new connection was set up again");
    drive_heater(s);
}

Test(modbus_rtu, the_adapter_is_pulled_out_and_put_back, .timeout = 120) {
    survives_the_plug(&subject_modbus_rtu);
}
Test(modbus_tcp, the_connection_is_lost_and_made_again, .timeout = 120) {
    survives_the_plug(&subject_modbus_tcp);
}

Test(modbus_tcp, a_refused_write_is_told_though_the_sensors_go_on, .timeout = 120) {
    auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
    drive_heater(s);
    control_set_mode(s->hardware, CONTROL_REFUSES_WRITES);
    subject_until(s, !s->applied);
    subject_until(s, subject_is_off(s));
}

/* A command that was lost on the line must not come back to life with it. */
Test(modbus_tcp, what_was_wanted_during_a_fault_is_not_caught_up_on, .timeout = 120) {
    auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
    subject_until(s, is_well(s));
    control_unplug(s->hardware, true);
    s->wanted.heater_permille = 600;
    subject_until(s, !s->applied);
    s->wanted = (struct outputs){0};
    subject_turn(s);
    control_unplug(s->hardware, false);
    for (int64_t end = subject_deadline(s); !is_well(s) && subject_is_before(s, end);) {
        subject_turn(s);
        cr_assert(subject_is_off(s));
    }
    cr_expect(is_well(s));
}

Test(modbus_tcp, a_process_that_is_killed_leaves_a_control_board_that_turns_off, .timeout = 120) {
    auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
    auto_buf struct buf text = BUF_INIT;
    control_description(s->hardware, &text, &s->model);
    subject_close(s);
    pid_t pid = fork();
    if (pid == 0) {
        struct modbus_description d;
        struct field_errors errors;
        char error[256];
        if (modbus_description_parse(text.data, text.len, &s->model, &d, &errors) &&
            modbus_board_open(&s->model, &d, &s->board, error))
            for (s->wanted.heater_permille = 600;;) subject_turn(s);
        _exit(1);
    }
    cr_assert_gt(pid, 0);
    int64_t end = 4000;
    for (; s->ops->drive(s, HEATER, 0) != 600 && end > 0; end--) usleep(5000);
    cr_expect_eq(s->ops->drive(s, HEATER, 0), 600);
    cr_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
    for (; !subject_is_off(s) && end > 0; end--) usleep(5000);
    cr_expect(subject_is_off(s));
}

/* ---- opening, and what the description can say ---- */

static bool open_changed(struct subject *s, const char *from, const char *to, char error[256]) {
    auto_buf struct buf text = BUF_INIT, changed = BUF_INIT;
    auto_free struct modbus_description *d = xcalloc(1, sizeof *d);
    struct field_errors errors;
    control_description(s->hardware, &text, &s->model);
    const char *at = strstr(text.data, from);
    cr_assert(at);
    buf_add(&changed, text.data, (size_t)(at - text.data));
    buf_fmt(&changed, "%s%s", to, at + strlen(from));
    cr_assert(modbus_description_parse(changed.data, changed.len, &s->model, d, &errors), "%s: %s",
              errors.list[0].pointer, errors.list[0].detail);
    s->is_open = modbus_board_open(&s->model, d, &s->board, error);
    return s->is_open;
}

Test(modbus_tcp, opening_fails_with_the_reason, .timeout = 120) {
    static const struct {
        enum control_mode mode;
        const char *from, *to, *named;
    } rows[] = {{CONTROL_SILENT, "\"unit\":7", "\"unit\":7", "timed out"},
                {CONTROL_REFUSES_WRITES, "\"unit\":7", "\"unit\":7", "Slave device or server failure"},
                {CONTROL_REFUSES_READS, "\"unit\":7", "\"unit\":7", "input register 0"},
                {CONTROL_ANSWERS, "\"heartbeat\":100", "\"heartbeat\":4000",
                 "holding register 4000: Illegal data address"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
        char error[256] = "";
        subject_close(s);
        control_set_mode(s->hardware, rows[i].mode);
        cr_expect_not(open_changed(s, rows[i].from, rows[i].to, error), "row %zu", i);
        cr_expect(strstr(error, rows[i].named), "row %zu: %s", i, error);
    }
}

Test(modbus_tcp, a_broken_wire_is_no_reading_at_once, .timeout = 120) {
    auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
    subject_until(s, s->readings.water_mdegc[1].present);
    s->ops->break_wire(s, 1);
    subject_until(s, !s->readings.water_mdegc[1].present);
}

/* The control board's discrete inputs and coils are all 0. */
Test(modbus_tcp, a_switch_can_be_a_bit_of_any_table_either_way, .timeout = 120) {
    static const struct {
        const char *contact;
        bool pressed;
    } rows[] = {{"{\"table\":\"discrete\",\"address\":3}", false},
                {"{\"table\":\"discrete\",\"address\":3,\"active_low\":true}", true},
                {"{\"table\":\"coil\",\"address\":3,\"active_low\":true}", true},
                {"{\"table\":\"input\",\"address\":2,\"bit\":5}", true}, /* the level: 800 is 0b1100100000 */
                {"{\"table\":\"input\",\"address\":2,\"bit\":6}", false},
                {"{\"table\":\"input\",\"address\":2,\"bit\":6,\"active_low\":true}", true}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
        char error[256] = "";
        subject_close(s);
        cr_assert(open_changed(s, "{\"table\":\"input\",\"address\":4,\"bit\":0}", rows[i].contact, error),
                  "%s", error);
        subject_until(s, s->applied);
        cr_expect_eq(s->readings.emergency_stop, rows[i].pressed, "row %zu", i);
    }
}

Test(modbus_tcp, a_coil_is_on_at_any_drive) {
    auto_subject struct subject *s = subject_new(&subject_modbus_tcp);
    char error[256] = "";
    subject_close(s);
    cr_assert(open_changed(s, "\"address\":0}", "\"address\":0,\"table\":\"coil\"}", error), "%s", error);
    cr_expect_eq(control_coil(s->hardware), 0);
    s->wanted.heater_permille = 1;
    subject_until(s, s->applied && control_coil(s->hardware) == 1);
    s->wanted.heater_permille = 0;
    subject_until(s, s->applied && control_coil(s->hardware) == 0);
}
