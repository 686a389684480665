/* Single screenings; test_screening_pairs.py has all pairs of answers. */
#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"
#include "server/domain/screening.h"

static int32_t rule(const char *id) {
    int32_t i = screening_rule_find(id);
    cr_assert_geq(i, 0, "no rule %s", id);
    return i;
}

static struct intake intake_of(const char *json) {
    struct intake intake;
    struct field_errors errors = {0};
    cr_assert(field_parse(json, strlen(json), intake_fields, FIELD_REFUSE_UNKNOWN, &intake, sizeof intake,
                          NULL, &errors) &&
                  intake_check(&intake, &screening_rule_product, "/intake", &errors),
              "%s: %s %s", json, errors.list[0].pointer, errors.list[0].detail);
    return intake;
}

static struct screening_result screen(const char *json, const struct routine_facts *facts) {
    struct screening_result r;
    struct intake intake = intake_of(json);
    screening_run(&screening_rule_product, &intake, facts, &r);
    return r;
}

static struct routine_facts facts_of(const char *json) {
    struct field_errors errors;
    struct routine_facts facts;
    struct routine *r = fixture_decode(json, &errors);
    cr_assert(r, "%s %s", errors.list[0].pointer, errors.list[0].detail);
    routine_facts_of(r, &facts);
    free(r);
    return facts;
}

#define ROUTINE(type, steps)                                                                                 \
    "{\"slug\": \"x\", \"name\": \"x\", \"type\": \"" type "\", \"steps\": [" steps "]}"
#define BY_MACHINE                                                                                           \
    ROUTINE("classic",                                                                                       \
            "{\"technique\": \"stroking\", \"duration_s\": 60, \"intensity\": 40, \"mode\": \"device\"}")
#define BY_HAND ROUTINE("classic", "{\"technique\": \"stroking\", \"duration_s\": 60, \"mode\": \"guided\"}")
#define POINTS                                                                                               \
    ROUTINE("acupressure", "{\"technique\": \"thumb-stroke\", \"duration_s\": 60, \"mode\": \"guided\"}")
#define ONE_POINT                                                                                            \
    ROUTINE("classic", "{\"technique\": \"point-press\", \"duration_s\": 60, \"mode\": \"guided\"}")
#define THERAPY ROUTINE("therapy", "{\"technique\": \"stroking\", \"duration_s\": 60, \"mode\": \"guided\"}")
#define YES(id) "{\"none_apply\": true, \"answers\": {\"" id "\": true}}"
#define BOTH_NOTES                                                                                           \
    "[{\"kind\": \"doctor_note\", \"by\": \"Dr Weber\", \"on\": \"2026-11-20\"},"                            \
    " {\"kind\": \"certified_operator\", \"by\": \"Kim\", \"on\": \"2026-01-20\"}]"
#define YES_WITH_NOTES(id)                                                                                   \
    "{\"none_apply\": true, \"answers\": {\"" id "\": true}, \"clearances\": " BOTH_NOTES "}"

