#include "fake_sysfs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

char fake_root[64];

static void path_of(const char *file, char ret[256]) { snprintf(ret, 256, "%s/%s", fake_root, file); }

void fake_write(const char *file, const char *text) {
    char path[256];
    path_of(file, path);
    for (char *at = path + strlen(fake_root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(path, 0755);
    }
    FILE *f = fopen(path, "we");
    cr_assert(f, "%s: %s", path, strerror(errno));
    fputs(text, f);
    fclose(f);
}

int64_t fake_number(const char *file) {
    char path[256];
    long long value = -1;
    path_of(file, path);
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    if (fscanf(f, "%lld", &value) != 1) value = -1;
    fclose(f);
    return value;
}

void fake_remove(const char *file) {
    char path[256];
    path_of(file, path);
    cr_assert(unlink(path) == 0, "%s", path);
}

void fake_link(const char *file, const char *target) {
    char path[256], beside[264];
    path_of(file, path);
    snprintf(beside, sizeof beside, "%s.new", path);
    cr_assert(symlink(target, beside) == 0 && rename(beside, path) == 0);
}

static uint64_t written;

static int add_time(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)path;
    (void)at;
    if (type == FTW_F) written += (uint64_t)st->st_mtim.tv_sec * 1000000000U + (uint64_t)st->st_mtim.tv_nsec;
    return 0;
}

