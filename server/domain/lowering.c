/* One pass over the steps. Each zone of a step takes the first choice of its technique that some
 * actuator of the model can do there; every departure from what the routine asks leaves a note.
 * Integer arithmetic only, so that every machine writes the same bytes. */
#include <string.h>

#include "server/domain/lowering.h"

struct job {
    const struct routine *r;
    const struct model *m;
    const struct lowering_caps *caps;
    struct program *p;
    struct lowering_report *report;
    int32_t level[PROTO_ACTUATORS_MAX]; /* at the end of the program step before */
    int32_t n_holds, n_confirms;
};

/* What a step does with the actuators: the choice that each channel was taken for. */
struct plan {
    int32_t n;
    const struct technique_choice *choice[PROTO_ACTUATORS_MAX]; /* by channel; NULL: off */
    bool reached;
    int32_t fallback_kind; /* -1: everything by the first choice */
    int32_t zone_left_out; /* -1: none */
    /* For the fallback and for the zone left out: kinds that nothing of reached, and traits that
     * barred a choice. */
    uint32_t missing, skipped, out_missing, out_skipped;
};

struct work {
    int16_t step;
    const struct routine_step *s;
    const struct technique *t;
    int32_t ms, water_mdegc, from, to; /* from, to: percent of intensity at begin and end */
};

const char *const lowering_note_names[NOTE_COUNT + 1] = {
#define X(e, n, blocks) n,
    LOWERING_NOTES(X)
#undef X
};

static const bool blocking[NOTE_COUNT] = {
#define X(e, n, blocks) blocks,
    LOWERING_NOTES(X)
#undef X
};

bool lowering_note_blocks(const struct lowering_note *n) { return blocking[n->note]; }

static void note(struct job *j, struct lowering_note n) {
    if (blocking[n.note]) j->report->n_blocking++;
    if (j->report->n < LOWERING_NOTES_MAX) j->report->notes[j->report->n++] = n;
}

