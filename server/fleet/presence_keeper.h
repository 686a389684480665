/* Writes the history of presence (store/presence_store.h) from the live view. Of housekeeping's thread; safe
 * beside other replicas.
 *
 * While we are not connected to the broker nothing is known, so nothing is written. What changed meanwhile is
 * found afterwards, and written with the time until which somebody had watched. */
#ifndef PEDILUVE_SERVER_FLEET_PRESENCE_KEEPER_H
#define PEDILUVE_SERVER_FLEET_PRESENCE_KEEPER_H

#include "server/fleet/context.h"

struct presence_keeper {
    uint64_t connects;                 /* of the link, when it was last looked at */
    int64_t up_ms;                     /* since when, by the steady clock; 0: it is down */
    int64_t watched_until, watched_ms; /* before that; when we last said that we watch */
};

/* One round. *k starts zeroed. */
must_use enum err presence_keeper_run(struct presence_keeper *k, struct context *ctx, struct db *db,
                                      int64_t now_ms);

#endif
