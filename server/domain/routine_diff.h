/* What changed from one version of a routine to another, as people would say it: this step moved, that one
 * got longer, a new one was added. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ROUTINE_DIFF_H
#define PEDILUVE_DOMAIN_ROUTINE_DIFF_H

#include "base/jsonw.h"
#include "server/domain/routine.h"

/* Which step of one version is which of the other. Steps that are the same keep their order as far as
 * possible and are matched first; then the rest that are the same (moved), then those of the same technique
 * that have most in common in the same place, at last those of the same technique anywhere (moved and
 * changed). */
struct routine_match {
    int16_t old_of[ROUTINE_STEPS_MAX]; /* by new step: the old one; -1: added */
    int16_t new_of[ROUTINE_STEPS_MAX]; /* by old step: the new one; -1: removed */
    bool moved[ROUTINE_STEPS_MAX];     /* by new step: out of the order of the others */
};
void routine_diff_match(const struct routine *from, const struct routine *to, struct routine_match *ret);

/* Writes an array of changes: the members of the routine, then its steps in the new order, then the removed
 * ones.
 *     {"kind": "changed", "pointer": "/name", "old": "A", "new": "B"}
 *     {"kind": "changed", "pointer": "/steps/3/duration_s", "old_pointer": "/steps/1/duration_s", "old": 60,
 * "new": 90}
 *     {"kind": "moved",   "pointer": "/steps/3", "old_pointer": "/steps/1"}
 *     {"kind": "added",   "pointer": "/steps/4", "new": {...}}
 *     {"kind": "removed", "old_pointer": "/steps/2", "old": {...}}
 * A member that only one of the two has is added or removed likewise. old_pointer is left out where it is the
 * same as pointer. Lists of names (goals, zones) are one value. Returns how many changes there are. */
int32_t routine_diff_write(struct jsonw *w, const char *key, const struct routine *from,
                           const struct routine *to);

#endif
