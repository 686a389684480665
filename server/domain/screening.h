/* Whether a guest may have a session, from what was answered: rules as data, a pure function over
 * them. Pure; thread-safe. docs/screening.md is for people. */
#ifndef PEDILUVE_DOMAIN_SCREENING_H
#define PEDILUVE_DOMAIN_SCREENING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"
#include "server/domain/caps.h"

/* X(enum, name) in rising order of strictness: the strictest rule wins. */
#define SCREENING_OUTCOMES(X)                                                                                \
    X(CLEARED, "cleared")                 /* nothing in the way */                                           \
    X(LIMITED, "limited")                 /* within the caps */                                              \
    X(NEEDS_CLEARANCE, "needs_clearance") /* a doctor's note or a certified operator */                      \
    X(REFUSED, "refused")
enum screening_outcome {
#define X(e, n) SCREENING_##e,
    SCREENING_OUTCOMES(X)
#undef X
        SCREENING_OUTCOME_COUNT
};
extern const char *const screening_outcome_names[SCREENING_OUTCOME_COUNT + 1]; /* NULL-terminated */

struct screening_rule {
    const char *id;       /* "thrombosis": the key of its answer */
    const char *question; /* yes = it applies; asked of staff */
    const char *why;      /* what a guest is told when it applies */
    int8_t outcome;       /* enum screening_outcome when it applies */
    /* What the session must keep to when it applies and the outcome, or a clearance, lets it go on. */
    struct lowering_caps caps;
    bool acknowledge;   /* a warning only: the guest has to say that it was understood */
    const char *source; /* row of the source list */
};
#define SCREENING_RULES_MAX 32
extern const struct screening_rule screening_rules[];
extern const int32_t screening_rule_count; /* <= SCREENING_RULES_MAX */

/* What is said with every outcome. */
struct screening_notice {
    const char *id, *text;
    const char *source; /* row of the source list */
};
extern const struct screening_notice screening_notices[];
extern const int32_t screening_notice_count;
/* The notice that a refusal ends with: massage does not take the place of treatment. */
extern const char screening_disclaimer[];

struct intake {
    bool has_none_apply;
    bool none_apply; /* every question of the table was asked, and all answers are no */
};
extern const struct field intake_fields[];

struct screening_result {
    int32_t outcome; /* enum screening_outcome; holds only when n_open is 0 */
    struct lowering_caps caps;
    int32_t n_open;                    /* questions without an answer: no session before they have one */
    int32_t open[SCREENING_RULES_MAX]; /* indexes into screening_rules, in its order */
    int32_t n_reasons;
    int32_t reasons[SCREENING_RULES_MAX]; /* rules that apply, the strictest first */
};

void screening_run(const struct intake *intake, struct screening_result *ret);

/* Index of the rule; -1: none. */
int32_t screening_find(const char *id);
/* One open question as an error of the body: pointer <prefix>/<rule id>, the question as detail. */
void screening_errors(const struct screening_result *result, const char *prefix, struct field_errors *errors);

/* The stricter of both in every member. */
struct lowering_caps screening_caps_and(const struct lowering_caps *a, const struct lowering_caps *b);

#endif
