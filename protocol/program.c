#include "protocol/program.h"

#define NAME(e, n) n,
const char *const step_kind_names[] = {STEP_KINDS(NAME) NULL};
const char *const wave_names[] = {WAVES(NAME) NULL};
const char *const direction_names[] = {DIRECTIONS(NAME) NULL};

#define S struct setpoint
static const struct field setpoint_fields[] = {
    FIELD_INT(S, channel, 0, PROTO_ACTUATORS_MAX - 1, FIELD_REQUIRED),
    FIELD_INT(S, level, 0, 100, FIELD_REQUIRED),
    FIELD_ENUM(S, wave, wave_names, 0),
    FIELD_ENUM(S, direction, direction_names, 0),
    FIELD_INT_OR(S, duty_permille, 1, 1000, 0, 1000),
    FIELD_INT(S, period_ms, 0, PROTO_PERIOD_MS_MAX, 0),
    FIELD_INT(S, ramp_ms, 0, PROTO_STEP_MS_MAX, 0),
    FIELD_END,
};
#undef S

#define S struct program_step
static const struct field step_fields[] = {
    FIELD_ENUM(S, kind, step_kind_names, FIELD_REQUIRED),
    FIELD_BOOL(S, auto_next, 0),
    FIELD_INT(S, source_step, -1, PROTO_STEPS_MAX - 1, FIELD_REQUIRED),
    FIELD_INT(S, ms, 0, PROTO_STEP_MS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, water_mdegc, 0, PROTO_WATER_MDEGC_MAX, FIELD_REQUIRED),
    FIELD_ARRAY(S, sets, n_sets, 0, setpoint_fields, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

#define S struct program
static const struct field barred_item = {
    .type = FIELD_T_ENUM, .size = sizeof(int32_t), .names = actuator_kind_names, .has_offset = FIELD_NO_HAS};
const struct field program_fields[] = {
    FIELD_STR(S, model, 1, FIELD_REQUIRED),
    FIELD_INT(S, model_version, 1, PROTO_MODEL_VERSION_MAX, FIELD_REQUIRED),
    FIELD_INT(S, intensity_max, 0, 100, FIELD_REQUIRED),
    FIELD_INT(S, water_max_mdegc, 0, PROTO_WATER_MDEGC_MAX, FIELD_REQUIRED),
    FIELD_INT(S, total_max_ms, 1, PROTO_SESSION_MS_MAX, FIELD_REQUIRED),
    FIELD_BOOL(S, rinse, 0),
    FIELD_LIST(S, barred, n_barred, 0, &barred_item, 0),
    FIELD_ARRAY(S, steps, n_steps, 1, step_fields, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

bool program_parse(const char *json, size_t len, struct program *ret, struct field_errors *errors) {
    return field_parse(json, len, program_fields, 0, ret, sizeof(*ret), NULL, errors);
}

void program_write(struct jsonw *w, const char *key, const struct program *p) {
    field_write(w, key, program_fields, p);
}

int64_t program_total_ms(const struct program *p) {
    int64_t total = 0;
    for (int i = 0; i < p->n_steps; i++) {
        if (p->steps[i].kind != STEP_HEAT) total += p->steps[i].ms;
    }
    return total;
}
