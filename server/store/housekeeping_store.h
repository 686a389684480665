/* What is to be done regularly, safely from several replicas at once. Deadlines of commands are in
 * command_store.h (command_sweep). */
#ifndef PEDILUVE_SERVER_STORE_HOUSEKEEPING_STORE_H
#define PEDILUVE_SERVER_STORE_HOUSEKEEPING_STORE_H

#include "server/store/db.h"

#define TELEMETRY_DAYS_BACK 7  /* samples this old may still come from a device that was offline */
#define TELEMETRY_DAYS_AHEAD 3 /* days made in advance: housekeeping may fail for two days unnoticed */
#define TELEMETRY_DAYS_KEPT 90 /* retention */

/* Makes the partitions of TELEMETRY_DAYS_BACK before to TELEMETRY_DAYS_AHEAD after `now`. Done by
 * migrate_run, and to be called daily (it is cheap: call it hourly). Those of TELEMETRY_DAYS_BACK are made
 * only while the database is new: an old day is never made again. */
must_use enum err housekeeping_partitions(struct db *db, int64_t now, int32_t *ret_made);
/* Drops whole days older than days_kept (>= TELEMETRY_DAYS_BACK + 1), and strays as old. */
must_use enum err housekeeping_retention(struct db *db, int64_t now, int32_t days_kept, int32_t *ret_dropped);
/* Forgets idempotency keys older than keep_hours. */
must_use enum err housekeeping_idempotency(struct db *db, int64_t now, int32_t keep_hours, int32_t *ret_n);

struct housekeeping_counts { /* for /metrics */
    int64_t pending_commands, unknown_commands, live_sessions, stray_samples;
};
must_use enum err housekeeping_count(struct db *db, struct housekeeping_counts *ret);

#endif
