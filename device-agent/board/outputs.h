/* What a board may be asked for, judged by the device's model: one rule for all boards. Pure. */
#ifndef PEDILUVE_AGENT_BOARD_OUTPUTS_H
#define PEDILUVE_AGENT_BOARD_OUTPUTS_H

#include "base/auto.h"
#include "device-agent/core/types.h"
#include "protocol/model.h"

/* Clamps every level to the actuator's level_max and the heater to 0..1000. False, and *ret is the safe
 * state: something is asked of a channel or a cell that the model does not have, or heat without a heater. */
must_use bool outputs_accept(const struct model *m, const struct outputs *wanted, struct outputs *ret);

/* One cell, or the heater, in permille of its full drive. */
int32_t outputs_permille(const struct model *m, const struct outputs *o, int channel, int cell);

/* The channel of that name and the cell, counted from 1, of a board description. False: there is no such. */
must_use bool outputs_find(const struct model *m, const char *name, int32_t cell, int *ret_channel,
                           int *ret_cell);

#endif
