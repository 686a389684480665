/* Whether a guest may have a session, from what was answered: a pure function over the rules
 * (screening_rule.h), the intake (intake.h) and what the routine asks for (routine_facts.h). Thread-safe.
 * docs/screening.md is for people.
 *
 * - A yes always counts, also one that nobody asked for. The strictest outcome wins; caps combine to the
 * strictest.
 * - A rule that needs clearances is `limited`, within its caps, once all of them are given.
 * - With a routine: a rule whose barred traits the routine cannot do without refuses it, its type and goals
 *   may need clearances, and only the questions that matter for it need an answer. */
#ifndef PEDILUVE_DOMAIN_SCREENING_H
#define PEDILUVE_DOMAIN_SCREENING_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/intake.h"
#include "server/domain/routine_facts.h"
#include "server/domain/screening_rule.h"

/* What is said with every outcome: those of schema/catalogue/notices.json that are shown with the intake. */
struct screening_notice {
    const char *id, *text;
    const char *source; /* rows of the source list, one blank between them */
};
extern const struct screening_notice screening_notices[];
extern const int32_t screening_notice_count;
/* The notice that a refusal ends with: massage does not take the place of treatment. */
extern const char *const screening_disclaimer;

struct screening_reason { /* pointers into the rule set and static tables */
    int32_t rule;         /* enum screening_rule_id; -1: not an answer, the routine's type or goal */
    const char *id;       /* of the rule, the type or the goal */
    const char *words;    /* why, for the guest */
    const char *sources;  /* rows of the source list, one blank between them */
    int32_t outcome;      /* of this reason */
    uint32_t needs;       /* bits 1u << enum clearance_kind that it asks for */
    uint32_t lacking;     /* ... and that were not given */
    uint32_t conflict;    /* mask of enum technique_trait: barred, and the routine cannot do without */
    struct lowering_caps caps;
};
#define SCREENING_REASONS_MAX (SCREENING_RULE_COUNT + 1 + GOAL_COUNT)

struct screening_result {
    int32_t outcome;                    /* enum screening_outcome; holds only when n_open is 0 */
    struct lowering_caps caps;          /* of all reasons together */
    uint32_t lacking;                   /* bits 1u << enum clearance_kind: of all reasons together */
    int32_t n_open;                     /* questions without an answer: no session before they have one */
    int32_t open[SCREENING_RULE_COUNT]; /* enum screening_rule_id, in the order of asking */
    int32_t n_warnings;                 /* apply and are not acknowledged: no session before they are */
    int32_t warnings[SCREENING_RULE_COUNT];
    int32_t n_reasons;
    struct screening_reason reasons[SCREENING_REASONS_MAX]; /* what applies, the strictest first */
};

/* The intake has passed intake_check. facts NULL: no routine, every question counts. */
void screening_run(const struct screening_rules *rules, const struct intake *intake,
                   const struct routine_facts *facts, struct screening_result *ret);

/* Whether the rule can make a difference for the routine (NULL: any): it refuses, needs a clearance, warns,
 * is a check, bars what the routine may do, or caps below what the routine asks; or a question that matters
 * depends on it. */
bool screening_matters(const struct screening_rules *rules, int32_t rule, const struct routine_facts *facts);

/* Each open question as an error of the body: pointer <prefix>/answers/<rule id>, the question as detail. */
void screening_errors(const struct screening_rules *rules, const struct screening_result *result,
                      const char *prefix, struct field_errors *errors);

#endif
