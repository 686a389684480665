/* The engine only walks the rules: what they say is data. */
#include "server/domain/screening.h"

#include <stdio.h>

#include "catalogue/notices.h"

_Static_assert(SCREENING_RULE_COUNT <= 32 && GOAL_COUNT <= 32, "they are kept in 32-bit masks");

#define X(e, id, words, sources) static const char words_##e[] = words;
SCREENING_NOTICES(X)
#undef X
const char *const screening_disclaimer = words_CONSULT;

const struct screening_notice screening_notices[] = {
#define X(e, id, words, sources) {id, words_##e, sources},
    SCREENING_NOTICES(X)
#undef X
};
const int32_t screening_notice_count = (int32_t)COUNT_OF(screening_notices);

static bool caps_bind(const struct lowering_caps *c, const struct routine_facts *f) {
    return (c->barred & f->possible) || c->intensity_max < f->intensity ||
           c->water_max_mdegc < f->water_mdegc || c->total_max_ms < f->total_ms;
}

static bool matters_itself(const struct screening_rule *r, int32_t i, const struct routine_facts *facts) {
    return !facts || r->check || r->acknowledge || r->outcome >= SCREENING_NEEDS_CLEARANCE ||
           (facts->asks & 1u << i) || caps_bind(&r->caps, facts);
}

bool screening_matters(const struct screening_rules *rules, int32_t rule, const struct routine_facts *facts) {
    if (matters_itself(&rules->rule[rule], rule, facts)) return true;
    for (int32_t i = 0; i < SCREENING_RULE_COUNT; i++)
        if (rules->rule[i].asked_if == rule && matters_itself(&rules->rule[i], i, facts)) return true;
    return false;
}

/* Whether the question has to be asked although nobody answered it. */
static bool is_open(const struct screening_rules *rules, const struct intake *in, int32_t i,
                    const struct routine_facts *facts) {
    const struct screening_rule *r = &rules->rule[i];
    if (in->answers.has[i]) return r->check && !in->answers.yes[i];
    if (in->has_none_apply && in->none_apply) return false;
    if (r->asked_if >= 0 && !in->answers.yes[r->asked_if]) return false; /* the other comes first, or is no */
    return screening_matters(rules, i, facts);
}

static void add_reason(struct screening_result *ret, const struct screening_reason *reason) {
    int32_t at = ret->n_reasons++;
    for (; at > 0 && ret->reasons[at - 1].outcome < reason->outcome; at--)
        ret->reasons[at] = ret->reasons[at - 1];
    ret->reasons[at] = *reason;
    if (reason->outcome > ret->outcome) ret->outcome = reason->outcome;
    ret->caps = screening_rule_caps_and(&ret->caps, &reason->caps);
    if (reason->outcome == SCREENING_NEEDS_CLEARANCE) ret->lacking |= reason->lacking;
}

static int32_t outcome_of(const struct screening_rule *r, uint32_t lacking, uint32_t conflict) {
    if (r->outcome == SCREENING_REFUSED || conflict) return SCREENING_REFUSED;
    if (r->outcome == SCREENING_NEEDS_CLEARANCE && lacking) return SCREENING_NEEDS_CLEARANCE;
    return SCREENING_LIMITED;
}

static void apply(const struct screening_rules *rules, const struct intake *in, int32_t i, uint32_t given,
                  const struct routine_facts *facts, struct screening_result *ret) {
    const struct screening_rule *r = &rules->rule[i];
    uint32_t needs = r->outcome == SCREENING_NEEDS_CLEARANCE ? r->needs : 0;
    uint32_t conflict = facts ? r->caps.barred & facts->unavoidable : 0;
    struct screening_reason reason = {.rule = i,
                                      .id = r->id,
                                      .words = r->why,
                                      .sources = r->sources,
                                      .outcome = outcome_of(r, needs & ~given, conflict),
                                      .needs = needs,
                                      .lacking = needs & ~given,
                                      .conflict = conflict,
                                      .caps = r->caps};
    add_reason(ret, &reason);
    bool understood = !r->acknowledge;
    for (int32_t k = 0; k < in->n_acknowledged; k++) understood = understood || in->acknowledged[k] == i;
    if (!understood) ret->warnings[ret->n_warnings++] = i;
}

static void require(const struct routine_term *term, uint32_t given, struct screening_result *ret) {
    if (!term->requires) return;
    uint32_t lacking = term->requires & ~given;
    struct screening_reason reason = {.rule = -1,
                                      .id = term->name,
                                      .words = term->why,
                                      .sources = term->sources,
                                      .outcome = lacking ? SCREENING_NEEDS_CLEARANCE : SCREENING_LIMITED,
                                      .needs = term->requires,
                                      .lacking = lacking,
                                      .caps = CAPS_DEFAULT};
    add_reason(ret, &reason);
}

void screening_run(const struct screening_rules *rules, const struct intake *intake,
                   const struct routine_facts *facts, struct screening_result *ret) {
    *ret = (struct screening_result){.outcome = SCREENING_CLEARED, .caps = CAPS_DEFAULT};
    uint32_t given = intake_clearances(intake);
    for (int32_t i = 0; i < SCREENING_RULE_COUNT; i++) {
        if (is_open(rules, intake, i, facts)) ret->open[ret->n_open++] = i;
        if (intake->answers.yes[i] && !rules->rule[i].check) apply(rules, intake, i, given, facts, ret);
    }
    if (!facts) return;
    require(&routine_facts_types[facts->type], given, ret);
    for (int32_t g = 0; g < GOAL_COUNT; g++)
        if (facts->goals & 1u << g) require(&routine_facts_goals[g], given, ret);
}

void screening_errors(const struct screening_rules *rules, const struct screening_result *result,
                      const char *prefix, struct field_errors *errors) {
    for (int32_t i = 0; i < result->n_open; i++) {
        const struct screening_rule *rule = &rules->rule[result->open[i]];
        char pointer[160];
        snprintf(pointer, sizeof pointer, "%s/answers/%s", prefix, rule->id);
        field_errors_add(errors, FIELD_MISSING, pointer, "%s", rule->question);
    }
}
