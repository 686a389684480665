#include "device-agent/core/watch.h"

#include <string.h>

#define NEVER (-1)

static bool is_fresh(const struct reading *r, int64_t now_ms) {
    return r->present && now_ms - r->at_ms <= WATCH_STALE_MS;
}

void watch_init(struct watch *w) {
    *w = (struct watch){.now_ms = NEVER, .hard_since_ms = NEVER, .plateau_since_ms = NEVER};
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++) w->driven_since_ms[i] = w->rest_since_ms[i] = NEVER;
}

/* ---- level and water ---- */

static void look_at_level(const struct model *m, const struct interlock_input *in, struct facts *f) {
    const struct reading *r = &in->readings.level_permille;
    f->level_stale = !is_fresh(r, in->now_ms);
    f->level_permille = f->level_stale ? -1 : r->value;
    if (!f->level_stale && (r->value < 0 || r->value > WATCH_LEVEL_MAX_PERMILLE)) f->implausible = true;
    f->level_low = f->level_stale || r->value < m->level_min_permille;
}

/* A jump is judged against a reference renewed every second, so noise between two near readings
 * is no jump. A jump stands for a second; then the sensor has settled elsewhere and is believed. */
static bool jumped(struct watch *w, int i, const struct reading *r) {
    int32_t away = w->reference[i].set ? r->value - w->reference[i].mdegc : 0;
    if (away > WATCH_JUMP_MDEGC || away < -WATCH_JUMP_MDEGC) {
        if (!w->reference[i].jumped) w->reference[i].jumped_at_ms = r->at_ms;
        w->reference[i].jumped = true;
        if (r->at_ms - w->reference[i].jumped_at_ms <= WATCH_JUMP_MS) return true;
    } else if (w->reference[i].set && r->at_ms - w->reference[i].at_ms < WATCH_JUMP_MS) {
        w->reference[i].jumped = false;
        return false;
    }
    w->reference[i].mdegc = r->value;
    w->reference[i].at_ms = r->at_ms;
    w->reference[i].set = true;
    w->reference[i].jumped = false;
    return false;
}

/* W * permille * ms = microjoules; 4.186 J warms one ml by one degree: the rest is millidegrees. */
static int64_t warmth_mdegc(const struct model *m, int64_t permille_ms) {
    return m->heater_w * permille_ms / ((int64_t)m->tub_ml * 4186);
}

static void begin_heat(struct watch *w, int i, int32_t mdegc, const struct facts *f) {
    w->heat[i].still_mdegc = w->heat[i].low_mdegc = mdegc;
    w->heat[i].still_permille_ms = w->heat[i].low_permille_ms = 0;
    w->heat[i].low_level = f->level_permille;
    w->heat[i].low_at_ms = f->in->now_ms;
    w->heat[i].set = true;
}

/* One good sensor against the heat that went in since it last changed, and since it was lowest. */
static void watch_sensor(struct watch *w, const struct model *m, int i, int32_t mdegc, struct facts *f) {
    const struct interlock_input *in = f->in;
    int64_t heat = f->dt_ms * in->outputs.heater_permille;
    if (!w->heat[i].set) begin_heat(w, i, mdegc, f);

    bool hard = in->outputs.heater_permille >= WATCH_HEAT_DUTY;
    w->heat[i].still_permille_ms += hard ? 2 * heat : heat;
    if (mdegc != w->heat[i].still_mdegc) w->heat[i].still_permille_ms = 0;
    w->heat[i].still_mdegc = mdegc;
    if (warmth_mdegc(m, w->heat[i].still_permille_ms) >= WATCH_STUCK_MDEGC) f->stuck = true;

    w->heat[i].low_permille_ms += heat;
    int64_t explained = WATCH_RUNAWAY_FACTOR * warmth_mdegc(m, w->heat[i].low_permille_ms);
    bool above = mdegc - w->heat[i].low_mdegc > WATCH_RUNAWAY_MDEGC + explained;
    bool filled = f->level_permille > w->heat[i].low_level + WATCH_FILL_PERMILLE;
    if (above && !filled && in->live) {
        f->runaway = true;
    } else if (mdegc < w->heat[i].low_mdegc || filled || !in->live ||
               in->now_ms - w->heat[i].low_at_ms >= WATCH_HEAT_WINDOW_MS) {
        w->heat[i].low_mdegc = mdegc;
        w->heat[i].low_permille_ms = 0;
        w->heat[i].low_level = f->level_permille;
        w->heat[i].low_at_ms = in->now_ms;
    }
}

