#include "device-agent/core/guard.h"

#include <string.h>

static bool sees_heat(struct guard *g, int i, const struct reading *r) {
    if (!r->present || r->value < GUARD_WATER_MDEGC) {
        g->hot[i].n = 0;
        return false;
    }
    if (g->hot[i].n == 0 || r->at_ms != g->hot[i].at_ms) g->hot[i].n++;
    g->hot[i].at_ms = r->at_ms;
    if (g->hot[i].n >= GUARD_MEASUREMENTS) g->tripped = true;
    return true;
}

void guard_step(struct guard *g, const struct readings *r, int64_t now_ms, bool live) {
    const struct reading *cutout = &r->contact[CONTACT_CUTOUT];
    g->is_hot = false;
    for (int i = 0; i < WATER_SENSORS_MAX; i++)
        if (sees_heat(g, i, &r->water_mdegc[i])) g->is_hot = true;
    if (cutout->present && cutout->value != 0) g->is_hot = g->tripped = true;
    if (g->is_hot) g->hot_at_ms = now_ms;
    if (!g->is_hot && !live && now_ms - g->hot_at_ms >= GUARD_REST_MS) g->tripped = false;
}

void guard_apply(const struct guard *g, struct outputs *o) {
    if (g->is_hot || g->tripped) o->heater_permille = 0;
    if (g->tripped) memset(o->level, 0, sizeof o->level);
}
