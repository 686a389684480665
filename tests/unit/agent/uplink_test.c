/* Hello, time, and go-back-N over a spool, against a server that takes a sample only when it is the
 * very next one. */
#include <criterion/criterion.h>

#include "agent_fixture.h"

#define EPOCH 5

static const struct uuid boot = {.b = {7}}, old_boot = {.b = {6}};

struct pair {
    struct uplink u;
    int64_t mono_ms;
    int64_t watermark, received, sent; /* the server's */
    int64_t released;                  /* the spool has none up to here */
};

static void committed(struct pair *t, struct uuid of, int64_t n, int64_t epoch) {
    struct message_committed m = {.boot_id = of, .epoch = epoch, .n = n, .at = t->mono_ms + 1000000};
    uplink_committed(&t->u, &m, EPOCH, t->mono_ms);
}

static void greet(struct pair *t) {
    *t = (struct pair){.mono_ms = 50000};
    uplink_init(&t->u, 9);
    uplink_head(&t->u, &boot, 0, 0);
    uplink_online(&t->u, t->mono_ms);
    cr_assert(uplink_hello_due(&t->u, t->mono_ms));
    committed(t, boot, 0, EPOCH);
}

Test(uplink, hello_is_said_at_once_and_again_with_growing_waits_until_it_is_answered) {
    struct pair t = {.mono_ms = 50000};
    int64_t said[12], n = 0;
    uplink_init(&t.u, 9);
    cr_expect_not(uplink_hello_due(&t.u, t.mono_ms));
    uplink_online(&t.u, t.mono_ms);
    for (; n < 12; t.mono_ms += 10)
        if (uplink_hello_due(&t.u, t.mono_ms)) said[n++] = t.mono_ms;
    int64_t wait_ms = UPLINK_HELLO_MIN_MS;
    cr_expect_eq(said[0], 50000);
    for (int i = 1; i < 12; i++) {
        int64_t was_ms = said[i] - said[i - 1];
        cr_expect(was_ms >= wait_ms && was_ms <= wait_ms * 5 / 4 + 10, "%d: %lld", i, (long long)was_ms);
        wait_ms = wait_ms * 2 < UPLINK_HELLO_MAX_MS ? wait_ms * 2 : UPLINK_HELLO_MAX_MS;
    }
    committed(&t, boot, 0, EPOCH - 1);
    t.mono_ms += 30000;
    cr_expect(uplink_hello_due(&t.u, t.mono_ms), "another connection's answer is none");
    committed(&t, boot, 0, EPOCH);
    t.mono_ms += 30000;
    cr_expect_not(uplink_hello_due(&t.u, t.mono_ms));
}

Test(uplink, hello_is_said_again_when_the_server_asks_or_starts_anew) {
    struct pair t;
    greet(&t);
    committed(&t, boot, 0, 0);
    t.mono_ms += 600;
    cr_expect(uplink_hello_due(&t.u, t.mono_ms));
    committed(&t, boot, 0, EPOCH);
    t.mono_ms += 60000;
    cr_expect_not(uplink_hello_due(&t.u, t.mono_ms));
    uplink_server(&t.u, 5000, t.mono_ms);
    t.mono_ms += 5001;
    cr_expect(uplink_hello_due(&t.u, t.mono_ms));
}

Test(uplink, hello_is_said_again_when_samples_stay_uncommitted) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 10);
    t.mono_ms += UPLINK_GATHER_MS;
    cr_assert(uplink_send_due(&t.u, t.mono_ms, &range));
    uplink_sent(&t.u, range.to);
    int64_t from_ms = t.mono_ms;
    while (!uplink_hello_due(&t.u, t.mono_ms) && t.mono_ms < from_ms + 60000) {
        if (uplink_send_due(&t.u, t.mono_ms, &range)) uplink_sent(&t.u, range.to);
        t.mono_ms += 50;
    }
    cr_expect(t.mono_ms - from_ms >= UPLINK_SILENCE_MS && t.mono_ms - from_ms <= UPLINK_SILENCE_MS + 200,
              "%lld", (long long)(t.mono_ms - from_ms));
}

Test(uplink, nothing_is_sent_before_the_hello_is_answered) {
    struct pair t = {.mono_ms = 50000};
    struct uplink_range range;
    uplink_init(&t.u, 9);
    uplink_head(&t.u, &boot, 0, 100);
    cr_expect_not(uplink_send_due(&t.u, t.mono_ms, &range));
    uplink_online(&t.u, t.mono_ms);
    (void)uplink_hello_due(&t.u, t.mono_ms);
    cr_expect_not(uplink_send_due(&t.u, t.mono_ms + 5000, &range));
    committed(&t, boot, 0, EPOCH);
    cr_expect(uplink_send_due(&t.u, t.mono_ms + 5000, &range));
    cr_expect_eq(range.from, 1);
    cr_expect_eq(range.to, PROTO_SAMPLES_MAX);
    uplink_offline(&t.u);
    cr_expect_not(uplink_send_due(&t.u, t.mono_ms + 9000, &range));
}

