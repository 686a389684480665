/* The contract between the agent and a board: one const ops struct per capability. Boards are
 * written against this file and the model alone; tests/boards holds every board to it. A board is in
 * its safe state when it has been opened. All calls come from the control loop's thread and must return
 * within a few milliseconds; none may block on a network.
 *
 * Times are control milliseconds as given by the caller. */
#ifndef PEDILUVE_AGENT_HAL_H
#define PEDILUVE_AGENT_HAL_H

#include "device-agent/core/types.h"

struct hal_sensors {
    /* Mandatory. Fills every field; a sensor that does not answer has present = false, one that
     * gives an old value keeps the at_ms of its measurement. local_stop is reported once. contact and
     * motion_permille are optional: what is not fitted is never present; what was present once and is not
     * any more, or is old, is taken for a sensor that fails. So what is fitted and cannot be read from the
     * first is given as present and old. */
    void (*read)(void *board, int64_t now_ms, struct readings *ret);
};

struct hal_actuators {
    /* Mandatory. Takes the whole wanted state; called in every control step, also when nothing
     * changed. Levels are clamped to the model's. False: the board could not do it, or was asked for a
     * channel or cell that is not there; it must then have gone to its safe state. A board that drives
     * hardware goes there by itself, too, when this call does not come for two seconds. */
    bool (*apply)(void *board, const struct outputs *wanted);
    /* Mandatory. Heater and motors off, at once or with the next message of a bus. Must work in any
     * state of the board, and twice. */
    void (*safe)(void *board);
};

struct hal_buttons {
    /* Optional capability: presses from software (a simulated board, a service tool). */
    void (*local_stop)(void *board);
    void (*emergency_stop)(void *board, bool pressed);
    bool (*is_emergency_stop)(void *board);
};

struct hal_board {
    const char *name;
    const struct hal_sensors *sensors;     /* mandatory */
    const struct hal_actuators *actuators; /* mandatory */
    const struct hal_buttons *buttons;     /* NULL: the board has only real ones */
    void (*free)(void *board);             /* mandatory; leaves the board in its safe state */
};

struct board {
    const struct hal_board *ops;
    void *self;
};

#endif
