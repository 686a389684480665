/* Topics: pediluve/v1/{device}/{channel}, and pediluve/v1/server/presence. Pure. */
#ifndef PEDILUVE_PROTOCOL_TOPIC_H
#define PEDILUVE_PROTOCOL_TOPIC_H

#include <stdbool.h>

#include "base/uuid.h"
#include "protocol/limits.h"

/* X(enum, name on the wire, sender, QoS, retained) */
#define TOPIC_CHANNELS(X)                                                                                    \
    X(HELLO, "hello", "device", 1, 0)                                                                        \
    X(COMMAND, "command", "server", 1, 0)                                                                    \
    X(ACK, "ack", "device", 1, 0)                                                                            \
    X(STATE, "state", "device", 1, 0)                                                                        \
    X(TELEMETRY, "telemetry", "device", 0, 0)                                                                \
    X(COMMITTED, "committed", "server", 0, 0)                                                                \
    X(PRESENCE, "presence", "device", 1, 1)

enum topic_channel {
#define X(e, ...) TOPIC_##e,
    TOPIC_CHANNELS(X)
#undef X
        TOPIC_CHANNEL_COUNT
};

struct topic_info {
    const char *name, *sender;
    int qos;
    bool retained;
};
extern const struct topic_info topic_info[TOPIC_CHANNEL_COUNT];

#define TOPIC_SERVER_PRESENCE "pediluve/v1/server/presence"

void topic_format(char out[PROTO_TOPIC_MAX], const struct uuid *device, enum topic_channel channel);
/* A subscription for one channel of all devices: "pediluve/v1/+/ack". */
void topic_format_all(char out[PROTO_TOPIC_MAX], enum topic_channel channel);
/* False when the topic is not one of ours. */
bool topic_parse(const char *topic, struct uuid *ret_device, enum topic_channel *ret_channel);

#endif
