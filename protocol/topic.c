#include "protocol/topic.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "pediluve/v1/"
#define PREFIX_LEN (sizeof PREFIX - 1)

const struct topic_info topic_info[TOPIC_CHANNEL_COUNT] = {
#define X(e, n, s, q, r) [TOPIC_##e] = {.name = n, .sender = s, .qos = q, .retained = r},
    TOPIC_CHANNELS(X)
#undef X
};

void topic_format(char out[PROTO_TOPIC_MAX], const struct uuid *device, enum topic_channel channel) {
    memcpy(out, PREFIX, PREFIX_LEN);
    uuid_format(device, out + PREFIX_LEN);
    snprintf(out + PREFIX_LEN + UUID_TEXT_LEN, PROTO_TOPIC_MAX - PREFIX_LEN - UUID_TEXT_LEN, "/%s",
             topic_info[channel].name);
}

void topic_format_all(char out[PROTO_TOPIC_MAX], enum topic_channel channel) {
    snprintf(out, PROTO_TOPIC_MAX, PREFIX "+/%s", topic_info[channel].name);
}

bool topic_parse(const char *topic, struct uuid *ret_device, enum topic_channel *ret_channel) {
    struct uuid device;
    if (strncmp(topic, PREFIX, PREFIX_LEN) != 0) return false;
    const char *id = topic + PREFIX_LEN, *slash = strchr(id, '/');
    if (!slash || !uuid_parse(id, (size_t)(slash - id), &device)) return false;
    /* Topics know case, ids do not: only the one spelling that topic_format gives is the device's. */
    char canonical[UUID_TEXT_LEN + 1];
    uuid_format(&device, canonical);
    if (memcmp(id, canonical, UUID_TEXT_LEN) != 0) return false;
    for (int i = 0; i < TOPIC_CHANNEL_COUNT; i++) {
        if (strcmp(slash + 1, topic_info[i].name) != 0) continue;
        *ret_device = device;
        *ret_channel = (enum topic_channel)i;
        return true;
    }
    return false;
}