int64_t fake_written(void) {
    written = 0;
    nftw(fake_root, add_time, 8, FTW_PHYS);
    for (int i = 0; i < FAKE_CHIP_LINES; i++) written += (uint64_t)fake_gpio_sets(i);
    return (int64_t)(written >> 1);
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void fake_end(void) { nftw(fake_root, take_away, 8, FTW_PHYS | FTW_DEPTH); }

void fake_begin(void) {
    char file[128], text[32];
    snprintf(fake_root, sizeof fake_root, "/tmp/pediluve-test-sys-XXXXXX");
    cr_assert(mkdtemp(fake_root));
    fake_write("class/pwm/pwmchip0/export", "");
    for (int i = 0; i < FAKE_PWMS; i++) {
        static const char *const files[][2] = {
            {"enable", "1\n"}, {"polarity", "normal\n"}, {"period", "0\n"}};
        for (int k = 0; k < 3; k++) {
            snprintf(file, sizeof file, "class/pwm/pwmchip0/pwm%d/%s", i, files[k][0]);
            fake_write(file, files[k][1]);
        }
        snprintf(file, sizeof file, "class/pwm/pwmchip0/pwm%d/duty_cycle", i);
        snprintf(text, sizeof text, "%d\n", FAKE_PWM_PERIOD_NS / 2);
        fake_write(file, text);
    }
    fake_write("class/leds/heater/brightness", "500\n");
    fake_write("bus/iio/devices/iio:device3/name", "adc\n");
    fake_write("bus/iio/devices/iio:device3/in_voltage0_raw", "3700\n");
    fake_write("bus/iio/devices/iio:device3/in_voltage1_raw", "3700\n");
    fake_write("bus/iio/devices/iio:device3/in_voltage2_raw", "800\n");
    fake_write("bus/iio/devices/iio:device0/name", "other\n");
    fake_write("class/hwmon/hwmon2/name", "power\n");
    fake_write("class/hwmon/hwmon2/curr1_input", "60\n");
    fake_write("class/hwmon/hwmon2/fan1_input", "0\n");
    fake_write("class/gpio-keys/cutout", "0\n");
    fake_gpio_set(5, true); /* the lid closes its contact: low is open */
    fake_gpio_set(0, true); /* the emergency stop opens its contact: low is pressed */
}

static void describe_outputs(struct jsonw *w, const struct model *m) {
    int line = 0;
    jsonw_array(w, "outputs");
    for (int i = 0; i < m->n_actuators; i++) {
        const struct actuator *a = &m->actuators[i];
        bool heater = a->kind == ACTUATOR_HEATER;
        for (int c = 0; c < (heater ? 1 : a->cells); c++) {
            jsonw_object(w, NULL);
            jsonw_str(w, "actuator", a->name);
            jsonw_int(w, "cell", c + 1);
            jsonw_str(w, "drive", heater ? "attribute" : "pwm");
            jsonw_str(w, heater ? "file" : "chip", heater ? "class/leds/heater/brightness" : "pwmchip0");
            jsonw_int(w, heater ? "full" : "line", heater ? 1000 : line++);
            if (!heater) jsonw_int(w, "period_ns", FAKE_PWM_PERIOD_NS);
            jsonw_object_end(w);
        }
    }
    jsonw_array_end(w);
}

void fake_description(struct buf *ret, const struct model *m) {
    static const char rest[] =
        "[{\"bus\":\"iio\",\"device\":\"adc\",\"file\":\"in_voltage0_raw\",\"period_ms\":20,\"scale\":{"
        "\"points\":"
        "[{\"raw\":0,\"value\":0},{\"raw\":6000,\"value\":60000}]}},"
        "{\"bus\":\"iio\",\"device\":\"iio:device3\",\"file\":\"in_voltage1_raw\",\"period_ms\":20,\"scale\":"
        "{\"points\":[{\"raw\":0,\"value\":0},{\"raw\":6000,\"value\":60000}]}}]";
    static const char level[] =
        "{\"bus\":\"iio\",\"device\":\"adc\",\"file\":\"in_voltage2_raw\",\"period_ms\":20}";
    static const char current[] =
        "{\"bus\":\"hwmon\",\"device\":\"power\",\"file\":\"curr1_input\",\"period_ms\":20}";
    static const char stop[] = "{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":0,\"active_low\":true}";
    static const char key[] = "{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":1}";
    static const char enable[] = "{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":2}";
    static const char heartbeat[] = "{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":3}";
    static const char motion[] =
        "[{\"actuator\":\"jets\",\"bus\":\"hwmon\",\"device\":\"power\",\"file\":\"fan1_input\",\"period_"
        "ms\":20,"
        "\"scale\":{\"points\":[{\"raw\":0,\"value\":0},{\"raw\":3600,\"value\":1200}]}}]";
    static const char contacts[] =
        "{\"leak\":{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":4},"
        "\"lid\":{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":5,\"active_low\":true},"
        "\"drain\":{\"drive\":\"gpio\",\"chip\":\"gpiochip0\",\"line\":6},"
        "\"cutout\":{\"drive\":\"attribute\",\"file\":\"class/gpio-keys/cutout\"}}";
    struct jsonw w;
    jsonw_init(&w, ret);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "sysfs", fake_root);
    describe_outputs(&w, m);
    jsonw_raw(&w, "enable", enable, sizeof enable - 1);
    jsonw_raw(&w, "heartbeat", heartbeat, sizeof heartbeat - 1);
    jsonw_raw(&w, "water", rest, sizeof rest - 1);
    jsonw_raw(&w, "level", level, sizeof level - 1);
    jsonw_raw(&w, "current", current, sizeof current - 1);
    jsonw_raw(&w, "emergency_stop", stop, sizeof stop - 1);
    jsonw_raw(&w, "local_stop", key, sizeof key - 1);
    jsonw_raw(&w, "motion", motion, sizeof motion - 1);
    jsonw_raw(&w, "contacts", contacts, sizeof contacts - 1);
    jsonw_object_end(&w);
}

bool fake_open(const struct model *m, const char *text, size_t len, struct board *ret, char error[256]) {
    struct field_errors errors = {0};
    auto_free struct linux_description *d = xcalloc(1, sizeof *d);
    if (!linux_description_parse(text, len, m, d, &errors)) {
        snprintf(error, 256, "%s: %s", errors.list[0].pointer, errors.list[0].detail);
        return false;
    }
    return linux_board_open(m, d, ret, error);
}
