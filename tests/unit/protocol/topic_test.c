#include <criterion/criterion.h>

#include "protocol/topic.h"

Test(topic, a_subscription_for_all_devices_has_a_plus_in_place_of_the_id) {
    char topic[PROTO_TOPIC_MAX];
    topic_format_all(topic, TOPIC_ACK);
    cr_expect_str_eq(topic, "pediluve/v1/+/ack");
}

Test(topic, nothing_that_a_server_sends_to_a_device_is_retained) {
    for (int i = 0; i < TOPIC_CHANNEL_COUNT; i++) {
        if (strcmp(topic_info[i].sender, "server") == 0)
            cr_expect_not(topic_info[i].retained, "%s", topic_info[i].name);
    }
}

Test(topic, a_refused_topic_leaves_the_results_alone) {
    struct uuid device = {.b = {1}}, before = device;
    enum topic_channel channel = TOPIC_STATE;
    cr_expect_not(topic_parse(TOPIC_SERVER_PRESENCE, &device, &channel));
    cr_expect(uuid_equal(&device, &before));
    cr_expect_eq(channel, TOPIC_STATE);
}
