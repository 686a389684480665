#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"

struct lowered {
    struct routine *r;
    struct model m;
    struct program p;
    struct lowering_report report;
    enum lower_result result;
};

static void lowered_free(struct lowered *l) {
    free(l->r);
    free(l);
}
AUTO_DEFINE(struct lowered *, lowered_free)
#define auto_lowered auto_call(lowered_free_p)

static struct lowered *lower(struct routine *r, const char *model, struct lowering_caps caps) {
    struct lowered *l = xcalloc(1, sizeof *l);
    struct field_errors errors = {0};
    l->r = r;
    fixture_model(model, &l->m);
    l->result = lowering_run(l->r, &l->m, &caps, &l->p, &l->report);
    if (l->result == LOWER_OK)
        cr_assert(program_check(&l->p, &l->m, &errors), "%s on %s: %s %s", r->slug, model,
                  errors.list[0].pointer, errors.list[0].detail);
    return l;
}

/* One step of a technique for a minute, on a model. */
static struct lowered *lower_one(struct routine_step s, const char *model, struct lowering_caps caps) {
    struct routine *r = xcalloc(1, sizeof *r);
    struct field_errors errors = {0};
    strcpy(r->slug, "one");
    strcpy(r->name, "One");
    r->n_steps = 1;
    if (!s.has_repetitions && !s.has_duration) {
        s.has_duration = true;
        s.duration_s = 60;
    }
    if (s.intensity == 0) s.intensity = 50;
    r->steps[0] = s;
    cr_assert(routine_check(r, &errors), "%s", errors.list[0].detail);
    return lower(r, model, caps);
}

static const struct setpoint *set_of(const struct lowered *l, int step, const char *actuator) {
    for (int i = 0; i < l->p.steps[step].n_sets; i++) {
        const struct setpoint *s = &l->p.steps[step].sets[i];
        if (strcmp(l->m.actuators[s->channel].name, actuator) == 0) return s;
    }
    return NULL;
}

static const struct lowering_note *note_of(const struct lowered *l, enum lowering_note_kind kind) {
    for (int i = 0; i < l->report.n; i++)
        if (l->report.notes[i].note == (int8_t)kind) return &l->report.notes[i];
    return NULL;
}

static const char *words_of(const struct lowered *l, const struct lowering_note *n) {
    static _Thread_local char words[LOWERING_WORDS_MAX];
    lowering_note_words(n, l->r, &l->m, words);
    return words;
}

Test(lowering, of_the_catalogue_keeps_order_and_time_on_both_models) {
    static char slugs[FIXTURE_SLUGS_MAX][ROUTINE_SLUG_MAX + 1];
    static const char *const models[] = {"spa-pro", "bath-basic"};
    for (int i = 0, n = fixture_slugs(slugs); i < n; i++)
        for (size_t k = 0; k < COUNT_OF(models); k++) {
            auto_lowered struct lowered *l = lower(fixture_routine(slugs[i]), models[k], CAPS_DEFAULT);
            if (strcmp(slugs[i], "lymph-legs") == 0 && k == 1) { /* it has no air cells */
                cr_expect_eq(l->result, LOWER_CANNOT_RUN);
                continue;
            }
            cr_assert_eq(l->result, LOWER_OK, "%s on %s", slugs[i], models[k]);
            int64_t ms[ROUTINE_STEPS_MAX] = {0};
            int last = 0;
            for (int s = 0; s < l->p.n_steps; s++) {
                const struct program_step *ps = &l->p.steps[s];
                cr_expect(ps->source_step == last || ps->source_step == last + 1);
                last = ps->source_step;
                if (ps->kind != STEP_HEAT) ms[last] += ps->ms;
            }
            cr_expect_eq(last, l->r->n_steps - 1);
            for (int s = 0; s < l->r->n_steps; s++)
                cr_expect_eq(ms[s], routine_step_ms(&l->r->steps[s]), "%s step %d", slugs[i], s);
        }
}

Test(lowering, relax_10_runs_by_itself_for_ten_minutes_on_both_models) {
    static const char *const models[] = {"spa-pro", "bath-basic"};
    for (size_t k = 0; k < COUNT_OF(models); k++) {
        auto_lowered struct lowered *l = lower(fixture_routine("relax-10"), models[k], CAPS_DEFAULT);
        cr_assert_eq(l->result, LOWER_OK);
        cr_expect_eq(program_total_ms(&l->p), 600000);
        for (int s = 0; s < l->p.n_steps; s++) {
            cr_expect_eq(l->p.steps[s].kind, STEP_RUN);
            cr_expect_gt(l->p.steps[s].n_sets, 0);
            cr_expect_eq(l->p.steps[s].water_mdegc, 38000);
        }
        cr_expect_not(l->p.rinse);
    }
}

