/* What a screening allows a session at most; lowering writes it into the program, and the device
 * enforces it again. Plain data. */
#ifndef PEDILUVE_DOMAIN_CAPS_H
#define PEDILUVE_DOMAIN_CAPS_H

#include <stdint.h>

#include "protocol/limits.h"

struct lowering_caps {
    int32_t intensity_max;   /* percent, 1..100 */
    int32_t water_max_mdegc; /* PROTO_WATER_MDEGC_MIN..PROTO_WATER_MDEGC_MAX */
    int32_t total_max_ms;    /* 1..PROTO_SESSION_MS_MAX */
    uint32_t barred;         /* mask of enum technique_trait that no step may have */
};

/* Nothing applies to the guest: water as warm as the default allows. */
#define CAPS_DEFAULT                                                                                         \
    (struct lowering_caps) {                                                                                 \
        .intensity_max = 100, .water_max_mdegc = PROTO_WATER_DEFAULT_MAX_MDEGC,                              \
        .total_max_ms = PROTO_SESSION_MS_MAX, .barred = 0                                                    \
    }

#endif
