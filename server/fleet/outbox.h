/* From a row of the command table to the message that the device gets, and back. Thread-safe. */
#ifndef PEDILUVE_SERVER_FLEET_OUTBOX_H
#define PEDILUVE_SERVER_FLEET_OUTBOX_H

#include <stdbool.h>

#include "base/buf.h"
#include "protocol/message.h"
#include "server/store/command_store.h"

/* The body column: the part that belongs to the type, {} for most: {"intensity":80},
 * {"water_mdegc":38500}, {"step":2}. A start's program is the session's, not the body's. */
void outbox_body_write(struct buf *out, const struct message_command *m);

/* False: the row does not hold what its type needs (a bug, or another version's row). */
must_use bool outbox_message_from_row(const struct command_row *row, int64_t epoch,
                                      struct message_command *ret);

#endif
