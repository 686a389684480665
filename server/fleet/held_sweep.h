/* Moves the sessions that have no unit on, when a timer or the longest time is over. Housekeeping's thread.
 */
#ifndef PEDILUVE_SERVER_FLEET_HELD_SWEEP_H
#define PEDILUVE_SERVER_FLEET_HELD_SWEEP_H

#include "server/fleet/context.h"

/* Every session that is due by now, each with its event. Several processes may do it at once. */
must_use enum err held_sweep(struct context *ctx, struct db *db, int64_t now);

#endif
