/* The decode table (a table only: the API runs it) and the rules that need more than one field. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/domain/routine.h"

#define NAME_3(e, n, t) n,
#define NAME_2(e, n) n,
const char *const routine_type_names[ROUTINE_TYPE_COUNT + 1] = {ROUTINE_TYPES(NAME_3)};
const char *const goal_names[GOAL_COUNT + 1] = {GOALS(NAME_3)};
const char *const routine_state_names[ROUTINE_STATE_COUNT + 1] = {ROUTINE_STATES(NAME_2)};
const char *const side_names[SIDE_COUNT + 1] = {SIDES(NAME_2)};
const char *const step_mode_names[STEP_MODE_COUNT + 1] = {STEP_MODES(NAME_2)};
const char *const step_ends_names[STEP_ENDS_COUNT + 1] = {STEP_ENDS(NAME_2)};
const char *const additive_names[ADDITIVE_COUNT + 1] = {ADDITIVES(NAME_2)};

#define STEP_S_MAX (PROTO_STEP_MS_MAX / 1000)

struct item {
    int32_t value;
};

static const struct field zone_item = FIELD_ENUM(struct item, value, zone_names, 0);
static const struct field goal_item = FIELD_ENUM(struct item, value, goal_names, 0);
static const struct field care_item = FIELD_ENUM(struct item, value, care_item_names, 0);
static const struct field additive_item = FIELD_ENUM(struct item, value, additive_names, 0);
static const struct field source_item = FIELD_STR(struct routine_source, id, 1, 0);

static const struct field step_fields[] = {
    FIELD_ENUM(struct routine_step, technique, technique_names, FIELD_REQUIRED),
    FIELD_LIST(struct routine_step, zones, n_zones, 0, &zone_item, 0),
    FIELD_ENUM(struct routine_step, side, side_names, 0),
    FIELD_INT_HAS(struct routine_step, duration_s, 1, STEP_S_MAX, 0, has_duration),
    FIELD_INT_HAS(struct routine_step, repetitions, 1, ROUTINE_REPETITIONS_MAX, 0, has_repetitions),
    FIELD_INT_HAS(struct routine_step, repetition_s, 1, STEP_S_MAX, 0, has_repetition_s),
    FIELD_BOOL(struct routine_step, per_zone, 0),
    FIELD_BOOL(struct routine_step, per_side, 0),
    FIELD_INT(struct routine_step, intensity, 0, 100, 0),
    FIELD_INT_HAS(struct routine_step, intensity_end, 1, 100, 0, has_intensity_end),
    FIELD_ENUM_HAS(struct routine_step, direction, direction_names, 0, has_direction),
    FIELD_MILLI_HAS(struct routine_step, water_c, PROTO_WATER_MDEGC_MIN, PROTO_WATER_MDEGC_MAX, 0, has_water),
    FIELD_ENUM(struct routine_step, mode, step_mode_names, 0),
    FIELD_ENUM(struct routine_step, ends, step_ends_names, 0),
    FIELD_LIST(struct routine_step, additives, n_additives, 0, &additive_item, 0),
    FIELD_STR(struct routine_step, instruction, 0, 0),
    FIELD_END};

const struct field routine_fields[] = {
    FIELD_STR(struct routine, slug, 1, FIELD_REQUIRED),
    FIELD_STR(struct routine, name, 1, FIELD_REQUIRED),
    FIELD_STR(struct routine, summary, 0, 0),
    FIELD_ENUM(struct routine, type, routine_type_names, FIELD_REQUIRED),
    FIELD_LIST(struct routine, goals, n_goals, 0, &goal_item, 0),
    FIELD_ARRAY(struct routine, steps, n_steps, 1, step_fields, FIELD_REQUIRED),
    FIELD_LIST(struct routine, preparations, n_preparations, 0, &care_item, 0),
    FIELD_LIST(struct routine, aftercare, n_aftercare, 0, &care_item, 0),
    FIELD_LIST(struct routine, sources, n_sources, 0, &source_item, 0),
    FIELD_END};

static int32_t zones_of(const struct routine_step *s) {
    return s->n_zones > 0 ? s->n_zones : technique_get((enum technique_id)s->technique)->n_zones;
}

int64_t routine_step_ms(const struct routine_step *s) {
    const struct technique *t = technique_get((enum technique_id)s->technique);
    int64_t one_s = s->has_repetition_s ? s->repetition_s : t->repetition_s;
    int64_t total_s = s->has_repetitions ? one_s * s->repetitions : s->duration_s;
    return total_s * 1000 * routine_step_parts(s);
}

int32_t routine_step_parts(const struct routine_step *s) {
    return (s->per_zone ? zones_of(s) : 1) * (s->per_side ? 2 : 1);
}

struct routine_part routine_step_part(const struct routine_step *s, int32_t part) {
    struct routine_part p = {.zone = -1, .side = s->side};
    int32_t parts = routine_step_parts(s), a_side = s->per_side ? parts / 2 : parts;
    p.ms = (int32_t)(routine_step_ms(s) / parts);
    if (s->per_side) p.side = part < a_side ? SIDE_LEFT : SIDE_RIGHT;
    if (!s->per_zone) return p;
    const struct technique *t = technique_get((enum technique_id)s->technique);
    p.zone = s->n_zones > 0 ? s->zones[part % a_side] : t->zones[part % a_side];
    return p;
}

int64_t routine_total_ms(const struct routine *r) {
    int64_t total = 0;
    for (int i = 0; i < r->n_steps; i++) total += routine_step_ms(&r->steps[i]);
    return total;
}

bool routine_slug_ok(const char *text) {
    size_t n = strlen(text);
    if (n == 0 || n > ROUTINE_SLUG_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '-' && i > 0 && i + 1 < n && text[i - 1] != '-') continue;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
    }
    return true;
}

/* How many steps of a program one step becomes at most; lowering.c keeps to it. */
static int program_steps(const struct routine_step *s) {
    const struct technique *t = technique_get((enum technique_id)s->technique);
    int by_device = 1 + s->has_intensity_end + (t->water == TECHNIQUE_WATER_HOLD);
    int by_hand = s->mode != STEP_MODE_DEVICE && t->by_hand ? routine_step_parts(s) : 0;
    return by_hand > by_device ? by_hand : by_device;
}

