#include "device-agent/board/linux/board.h"

#include <stdio.h>

#include "base/clock.h"
#include "device-agent/board/inputs.h"
#include "device-agent/board/linux/button.h"
#include "device-agent/board/linux/output.h"
#include "device-agent/board/linux/sensor.h"
#include "device-agent/board/outputs.h"

#define WATCHDOG_PERIOD_MS 100
#define WATCHDOG_END_MS 1000
#define FIRST_WAIT_MS 500 /* for the first measurements, so that the agent does not begin with a fault */

struct linux_board {
    const struct model *model;
    struct linux_description d;
    struct sensor water[WATER_SENSORS_MAX], level, current, motion[PROTO_ACTUATORS_MAX];
    int moves[PROTO_ACTUATORS_MAX]; /* the channel that each sensor of motion sees */
    struct button emergency_stop, local_stop, contacts[CONTACT_COUNT];
    bool was_local_stop;
    int64_t now_ms; /* control time of the last reading */
    struct worker watchdog;
    pthread_mutex_t lock; /* of all that follows */
    struct output outputs[LINUX_OUTPUTS_MAX], enable, heartbeat;
    bool beat, failed;
    int64_t applied_ms, failed_ms; /* monotonic */
};

/* ---- outputs; the lock is held ---- */

/* Every output is tried, whatever the others do. The relay before them all comes first. */
static bool all_off(struct linux_board *b) {
    bool ok = output_off(&b->enable);
    for (int32_t i = 0; i < b->d.n_outputs; i++) ok &= output_off(&b->outputs[i]);
    return ok;
}

static void fail(struct linux_board *b) {
    b->failed = true;
    b->failed_ms = clock_mono_ms();
    (void)!all_off(b);
}

static bool is_mended(struct linux_board *b) {
    if (!b->failed) return true;
    if (clock_mono_ms() - b->failed_ms < LINUX_FAULT_MS) return false;
    if (!all_off(b)) {
        b->failed_ms = clock_mono_ms();
        return false;
    }
    b->failed = false;
    return true;
}

static bool drive(struct linux_board *b, const struct outputs *o) {
    for (int32_t i = 0; i < b->d.n_outputs; i++) {
        int channel, cell;
        const struct linux_output *s = &b->d.outputs[i];
        if (!outputs_find(b->model, s->actuator, s->cell, &channel, &cell)) return false;
        if (!output_set(&b->outputs[i], outputs_permille(b->model, o, channel, cell), b->now_ms))
            return false;
    }
    b->beat = !b->beat;
    return (!b->d.has_enable || output_set(&b->enable, 1000, b->now_ms)) &&
           (!b->d.has_heartbeat || output_set(&b->heartbeat, b->beat ? 1000 : 0, b->now_ms));
}

static void watch(void *context) {
    struct linux_board *b = context;
    pthread_mutex_lock(&b->lock);
    if (clock_mono_ms() - b->applied_ms >= LINUX_WATCHDOG_MS && !all_off(b)) fail(b);
    pthread_mutex_unlock(&b->lock);
}

static bool linux_apply(void *board, const struct outputs *wanted) {
    struct linux_board *b = board;
    struct outputs o;
    bool known = outputs_accept(b->model, wanted, &o);
    pthread_mutex_lock(&b->lock);
    b->applied_ms = clock_mono_ms();
    bool ok = is_mended(b);
    if (ok && !drive(b, &o)) {
        fail(b);
        ok = false;
    }
    pthread_mutex_unlock(&b->lock);
    return ok && known;
}

static void linux_safe(void *board) {
    struct linux_board *b = board;
    pthread_mutex_lock(&b->lock);
    if (!all_off(b)) fail(b);
    pthread_mutex_unlock(&b->lock);
}

/* ---- inputs ---- */

/* Inputs that the description may leave out. */
static void read_optional(struct linux_board *b, int64_t now_ms, struct readings *ret) {
    for (int i = 0; i < CONTACT_COUNT; i++) {
        if (!b->d.contacts.has[i]) continue;
        int active = button_get(&b->contacts[i]);
        ret->contact[i] = inputs_fitted((struct reading){active > 0, now_ms, active >= 0}, now_ms);
    }
    for (int32_t i = 0; i < b->d.n_motion; i++)
        ret->motion_permille[b->moves[i]] = inputs_fitted(sensor_get(&b->motion[i], now_ms), now_ms);
}

/* A stop that cannot be read is pressed. */
static void linux_read(void *board, int64_t now_ms, struct readings *ret) {
    struct linux_board *b = board;
    bool local_stop = button_get(&b->local_stop) != 0;
    *ret = (struct readings){0};
    for (int32_t i = 0; i < b->d.n_water; i++) ret->water_mdegc[i] = sensor_get(&b->water[i], now_ms);
    ret->level_permille = sensor_get(&b->level, now_ms);
    ret->current_ma = sensor_get(&b->current, now_ms);
    ret->emergency_stop = button_get(&b->emergency_stop) != 0;
    ret->local_stop = local_stop && !b->was_local_stop;
    b->was_local_stop = local_stop;
    read_optional(b, now_ms, ret);
    b->now_ms = now_ms;
}

