#include "server/domain/drift.h"

#include <stdlib.h>

void drift_look(struct drift *d, int32_t target_mdegc, int32_t water_mdegc, int64_t now_ms) {
    if (target_mdegc != d->target_mdegc)
        *d = (struct drift){.target_mdegc = target_mdegc, .target_since = now_ms};
    if (target_mdegc == 0 || water_mdegc == INT32_MIN) return;
    int64_t off = llabs((int64_t)water_mdegc - target_mdegc);
    if (off <= DRIFT_REACHED_MDEGC) d->reached = true;
    bool should_hold = d->reached || now_ms - d->target_since > DRIFT_WARM_UP_MS;
    if (!should_hold || off <= DRIFT_MDEGC)
        d->off_since = 0;
    else if (!d->off_since)
        d->off_since = now_ms;
}

bool drift_is_on(const struct drift *d, int64_t now_ms) {
    return d->off_since && now_ms - d->off_since > DRIFT_MS;
}