struct at {
    struct field_errors *errors;
    int step;
};

static void __attribute__((format(printf, 4, 5)))
wrong(const struct at *at, enum field_fault fault, const char *member, const char *fmt, ...) {
    char pointer[64], detail[200];
    snprintf(pointer, sizeof pointer, "/steps/%d%s%s", at->step, *member ? "/" : "", member);
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    field_errors_add(at->errors, fault, pointer, "%s", detail);
}

static bool has_duplicate(const int32_t *list, int32_t n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (list[i] == list[j]) return true;
    return false;
}

static void check_time(const struct at *at, const struct routine_step *s, const struct technique *t) {
    if (s->has_duration == s->has_repetitions) {
        wrong(at, s->has_duration ? FIELD_NOT_ONE_OF : FIELD_MISSING, "",
              "needs either duration_s or repetitions%s", s->has_duration ? ", not both" : "");
        return;
    }
    if (s->has_repetition_s && !s->has_repetitions)
        wrong(at, FIELD_MISSING, "repetitions", "repetition_s goes with repetitions");
    if (s->per_zone && !s->has_repetitions)
        wrong(at, FIELD_MISSING, "repetitions", "per_zone goes with repetitions");
    if (s->per_side && s->side != SIDE_BOTH)
        wrong(at, FIELD_NOT_ONE_OF, "side", "per_side is for both sides");
    if (s->has_repetitions && !s->has_repetition_s && t->repetition_s == 0)
        wrong(at, FIELD_MISSING, "repetition_s", "this technique has no usual time: give repetition_s");
    int32_t one_s = s->has_duration ? s->duration_s : s->has_repetition_s ? s->repetition_s : t->repetition_s;
    if (t->most_s > 0 && (one_s < t->least_s || one_s > t->most_s))
        wrong(at, FIELD_OUT_OF_RANGE, s->has_duration ? "duration_s" : "repetition_s",
              "must be from %d to %d for this technique", (int)t->least_s, (int)t->most_s);
    if (routine_step_ms(s) > PROTO_STEP_MS_MAX)
        wrong(at, FIELD_OUT_OF_RANGE, "", "takes %lld s; a step takes at most %d s",
              (long long)(routine_step_ms(s) / 1000), STEP_S_MAX);
}