/* ---- life ---- */

static void close_buttons(struct linux_board *b) {
    button_close(&b->emergency_stop);
    button_close(&b->local_stop);
    for (int i = 0; i < CONTACT_COUNT; i++) button_close(&b->contacts[i]);
}

static bool close_sensors(struct linux_board *b) {
    bool ended = sensor_close(&b->level);
    ended &= sensor_close(&b->current);
    for (int32_t i = 0; i < b->d.n_water; i++) ended &= sensor_close(&b->water[i]);
    for (int32_t i = 0; i < b->d.n_motion; i++) ended &= sensor_close(&b->motion[i]);
    return ended;
}

/* Off before anything is waited for. What a hanging thread still uses is left to the end of the process. */
static void linux_free(void *board) {
    struct linux_board *b = board;
    linux_safe(b);
    bool ended = worker_end(&b->watchdog, WATCHDOG_END_MS);
    pthread_mutex_lock(&b->lock);
    output_close(&b->enable);
    for (int32_t i = 0; i < b->d.n_outputs; i++) output_close(&b->outputs[i]);
    output_close(&b->heartbeat);
    pthread_mutex_unlock(&b->lock);
    close_buttons(b);
    ended &= close_sensors(b);
    if (!ended) return;
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static bool open_outputs(struct linux_board *b, char error[256]) {
    const struct linux_description *d = &b->d;
    if (d->has_enable && !output_open(&b->enable, &d->enable, d->sysfs, error)) return false;
    for (int32_t i = 0; i < d->n_outputs; i++)
        if (!output_open(&b->outputs[i], &d->outputs[i], d->sysfs, error)) return false;
    return !d->has_heartbeat || output_open(&b->heartbeat, &d->heartbeat, d->sysfs, error);
}

static bool open_sensors(struct linux_board *b, char error[256]) {
    const struct linux_description *d = &b->d;
    for (int32_t i = 0; i < d->n_water; i++)
        if (!sensor_open(&b->water[i], &d->water[i], d->sysfs, error)) return false;
    for (int32_t i = 0; i < d->n_motion; i++) {
        int cell;
        if (!outputs_find(b->model, d->motion[i].actuator, 1, &b->moves[i], &cell) ||
            !sensor_open(&b->motion[i], &d->motion[i], d->sysfs, error))
            return false;
    }
    return (!d->has_level || sensor_open(&b->level, &d->level, d->sysfs, error)) &&
           (!d->has_current || sensor_open(&b->current, &d->current, d->sysfs, error));
}

static bool open_buttons(struct linux_board *b, char error[256]) {
    const struct linux_description *d = &b->d;
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (d->contacts.has[i] && !button_open(&b->contacts[i], &d->contacts.at[i], d->sysfs, error))
            return false;
    return button_open(&b->emergency_stop, &d->emergency_stop, d->sysfs, error) &&
           (!d->has_local_stop || button_open(&b->local_stop, &d->local_stop, d->sysfs, error));
}

static bool has_measured(struct sensor *s) { return !s->is_open || sensor_get(s, 0).present; }

static void wait_for_sensors(struct linux_board *b) {
    for (int64_t until_ms = clock_mono_ms() + FIRST_WAIT_MS; clock_mono_ms() < until_ms; usleep(5000)) {
        bool all = has_measured(&b->level) && has_measured(&b->current) && has_measured(&b->water[0]) &&
                   has_measured(&b->water[1]);
        for (int32_t i = 0; i < b->d.n_motion; i++) all = all && has_measured(&b->motion[i]);
        if (all) return;
    }
}

static const struct hal_sensors sensors = {.read = linux_read};
static const struct hal_actuators actuators = {.apply = linux_apply, .safe = linux_safe};
static const struct hal_board ops = {
    .name = "linux", .sensors = &sensors, .actuators = &actuators, .free = linux_free};

bool linux_board_open(const struct model *model, const struct linux_description *description,
                      struct board *ret, char error[256]) {
    struct linux_board *b = xcalloc(1, sizeof *b);
    b->model = model;
    b->d = *description;
    b->applied_ms = clock_mono_ms();
    pthread_mutex_init(&b->lock, NULL);
    if (open_outputs(b, error) && open_sensors(b, error) && open_buttons(b, error)) {
        wait_for_sensors(b);
        b->applied_ms = clock_mono_ms();
        if (worker_start(&b->watchdog, watch, b, WATCHDOG_PERIOD_MS)) {
            *ret = (struct board){.ops = &ops, .self = b};
            return true;
        }
        snprintf(error, 256, "no thread can be started");
    }
    linux_free(b);
    return false;
}
