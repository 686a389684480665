/* The table that docs/techniques.md draws, as it was made from the catalogue. */
#include <string.h>

#include "base/auto.h"
#include "server/domain/technique.h"

const char *const technique_names[TECHNIQUE_COUNT + 1] = {
#define X(e, n, t) n,
    TECHNIQUES(X)
#undef X
};

static const char *const technique_titles[TECHNIQUE_COUNT] = {
#define X(e, n, t) t,
    TECHNIQUES(X)
#undef X
};
_Static_assert(ACTUATOR_KIND_COUNT <= 32, "kinds are kept in a 32-bit mask");

const char *const technique_group_names[TECHNIQUE_GROUP_COUNT + 1] = {
#define X(e, n) n,
    TECHNIQUE_GROUPS(X)
#undef X
};

static const struct technique techniques[TECHNIQUE_COUNT] = {
#define X(e, ...) [TECHNIQUE_##e] = {__VA_ARGS__},
    TECHNIQUE_ROWS(X)
#undef X
};

/* What is true of anything done by that kind of actuator. */
static const uint32_t kind_traits[ACTUATOR_KIND_COUNT] = {
    [ACTUATOR_HEATER] = TRAIT_HEAT,
    [ACTUATOR_JETS] = TRAIT_ELECTRIC | TRAIT_BATH,
    [ACTUATOR_ROLLER] = TRAIT_ELECTRIC,
    [ACTUATOR_AIR] = TRAIT_ELECTRIC,
    [ACTUATOR_VIBRATION] = TRAIT_ELECTRIC | TRAIT_VIBRATION,
    [ACTUATOR_SHIATSU] = TRAIT_ELECTRIC,
    [ACTUATOR_VACUUM] = TRAIT_ELECTRIC,
};

const struct technique *technique_get(enum technique_id id) { return &techniques[id]; }

const char *technique_title(enum technique_id id) { return technique_titles[id]; }

enum technique_id technique_find(const char *name) {
    for (int i = 0; i < TECHNIQUE_COUNT; i++)
        if (strcmp(name, technique_names[i]) == 0) return (enum technique_id)i;
    return TECHNIQUE_COUNT;
}

uint32_t technique_traits_by(enum technique_id id, enum actuator_kind kind) {
    return techniques[id].traits | kind_traits[kind];
}

uint32_t technique_traits_of_kind(enum actuator_kind kind) { return kind_traits[kind]; }

uint32_t technique_kinds(enum technique_id id) {
    const struct technique *t = &techniques[id];
    uint32_t mask = t->water == TECHNIQUE_WATER_AS_ASKED ? 0 : 1u << ACTUATOR_HEATER;
    for (int i = 0; i < t->n_choices; i++) mask |= 1u << t->choices[i].kind;
    return mask;
}
