/* What the core is given and what it gives: plain data, shared with hal/, board/ and journal/. */
#ifndef PEDILUVE_AGENT_CORE_TYPES_H
#define PEDILUVE_AGENT_CORE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "protocol/limits.h"

#define WATER_SENSORS_MAX 2
#define WATER_UNKNOWN INT32_MIN /* as in struct message_values */

/* Three clocks, all in milliseconds. control_ms drives programs, physics and sampling, and runs
 * faster than real time on simulated boards; mono_ms drives everything that talks; wall_ms is the
 * local wall clock and is believed only until the server has told its own. */
struct moment {
    int64_t control_ms, mono_ms, wall_ms;
};

struct reading {
    int32_t value;
    int64_t at_ms; /* control time of the measurement itself, not of the reading of it */
    bool present;  /* false: the sensor does not answer */
};

/* X(enum, name, what it says when its value is 1): inputs that a board may have or not; 0 is well. */
#define CONTACTS(X)                                                                                          \
    X(LEAK, "leak", "water where none belongs")                                                              \
    X(LID, "lid", "the lid, or a guard over moving parts, is open")                                          \
    X(DRAIN, "drain", "the drain is open")                                                                   \
    X(CUTOUT, "cutout", "the heater's own thermostat has tripped")

enum contact {
#define X(c, ...) CONTACT_##c,
    CONTACTS(X)
#undef X
        CONTACT_COUNT
};

struct readings {
    struct reading water_mdegc[WATER_SENSORS_MAX];
    struct reading level_permille;
    struct reading current_ma; /* all motors together */
    bool emergency_stop;       /* the latching button is in */
    bool local_stop;           /* the stop key was pressed since the last reading */
    bool board_failed;         /* set by whoever drives the board: its last apply said false */
    /* Not present: not fitted. What was present once and is not any more counts as a sensor that fails. */
    struct reading contact[CONTACT_COUNT];
    struct reading motion_permille[PROTO_ACTUATORS_MAX]; /* how fast the channel's motor turns, of its most */
};

/* Wanted state of the board. All zero is the safe state. */
struct outputs {
    uint8_t level[PROTO_ACTUATORS_MAX][PROTO_CELLS_MAX]; /* percent */
    int32_t heater_permille;
    bool session; /* a session is live: boards may light a lamp; the simulated one fills its tub */
};

#endif
