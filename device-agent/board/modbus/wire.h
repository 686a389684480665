/* Transactions with a control board by libmodbus, RTU or TCP, each with its timeout and its retries. Not
 * thread-safe: one thread at a time. Every call blocks, for MODBUS_ANSWER_MS_MAX a transaction at most. */
#ifndef PEDILUVE_AGENT_BOARD_MODBUS_WIRE_H
#define PEDILUVE_AGENT_BOARD_MODBUS_WIRE_H

#include "device-agent/board/modbus/plan.h"

enum wire_result {
    WIRE_OK,
    WIRE_REFUSED, /* the control board answered with an exception */
    WIRE_LOST     /* no answer, or none that is one */
};

struct wire;

struct wire *wire_new(const struct modbus_description *d); /* borrowed */
void wire_free(struct wire *w);

/* Connected, with the setup registers written: at once when it is already. */
must_use enum wire_result wire_connect(struct wire *w);
void wire_disconnect(struct wire *w);
/* All runs of the plan. A run that is refused keeps none of the others back; a lost one ends it. */
must_use enum wire_result wire_write(struct wire *w, const struct plan *p);
must_use enum wire_result wire_read(struct wire *w, struct plan *p);
/* WIRE_LOST: the holding register does not have that value. */
must_use enum wire_result wire_expect(struct wire *w, int32_t address, uint16_t value);
/* What went wrong last, for people. */
const char *wire_error(const struct wire *w);

#endif
