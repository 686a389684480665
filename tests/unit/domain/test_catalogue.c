#include <criterion/criterion.h>
#include <string.h>

#include "server/domain/catalogue.h"

Test(catalogue, ids_are_small_letters_and_digits_with_single_dots_or_hyphens) {
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"a", true},
        {"toe-1", true},
        {"technique.heel-of-palm-push", true},
        {"7", true},
        {"", false},
        {"-a", false},
        {"a-", false},
        {"a--b", false},
        {"a.-b", false},
        {"A", false},
        {"a b", false},
        {"a_b", false},
        {"ä", false},
        {"a/b", false},
        {"123456789012345678901234567890123456789012345678", true},
        {"1234567890123456789012345678901234567890123456789", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(catalogue_id_ok(rows[i].text), rows[i].ok, "\"%s\"", rows[i].text);
}

Test(catalogue, kinds_are_found_by_name) {
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++)
        cr_expect_eq(catalogue_kind_find(catalogue_kind_names[k]), (enum catalogue_kind)k);
    cr_expect_eq(catalogue_kind_find("spells"), CATALOGUE_KIND_COUNT);
}

static bool is_editable(enum catalogue_kind kind, const char *path) {
    int32_t n;
    const struct catalogue_editable *e = catalogue_editables(kind, &n);
    for (int32_t i = 0; i < n; i++)
        if (strcmp(e[i].path, path) == 0) return true;
    return false;
}

Test(catalogue, a_site_may_change_wording_and_never_what_a_machine_does) {
    static const struct {
        enum catalogue_kind kind;
        const char *path;
        bool editable;
    } rows[] = {
        {CATALOGUE_TECHNIQUES, "/name", true},      {CATALOGUE_TECHNIQUES, "/words", true},
        {CATALOGUE_TECHNIQUES, "/id", false},       {CATALOGUE_TECHNIQUES, "/traits", false},
        {CATALOGUE_TECHNIQUES, "/traits/*", false}, {CATALOGUE_TECHNIQUES, "/choices/*/level_percent", false},
        {CATALOGUE_TECHNIQUES, "/water_c", false},  {CATALOGUE_ZONES, "/part_of", false},
        {CATALOGUE_NOTICES, "/words", true},        {CATALOGUE_ADDITIVES, "/rinse", false},
        {CATALOGUE_SOURCES, "/name", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(is_editable(rows[i].kind, rows[i].path), rows[i].editable, "%s %s",
                     catalogue_kind_names[rows[i].kind], rows[i].path);
}

Test(catalogue, what_is_editable_has_bounds) {
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++) {
        int32_t n;
        const struct catalogue_editable *e = catalogue_editables((enum catalogue_kind)k, &n);
        for (int32_t i = 0; i < n; i++, e++) {
            bool named = e->type == CATALOGUE_CHOICE || e->type == CATALOGUE_LIST;
            cr_expect_str_eq(e->kind, catalogue_kind_names[k]);
            cr_expect(e->least < e->most || e->type == CATALOGUE_CHOICE, "%s %s", e->kind, e->path);
            cr_expect_eq(strlen(e->allowed) > 2, named, "%s %s", e->kind, e->path);
            cr_expect_eq(e->path[0], '/', "%s %s", e->kind, e->path);
            if (e->type == CATALOGUE_TEXT)
                cr_expect(e->least >= 1 && e->most <= 1000, "%s %s", e->kind, e->path);
        }
    }
}

Test(catalogue, a_choice_is_one_of_the_names_as_they_are) {
    static const struct catalogue_editable e = {.allowed = " limited refused unlimited "};
    static const struct {
        const char *value;
        bool ok;
    } rows[] = {
        {"limited", true}, {"refused", true},   {"unlimited", true}, {"limit", false},
        {"", false},       {"nlimited", false}, {" ", false},        {"limited refused", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(catalogue_editable_allows(&e, rows[i].value), rows[i].ok, "\"%s\"", rows[i].value);
}

#define BOUNDS(least, usual, most) "{\"min\":" #least ",\"default\":" #usual ",\"max\":" #most "}"
#define TEMPLATE(count, days)                                                                                \
    "{\"id\":\"t\",\"count\":" count ",\"interval_days\":" days                                              \
    ",\"rounds\":" BOUNDS(1, 1, 1) ",\"break_days\":" BOUNDS(0, 0, 0) ",\"intensity_from\":" BOUNDS(         \
        10, 50, 100) ",\"intensity_to\":" BOUNDS(10, 50, 100) "}"

Test(catalogue, a_copy_is_judged_beyond_the_bounds_of_its_members) {
    static const struct {
        enum catalogue_kind kind;
        const char *copy, *pointer; /* NULL: it is good */
    } rows[] = {
        {CATALOGUE_OIL_RECIPES, "{\"drops_min\":3,\"drops_max\":3,\"name\":\"x\"}", NULL},
        {CATALOGUE_OIL_RECIPES, "{\"drops_min\":4,\"drops_max\":3}", "/drops_max"},
        {CATALOGUE_OIL_RECIPES, "{\"drops_min\":4}", "/drops_max"},
        {CATALOGUE_COURSE_TEMPLATES, TEMPLATE(BOUNDS(12, 40, 40), BOUNDS(2, 2, 2)), NULL},
        {CATALOGUE_COURSE_TEMPLATES, TEMPLATE(BOUNDS(12, 11, 40), BOUNDS(2, 2, 2)), "/count/default"},
        {CATALOGUE_COURSE_TEMPLATES, TEMPLATE(BOUNDS(12, 12, 40), BOUNDS(2, 3, 2)), "/interval_days/default"},
        {CATALOGUE_COURSE_TEMPLATES, TEMPLATE(BOUNDS(12, 12, 40), "2"), "/interval_days"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_errors errors = {0};
        bool good = catalogue_kind_check(rows[i].kind)("{}", rows[i].copy, &errors);
        cr_assert_eq(good, rows[i].pointer == NULL, "%s", rows[i].copy);
        if (!good) cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s", rows[i].copy);
    }
}
