/* Where on the body a technique acts. A hierarchy: an actuator for the foot also serves its heel,
 * and a step for the whole foot may be done by an actuator that reaches a part of it. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ZONE_H
#define PEDILUVE_DOMAIN_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "catalogue/zones.h"

/* ZONES(X), X(enum, name, parent, words), is schema/catalogue/zones.json: parents stand before their
 * children; a root is its own parent. */
enum zone {
#define X(e, n, parent, w) ZONE_##e,
    ZONES(X)
#undef X
        ZONE_COUNT
};
extern const char *const zone_names[ZONE_COUNT + 1]; /* NULL-terminated */

enum zone zone_parent(enum zone z); /* itself for a root */
const char *zone_words(enum zone z);
/* The zone of that name; ZONE_COUNT: none. */
enum zone zone_find(const char *name);
/* True when z is `within` or lies in it. */
bool zone_is_in(enum zone z, enum zone within);
/* Whether an actuator at a place named in a model ("sole", "calf", "foot", "water") reaches a zone:
 * the same zone, a part of it, or one it is a part of. Water reaches whatever is in the foot.
 * A place that names no zone reaches nothing. */
bool zone_reached(const char *actuator_zone, enum zone z);

#endif
