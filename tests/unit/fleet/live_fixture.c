#include "live_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct uuid live_fixture_device(struct live *l) {
    struct device_row row = {.id = uuid_new(), .site_id = uuid_new(), .version = 1, .credential_version = 1};
    snprintf(row.model, sizeof row.model, "spa-pro");
    snprintf(row.name, sizeof row.name, "Chair 1");
    snprintf(row.service, sizeof row.service, "in_service");
    snprintf(row.cleaning, sizeof row.cleaning, "clean");
    if (!live_put_device(l, &row)) abort();
    return row.id;
}

struct message_state live_fixture_state(const struct uuid *boot, int64_t epoch, int64_t n) {
    return (struct message_state){.boot_id = *boot,
                                  .epoch = epoch,
                                  .n = n,
                                  .at = 1000,
                                  .mode = MODE_IDLE,
                                  .values = {.water_mdegc = 38000, .level_permille = 900}};
}

struct message_hello live_fixture_hello(const struct uuid *boot, int64_t epoch, int64_t n) {
    return (struct message_hello){.v = PROTO_VERSION,
                                  .boot_id = *boot,
                                  .epoch = epoch,
                                  .agent = "1.0",
                                  .model = "spa-pro",
                                  .model_version = 1,
                                  .state = live_fixture_state(boot, epoch, n)};
}

void live_fixture_ready(struct live *l, const struct uuid *id, const struct uuid *boot, int64_t epoch) {
    struct message_hello h = live_fixture_hello(boot, epoch, 1);
    bool changed, missed;
    if (!live_put_hello(l, id, &h, 1000)) abort();
    live_put_sent(l, id, epoch, h.last_seq, false, 1000);
    if (!live_put_ready(l, id, epoch, 1000, &changed, &missed)) abort();
}