static void look_at_water(struct watch *w, const struct model *m, const struct interlock_input *in,
                          struct facts *f) {
    int64_t sum = 0;
    int n = 0, low = INT32_MAX, high = INT32_MIN;
    f->hottest_mdegc = f->water_mdegc = WATER_UNKNOWN;
    for (int i = 0; i < m->water_sensors && i < WATER_SENSORS_MAX; i++) {
        const struct reading *r = &in->readings.water_mdegc[i];
        if (!is_fresh(r, in->now_ms)) {
            f->stale = true;
            w->reference[i].set = w->heat[i].set = false;
            continue;
        }
        bool in_range = r->value >= WATCH_PLAUSIBLE_MIN_MDEGC && r->value <= WATCH_PLAUSIBLE_MAX_MDEGC;
        if (in_range && r->value > f->hottest_mdegc) f->hottest_mdegc = r->value;
        if (!in_range || jumped(w, i, r)) {
            f->implausible = true;
            w->heat[i].set = false;
            continue;
        }
        if (m->tub_ml > 0) watch_sensor(w, m, i, r->value, f);
        sum += r->value;
        n++;
        if (r->value < low) low = r->value;
        if (r->value > high) high = r->value;
    }
    if (n > 0) f->water_mdegc = (int32_t)(sum / n);
    f->disagree = n > 1 && high - low > WATCH_DISAGREE_MDEGC;
    for (int i = 0; i < WATER_SENSORS_MAX && f->disagree; i++) w->heat[i].set = false; /* whom to believe? */
}

/* Heat over a whole window must warm the water by a share of what its energy would give. */
static void watch_heating(struct watch *w, const struct model *m, const struct interlock_input *in,
                          struct facts *f) {
    if (in->outputs.heater_permille < WATCH_HEAT_DUTY || f->water_mdegc == WATER_UNKNOWN) {
        w->hard_since_ms = NEVER;
        return;
    }
    if (w->hard_since_ms == NEVER) {
        w->hard_since_ms = in->now_ms;
        w->hard_from_mdegc = f->water_mdegc;
        w->hard_permille_ms = 0;
        return;
    }
    w->hard_permille_ms += f->dt_ms * in->outputs.heater_permille;
    if (in->now_ms - w->hard_since_ms < WATCH_HEAT_WINDOW_MS) return;
    f->heat_failed =
        f->water_mdegc - w->hard_from_mdegc < warmth_mdegc(m, w->hard_permille_ms) / WATCH_HEAT_SHARE;
    w->hard_since_ms = NEVER;
}

/* ---- motors ---- */

static int32_t driven_percent(const struct outputs *o, int channel) {
    int32_t most = 0;
    for (int c = 0; c < PROTO_CELLS_MAX; c++)
        if (o->level[channel][c] > most) most = o->level[channel][c];
    return most;
}

/* A motor that does not turn though it is driven, or turns though it is not. */
static bool moves_wrongly(struct watch *w, int i, int32_t percent, const struct interlock_input *in) {
    const struct reading *r = &in->readings.motion_permille[i];
    if (percent < WATCH_DRIVEN_PERCENT)
        w->driven_since_ms[i] = NEVER;
    else if (w->driven_since_ms[i] == NEVER)
        w->driven_since_ms[i] = in->now_ms;
    if (percent > 0)
        w->rest_since_ms[i] = NEVER;
    else if (w->rest_since_ms[i] == NEVER)
        w->rest_since_ms[i] = in->now_ms;
    if (!is_fresh(r, in->now_ms)) return false;
    bool turns = r->value >= WATCH_MOVES_PERMILLE;
    if (w->driven_since_ms[i] != NEVER) return !turns && r->at_ms - w->driven_since_ms[i] >= WATCH_DRIVEN_MS;
    return w->rest_since_ms[i] != NEVER && turns && r->at_ms - w->rest_since_ms[i] >= WATCH_REST_MS;
}

