#include "tests/simulation/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/check.h"

void world_fail(struct world *w, const char *fmt, ...) {
    if (w->failed) return;
    w->failed = true;
    int n = snprintf(w->why, sizeof w->why, "step %lld, %lld ms: ", (long long)w->step, (long long)w->now_ms);
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->why + n, sizeof w->why - (size_t)n, fmt, args);
    va_end(args);
}

int64_t world_server_ms(const struct world *w) {
    return WALL_MS + SERVER_AHEAD_MS + w->now_ms + w->server_off_ms;
}

struct uuid world_id(uint8_t kind, int32_t device, int32_t number) {
    struct uuid id = {.b = {1, 0, 0, 0, 0, 0, 0x70, 0, 0x80, kind, (uint8_t)device}};
    memcpy(id.b + 12, &number, sizeof number);
    return id;
}

int32_t world_number(const struct uuid *id, uint8_t kind, int32_t device) {
    int32_t number;
    memcpy(&number, id->b + 12, sizeof number);
    struct uuid same = world_id(kind, device, number);
    return number >= 0 && uuid_equal(&same, id) ? number : -1;
}

static void turn(struct world *w) {
    w->step++;
    w->now_ms += w->tick_ms;
    if (!w->calm) faults_turn(w);
    server_turn(w);
    network_deliver(w);
    for (int32_t i = 0; i < w->n_devices && !w->failed; i++) device_turn(&w->devices[i]);
}

static void begin(struct world *w, const struct model *models, int32_t n_models, uint64_t seed, uint32_t mask,
                  enum mutant mutant, struct counts *counts) {
    static const int32_t ticks[] = {20, 50, 100, 100, 100, 200};
    memset(w, 0, offsetof(struct world, packets));
    w->counts = counts;
    w->failed = false;
    w->dice.state = seed * 0x9e3779b97f4a7c15ULL + 1;
    w->mutant = mutant;
    w->now_ms = 1000;
    w->server_up = true;
    faults_begin(w, mask);
    w->tick_ms = ticks[dice_below(&w->dice, COUNT_OF(ticks))];
    w->n_devices = 1 + dice_below(&w->dice, DEVICES_MAX);
    for (int32_t i = 0; i < w->n_devices; i++)
        device_init(&w->devices[i], w, i, &models[dice_below(&w->dice, n_models)]);
}

static void settle(struct world *w) {
    int32_t device;
    const char *why;
    faults_heal(w);
    w->tick_ms = SETTLE_TICK_MS;
    while (w->step < LIFE_STEPS + SETTLE_STEPS && !w->failed && !server_settled(w, &device, &why)) turn(w);
    if (!w->failed && !server_settled(w, &device, &why))
        world_fail(w, "faults have stopped, and device %d %s", device, why);
}

bool world_run(struct world *w, const struct model *models, int32_t n_models, uint64_t seed, uint32_t mask,
               enum mutant mutant, struct counts *counts) {
    begin(w, models, n_models, seed, mask, mutant, counts);
    while (w->step < LIFE_STEPS && !w->failed) turn(w);
    if (!w->failed) settle(w);
    if (!w->failed) check_end(w);
    for (int32_t i = 0; i < w->n_devices; i++) w->devices[i].board.ops->free(w->devices[i].board.self);
    return !w->failed;
}