static void check_mode(const struct at *at, const struct routine_step *s, const struct technique *t) {
    bool by_device = t->n_choices > 0 || t->water != TECHNIQUE_WATER_AS_ASKED;
    if (s->mode == STEP_MODE_DEVICE && !by_device)
        wrong(at, FIELD_NOT_ONE_OF, "mode", "this technique is always done by hand");
    if (s->mode == STEP_MODE_GUIDED && !t->by_hand)
        wrong(at, FIELD_NOT_ONE_OF, "mode", "this technique is never done by hand");
    if (s->mode != STEP_MODE_GUIDED && t->n_choices > 0 && s->intensity == 0)
        wrong(at, FIELD_OUT_OF_RANGE, "intensity", "must be from 1 to 100 for a step of the device");
    if (s->n_additives > 0 && t->water == TECHNIQUE_WATER_AS_ASKED)
        wrong(at, FIELD_NOT_ONE_OF, "additives", "only a soak takes an additive");
}

static void check_step(const struct at *at, const struct routine_step *s) {
    const struct technique *t = technique_get((enum technique_id)s->technique);
    check_time(at, s, t);
    check_mode(at, s, t);
    if (has_duplicate(s->zones, s->n_zones)) wrong(at, FIELD_DUPLICATE_KEY, "zones", "names a zone twice");
    if (has_duplicate(s->additives, s->n_additives))
        wrong(at, FIELD_DUPLICATE_KEY, "additives", "names an additive twice");
}

static void check_care(const int32_t *list, int32_t n, enum care_phase phase, const char *member,
                       struct field_errors *errors) {
    char pointer[48];
    for (int i = 0; i < n; i++) {
        if (care_phase((enum care_item)list[i]) == phase) continue;
        snprintf(pointer, sizeof pointer, "/%s/%d", member, i);
        field_errors_add(errors, FIELD_NOT_ONE_OF, pointer, "is not something done %s a session",
                         care_phase_names[phase]);
    }
    snprintf(pointer, sizeof pointer, "/%s", member);
    if (has_duplicate(list, n)) field_errors_add(errors, FIELD_DUPLICATE_KEY, pointer, "names an item twice");
}

bool routine_check(const struct routine *r, struct field_errors *errors) {
    if (!field_check(routine_fields, r, errors)) return false;
    int32_t before = errors->n;
    if (!routine_slug_ok(r->slug))
        field_errors_add(errors, FIELD_BAD_FORMAT, "/slug",
                         "must be lower-case letters, digits and single hyphens");
    if (has_duplicate(r->goals, r->n_goals))
        field_errors_add(errors, FIELD_DUPLICATE_KEY, "/goals", "names a goal twice");
    check_care(r->preparations, r->n_preparations, CARE_BEFORE, "preparations", errors);
    check_care(r->aftercare, r->n_aftercare, CARE_AFTER, "aftercare", errors);
    int lowered = 0;
    for (int i = 0; i < r->n_steps; i++) {
        struct at at = {errors, i};
        check_step(&at, &r->steps[i]);
        if (errors->n == before) lowered += program_steps(&r->steps[i]);
    }
    if (errors->n > before) return false;
    if (lowered > PROTO_STEPS_MAX)
        field_errors_add(errors, FIELD_TOO_MANY, "/steps",
                         "is too long for a device: %d of at most %d (a ramp and a soak count twice, a step "
                         "by hand once for each "
                         "zone and side of its own)",
                         lowered, PROTO_STEPS_MAX);
    int64_t total_ms = routine_total_ms(r);
    if (total_ms > PROTO_SESSION_MS_MAX)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/steps",
                         "take %lld s together; a session takes at most %d s", (long long)(total_ms / 1000),
                         PROTO_SESSION_MS_MAX / 1000);
    return errors->n == before;
}
