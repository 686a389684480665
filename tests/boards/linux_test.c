/* What is the linux board's own: how it takes its outputs, drives them and lets them go. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "device-agent/board/linux/output.h"
#include "fake_sysfs.h"
#include "subject.h"

#undef linux /* the preprocessor's own name for the system */

enum { HEATER, JETS, ROLLER }; /* channels of spa-pro */
enum {
    STOP_LINE,
    KEY_LINE,
    ENABLE_LINE,
    HEARTBEAT_LINE,
    LEAK_LINE,
    LID_LINE,
    DRAIN_LINE,
    N_LINES
}; /* of the fake chip */

#define PWM_1 "class/pwm/pwmchip0/pwm1/"
#define WATER_0 "bus/iio/devices/iio:device3/in_voltage0_raw"

/* The board is closed and could be opened again with what follows. */
static void reopen(struct subject *s, struct buf *text) {
    subject_close(s);
    fake_description(text, &s->model);
}

Test(linux, what_is_missing_is_named_and_what_was_opened_is_off_and_free_again) {
    static const struct {
        const char *gone, *named;
    } rows[] = {{"class/pwm/pwmchip0/pwm4/duty_cycle", "pwm4"},
                {"class/leds/heater/brightness", "brightness"},
                {"bus/iio/devices/iio:device3/name", "adc"},
                {"class/hwmon/hwmon2/name", "power"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_subject struct subject *s = subject_new(&subject_linux);
        auto_buf struct buf text = BUF_INIT;
        char error[256] = "";
        reopen(s, &text);
        fake_write(PWM_1 "duty_cycle", "500000\n");
        fake_remove(rows[i].gone);
        cr_expect_not(fake_open(&s->model, text.data, text.len, &s->board, error), "row %zu", i);
        cr_expect(strstr(error, rows[i].named), "row %zu: %s", i, error);
        for (int line = 0; line < N_LINES; line++)
            cr_expect_not(fake_gpio_is_open(line), "row %zu: %d", i, line);
        cr_expect_eq(fake_number(PWM_1 "duty_cycle"), i == 1 ? 500000 : 0, "row %zu",
                     i); /* the heater is first */
    }
}

Test(linux, two_devices_of_one_name_are_not_guessed_between) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    auto_buf struct buf text = BUF_INIT;
    char error[256] = "";
    reopen(s, &text);
    fake_write("class/hwmon/hwmon7/name", "power\n");
    cr_expect_not(fake_open(&s->model, text.data, text.len, &s->board, error));
    cr_expect(strstr(error, "more than one") && strstr(error, "power"), "%s", error);
}

Test(linux, a_line_that_somebody_else_holds_is_named) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    auto_buf struct buf text = BUF_INIT;
    char error[256] = "";
    reopen(s, &text);
    struct gpio_line *taken = gpio_open(&(struct gpio_pin){"gpiochip0", ENABLE_LINE, false}, true);
    cr_expect_not(fake_open(&s->model, text.data, text.len, &s->board, error));
    cr_expect(strstr(error, "gpiochip0 line 2"), "%s", error);
    gpio_close(taken);
}

Test(linux, a_chip_or_a_line_that_is_not_there_says_so) {
    cr_expect_null(gpio_open(&(struct gpio_pin){"no-such-chip", 1, false}, true));
    cr_expect_eq(errno, ENOENT);
    cr_expect_null(gpio_open(&(struct gpio_pin){"gpiochip0", FAKE_CHIP_LINES, true}, false));
    cr_expect_eq(errno, EINVAL);
}

Test(linux, a_line_is_read_and_written_as_its_contact_is_wired) {
    static const bool wired[] = {false, true};
    for (size_t i = 0; i < COUNT_OF(wired); i++) {
        struct gpio_line *in = gpio_open(&(struct gpio_pin){"gpiochip0", KEY_LINE, wired[i]}, false);
        struct gpio_line *out = gpio_open(&(struct gpio_pin){"gpiochip0", ENABLE_LINE, wired[i]}, true);
        cr_assert(in && out);
        for (int level = 0; level <= 1; level++) {
            fake_gpio_set(KEY_LINE, level);
            cr_expect_eq(gpio_get(in), level != wired[i]);
            cr_expect(gpio_set(out, level) && fake_gpio_get(ENABLE_LINE) == (level != wired[i]));
        }
        cr_expect_not(gpio_set(in, true), "an input");
        fake_gpio_fail(KEY_LINE, true);
        cr_expect_eq(gpio_get(in), -1);
        fake_gpio_fail(KEY_LINE, false);
        gpio_close(in);
        gpio_close(out);
        cr_expect_not(fake_gpio_is_open(KEY_LINE) || fake_gpio_is_open(ENABLE_LINE));
    }
}

/* ---- outputs ---- */

static void with_output(struct output *o, const struct linux_output *spec) {
    char error[256] = "";
    fake_begin();
    cr_assert(output_open(o, spec, fake_root, error), "%s", error);
}

