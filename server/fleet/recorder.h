/* Writes what devices say to the database, in their order, and acts on it after the commit: answers
 * hellos, drives commands, wakes waiters, publishes events. One thread with its own connection.
 *
 * While the database does not answer, records wait here and are tried again; when the mailbox is full
 * they are dropped, and once it answers every device is asked for its hello, which carries all truth. */
#ifndef PEDILUVE_SERVER_FLEET_RECORDER_H
#define PEDILUVE_SERVER_FLEET_RECORDER_H

#include "server/fleet/context.h"

struct recorder;

must_use enum err recorder_start(struct context *ctx, struct recorder **ret);
/* Finishes what it is at. False: it does not end in time, and goes on using ctx. */
must_use bool recorder_stop(struct recorder *r, int deadline_ms);

/* Any thread; never blocks. False: the mailbox is full. */
bool recorder_hello(struct recorder *r, const struct uuid *device, const struct message_hello *m);
bool recorder_ack(struct recorder *r, const struct uuid *device, const struct message_ack *m);
bool recorder_state(struct recorder *r, const struct uuid *device, const struct message_state *m);
/* Sends everything open to that device again, when it is ready. */
bool recorder_redrive(struct recorder *r, const struct uuid *device);
size_t recorder_waiting(struct recorder *r);

#endif
