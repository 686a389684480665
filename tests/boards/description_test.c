/* Board description files: what is wrong in one is said, with the place; the examples are right. And what
 * becomes of raw numbers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control_board.h"
#include "device-agent/board/modbus/plan.h"
#include "device-agent/board/scale.h"
#include "fake_sysfs.h"

static void read_file(const char *path, struct buf *ret) {
    char piece[4096];
    FILE *f = fopen(path, "re");
    cr_assert(f, "%s", path);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;) buf_add(ret, piece, n);
    fclose(f);
}

static void load_model(const char *name, struct model *ret) {
    auto_buf struct buf path = BUF_INIT, text = BUF_INIT;
    struct field_errors errors;
    buf_fmt(&path, PEDILUVE_SOURCE_DIR "/schema/catalogue/models/%s.json", name);
    read_file(path.data, &text);
    cr_assert(model_parse(text.data, text.len, ret, &errors));
}

/* The first `from` in text becomes `to`. */
static void change(struct buf *text, const char *from, const char *to) {
    const char *at = strstr(text->data, from);
    cr_assert(at, "no %s in %s", from, text->data);
    struct buf changed = BUF_INIT;
    buf_add(&changed, text->data, (size_t)(at - text->data));
    buf_str(&changed, to);
    buf_str(&changed, at + strlen(from));
    buf_done(text);
    *text = changed;
}

static bool names(const struct field_errors *errors, const char *pointer) {
    for (int32_t i = 0; i < errors->n; i++)
        if (!strcmp(errors->list[i].pointer, pointer)) return true;
    return false;
}

#define LINUX_LEVEL                                                                                          \
    "\"level\":{\"bus\":\"iio\",\"device\":\"adc\",\"file\":\"in_voltage2_raw\",\"period_ms\":20},"
#define LINUX_CURRENT                                                                                        \
    "\"current\":{\"bus\":\"hwmon\",\"device\":\"power\",\"file\":\"curr1_input\",\"period_ms\":20},"

#define JETS_MOTION "{\"actuator\":\"jets\",\"bus\":\"hwmon\",\"device\":\"power\",\"file\":\"fan2_input\"}"

struct row {
    const char *from, *to, *pointer;
};

Test(description, the_examples_are_right) {
    auto_buf struct buf l = BUF_INIT, b = BUF_INIT;
    auto_free struct linux_description *ld = xcalloc(1, sizeof *ld);
    auto_free struct modbus_description *md = xcalloc(1, sizeof *md);
    struct field_errors errors;
    struct model m;
    read_file(PEDILUVE_SOURCE_DIR "/device-agent/board/examples/linux.json", &l);
    read_file(PEDILUVE_SOURCE_DIR "/device-agent/board/examples/modbus.json", &b);
    load_model("bath-basic", &m);
    cr_expect(linux_description_parse(l.data, l.len, &m, ld, &errors), "%s: %s", errors.list[0].pointer,
              errors.list[0].detail);
    cr_expect_str_eq(ld->sysfs, "/sys");
    load_model("spa-pro", &m);
    cr_expect(modbus_description_parse(b.data, b.len, &m, md, &errors), "%s: %s", errors.list[0].pointer,
              errors.list[0].detail);
}