Test(uplink, no_more_than_the_window_flies) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 1000);
    int64_t last = 0;
    for (int i = 0; i < 50; i++, t.mono_ms += 20)
        if (uplink_send_due(&t.u, t.mono_ms, &range)) {
            cr_expect_eq(range.from, last + 1);
            uplink_sent(&t.u, last = range.to);
        }
    cr_expect_eq(last, UPLINK_WINDOW);
    committed(&t, boot, 50, EPOCH);
    cr_expect(uplink_send_due(&t.u, t.mono_ms, &range));
    cr_expect_eq(range.from, UPLINK_WINDOW + 1);
    cr_expect_eq(range.to, UPLINK_WINDOW + 50);
}

Test(uplink, a_gap_or_silence_makes_it_go_back_to_the_watermark) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 150);
    for (int i = 0; i < 3; i++)
        if (uplink_send_due(&t.u, t.mono_ms, &range)) uplink_sent(&t.u, range.to);
    t.mono_ms += UPLINK_BACK_MIN_MS + 100;
    committed(&t, boot, 50, EPOCH);
    committed(&t, boot, 50, EPOCH); /* the second batch got lost, and the third made it say so */
    cr_assert(uplink_send_due(&t.u, t.mono_ms, &range));
    cr_expect_eq(range.from, 51);
    uplink_sent(&t.u, range.to);
    t.mono_ms += UPLINK_BACK_MS + 100;
    cr_assert(uplink_send_due(&t.u, t.mono_ms, &range));
    cr_expect_eq(range.from, 51);
}

Test(uplink, only_what_is_committed_is_released) {
    struct pair t;
    struct uplink_range range;
    bool done;
    greet(&t);
    uplink_spooled(&t.u, &boot, 150);
    (void)uplink_send_due(&t.u, t.mono_ms, &range);
    uplink_sent(&t.u, range.to);
    cr_expect_not(uplink_release_due(&t.u, &boot, t.mono_ms, &range, &done));
    committed(&t, boot, 50, EPOCH);
    cr_assert(uplink_release_due(&t.u, &boot, t.mono_ms, &range, &done));
    cr_expect_eq(range.to, 50);
    cr_expect_not(done);
    cr_expect_not(uplink_release_due(&t.u, &boot, t.mono_ms + 60000, &range, &done));
}

Test(uplink, earlier_boots_go_first_and_to_their_end) {
    struct pair t;
    struct uplink_range range;
    bool done = false;
    greet(&t);
    uplink_head(&t.u, &old_boot, 10, 15);
    uplink_spooled(&t.u, &boot, 3); /* of the present boot: not its turn */
    t.mono_ms += 2000;
    cr_assert(uplink_send_due(&t.u, t.mono_ms, &range));
    cr_expect(uuid_equal(&range.boot_id, &old_boot));
    cr_expect_eq(range.from, 11);
    cr_expect_eq(range.to, 15);
    uplink_sent(&t.u, 15);
    committed(&t, boot, 3, EPOCH); /* of another boot: not the head's watermark */
    cr_expect_not(uplink_release_due(&t.u, &boot, t.mono_ms, &range, &done));
    committed(&t, old_boot, 15, EPOCH);
    cr_assert(uplink_release_due(&t.u, &boot, t.mono_ms, &range, &done));
    cr_expect(done);
    cr_expect_eq(range.to, 15);
    cr_expect_not(uplink_send_due(&t.u, t.mono_ms + 2000, &range));
    uplink_head(&t.u, &boot, 0, 3);
    cr_assert(uplink_send_due(&t.u, t.mono_ms + 2000, &range));
    cr_expect(uuid_equal(&range.boot_id, &boot));
    cr_expect_eq(range.from, 1);
}

Test(uplink, a_watermark_that_fell_back_is_believed_the_second_time) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 100);
    for (int i = 0; i < 2; i++)
        if (uplink_send_due(&t.u, t.mono_ms, &range)) uplink_sent(&t.u, range.to);
    committed(&t, boot, 100, EPOCH);
    cr_expect_eq(uplink_uncommitted(&t.u), 0);
    committed(&t, boot, 30, EPOCH);
    cr_expect_eq(uplink_uncommitted(&t.u), 0);
    committed(&t, boot, 30, EPOCH);
    cr_expect_eq(uplink_uncommitted(&t.u), 70);
    cr_assert(uplink_send_due(&t.u, t.mono_ms + 2000, &range));
    cr_expect_eq(range.from, 31);
    cr_expect_eq(range.committed, 30);
}

