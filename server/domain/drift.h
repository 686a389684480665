/* Whether the water stays where the heating should hold it. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_DRIFT_H
#define PEDILUVE_DOMAIN_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_MDEGC 2000        /* so far off ... */
#define DRIFT_MS 120000         /* ... for longer than this is a drift */
#define DRIFT_REACHED_MDEGC 500 /* so near the target counts as reached */
#define DRIFT_WARM_UP_MS 900000 /* a target that is not reached by then should have been */

struct drift { /* zeroed at first */
    int32_t target_mdegc;
    bool reached;
    int64_t target_since, off_since; /* 0: none */
};

/* One look. target_mdegc 0: nothing is to be held. water_mdegc INT32_MIN: unknown, nothing changes but the
 * target. now_ms does not go back. */
void drift_look(struct drift *d, int32_t target_mdegc, int32_t water_mdegc, int64_t now_ms);
bool drift_is_on(const struct drift *d, int64_t now_ms);

#endif
