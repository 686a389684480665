/* Conditions are judged on facts that are worked out once a step, so that a row is one short
 * function. `active` lets a condition hold on below the threshold that raised it. */
#include "device-agent/core/interlock.h"

#include <string.h>

/* CONDITION(row, when): `active` is true while the row is. */
#define CONDITION(row, when)                                                                                 \
    static bool is_##row(const struct facts *f, bool active) {                                               \
        (void)active;                                                                                        \
        return when;                                                                                         \
    }
CONDITION(EMERGENCY_STOP, f->in->readings.emergency_stop)
CONDITION(THERMAL_CUTOUT, f->in->cutout)
CONDITION(OVER_TEMPERATURE,
          f->hottest_mdegc >= (active ? INTERLOCK_WATER_CLEAR_MDEGC : INTERLOCK_WATER_MAX_MDEGC))
CONDITION(HEATING_RUNAWAY, f->runaway)
CONDITION(LEAK, f->contact[CONTACT_LEAK])
CONDITION(OVER_CURRENT, f->current_ma > f->current_limit_ma)
CONDITION(MOTOR_FAULT, f->motor_fault)
CONDITION(LOCAL_STOP, f->in->readings.local_stop)
CONDITION(MAX_TIME, f->in->live && f->in->total_ms >= f->in->total_max_ms)
CONDITION(LOOP_OVERRUN, f->overrun)
CONDITION(BOARD_FAILED, f->in->readings.board_failed)
CONDITION(SENSOR_STALE, (f->wet_unit && (f->stale || f->level_stale)) || f->current_stale || f->input_stale)
CONDITION(SENSOR_IMPLAUSIBLE, f->wet_unit && f->implausible)
CONDITION(SENSOR_DISAGREE, f->wet_unit && f->disagree)
CONDITION(SENSOR_STUCK, f->stuck)
CONDITION(LID_OPEN, f->contact[CONTACT_LID])
CONDITION(DRAIN_OPEN, f->contact[CONTACT_DRAIN] && (f->in->wet || !f->in->live))
/* Tubs stand empty between guests: only a session that needs water minds. */
CONDITION(LEVEL_LOW, f->wet_unit && f->in->live && f->in->wet && f->level_low)
CONDITION(HEATING_FAILED, f->heat_failed)
CONDITION(JOURNAL, f->in->journal_failed)
#undef CONDITION

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
    *k = (struct interlock){.model = m};
    watch_init(&k->watch);
}

/* In the first step of a session a contact is believed at once: nothing begins with a lid that may be open.
 */
static bool is_debounced(const struct interlock *k, int i, const struct facts *f) {
    bool contact = i == INTERLOCK_ID_LEAK || i == INTERLOCK_ID_LID_OPEN || i == INTERLOCK_ID_DRAIN_OPEN;
    if (contact && f->in->live && !k->live) return true;
    return f->in->now_ms - k->rows[i].since_ms >= interlock_rows[i].debounce_ms;
}

static void step_row(struct interlock *k, int i, const struct facts *f) {
    const struct interlock_row *row = &interlock_rows[i];
    int64_t now_ms = f->in->now_ms;
    bool is = conditions[i](f, k->rows[i].active), idle = row->clears == INTERLOCK_LIVE && !f->in->live;
    if (k->rows[i].active) {
        if (is) k->rows[i].since_ms = now_ms;
        bool gone = !is && now_ms - k->rows[i].since_ms >= row->clear_ms;
        if (gone && !(row->clears == INTERLOCK_ENDED && f->in->live)) k->rows[i].active = false;
        if (idle) {
            k->rows[i].active = false;
            /* Still so: the next session, however soon, does not begin with another debounce. */
            k->rows[i].pending = is;
            k->rows[i].since_ms = now_ms - row->debounce_ms;
        }
        return;
    }
    if (!is) {
        k->rows[i].pending = false;
        return;
    }
    if (!k->rows[i].pending) k->rows[i].since_ms = now_ms;
    k->rows[i].pending = true;
    if (idle || !is_debounced(k, i, f)) return;
    k->rows[i].pending = false;
    k->rows[i].active = true;
    k->rows[i].since_ms = now_ms;
}

void interlock_step(struct interlock *k, const struct interlock_input *in, struct interlock_verdict *ret) {
    struct facts f;
    watch_step(&k->watch, k->model, in, &f);
    for (int i = 0; i < INTERLOCK_COUNT; i++) step_row(k, i, &f);
    k->live = in->live;

    *ret = (struct interlock_verdict){.reason = REASON_NONE,
                                      .water_mdegc = f.water_mdegc,
                                      .level_permille = f.level_permille,
                                      .current_ma = f.current_ma};
    for (int i = 0; i < INTERLOCK_COUNT; i++) {
        if (!k->rows[i].active || interlock_rows[i].action <= ret->action) continue;
        ret->action = interlock_rows[i].action;
        ret->reason = interlock_rows[i].reason;
    }
    bool closed =
        !f.input_stale && !f.contact[CONTACT_LEAK] && !f.contact[CONTACT_LID] && !f.contact[CONTACT_DRAIN];
    bool sound = !f.stale && !f.implausible && !f.disagree && !f.late && !f.contact[CONTACT_CUTOUT];
    ret->may_wet = f.wet_unit && closed && !f.level_low && ret->action == INTERLOCK_NONE;
    ret->may_heat = sound && ret->may_wet && f.hottest_mdegc < k->model->water_max_mdegc;
}

void interlock_gate(const struct model *m, const struct interlock_verdict *v, struct outputs *o) {
    if (!v->may_heat) o->heater_permille = 0;
    for (int i = 0; i < m->n_actuators && !v->may_wet; i++)
        if (m->actuators[i].kind == ACTUATOR_JETS) memset(o->level[i], 0, sizeof o->level[i]);
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

int32_t interlock_worst_ms(const struct interlock_row *row, int32_t loop_ms) {
    return loop_ms + (row->debounce_ms + loop_ms - 1) / loop_ms * loop_ms;
}
