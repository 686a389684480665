/* The rules of a program, beyond the bounds of its table: first those of any program, then those
 * that its model sets. A program that passes cannot ask an actuator for more than it may give. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/program.h"

struct check {
    const struct program *p;
    const struct model *model; /* NULL: not asked */
    struct field_errors *errors;
    int step, set; /* what is looked at; -1: none */
};

__attribute__((format(printf, 4, 5))) static void fail(const struct check *c, enum field_fault fault,
                                                       const char *key, const char *fmt, ...) {
    char pointer[64], detail[160];
    if (c->set >= 0)
        snprintf(pointer, sizeof pointer, "/steps/%d/sets/%d/%s", c->step, c->set, key);
    else if (c->step >= 0)
        snprintf(pointer, sizeof pointer, "/steps/%d/%s", c->step, key);
    else
        snprintf(pointer, sizeof pointer, "/%s", key);
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    field_errors_add(c->errors, fault, pointer, "%s", detail);
}

static void check_wave(const struct check *c, const struct setpoint *s) {
    if (s->wave == WAVE_STEADY && s->period_ms != 0)
        fail(c, FIELD_OUT_OF_RANGE, "period_ms", "must be 0 for a steady wave");
    if (s->wave != WAVE_STEADY && s->period_ms < PROTO_PERIOD_MS_MIN)
        fail(c, FIELD_OUT_OF_RANGE, "period_ms", "must be from %d to %d for this wave", PROTO_PERIOD_MS_MIN,
             PROTO_PERIOD_MS_MAX);
    if (s->wave != WAVE_PULSE && s->duty_permille != 1000)
        fail(c, FIELD_OUT_OF_RANGE, "duty_permille", "must be 1000 except for a pulse");
}

static bool bars(const struct program *p, int32_t kind) {
    for (int i = 0; i < p->n_barred; i++)
        if (p->barred[i] == kind) return true;
    return false;
}

static void check_actuator(const struct check *c, const struct setpoint *s) {
    if (!c->model) return;
    if (s->channel >= c->model->n_actuators) {
        fail(c, FIELD_OUT_OF_RANGE, "channel", "must be less than %d, the model's actuators",
             c->model->n_actuators);
        return;
    }
    const struct actuator *a = &c->model->actuators[s->channel];
    if (a->kind == ACTUATOR_HEATER)
        fail(c, FIELD_NOT_ONE_OF, "channel", "must not be the heater: it follows water_mdegc");
    else if (bars(c->p, a->kind))
        fail(c, FIELD_NOT_ONE_OF, "channel", "must not be %s: the program bars %s", a->name,
             actuator_kind_names[a->kind]);
    if (s->level > a->level_max)
        fail(c, FIELD_OUT_OF_RANGE, "level", "must be at most %d for %s", a->level_max, a->name);
}

static void check_sets(struct check *c, const struct program_step *step) {
    uint32_t seen = 0;
    for (c->set = 0; c->set < step->n_sets; c->set++) {
        const struct setpoint *s = &step->sets[c->set];
        if (seen & (1u << s->channel)) fail(c, FIELD_DUPLICATE_KEY, "channel", "stands twice in this step");
        seen |= 1u << s->channel;
        if (s->level > c->p->intensity_max)
            fail(c, FIELD_OUT_OF_RANGE, "level", "must be at most %d, the program's intensity_max",
                 c->p->intensity_max);
        if (s->ramp_ms > step->ms) fail(c, FIELD_OUT_OF_RANGE, "ramp_ms", "must be at most the step's ms");
        check_wave(c, s);
        check_actuator(c, s);
    }
    c->set = -1;
}

static void check_water(const struct check *c, const struct program_step *step) {
    if (step->water_mdegc == 0) {
        if (step->kind == STEP_HEAT) fail(c, FIELD_OUT_OF_RANGE, "water_mdegc", "a heat step needs a target");
        return;
    }
    if (step->water_mdegc < PROTO_WATER_MDEGC_MIN)
        fail(c, FIELD_OUT_OF_RANGE, "water_mdegc", "must be 0 or at least %d", PROTO_WATER_MDEGC_MIN);
    if (step->water_mdegc > c->p->water_max_mdegc)
        fail(c, FIELD_OUT_OF_RANGE, "water_mdegc", "must be at most %d, the program's water_max_mdegc",
             c->p->water_max_mdegc);
    if (c->model && model_find(c->model, ACTUATOR_HEATER, NULL) < 0)
        fail(c, FIELD_OUT_OF_RANGE, "water_mdegc", "must be 0: the model has no heater");
}

static void check_step(struct check *c, const struct program_step *step) {
    bool timed = step->kind != STEP_GUIDE || step->auto_next;
    if (timed && step->ms == 0)
        fail(c, FIELD_OUT_OF_RANGE, "ms", "must be above 0 for a step that ends by time");
    if (step->auto_next && step->kind != STEP_GUIDE)
        fail(c, FIELD_BAD_FORMAT, "auto_next", "belongs to guided steps only");
    if (step->kind == STEP_REST && step->n_sets > 0)
        fail(c, FIELD_TOO_MANY, "sets", "must be empty in a rest");
    /* Such a step lasts until somebody confirms it: no motor may run on for so long. */
    if (!timed && step->n_sets > 0)
        fail(c, FIELD_TOO_MANY, "sets", "must be empty in a guided step that waits for its confirmation");
    check_water(c, step);
    check_sets(c, step);
}

static void check_caps(const struct check *c) {
    const struct program *p = c->p;
    if (p->water_max_mdegc != 0 && p->water_max_mdegc < PROTO_WATER_MDEGC_MIN)
        fail(c, FIELD_OUT_OF_RANGE, "water_max_mdegc", "must be 0 or at least %d", PROTO_WATER_MDEGC_MIN);
    if (p->water_max_mdegc > 0 && bars(p, ACTUATOR_HEATER))
        fail(c, FIELD_OUT_OF_RANGE, "water_max_mdegc", "must be 0: the program bars the heater");
    for (int i = 0; i < p->n_barred; i++)
        for (int j = 0; j < i; j++)
            if (p->barred[i] == p->barred[j]) fail(c, FIELD_DUPLICATE_KEY, "barred", "names a kind twice");
    int64_t total_ms = program_total_ms(p);
    if (total_ms > p->total_max_ms)
        fail(c, FIELD_OUT_OF_RANGE, "total_max_ms", "must be at least %lld, the steps' sum",
             (long long)total_ms);
}

static void check_model(const struct check *c) {
    const struct program *p = c->p;
    const struct model *m = c->model;
    if (!m) return;
    if (strcmp(p->model, m->id) != 0) fail(c, FIELD_NOT_ONE_OF, "model", "must be %s", m->id);
    if (p->model_version != m->version) fail(c, FIELD_NOT_ONE_OF, "model_version", "must be %d", m->version);
    if (p->water_max_mdegc > m->water_max_mdegc)
        fail(c, FIELD_OUT_OF_RANGE, "water_max_mdegc", "must be at most %d for this model",
             m->water_max_mdegc);
    if (p->total_max_ms > m->session_max_ms)
        fail(c, FIELD_OUT_OF_RANGE, "total_max_ms", "must be at most %d for this model", m->session_max_ms);
}

bool program_check(const struct program *p, const struct model *model, struct field_errors *errors) {
    if (!field_check(program_fields, p, errors)) return false;
    struct check c = {.p = p, .model = model, .errors = errors, .step = -1, .set = -1};
    check_caps(&c);
    check_model(&c);
    for (c.step = 0; c.step < p->n_steps; c.step++) check_step(&c, &p->steps[c.step]);
    return errors->n == 0;
}
