#include "device-agent/board/modbus/board.h"

#include <stdio.h>

#include "base/clock.h"
#include "device-agent/board/inputs.h"
#include "device-agent/board/modbus/wire.h"
#include "device-agent/board/outputs.h"
#include "device-agent/board/slot.h"
#include "device-agent/board/worker.h"

#define RECONNECT_MS 250
#define END_WAIT_MS 5000 /* more than any turn takes */
#define LAST_WRITES 3    /* attempts of the safe state at closing */

_Static_assert(MODBUS_FAULT_HOLD_MS > MODBUS_FAULT_MS, "a fault ends only after a later turn");

struct modbus_board {
    const struct model *model;
    struct modbus_description d;
    struct worker worker;
    struct slot water[WATER_SENSORS_MAX], level, current, motion[PROTO_ACTUATORS_MAX];
    int moves[PROTO_ACTUATORS_MAX]; /* the channel that each sensor of motion sees */
    /* of the worker's turn alone: */
    struct wire *wire;
    struct plan out, in;
    int64_t reconnect_ms;
    bool was_local_stop;
    /* shared: */
    pthread_mutex_t lock;
    struct outputs wanted;
    int64_t applied_ms, written_ms, failed_ms, switches_ms; /* monotonic */
    bool failed, emergency_stop, local_stop, contacts[CONTACT_COUNT];
};

/* ---- the worker's turn ---- */

static void fill(struct modbus_board *b, const struct outputs *o, bool alive) {
    for (int32_t i = 0; i < b->d.n_outputs; i++) {
        const struct modbus_output *s = &b->d.outputs[i];
        int channel, cell;
        if (!outputs_find(b->model, s->actuator, s->cell, &channel, &cell)) continue;
        int64_t permille = outputs_permille(b->model, o, channel, cell);
        int64_t value = s->full * permille / 1000;
        *plan_value(&b->out, s->table, s->address) = (uint16_t)(permille > 0 && value == 0 ? 1 : value);
    }
    uint16_t *beat = plan_value(&b->out, MODBUS_HOLDING, b->d.heartbeat);
    if (alive) *beat = (uint16_t)(*beat % 65535 + 1);
}

static void fail_locked(struct modbus_board *b) {
    b->failed = true;
    b->failed_ms = clock_mono_ms();
    b->wanted = (struct outputs){0};
}

static enum wire_result write_wanted(struct modbus_board *b) {
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&b->lock);
    struct outputs wanted = b->wanted;
    bool alive = now_ms - b->applied_ms < MODBUS_WATCHDOG_MS;
    pthread_mutex_unlock(&b->lock);
    if (!alive) wanted = (struct outputs){0};
    fill(b, &wanted, alive);
    enum wire_result result = wire_write(b->wire, &b->out);
    if (result != WIRE_REFUSED) return result;
    pthread_mutex_lock(&b->lock);
    fail_locked(b);
    pthread_mutex_unlock(&b->lock);
    return result;
}

static void take_sensor(struct modbus_board *b, struct slot *slot, const struct modbus_sensor *s,
                        int64_t began_ms) {
    uint16_t raw = *plan_value(&b->in, s->table, s->address);
    int32_t value;
    if (scale_value(&s->scale, s->is_signed ? (int16_t)raw : raw, &value))
        slot_put(slot, value, began_ms);
    else
        slot_clear(slot);
}

static bool is_pressed(struct modbus_board *b, const struct modbus_switch *s) {
    uint16_t raw = *plan_value(&b->in, s->table, s->address);
    bool is_register = s->table == MODBUS_HOLDING || s->table == MODBUS_INPUT;
    return (is_register ? raw >> s->bit & 1 : raw != 0) != s->active_low;
}

static void take_switches(struct modbus_board *b, int64_t began_ms) {
    bool local_stop = b->d.has_local_stop && is_pressed(b, &b->d.local_stop);
    pthread_mutex_lock(&b->lock);
    b->emergency_stop = is_pressed(b, &b->d.emergency_stop);
    b->local_stop |= local_stop && !b->was_local_stop;
    for (int i = 0; i < CONTACT_COUNT; i++)
        b->contacts[i] = b->d.contacts.has[i] && is_pressed(b, &b->d.contacts.at[i]);
    b->switches_ms = began_ms;
    pthread_mutex_unlock(&b->lock);
    b->was_local_stop = local_stop;
}

