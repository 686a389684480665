/* The second thermal limit, behind the interlocks and independent of them: it looks at what every water
 * sensor says, raw, however old, whether the model knows it or not, and at the heater's own cut-out; it
 * counts measurements where the interlock counts time; and it acts on the outputs themselves, after
 * everything else. It shares no code and no fact with interlock.h. Pure; not thread-safe. */
#ifndef PEDILUVE_AGENT_CORE_GUARD_H
#define PEDILUVE_AGENT_CORE_GUARD_H

#include "device-agent/core/types.h"

#define GUARD_WATER_MDEGC 43500 /* half a degree above the first limit: what it should never see */
#define GUARD_MEASUREMENTS 2    /* so many in a row, of one sensor, trip it; one shuts the heater off */
#define GUARD_REST_MS 60000     /* nothing hot for so long, and no session: it may be used again */

struct guard {
    struct {
        int64_t at_ms;
        int32_t n;
    } hot[WATER_SENSORS_MAX];
    bool is_hot; /* in this very step */
    bool tripped;
    int64_t hot_at_ms; /* last */
};

void guard_step(struct guard *g, const struct readings *r, int64_t now_ms, bool live);
/* The last word: heater off when it is hot, everything off when tripped. */
void guard_apply(const struct guard *g, struct outputs *o);

#endif