Test(linux, a_pwm_channel_gets_its_period_and_polarity_and_no_duty) {
    static const struct linux_output spec = {.drive = LINUX_PWM,
                                             .chip = "pwmchip0",
                                             .line = 1,
                                             .period_ns = 40000,
                                             .active_low = true,
                                             .start_permille = 200};
    char polarity[16] = "", path[128];
    struct output o;
    with_output(&o, &spec);
    snprintf(path, sizeof path, "%s/" PWM_1 "polarity", fake_root);
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_expect(read(fd, polarity, sizeof polarity - 1) > 0 && !strncmp(polarity, "inversed", 8));
    cr_expect(fake_number(PWM_1 "period") == 40000 && fake_number(PWM_1 "duty_cycle") == 0 &&
              fake_number(PWM_1 "enable") == 1);
    cr_expect(output_set(&o, 1, 0) && fake_number(PWM_1 "duty_cycle") == 8000,
              "from where the motor begins to turn");
    cr_expect(output_set(&o, 500, 0) && fake_number(PWM_1 "duty_cycle") == 24000);
    cr_expect(output_set(&o, 1000, 0) && fake_number(PWM_1 "duty_cycle") == 40000);
    cr_expect(output_set(&o, 0, 0) && fake_number(PWM_1 "duty_cycle") == 0);
    output_close(&o);
    fake_end();
}

Test(linux, an_attribute_can_be_turned_round) {
    static const struct linux_output spec = {
        .drive = LINUX_ATTRIBUTE, .file = "class/leds/heater/brightness", .full = 255, .active_low = true};
    struct output o;
    with_output(&o, &spec);
    cr_expect_eq(fake_number(spec.file), 255, "off");
    cr_expect(output_set(&o, 1000, 0) && fake_number(spec.file) == 0);
    output_close(&o);
    cr_expect_eq(fake_number(spec.file), 255, "off");
    fake_end();
}

Test(linux, a_line_is_on_for_its_share_of_each_window) {
    static const struct linux_output spec = {
        .drive = LINUX_GPIO, .chip = "gpiochip0", .line = ENABLE_LINE, .active_low = true, .window_ms = 1000};
    static const int32_t shares[] = {0, 250, 600, 1000};
    struct output o;
    with_output(&o, &spec);
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        int32_t on = 0;
        for (int64_t t = 0; t < 10000; t += 10) {
            cr_assert(output_set(&o, shares[i], (int64_t)i * 10000 + t));
            on += !fake_gpio_get(ENABLE_LINE);
        }
        cr_expect_eq(on, shares[i], "%d", on); /* of 1000 looks */
    }
    output_close(&o);
    cr_expect(fake_gpio_get(ENABLE_LINE), "off is high");
    fake_end();
}

Test(linux, what_does_not_change_is_not_written_again) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20, 20}};
    subject_until(s, s->applied);
    fake_write(PWM_1 "duty_cycle", "12345\n");
    for (int i = 0; i < 10; i++) subject_turn(s);
    cr_expect_eq(fake_number(PWM_1 "duty_cycle"), 12345);
}

/* ---- enable and heartbeat ---- */

Test(linux, the_relay_before_all_outputs_is_on_only_while_all_is_well) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    cr_expect_not(fake_gpio_get(ENABLE_LINE), "opened");
    subject_until(s, s->applied && fake_gpio_get(ENABLE_LINE));
    s->board.ops->actuators->safe(s->board.self);
    cr_expect_not(fake_gpio_get(ENABLE_LINE), "safe");
    subject_until(s, s->applied && fake_gpio_get(ENABLE_LINE));
    s->ops->break_outputs(s, true);
    s->wanted.level[JETS][0] = 20;
    subject_until(s, !s->applied);
    cr_expect_not(fake_gpio_get(ENABLE_LINE), "an output failed");
    s->ops->break_outputs(s, false);
    s->wanted = (struct outputs){0};
    subject_until(s, s->applied && fake_gpio_get(ENABLE_LINE));
    subject_close(s);
    cr_expect_not(fake_gpio_get(ENABLE_LINE), "closed");
    for (int line = 0; line < N_LINES; line++) cr_expect_not(fake_gpio_is_open(line));
}

Test(linux, the_heartbeat_turns_over_with_each_apply_and_not_otherwise) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    subject_until(s, s->applied);
    for (int i = 0; i < 10; i++) {
        bool before = fake_gpio_get(HEARTBEAT_LINE);
        subject_turn(s);
        cr_expect_neq(fake_gpio_get(HEARTBEAT_LINE), before);
    }
    bool before = fake_gpio_get(HEARTBEAT_LINE);
    for (int i = 0; i < 10; i++) {
        subject_read(s);
        cr_expect_eq(fake_gpio_get(HEARTBEAT_LINE), before);
    }
}

