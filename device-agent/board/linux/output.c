#include "device-agent/board/linux/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define EXPORT_WAIT_MS 1000 /* until udev has made the files of a PWM channel */

/* ---- raw values ---- */

static int64_t full_of(const struct linux_output *s) {
    return s->drive == LINUX_PWM ? s->period_ns : s->full;
}

/* The value for a drive above zero: from where the motor begins to turn, up to full. */
static int64_t raw_of(const struct linux_output *s, int32_t permille) {
    int64_t share = s->start_permille + (int64_t)permille * (1000 - s->start_permille) / 1000;
    int64_t raw = full_of(s) * share / 1000;
    return raw > 0 ? raw : 1;
}

/* Time-proportional: on for the first part of each window. A change of the drive takes effect at once. */
static bool is_in_window(struct output *o, int32_t permille, int64_t now_ms) {
    int32_t window_ms = o->spec->window_ms;
    if (window_ms == 0) return true;
    int64_t past_ms = now_ms - o->window_from_ms;
    if (past_ms < 0 || past_ms >= window_ms) {
        o->window_from_ms = now_ms;
        past_ms = 0;
    }
    return past_ms * 1000 < (int64_t)permille * window_ms;
}

/* A PWM channel inverts by its polarity. An attribute has none: there the number is turned round. */
static bool put(struct output *o, int64_t raw) {
    const struct linux_output *s = o->spec;
    if (!o->is_open) return false;
    if (s->drive == LINUX_GPIO) return gpio_set(o->line, raw > 0);
    return sysfs_write(o->file, s->drive == LINUX_ATTRIBUTE && s->active_low ? s->full - raw : raw);
}

bool output_set(struct output *o, int32_t permille, int64_t now_ms) {
    int64_t raw = 0;
    if (permille > 0 && (o->spec->drive != LINUX_GPIO || is_in_window(o, permille, now_ms)))
        raw = o->spec->drive == LINUX_GPIO ? 1 : raw_of(o->spec, permille);
    if (raw == o->written) return true;
    bool ok = put(o, raw);
    o->written = ok ? raw : -1;
    return ok;
}

bool output_off(struct output *o) {
    if (!o->is_open) return true;
    bool ok = put(o, 0);
    o->written = ok ? 0 : -1;
    return ok;
}

/* ---- opening ---- */

static bool wait_for(const char *path) {
    for (int64_t until_ms = clock_mono_ms() + EXPORT_WAIT_MS;; usleep(5000)) {
        if (access(path, W_OK) == 0) return true;
        if (clock_mono_ms() > until_ms) return false;
    }
}

/* Off first, whoever has driven it before; a channel never used refuses that until it has a period. */
static bool open_pwm(struct output *o, const char *root, char *at) {
    const struct linux_output *s = o->spec;
    char chip[SYSFS_PATH_MAX / 2], path[SYSFS_PATH_MAX];
    snprintf(chip, sizeof chip, "%s/class/pwm/%s", root, s->chip);
    snprintf(o->file, sizeof o->file, "%s/pwm%d/duty_cycle", chip, s->line);
    snprintf(at, SYSFS_PATH_MAX, "%s/export", chip);
    if (access(o->file, F_OK) != 0 && !sysfs_write(at, s->line) && errno != EBUSY) return false;
    snprintf(at, SYSFS_PATH_MAX, "%s", o->file);
    if (!wait_for(o->file)) return false;
    bool was_off = sysfs_write(o->file, 0);
    snprintf(path, sizeof path, "%s/pwm%d/enable", chip, s->line);
    was_off = sysfs_write(path, 0) && was_off;
    (void)was_off;
    snprintf(at, SYSFS_PATH_MAX, "%s/pwm%d/polarity", chip, s->line);
    bool has_polarity = access(at, F_OK) == 0;
    if ((has_polarity || s->active_low) && !sysfs_write_text(at, s->active_low ? "inversed\n" : "normal\n"))
        return false;
    snprintf(at, SYSFS_PATH_MAX, "%s/pwm%d/period", chip, s->line);
    if (!sysfs_write(at, s->period_ns)) return false;
    snprintf(at, SYSFS_PATH_MAX, "%s", o->file);
    if (!sysfs_write(o->file, 0)) return false;
    snprintf(at, SYSFS_PATH_MAX, "%s", path);
    return sysfs_write(path, 1);
}

static bool open_gpio(struct output *o, char *at) {
    struct gpio_pin pin = {o->spec->chip, o->spec->line, o->spec->active_low};
    snprintf(at, SYSFS_PATH_MAX, "%s line %d", pin.chip, pin.line);
    o->line = gpio_open(&pin, true);
    return o->line != NULL;
}

bool output_open(struct output *o, const struct linux_output *spec, const char *root, char error[256]) {
    char at[SYSFS_PATH_MAX];
    *o = (struct output){.spec = spec, .written = -1};
    if (spec->drive == LINUX_GPIO) {
        o->is_open = open_gpio(o, at);
    } else if (spec->drive == LINUX_PWM) {
        o->is_open = open_pwm(o, root, at);
    } else {
        snprintf(o->file, sizeof o->file, "%s/%s", root, spec->file);
        snprintf(at, sizeof at, "%s", o->file);
        o->is_open = access(o->file, W_OK) == 0;
    }
    if (o->is_open && output_off(o)) return true;
    snprintf(error, 256, "%.180s: %s", at, strerror(errno));
    return false;
}

void output_close(struct output *o) {
    if (!output_off(o)) o->written = -1; /* nothing more can be done here: the enable line is the board's */
    if (o->line) gpio_close(o->line);
    o->line = NULL;
    o->is_open = false;
}
