/* Any valid routine on any valid model under any caps: either a program inside all limits, always the
 * same bytes, or a report that names the step. PEDILUVE_SEED and PEDILUVE_ROUNDS repeat or widen a run. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "domain_fixture.h"

struct dice {
    uint64_t state;
};

/* xorshift64*: the same numbers on every machine. */
static uint32_t roll(struct dice *d, uint32_t n) {
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return (uint32_t)((d->state * 2685821657736338717ull) >> 32) % n;
}

static bool chance(struct dice *d, uint32_t percent) { return roll(d, 100) < percent; }

static void random_model(struct dice *d, struct model *m) {
    static const char *const zones[] = {"sole", "calf", "foot", "water", "toes", "lower-leg", "leg", "tub"};
    *m = (struct model){.id = "random", .name = "Random", .version = 1 + (int32_t)roll(d, 9)};
    m->water_max_mdegc = 30000 + (int32_t)roll(d, 13001);
    m->session_max_ms = 600000 + (int32_t)roll(d, PROTO_SESSION_MS_MAX - 600000 + 1);
    m->tub_ml = 4000 + (int32_t)roll(d, 20000);
    m->level_min_permille = 600;
    m->water_sensors = 1;
    m->n_actuators = 1 + (int32_t)roll(d, PROTO_ACTUATORS_MAX);
    for (int i = 0; i < m->n_actuators; i++) {
        struct actuator *a = &m->actuators[i];
        do a->kind = (int32_t)roll(d, ACTUATOR_KIND_COUNT);
        while (a->kind == ACTUATOR_HEATER && m->heater_w > 0);
        if (a->kind == ACTUATOR_HEATER) m->heater_w = 100 + (int32_t)roll(d, 2000);
        snprintf(a->name, sizeof a->name, "a%d", i);
        strcpy(a->zone, zones[roll(d, COUNT_OF(zones))]);
        a->cells = 1 + (int32_t)roll(d, PROTO_CELLS_MAX);
        a->level_max = 1 + (int32_t)roll(d, 100);
        a->ramp_min_ms = chance(d, 30) ? 0 : (int32_t)roll(d, PROTO_RAMP_MS_MAX + 1);
    }
}

static void random_zones(struct dice *d, struct routine_step *s) {
    int wanted = (int)roll(d, ROUTINE_ZONES_MAX + 1);
    for (int i = 0; i < wanted; i++) {
        int32_t z = (int32_t)roll(d, ZONE_COUNT);
        bool seen = false;
        for (int k = 0; k < s->n_zones; k++) seen |= s->zones[k] == z;
        if (!seen) s->zones[s->n_zones++] = z;
    }
}

static struct routine_step random_step(struct dice *d) {
    struct routine_step s = {.technique = (int32_t)roll(d, TECHNIQUE_COUNT),
                             .side = (int32_t)roll(d, SIDE_COUNT),
                             .intensity = 1 + (int32_t)roll(d, 100),
                             .ends = (int32_t)roll(d, STEP_ENDS_COUNT)};
    const struct technique *t = technique_get((enum technique_id)s.technique);
    random_zones(d, &s);
    s.has_repetitions = t->repetition_s > 0 && chance(d, 40);
    s.has_duration = !s.has_repetitions;
    s.repetitions = 1 + (int32_t)roll(d, 5);
    s.per_zone = s.has_repetitions && chance(d, 30);
    if (chance(d, 20)) {
        s.per_side = true;
        s.side = SIDE_BOTH;
    }
    s.has_repetition_s = s.has_repetitions && t->most_s == 0 && chance(d, 50);
    s.repetition_s = 1 + (int32_t)roll(d, 70);
    s.duration_s = t->most_s > 0 ? t->most_s : 1 + (int32_t)roll(d, 60);
    s.has_intensity_end = chance(d, 25);
    s.intensity_end = 1 + (int32_t)roll(d, 100);
    s.has_direction = chance(d, 30);
    s.direction = (int32_t)roll(d, DIRECTION_COUNT);
    s.has_water = chance(d, 40);
    s.water_c = PROTO_WATER_MDEGC_MIN + (int32_t)roll(d, PROTO_WATER_MDEGC_MAX - PROTO_WATER_MDEGC_MIN + 1);
    if (t->water != TECHNIQUE_WATER_AS_ASKED && chance(d, 50)) s.additives[s.n_additives++] = ADDITIVE_SALT;
    if (chance(d, 20) && t->by_hand) s.mode = STEP_MODE_GUIDED;
    if (chance(d, 20) && (t->n_choices > 0 || t->water != TECHNIQUE_WATER_AS_ASKED))
        s.mode = STEP_MODE_DEVICE;
    return s;
}