Test(description, what_is_wrong_for_linux_is_said_with_its_place) {
    static const struct row rows[] = {
        {"{", "", ""},
        {"\"sysfs\"", "\"colour\":1,\"sysfs\"", "/colour"},
        {"\"heater\"", "\"kettle\"", "/outputs/0/actuator"},
        {"\"heater\"", "\"kettle\"", "/outputs"},
        {"\"cell\":2", "\"cell\":1", "/outputs/2/cell"},
        {"\"cell\":2", "\"cell\":3", "/outputs/2/actuator"},
        {"\"cell\":2", "\"cell\":9", "/outputs/2/cell"},
        {"\"drive\":\"pwm\"", "\"drive\":\"steam\"", "/outputs/1/drive"},
        {"\"chip\":\"pwmchip0\",", "", "/outputs/1/chip"},
        {"pwmchip0", "../pwmchip0", "/outputs/1/chip"},
        {"\"line\":0,", "", "/outputs/1/line"},
        {"\"line\":0,", "\"line\":-1,", "/outputs/1/line"},
        {",\"period_ns\":1000000", "", "/outputs/1/period_ns"},
        {"\"period_ns\":1000000", "\"period_ns\":1", "/outputs/1/period_ns"},
        {"class/leds/heater", "/etc", "/outputs/0/file"},
        {"class/leds/heater", "class/../../x", "/outputs/0/file"},
        {"\"file\":\"class/leds/heater/brightness\",", "", "/outputs/0/file"},
        {"\"full\":1000", "\"full\":70000", "/outputs/0/full"},
        {"\"bus\":\"iio\"", "\"bus\":\"can\"", "/water/0/bus"},
        {"\"device\":\"adc\",", "", "/water/0/device"},
        {"\"device\":\"adc\"", "\"device\":\"../x\"", "/water/0/device"},
        {"in_voltage0_raw", "a/b", "/water/0/file"},
        {"\"period_ms\":20", "\"period_ms\":5000", "/water/0/period_ms"},
        {"\"raw\":6000", "\"raw\":0", "/water/0/scale/points/1/raw"},
        {"{\"raw\":0,\"value\":0},", "", "/water/0/scale/points"},
        {"\"scale\":{",
         "\"scale\":{\"ntc\":{\"beta_k\":1,\"r25_ohm\":10000,\"series_ohm\":1000,\"full_raw\":4095},",
         "/water/0/scale/ntc/beta_k"},
        {"\"scale\":{",
         "\"scale\":{\"ntc\":{\"beta_k\":3950,\"r25_ohm\":10000,\"series_ohm\":1000,\"full_raw\":4095},",
         "/water/0/scale"},
        {"\"level\"", "\"levels\"", "/levels"},
        {LINUX_LEVEL, "", "/level"},
        {LINUX_CURRENT, "", "/current"},
        {"\"emergency_stop\"", "\"emergency\"", "/emergency_stop"},
        {"\"emergency_stop\":{\"drive\":\"gpio\"", "\"emergency_stop\":{\"drive\":\"pwm\"",
         "/emergency_stop/drive"},
        {"\"actuator\":\"jets\",\"bus\"", "\"bus\"", "/motion/0/actuator"},
        {"\"actuator\":\"jets\",\"bus\"", "\"actuator\":\"heater\",\"bus\"", "/motion/0/actuator"},
        {"\"actuator\":\"jets\",\"bus\"", "\"actuator\":\"kettle\",\"bus\"", "/motion/0/actuator"},
        {"\"motion\":[", "\"motion\":[" JETS_MOTION ",", "/motion/1/actuator"},
        {"\"raw\":3600", "\"raw\":0", "/motion/0/scale/points/1/raw"},
        {"fan1_input", "../x", "/motion/0/file"},
        {"\"leak\":{\"drive\":\"gpio\"", "\"leak\":{\"drive\":\"pwm\"", "/contacts/leak/drive"},
        {"\"lid\"", "\"hatch\"", "/contacts/hatch"},
        {"\"line\":6}", "\"active_low\":false}", "/contacts/drain/line"},
        {"class/gpio-keys/cutout", "../cutout", "/contacts/cutout/file"},
        {"\"line\":4}", "\"line\":4000}", "/contacts/leak/line"},
        {"\"enable\":{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":2", "\"enable\":{\"drive\":\"gpio\"",
         "/enable/line"},
    };
    struct model m;
    load_model("spa-pro", &m);
    fake_begin();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf text = BUF_INIT;
        auto_free struct linux_description *d = xcalloc(1, sizeof *d);
        struct field_errors errors = {0};
        fake_description(&text, &m);
        cr_assert(linux_description_parse(text.data, text.len, &m, d, &errors));
        change(&text, rows[i].from, rows[i].to);
        cr_expect_not(linux_description_parse(text.data, text.len, &m, d, &errors), "row %zu", i);
        cr_expect(names(&errors, rows[i].pointer), "row %zu, %s: %s: %s", i, rows[i].pointer,
                  errors.list[0].pointer, errors.list[0].detail);
    }
    fake_end();
}

Test(description, what_is_wrong_for_modbus_is_said_with_its_place) {
    static const struct row rows[] = {
        {"\"unit\":7", "\"unit\":0", "/unit"},
        {"\"unit\":7", "\"unit\":7,\"timeout_ms\":300,\"retries\":3", "/timeout_ms"},
        {"\"unit\":7", "\"unit\":7,\"retries\":9", "/retries"},
        {"\"kind\":\"tcp\"", "\"kind\":\"can\"", "/link/kind"},
        {"\"kind\":\"tcp\"", "\"kind\":\"rtu\"", "/link/device"},
        {"127.0.0.1", "localhost", "/link/address"},
        {"\"port\":", "\"port\":7", "/link/port"},
        {"\"address\":1}", "\"address\":0}", "/outputs/1/address"},
        {"\"address\":1}", "\"address\":100}", "/outputs/1/address"},
        {"\"address\":1}", "\"address\":1,\"table\":\"input\"}", "/outputs/1/table"},
        {"\"heater\"", "\"kettle\"", "/outputs/0/actuator"},
        {"\"heartbeat\":100,", "", "/heartbeat"},
        {"\"table\":\"input\"", "\"table\":\"coil\"", "/water/0/table"},
        {"\"raw\":10000", "\"raw\":-2000", "/water/0/scale/points/1/raw"},
        {"\"bit\":0", "\"bit\":16", "/emergency_stop/bit"},
        {"\"value\":8", "\"value\":70000", "/setup/0/value"},
        {"\"level\":{\"table\":\"input\",\"address\":2},", "", "/level"},
        {"\"current\":{\"table\":\"input\",\"address\":3},", "", "/current"},
        {"\"actuator\":\"jets\",\"table\"", "\"table\"", "/motion/0/actuator"},
        {"\"actuator\":\"jets\",\"table\"", "\"actuator\":\"heater\",\"table\"", "/motion/0/actuator"},
        {"\"motion\":[", "\"motion\":[{\"actuator\":\"jets\",\"table\":\"input\",\"address\":6},",
         "/motion/1/actuator"},
        {"\"table\":\"input\",\"address\":5", "\"table\":\"coil\",\"address\":5", "/motion/0/table"},
        {"\"raw\":1200", "\"raw\":0", "/motion/0/scale/points/1/raw"},
        {"\"leak\"", "\"puddle\"", "/contacts/puddle"},
        {"\"lid\":{\"table\":\"input\",", "\"lid\":{", "/contacts/lid/table"},
        {"\"bit\":4", "\"bit\":40", "/contacts/drain/bit"},
        {"\"cutout\":{\"table\":\"input\",\"address\":4", "\"cutout\":{\"table\":\"input\"",
         "/contacts/cutout/address"},
    };
    struct model m;
    struct control_board *c = control_new(true);
    load_model("spa-pro", &m);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf text = BUF_INIT;
        auto_free struct modbus_description *d = xcalloc(1, sizeof *d);
        struct field_errors errors = {0};
        control_description(c, &text, &m);
        cr_assert(modbus_description_parse(text.data, text.len, &m, d, &errors));
        change(&text, rows[i].from, rows[i].to);
        cr_expect_not(modbus_description_parse(text.data, text.len, &m, d, &errors), "row %zu", i);
        cr_expect(names(&errors, rows[i].pointer), "row %zu, %s: %s: %s", i, rows[i].pointer,
                  errors.list[0].pointer, errors.list[0].detail);
    }
    control_free(c);
}