/* Each row of the sources, its outcome written out again. */
static const struct {
    const char *source, *intake, *routine;
    enum screening_outcome outcome;
} wanted[] = {
    {"contra.thrombosis", YES("thrombosis"), BY_HAND, SCREENING_REFUSED},
    {"contra.oncology", YES("oncology"), BY_HAND, SCREENING_REFUSED},
    {"contra.fever", YES("fever"), BY_HAND, SCREENING_REFUSED},
    {"contra.tuberculosis", YES("tuberculosis"), BY_HAND, SCREENING_REFUSED},
    {"contra.skin-infection", YES("skin-infection"), BY_HAND, SCREENING_REFUSED},
    {"contra.joint-inflammation", YES("joint-inflammation"), BY_HAND, SCREENING_REFUSED},
    {"contra.open-wound", YES("open-wound"), BY_HAND, SCREENING_REFUSED},
    {"contra.fracture", YES("fracture"), BY_HAND, SCREENING_REFUSED},
    {"contra.poor-circulation", YES("poor-circulation"), BY_HAND, SCREENING_REFUSED},
    {"contra.blood-disorder", YES("blood-disorder"), BY_HAND, SCREENING_NEEDS_CLEARANCE},
    {"contra.blood-disorder", YES_WITH_NOTES("blood-disorder"), BY_MACHINE, SCREENING_LIMITED},
    {"contra.pregnancy-risk", YES("pregnancy-risk"), BY_HAND, SCREENING_REFUSED},
    {"contra.pregnancy-risk", YES_WITH_NOTES("pregnancy-risk"), BY_HAND, SCREENING_REFUSED},
    {"contra.pregnancy", YES("pregnancy"), BY_HAND, SCREENING_LIMITED},
    {"contra.pregnancy", YES("pregnancy"), BY_MACHINE, SCREENING_REFUSED},
    {"contra.pregnancy", YES_WITH_NOTES("pregnancy"), BY_MACHINE, SCREENING_REFUSED},
    {"contra.infant", YES("infant"), BY_HAND, SCREENING_REFUSED},
    {"contra.infant", YES("child"), BY_HAND, SCREENING_NEEDS_CLEARANCE},
    {"contra.infant", YES_WITH_NOTES("child"), BY_HAND, SCREENING_LIMITED},
    {"contra.infant", YES_WITH_NOTES("child"), BY_MACHINE, SCREENING_REFUSED},
    {"contra.elderly-acupressure", YES("elderly"), POINTS, SCREENING_REFUSED},
    {"contra.elderly-acupressure", YES("elderly"), ONE_POINT, SCREENING_REFUSED},
    {"contra.elderly-acupressure", YES("pregnancy"), POINTS, SCREENING_REFUSED},
    {"contra.elderly-acupressure", YES_WITH_NOTES("child"), ONE_POINT, SCREENING_REFUSED},
    {"contra.elderly-acupressure", YES("elderly"), BY_MACHINE, SCREENING_LIMITED},
    {"contra.neuropathy", YES("neuropathy"), BY_MACHINE, SCREENING_LIMITED},
    {"contra.meal", YES("meal"), BY_MACHINE, SCREENING_LIMITED},
};

Test(screening, gives_the_outcome_of_every_row_of_the_sources_and_says_why) {
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct routine_facts facts = facts_of(wanted[i].routine);
        struct screening_result r = screen(wanted[i].intake, &facts);
        cr_expect_eq(r.outcome, (int)wanted[i].outcome, "%s %s: %s", wanted[i].source, wanted[i].intake,
                     screening_rule_outcome_names[r.outcome]);
        cr_assert_eq(r.n_reasons, 1, "%s", wanted[i].intake);
        cr_expect(strstr(r.reasons[0].sources, wanted[i].source), "%s", wanted[i].intake);
        cr_expect_gt(strlen(r.reasons[0].words), 20, "%s", wanted[i].intake);
        cr_expect_eq(r.n_open, 0);
    }
}

Test(screening, says_with_every_outcome_that_it_must_not_hurt_and_replaces_no_treatment) {
    cr_assert_eq(screening_notice_count, 2);
    cr_expect_str_eq(screening_notices[0].source, "rule.stop-on-discomfort");
    cr_expect_str_eq(screening_notices[1].source, "rule.consult");
    cr_expect_str_eq(screening_notices[1].text, screening_disclaimer);
}

Test(screening, clears_with_the_default_caps_when_nothing_applies) {
    struct screening_result r = screen("{\"none_apply\": true}", NULL);
    cr_expect_eq(r.outcome, SCREENING_CLEARED);
    cr_expect_eq(r.n_open, 0);
    cr_expect_eq(r.n_reasons, 0);
    cr_expect_eq(r.caps.intensity_max, 100);
    cr_expect_eq(r.caps.water_max_mdegc, 40000);
    cr_expect_eq(r.caps.barred, 0u);
}

Test(screening, leaves_every_question_open_that_nobody_answered_the_skin_first) {
    static const char *const intakes[] = {"{}", "{\"none_apply\": false}", "{\"answers\": {}}",
                                          "{\"acknowledged\": [\"meal\"]}"};
    for (size_t i = 0; i < COUNT_OF(intakes); i++) {
        struct screening_result r = screen(intakes[i], NULL);
        struct field_errors errors = {0};
        cr_assert_eq(r.n_open, SCREENING_RULE_COUNT - 2, "all but those that another one opens");
        screening_errors(&screening_rule_product, &r, "/intake", &errors);
        cr_expect_eq(errors.n, r.n_open);
        cr_expect_str_eq(errors.list[0].pointer, "/intake/answers/skin-check");
        cr_expect_str_eq(errors.list[0].detail, screening_rule_product.rule[0].question);
        cr_expect_str_eq(errors.list[1].pointer, "/intake/answers/thrombosis");
    }
}

