/* Telemetry into the database: go-back-N by the watermark of each (device, boot), COPY in batches, and
 * `committed` after each commit. One thread with its own connection. Nothing is kept that could be
 * lost: what is dropped or fails to commit is not answered, and the devices send it again. */
#ifndef PEDILUVE_SERVER_FLEET_INGEST_H
#define PEDILUVE_SERVER_FLEET_INGEST_H

#include "server/fleet/context.h"

struct ingest;

must_use enum err ingest_start(struct context *ctx, struct ingest **ret);
/* As recorder_stop. */
must_use bool ingest_stop(struct ingest *in, int deadline_ms);

/* Any thread; never blocks; copies. False: full. */
bool ingest_put(struct ingest *in, const struct uuid *device, const struct message_telemetry *m);
size_t ingest_waiting(struct ingest *in);

#endif
