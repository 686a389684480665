/* Levels are followed in two stages: the program's ramp says what is wanted now, and a slew limit
 * says how fast a motor may follow. So a hold, a resume, an adjustment in the middle of a ramp and
 * a soft stop are all the same thing: another wanted level. */
#include "device-agent/core/executor.h"

#include <string.h>

#define FULL 100000 /* 100 percent in thousandths */

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

static const struct program_step *present(const struct executor *e) {
    return e->step < e->program->n_steps ? &e->program->steps[e->step] : NULL;
}

static const struct setpoint *find_set(const struct program_step *s, int channel) {
    for (int i = 0; s && i < s->n_sets; i++)
        if (s->sets[i].channel == channel) return &s->sets[i];
    return NULL;
}

void executor_load(struct executor *e, const struct program *p, const struct model *m, int32_t step,
                   int32_t step_ms, int32_t elapsed_ms) {
    *e = (struct executor){.model = m,
                           .program = p,
                           .step = step,
                           .step_ms = step_ms,
                           .elapsed_ms = elapsed_ms,
                           .intensity = 100,
                           .water_mdegc = -1};
}

void executor_run(struct executor *e) { e->running = true; }

void executor_hold(struct executor *e, bool keep_heat) {
    e->running = false;
    e->heat = keep_heat;
}

void executor_cut(struct executor *e) {
    executor_hold(e, false);
    memset(e->amplitude, 0, sizeof e->amplitude);
}

static void enter(struct executor *e, int32_t leftover_ms) {
    e->step++;
    e->step_ms = leftover_ms;
    memcpy(e->from, e->amplitude, sizeof e->from);
}

void executor_confirm(struct executor *e) {
    if (executor_is_guide(e)) enter(e, 0);
}

void executor_adjust(struct executor *e, int32_t intensity, int32_t water_mdegc) {
    if (intensity >= 0) {
        /* A ramp that is under way begins lower, too: else a long one would hold the change back. */
        for (int i = 0; i < e->model->n_actuators && e->intensity > intensity; i++)
            e->from[i] = (int32_t)((int64_t)e->from[i] * intensity / e->intensity);
        e->intensity = least(intensity, 100);
    }
    if (water_mdegc >= 0) e->water_mdegc = water_mdegc;
}

bool executor_is_guide(const struct executor *e) {
    const struct program_step *s = present(e);
    return s && s->kind == STEP_GUIDE;
}

/* An adjustment changes how warm, not which steps are warm. */
static int32_t set_point(const struct executor *e, const struct program_step *s) {
    return s->water_mdegc > 0 && e->water_mdegc >= 0 ? e->water_mdegc : s->water_mdegc;
}

bool executor_is_wet(const struct executor *e) {
    const struct program_step *s = present(e);
    if (!s) return false;
    if (set_point(e, s) > 0) return true;
    for (int i = 0; i < s->n_sets; i++)
        if (e->model->actuators[s->sets[i].channel].kind == ACTUATOR_JETS) return true;
    return false;
}

int32_t executor_target_mdegc(const struct executor *e) {
    const struct program_step *s = present(e);
    if (!s || (!e->running && !e->heat)) return 0;
    int32_t target = least(set_point(e, s), e->program->water_max_mdegc);
    target = least(target, e->model->water_max_mdegc);
    return least(target, EXECUTOR_TARGET_MAX_MDEGC);
}

int32_t executor_remaining_ms(const struct executor *e) {
    int64_t left = 0;
    for (int32_t i = e->step; i < e->program->n_steps; i++) {
        const struct program_step *s = &e->program->steps[i];
        if (s->kind == STEP_HEAT) continue;
        int32_t done = i == e->step ? least(e->step_ms, s->ms) : 0;
        left += s->ms - done;
    }
    return left > INT32_MAX ? INT32_MAX : (int32_t)left;
}

/* True when the present step is over; *leftover_ms is what the next one has already had. */
static bool is_over(const struct executor *e, int32_t water_mdegc, int32_t *leftover_ms) {
    const struct program_step *s = present(e);
    *leftover_ms = 0;
    if (s->kind == STEP_HEAT) {
        int32_t target = executor_target_mdegc(e);
        if (target == 0) return true;
        if (water_mdegc != WATER_UNKNOWN && water_mdegc >= target - EXECUTOR_AT_TARGET_MDEGC) return true;
    }
    if (s->kind == STEP_GUIDE && !s->auto_next) return false;
    if (e->step_ms < s->ms) return false;
    *leftover_ms = e->step_ms - s->ms;
    return true;
}

