#include "device-agent/board/outputs.h"

#include <string.h>

/* The heater has no levels of its own: it is driven by heater_permille alone. */
static int cells_of(const struct model *m, int channel) {
    if (channel >= m->n_actuators || m->actuators[channel].kind == ACTUATOR_HEATER) return 0;
    return m->actuators[channel].cells;
}

static bool accept_levels(const struct model *m, const struct outputs *wanted, struct outputs *ret) {
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++)
        for (int c = 0; c < PROTO_CELLS_MAX; c++) {
            uint8_t level = wanted->level[i][c];
            if (level == 0) continue;
            if (c >= cells_of(m, i)) return false;
            int32_t most = m->actuators[i].level_max;
            ret->level[i][c] = level > most ? (uint8_t)most : level;
        }
    return true;
}

bool outputs_accept(const struct model *m, const struct outputs *wanted, struct outputs *ret) {
    int32_t heat = wanted->heater_permille < 0 ? 0 : wanted->heater_permille;
    *ret = (struct outputs){.session = wanted->session, .heater_permille = heat > 1000 ? 1000 : heat};
    if (accept_levels(m, wanted, ret) && (heat == 0 || model_find(m, ACTUATOR_HEATER, NULL) >= 0))
        return true;
    *ret = (struct outputs){0};
    return false;
}

int32_t outputs_permille(const struct model *m, const struct outputs *o, int channel, int cell) {
    if (m->actuators[channel].kind == ACTUATOR_HEATER) return o->heater_permille;
    return o->level[channel][cell] * 10;
}

bool outputs_find(const struct model *m, const char *name, int32_t cell, int *ret_channel, int *ret_cell) {
    for (int i = 0; i < m->n_actuators; i++) {
        if (strcmp(m->actuators[i].name, name) != 0) continue;
        int32_t cells = m->actuators[i].kind == ACTUATOR_HEATER ? 1 : m->actuators[i].cells;
        if (cell < 1 || cell > cells) return false;
        *ret_channel = i;
        *ret_cell = cell - 1;
        return true;
    }
    return false;
}