Test(linux, an_enable_line_that_fails_is_a_fault) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    s->wanted.heater_permille = 500;
    subject_until(s, s->applied && s->ops->drive(s, HEATER, 0) == 500);
    fake_gpio_fail(HEARTBEAT_LINE, true);
    subject_until(s, !s->applied && subject_is_off(s));
    fake_gpio_fail(HEARTBEAT_LINE, false);
    subject_until(s, s->applied);
}

/* ---- inputs ---- */

Test(linux, a_switch_that_cannot_be_read_is_pressed) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    subject_until(s, !s->readings.emergency_stop);
    fake_gpio_fail(STOP_LINE, true);
    subject_until(s, s->readings.emergency_stop);
    fake_gpio_fail(STOP_LINE, false);
    subject_until(s, !s->readings.emergency_stop);
}

/* An input that the description names is fitted, even when it could not be read once since the start. */
Test(linux, an_input_that_never_could_be_read_is_not_taken_for_one_that_is_not_fitted) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    auto_buf struct buf text = BUF_INIT;
    char error[256] = "";
    reopen(s, &text);
    fake_gpio_fail(LID_LINE, true);
    fake_write("class/hwmon/hwmon2/fan1_input", "9999\n");
    cr_assert(fake_open(&s->model, text.data, text.len, &s->board, error), "%s", error);
    s->is_open = true;
    subject_turn(s);
    const struct reading *lid = &s->readings.contact[CONTACT_LID], *jets = &s->readings.motion_permille[JETS];
    cr_expect(lid->present && !subject_is_fresh(s, lid));
    cr_expect(jets->present && !subject_is_fresh(s, jets));
    cr_expect_not(s->readings.motion_permille[ROLLER].present, "it is not in the description");
    fake_gpio_fail(LID_LINE, false);
    fake_write("class/hwmon/hwmon2/fan1_input", "0\n");
    subject_until(s, subject_is_fresh(s, lid) && subject_is_fresh(s, jets));
}

Test(linux, a_broken_wire_is_no_reading_at_once) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    subject_until(s, s->readings.water_mdegc[1].present);
    s->ops->break_wire(s, 1);
    subject_until(s, !s->readings.water_mdegc[1].present);
}

Test(linux, a_sensor_that_writes_nonsense_grows_old) {
    static const char *const nonsense[] = {"", "warm\n", "12x\n", "99999999999999999999999\n"};
    for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
        auto_subject struct subject *s = subject_new(&subject_linux);
        subject_until(s, subject_is_fresh(s, &s->readings.water_mdegc[0]));
        fake_write(WATER_0, nonsense[i]);
        subject_until(s, !subject_is_fresh(s, &s->readings.water_mdegc[0]));
        cr_expect(subject_is_fresh(s, &s->readings.water_mdegc[1]), "row %zu", i);
    }
}

/* A named pipe blocks whoever reads it, as a hung bus does. The reader's thread is left
 * behind at closing, with the memory that it uses. */
Test(linux, a_sensor_that_blocks_holds_up_neither_the_loop_nor_the_others_nor_the_closing) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    char path[128], beside[128];
    snprintf(path, sizeof path, "%s/%s", fake_root, WATER_0);
    snprintf(beside, sizeof beside, "%s/pipe", fake_root);
    subject_until(s, subject_is_fresh(s, &s->readings.water_mdegc[0]));
    cr_assert(mkfifo(beside, 0600) == 0 && rename(beside, path) == 0);
    s->wanted.heater_permille = 500;
    subject_until(s, !subject_is_fresh(s, &s->readings.water_mdegc[0]));
    cr_expect(s->applied && s->ops->drive(s, HEATER, 0) == 500);
    cr_expect(subject_is_fresh(s, &s->readings.water_mdegc[1]) &&
              subject_is_fresh(s, &s->readings.current_ma));
    subject_close(s);
    cr_expect(subject_is_off(s));
}

/* The loop stands still while a motor's output has failed: the watchdog cannot turn that off, but takes the
 * relay before it, and it is told once the loop turns again. */
Test(linux, a_watchdog_that_cannot_turn_an_output_off_takes_the_relay_and_tells) {
    auto_subject struct subject *s = subject_new(&subject_linux);
    s->wanted = (struct outputs){.heater_permille = 600, .level[JETS] = {20, 20}};
    subject_until(s, s->applied && fake_gpio_get(ENABLE_LINE));
    s->ops->break_outputs(s, true);
    for (int64_t end = clock_mono_ms() + 2 * LINUX_WATCHDOG_MS; fake_gpio_get(ENABLE_LINE);) {
        cr_assert_lt(clock_mono_ms(), end);
        subject_read(s);
    }
    cr_expect(subject_is_off(s), "all but the broken one");
    s->wanted = (struct outputs){0};
    subject_turn(s);
    cr_expect_not(s->applied, "though nothing is wanted of it");
    s->ops->break_outputs(s, false);
    subject_until(s, s->applied && fake_gpio_get(ENABLE_LINE));
}