static void random_routine(struct dice *d, struct routine *r) {
    memset(r, 0, sizeof *r);
    strcpy(r->slug, "random");
    strcpy(r->name, "Random");
    int wanted = 1 + (int)roll(d, chance(d, 20) ? ROUTINE_STEPS_MAX : 6);
    for (int i = 0; i < wanted; i++) {
        struct field_errors errors = {0};
        r->steps[r->n_steps++] = random_step(d);
        if (!routine_check(r, &errors)) r->n_steps--; /* too long by now, or by itself */
    }
    if (r->n_steps == 0) {
        r->n_steps = 1;
        r->steps[0] = (struct routine_step){
            .technique = TECHNIQUE_ROLLER, .intensity = 50, .has_duration = true, .duration_s = 30};
    }
}

static struct lowering_caps random_caps(struct dice *d) {
    struct lowering_caps caps = CAPS_DEFAULT;
    if (chance(d, 50)) caps.intensity_max = 1 + (int32_t)roll(d, 100);
    if (chance(d, 50)) caps.water_max_mdegc = PROTO_WATER_MDEGC_MIN + (int32_t)roll(d, 33001);
    if (chance(d, 30)) caps.total_max_ms = 1 + (int32_t)roll(d, PROTO_SESSION_MS_MAX);
    if (chance(d, 25)) caps.barred = roll(d, 128);
    return caps;
}

/* What program_check does not know: the soft start, and whether the steps are the routine's. */
static void expect_soft_and_in_order(const struct program *p, const struct model *m,
                                     const struct routine *r) {
    int32_t level[PROTO_ACTUATORS_MAX] = {0};
    int last = 0;
    for (int s = 0; s < p->n_steps; s++) {
        const struct program_step *ps = &p->steps[s];
        int32_t now[PROTO_ACTUATORS_MAX] = {0};
        cr_assert(ps->source_step == last || ps->source_step == last + 1);
        last = ps->source_step;
        for (int i = 0; i < ps->n_sets; i++) {
            const struct setpoint *set = &ps->sets[i];
            int32_t way = abs(set->level - level[set->channel]);
            cr_assert_geq((int64_t)set->ramp_ms * 100, (int64_t)way * m->actuators[set->channel].ramp_min_ms);
            now[set->channel] = set->level;
        }
        memcpy(level, now, sizeof level);
    }
    cr_assert_eq(last, r->n_steps - 1);
    cr_assert_eq(program_total_ms(p), routine_total_ms(r));
    int64_t holds_ms = 0;
    for (int s = 0; s < p->n_steps; s++)
        if (p->steps[s].kind == STEP_HEAT) holds_ms += p->steps[s].ms;
    cr_assert_leq(program_total_ms(p) + holds_ms, p->total_max_ms);
}

static void expect_barred_is_absent(const struct program *p, const struct model *m, const struct routine *r,
                                    uint32_t barred) {
    uint32_t kinds = 0;
    for (int i = 0; i < p->n_barred; i++) kinds |= 1u << p->barred[i];
    for (int k = 0; k < ACTUATOR_KIND_COUNT; k++)
        cr_assert_eq((kinds >> k) & 1, (technique_traits_of_kind(k) & barred) != 0);
    for (int s = 0; s < p->n_steps; s++) {
        const struct program_step *ps = &p->steps[s];
        enum technique_id t = (enum technique_id)r->steps[ps->source_step].technique;
        cr_assert_eq(technique_get(t)->traits & barred, 0u);
        if (barred & TRAIT_HEAT) cr_assert_eq(ps->water_mdegc, 0);
        for (int i = 0; i < ps->n_sets; i++) {
            enum actuator_kind kind = (enum actuator_kind)m->actuators[ps->sets[i].channel].kind;
            cr_assert_eq(technique_traits_by(t, kind) & barred, 0u);
        }
    }
}

