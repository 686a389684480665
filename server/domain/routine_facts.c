#include "server/domain/routine_facts.h"

#include "server/domain/screening_rule.h"

const struct routine_term routine_facts_types[ROUTINE_TYPE_COUNT] = {
#define X(e, need, trait, words, src)                                                                        \
    [ROUTINE_TYPE_##e] = {.requires = need, .traits = trait, .why = words, .sources = src},
    ROUTINE_TYPE_TERMS(X)
#undef X
#define X(e, n, t) [ROUTINE_TYPE_##e].name = n,
        ROUTINE_TYPES(X)
#undef X
};

const struct routine_term routine_facts_goals[GOAL_COUNT] = {
#define X(e, need, ask, words, src)                                                                          \
    [GOAL_##e] = {.requires = need, .asks = ask, .why = words, .sources = src},
    GOAL_TERMS(X)
#undef X
#define X(e, n, t) [GOAL_##e].name = n,
        GOALS(X)
#undef X
};

static int32_t max32(int32_t a, int32_t b) { return a > b ? a : b; }

static void add_step(const struct routine_step *s, struct routine_facts *f) {
    enum technique_id id = (enum technique_id)s->technique;
    const struct technique *t = technique_get(id);
    bool warms = t->water != TECHNIQUE_WATER_AS_ASKED;
    bool machine_only = t->n_choices > 0 && (s->mode == STEP_MODE_DEVICE || !t->by_hand);
    uint32_t any = t->traits, every = ~0u;
    for (int i = 0; i < t->n_choices && s->mode != STEP_MODE_GUIDED; i++) {
        uint32_t by = technique_traits_by(id, (enum actuator_kind)t->choices[i].kind);
        any |= by;
        every &= by;
    }
    f->possible |= any | (warms || s->has_water ? (uint32_t)TRAIT_HEAT : 0);
    f->unavoidable |= machine_only ? every : t->traits;
    f->intensity = max32(f->intensity, max32(s->intensity, s->has_intensity_end ? s->intensity_end : 0));
    f->water_mdegc = max32(f->water_mdegc, s->has_water ? s->water_c : warms ? t->water_mdegc : 0);
}

void routine_facts_of(const struct routine *r, struct routine_facts *ret) {
    const struct routine_term *type = &routine_facts_types[r->type];
    *ret = (struct routine_facts){.type = r->type,
                                  .requires = type->requires,
                                  .possible = type->traits,
                                  .unavoidable = type->traits,
                                  .total_ms = (int32_t)routine_total_ms(r)};
    for (int32_t i = 0; i < r->n_goals; i++) {
        ret->goals |= 1u << r->goals[i];
        ret->requires |= routine_facts_goals[r->goals[i]].requires;
        ret->asks |= routine_facts_goals[r->goals[i]].asks;
    }
    for (int32_t i = 0; i < r->n_steps; i++) add_step(&r->steps[i], ret);
}
