/* The hierarchy is a parent for each zone, so any question about it is a walk upwards. */
#include <string.h>

#include "server/domain/zone.h"

const char *const zone_names[ZONE_COUNT + 1] = {
#define X(e, n, parent, w) n,
    ZONES(X)
#undef X
};

static const unsigned char zone_parents[ZONE_COUNT] = {
#define X(e, n, parent, w) ZONE_##parent,
    ZONES(X)
#undef X
};

static const char *const zone_all_words[ZONE_COUNT] = {
#define X(e, n, parent, w) w,
    ZONES(X)
#undef X
};

enum zone zone_parent(enum zone z) { return zone_parents[z]; }

const char *zone_words(enum zone z) { return zone_all_words[z]; }

enum zone zone_find(const char *name) {
    for (int z = 0; z < ZONE_COUNT; z++)
        if (strcmp(name, zone_names[z]) == 0) return (enum zone)z;
    return ZONE_COUNT;
}

bool zone_is_in(enum zone z, enum zone within) {
    for (;;) {
        if (z == within) return true;
        enum zone up = zone_parent(z);
        if (up == z) return false;
        z = up;
    }
}

bool zone_reached(const char *actuator_zone, enum zone z) {
    /* A unit is filled over the feet, not over the legs. */
    if (strcmp(actuator_zone, "water") == 0) return zone_is_in(z, ZONE_FOOT);
    enum zone place = zone_find(actuator_zone);
    return place != ZONE_COUNT && (zone_is_in(z, place) || zone_is_in(place, z));
}