Test(lowering, a_stroke_over_sole_and_calf_uses_both_rollers_at_once) {
    auto_lowered struct lowered *l = lower_one(
        (struct routine_step){
            .technique = TECHNIQUE_STROKING, .n_zones = 2, .zones = {ZONE_SOLE, ZONE_CALF}, .intensity = 50},
        "spa-pro", CAPS_DEFAULT);
    const struct setpoint *sole = set_of(l, 0, "roller-sole"), *calf = set_of(l, 0, "roller-calf");
    cr_assert(sole && calf);
    cr_expect_eq(sole->level, 27); /* 50 percent, 60 percent of it, of at most 90 */
    cr_expect_eq(calf->level, 24);
    cr_expect_eq(sole->wave, WAVE_TRAVEL);
    cr_expect_eq(sole->direction, DIRECTION_PROXIMAL);
    cr_expect_eq(sole->period_ms, 6000);
    cr_expect_eq(l->report.n, 0);
}

Test(lowering, falls_back_to_gentle_vibration_and_says_so) {
    auto_lowered struct lowered *l =
        lower_one((struct routine_step){.technique = TECHNIQUE_STROKING, .n_zones = 1, .zones = {ZONE_SOLE}},
                  "bath-basic", CAPS_DEFAULT);
    cr_assert_eq(l->result, LOWER_OK);
    const struct setpoint *set = set_of(l, 0, "vibration");
    cr_assert(set);
    cr_expect_eq(set->level, 15);
    cr_expect_eq(set->wave, WAVE_STEADY);
    const struct lowering_note *n = note_of(l, NOTE_OTHER_ACTUATOR);
    cr_assert(n);
    cr_expect_eq(n->kind, ACTUATOR_VIBRATION);
    cr_expect_eq(n->missing, 1u << ACTUATOR_ROLLER | 1u << ACTUATOR_AIR);
    cr_expect_str_eq(words_of(l, n),
                     "Step 1, Stroking: done with vibration instead of with rollers or air cells");
}

Test(lowering, falls_back_to_hands_only_when_the_step_allows_it) {
    struct routine_step s = {.technique = TECHNIQUE_SQUEEZING, .n_zones = 1, .zones = {ZONE_CALF}};
    auto_lowered struct lowered *hands = lower_one(s, "bath-basic", CAPS_DEFAULT);
    cr_assert_eq(hands->result, LOWER_OK);
    cr_expect_eq(hands->p.steps[0].kind, STEP_GUIDE);
    cr_expect_not(hands->p.steps[0].auto_next);
    cr_expect(note_of(hands, NOTE_BY_HAND));
    s.ends = STEP_ENDS_TIMER;
    auto_lowered struct lowered *timed = lower_one(s, "bath-basic", CAPS_DEFAULT);
    cr_expect(timed->p.steps[0].auto_next);
    cr_expect_eq(timed->p.steps[0].ms, 60000);
    s.mode = STEP_MODE_DEVICE;
    auto_lowered struct lowered *device = lower_one(s, "bath-basic", CAPS_DEFAULT);
    cr_expect_eq(device->result, LOWER_CANNOT_RUN);
    s.mode = STEP_MODE_GUIDED;
    auto_lowered struct lowered *guided = lower_one(s, "spa-pro", CAPS_DEFAULT);
    cr_expect_eq(guided->p.steps[0].kind, STEP_GUIDE);
    cr_expect_eq(guided->report.n, 0);
}