Test(screening, asks_on_only_after_a_yes) {
    struct screening_result r = screen("{\"answers\": {\"pregnancy\": true, \"child\": false}}", NULL);
    bool risk = false, infant = false;
    for (int32_t i = 0; i < r.n_open; i++) {
        risk = risk || r.open[i] == rule("pregnancy-risk");
        infant = infant || r.open[i] == rule("infant");
    }
    cr_expect(risk);
    cr_expect_not(infant);
}

Test(screening, a_skin_that_was_not_looked_at_is_an_open_question_whatever_else_is_said) {
    struct screening_result r = screen("{\"none_apply\": true, \"answers\": {\"skin-check\": false}}", NULL);
    cr_assert_eq(r.n_open, 1);
    cr_expect_eq(r.open[0], rule("skin-check"));
}

Test(screening, a_warning_is_open_until_it_is_acknowledged) {
    struct screening_result r = screen(YES("meal"), NULL);
    cr_assert_eq(r.n_warnings, 1);
    cr_expect_eq(r.warnings[0], rule("meal"));
    r = screen("{\"none_apply\": true, \"answers\": {\"meal\": true}, \"acknowledged\": [\"meal\"]}", NULL);
    cr_expect_eq(r.n_warnings, 0);
    cr_expect_eq(r.outcome, SCREENING_LIMITED);
}

Test(screening, says_which_clearance_is_lacking) {
    struct screening_result r =
        screen("{\"none_apply\": true, \"answers\": {\"child\": true}, \"clearances\":"
               " [{\"kind\": \"doctor_note\", \"by\": \"Dr W\", \"on\": \"2026-11-20\"}]}",
               NULL);
    cr_expect_eq(r.outcome, SCREENING_NEEDS_CLEARANCE);
    cr_expect_eq(r.lacking, 1u << CLEARANCE_CERTIFIED_OPERATOR);
}

Test(screening, a_routine_may_ask_for_a_clearance_whatever_is_answered) {
    struct routine_facts facts = facts_of(THERAPY);
    struct screening_result r = screen("{\"none_apply\": true}", &facts);
    cr_expect_eq(r.outcome, SCREENING_NEEDS_CLEARANCE);
    cr_expect_eq(r.lacking, 1u << CLEARANCE_CERTIFIED_OPERATOR);
    cr_expect_str_eq(r.reasons[0].id, "therapy");
    r = screen("{\"none_apply\": true, \"clearances\": " BOTH_NOTES "}", &facts);
    cr_expect_eq(r.outcome, SCREENING_LIMITED);
    cr_expect_eq(r.lacking, 0u);
}

Test(screening, combines_caps_to_the_strictest_and_puts_the_strictest_reason_first) {
    struct screening_result r = screen(
        "{\"none_apply\": true, \"answers\": {\"neuropathy\": true, \"pregnancy\": true, \"fever\": true}}",
        NULL);
    cr_expect_eq(r.outcome, SCREENING_REFUSED);
    cr_assert_eq(r.n_reasons, 3);
    cr_expect_str_eq(r.reasons[0].id, "fever");
    cr_expect_eq(r.caps.intensity_max, 30);
    cr_expect_eq(r.caps.water_max_mdegc, 36000);
    cr_expect(r.caps.barred & TRAIT_ELECTRIC);
}

Test(screening, keeps_pregnant_guests_off_every_machine) {
    uint32_t barred = screening_rule_product.rule[rule("pregnancy")].caps.barred;
    for (int t = 0; t < TECHNIQUE_COUNT; t++)
        for (int i = 0; i < technique_get(t)->n_choices; i++)
            cr_expect(barred & technique_traits_by(t, technique_get(t)->choices[i].kind), "%s",
                      technique_names[t]);
}

Test(screening, a_routine_by_hand_asks_fewer_questions_than_one_by_the_machine) {
    struct routine_facts hand = facts_of(BY_HAND), machine = facts_of(BY_MACHINE);
    cr_expect_not(screening_matters(&screening_rule_product, rule("neuropathy"), &hand));
    cr_expect_not(screening_matters(&screening_rule_product, rule("elderly"), &machine));
    cr_expect(screening_matters(&screening_rule_product, rule("elderly"), NULL));
    cr_expect(screening_matters(&screening_rule_product, rule("pregnancy"), &hand), "it opens another one");
}
