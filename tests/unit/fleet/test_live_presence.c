/* What of connections is told to the history, and that it is told once. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "live_fixture.h"
#include "server/base/limits.h"

static struct live *l;
static struct uuid id, boot;
static int64_t now = 1000000;

static void setup(void) {
    l = live_new();
    id = live_fixture_device(l);
    boot = uuid_new();
}
static void teardown(void) { live_free(l); }
TestSuite(live_presence, .init = setup, .fini = teardown);

#define LIST_MAX 16
static struct presence_change list[LIST_MAX];

/* What is taken, as "+hello5" "-last_will5" and so on, "?" when it was not seen; all of it is confirmed. */
static const char *take(bool settled) {
    static char text[200];
    size_t n = live_presence_take(l, now, settled, list, LIST_MAX), at = 0;
    text[0] = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%c%s%lld%s", i ? " " : "",
                               list[i].connected ? '+' : '-', presence_why_names[list[i].why],
                               (long long)list[i].epoch, list[i].seen ? "" : "?");
    live_presence_put_told(l, list, n);
    return text;
}
static void hello(int64_t epoch) {
    struct message_hello h = live_fixture_hello(&boot, epoch, epoch * 100);
    live_put_hello(l, &id, &h, now);
}
static void say(int64_t epoch, bool online) {
    live_put_presence(l, &id, &(struct message_presence){online, boot, epoch}, now, NULL);
}
#define TAKES(text, settled) cr_expect_str_eq(take(settled), text)

Test(live_presence, a_connection_is_told_once_and_so_is_its_end) {
    TAKES("", false);
    TAKES("-lost0?", true); /* the database knows whether that is news */
    TAKES("", true);
    say(5, true);
    TAKES("", true); /* a birth may be an old one: not heard of yet */
    now += 10;
    hello(5);
    TAKES("+hello5", true);
    cr_expect_eq(list[0].at, now - 10, "the birth was first");
    TAKES("", true);
    now += 5000;
    say(5, false);
    TAKES("-last_will5", true);
    cr_expect_eq(list[0].at, now);
    TAKES("", true);
}

Test(live_presence, what_came_and_went_between_two_rounds_is_told_whole) {
    TAKES("-lost0?", true);
    hello(5);
    say(5, false);
    TAKES("+hello5 -last_will5", true);
    hello(6);
    TAKES("+hello6", true);
    say(6, false);
    hello(7);
    TAKES("-last_will6 +hello7", true);
    hello(8); /* without a last will: the database sees that 7 was there */
    TAKES("+hello8", true);
    say(7, false); /* late, of the connection that was taken over */
    TAKES("", true);
}

Test(live_presence, silence_is_an_end_too_and_a_word_the_end_of_it) {
    hello(5);
    TAKES("+hello5?", false);
    now += LIMIT_FRESH_MS;
    TAKES("-lost5", true);
    TAKES("", true);
    live_heard(l, &id, now);
    TAKES("+heard5", true);
    now += LIMIT_FRESH_MS;
    say(5, false);
    TAKES("-last_will5", true);
}

Test(live_presence, after_our_own_connection_was_lost_nothing_is_taken_for_seen) {
    hello(5);
    TAKES("+hello5?", true);
    live_put_unready(l, now);
    TAKES("+hello5?", false); /* as before: the database writes nothing */
    live_put_unready(l, now);
    now += LIMIT_FRESH_MS;
    TAKES("", false); /* it may be just about to say something */
    TAKES("-lost5?", true);
    live_put_unready(l, now);
    say(5, false);
    TAKES("-last_will5? -last_will5?", true);
}

Test(live_presence, a_retired_device_is_gone) {
    hello(5);
    TAKES("+hello5?", true);
    live_put_offline(l, &id, now);
    TAKES("-retired5", true);
    TAKES("", true);
}

Test(live_presence, never_more_is_taken_than_there_is_room_for) {
    for (int i = 0; i < 100; i++) {
        id = live_fixture_device(l);
        hello(i + 1);
    }
    size_t total = 0;
    for (size_t n; (n = live_presence_take(l, now, true, list, LIST_MAX)) > 0; total += n) {
        cr_assert_leq(n, LIST_MAX);
        live_presence_put_told(l, list, n);
    }
    cr_expect_eq(total, 101);
}