static unsigned advance(struct executor *e, int32_t dt_ms, int32_t water_mdegc) {
    unsigned events = 0;
    int32_t leftover_ms;
    if (!present(e)) return 0;
    e->step_ms += dt_ms;
    e->elapsed_ms += dt_ms;
    while (present(e) && is_over(e, water_mdegc, &leftover_ms)) {
        enter(e, leftover_ms);
        events |= EXECUTOR_STEP_CHANGED;
    }
    return events;
}

/* The level wanted of a channel at this moment of its ramp, under every cap. */
static int32_t wanted(const struct executor *e, int channel) {
    const struct setpoint *set = e->running ? find_set(present(e), channel) : NULL;
    if (!set) return 0;
    int32_t level = set->level * e->intensity * 10;
    level = least(level, e->program->intensity_max * 1000);
    level = least(level, e->model->actuators[channel].level_max * 1000);
    if (e->step_ms >= set->ramp_ms) return level;
    int64_t climb = (int64_t)(level - e->from[channel]) * e->step_ms / set->ramp_ms;
    return e->from[channel] + (int32_t)climb;
}

static bool slew(struct executor *e, int32_t dt_ms) {
    bool still = true;
    for (int i = 0; i < e->model->n_actuators; i++) {
        int32_t ramp_ms = e->model->actuators[i].ramp_min_ms, want = wanted(e, i), *now = &e->amplitude[i];
        int64_t up = ramp_ms > 0 ? (int64_t)FULL * dt_ms / ramp_ms : FULL;
        int32_t fall_ms = least(ramp_ms, EXECUTOR_SOFT_STOP_MS);
        int64_t down = fall_ms > 0 ? (int64_t)FULL * dt_ms / fall_ms : FULL;
        if (want > *now)
            *now = want - *now > up ? *now + (int32_t)up : want;
        else
            *now = *now - want > down ? *now - (int32_t)down : want;
        if (*now > 0) still = false;
    }
    return still;
}

/* Which of n cells the waveform has on, as bits; cell 0 is the most distal one. */
static unsigned wave_cells(const struct setpoint *set, int n, int32_t step_ms) {
    unsigned all = (1u << n) - 1;
    if (set->wave == WAVE_STEADY || set->period_ms <= 0) return all;
    int32_t phase = step_ms % set->period_ms;
    if (set->wave == WAVE_PULSE) return phase < (int64_t)set->period_ms * set->duty_permille / 1000 ? all : 0;
    if (set->wave == WAVE_ALTERNATE) return (phase * 2 < set->period_ms ? 0x55u : 0xaau) & all;
    /* There and back again: 2n - 2 places for a cell that travels, 2n for a row that fills up. */
    bool travel = set->wave == WAVE_TRAVEL, both = set->direction == DIRECTION_BOTH;
    int places = !both ? n : travel && n > 1 ? 2 * n - 2 : 2 * n;
    int at = (int)((int64_t)phase * places / set->period_ms);
    bool back = set->direction == DIRECTION_DISTAL || (both && at >= n);
    if (travel) {
        if (both && at >= n) at = places - at;
        if (set->direction == DIRECTION_DISTAL) at = n - 1 - at;
        return (1u << (at % n)) & all;
    }
    if (both && at >= n) at -= n;
    unsigned filled = (1u << (at + 1)) - 1;
    if (!back) return filled & all;
    return ~((1u << (n - 1 - at)) - 1) & all;
}

static void shape(const struct executor *e, struct outputs *ret) {
    for (int i = 0; i < e->model->n_actuators; i++) {
        int n = e->model->actuators[i].cells;
        if (e->amplitude[i] <= 0 || e->model->actuators[i].kind == ACTUATOR_HEATER) continue;
        const struct setpoint *set = find_set(present(e), i);
        unsigned on = set ? wave_cells(set, n, e->step_ms) : (1u << n) - 1; /* a ramp down is steady */
        for (int c = 0; c < n && c < PROTO_CELLS_MAX; c++)
            if (on & (1u << c)) ret->level[i][c] = (uint8_t)((e->amplitude[i] + 500) / 1000);
    }
}

static int32_t heater_duty(const struct executor *e, int32_t water_mdegc) {
    int32_t target = executor_target_mdegc(e);
    if (target == 0 || water_mdegc == WATER_UNKNOWN || water_mdegc >= target) return 0;
    return least((target - water_mdegc) * 1000 / EXECUTOR_HEAT_BAND_MDEGC, 1000);
}

unsigned executor_step(struct executor *e, int32_t dt_ms, int32_t water_mdegc, struct outputs *ret) {
    unsigned events = e->running ? advance(e, dt_ms, water_mdegc) : 0;
    if (slew(e, dt_ms)) events |= EXECUTOR_STILL;
    if (!present(e) && (events & EXECUTOR_STILL)) events |= EXECUTOR_FINISHED;
    memset(ret, 0, sizeof *ret);
    shape(e, ret);
    ret->heater_permille = heater_duty(e, water_mdegc);
    return events;
}
