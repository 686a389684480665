#include "device-agent/board/template.h"

#include <stdio.h>

#include "base/clock.h"
#include "device-agent/board/inputs.h"
#include "device-agent/board/outputs.h"
#include "device-agent/board/worker.h"

#define WATCHDOG_PERIOD_MS 100
#define WATCHDOG_END_MS 1000

struct template_board {
    const struct model *model;
    struct template_hardware *hw;
    struct readings last; /* the newest measurements: a sensor that fails keeps its old time */
    bool was_local_stop;
    struct worker watchdog;
    pthread_mutex_t lock; /* of what follows, and of the outputs of the hardware */
    bool failed;
    int64_t applied_ms, failed_ms; /* monotonic */
};

/* ---- YOURS: the hardware ---- */

/* Drives one cell, or the heater. False: it could not be done. */
static bool hardware_drive(struct template_hardware *hw, int channel, int cell, int32_t permille) {
    pthread_mutex_lock(&hw->lock);
    bool ok = !hw->refuses;
    if (ok) hw->drive_permille[channel][cell] = permille;
    hw->writes++;
    pthread_mutex_unlock(&hw->lock);
    return ok;
}

/* One measurement each. False: the sensor did not answer. What takes longer than a millisecond or two
 * belongs in a thread with a slot (slot.h), see linux/sensor.c. */
static bool hardware_measure(struct template_hardware *hw, int sensor, const int32_t *value, int32_t *ret) {
    pthread_mutex_lock(&hw->lock);
    bool ok = hw->answers[sensor];
    if (ok) *ret = *value;
    pthread_mutex_unlock(&hw->lock);
    return ok;
}

/* A switch that cannot be read is pressed. */
static bool hardware_switch(struct template_hardware *hw, const bool *contact) {
    pthread_mutex_lock(&hw->lock);
    bool pressed = *contact;
    pthread_mutex_unlock(&hw->lock);
    return pressed;
}

/* ---- outputs; the lock is held ---- */

static int cells_of(const struct actuator *a) { return a->kind == ACTUATOR_HEATER ? 1 : a->cells; }

/* Every output is tried, whatever the others do. */
static bool all_off(struct template_board *b) {
    bool ok = true;
    for (int i = 0; i < b->model->n_actuators; i++)
        for (int c = 0; c < cells_of(&b->model->actuators[i]); c++) ok &= hardware_drive(b->hw, i, c, 0);
    return ok;
}

static void fail(struct template_board *b) {
    b->failed = true;
    b->failed_ms = clock_mono_ms();
    (void)!all_off(b);
}

/* A fault is over when it has lasted long enough to be seen and everything could be turned off. */
static bool is_mended(struct template_board *b) {
    if (!b->failed) return true;
    if (clock_mono_ms() - b->failed_ms < TEMPLATE_FAULT_MS) return false;
    if (all_off(b))
        b->failed = false;
    else
        b->failed_ms = clock_mono_ms();
    return !b->failed;
}

static bool drive_all(struct template_board *b, const struct outputs *o) {
    for (int i = 0; i < b->model->n_actuators; i++)
        for (int c = 0; c < cells_of(&b->model->actuators[i]); c++)
            if (!hardware_drive(b->hw, i, c, outputs_permille(b->model, o, i, c))) return false;
    return true;
}

/* The control loop may hang: nobody would turn the outputs off then. */
static void watch(void *context) {
    struct template_board *b = context;
    pthread_mutex_lock(&b->lock);
    if (clock_mono_ms() - b->applied_ms >= TEMPLATE_WATCHDOG_MS && !all_off(b)) fail(b);
    pthread_mutex_unlock(&b->lock);
}

/* ---- the contract of hal.h ---- */

