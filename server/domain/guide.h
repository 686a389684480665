/* What a person sees at a step that is done by hand: which technique, where, how often, and how far the
 * enumeration (toe after toe, side after side) has come. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_GUIDE_H
#define PEDILUVE_DOMAIN_GUIDE_H

#include "protocol/program.h"
#include "server/domain/routine.h"

struct guide {
    const struct routine_step *step; /* of the routine: technique, instruction, how it ends */
    int32_t zone;                    /* enum zone; -1: all zones of the step */
    int32_t side;                    /* enum side */
    int32_t part, parts;             /* this one, from 0, of how many that the step is enumerated in */
    int32_t repetitions;             /* of this part; 0: by time alone */
    int32_t repetition_ms;           /* 0 without repetitions */
};

/* The guide of program step i, which was lowered from r; false: that step is not done by hand. */
bool guide_of(const struct routine *r, const struct program *p, int32_t i, struct guide *ret);

/* The repetition that is due after so long in the step: 1..repetitions; 0 without repetitions. */
int32_t guide_repetition(const struct guide *g, int64_t in_step_ms);

#endif
