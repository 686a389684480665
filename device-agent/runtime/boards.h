/* The boards that are built in, by name. */
#ifndef PEDILUVE_AGENT_RUNTIME_BOARDS_H
#define PEDILUVE_AGENT_RUNTIME_BOARDS_H

#include "device-agent/hal/hal.h"
#include "device-agent/runtime/config.h"

/* False: one line on stderr says why: no such board, a board that needs a description and has none, or one
 * whose time cannot run faster than the world's. */
must_use bool boards_check(const struct config *c);
/* Opens the board that config names; "" is sim, which seed drives. Everything is off then. model is borrowed
 * for the board's life. False: said why on stderr. */
must_use bool boards_open(const char *name, const char *file, const struct model *model, uint64_t seed,
                          struct board *ret);

/* Nothing that this board does is felt by anybody. */
bool boards_is_simulated(const char *name);

#endif