Test(lowering, names_the_step_and_the_missing_actuator_of_what_cannot_run) {
    struct field_errors errors = {0};
    auto_free struct routine *wave = fixture_decode(
        "{\"slug\":\"wave\",\"name\":\"Wave\",\"type\":\"lymphatic-drainage\",\"steps\":["
        "{\"technique\":\"roller\",\"zones\":[\"sole\"],\"duration_s\":60,\"intensity\":40},"
        "{\"technique\":\"lymph-wave\",\"zones\":[\"calf\"],\"duration_s\":60,\"intensity\":40,"
        "\"mode\":\"device\"}]}",
        &errors);
    cr_assert(wave);
    struct routine *copy = xmalloc(sizeof *copy);
    *copy = *wave;
    auto_lowered struct lowered *can = lower(steal(&wave), "spa-pro", CAPS_DEFAULT);
    cr_expect_eq(can->result, LOWER_OK);
    auto_lowered struct lowered *cannot = lower(copy, "bath-basic", CAPS_DEFAULT);
    cr_assert_eq(cannot->result, LOWER_CANNOT_RUN);
    cr_expect_eq(cannot->report.n_blocking, 1);
    const struct lowering_note *n = note_of(cannot, NOTE_NO_ACTUATOR);
    cr_assert(n);
    cr_expect_eq(n->step, 1);
    cr_expect_eq(n->missing, 1u << ACTUATOR_AIR);
    lowering_note_errors(&cannot->report, copy, &cannot->m, "", &errors);
    cr_assert_eq(errors.n, 1);
    cr_expect_str_eq(errors.list[0].pointer, "/steps/1");
    cr_expect_str_eq(errors.list[0].detail,
                     "Step 2, Lymphatic wave: needs air cells for the calf, and Bath Basic has none");
}

Test(lowering, leaves_out_a_zone_that_nothing_reaches_and_says_so) {
    auto_lowered struct lowered *l = lower_one(
        (struct routine_step){.technique = TECHNIQUE_KNEADING, .n_zones = 2, .zones = {ZONE_SOLE, ZONE_CALF}},
        "bath-basic", CAPS_DEFAULT);
    cr_assert_eq(l->result, LOWER_OK);
    const struct lowering_note *n = note_of(l, NOTE_ZONE_LEFT_OUT);
    cr_assert(n);
    cr_expect_eq(n->from, ZONE_CALF);
}

Test(lowering, a_soak_waits_until_warm_then_runs_and_asks_for_a_rinse) {
    auto_lowered struct lowered *l = lower_one((struct routine_step){.technique = TECHNIQUE_SOAK,
                                                                     .has_water = true,
                                                                     .water_c = 39000,
                                                                     .n_additives = 1,
                                                                     .additives = {ADDITIVE_HONEY}},
                                               "bath-basic", CAPS_DEFAULT);
    cr_assert_eq(l->result, LOWER_OK);
    cr_assert_eq(l->p.n_steps, 2);
    cr_expect_eq(l->p.steps[0].kind, STEP_HEAT);
    cr_expect_eq(l->p.steps[0].water_mdegc, 39000);
    cr_expect_leq(l->p.steps[0].ms, LOWERING_HOLD_MAX_MS);
    cr_expect_geq(l->p.steps[0].ms, LOWERING_HOLD_MIN_MS);
    cr_expect_eq(l->p.steps[1].kind, STEP_RUN);
    cr_expect_eq(l->p.steps[1].water_mdegc, 39000);
    cr_expect_eq(l->p.steps[1].ms, 60000);
    cr_expect(l->p.rinse);
}

Test(lowering, needs_a_heater_for_warmth_but_not_for_a_warm_massage) {
    struct field_errors errors = {0};
    auto_free struct routine *r =
        fixture_decode("{\"slug\":\"r\",\"name\":\"R\",\"type\":\"classic\",\"steps\":["
                       "{\"technique\":\"roller\",\"duration_s\":60,\"intensity\":40,\"water_c\":38},"
                       "{\"technique\":\"soak\",\"duration_s\":60}]}",
                       &errors);
    auto_lowered struct lowered *l = xcalloc(1, sizeof *l);
    l->r = steal(&r);
    fixture_model("spa-pro", &l->m);
    l->m.actuators[0].kind = ACTUATOR_JETS; /* channel 0 was the heater */
    l->m.heater_w = 0;
    struct lowering_caps caps = CAPS_DEFAULT;
    cr_expect_eq(lowering_run(l->r, &l->m, &caps, &l->p, &l->report), LOWER_CANNOT_RUN);
    cr_expect_eq(note_of(l, NOTE_WATER_LEFT_OUT)->step, 0);
    cr_expect_eq(note_of(l, NOTE_NO_ACTUATOR)->step, 1);
    cr_expect_str_eq(words_of(l, note_of(l, NOTE_NO_ACTUATOR)),
                     "Step 2, Soak: needs a heater for the foot, and Spa Pro has none");
    l->r->n_steps = 1;
    cr_expect_eq(lowering_run(l->r, &l->m, &caps, &l->p, &l->report), LOWER_OK);
    cr_expect_eq(l->p.steps[0].water_mdegc, 0);
}

