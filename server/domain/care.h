/* What is done for the guest before and after a session, beside the massage itself: a checklist, and the oil
 * that is mixed for it. Data: schema/catalogue/preparations.json, oil-recipes.json. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_CARE_H
#define PEDILUVE_DOMAIN_CARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"
#include "catalogue/oil-recipes.h"
#include "catalogue/preparations.h"

/* X(enum, name) */
#define CARE_PHASES(X)                                                                                       \
    X(BEFORE, "before")                                                                                      \
    X(AFTER, "after")
enum care_phase {
#define X(e, n) CARE_##e,
    CARE_PHASES(X)
#undef X
        CARE_PHASE_COUNT
};

/* CARE_ITEMS(X), X(enum, name, phase, title, words), in the order in which they are done. */
enum care_item {
#define X(e, ...) CARE_ITEM_##e,
    CARE_ITEMS(X)
#undef X
        CARE_ITEM_COUNT
};
extern const char *const care_phase_names[CARE_PHASE_COUNT + 1]; /* NULL-terminated, like all below */
extern const char *const care_item_names[CARE_ITEM_COUNT + 1];

enum care_phase care_phase(enum care_item item);
const char *care_title(enum care_item item);
const char *care_words(enum care_item item); /* what to do; one or two plain sentences */

/* ---- the oil ---- */

enum oil_base {
#define X(e, n) OIL_BASE_##e,
    OIL_BASES(X)
#undef X
        OIL_BASE_COUNT
};
enum oil_essence {
#define X(e, n) OIL_ESSENCE_##e,
    OIL_ESSENCES(X)
#undef X
        OIL_ESSENCE_COUNT
};
enum oil_recipe {
#define X(e, ...) OIL_RECIPE_##e,
    OIL_RECIPES(X)
#undef X
        OIL_RECIPE_COUNT
};
extern const char *const oil_base_names[OIL_BASE_COUNT + 1];
extern const char *const oil_essence_names[OIL_ESSENCE_COUNT + 1];
extern const char *const oil_recipe_names[OIL_RECIPE_COUNT + 1];

struct oil_drops {
    int32_t essence; /* enum oil_essence */
    int32_t drops;
};

/* What was really mixed. */
struct oil_mix {
    int32_t recipe; /* enum oil_recipe */
    int32_t base;   /* enum oil_base */
    int32_t base_tsp;
    int32_t n_essences;
    struct oil_drops essences[OIL_ESSENCE_COUNT];
};
extern const struct field oil_mix_fields[];

/* What a site may set of a recipe. */
struct oil_amounts {
    int32_t base_tsp, drops_min, drops_max;
};
struct oil_amounts oil_recipe_amounts(enum oil_recipe recipe); /* the product's */
/* From the JSON of a catalogue entry of kind oil-recipes, the product's or a site's copy. */
must_use bool oil_amounts_read(const char *text, size_t len, struct oil_amounts *ret);

/* Within the recipe: its bases and essences, each once; and within the amounts: its spoons, its drops in all.
 * Pointers are relative to the mix. */
must_use bool oil_mix_check(const struct oil_mix *mix, const struct oil_amounts *amounts,
                            struct field_errors *errors);

#endif