static bool template_apply(void *board, const struct outputs *wanted) {
    struct template_board *b = board;
    struct outputs o;
    bool known = outputs_accept(b->model, wanted, &o);
    pthread_mutex_lock(&b->lock);
    b->applied_ms = clock_mono_ms();
    bool ok = is_mended(b);
    if (ok && !drive_all(b, &o)) {
        fail(b);
        ok = false;
    }
    pthread_mutex_unlock(&b->lock);
    return ok && known;
}

static void template_safe(void *board) {
    struct template_board *b = board;
    pthread_mutex_lock(&b->lock);
    if (!all_off(b)) fail(b);
    pthread_mutex_unlock(&b->lock);
}

static void measure(struct template_board *b, int sensor, const int32_t *value, int64_t now_ms,
                    struct reading *r) {
    int32_t measured;
    if (hardware_measure(b->hw, sensor, value, &measured)) *r = (struct reading){measured, now_ms, true};
}

/* YOURS: leave out what your hardware does not have; zero is "not fitted". What it has and cannot be read is
 * never left at zero: inputs_fitted. */
static void read_optional(struct template_board *b, int64_t now_ms, struct readings *ret) {
    struct template_hardware *hw = b->hw;
    for (int i = 0; i < CONTACT_COUNT; i++) {
        struct reading r = {.at_ms = now_ms};
        r.present = hardware_measure(hw, TEMPLATE_CONTACT + i, &hw->contact[i], &r.value);
        ret->contact[i] = inputs_fitted(r, now_ms);
    }
    for (int i = 0; i < b->model->n_actuators; i++) {
        struct reading r = {.at_ms = now_ms};
        if (b->model->actuators[i].kind == ACTUATOR_HEATER) continue;
        r.present = hardware_measure(hw, TEMPLATE_MOTION + i, &hw->motion_permille[i], &r.value);
        ret->motion_permille[i] = inputs_fitted(r, now_ms);
    }
}

static void template_read(void *board, int64_t now_ms, struct readings *ret) {
    struct template_board *b = board;
    struct template_hardware *hw = b->hw;
    for (int i = 0; i < b->model->water_sensors && i < WATER_SENSORS_MAX; i++)
        measure(b, TEMPLATE_WATER + i, &hw->water_mdegc[i], now_ms, &b->last.water_mdegc[i]);
    measure(b, TEMPLATE_LEVEL, &hw->level_permille, now_ms, &b->last.level_permille);
    measure(b, TEMPLATE_CURRENT, &hw->current_ma, now_ms, &b->last.current_ma);
    *ret = b->last;
    bool local_stop = hardware_switch(hw, &hw->local_stop);
    ret->local_stop = local_stop && !b->was_local_stop;
    ret->emergency_stop = hardware_switch(hw, &hw->emergency_stop);
    b->was_local_stop = local_stop;
    read_optional(b, now_ms, ret);
}

/* Off before anything is waited for; after this nothing is written any more. */
static void template_free(void *board) {
    struct template_board *b = board;
    template_safe(b);
    if (!worker_end(&b->watchdog, WATCHDOG_END_MS)) return; /* it hangs: what it uses stays */
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static const struct hal_sensors sensors = {.read = template_read};
static const struct hal_actuators actuators = {.apply = template_apply, .safe = template_safe};
static const struct hal_board ops = {
    .name = "template", .sensors = &sensors, .actuators = &actuators, .free = template_free};

bool template_board_open(const struct model *model, struct template_hardware *hardware, struct board *ret,
                         char error[256]) {
    struct template_board *b = xcalloc(1, sizeof *b);
    b->model = model;
    b->hw = hardware;
    b->applied_ms = clock_mono_ms();
    pthread_mutex_init(&b->lock, NULL);
    if (all_off(b) && worker_start(&b->watchdog, watch, b, WATCHDOG_PERIOD_MS)) {
        *ret = (struct board){.ops = &ops, .self = b};
        return true;
    }
    snprintf(error, 256, "the outputs cannot be turned off, or no thread can be started");
    template_free(b);
    return false;
}
