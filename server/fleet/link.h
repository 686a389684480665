/* The connection to the broker: one thread with its own poll loop, MQTT 5, for ever reconnecting.
 * The only file of the server that knows libmosquitto. The API sends commands with
 * fleet_send_command (fleet.h), which keeps their order; this is the plain pipe below it. */
#ifndef PEDILUVE_SERVER_FLEET_LINK_H
#define PEDILUVE_SERVER_FLEET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "protocol/topic.h"
#include "server/base/err.h"

struct link_config { /* strings are copied */
    const char *host;
    int port;
    const char *username, *password; /* NULL: none */
    const char *ca_file;             /* NULL: no TLS */
    const char *client_id;           /* one a process; NULL: the broker gives one */
};

/* Called on the link's thread: copy, check, enqueue; never block. The payload is not NUL-terminated
 * and gone after the call. */
struct link_handler {
    void (*message)(void *ctx, const struct uuid *device, enum topic_channel channel, const char *payload,
                    size_t len);
    void (*control)(void *ctx, const char *payload, size_t len); /* the broker's dynamic security answers */
    void (*connected)(void *ctx);    /* after the subscriptions: what is published now comes after them */
    void (*disconnected)(void *ctx); /* nothing can be published any more; before the next connected */
};

struct link;
struct link_counters {
    uint64_t received, received_bytes, sent, refused, dropped, connects;
};

/* Starts the thread; connecting goes on in the background. */
must_use enum err link_start(const struct link_config *config, const struct link_handler *handler, void *ctx,
                             struct link **ret);
/* Sends what is queued, disconnects and ends the thread: no handler is called afterwards. False: it does
 * not end in time (the system resolves a name or connects), and *l must be left alone. NULL is legal
 * in both. */
must_use bool link_stop(struct link *l, int deadline_ms);
/* After a link_stop that was true. */
void link_free(struct link *l);

/* Any thread; never blocks. Copies payload. False: not connected or the queue is full
 * (LIMIT_LINK_QUEUE), and nothing was sent: the device's next hello brings it up again. */
bool link_publish(struct link *l, const struct uuid *device, enum topic_channel channel, const char *payload,
                  size_t len);
bool link_publish_topic(struct link *l, const char *topic, int qos, const char *payload, size_t len);

bool link_connected(const struct link *l);
void link_counters(const struct link *l, struct link_counters *ret);

#endif
