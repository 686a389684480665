#include "server/domain/guide.h"

/* Lowering writes the parts of a step one after the other: counting the guide steps before gives the part. */
bool guide_of(const struct routine *r, const struct program *p, int32_t i, struct guide *ret) {
    if (i < 0 || i >= p->n_steps || p->steps[i].kind != STEP_GUIDE) return false;
    int32_t source = p->steps[i].source_step, part = 0;
    if (source < 0 || source >= r->n_steps) return false;
    for (int32_t k = i - 1; k >= 0 && p->steps[k].source_step == source; k--)
        if (p->steps[k].kind == STEP_GUIDE) part++;
    const struct routine_step *s = &r->steps[source];
    struct routine_part of = routine_step_part(s, part);
    const struct technique *t = technique_get((enum technique_id)s->technique);
    int32_t one_s = s->has_repetition_s ? s->repetition_s : t->repetition_s;
    *ret = (struct guide){.step = s,
                          .zone = of.zone,
                          .side = of.side,
                          .part = part,
                          .parts = routine_step_parts(s),
                          .repetitions = s->has_repetitions ? s->repetitions : 0,
                          .repetition_ms = s->has_repetitions ? one_s * 1000 : 0};
    return true;
}

int32_t guide_repetition(const struct guide *g, int64_t in_step_ms) {
    if (g->repetitions == 0) return 0;
    int64_t n = in_step_ms / g->repetition_ms + 1;
    return n < g->repetitions ? (int32_t)n : g->repetitions;
}