Test(lowering, writes_the_caps_of_the_screening_into_the_program) {
    struct lowering_caps caps = CAPS_DEFAULT;
    caps.intensity_max = 30;
    caps.water_max_mdegc = 36000;
    auto_lowered struct lowered *l = lower(fixture_routine("relax-10"), "spa-pro", caps);
    cr_assert_eq(l->result, LOWER_OK);
    cr_expect_eq(l->p.intensity_max, 30);
    cr_expect_eq(l->p.water_max_mdegc, 36000);
    for (int s = 0; s < l->p.n_steps; s++) {
        cr_expect_eq(l->p.steps[s].water_mdegc, 36000);
        for (int i = 0; i < l->p.steps[s].n_sets; i++) cr_expect_leq(l->p.steps[s].sets[i].level, 30);
    }
    cr_expect(note_of(l, NOTE_INTENSITY_CAPPED));
    cr_expect_str_eq(words_of(l, note_of(l, NOTE_WATER_CAPPED)),
                     "Step 1, Stroking: water at 36.0 instead of 38.0 degrees");
}

Test(lowering, does_nothing_that_the_screening_bars) {
    struct lowering_caps caps = CAPS_DEFAULT;
    caps.barred = TRAIT_ELECTRIC;
    struct routine_step s = {.technique = TECHNIQUE_STROKING};
    auto_lowered struct lowered *hands = lower_one(s, "spa-pro", caps);
    cr_assert_eq(hands->result, LOWER_OK);
    cr_expect_eq(hands->p.steps[0].kind, STEP_GUIDE);
    cr_expect_eq(note_of(hands, NOTE_BY_HAND)->barred, (uint32_t)TRAIT_ELECTRIC);
    s.mode = STEP_MODE_DEVICE;
    auto_lowered struct lowered *device = lower_one(s, "spa-pro", caps);
    cr_expect_eq(device->result, LOWER_CANNOT_RUN);
    cr_expect(note_of(device, NOTE_BARRED));
    caps.barred = TRAIT_VIBRATION;
    auto_lowered struct lowered *tapping =
        lower_one((struct routine_step){.technique = TECHNIQUE_TAPPING}, "spa-pro", caps);
    cr_expect_eq(tapping->result, LOWER_CANNOT_RUN);
    cr_expect_str_eq(words_of(tapping, note_of(tapping, NOTE_BARRED)),
                     "Step 1, Tapping: the screening bars vibration");
    caps.barred = TRAIT_HEAT;
    auto_lowered struct lowered *soak =
        lower_one((struct routine_step){.technique = TECHNIQUE_SOAK}, "spa-pro", caps);
    cr_expect_eq(soak->result, LOWER_CANNOT_RUN);
    cr_expect_eq(soak->report.n, 1);
}

