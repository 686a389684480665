#include <criterion/criterion.h>

#include "server/domain/cleaning.h"

struct row {
    const char *what;
    struct cleaning c;
    bool rinse_due;
    const char *pointer; /* NULL: accepted */
};

#define MINUTES(k, m)                                                                                        \
    { .kind = CLEANING_##k, .has_contact_minutes = true, .contact_minutes = m }

Test(cleaning, needs_the_contact_time_of_its_kind) {
    static const struct row rows[] = {
        {"ten minutes after a client", MINUTES(AFTER_CLIENT, 10), false, NULL},
        {"nine minutes", MINUTES(AFTER_CLIENT, 9), false, "/contact_minutes"},
        {"no time said", {.kind = CLEANING_AFTER_CLIENT}, false, "/contact_minutes"},
        {"end of day", MINUTES(END_OF_DAY, 10), false, NULL},
        {"weekly, six hours", MINUTES(WEEKLY, 360), false, NULL},
        {"weekly, too short", MINUTES(WEEKLY, 359), false, "/contact_minutes"},
        {"every second week", MINUTES(BIWEEKLY_SOAK, 600), false, NULL},
        {"every second week, too short", MINUTES(BIWEEKLY_SOAK, 10), false, "/contact_minutes"},
        {"a rinse", {.kind = CLEANING_RINSE}, false, NULL},
        {"a rinse that is due", {.kind = CLEANING_RINSE}, true, NULL},
        {"not rinsed although due", MINUTES(AFTER_CLIENT, 10), true, "/rinsed"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors = {0};
        bool ok = cleaning_check(&rows[i].c, rows[i].rinse_due, &errors);
        cr_expect_eq(ok, rows[i].pointer == NULL, "%s", rows[i].what);
        if (rows[i].pointer) cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s", rows[i].what);
    }
}

Test(cleaning, passes_when_rinsed_before) {
    struct cleaning c = MINUTES(AFTER_CLIENT, 10);
    struct field_errors errors = {0};
    c.rinsed = true;
    cr_expect(cleaning_check(&c, true, &errors));
}

Test(cleaning, by_a_rinse_alone_leaves_the_unit_due) {
    for (int k = 0; k < CLEANING_KIND_COUNT; k++) {
        struct cleaning c = {.kind = k};
        cr_expect_eq(cleaning_cleans(&c), k != CLEANING_RINSE, "%s", cleaning_kind_names[k]);
        cr_expect(!cleaning_cleans(&c) || cleaning_kind_get(k)->contact_min_minutes >= 10,
                  "%s makes clean in less than ten minutes", cleaning_kind_names[k]);
    }
}

Test(cleaning, body_decodes_and_refuses_unknown_keys) {
    struct cleaning c;
    struct field_errors errors = {0};
    const char good[] = "{\"contact_minutes\": 10, \"disinfectant\": \"Brand\", \"rinsed\": true}";
    cr_assert(
        field_parse(good, strlen(good), cleaning_fields, FIELD_REFUSE_UNKNOWN, &c, sizeof c, NULL, &errors));
    cr_expect_eq(c.kind, CLEANING_AFTER_CLIENT);
    cr_expect(cleaning_check(&c, true, &errors));
    const char bad[] = "{\"contact_minutes\": 10, \"soap\": true}";
    cr_expect_not(
        field_parse(bad, strlen(bad), cleaning_fields, FIELD_REFUSE_UNKNOWN, &c, sizeof c, NULL, &errors));
}
