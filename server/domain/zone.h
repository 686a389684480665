/* Where on the body a technique acts. A hierarchy: an actuator for the foot also serves its heel,
 * and a step for the whole foot may be done by an actuator that reaches a part of it. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_ZONE_H
#define PEDILUVE_DOMAIN_ZONE_H

#include <stdbool.h>
#include <stddef.h>

/* X(enum, name, parent, words): parents stand before their children; a root is its own parent. */
#define ZONES(X)                                                                                             \
    X(BACK, "back", BACK, "back")                                                                            \
    X(LOWER_BACK, "lower-back", BACK, "lower back")                                                          \
    X(BUTTOCKS, "buttocks", BACK, "buttocks")                                                                \
    X(LEG, "leg", LEG, "leg")                                                                                \
    X(HIP, "hip", LEG, "hip")                                                                                \
    X(THIGH, "thigh", LEG, "thigh")                                                                          \
    X(KNEE, "knee", LEG, "knee")                                                                             \
    X(LOWER_LEG, "lower-leg", LEG, "lower leg")                                                              \
    X(CALF, "calf", LOWER_LEG, "calf")                                                                       \
    X(SHIN, "shin", LOWER_LEG, "shin")                                                                       \
    X(ACHILLES, "achilles", LOWER_LEG, "Achilles tendon")                                                    \
    X(FOOT, "foot", LEG, "foot")                                                                             \
    X(ANKLE, "ankle", FOOT, "ankle")                                                                         \
    X(INSTEP, "instep", FOOT, "back of the foot")                                                            \
    X(FOOT_EDGES, "foot-edges", FOOT, "edges of the foot")                                                   \
    X(SOLE, "sole", FOOT, "sole")                                                                            \
    X(HEEL, "heel", SOLE, "heel")                                                                            \
    X(ARCH, "arch", SOLE, "arch")                                                                            \
    X(BALL, "ball", SOLE, "ball of the foot")                                                                \
    X(TOES, "toes", FOOT, "toes")                                                                            \
    X(TOE_1, "toe-1", TOES, "big toe")                                                                       \
    X(TOE_2, "toe-2", TOES, "second toe")                                                                    \
    X(TOE_3, "toe-3", TOES, "third toe")                                                                     \
    X(TOE_4, "toe-4", TOES, "fourth toe")                                                                    \
    X(TOE_5, "toe-5", TOES, "little toe")                                                                    \
    X(ARM, "arm", ARM, "arm")                                                                                \
    X(FOREARM, "forearm", ARM, "forearm")                                                                    \
    X(HAND, "hand", ARM, "hand")                                                                             \
    X(WRIST, "wrist", HAND, "wrist")                                                                         \
    X(HAND_BACK, "hand-back", HAND, "back of the hand")                                                      \
    X(PALM, "palm", HAND, "palm")                                                                            \
    X(FINGERS, "fingers", HAND, "fingers")

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
