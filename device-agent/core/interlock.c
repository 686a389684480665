/* Conditions are judged on facts that are worked out once a step, so that a row is one short
 * function. `active` lets a condition hold on below the threshold that raised it. */
#include "device-agent/core/interlock.h"

#include <string.h>

struct facts {
    const struct interlock *k;
    const struct interlock_input *in;
    bool wet_unit, stale, implausible, disagree, level_stale, level_low, current_stale;
    int32_t hottest_mdegc, water_mdegc; /* WATER_UNKNOWN: none */
    int32_t current_limit_ma;           /* INT32_MAX: not measured */
};

static bool is_emergency_stop(const struct facts *f, bool active) {
    (void)active;
    return f->in->readings.emergency_stop;
}
static bool is_over_temperature(const struct facts *f, bool active) {
    return f->hottest_mdegc >= (active ? INTERLOCK_WATER_CLEAR_MDEGC : INTERLOCK_WATER_MAX_MDEGC);
}
static bool is_over_current(const struct facts *f, bool active) {
    (void)active;
    return f->in->readings.current_ma.value > f->current_limit_ma;
}
static bool is_local_stop(const struct facts *f, bool active) {
    (void)active;
    return f->in->readings.local_stop;
}
static bool is_max_time(const struct facts *f, bool active) {
    (void)active;
    return f->in->live && f->in->total_ms >= f->in->total_max_ms;
}
static bool is_sensor_stale(const struct facts *f, bool active) {
    (void)active;
    return (f->wet_unit && (f->stale || f->level_stale)) || f->current_stale;
}
static bool is_sensor_implausible(const struct facts *f, bool active) {
    (void)active;
    return f->wet_unit && f->implausible;
}
static bool is_sensor_disagree(const struct facts *f, bool active) {
    (void)active;
    return f->wet_unit && f->disagree;
}
static bool is_level_low(const struct facts *f, bool active) {
    (void)active; /* tubs stand empty between guests: only a session that needs water minds */
    return f->wet_unit && f->in->live && f->in->wet && f->level_low;
}
static bool is_heating_failed(const struct facts *f, bool active) {
    (void)active;
    return f->k->heat_failed;
}
static bool is_journal(const struct facts *f, bool active) {
    (void)active;
    return f->in->journal_failed;
}

#define is_EMERGENCY_STOP is_emergency_stop
#define is_OVER_TEMPERATURE is_over_temperature
#define is_OVER_CURRENT is_over_current
#define is_LOCAL_STOP is_local_stop
#define is_MAX_TIME is_max_time
#define is_SENSOR_STALE is_sensor_stale
#define is_SENSOR_IMPLAUSIBLE is_sensor_implausible
#define is_SENSOR_DISAGREE is_sensor_disagree
#define is_LEVEL_LOW is_level_low
#define is_HEATING_FAILED is_heating_failed
#define is_JOURNAL is_journal

