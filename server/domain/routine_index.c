#include "server/domain/routine_index.h"

#include "base/fold.h"
#include "server/domain/lowering.h"

#define NAME(e, n) n,
const char *const routine_hands_names[ROUTINE_HANDS_COUNT + 1] = {ROUTINE_HANDS(NAME)};

static const char *const type_titles[ROUTINE_TYPE_COUNT] = {
#define X(e, n, t) t,
    ROUTINE_TYPES(X)
#undef X
};
static const char *const goal_titles[GOAL_COUNT] = {
#define X(e, n, t) t,
    GOALS(X)
#undef X
};

/* How many people's confirms a step asks for: at least, and when the machine can do none of it. */
struct confirms {
    int32_t least, most;
};

static bool always_by_hand(const struct routine_step *s, const struct technique *t) {
    return s->mode == STEP_MODE_GUIDED || (t->n_choices == 0 && t->water == TECHNIQUE_WATER_AS_ASKED);
}

static struct confirms confirms_of(const struct routine_step *s, const struct technique *t) {
    bool never = s->ends == STEP_ENDS_TIMER || s->mode == STEP_MODE_DEVICE || !t->by_hand;
    int32_t parts = never ? 0 : routine_step_parts(s);
    return (struct confirms){.least = always_by_hand(s, t) ? parts : 0, .most = parts};
}

static void find_words(const struct routine *r, struct buf *out) {
    bool told[TECHNIQUE_COUNT] = {false};
    fold_text(out, r->name);
    fold_text(out, r->summary);
    fold_text(out, type_titles[r->type]);
    for (int32_t i = 0; i < r->n_goals; i++) fold_text(out, goal_titles[r->goals[i]]);
    for (int32_t i = 0; i < r->n_steps; i++) {
        int32_t technique = r->steps[i].technique;
        if (!told[technique]) fold_text(out, technique_title((enum technique_id)technique));
        told[technique] = true;
    }
}

void routine_index_of(const struct routine *r, struct routine_index *ret) {
    int32_t by_hand = 0, soaks = 0, confirms_most = 0;
    *ret = (struct routine_index){
        .type = r->type, .steps = r->n_steps, .duration_s = (int32_t)(routine_total_ms(r) / 1000)};
    for (int32_t i = 0; i < r->n_goals; i++) ret->goals |= 1u << r->goals[i];
    for (int32_t i = 0; i < r->n_steps; i++) {
        const struct routine_step *s = &r->steps[i];
        const struct technique *t = technique_get((enum technique_id)s->technique);
        struct confirms c = confirms_of(s, t);
        by_hand += always_by_hand(s, t);
        soaks += t->water == TECHNIQUE_WATER_HOLD;
        ret->confirms += c.least;
        confirms_most += c.most;
    }
    ret->hands = by_hand == 0            ? ROUTINE_HANDS_DEVICE
                 : by_hand == r->n_steps ? ROUTINE_HANDS_GUIDED
                                         : ROUTINE_HANDS_MIXED;
    int64_t most_ms = ret->duration_s * 1000LL + confirms_most * (int64_t)LOWERING_CONFIRM_MS +
                      soaks * (int64_t)LOWERING_HOLD_MAX_MS;
    if (most_ms > PROTO_SESSION_MS_MAX) most_ms = PROTO_SESSION_MS_MAX;
    ret->duration_max_s = (int32_t)(most_ms / 1000);
    find_words(r, &ret->words);
}

void routine_index_add_model(struct routine_index *f, const char *id) {
    if (f->models.len) buf_chr(&f->models, ',');
    buf_str(&f->models, id);
}

void routine_index_done(struct routine_index *f) {
    buf_done(&f->words);
    buf_done(&f->models);
}