static void take_inputs(struct modbus_board *b, int64_t began_ms) {
    for (int32_t i = 0; i < b->d.n_water; i++) take_sensor(b, &b->water[i], &b->d.water[i], began_ms);
    if (b->d.has_level) take_sensor(b, &b->level, &b->d.level, began_ms);
    if (b->d.has_current) take_sensor(b, &b->current, &b->d.current, began_ms);
    for (int32_t i = 0; i < b->d.n_motion; i++) take_sensor(b, &b->motion[i], &b->d.motion[i], began_ms);
    take_switches(b, began_ms);
}

static bool connect_again(struct modbus_board *b) {
    int64_t now_ms = clock_mono_ms();
    if (now_ms < b->reconnect_ms) return false;
    if (wire_connect(b->wire) == WIRE_OK) return true;
    b->reconnect_ms = now_ms + RECONNECT_MS;
    return false;
}

/* Whole or not at all: it counts only when the control board shows the heartbeat that this very turn wrote.
 * An answer that is late, or comes from a gateway's memory, is so never taken for a new one. */
static bool take_turn(struct modbus_board *b) {
    int64_t began_ms = clock_mono_ms();
    if (!connect_again(b) || write_wanted(b) != WIRE_OK || wire_read(b->wire, &b->in) != WIRE_OK ||
        wire_expect(b->wire, b->d.heartbeat, *plan_value(&b->out, MODBUS_HOLDING, b->d.heartbeat)) != WIRE_OK)
        return false; /* what was read last grows old */
    take_inputs(b, began_ms);
    pthread_mutex_lock(&b->lock);
    b->written_ms = began_ms;
    pthread_mutex_unlock(&b->lock);
    return true;
}

static void turn(void *board) { (void)!take_turn(board); }

/* ---- the control loop's side ---- */

static void judge_locked(struct modbus_board *b, int64_t now_ms) {
    if (!b->failed && now_ms - b->written_ms > MODBUS_FAULT_MS) fail_locked(b);
    if (b->failed && now_ms - b->failed_ms >= MODBUS_FAULT_HOLD_MS &&
        now_ms - b->written_ms <= MODBUS_FAULT_MS)
        b->failed = false;
}

static bool modbus_apply(void *board, const struct outputs *wanted) {
    struct modbus_board *b = board;
    struct outputs o;
    bool known = outputs_accept(b->model, wanted, &o);
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&b->lock);
    b->applied_ms = now_ms;
    judge_locked(b, now_ms);
    bool ok = !b->failed;
    b->wanted = ok ? o : (struct outputs){0};
    pthread_mutex_unlock(&b->lock);
    return ok && known;
}

static void modbus_safe(void *board) {
    struct modbus_board *b = board;
    pthread_mutex_lock(&b->lock);
    b->wanted = (struct outputs){0};
    pthread_mutex_unlock(&b->lock);
    if (b->worker.running) worker_wake(&b->worker);
}

/* Contacts are as old as the turn that read them. The lock is held. */
static void read_contacts_locked(struct modbus_board *b, int64_t now_ms, struct readings *ret) {
    int64_t at_ms = now_ms - (clock_mono_ms() - b->switches_ms);
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (b->d.contacts.has[i]) ret->contact[i] = (struct reading){b->contacts[i], at_ms, true};
}

static void modbus_read(void *board, int64_t now_ms, struct readings *ret) {
    struct modbus_board *b = board;
    *ret = (struct readings){0};
    for (int32_t i = 0; i < b->d.n_water; i++) ret->water_mdegc[i] = slot_get(&b->water[i], now_ms);
    ret->level_permille = slot_get(&b->level, now_ms);
    ret->current_ma = slot_get(&b->current, now_ms);
    for (int32_t i = 0; i < b->d.n_motion; i++)
        ret->motion_permille[b->moves[i]] = inputs_fitted(slot_get(&b->motion[i], now_ms), now_ms);
    pthread_mutex_lock(&b->lock);
    ret->emergency_stop = b->emergency_stop || clock_mono_ms() - b->switches_ms > MODBUS_FAULT_MS;
    ret->local_stop = b->local_stop;
    b->local_stop = false;
    read_contacts_locked(b, now_ms, ret);
    pthread_mutex_unlock(&b->lock);
}

