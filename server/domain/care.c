#include "server/domain/care.h"

#include "base/auto.h"

#define NAME(e, n, ...) n,
const char *const care_phase_names[CARE_PHASE_COUNT + 1] = {CARE_PHASES(NAME)};
const char *const care_item_names[CARE_ITEM_COUNT + 1] = {CARE_ITEMS(NAME)};
const char *const oil_base_names[OIL_BASE_COUNT + 1] = {OIL_BASES(NAME)};
const char *const oil_essence_names[OIL_ESSENCE_COUNT + 1] = {OIL_ESSENCES(NAME)};
const char *const oil_recipe_names[OIL_RECIPE_COUNT + 1] = {OIL_RECIPES(NAME)};

static const struct {
    enum care_phase phase;
    const char *title, *words;
} items[CARE_ITEM_COUNT] = {
#define X(e, n, p, t, w) {CARE_##p, t, w},
    CARE_ITEMS(X)
#undef X
};

static const struct {
    struct oil_amounts amounts;
    uint32_t bases, essences; /* masks */
} recipes[OIL_RECIPE_COUNT] = {
#define X(e, n, t, tsp, least, most, bases, essences) {{tsp, least, most}, bases, essences},
    OIL_RECIPES(X)
#undef X
};

enum care_phase care_phase(enum care_item item) { return items[item].phase; }
const char *care_title(enum care_item item) { return items[item].title; }
const char *care_words(enum care_item item) { return items[item].words; }

#define OIL_TSP_MAX 20
#define OIL_DROPS_MAX 50

static const struct field drops_fields[] = {
    FIELD_ENUM(struct oil_drops, essence, oil_essence_names, FIELD_REQUIRED),
    FIELD_INT(struct oil_drops, drops, 1, OIL_DROPS_MAX, FIELD_REQUIRED),
    FIELD_END,
};
const struct field oil_mix_fields[] = {
    FIELD_ENUM(struct oil_mix, recipe, oil_recipe_names, 0),
    FIELD_ENUM(struct oil_mix, base, oil_base_names, FIELD_REQUIRED),
    FIELD_INT(struct oil_mix, base_tsp, 1, OIL_TSP_MAX, FIELD_REQUIRED),
    FIELD_ARRAY(struct oil_mix, essences, n_essences, 1, drops_fields, FIELD_REQUIRED),
    FIELD_END,
};

static const struct field amount_fields[] = {
    FIELD_INT(struct oil_amounts, base_tsp, 1, OIL_TSP_MAX, FIELD_REQUIRED),
    FIELD_INT(struct oil_amounts, drops_min, 1, OIL_DROPS_MAX, FIELD_REQUIRED),
    FIELD_INT(struct oil_amounts, drops_max, 1, OIL_DROPS_MAX, FIELD_REQUIRED),
    FIELD_END,
};

struct oil_amounts oil_recipe_amounts(enum oil_recipe recipe) {
    return recipes[recipe].amounts;
}

bool oil_amounts_read(const char *text, size_t len, struct oil_amounts *ret) {
    struct field_errors errors = {0};
    return field_parse(text, len, amount_fields, 0, ret, sizeof *ret, NULL, &errors);
}

bool oil_mix_check(const struct oil_mix *mix, const struct oil_amounts *amounts,
                   struct field_errors *errors) {
    int32_t before = errors->n, drops = 0;
    uint32_t seen = 0;
    if (!(recipes[mix->recipe].bases & (1u << mix->base)))
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/base", "is not a base of this recipe");
    if (mix->base_tsp != amounts->base_tsp)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/base_tsp", "the recipe takes %d teaspoons",
                         (int)amounts->base_tsp);
    for (int i = 0; i < mix->n_essences; i++) {
        char pointer[48];
        uint32_t bit = 1u << mix->essences[i].essence;
        snprintf(pointer, sizeof pointer, "/essences/%d/essence", i);
        if (seen & bit) field_errors_add(errors, FIELD_DUPLICATE_KEY, pointer, "is named twice");
        if (!(recipes[mix->recipe].essences & bit))
            field_errors_add(errors, FIELD_NOT_ONE_OF, pointer, "is not an essence of this recipe");
        seen |= bit;
        drops += mix->essences[i].drops;
    }
    if (drops < amounts->drops_min || drops > amounts->drops_max)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/essences",
                         "make %d drops together; the recipe takes %d to %d", (int)drops,
                         (int)amounts->drops_min, (int)amounts->drops_max);
    return errors->n == before;
}
