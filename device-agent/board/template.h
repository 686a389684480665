/* A board to fill in. Copy template.h and template.c, give them your board's name, and put your hardware
 * where the lines marked YOURS are; docs/porting.md goes through it step by step. As it stands it drives
 * numbers in memory, is built with the tests and passes the conformance suite.
 *
 * The control loop's thread only; a thread of its own for the watchdog. */
#ifndef PEDILUVE_AGENT_BOARD_TEMPLATE_H
#define PEDILUVE_AGENT_BOARD_TEMPLATE_H

#include <pthread.h>

#include "device-agent/hal/hal.h"
#include "protocol/model.h"

#define TEMPLATE_WATCHDOG_MS 2000 /* without an apply for so long everything goes off */
#define TEMPLATE_FAULT_MS 1500    /* how long a failed output keeps the board off, at least */

enum template_sensor {
    TEMPLATE_WATER,
    TEMPLATE_LEVEL = TEMPLATE_WATER + WATER_SENSORS_MAX,
    TEMPLATE_CURRENT,
    TEMPLATE_CONTACT,
    TEMPLATE_MOTION = TEMPLATE_CONTACT + CONTACT_COUNT,
    TEMPLATE_SENSORS = TEMPLATE_MOTION + PROTO_ACTUATORS_MAX
};

/* YOURS: what you need to reach the hardware. Here: the hardware itself, as numbers. */
struct template_hardware {
    pthread_mutex_t lock;
    int32_t drive_permille[PROTO_ACTUATORS_MAX][PROTO_CELLS_MAX];
    int32_t writes;
    bool refuses; /* as a bus that is gone */
    int32_t water_mdegc[WATER_SENSORS_MAX], level_permille, current_ma;
    int32_t contact[CONTACT_COUNT], motion_permille[PROTO_ACTUATORS_MAX];
    bool answers[TEMPLATE_SENSORS];
    bool emergency_stop, local_stop;
};

/* model and hardware are borrowed for the board's life. False: error says why. */
must_use bool template_board_open(const struct model *model, struct template_hardware *hardware,
                                  struct board *ret, char error[256]);

#endif