Test(uplink, a_watermark_of_samples_that_were_never_made_is_not_believed) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 60);
    if (uplink_send_due(&t.u, t.mono_ms, &range)) uplink_sent(&t.u, range.to);
    committed(&t, boot, 5000, EPOCH);
    uplink_spooled(&t.u, &boot, 120);
    cr_assert(uplink_send_due(&t.u, t.mono_ms + 2000, &range));
    cr_expect_eq(range.from, 61);
}

Test(uplink, an_answer_to_a_hello_says_nothing_of_a_gap) {
    struct pair t;
    struct uplink_range range;
    greet(&t);
    uplink_spooled(&t.u, &boot, 150);
    t.mono_ms += 2000;
    if (uplink_send_due(&t.u, t.mono_ms, &range)) uplink_sent(&t.u, range.to);
    uplink_server(&t.u, 0, t.mono_ms);
    cr_assert(uplink_hello_due(&t.u, t.mono_ms + 1));
    committed(&t, boot, 0, EPOCH);
    cr_assert(uplink_send_due(&t.u, t.mono_ms + 2, &range));
    cr_expect_eq(range.from, 51);
}

Test(uplink, time_is_the_servers_once_it_is_known) {
    struct pair t = {.mono_ms = 1000};
    uplink_init(&t.u, 1);
    struct moment now = {.mono_ms = 1000, .wall_ms = 777};
    cr_expect_eq(uplink_server_ms(&t.u, &now), 777);
    committed(&t, boot, 0, EPOCH);
    now.mono_ms += 500;
    now.wall_ms = 0;
    cr_expect_eq(uplink_server_ms(&t.u, &now), 1000 + 1000000 + 500);
}

/* xorshift: the test's own dice. */
static uint32_t roll(uint64_t *seed, uint32_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)((*seed >> 11) % below);
}

struct flight { /* answers of the server that are on their way */
    int64_t n, at_ms;
};

Test(uplink, over_a_bad_line_every_sample_arrives_once_and_in_order) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct pair t;
        struct uplink_range range;
        struct flight answers[64] = {0};
        uint64_t dice = seed * 7919;
        uint32_t loss = (uint32_t)(seed % 5) * 10; /* percent, each way */
        int64_t last = 0;
        bool done;
        greet(&t);
        for (int64_t tick = 0; tick < 60000 && (tick < 20000 || t.watermark < last); tick++) {
            t.mono_ms += 20;
            if (tick < 20000 && tick % 10 == 0) uplink_spooled(&t.u, &boot, ++last);
            if (roll(&dice, 5000) == 0) {
                uplink_offline(&t.u);
                for (size_t i = 0; i < COUNT_OF(answers); i++) answers[i].at_ms = 0;
                uplink_online(&t.u, t.mono_ms);
            }
            if (uplink_hello_due(&t.u, t.mono_ms) && roll(&dice, 100) >= loss)
                answers[tick % 64] = (struct flight){t.watermark, t.mono_ms + 40};
            if (uplink_send_due(&t.u, t.mono_ms, &range)) {
                cr_assert_gt(range.from, t.released);
                cr_assert_leq(range.to, last);
                cr_assert_leq(range.to - range.from + 1, PROTO_SAMPLES_MAX);
                uplink_sent(&t.u, range.to);
                t.sent += range.to - range.from + 1;
                if (roll(&dice, 100) >= loss) {
                    if (range.from <= t.watermark + 1 && range.to > t.watermark) {
                        t.received += range.to - t.watermark;
                        t.watermark = range.to;
                    }
                    if (roll(&dice, 100) >= loss)
                        answers[tick % 64] = (struct flight){t.watermark, t.mono_ms + 40 + roll(&dice, 200)};
                }
            }
            for (size_t i = 0; i < COUNT_OF(answers); i++)
                if (answers[i].at_ms && answers[i].at_ms <= t.mono_ms) {
                    committed(&t, boot, answers[i].n, EPOCH);
                    answers[i].at_ms = 0;
                }
            if (uplink_release_due(&t.u, &boot, t.mono_ms, &range, &done)) {
                cr_assert_leq(range.to, t.watermark, "released what the server does not have");
                t.released = range.to;
            }
        }
        cr_expect_eq(t.watermark, last, "seed %llu: %lld of %lld", (unsigned long long)seed,
                     (long long)t.watermark, (long long)last);
        cr_expect_eq(t.received, last);
        if (loss == 0)
            cr_expect_lt(t.sent, last * 3 / 2, "seed %llu: %lld sent for %lld", (unsigned long long)seed,
                         (long long)t.sent, (long long)last);
    }
}
