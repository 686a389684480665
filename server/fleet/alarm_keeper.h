/* Raises and ends alarms (domain/alarm.h), and tells the listeners of every change of one, whichever server
 * or person made it. Of housekeeping's thread; safe beside other replicas: the database holds one alarm for a
 * cause.
 *
 * An alarm ends only on evidence that its cause is gone: a device that is not heard proves nothing. */
#ifndef PEDILUVE_SERVER_FLEET_ALARM_KEEPER_H
#define PEDILUVE_SERVER_FLEET_ALARM_KEEPER_H

#include "server/fleet/context.h"

/* A cause has to be away for so long: another server may see the same a moment later. */
#define ALARM_KEEPER_GONE_MS 2000

struct alarm_keeper;
struct alarm_keeper *alarm_keeper_new(struct context *ctx, int64_t now_ms);
void alarm_keeper_free(struct alarm_keeper *k); /* NULL is legal */

/* One round. */
must_use enum err alarm_keeper_run(struct alarm_keeper *k, struct db *db, int64_t now_ms);

#endif
