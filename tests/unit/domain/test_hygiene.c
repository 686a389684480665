#include <criterion/criterion.h>

#include "server/domain/hygiene.h"

Test(hygiene, every_jurisdiction_wants_each_client_and_each_day) {
    for (int r = 0; r < HYGIENE_RULES_COUNT; r++) {
        const struct hygiene_kind *client = hygiene_kind_get((enum hygiene_rules)r, CLEANING_AFTER_CLIENT);
        const struct hygiene_kind *day = hygiene_kind_get((enum hygiene_rules)r, CLEANING_END_OF_DAY);
        cr_assert(client && day, "%s", hygiene_rules_names[r]);
        cr_expect_eq(client->every_days, 0);
        cr_expect_eq(day->every_days, 1);
        cr_expect_geq(client->contact_min_minutes, 10);
        cr_expect_null(hygiene_kind_get((enum hygiene_rules)r, CLEANING_RINSE));
        cr_expect_geq(hygiene_retention_years((enum hygiene_rules)r), 1);
    }
}

/* No rule is laxer than the least that the device's record needs anyway. */
Test(hygiene, no_contact_time_is_below_the_kinds_own) {
    for (int r = 0; r < HYGIENE_RULES_COUNT; r++)
        for (int k = 0; k < CLEANING_KIND_COUNT; k++) {
            const struct hygiene_kind *rule = hygiene_kind_get((enum hygiene_rules)r, (enum cleaning_kind)k);
            if (rule)
                cr_expect_geq(rule->contact_min_minutes,
                              cleaning_kind_get((enum cleaning_kind)k)->contact_min_minutes, "%s %s",
                              hygiene_rules_names[r], cleaning_kind_names[k]);
        }
}

Test(hygiene, a_record_says_what_the_rules_want) {
    static const struct {
        enum hygiene_rules rules;
        struct cleaning c;
        int32_t faults;
        const char *pointer;
    } cases[] = {
        {HYGIENE_DEFAULT, {.kind = CLEANING_AFTER_CLIENT}, 0, NULL},
        {HYGIENE_US_CA, {.kind = CLEANING_AFTER_CLIENT}, 1, "/initials"},
        {HYGIENE_US_CA, {.kind = CLEANING_AFTER_CLIENT, .has_initials = true}, 0, NULL},
        {HYGIENE_US_CA,
         {.kind = CLEANING_WEEKLY, .has_initials = true, .has_contact_minutes = true, .contact_minutes = 359},
         1,
         "/contact_minutes"},
        {HYGIENE_US_IA, {.kind = CLEANING_END_OF_DAY, .has_initials = true}, 1, "/note"},
        {HYGIENE_US_IA, {.kind = CLEANING_END_OF_DAY, .has_initials = true, .note = "LT 1"}, 0, NULL},
        {HYGIENE_US_IA, {.kind = CLEANING_WEEKLY}, 0, NULL},
        {HYGIENE_US_CA, {.kind = CLEANING_RINSE}, 0, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field_errors errors = {0};
        cr_expect_eq(hygiene_check(cases[i].rules, &cases[i].c, &errors), cases[i].faults == 0, "%zu", i);
        cr_assert_eq(errors.n, cases[i].faults, "%zu", i);
        if (errors.n) cr_expect_str_eq(errors.list[0].pointer, cases[i].pointer);
    }
    cr_expect(hygiene_takes_prescribed(HYGIENE_DEFAULT));
    cr_expect_not(hygiene_takes_prescribed(HYGIENE_US_CA));
}
