/* What goes wrong, and when: each seed has a weather of its own, in which some classes of faults do not
 * happen at all, so that rare meetings of few are seen as well as storms. */
#include "tests/simulation/world.h"

static int32_t rate(struct world *w, enum fault_class c, int32_t low, int32_t high) {
    int32_t n = low + dice_below(&w->dice, high - low);
    return w->weather.on[c] ? n : 0;
}

void faults_begin(struct world *w, uint32_t mask) {
    for (int32_t c = 0; c < FAULT_CLASS_COUNT; c++) {
        bool on = dice_below(&w->dice, 100) < 55; /* rolled in any case: a mask changes nothing else */
        w->weather.on[c] = on && (mask & (1u << c));
    }
    w->weather.loss = rate(w, FAULT_LOSS, 3, 60);
    w->weather.twice = rate(w, FAULT_DOUBLE, 3, 40);
    w->weather.late = rate(w, FAULT_LATE, 4, 40);
    w->weather.corrupt = rate(w, FAULT_CORRUPT, 10, 60);
    w->weather.delay_ms = 1 + dice_below(&w->dice, 300);
    int32_t slow_ms = 1 + dice_below(&w->dice, 2500);
    w->weather.disk_ms = w->weather.on[FAULT_SLOW] ? slow_ms : 1;
}

static void break_part(struct device *d) {
    static const int32_t span[SIM_FAULT_COUNT] = {
        [SIM_FAULT_SENSOR_STUCK] = 4,       [SIM_FAULT_SENSOR_STALE] = 4,    [SIM_FAULT_SENSOR_MISSING] = 4,
        [SIM_FAULT_SENSOR_IMPLAUSIBLE] = 4, [SIM_FAULT_SENSOR_OFFSET_0] = 0, [SIM_FAULT_SENSOR_OFFSET_1] = 0,
        [SIM_FAULT_OVER_CURRENT] = 20000,   [SIM_FAULT_MOTOR_STALLED] = 64,  [SIM_FAULT_MOTOR_RUNS_ON] = 64,
        [SIM_FAULT_CONTACT_MISSING] = 16};
    struct dice *dice = &d->world->dice;
    enum sim_fault fault = (enum sim_fault)dice_below(dice, SIM_FAULT_COUNT);
    int32_t value = span[fault] ? dice_below(dice, span[fault]) : 1;
    if (fault == SIM_FAULT_SENSOR_OFFSET_0 || fault == SIM_FAULT_SENSOR_OFFSET_1)
        value = dice_below(dice, 9000) - 4500;
    if (fault == SIM_FAULT_SENSOR_STUCK || fault == SIM_FAULT_SENSOR_OFFSET_0 ||
        fault == SIM_FAULT_SENSOR_OFFSET_1)
        d->lying++;
    if (fault == SIM_FAULT_LEVEL_LOW || fault == SIM_FAULT_LEVEL_STALE || fault == SIM_FAULT_LEVEL_MISSING)
        d->level_fault = true;
    sim_board_inject(d->board, fault, value);
}

static void heal(struct device *d) {
    sim_board_heal(d->board);
    d->lying = 0;
    d->level_fault = false;
}

static void press(struct device *d, bool pressed) {
    d->pressed = pressed;
    d->board.ops->buttons->emergency_stop(d->board.self, pressed);
}

static void trouble(struct device *d) {
    struct world *w = d->world;
    struct dice *dice = &w->dice;
    const bool *on = w->weather.on;
    if (on[FAULT_POWER] && dice_once_in(dice, 250)) device_cut(d, 200 + dice_below(dice, 15000), true);
    if (on[FAULT_RESTART] && dice_once_in(dice, 300)) device_cut(d, dice_below(dice, 1500), false);
    if (on[FAULT_LINK] && dice_once_in(dice, 120)) device_disconnect(d, dice_below(dice, 6000));
    if (on[FAULT_SENSOR] && dice_once_in(dice, 150)) break_part(d);
    if (on[FAULT_SENSOR] && dice_once_in(dice, 80)) heal(d);
    if (on[FAULT_PEOPLE] && dice_once_in(dice, 500)) d->board.ops->buttons->local_stop(d->board.self);
    if (on[FAULT_PEOPLE] && dice_once_in(dice, d->pressed ? 30 : 500)) press(d, !d->pressed);
    if (on[FAULT_DISK] && dice_once_in(dice, d->full ? 30 : 250)) d->full = !d->full;
    if (on[FAULT_CLOCK] && dice_once_in(dice, 300)) d->clock_off_ms = dice_below(dice, 200000000) - 100000000;
    if (on[FAULT_STALL] && dice_once_in(dice, 300)) d->stalled_until_ms = w->now_ms + dice_below(dice, 4000);
}

void faults_turn(struct world *w) {
    struct dice *dice = &w->dice;
    for (int32_t i = 0; i < w->n_devices; i++) trouble(&w->devices[i]);
    if (w->weather.on[FAULT_SERVER] && w->server_up && dice_once_in(dice, 250))
        server_kill(w, dice_below(dice, 8000));
    if (w->weather.on[FAULT_CLOCK] && dice_once_in(dice, 400))
        w->server_off_ms = dice_below(dice, 400000) - 200000;
}

void faults_heal(struct world *w) {
    w->calm = true;
    w->weather.delay_ms = 20;
    w->weather.disk_ms = 1;
    for (int32_t i = 0; i < w->n_devices; i++) {
        struct device *d = &w->devices[i];
        heal(d);
        press(d, false);
        d->full = false;
        if (!d->connected) d->connect_at_ms = w->now_ms;
    }
}
