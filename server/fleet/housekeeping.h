/* What is to be done by the clock: deadlines of commands, devices that fell silent, commands nobody has
 * sent, new and changed devices of other processes, courses, alarms, presence, partitions and retention. One
 * thread with its own connection; safe beside other replicas. */
#ifndef PEDILUVE_SERVER_FLEET_HOUSEKEEPING_H
#define PEDILUVE_SERVER_FLEET_HOUSEKEEPING_H

#include "server/fleet/context.h"
#include "server/fleet/recorder.h"

struct housekeeping;
struct housekeeping_config {
    struct recorder *recorder;
    int retention_days; /* of telemetry; 0: TELEMETRY_DAYS_KEPT */
    /* Called with every device's row, now and then: the fleet takes over what is new in it. */
    void (*device)(void *arg, const struct device_row *row);
    void *device_arg;
};

must_use enum err housekeeping_start(struct context *ctx, const struct housekeeping_config *config,
                                     struct housekeeping **ret);
/* As recorder_stop. */
must_use bool housekeeping_stop(struct housekeeping *h, int deadline_ms);

#endif
