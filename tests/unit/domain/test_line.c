#include <criterion/criterion.h>

#include "server/domain/line.h"

Test(line, is_counted_in_characters_and_must_be_seen) {
    static const struct {
        const char *text;
        int chars_max;
        const char *fault; /* NULL: accepted */
    } cases[] = {
        {"Anna", 4, NULL},
        {"Anna", 3, "too_long"},
        {"Zo\u00eb", 3, NULL},
        {"\U0001f9b6\U0001f9b6", 2, NULL},
        {"\U0001f9b6\U0001f9b6", 1, "too_long"},
        {"Room 7", 60, NULL},
        {"", 60, "too_short"},
        {"  ", 60, "too_short"},
        {"\u00a0", 60, "too_short"},
        {"two\nlines", 60, "bad_format"},
        {"a\tb", 60, "bad_format"},
        {"a\u200b", 60, "bad_format"},
        {"a\u202eb", 60, "bad_format"},
        {"\ufeff", 60, "bad_format"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field_errors errors = {0};
        bool ok = line_check(cases[i].text, cases[i].chars_max, "/x", &errors);
        cr_expect_eq(ok, cases[i].fault == NULL, "%zu: %s", i, cases[i].text);
        cr_assert_eq(errors.n, ok ? 0 : 1);
        if (!ok) cr_expect_str_eq(field_fault_code(errors.list[0].fault), cases[i].fault, "%zu", i);
    }
}
