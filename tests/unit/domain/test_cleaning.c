#include <criterion/criterion.h>
#include <stdio.h>

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

Test(cleaning, may_have_been_in_the_last_days_but_not_before_the_last_session_nor_ahead) {
    const int64_t now = INT64_C(1763690000000), minute = 60000, day = 24 * 60 * minute;
    static const char sent[] = "/done_at";
    const struct {
        const char *what;
        bool has;
        int64_t done_at, last_end;
        bool ok;
    } cases[] = {
        {"not said", false, 0, now, true},
        {"now", true, now, 0, true},
        {"a clock that runs ahead a little", true, now + minute, 0, true},
        {"in the future", true, now + minute + 1, 0, false},
        {"seven days ago", true, now - 7 * day, 0, true},
        {"longer ago", true, now - 7 * day - 1, 0, false},
        {"the beginning of time", true, 0, 0, false},
        {"just after the session", true, now - minute, now - minute, true},
        {"before the session's end", true, now - minute - 1, now - minute, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field_errors errors = {0};
        const struct cleaning c = {.has_done_at = cases[i].has, .done_at = cases[i].done_at};
        bool ok = cleaning_check_time(&c, now, cases[i].last_end, &errors);
        cr_expect_eq(ok, cases[i].ok, "%s", cases[i].what);
        cr_expect_eq(errors.n, cases[i].ok ? 0 : 1, "%s", cases[i].what);
        if (errors.n) cr_expect_str_eq(errors.list[0].pointer, sent);
    }
}

Test(cleaning, initials_are_eight_characters_of_any_script) {
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {{"AB", true},         {"\u00c4. B.", true},
                 {"12345678", true},   {"\u8db3\u8db3\u8db3\u8db3\u8db3\u8db3\u8db3\u8db3", true},
                 {"123456789", false}, {" ", false},
                 {"A\nB", false},      {"A\u202eB", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field_errors errors = {0};
        struct cleaning c = {.has_initials = true};
        snprintf(c.initials, sizeof c.initials, "%s", cases[i].text);
        cr_expect_eq(cleaning_check_initials(&c, &errors), cases[i].ok, "%s", cases[i].text);
    }
    struct field_errors errors = {0};
    cr_expect(cleaning_check_initials(&(struct cleaning){0}, &errors));
}
