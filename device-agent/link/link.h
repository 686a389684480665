/* The connections of one or many devices to the broker, on one thread of their own, so that neither
 * a slow broker nor a name server can hold up the control loop. MQTT 5, clean start, one client a
 * device (client id = user name = device id), reconnecting for ever with back-off and jitter.
 *
 * The owner takes events and gives messages; both ways are bounded queues. Thread-safe. What is
 * dropped because a queue is full is told again by the protocol itself. */
#ifndef PEDILUVE_AGENT_LINK_LINK_H
#define PEDILUVE_AGENT_LINK_LINK_H

#include "base/auto.h"
#include "base/uuid.h"
#include "protocol/topic.h"

/* The broker gives a silent device up after one and a half times that; Mosquitto looks every 6 s: 14 s at the
 * most. */
#define LINK_KEEPALIVE_S 5
#define LINK_BACKOFF_MIN_MS 500
#define LINK_BACKOFF_MAX_MS 30000
#define LINK_CONNECT_MS 10000     /* no answer of the broker by then: try again */
#define LINK_EVENTS_PER_CLIENT 64 /* waiting for the owner */
#define LINK_OUT_PER_CLIENT 256   /* waiting for the broker */

struct link;

struct link_config { /* copied */
    const char *host;
    int port;
    const char *ca_file; /* NULL: no TLS */
    size_t n_clients;
};

enum link_event_type { LINK_CONNECTED, LINK_DISCONNECTED, LINK_MESSAGE };
struct link_event {
    enum link_event_type type;
    size_t client;
    uint32_t connection;        /* counts up with each connection of this client */
    enum topic_channel channel; /* MESSAGE; TOPIC_CHANNEL_COUNT: the server's presence */
    char *payload;              /* MESSAGE: to be freed by the owner */
    size_t len;
};

struct link *link_new(const struct link_config *config);
/* Before link_start. boot_id and epoch go into the last will. */
void link_add(struct link *l, size_t client, const struct uuid *device, const char *password,
              const struct uuid *boot_id, int64_t next_epoch);
must_use bool link_start(struct link *l);
/* Says goodbye for every client (its will goes out: offline), joins the thread, frees. NULL is legal. */
void link_free(struct link *l);

/* Readable while events wait. */
int link_fd(const struct link *l);
must_use bool link_take(struct link *l, struct link_event *ret);

/* Sends on that connection or not at all. False: it is over, or the queue is full. */
bool link_publish(struct link *l, size_t client, uint32_t connection, enum topic_channel channel,
                  const char *payload, size_t len);
/* The epoch that the client's next connection will have, for its last will. */
void link_set_next_epoch(struct link *l, size_t client, int64_t epoch);

#endif