/* ---- life ---- */

static void last_word(struct modbus_board *b) {
    fill(b, &(struct outputs){0}, false);
    for (int i = 0; i < LAST_WRITES; i++)
        if (wire_connect(b->wire) == WIRE_OK && wire_write(b->wire, &b->out) == WIRE_OK) return;
}

/* A worker that hangs is left to the end of the process, with what it uses; the control board's own watchdog
 * has the last word then. */
static void modbus_free(void *board) {
    struct modbus_board *b = board;
    modbus_safe(b);
    if (!worker_end(&b->worker, END_WAIT_MS)) return;
    last_word(b);
    wire_free(b->wire);
    for (int i = 0; i < WATER_SENSORS_MAX; i++) slot_done(&b->water[i]);
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++) slot_done(&b->motion[i]);
    slot_done(&b->level);
    slot_done(&b->current);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static void plan_all(struct modbus_board *b) {
    const struct modbus_description *d = &b->d;
    for (int32_t i = 0; i < d->n_outputs; i++) plan_add(&b->out, d->outputs[i].table, d->outputs[i].address);
    plan_add(&b->out, MODBUS_HOLDING, d->heartbeat);
    plan_make(&b->out);
    for (int32_t i = 0; i < d->n_water; i++) plan_add(&b->in, d->water[i].table, d->water[i].address);
    if (d->has_level) plan_add(&b->in, d->level.table, d->level.address);
    if (d->has_current) plan_add(&b->in, d->current.table, d->current.address);
    plan_add(&b->in, d->emergency_stop.table, d->emergency_stop.address);
    if (d->has_local_stop) plan_add(&b->in, d->local_stop.table, d->local_stop.address);
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (d->contacts.has[i]) plan_add(&b->in, d->contacts.at[i].table, d->contacts.at[i].address);
    for (int32_t i = 0; i < d->n_motion; i++) plan_add(&b->in, d->motion[i].table, d->motion[i].address);
    plan_make(&b->in);
}

static const struct hal_sensors sensors = {.read = modbus_read};
static const struct hal_actuators actuators = {.apply = modbus_apply, .safe = modbus_safe};
static const struct hal_board ops = {
    .name = "modbus", .sensors = &sensors, .actuators = &actuators, .free = modbus_free};

static struct modbus_board *new (const struct model *model, const struct modbus_description *description) {
    struct modbus_board *b = xcalloc(1, sizeof *b);
    b->model = model;
    b->d = *description;
    b->applied_ms = clock_mono_ms();
    b->wire = wire_new(&b->d);
    for (int i = 0; i < WATER_SENSORS_MAX; i++) slot_init(&b->water[i]);
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++) {
        int cell;
        slot_init(&b->motion[i]);
        if (i < b->d.n_motion) (void)!outputs_find(model, b->d.motion[i].actuator, 1, &b->moves[i], &cell);
    }
    slot_init(&b->level);
    slot_init(&b->current);
    pthread_mutex_init(&b->lock, NULL);
    plan_all(b);
    return b;
}

bool modbus_board_open(const struct model *model, const struct modbus_description *description,
                       struct board *ret, char error[256]) {
    struct modbus_board *b = new (model, description);
    int64_t until_ms = clock_mono_ms() + MODBUS_OPEN_MS;
    bool ok = take_turn(b);
    for (; !ok && clock_mono_ms() < until_ms; ok = take_turn(b)) usleep(RECONNECT_MS * 1000 / 5);
    b->applied_ms = clock_mono_ms();
    if (ok && worker_start(&b->worker, turn, b, b->d.period_ms)) {
        *ret = (struct board){.ops = &ops, .self = b};
        return true;
    }
    snprintf(error, 256, "%s", ok ? "no thread can be started" : wire_error(b->wire));
    modbus_free(b);
    return false;
}
