/* What the fleet's threads share: set up by fleet.c before any of them starts, constant afterwards
 * but for the counters. */
#ifndef PEDILUVE_SERVER_FLEET_CONTEXT_H
#define PEDILUVE_SERVER_FLEET_CONTEXT_H

#include <stdatomic.h>

#include "base/buf.h"
#include "server/fleet/fleet.h"
#include "server/fleet/link.h"
#include "server/store/db.h"

/* X(name): counters of struct fleet_status kept here. */
#define CONTEXT_COUNTERS(X)                                                                                  \
    X(bad_messages)                                                                                          \
    X(unknown_devices)                                                                                       \
    X(samples_committed)                                                                                     \
    X(samples_duplicate)                                                                                     \
    X(samples_gap)                                                                                           \
    X(samples_lost)                                                                                          \
    X(samples_stray)                                                                                         \
    X(messages_dropped)                                                                                      \
    X(batches_failed)                                                                                        \
    X(hellos)                                                                                                \
    X(acks)                                                                                                  \
    X(states)                                                                                                \
    X(records_dropped)                                                                                       \
    X(records_retried)                                                                                       \
    X(redrives)                                                                                              \
    X(alarms_raised)

struct context {
    struct live *live;
    struct waiters *waiters;
    struct link *link;
    char *database_url;
    fleet_publish *publish; /* NULL: none */
    void *publish_ctx;
    struct uuid instance;
    atomic_bool database_ok;
    atomic_int_fast64_t alarms_open, alarms_acknowledged; /* as of the last round of housekeeping */
    struct {
#define X(name) atomic_uint_fast64_t name;
        CONTEXT_COUNTERS(X)
#undef X
    } count;
};

#define context_count(ctx, name, n)                                                                          \
    atomic_fetch_add_explicit(&(ctx)->count.name, (uint64_t)(n), memory_order_relaxed)

/* A connection of the calling thread's own. */
struct db *context_db(const struct context *ctx, const char *thread);
/* Remembers whether the database answers, and logs when that changes and what is a bug. True: ERR_OK. */
bool context_db_ok(struct context *ctx, struct db *db, enum err e, const char *doing);
void context_publish(const struct context *ctx, const struct uuid *site_id, const char *type,
                     const struct buf *json);
/* Asks every device to say hello, spread by their number. */
void context_call_for_hello(const struct context *ctx);
/* The device event of how it stands now. */
void context_publish_device(const struct context *ctx, const struct uuid *device_id);

#endif