static int32_t min32(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t max32(int32_t a, int32_t b) { return a > b ? a : b; }

static struct program_step *add_step(struct job *j, const struct work *w, enum step_kind kind, int32_t ms) {
    /* routine_check has counted: there is room. */
    struct program_step *ps = &j->p->steps[j->p->n_steps++];
    *ps = (struct program_step){
        .kind = (int8_t)kind, .source_step = w->step, .ms = ms, .water_mdegc = w->water_mdegc};
    return ps;
}

/* Takes all channels of the choice's kind that reach the zone; false when there are none. */
static bool plan_take(const struct model *m, const struct technique_choice *c, enum zone z,
                      struct plan *plan) {
    bool any = false;
    for (int ch = 0; ch < m->n_actuators; ch++) {
        if (m->actuators[ch].kind != c->kind || !zone_reached(m->actuators[ch].zone, z)) continue;
        any = true;
        if (plan->choice[ch] || plan->n == PROTO_SETS_MAX) continue;
        plan->choice[ch] = c;
        plan->n++;
    }
    return any;
}

static void plan_zone(const struct job *j, const struct work *w, enum zone z, struct plan *plan) {
    uint32_t missing = 0, skipped = 0;
    for (int i = 0; i < w->t->n_choices; i++) {
        const struct technique_choice *c = &w->t->choices[i];
        uint32_t traits =
            technique_traits_by((enum technique_id)w->s->technique, (enum actuator_kind)c->kind);
        if (traits & j->caps->barred) {
            skipped |= traits & j->caps->barred;
            continue;
        }
        if (!plan_take(j->m, c, z, plan)) {
            missing |= 1u << c->kind;
            continue;
        }
        plan->reached = true;
        if (i > 0 && plan->fallback_kind < 0) {
            plan->fallback_kind = c->kind;
            plan->missing |= missing;
            plan->skipped |= skipped;
        }
        return;
    }
    if (plan->zone_left_out < 0) plan->zone_left_out = (int32_t)z;
    plan->out_missing |= missing;
    plan->out_skipped |= skipped;
}

static struct plan plan_make(const struct job *j, const struct work *w) {
    struct plan plan = {.fallback_kind = -1, .zone_left_out = -1};
    if (w->s->n_zones > 0)
        for (int i = 0; i < w->s->n_zones; i++) plan_zone(j, w, (enum zone)w->s->zones[i], &plan);
    else
        for (int i = 0; i < w->t->n_zones; i++) plan_zone(j, w, (enum zone)w->t->zones[i], &plan);
    return plan;
}

/* The level that a channel takes and how long the way there lasts; a step too short for the model's
 * soft start gets as far as it can. */
static int32_t approach(const struct job *j, int ch, int32_t target, int32_t ms, int32_t wanted_ramp_ms,
                        int32_t *ret_ramp_ms) {
    int32_t per_100_ms = j->m->actuators[ch].ramp_min_ms, before = j->level[ch];
    int64_t way = target > before ? target - before : before - target;
    if (way * per_100_ms > (int64_t)ms * 100) {
        way = (int64_t)ms * 100 / per_100_ms;
        target = target > before ? before + (int32_t)way : before - (int32_t)way;
    }
    *ret_ramp_ms = max32((int32_t)((way * per_100_ms + 99) / 100), min32(wanted_ramp_ms, ms));
    return target;
}

static int32_t level_of(const struct technique_choice *c, const struct actuator *a, int32_t intensity) {
    int64_t level = ((int64_t)intensity * c->level_permille * a->level_max + 50000) / 100000;
    return level < 1 && intensity > 0 ? 1 : (int32_t)level;
}

static int32_t period_of(const struct work *w, const struct technique_choice *c) {
    if (c->period_ms == 0 || !w->s->has_repetitions) return c->period_ms;
    /* One wave for one repetition, where a wave can be that long. */
    int64_t one_s = w->s->has_repetition_s ? w->s->repetition_s : w->t->repetition_s;
    return one_s > 60 ? c->period_ms : (int32_t)(one_s * 1000);
}

/* One program step at a single intensity. ramp_ms < 0: as the choice likes it. */
static void emit_run(struct job *j, const struct work *w, const struct plan *plan, int32_t intensity,
                     int32_t ms, int32_t ramp_ms, struct lowering_note *shortfall) {
    struct program_step *ps = add_step(j, w, STEP_RUN, ms);
    int32_t direction = w->s->has_direction ? w->s->direction : w->t->direction;
    for (int ch = 0; ch < j->m->n_actuators; ch++) {
        const struct technique_choice *c = plan->choice[ch];
        int32_t level = 0;
        if (c) {
            struct setpoint *set = &ps->sets[ps->n_sets++];
            int32_t target = level_of(c, &j->m->actuators[ch], intensity), way_ms;
            level = approach(j, ch, target, ms, ramp_ms < 0 ? c->ramp_ms : ramp_ms, &way_ms);
            if (level < target && shortfall->from == 0) {
                shortfall->from = target;
                shortfall->to = level;
            }
            *set = (struct setpoint){.channel = (int8_t)ch,
                                     .level = (int8_t)level,
                                     .wave = c->wave,
                                     .direction = (int8_t)direction,
                                     .duty_permille = c->duty_permille,
                                     .period_ms = period_of(w, c),
                                     .ramp_ms = way_ms};
        }
        j->level[ch] = level;
    }
}

/* How long the way from what was before to the first intensity of a ramped step takes. */
static int32_t lead_in_ms(const struct job *j, const struct work *w, const struct plan *plan) {
    int32_t lead_ms = 0;
    for (int ch = 0; ch < j->m->n_actuators; ch++) {
        const struct technique_choice *c = plan->choice[ch];
        if (!c) continue;
        int32_t target = level_of(c, &j->m->actuators[ch], w->from), way_ms;
        if (target == j->level[ch]) continue;
        (void)approach(j, ch, target, w->ms / 2, c->ramp_ms, &way_ms);
        lead_ms = max32(lead_ms, way_ms);
    }
    return lead_ms;
}

static void lower_by_device(struct job *j, const struct work *w, const struct plan *plan) {
    if (plan->fallback_kind >= 0)
        note(j, (struct lowering_note){.step = w->step,
                                       .note = NOTE_OTHER_ACTUATOR,
                                       .kind = (int8_t)plan->fallback_kind,
                                       .missing = plan->missing,
                                       .barred = plan->skipped});
    if (plan->zone_left_out >= 0)
        note(j, (struct lowering_note){.step = w->step,
                                       .note = NOTE_ZONE_LEFT_OUT,
                                       .kind = -1,
                                       .missing = plan->out_missing,
                                       .barred = plan->out_skipped,
                                       .from = plan->zone_left_out});
    struct lowering_note shortfall = {.step = w->step, .note = NOTE_INTENSITY_SHORT, .kind = -1};
    int32_t asked = max32(w->s->intensity, w->s->has_intensity_end ? w->s->intensity_end : 0);
    if (asked > j->caps->intensity_max)
        note(j, (struct lowering_note){.step = w->step,
                                       .note = NOTE_INTENSITY_CAPPED,
                                       .kind = -1,
                                       .from = asked,
                                       .to = j->caps->intensity_max});
    if (w->from == w->to) {
        emit_run(j, w, plan, w->from, w->ms, -1, &shortfall);
    } else {
        int32_t lead_ms = lead_in_ms(j, w, plan);
        if (lead_ms > 0) emit_run(j, w, plan, w->from, lead_ms, lead_ms, &shortfall);
        emit_run(j, w, plan, w->to, w->ms - lead_ms, w->ms - lead_ms, &shortfall);
    }
    if (shortfall.from > 0) note(j, shortfall);
}

/* The longest wait until warm: a full tub of cold tap water, a quarter of the heat being lost. */
static int32_t hold_ms(const struct model *m, int32_t target_mdegc) {
    const int64_t tap_mdegc = 12000, joule_per_kg_k = 4186;
    if (m->heater_w <= 0 || target_mdegc <= tap_mdegc) return LOWERING_HOLD_MIN_MS;
    int64_t joule = (int64_t)m->tub_ml * joule_per_kg_k * (target_mdegc - tap_mdegc) / 1000000;
    int64_t ms = joule * 1000 / m->heater_w * 4 / 3;
    return ms < LOWERING_HOLD_MIN_MS   ? LOWERING_HOLD_MIN_MS
           : ms > LOWERING_HOLD_MAX_MS ? LOWERING_HOLD_MAX_MS
                                       : (int32_t)ms;
}

static void lower_water(struct job *j, const struct work *w) {
    static const struct plan nothing;
    struct lowering_note unused = {0};
    if (w->t->water == TECHNIQUE_WATER_HOLD) {
        (void)add_step(j, w, STEP_HEAT, hold_ms(j->m, w->water_mdegc));
        j->n_holds++;
    }
    emit_run(j, w, &nothing, 0, w->ms, 0, &unused);
    if (w->s->n_additives > 0) j->p->rinse = true;
}

static void lower_by_hand(struct job *j, const struct work *w) {
    uint32_t barred = w->t->traits & j->caps->barred;
    if (barred) {
        note(j, (struct lowering_note){.step = w->step, .note = NOTE_BARRED, .kind = -1, .barred = barred});
        return;
    }
    for (int32_t i = 0, n = routine_step_parts(w->s); i < n; i++) {
        struct program_step *ps = add_step(j, w, STEP_GUIDE, routine_step_part(w->s, i).ms);
        ps->auto_next = w->s->ends == STEP_ENDS_TIMER;
        if (!ps->auto_next) j->n_confirms++;
    }
    memset(j->level, 0, sizeof j->level);
}

/* The set point of the step; 0: heater off. */
static int32_t water_of(struct job *j, const struct work *w) {
    bool needed = w->t->water != TECHNIQUE_WATER_AS_ASKED;
    if (!needed && !w->s->has_water) return 0;
    bool heater = model_find(j->m, ACTUATOR_HEATER, NULL) >= 0;
    uint32_t barred = j->caps->barred & TRAIT_HEAT;
    if (!heater || barred) {
        enum lowering_note_kind kind = !needed  ? NOTE_WATER_LEFT_OUT
                                       : barred ? NOTE_BARRED
                                                : NOTE_NO_ACTUATOR;
        note(j, (struct lowering_note){.step = w->step,
                                       .note = (int8_t)kind,
                                       .kind = -1,
                                       .missing = heater ? 0 : 1u << ACTUATOR_HEATER,
                                       .barred = barred});
        return 0;
    }
    int32_t asked = w->s->has_water ? w->s->water_c : w->t->water_mdegc;
    if (asked > j->p->water_max_mdegc)
        note(j, (struct lowering_note){.step = w->step,
                                       .note = NOTE_WATER_CAPPED,
                                       .kind = -1,
                                       .from = asked,
                                       .to = j->p->water_max_mdegc});
    return min32(asked, j->p->water_max_mdegc);
}

static void lower_step(struct job *j, int16_t i) {
    const struct routine_step *s = &j->r->steps[i];
    const struct technique *t = technique_get((enum technique_id)s->technique);
    int32_t cap = j->caps->intensity_max;
    struct work w = {.step = i, .s = s, .t = t, .ms = (int32_t)routine_step_ms(s)};
    w.from = min32(s->intensity, cap);
    w.to = s->has_intensity_end ? min32(s->intensity_end, cap) : w.from;
    w.water_mdegc = water_of(j, &w);
    if (t->water != TECHNIQUE_WATER_AS_ASKED) {
        if (w.water_mdegc == 0) return;
        uint32_t barred = t->traits & j->caps->barred;
        if (barred)
            note(j, (struct lowering_note){.step = i, .note = NOTE_BARRED, .kind = -1, .barred = barred});
        else
            lower_water(j, &w);
        return;
    }
    if (s->mode == STEP_MODE_GUIDED || t->n_choices == 0) {
        lower_by_hand(j, &w);
        return;
    }
    struct plan plan = plan_make(j, &w);
    if (plan.reached) {
        lower_by_device(j, &w, &plan);
        return;
    }
    bool by_hand = t->by_hand && s->mode == STEP_MODE_AUTO;
    enum lowering_note_kind kind = by_hand ? NOTE_BY_HAND : plan.out_missing ? NOTE_NO_ACTUATOR : NOTE_BARRED;
    note(j, (struct lowering_note){.step = i,
                                   .note = (int8_t)kind,
                                   .kind = -1,
                                   .missing = plan.out_missing,
                                   .barred = plan.out_skipped,
                                   .from = plan.zone_left_out});
    if (by_hand) lower_by_hand(j, &w);
}

/* Shares what the limit leaves for warming up among the holds; false when it is not enough. */
static bool fit_time(struct job *j, int32_t limit_ms) {
    int64_t nominal_ms = program_total_ms(j->p), holds_ms = 0;
    int64_t share_ms = j->n_holds > 0 ? (limit_ms - nominal_ms) / j->n_holds : 0;
    if (nominal_ms > limit_ms || (j->n_holds > 0 && share_ms < LOWERING_HOLD_MIN_MS)) {
        note(j, (struct lowering_note){.step = -1,
                                       .note = NOTE_TOO_LONG,
                                       .kind = -1,
                                       .from =
                                           (int32_t)(nominal_ms + (int64_t)j->n_holds * LOWERING_HOLD_MIN_MS),
                                       .to = limit_ms});
        return false;
    }
    for (int i = 0; i < j->p->n_steps; i++) {
        struct program_step *ps = &j->p->steps[i];
        if (ps->kind != STEP_HEAT) continue;
        if (ps->ms > share_ms) ps->ms = (int32_t)share_ms;
        holds_ms += ps->ms;
    }
    int64_t wanted_ms =
        nominal_ms + holds_ms + LOWERING_PAUSE_MS + (int64_t)j->n_confirms * LOWERING_CONFIRM_MS;
    j->p->total_max_ms = wanted_ms < limit_ms ? (int32_t)wanted_ms : limit_ms;
    return true;
}

/* What the caps bar whatever the technique: the device refuses it again. */
static void bar_kinds(const struct lowering_caps *caps, struct program *p) {
    for (int k = 0; k < ACTUATOR_KIND_COUNT; k++)
        if (technique_traits_of_kind((enum actuator_kind)k) & caps->barred) p->barred[p->n_barred++] = k;
    if (caps->barred & technique_traits_of_kind(ACTUATOR_HEATER)) p->water_max_mdegc = 0;
}

enum lower_result lowering_run(const struct routine *r, const struct model *m,
                               const struct lowering_caps *caps, struct program *ret,
                               struct lowering_report *report) {
    struct job j = {.r = r, .m = m, .caps = caps, .p = ret, .report = report};
    memset(ret, 0, sizeof *ret);
    report->n = report->n_blocking = 0;
    memcpy(ret->model, m->id, sizeof ret->model);
    ret->model_version = m->version;
    ret->intensity_max = caps->intensity_max;
    ret->water_max_mdegc = min32(caps->water_max_mdegc, m->water_max_mdegc);
    bar_kinds(caps, ret);
    for (int i = 0; i < r->n_steps; i++) lower_step(&j, (int16_t)i);
    if (report->n_blocking > 0) return LOWER_CANNOT_RUN;
    int32_t limit_ms = min32(min32(caps->total_max_ms, m->session_max_ms), PROTO_SESSION_MS_MAX);
    return fit_time(&j, limit_ms) ? LOWER_OK : LOWER_TOO_LONG;
}
