/* What the screening wants to know of a routine: what it asks of a guest at most, what cannot be left out of
 * it, and which clearances its type and its goals ask for. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ROUTINE_FACTS_H
#define PEDILUVE_DOMAIN_ROUTINE_FACTS_H

#include "server/domain/routine.h"

struct routine_facts {    /* plain data */
    int32_t type;         /* enum routine_type */
    uint32_t goals;       /* bits 1u << enum goal */
    uint32_t requires;    /* bits 1u << enum clearance_kind: of the type and the goals */
    uint32_t asks;        /* bits 1u << enum screening_rule_id: asked for the goals' sake */
    int32_t intensity;    /* percent, the strongest step */
    int32_t water_mdegc;  /* the warmest step; 0: no water */
    int32_t total_ms;     /* nominal */
    uint32_t possible;    /* mask of enum technique_trait: what some way of doing some step has */
    uint32_t unavoidable; /* ... what the type, or every way of doing some step, has */
};

/* r has passed routine_check. */
void routine_facts_of(const struct routine *r, struct routine_facts *ret);

/* A type or a goal that asks for a clearance. */
struct routine_term {
    const char *name;  /* "therapy", "rehabilitation" */
    uint32_t requires; /* bits 1u << enum clearance_kind; 0: none */
    uint32_t traits;   /* types only: mask of enum technique_trait, of every routine of it */
    uint32_t asks;     /* goals only */
    const char *why;   /* for the guest; "" where nothing is required */
    const char *sources;
};
extern const struct routine_term routine_facts_types[ROUTINE_TYPE_COUNT];
extern const struct routine_term routine_facts_goals[GOAL_COUNT];

#endif
