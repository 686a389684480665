/* Devices and their messages for the tests of the live view. */
#ifndef PEDILUVE_TESTS_LIVE_FIXTURE_H
#define PEDILUVE_TESTS_LIVE_FIXTURE_H

#include "server/fleet/live.h"

struct uuid live_fixture_device(struct live *l); /* registers a new one */
struct message_hello live_fixture_hello(const struct uuid *boot, int64_t epoch, int64_t n);
struct message_state live_fixture_state(const struct uuid *boot, int64_t epoch, int64_t n);
/* hello, and recorded: ready. */
void live_fixture_ready(struct live *l, const struct uuid *id, const struct uuid *boot, int64_t epoch);

#endif
