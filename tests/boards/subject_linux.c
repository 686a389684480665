/* The linux board on a fake sysfs. The broken output is that of jets, cell 1: a full device. */
#include <stdio.h>
#include <string.h>

#include "fake_sysfs.h"
#include "subject.h"

#define BROKEN "class/pwm/pwmchip0/pwm0/duty_cycle"

static void prepare(struct subject *s) {
    (void)s;
    fake_begin();
}
static bool open_board(struct subject *s, char error[256]) {
    auto_buf struct buf text = BUF_INIT;
    fake_description(&text, &s->model);
    return fake_open(&s->model, text.data, text.len, &s->board, error);
}
static void finish(struct subject *s) {
    (void)s;
    fake_end();
}

static int32_t drive(struct subject *s, int channel, int cell) {
    char file[96];
    int line = 0;
    if (channel == subject_heater(s)) return (int32_t)fake_number("class/leds/heater/brightness");
    for (int i = 0; i < channel; i++)
        if (i != subject_heater(s)) line += s->model.actuators[i].cells;
    snprintf(file, sizeof file, "class/pwm/pwmchip0/pwm%d/duty_cycle", line + cell);
    return (int32_t)(fake_number(file) * 1000 / FAKE_PWM_PERIOD_NS);
}
static int64_t writes(struct subject *s) {
    (void)s;
    return fake_written();
}
static void set_water(struct subject *s, int32_t mdegc) {
    char text[32];
    (void)s;
    snprintf(text, sizeof text, "%d\n", mdegc / 10);
    fake_write("bus/iio/devices/iio:device3/in_voltage0_raw", text);
    fake_write("bus/iio/devices/iio:device3/in_voltage1_raw", text);
}
static void break_wire(struct subject *s, int sensor) {
    (void)s;
    fake_write(sensor ? "bus/iio/devices/iio:device3/in_voltage1_raw"
                      : "bus/iio/devices/iio:device3/in_voltage0_raw",
               "9999\n");
}
static void silence(struct subject *s, bool silent) {
    if (silent) {
        fake_remove("bus/iio/devices/iio:device3/in_voltage0_raw");
        fake_remove("bus/iio/devices/iio:device3/in_voltage1_raw");
        fake_remove("bus/iio/devices/iio:device3/in_voltage2_raw");
        fake_remove("class/hwmon/hwmon2/curr1_input");
    } else {
        set_water(s, 37000);
        fake_write("bus/iio/devices/iio:device3/in_voltage2_raw", "800\n");
        fake_write("class/hwmon/hwmon2/curr1_input", "60\n");
    }
}
static void break_outputs(struct subject *s, bool broken) {
    (void)s;
    if (broken) {
        fake_link(BROKEN, "/dev/full");
    } else {
        fake_remove(BROKEN);
        fake_write(BROKEN, "0\n");
    }
}
static void press(struct subject *s, enum subject_button button, bool pressed) {
    (void)s;
    if (button == EMERGENCY_STOP)
        fake_gpio_set(0, !pressed);
    else
        fake_gpio_set(1, pressed);
}

/* Lines from LEAK_LINE on; the lid's is low when it is open; the thermostat's contact is a file. */
enum { LEAK_LINE = 4 };
#define CUTOUT_FILE "class/gpio-keys/cutout"

static void set_contact(struct subject *s, enum contact contact, bool active) {
    (void)s;
    if (contact == CONTACT_CUTOUT)
        fake_write(CUTOUT_FILE, active ? "1\n" : "0\n");
    else
        fake_gpio_set(LEAK_LINE + (int)contact, active != (contact == CONTACT_LID));
}
static void lose_contacts(struct subject *s, bool lost) {
    for (int i = 0; i < CONTACT_CUTOUT; i++) fake_gpio_fail(LEAK_LINE + i, lost);
    if (lost)
        fake_remove(CUTOUT_FILE);
    else
        set_contact(s, CONTACT_CUTOUT, false);
}
static void turn_jets(struct subject *s, bool turns) {
    (void)s;
    fake_write("class/hwmon/hwmon2/fan1_input", turns ? "1500\n" : "0\n");
}

const struct subject_ops subject_linux = {
    false,     false,      10,      prepare,       open_board, finish,      drive,         writes,
    set_water, break_wire, silence, break_outputs, press,      set_contact, lose_contacts, turn_jets};
