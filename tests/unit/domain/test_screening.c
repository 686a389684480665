#include <criterion/criterion.h>
#include <string.h>

#include "server/domain/screening.h"
#include "server/domain/technique.h"

/* The outcome that each row of the sources asks for, written out again. */
static const struct {
    const char *id, *source;
    enum screening_outcome outcome;
} wanted[] = {
    {"thrombosis", "contra.thrombosis", SCREENING_REFUSED},
    {"oncology", "contra.oncology", SCREENING_REFUSED},
    {"fever", "contra.fever", SCREENING_REFUSED},
    {"tuberculosis", "contra.tuberculosis", SCREENING_REFUSED},
    {"skin-infection", "contra.skin-infection", SCREENING_REFUSED},
    {"joint-inflammation", "contra.joint-inflammation", SCREENING_REFUSED},
    {"open-wound", "contra.open-wound", SCREENING_REFUSED},
    {"fracture", "contra.fracture", SCREENING_REFUSED},
    {"poor-circulation", "contra.poor-circulation", SCREENING_REFUSED},
    {"blood-disorder", "contra.blood-disorder", SCREENING_NEEDS_CLEARANCE},
    {"pregnancy-risk", "contra.pregnancy-risk", SCREENING_REFUSED},
    {"pregnancy", "contra.pregnancy", SCREENING_LIMITED},
    {"infant", "contra.infant", SCREENING_REFUSED},
    {"child", "contra.infant", SCREENING_NEEDS_CLEARANCE},
    {"elderly", "contra.elderly-acupressure", SCREENING_LIMITED},
    {"neuropathy", "contra.neuropathy", SCREENING_LIMITED},
    {"meal", "contra.meal", SCREENING_LIMITED},
};

static const struct screening_rule *rule(const char *id) {
    int32_t i = screening_find(id);
    cr_assert_geq(i, 0, "no rule %s", id);
    return &screening_rules[i];
}

Test(screening, clears_with_the_default_caps_when_nothing_applies) {
    struct intake intake = {.has_none_apply = true, .none_apply = true};
    struct screening_result r;
    screening_run(&intake, &r);
    cr_expect_eq(r.outcome, SCREENING_CLEARED);
    cr_expect_eq(r.n_open, 0);
    cr_expect_eq(r.n_reasons, 0);
    cr_expect_eq(r.caps.intensity_max, 100);
    cr_expect_eq(r.caps.water_max_mdegc, 40000);
    cr_expect_eq(r.caps.barred, 0u);
}

Test(screening, leaves_every_question_open_without_that_answer) {
    static const struct intake intakes[] = {{0}, {.has_none_apply = true, .none_apply = false}};
    for (size_t i = 0; i < COUNT_OF(intakes); i++) {
        struct screening_result r;
        struct field_errors errors = {0};
        screening_run(&intakes[i], &r);
        cr_assert_eq(r.n_open, screening_rule_count);
        screening_errors(&r, "/intake", &errors);
        cr_expect_eq(errors.n, r.n_open < FIELD_ERRORS_MAX ? r.n_open : FIELD_ERRORS_MAX);
        cr_expect_str_eq(errors.list[0].pointer, "/intake/thrombosis");
        cr_expect_str_eq(errors.list[0].detail, screening_rules[0].question);
    }
}

Test(screening, has_the_rule_of_every_source_row) {
    cr_expect_eq(screening_rule_count, (int32_t)COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        cr_expect_eq((int)rule(wanted[i].id)->outcome, (int)wanted[i].outcome, "%s", wanted[i].id);
        cr_expect_str_eq(rule(wanted[i].id)->source, wanted[i].source);
    }
    cr_expect_eq(screening_find("nonsense"), -1);
}

Test(screening, says_why_in_words_that_fit_an_error) {
    struct field_error error;
    for (int32_t i = 0; i < screening_rule_count; i++) {
        cr_expect_lt(strlen(screening_rules[i].question), sizeof error.detail, "%s", screening_rules[i].id);
        cr_expect_gt(strlen(screening_rules[i].why), 10, "%s", screening_rules[i].id);
    }
    for (int32_t i = 0; i < screening_notice_count; i++) cr_expect_gt(strlen(screening_notices[i].text), 10);
}

Test(screening, keeps_pregnant_guests_off_every_machine) {
    uint32_t barred = rule("pregnancy")->caps.barred;
    for (int t = 0; t < TECHNIQUE_COUNT; t++)
        for (int i = 0; i < technique_get(t)->n_choices; i++)
            cr_expect(barred & technique_traits_by(t, technique_get(t)->choices[i].kind), "%s",
                      technique_names[t]);
}

Test(screening, bars_pressure_on_points_for_pregnant_guests_children_and_the_elderly) {
    static const char *const ids[] = {"pregnancy", "child", "elderly"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) cr_expect(rule(ids[i])->caps.barred & TRAIT_ACUPRESSURE);
}

Test(screening, caps_heat_and_intensity_for_neuropathy) {
    cr_expect_lt(rule("neuropathy")->caps.intensity_max, 100);
    cr_expect_lt(rule("neuropathy")->caps.water_max_mdegc, PROTO_WATER_DEFAULT_MAX_MDEGC);
}

Test(screening, takes_the_stricter_of_two_caps) {
    struct lowering_caps a = {50, 40000, 1000, TRAIT_HEAT}, b = {80, 36000, 2000, TRAIT_SUDDEN};
    struct lowering_caps c = screening_caps_and(&a, &b), d = screening_caps_and(&b, &a);
    cr_expect_eq(memcmp(&c, &d, sizeof c), 0);
    cr_expect_eq(c.intensity_max, 50);
    cr_expect_eq(c.water_max_mdegc, 36000);
    cr_expect_eq(c.total_max_ms, 1000);
    cr_expect_eq(c.barred, (uint32_t)(TRAIT_HEAT | TRAIT_SUDDEN));
}
