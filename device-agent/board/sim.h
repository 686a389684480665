/* A simulated board: a tub of water with a heater, motors that draw current, sensors with noise,
 * and faults on demand. The same seed and the same calls give the same readings.
 *
 * Physics follow the control time given to read(), with whatever apply() asked for last; steps
 * from 20 ms to many seconds give the same water. Sensors measure at 10 Hz. Like a real board it
 * has a watchdog: when read and apply do not come, heater and motors go off by themselves.
 *
 * Allocates once, in sim_board_new. Not thread-safe: the control loop's thread only. */
#ifndef PEDILUVE_AGENT_BOARD_SIM_H
#define PEDILUVE_AGENT_BOARD_SIM_H

#include "device-agent/hal/hal.h"
#include "protocol/model.h"

#define SIM_MEASURE_MS 100       /* control time between two measurements of a sensor */
#define SIM_WATCHDOG_MS 2000     /* control time after the last apply at which the board goes safe */
#define SIM_TAP_MDEGC 34000      /* the tap's mix: what the tub is filled with */
#define SIM_ROOM_MDEGC 22000     /* what the water cools towards */
#define SIM_NOISE_MDEGC 30       /* of a water sensor, either way */
#define SIM_FULL_PERMILLE 950    /* level during a session */
#define SIM_STANDBY_PERMILLE 100 /* above the model's level_min: level between sessions */

/* X(fault, what the value of sim_board_inject means; 0 always is: healthy again). The masks have
 * bit 0 for the first water sensor and bit 1 for the second. */
#define SIM_FAULTS(X)                                                                                        \
    X(SENSOR_STUCK, "mask: goes on giving the value of now, as if it were measured")                         \
    X(SENSOR_STALE, "mask: measures no more")                                                                \
    X(SENSOR_MISSING, "mask: does not answer")                                                               \
    X(SENSOR_IMPLAUSIBLE, "mask: a broken wire, -40 C")                                                      \
    X(SENSOR_OFFSET_0, "mdegC that the first sensor is wrong by")                                            \
    X(SENSOR_OFFSET_1, "mdegC that the second sensor is wrong by")                                           \
    X(LEVEL_LOW, "1: the tub runs empty in a few seconds")                                                   \
    X(LEVEL_STALE, "1: the level sensor measures no more")                                                   \
    X(LEVEL_MISSING, "1: the level sensor does not answer")                                                  \
    X(OVER_CURRENT, "mA drawn on top of what the motors explain")                                            \
    X(CURRENT_STALE, "1: the current sensor measures no more")                                               \
    X(MOTOR_STALLED, "mask of channels: do not turn, and draw all that they can")                            \
    X(MOTOR_RUNS_ON, "mask of channels: turn, whatever is asked")                                            \
    X(LEAK, "1: the leak sensor sees water")                                                                 \
    X(LID_OPEN, "1: the lid is open")                                                                        \
    X(DRAIN_OPEN, "1: the drain is open")                                                                    \
    X(CUTOUT, "1: the heater's own cut-out has tripped, and the heater has no power")                        \
    X(CONTACT_MISSING, "mask of enum contact: the input does not answer")                                    \
    X(HEATER_DEAD, "1: warms nothing, whatever is asked")                                                    \
    X(HEATER_STUCK_ON, "1: warms at full power, whatever is asked; a relay that is welded")                  \
    X(APPLY_FAILS, "1: apply refuses, and the board is in its safe state")

enum sim_fault {
#define X(f, meaning) SIM_FAULT_##f,
    SIM_FAULTS(X)
#undef X
        SIM_FAULT_COUNT
};

/* What is so, whatever the sensors say. */
struct sim_truth {
    int32_t water_mdegc, level_permille, current_ma;
    int32_t heater_w; /* into the water, now */
    bool heater_on;   /* driven by the board: a relay that is welded does not count */
    bool motors_on;
    struct outputs outputs; /* in force */
};

/* model is borrowed for the board's life. Free with ops->free. */
struct board sim_board_new(const struct model *model, uint64_t seed);
/* The calls below are for boards of sim_board_new only. */
void sim_board_inject(struct board board, enum sim_fault fault, int value);
void sim_board_heal(struct board board);                       /* every fault */
void sim_board_water(struct board board, int32_t water_mdegc); /* another water, from the next read */
struct sim_truth sim_board_truth(struct board board);

#endif