static void look_at_motors(struct watch *w, const struct model *m, const struct interlock_input *in,
                           struct facts *f) {
    int32_t limit = WATCH_CURRENT_FLOOR_MA;
    bool measured = false, engaged = false;
    for (int i = 0; i < m->n_actuators; i++) {
        const struct actuator *a = &m->actuators[i];
        if (a->kind == ACTUATOR_HEATER) continue;
        int32_t percent = driven_percent(&in->outputs, i);
        if (moves_wrongly(w, i, percent, in)) f->motor_fault = true;
        if (percent > 0) w->engaged_until_ms[i] = in->now_ms + WATCH_ENGAGED_MS;
        if (a->current_max_ma > 0) measured = true;
        if (in->now_ms > w->engaged_until_ms[i]) continue;
        limit += a->current_max_ma;
        engaged = true;
    }
    f->current_stale = measured && !is_fresh(&in->readings.current_ma, in->now_ms);
    f->current_ma = is_fresh(&in->readings.current_ma, in->now_ms) ? in->readings.current_ma.value : 0;
    f->current_limit_ma = measured && !f->current_stale ? limit : INT32_MAX;
    bool high =
        measured && engaged && (int64_t)f->current_ma * 1000 > (int64_t)limit * WATCH_PLATEAU_PERMILLE;
    if (!high)
        w->plateau_since_ms = NEVER;
    else if (w->plateau_since_ms == NEVER)
        w->plateau_since_ms = in->now_ms;
    if (high && in->now_ms - w->plateau_since_ms >= WATCH_PLATEAU_MS) f->motor_fault = true;
}

/* ---- inputs that may be fitted, and the loop itself ---- */

static bool has_failed(const struct reading *r, int64_t now_ms, uint32_t bit, uint32_t *seen) {
    if (r->present) *seen |= bit;
    return (*seen & bit) && !is_fresh(r, now_ms);
}

static void look_at_inputs(struct watch *w, const struct model *m, const struct interlock_input *in,
                           struct facts *f) {
    for (int i = 0; i < CONTACT_COUNT; i++) {
        const struct reading *r = &in->readings.contact[i];
        if (has_failed(r, in->now_ms, 1u << i, &w->contacts_seen)) f->input_stale = true;
        f->contact[i] = is_fresh(r, in->now_ms) && r->value != 0;
    }
    for (int i = 0; i < m->n_actuators; i++)
        if (has_failed(&in->readings.motion_permille[i], in->now_ms, 1u << i, &w->motions_seen))
            f->input_stale = true;
}

static void look_at_loop(struct watch *w, const struct interlock_input *in, struct facts *f) {
    if (in->loop_ms == 0) return;
    int32_t excess = in->loop_gap_ms - in->loop_ms - WATCH_LATE_MS;
    w->late_ms -= in->loop_gap_ms / WATCH_LATE_FORGIVE;
    if (w->late_ms < 0) w->late_ms = 0;
    f->late = excess > 0;
    if (f->late) w->late_ms += excess < WATCH_LATE_SUM_MS ? excess : WATCH_LATE_SUM_MS;
    f->overrun = w->late_ms >= WATCH_LATE_SUM_MS;
    if (f->overrun) w->late_ms = 0; /* told; the row latches */
}

void watch_step(struct watch *w, const struct model *m, const struct interlock_input *in, struct facts *ret) {
    *ret = (struct facts){.in = in, .wet_unit = m->tub_ml > 0};
    int64_t dt_ms = in->now_ms - w->now_ms;
    if (w->now_ms == NEVER || dt_ms < 0) dt_ms = 0;
    ret->dt_ms = dt_ms < WATCH_STEP_MAX_MS ? dt_ms : WATCH_STEP_MAX_MS;
    look_at_level(m, in, ret);
    look_at_water(w, m, in, ret);
    if (ret->wet_unit) watch_heating(w, m, in, ret);
    look_at_motors(w, m, in, ret);
    look_at_inputs(w, m, in, ret);
    look_at_loop(w, in, ret);
    w->now_ms = in->now_ms;
}
