/* The rules of the screening as data: schema/catalogue/screening-rules.json, compiled in, and a site's own
 * copies of them, which may only be stricter. Pure; thread-safe. docs/screening.md is for people. */
#ifndef PEDILUVE_DOMAIN_SCREENING_RULE_H
#define PEDILUVE_DOMAIN_SCREENING_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/field.h"
#include "catalogue/screening-rules.h"
#include "server/domain/caps.h"
#include "server/domain/clearance.h"

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
extern const char *const screening_rule_outcome_names[SCREENING_OUTCOME_COUNT + 1]; /* NULL-terminated */

/* SCREENING_RULES(X): X(enum, id, name, question, why, outcome, needs, intensity_max, water_max_mdegc,
 * total_max_ms, barred, asked_if, acknowledge, check, sources), in the order in which they are asked. */
enum screening_rule_id {
#define X(e, ...) SCREENING_RULE_##e,
    SCREENING_RULES(X)
#undef X
        SCREENING_RULE_COUNT
};
extern const char *const screening_rule_ids[SCREENING_RULE_COUNT + 1]; /* NULL-terminated */

/* The traits of server/domain/technique.h by name, bit 0 first; NULL-terminated. */
#define SCREENING_TRAITS 7
extern const char *const screening_rule_trait_names[SCREENING_TRAITS + 1];

#define SCREENING_TEXT_MAX 200 /* bytes: fits the detail of an error */
struct screening_rule {
    const char *id, *name;
    char question[SCREENING_TEXT_MAX + 1]; /* yes = it applies; asked of staff */
    char why[SCREENING_TEXT_MAX + 1];      /* what a guest is told when it applies */
    int32_t outcome;                       /* enum screening_outcome when it applies */
    uint32_t needs; /* NEEDS_CLEARANCE: bits 1u << enum clearance_kind; with all of them it is LIMITED */
    /* What the session must keep to when it applies and the outcome, or a clearance, lets it go on. */
    struct lowering_caps caps;
    int32_t asked_if;    /* enum screening_rule_id: asked only when that is yes; -1: always */
    bool acknowledge;    /* a warning: the guest has to say that it was understood */
    bool check;          /* something that staff do: yes is wanted, and without it the question is open */
    const char *sources; /* rows of the source list, one blank between them */
};

struct screening_rules { /* a whole set, as it holds at a site; plain data, about 9 kB */
    struct screening_rule rule[SCREENING_RULE_COUNT];
};
extern const struct screening_rules screening_rule_product; /* as the product has them */

/* Whether a site's copy of a rule may stand beside the product's, both as JSON objects of
 * screening-rules.json: the same rule, at least as strict in every member. Wording is free. Otherwise one
 * error for each member that is laxer, by pointer. */
must_use bool screening_rule_copy_check(const char *product_text, const char *copy_text,
                                        struct field_errors *errors);
/* Puts a site's copy into the set, after the same check against the product's rule. False: *set is as before.
 */
must_use bool screening_rule_override(struct screening_rules *set, const char *copy_text, size_t len,
                                      struct field_errors *errors);

/* Index of the rule; -1: none. */
int32_t screening_rule_find(const char *id);

/* The stricter of both in every member. */
struct lowering_caps screening_rule_caps_and(const struct lowering_caps *a, const struct lowering_caps *b);

#endif
