/* A board on the pins of a Linux computer: GPIO by libgpiod, PWM by sysfs, sensors by IIO and hwmon, as its
 * description says. docs/porting.md tells how to write one.
 *
 * Everything is off after opening, at closing, when apply did not come for LINUX_WATCHDOG_MS, and when an
 * output could not be written; such a fault lasts for LINUX_FAULT_MS at least and until every output has been
 * turned off without an error. What the board cannot do is act after its process was killed: PWM keeps its
 * last duty. For that there are the enable line with the heartbeat, both to hardware outside.
 *
 * The control loop's thread only. Threads of its own: one a sensor, one for the watchdog. */
#ifndef PEDILUVE_AGENT_BOARD_LINUX_BOARD_H
#define PEDILUVE_AGENT_BOARD_LINUX_BOARD_H

#include "device-agent/board/linux/description.h"
#include "device-agent/hal/hal.h"

#define LINUX_WATCHDOG_MS 2000
#define LINUX_FAULT_MS 1500

/* model is borrowed for the board's life, description copied. False: error
 * says why, and what was opened is off and closed again. */
must_use bool linux_board_open(const struct model *model, const struct linux_description *description,
                               struct board *ret, char error[256]);

#endif