Test(lowering, tells_the_device_which_actuators_the_screening_bars) {
    static const struct {
        uint32_t traits, kinds;
    } rows[] = {
        {0, 0},
        {TRAIT_ENERGETIC | TRAIT_SUDDEN | TRAIT_ACUPRESSURE, 0},
        {TRAIT_VIBRATION, 1u << ACTUATOR_VIBRATION},
        {TRAIT_HEAT, 1u << ACTUATOR_HEATER},
        {TRAIT_BATH, 1u << ACTUATOR_JETS},
        {TRAIT_ELECTRIC, ((1u << ACTUATOR_KIND_COUNT) - 1) & ~(1u << ACTUATOR_HEATER)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct lowering_caps caps = CAPS_DEFAULT;
        struct field_errors errors = {0};
        caps.barred = rows[i].traits;
        auto_lowered struct lowered *l =
            lower_one((struct routine_step){.technique = TECHNIQUE_FOOT_ROTATION}, "spa-pro", caps);
        uint32_t kinds = 0;
        for (int k = 0; k < l->p.n_barred; k++) kinds |= 1u << l->p.barred[k];
        cr_expect_eq(kinds, rows[i].kinds, "row %zu", i);
        cr_expect(program_check(&l->p, &l->m, &errors), "%s", errors.list[0].pointer);
        if (rows[i].traits == TRAIT_HEAT) cr_expect_eq(l->p.water_max_mdegc, 0, "no adjust can warm it");
    }
}

Test(lowering, a_ramp_leads_in_softly_and_then_goes_evenly) {
    auto_lowered struct lowered *l = lower_one(
        (struct routine_step){
            .technique = TECHNIQUE_ROLLER, .intensity = 20, .has_intensity_end = true, .intensity_end = 80},
        "spa-pro", CAPS_DEFAULT);
    cr_assert_eq(l->p.n_steps, 2);
    const struct setpoint *from = set_of(l, 0, "roller-sole"), *to = set_of(l, 1, "roller-sole");
    cr_assert(from && to);
    cr_expect_eq(from->level, 18);
    cr_expect_eq(to->level, 72);
    cr_expect_eq(to->ramp_ms, l->p.steps[1].ms);
    cr_expect_eq(l->p.steps[0].ms + l->p.steps[1].ms, 60000);
}

Test(lowering, is_never_faster_than_the_soft_start_of_the_model) {
    struct lowering_caps caps = CAPS_DEFAULT;
    struct routine_step s = {
        .technique = TECHNIQUE_ROLLER, .intensity = 100, .has_duration = true, .duration_s = 1};
    auto_lowered struct lowered *l = lower_one(s, "spa-pro", caps);
    const struct setpoint *set = set_of(l, 0, "roller-sole");
    cr_expect_eq(set->level, 66); /* 1000 ms at 1500 ms for 100 percent */
    cr_expect_eq(set->ramp_ms, 1000);
    cr_expect(note_of(l, NOTE_INTENSITY_SHORT));
}

Test(lowering, one_repetition_is_one_wave) {
    auto_lowered struct lowered *l = lower_one((struct routine_step){.technique = TECHNIQUE_LOWER_LEG_STROKE,
                                                                     .has_repetitions = true,
                                                                     .repetitions = 3,
                                                                     .has_repetition_s = true,
                                                                     .repetition_s = 12},
                                               "spa-pro", CAPS_DEFAULT);
    cr_expect_eq(l->p.steps[0].ms, 36000);
    cr_expect_eq(set_of(l, 0, "air-calf")->period_ms, 12000);
    cr_expect_eq(set_of(l, 0, "air-calf")->direction, DIRECTION_BOTH);
}

Test(lowering, longer_than_allowed_is_refused) {
    struct lowering_caps caps = CAPS_DEFAULT;
    caps.total_max_ms = 599999;
    auto_lowered struct lowered *l = lower(fixture_routine("relax-10"), "spa-pro", caps);
    cr_expect_eq(l->result, LOWER_TOO_LONG);
    cr_assert(note_of(l, NOTE_TOO_LONG));
    cr_expect_str_eq(words_of(l, note_of(l, NOTE_TOO_LONG)),
                     "The routine takes 10 minutes; Spa Pro allows 9 for this guest");
    struct field_errors errors = {0};
    lowering_note_errors(&l->report, l->r, &l->m, "/routine", &errors);
    cr_expect_str_eq(errors.list[0].pointer, "/routine/steps");
    caps.total_max_ms = 600000;
    auto_lowered struct lowered *fits = lower(fixture_routine("relax-10"), "spa-pro", caps);
    cr_expect_eq(fits->result, LOWER_OK);
    cr_expect_eq(fits->p.total_max_ms, 600000);
}

Test(lowering, takes_the_first_actuators_when_more_could_serve_than_a_step_holds) {
    auto_lowered struct lowered *l = xcalloc(1, sizeof *l);
    struct lowering_caps caps = CAPS_DEFAULT;
    struct field_errors errors = {0};
    l->r = fixture_routine("relax-10");
    fixture_model("spa-pro", &l->m);
    for (l->m.n_actuators = 1; l->m.n_actuators < PROTO_ACTUATORS_MAX; l->m.n_actuators++) {
        struct actuator *a = &l->m.actuators[l->m.n_actuators];
        *a = l->m.actuators[2];
        a->kind = ACTUATOR_ROLLER;
        strcpy(a->zone, "sole");
        snprintf(a->name, sizeof a->name, "roller-%d", l->m.n_actuators);
    }
    cr_assert(model_check(&l->m, &errors));
    cr_assert_eq(lowering_run(l->r, &l->m, &caps, &l->p, &l->report), LOWER_OK);
    cr_expect(program_check(&l->p, &l->m, &errors));
    cr_expect_eq(l->p.steps[0].n_sets, PROTO_SETS_MAX);
    cr_expect_eq(l->p.steps[0].sets[PROTO_SETS_MAX - 1].channel, PROTO_SETS_MAX);
}

Test(lowering, leaves_time_for_pauses_and_for_people) {
    auto_lowered struct lowered *l = lower(fixture_routine("foot-four-strokes"), "spa-pro", CAPS_DEFAULT);
    cr_expect_eq(l->p.total_max_ms, program_total_ms(&l->p) + LOWERING_PAUSE_MS + 10 * LOWERING_CONFIRM_MS);
}
