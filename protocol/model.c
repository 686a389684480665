#include "protocol/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME(e, n) n,
const char *const actuator_kind_names[ACTUATOR_KIND_COUNT + 1] = {ACTUATOR_KINDS(NAME) NULL};

#define S struct actuator
static const struct field actuator_fields[] = {
    FIELD_STR(S, name, 1, FIELD_REQUIRED),
    FIELD_ENUM(S, kind, actuator_kind_names, FIELD_REQUIRED),
    FIELD_STR(S, zone, 1, FIELD_REQUIRED),
    FIELD_INT(S, cells, 1, PROTO_CELLS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, level_max, 1, 100, FIELD_REQUIRED),
    FIELD_INT(S, current_max_ma, 0, PROTO_CURRENT_MA_MAX, FIELD_REQUIRED),
    FIELD_INT(S, ramp_min_ms, 0, PROTO_RAMP_MS_MAX, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

#define S struct model
const struct field model_fields[] = {
    FIELD_STR(S, id, 1, FIELD_REQUIRED),
    FIELD_INT(S, version, 1, PROTO_MODEL_VERSION_MAX, FIELD_REQUIRED),
    FIELD_STR(S, name, 1, FIELD_REQUIRED),
    FIELD_INT(S, water_max_mdegc, PROTO_WATER_MDEGC_MIN, PROTO_WATER_MDEGC_MAX, FIELD_REQUIRED),
    FIELD_INT(S, session_max_ms, 1000, PROTO_SESSION_MS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, tub_ml, 0, 100000, FIELD_REQUIRED),
    FIELD_INT(S, heater_w, 0, 5000, FIELD_REQUIRED),
    FIELD_INT(S, level_min_permille, 0, 1000, FIELD_REQUIRED),
    FIELD_INT(S, water_sensors, 1, 2, FIELD_REQUIRED),
    FIELD_ARRAY(S, actuators, n_actuators, 1, actuator_fields, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

/* Names end up in addresses, messages and file names: lower-case words with hyphens. */
static bool is_slug(const char *s) {
    if (*s == '-') return false;
    for (; *s; s++) {
        bool good =
            (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || (*s == '-' && s[1] && s[1] != '-');
        if (!good) return false;
    }
    return true;
}

__attribute__((format(printf, 5, 6))) static void fail(struct field_errors *errors, int i, const char *key,
                                                       enum field_fault fault, const char *fmt, ...) {
    char pointer[64], detail[160];
    snprintf(pointer, sizeof pointer, "/actuators/%d/%s", i, key);
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    field_errors_add(errors, fault, pointer, "%s", detail);
}

static void check_actuator(const struct model *m, int i, struct field_errors *errors) {
    const struct actuator *a = &m->actuators[i];
    if (!is_slug(a->name)) fail(errors, i, "name", FIELD_BAD_FORMAT, "must be lower-case words with hyphens");
    if (!is_slug(a->zone)) fail(errors, i, "zone", FIELD_BAD_FORMAT, "must be lower-case words with hyphens");
    for (int j = 0; j < i; j++) {
        if (strcmp(m->actuators[j].name, a->name) == 0)
            fail(errors, i, "name", FIELD_DUPLICATE_KEY, "is the name of actuator %d, too", j);
        if (a->kind == ACTUATOR_HEATER && m->actuators[j].kind == ACTUATOR_HEATER)
            fail(errors, i, "kind", FIELD_TOO_MANY, "a model has at most one heater");
    }
    if (m->tub_ml == 0 && (a->kind == ACTUATOR_HEATER || a->kind == ACTUATOR_JETS))
        fail(errors, i, "kind", FIELD_NOT_ONE_OF, "a dry unit has no %s", actuator_kind_names[a->kind]);
}

bool model_check(const struct model *m, struct field_errors *errors) {
    if (!field_check(model_fields, m, errors)) return false;
    if (!is_slug(m->id))
        field_errors_add(errors, FIELD_BAD_FORMAT, "/id", "must be lower-case words with hyphens");
    for (int i = 0; i < m->n_actuators; i++) check_actuator(m, i, errors);
    bool heater = model_find(m, ACTUATOR_HEATER, NULL) >= 0;
    if (heater != (m->heater_w > 0))
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/heater_w",
                         "must be above 0 exactly when there is a heater");
    return errors->n == 0;
}

bool model_parse(const char *text, size_t len, struct model *ret, struct field_errors *errors) {
    return field_parse(text, len, model_fields, FIELD_REFUSE_UNKNOWN, ret, sizeof *ret, NULL, errors) &&
           model_check(ret, errors);
}

int model_find(const struct model *m, enum actuator_kind kind, const char *zone) {
    for (int i = 0; i < m->n_actuators; i++) {
        const struct actuator *a = &m->actuators[i];
        if (a->kind == (int32_t)kind && (!zone || strcmp(a->zone, zone) == 0)) return i;
    }
    return -1;
}
