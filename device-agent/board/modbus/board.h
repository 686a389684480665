/* A control board that is there already, behind Modbus RTU or TCP, as its description says.
 *
 * A transaction takes longer than a control step. So a thread does them: each period it writes the whole
 * wanted state with a new heartbeat, reads every sensor, then the heartbeat back; apply and read only
 * exchange what is newest with it. The control board must fall safe by itself when the heartbeat stays the
 * same: that is what protects the guest when this process or the line is gone.
 *
 * apply tells a fault when the wanted state could not be written for MODBUS_FAULT_MS or was refused; the
 * fault lasts for MODBUS_FAULT_HOLD_MS at least and until the safe state has been written. When apply did not
 * come for MODBUS_WATCHDOG_MS the safe state is written and the heartbeat stands still. Switches that could
 * not be read for MODBUS_FAULT_MS count as pressed.
 *
 * The control loop's thread only. */
#ifndef PEDILUVE_AGENT_BOARD_MODBUS_BOARD_H
#define PEDILUVE_AGENT_BOARD_MODBUS_BOARD_H

#include "device-agent/board/modbus/description.h"
#include "device-agent/hal/hal.h"

#define MODBUS_OPEN_MS 3000 /* for the first safe state to be written and the first sensors to be read */
#define MODBUS_FAULT_MS 1000
#define MODBUS_FAULT_HOLD_MS 1500
#define MODBUS_WATCHDOG_MS 2000

/* model is borrowed for the board's life, description copied. False: error says why. */
must_use bool modbus_board_open(const struct model *model, const struct modbus_description *description,
                                struct board *ret, char error[256]);

#endif