/* ---- raw numbers ---- */

#define WIRE INT32_MIN

/* The thermistor's resistance by R25 * exp(B * (1/T - 1/T25)): 5301 ohm at 40 C, 33621 ohm at 0 C, worked out
 * apart from the code. */
Test(scale, a_raw_number_becomes_a_reading_or_a_broken_wire) {
    static const struct scale none = {0},
                              points = {.n_points = 3, .points = {{-100, -1000}, {0, 0}, {200, 4000}}},
                              falling = {.n_points = 2, .points = {{100, 60000}, {4000, 0}}},
                              ntc = {.has_ntc = true, .ntc = {3950, 10000, 10000, 4095, false}},
                              high = {.has_ntc = true, .ntc = {3950, 10000, 10000, 4095, true}};
    static const struct {
        const struct scale *scale;
        int64_t raw;
        int32_t value, tolerance;
    } rows[] = {
        {&none, 38000, 38000, 0},  {&none, -5, -5, 0},        {&none, 5000000000, WIRE, 0},
        {&points, -100, -1000, 0}, {&points, -50, -500, 0},   {&points, 0, 0, 0},
        {&points, 50, 1000, 0},    {&points, 200, 4000, 0},   {&points, -101, WIRE, 0},
        {&points, 201, WIRE, 0},   {&falling, 100, 60000, 0}, {&falling, 2050, 30000, 0},
        {&falling, 4001, WIRE, 0}, {&ntc, 2048, 25000, 30},   {&ntc, 1419, 40000, 30},
        {&ntc, 3156, 0, 30},       {&ntc, 0, WIRE, 0},        {&ntc, 20, WIRE, 0},
        {&ntc, 4095, WIRE, 0},     {&ntc, 4080, WIRE, 0},     {&ntc, -3, WIRE, 0},
        {&high, 2676, 40000, 30},  {&high, 4095, WIRE, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int32_t value = WIRE;
        cr_expect_eq(scale_value(rows[i].scale, rows[i].raw, &value), rows[i].value != WIRE, "row %zu: %d", i,
                     value);
        int32_t off = value - rows[i].value;
        if (rows[i].value != WIRE)
            cr_expect(off <= rows[i].tolerance && off >= -rows[i].tolerance, "row %zu: %d", i, value);
    }
}

Test(plan, neighbours_share_a_transaction_and_nobody_else_does) {
    struct plan p = {0};
    static const int32_t places[][2] = {{MODBUS_HOLDING, 7}, {MODBUS_HOLDING, 5}, {MODBUS_HOLDING, 6},
                                        {MODBUS_HOLDING, 9}, {MODBUS_COIL, 10},   {MODBUS_HOLDING, 6},
                                        {MODBUS_COIL, 11}};
    static const struct plan_run runs[] = {
        {MODBUS_HOLDING, 5, 3, 0}, {MODBUS_HOLDING, 9, 1, 3}, {MODBUS_COIL, 10, 2, 4}};
    for (size_t i = 0; i < COUNT_OF(places); i++) plan_add(&p, places[i][0], places[i][1]);
    plan_make(&p);
    *plan_value(&p, MODBUS_HOLDING, 9) = 9;
    *plan_value(&p, MODBUS_COIL, 10) = 10;
    cr_assert_eq(p.n_runs, (int32_t)COUNT_OF(runs));
    for (size_t i = 0; i < COUNT_OF(runs); i++)
        cr_expect_arr_eq(&p.runs[i], &runs[i], sizeof runs[i], "run %zu", i);
    cr_expect(p.values[3] == 9 && p.values[4] == 10);
}
