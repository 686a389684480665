#include "device-agent/board/coverage.h"

#include <stdio.h>

#include "device-agent/board/outputs.h"

void coverage_refuse(struct coverage *c, enum field_fault fault, const char *at, const char *member,
                     const char *detail) {
    char pointer[160];
    snprintf(pointer, sizeof pointer, "%s%s", at, member);
    field_errors_add(c->errors, fault, pointer, "%s", detail);
}

void coverage_output(struct coverage *c, int32_t i, const char *actuator, int32_t cell) {
    int channel, index;
    char at[32];
    snprintf(at, sizeof at, "/outputs/%d", i);
    if (!outputs_find(c->model, actuator, cell, &channel, &index)) {
        coverage_refuse(c, FIELD_NOT_ONE_OF, at, "/actuator",
                        "the model has no such actuator, or not this cell");
        return;
    }
    if (c->driven[channel][index])
        coverage_refuse(c, FIELD_DUPLICATE_KEY, at, "/cell", "this cell has an output already");
    c->driven[channel][index] = true;
}

void coverage_outputs_done(struct coverage *c) {
    for (int i = 0; i < c->model->n_actuators; i++) {
        const struct actuator *a = &c->model->actuators[i];
        for (int k = 0; k < (a->kind == ACTUATOR_HEATER ? 1 : a->cells); k++) {
            if (c->driven[i][k]) continue;
            char detail[96];
            snprintf(detail, sizeof detail, "%s, cell %d, has no output", a->name, k + 1);
            coverage_refuse(c, FIELD_MISSING, "/outputs", "", detail);
        }
    }
}

void coverage_motion(struct coverage *c, int32_t i, const char *actuator) {
    int channel, cell;
    char at[32];
    snprintf(at, sizeof at, "/motion/%d", i);
    if (!outputs_find(c->model, actuator, 1, &channel, &cell) ||
        c->model->actuators[channel].kind == ACTUATOR_HEATER) {
        coverage_refuse(c, FIELD_NOT_ONE_OF, at, "/actuator", "must be a motor of the model");
        return;
    }
    if (c->seen[channel])
        coverage_refuse(c, FIELD_DUPLICATE_KEY, at, "/actuator", "this actuator has a sensor already");
    c->seen[channel] = true;
}

static bool measures_current(const struct model *m) {
    for (int i = 0; i < m->n_actuators; i++)
        if (m->actuators[i].kind != ACTUATOR_HEATER && m->actuators[i].current_max_ma > 0) return true;
    return false;
}

void coverage_sensors(struct coverage *c, int32_t n_water, bool has_level, bool has_current) {
    const struct model *m = c->model;
    if (m->tub_ml > 0 && n_water != m->water_sensors)
        coverage_refuse(c, FIELD_OUT_OF_RANGE, "/water", "", "must hold as many sensors as the model has");
    if (m->tub_ml > 0 && !has_level)
        coverage_refuse(c, FIELD_MISSING, "/level", "", "is required by the model");
    if (measures_current(m) && !has_current)
        coverage_refuse(c, FIELD_MISSING, "/current", "", "is required by the model");
}