const struct interlock_row interlock_rows[INTERLOCK_COUNT] = {
#define X(r, debounce, act, clr, clear, fault)                                                               \
    {REASON_##r, debounce, INTERLOCK_##act, INTERLOCK_##clr, clear, fault},
    INTERLOCKS(X)
#undef X
};
static bool (*const conditions[INTERLOCK_COUNT])(const struct facts *f, bool active) = {
#define X(r, ...) is_##r,
    INTERLOCKS(X)
#undef X
};

void interlock_init(struct interlock *k, const struct model *m) {
    *k = (struct interlock){.model = m, .heat_since_ms = -1};
}

/* A jump is judged against a reference renewed every second, so noise between two near readings
 * is no jump. A jump stands for a second; then the sensor has settled elsewhere and is believed. */
static bool jumped(struct interlock *k, int i, const struct reading *r) {
    int32_t away = k->reference[i].set ? r->value - k->reference[i].mdegc : 0;
    if (away > INTERLOCK_JUMP_MDEGC || away < -INTERLOCK_JUMP_MDEGC) {
        if (!k->reference[i].jumped) k->reference[i].jumped_at_ms = r->at_ms;
        k->reference[i].jumped = true;
        if (r->at_ms - k->reference[i].jumped_at_ms <= INTERLOCK_JUMP_MS) return true;
    } else if (k->reference[i].set && r->at_ms - k->reference[i].at_ms < INTERLOCK_JUMP_MS) {
        k->reference[i].jumped = false;
        return false;
    }
    k->reference[i].mdegc = r->value;
    k->reference[i].at_ms = r->at_ms;
    k->reference[i].set = true;
    k->reference[i].jumped = false;
    return false;
}

static bool is_fresh(const struct reading *r, int64_t now_ms) {
    return r->present && now_ms - r->at_ms <= INTERLOCK_STALE_MS;
}

static void look_at_water(struct interlock *k, const struct interlock_input *in, struct facts *f) {
    int64_t sum = 0;
    int n = 0, low = INT32_MAX, high = INT32_MIN;
    f->hottest_mdegc = f->water_mdegc = WATER_UNKNOWN;
    for (int i = 0; i < k->model->water_sensors && i < WATER_SENSORS_MAX; i++) {
        const struct reading *r = &in->readings.water_mdegc[i];
        if (!is_fresh(r, in->now_ms)) {
            f->stale = true;
            k->reference[i].set = false;
            continue;
        }
        bool in_range =
            r->value >= INTERLOCK_PLAUSIBLE_MIN_MDEGC && r->value <= INTERLOCK_PLAUSIBLE_MAX_MDEGC;
        if (in_range && r->value > f->hottest_mdegc) f->hottest_mdegc = r->value;
        if (!in_range || jumped(k, i, r)) {
            f->implausible = true;
            continue;
        }
        sum += r->value;
        n++;
        if (r->value < low) low = r->value;
        if (r->value > high) high = r->value;
    }
    if (n > 0) f->water_mdegc = (int32_t)(sum / n);
    f->disagree = n > 1 && high - low > INTERLOCK_DISAGREE_MDEGC;
}

static void look_at_level(const struct interlock *k, const struct interlock_input *in, struct facts *f) {
    const struct reading *r = &in->readings.level_permille;
    f->level_stale = !is_fresh(r, in->now_ms);
    if (!f->level_stale && (r->value < 0 || r->value > INTERLOCK_LEVEL_MAX_PERMILLE)) f->implausible = true;
    f->level_low = f->level_stale || r->value < k->model->level_min_permille;
}

static void look_at_current(struct interlock *k, const struct interlock_input *in, struct facts *f) {
    int32_t limit = INTERLOCK_CURRENT_FLOOR_MA;
    bool measured = false;
    for (int i = 0; i < k->model->n_actuators; i++) {
        const struct actuator *a = &k->model->actuators[i];
        if (a->kind == ACTUATOR_HEATER) continue;
        for (int c = 0; c < PROTO_CELLS_MAX; c++)
            if (in->outputs.level[i][c]) k->engaged_until_ms[i] = in->now_ms + INTERLOCK_ENGAGED_MS;
        if (a->current_max_ma > 0) measured = true;
        if (in->now_ms <= k->engaged_until_ms[i]) limit += a->current_max_ma;
    }
    f->current_stale = measured && !is_fresh(&in->readings.current_ma, in->now_ms);
    f->current_limit_ma = measured && !f->current_stale ? limit : INT32_MAX;
}

/* Heat over a whole window must warm the water by a share of what its energy would give. */
static void watch_heating(struct interlock *k, const struct interlock_input *in, const struct facts *f) {
    if (in->outputs.heater_permille < INTERLOCK_HEAT_DUTY || f->water_mdegc == WATER_UNKNOWN) {
        k->heat_since_ms = -1;
        k->heat_failed = false;
        return;
    }
    if (k->heat_since_ms < 0) {
        k->heat_since_ms = k->heat_at_ms = in->now_ms;
        k->heat_from_mdegc = f->water_mdegc;
        k->heat_permille_ms = 0;
    }
    k->heat_permille_ms += (in->now_ms - k->heat_at_ms) * in->outputs.heater_permille;
    k->heat_at_ms = in->now_ms;
    if (in->now_ms - k->heat_since_ms < INTERLOCK_HEAT_WINDOW_MS) return;
    /* W * permille * ms = microjoules; 4.186 J warms one ml by one degree: the rest is millidegrees. */
    int64_t full_mdegc = k->model->heater_w * k->heat_permille_ms / ((int64_t)k->model->tub_ml * 4186);
    k->heat_failed = f->water_mdegc - k->heat_from_mdegc < full_mdegc / INTERLOCK_HEAT_SHARE;
    k->heat_since_ms = -1;
}

static void step_row(struct interlock *k, int i, const struct facts *f) {
    const struct interlock_row *row = &interlock_rows[i];
    int64_t now_ms = f->in->now_ms;
    bool is = conditions[i](f, k->rows[i].active);
    if (k->rows[i].active) {
        if (is) k->rows[i].since_ms = now_ms;
        bool gone = !is && now_ms - k->rows[i].since_ms >= row->clear_ms;
        if (gone && !(row->clears == INTERLOCK_ENDED && f->in->live)) k->rows[i].active = false;
        return;
    }
    if (!is) {
        k->rows[i].pending = false;
        return;
    }
    if (!k->rows[i].pending) k->rows[i].since_ms = now_ms;
    k->rows[i].pending = true;
    if (now_ms - k->rows[i].since_ms < row->debounce_ms) return;
    k->rows[i].pending = false;
    k->rows[i].active = true;
    k->rows[i].since_ms = now_ms;
}

void interlock_step(struct interlock *k, const struct interlock_input *in, struct interlock_verdict *ret) {
    struct facts f = {.k = k, .in = in, .wet_unit = k->model->tub_ml > 0};
    look_at_water(k, in, &f);
    look_at_level(k, in, &f);
    look_at_current(k, in, &f);
    watch_heating(k, in, &f);
    for (int i = 0; i < INTERLOCK_COUNT; i++) step_row(k, i, &f);

    *ret = (struct interlock_verdict){.reason = REASON_NONE, .water_mdegc = f.water_mdegc};
    ret->level_permille = f.level_stale ? -1 : in->readings.level_permille.value;
    if (is_fresh(&in->readings.current_ma, in->now_ms)) ret->current_ma = in->readings.current_ma.value;
    for (int i = 0; i < INTERLOCK_COUNT; i++) {
        if (!k->rows[i].active || interlock_rows[i].action <= ret->action) continue;
        ret->action = interlock_rows[i].action;
        ret->reason = interlock_rows[i].reason;
    }
    bool sound = f.wet_unit && !f.stale && !f.implausible && !f.disagree && !f.level_stale;
    ret->may_wet = f.wet_unit && !f.level_low && ret->action == INTERLOCK_NONE;
    ret->may_heat = sound && ret->may_wet && f.hottest_mdegc < k->model->water_max_mdegc;
}

int32_t interlock_faults(const struct interlock *k, int32_t ret[PROTO_FAULTS_MAX]) {
    int32_t n = 0;
    for (int i = 0; i < INTERLOCK_COUNT && n < PROTO_FAULTS_MAX; i++)
        if (k->rows[i].active && interlock_rows[i].is_fault) ret[n++] = interlock_rows[i].reason;
    return n;
}

int32_t interlock_first_fault(const struct interlock *k) {
    int32_t faults[PROTO_FAULTS_MAX];
    return interlock_faults(k, faults) > 0 ? faults[0] : REASON_NONE;
}
