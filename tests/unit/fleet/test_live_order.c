/* Commands reach a device in the order of their numbers, whoever sends them and whenever. */
#include <criterion/criterion.h>

#include "live_fixture.h"

static struct live *l;
static struct uuid id, boot;
static int sent;

static void setup(void) {
    l = live_new();
    id = live_fixture_device(l);
    boot = uuid_new();
    sent = 0;
}
static void teardown(void) { live_free(l); }
TestSuite(live_order, .init = setup, .fini = teardown);

static bool queue(void *arg) {
    (void)arg;
    sent++;
    return true;
}
static bool queue_full(void *arg) {
    (void)arg;
    return false;
}
static enum live_turn turn(int64_t seq, int64_t epoch) {
    return live_send_turn(l, &id, seq, epoch, queue, NULL, 1000);
}

Test(live_order, in_order_each_is_sent_at_once) {
    live_fixture_ready(l, &id, &boot, 1);
    cr_assert_eq(turn(1, 1), LIVE_TURN_SENT);
    cr_assert_eq(turn(2, 1), LIVE_TURN_SENT);
    cr_assert_eq(sent, 2);
}

Test(live_order, one_that_overtakes_another_asks_for_a_re_drive_instead) {
    live_fixture_ready(l, &id, &boot, 1);
    cr_assert_eq(turn(2, 1), LIVE_TURN_GAP);
    cr_assert_eq(sent, 0);
    live_put_sent(l, &id, 1, 2, true, 1000); /* the re-drive sent both */
    cr_assert_eq(turn(1, 1), LIVE_TURN_DONE, "the one overtaken comes too late, and is not sent twice");
    cr_assert_eq(turn(3, 1), LIVE_TURN_SENT);
}

Test(live_order, before_the_device_is_ready_nothing_is_sent) {
    cr_assert_eq(turn(1, 0), LIVE_TURN_WAIT);
    cr_assert_eq(sent, 0);
}

Test(live_order, one_that_came_while_the_hello_was_recorded_is_not_forgotten) {
    struct message_hello h = live_fixture_hello(&boot, 1, 1);
    bool changed, missed;
    live_put_hello(l, &id, &h, 1000);
    cr_assert_eq(turn(1, 0), LIVE_TURN_WAIT);
    live_put_ready(l, &id, 1, 1000, &changed, &missed);
    cr_assert(missed);
    live_put_ready(l, &id, 1, 1000, &changed, &missed);
    cr_assert(!missed, "told once");
}

Test(live_order, one_of_an_earlier_epoch_is_re_driven) {
    live_fixture_ready(l, &id, &boot, 1);
    live_fixture_ready(l, &id, &boot, 2);
    cr_assert_eq(turn(1, 1), LIVE_TURN_GAP);
    cr_assert_eq(sent, 0);
}

Test(live_order, one_written_as_pending_is_re_driven_when_the_device_became_ready) {
    live_fixture_ready(l, &id, &boot, 1);
    cr_assert_eq(turn(1, 0), LIVE_TURN_GAP);
}

Test(live_order, a_full_queue_leaves_the_turn_where_it_is) {
    live_fixture_ready(l, &id, &boot, 1);
    cr_assert_eq(live_send_turn(l, &id, 1, 1, queue_full, NULL, 1000), LIVE_TURN_GAP);
    cr_assert_eq(turn(2, 1), LIVE_TURN_GAP, "1 has not gone out");
    cr_assert_eq(turn(1, 1), LIVE_TURN_SENT);
}

Test(live_order, after_our_own_reconnection_every_device_has_to_say_hello_first) {
    live_fixture_ready(l, &id, &boot, 1);
    live_put_unready(l, 2000);
    cr_assert_eq(turn(1, 1), LIVE_TURN_WAIT);
    int64_t epoch;
    cr_assert(live_answer_epoch(l, &id, &epoch));
    cr_assert_eq(epoch, 0, "and telemetry is answered so that it does");
}

Test(live_order, telemetry_is_not_answered_while_a_hello_is_being_recorded) {
    struct message_hello h = live_fixture_hello(&boot, 5, 1);
    int64_t epoch;
    live_put_hello(l, &id, &h, 1000);
    cr_assert(!live_answer_epoch(l, &id, &epoch));
    bool changed, missed;
    live_put_ready(l, &id, 5, 1000, &changed, &missed);
    cr_assert(live_answer_epoch(l, &id, &epoch));
    cr_assert_eq(epoch, 5);
}

Test(live_order, a_stale_answer_asks_for_one_more_copy_at_once) {
    cr_assert(live_stale_once(l, &id, 4));
    cr_assert(!live_stale_once(l, &id, 4));
    cr_assert(live_stale_once(l, &id, 5));
}
