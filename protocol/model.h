/* What a kind of device can do: its actuators, sensors and limits. Read by the server (lowering)
 * and by the agent (interlocks) from the same JSON. Pure data. */
#ifndef PEDILUVE_PROTOCOL_MODEL_H
#define PEDILUVE_PROTOCOL_MODEL_H

#include <stddef.h>

#include "base/field.h"
#include "protocol/limits.h"

/* X(enum, name) */
#define ACTUATOR_KINDS(X)                                                                                    \
    X(HEATER, "heater")                                                                                      \
    X(JETS, "jets")                                                                                          \
    X(ROLLER, "roller")                                                                                      \
    X(AIR, "air")                                                                                            \
    X(VIBRATION, "vibration")                                                                                \
    X(SHIATSU, "shiatsu")                                                                                    \
    X(VACUUM, "vacuum")

enum actuator_kind {
#define X(e, n) ACTUATOR_##e,
    ACTUATOR_KINDS(X)
#undef X
        ACTUATOR_KIND_COUNT
};
extern const char *const actuator_kind_names[ACTUATOR_KIND_COUNT + 1]; /* NULL-terminated */

struct actuator {
    char name[PROTO_NAME_MAX + 1]; /* "roller-sole": unique in the model */
    int32_t kind;                  /* enum actuator_kind */
    char zone[PROTO_NAME_MAX + 1]; /* "sole", "calf", "foot", "water" */
    int32_t cells;                 /* 1..8, numbered distal (toes) to proximal */
    int32_t level_max;             /* 1..100 percent that a program may ask */
    int32_t current_max_ma;        /* over-current interlock; 0: not measured */
    int32_t ramp_min_ms;           /* shortest time from 0 to 100 percent: soft start */
};

struct model {
    char id[PROTO_NAME_MAX + 1]; /* "spa-pro" */
    int32_t version;
    char name[65];
    int32_t water_max_mdegc; /* <= PROTO_WATER_MDEGC_MAX */
    int32_t session_max_ms;  /* <= PROTO_SESSION_MS_MAX */
    int32_t tub_ml;          /* water volume when full; 0: dry unit */
    int32_t heater_w;
    int32_t level_min_permille; /* no heat and no jets below */
    int32_t water_sensors;      /* 1 or 2 */
    int32_t n_actuators;
    struct actuator actuators[PROTO_ACTUATORS_MAX]; /* index = channel number in programs */
};
extern const struct field model_fields[];

/* Bounds and cross-field rules (unique names, at most one heater, ...). */
must_use bool model_parse(const char *text, size_t len, struct model *ret, struct field_errors *errors);
must_use bool model_check(const struct model *m, struct field_errors *errors);
/* First channel of that kind (and zone, unless NULL); -1: none. */
int model_find(const struct model *m, enum actuator_kind kind, const char *zone);

#endif
