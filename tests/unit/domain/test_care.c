#include <criterion/criterion.h>
#include <string.h>

#include "server/domain/care.h"

Test(care, items_have_words_and_a_phase) {
    int n[CARE_PHASE_COUNT] = {0};
    for (int i = 0; i < CARE_ITEM_COUNT; i++) {
        n[care_phase(i)]++;
        cr_expect_gt(strlen(care_title(i)), 3, "%s", care_item_names[i]);
        cr_expect_gt(strlen(care_words(i)), 20, "%s", care_item_names[i]);
    }
    cr_expect_gt(n[CARE_BEFORE], 0);
    cr_expect_gt(n[CARE_AFTER], 0);
}

Test(care, oil_keeps_to_the_recipe) {
    static const struct {
        const char *mix, *pointer; /* NULL: right */
    } rows[] = {
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":3}]}", NULL},
        {"{\"base\":\"castor\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":2},"
         "{\"essence\":\"geranium\",\"drops\":3}]}",
         NULL},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":2}]}",
         "/essences"},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":6}]}",
         "/essences"},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":3},"
         "{\"essence\":\"chamomile\",\"drops\":3}]}",
         "/essences"},
        {"{\"base\":\"olive\",\"base_tsp\":3,\"essences\":[{\"essence\":\"lavender\",\"drops\":3}]}",
         "/base_tsp"},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":2},"
         "{\"essence\":\"lavender\",\"drops\":2}]}",
         "/essences/1/essence"},
        {"{\"base\":\"diesel\",\"base_tsp\":2,\"essences\":[{\"essence\":\"lavender\",\"drops\":3}]}",
         "/base"},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[{\"essence\":\"pepper\",\"drops\":3}]}",
         "/essences/0/essence"},
        {"{\"base\":\"olive\",\"base_tsp\":2,\"essences\":[]}", "/essences"},
    };
    const struct oil_amounts amounts = oil_recipe_amounts(OIL_RECIPE_ONE_SESSION);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct oil_mix mix;
        struct field_errors errors = {0};
        bool ok = field_parse(rows[i].mix, strlen(rows[i].mix), oil_mix_fields, FIELD_REFUSE_UNKNOWN, &mix,
                              sizeof mix, NULL, &errors) &&
                  oil_mix_check(&mix, &amounts, &errors);
        cr_expect_eq(ok, rows[i].pointer == NULL, "%s", rows[i].mix);
        if (rows[i].pointer && errors.n > 0)
            cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "%s", rows[i].mix);
    }
}

Test(care, amounts_of_a_site_are_read_from_its_copy) {
    static const char copy[] =
        "{\"id\":\"one-session\",\"base_tsp\":3,\"drops_min\":3,\"drops_max\":4,\"name\":\"Ours\"}";
    struct oil_amounts a;
    cr_assert(oil_amounts_read(copy, strlen(copy), &a));
    cr_expect(a.base_tsp == 3 && a.drops_min == 3 && a.drops_max == 4);
    cr_expect_not(oil_amounts_read("{\"base_tsp\":3}", 14, &a));
    struct oil_mix mix = {.base = OIL_BASE_OLIVE, .base_tsp = 3, .n_essences = 1, .essences = {{.drops = 5}}};
    struct field_errors errors = {0};
    cr_expect_not(oil_mix_check(&mix, &(struct oil_amounts){3, 3, 4}, &errors));
    cr_expect_str_eq(errors.list[0].pointer, "/essences");
}