static void expect_blame(const struct lowering_report *report, const struct routine *r,
                         const struct model *m) {
    int blocking = 0;
    for (int i = 0; i < report->n; i++) {
        const struct lowering_note *n = &report->notes[i];
        char words[LOWERING_WORDS_MAX];
        lowering_note_words(n, r, m, words);
        cr_assert_gt(strlen(words), 20);
        cr_assert(n->step >= -1 && n->step < r->n_steps);
        if (!lowering_note_blocks(n)) continue;
        blocking++;
        cr_assert(n->step < 0 || n->missing || n->barred, "%s", words);
    }
    cr_assert_gt(blocking, 0);
    cr_assert_eq(blocking, report->n_blocking);
}

struct tally {
    int ok, cannot, too_long;
};

static void one_round(uint64_t seed, struct tally *tally) {
    struct dice d = {.state = seed * 2654435761u + 1};
    auto_free struct routine *r = xcalloc(1, sizeof *r);
    auto_free struct program *p = xcalloc(1, sizeof *p), *again = xmalloc(sizeof *again);
    auto_free struct lowering_report *report = xcalloc(1, sizeof *report);
    struct model m;
    struct field_errors errors = {0};
    random_model(&d, &m);
    random_routine(&d, r);
    struct lowering_caps caps = random_caps(&d);
    cr_assert(model_check(&m, &errors), "seed %llu: %s", (unsigned long long)seed, errors.list[0].detail);
    cr_assert(routine_check(r, &errors), "seed %llu: %s %s", (unsigned long long)seed, errors.list[0].pointer,
              errors.list[0].detail);
    enum lower_result result = lowering_run(r, &m, &caps, p, report);
    if (result != LOWER_OK) {
        *(result == LOWER_TOO_LONG ? &tally->too_long : &tally->cannot) += 1;
        expect_blame(report, r, &m);
        return;
    }
    tally->ok++;
    cr_assert(program_check(p, &m, &errors), "seed %llu: %s %s", (unsigned long long)seed,
              errors.list[0].pointer, errors.list[0].detail);
    cr_assert_leq(p->intensity_max, caps.intensity_max);
    cr_assert_leq(p->water_max_mdegc, caps.water_max_mdegc);
    cr_assert_leq(p->total_max_ms, caps.total_max_ms);
    expect_soft_and_in_order(p, &m, r);
    expect_barred_is_absent(p, &m, r, caps.barred);

    auto_buf struct buf first = BUF_INIT, second = BUF_INIT;
    fixture_program_bytes(p, &first);
    memset(again, 0xa5, sizeof *again); /* what lay in the memory must not show */
    cr_assert_eq(lowering_run(r, &m, &caps, again, report), LOWER_OK);
    fixture_program_bytes(again, &second);
    cr_assert_eq(first.len, second.len);
    cr_assert_eq(memcmp(first.data, second.data, first.len), 0, "seed %llu", (unsigned long long)seed);
}

Test(lowering_property, any_routine_on_any_model_is_within_limits_or_says_which_step_is_not, .timeout = 120) {
    const char *from = getenv("PEDILUVE_SEED"), *count = getenv("PEDILUVE_ROUNDS");
    uint64_t seed = from ? strtoull(from, NULL, 10) : 1, rounds = count ? strtoull(count, NULL, 10) : 3000;
    struct tally tally = {0};
    for (uint64_t i = 0; i < rounds; i++) one_round(seed + i, &tally);
    if (rounds < 1000) return;
    /* Each outcome has to be met, or the dice are loaded. */
    cr_expect_gt(tally.ok, (int)rounds / 20, "%d", tally.ok);
    cr_expect_gt(tally.cannot, (int)rounds / 20, "%d", tally.cannot);
    cr_expect_gt(tally.too_long, 0);
}
