/* What is shown of a device, and what changes it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "live_fixture.h"
#include "server/base/limits.h"

static struct live *l;
static struct uuid id, boot;

static void setup(void) {
    l = live_new();
    id = live_fixture_device(l);
    boot = uuid_new();
}
static void teardown(void) { live_free(l); }
TestSuite(live, .init = setup, .fini = teardown);

static struct live_device get(int64_t now_ms) {
    struct live_device d;
    cr_assert(live_get(l, &id, now_ms, &d));
    return d;
}

Test(live, a_new_device_is_neither_connected_nor_fresh_nor_ready) {
    struct live_device d = get(1000);
    cr_assert(!d.connected && !d.fresh && !d.ready && !d.has_state);
    cr_assert_eq(d.state.values.water_mdegc, INT32_MIN);
    cr_assert_str_eq(d.facts.name, "Chair 1");
}

Test(live, an_unknown_id_is_not_found) {
    struct uuid other = uuid_new();
    struct live_device d;
    int64_t epoch;
    cr_assert(!live_get(l, &other, 1000, &d));
    cr_assert(!live_ready(l, &other, &epoch));
    cr_assert(!live_heard(l, &other, 1000));
}

Test(live, a_hello_connects_and_only_its_recording_makes_ready) {
    struct message_hello h = live_fixture_hello(&boot, 7, 1);
    bool changed, missed;
    int64_t epoch = 0;
    cr_assert(live_put_hello(l, &id, &h, 1000));
    cr_assert(get(1000).connected);
    cr_assert(get(1000).fresh);
    cr_assert(!live_ready(l, &id, &epoch));
    cr_assert(live_put_ready(l, &id, 7, 1100, &changed, &missed));
    cr_assert(changed && !missed);
    cr_assert(live_ready(l, &id, &epoch));
    cr_assert_eq(epoch, 7);
    cr_assert_eq(get(1200).ready_at, 1100);
}

Test(live, recording_an_older_hello_does_not_make_ready) {
    struct message_hello h = live_fixture_hello(&boot, 7, 1);
    bool changed, missed;
    cr_assert(live_put_hello(l, &id, &h, 1000));
    h.epoch = h.state.epoch = 8;
    cr_assert(live_put_hello(l, &id, &h, 1000));
    cr_assert(!live_put_ready(l, &id, 7, 1100, &changed, &missed));
    cr_assert(!get(1200).ready);
}

Test(live, a_clock_that_is_set_back_makes_nobody_fresh_who_was_not_heard_since) {
    cr_assert(live_heard(l, &id, 3600000));
    cr_assert(get(3599500).fresh, "slewed");
    cr_assert(!get(1000).fresh, "set back by an hour: heard nobody knows how long ago");
    cr_assert(live_heard(l, &id, 1100));
    cr_assert(get(1200).fresh);
}

Test(live, freshness_ends_with_silence) {
    live_fixture_ready(l, &id, &boot, 1);
    cr_assert(get(1000 + LIMIT_FRESH_MS - 1).fresh);
    cr_assert(!get(1000 + LIMIT_FRESH_MS).fresh);
    cr_assert(get(1000 + LIMIT_FRESH_MS).connected, "silence alone does not disconnect");
}

Test(live, the_last_will_of_the_present_connection_disconnects) {
    live_fixture_ready(l, &id, &boot, 3);
    struct message_presence gone = {.online = false, .boot_id = boot, .epoch = 3};
    bool changed;
    cr_assert(live_put_presence(l, &id, &gone, 2000, &changed));
    cr_assert(changed);
    cr_assert(!get(2000).connected && !get(2000).ready);
}

Test(live, the_last_will_of_an_earlier_connection_changes_nothing) {
    live_fixture_ready(l, &id, &boot, 3);
    struct message_presence gone = {.online = false, .boot_id = boot, .epoch = 2};
    cr_assert(!live_put_presence(l, &id, &gone, 2000, NULL));
    cr_assert(get(2000).connected && get(2000).ready);
}

Test(live, a_birth_of_a_new_connection_takes_readiness_away) {
    live_fixture_ready(l, &id, &boot, 3);
    struct message_presence birth = {.online = true, .boot_id = boot, .epoch = 4};
    cr_assert(live_put_presence(l, &id, &birth, 2000, NULL));
    cr_assert(get(2000).connected && !get(2000).ready);
}

Test(live, a_retained_birth_is_no_proof_of_life) {
    struct message_presence birth = {.online = true, .boot_id = boot, .epoch = 4};
    cr_assert(live_put_presence(l, &id, &birth, 2000, NULL));
    cr_assert(get(2000).connected && !get(2000).fresh);
}

Test(live, an_older_state_is_dropped) {
    struct message_state s = live_fixture_state(&boot, 1, 5);
    cr_assert(live_put_state(l, &id, &s, 1000, NULL));
    s.n = 4;
    s.mode = MODE_FAULT;
    cr_assert(!live_put_state(l, &id, &s, 1100, NULL));
    s.n = 5;
    cr_assert(!live_put_state(l, &id, &s, 1100, NULL));
    cr_assert_eq(get(1200).state.mode, MODE_IDLE);
    struct uuid next_boot = uuid_new();
    s = live_fixture_state(&next_boot, 2, 1);
    cr_assert(live_put_state(l, &id, &s, 1300, NULL), "numbers begin again with a boot");
}

Test(live, a_heartbeat_is_no_change_and_a_fault_is) {
    struct message_state s = live_fixture_state(&boot, 1, 1);
    bool changed;
    cr_assert(live_put_state(l, &id, &s, 1000, &changed) && changed);
    s.n = 2;
    s.values.water_mdegc = 38100;
    cr_assert(live_put_state(l, &id, &s, 1000, &changed) && !changed);
    s.n = 3;
    s.n_faults = 1;
    s.faults[0] = REASON_LEVEL_LOW;
    cr_assert(live_put_state(l, &id, &s, 1000, &changed) && changed);
}

Test(live, a_sample_of_the_present_boot_gives_the_values) {
    live_fixture_ready(l, &id, &boot, 1);
    struct message_sample s = {.water_mdegc = 39500, .level_permille = 800, .current_ma = 120};
    cr_assert(live_put_sample(l, &id, &boot, &s, 3000, NULL));
    cr_assert_eq(get(3000).state.values.water_mdegc, 39500);
    cr_assert_eq(get(3000).values_at, 3000);
    struct uuid earlier = uuid_new();
    s.water_mdegc = 20000;
    cr_assert(live_put_sample(l, &id, &earlier, &s, 4000, NULL));
    cr_assert_eq(get(4000).state.values.water_mdegc, 39500, "an old boot's spool is history");
    cr_assert_eq(get(4000).heard_at, 4000);
}

Test(live, an_earlier_epoch_of_the_same_boot_is_old_news) {
    live_fixture_ready(l, &id, &boot, 9);
    struct message_hello h = live_fixture_hello(&boot, 8, 50);
    cr_assert(!live_put_hello(l, &id, &h, 2000));
    cr_assert_eq(get(2000).epoch, 9);
}

Test(live, a_device_that_lost_its_journal_is_taken_on_again) {
    live_fixture_ready(l, &id, &boot, 9);
    struct uuid other = uuid_new();
    live_fixture_ready(l, &id, &other, 1);
    int64_t epoch;
    cr_assert(live_ready(l, &id, &epoch));
    cr_assert_eq(epoch, 1);
}

Test(live, the_tag_changes_with_every_change_and_with_freshness) {
    uint64_t first = get(1000).rev;
    live_heard(l, &id, 1000);
    uint64_t second = get(1000).rev;
    cr_assert_neq(first, second);
    cr_assert_eq(second, get(1001).rev, "nothing happened");
    cr_assert_neq(second, get(1000 + LIMIT_FRESH_MS).rev);
}

Test(live, an_older_row_does_not_replace_a_newer_one) {
    struct device_row row = get(1000).facts;
    row.version = 3;
    snprintf(row.name, sizeof row.name, "newer");
    cr_assert(live_put_device(l, &row));
    row.version = 2;
    snprintf(row.name, sizeof row.name, "older");
    cr_assert(live_put_device(l, &row));
    cr_assert_str_eq(get(1000).facts.name, "newer");
}

Test(live, a_cleaning_is_shown) {
    cr_expect(live_put_cleaning(l, &(struct device_row){.id = id, .cleaning = "due", .rinse = true}));
    cr_assert_str_eq(get(1000).facts.cleaning, "due");
    cr_assert(get(1000).facts.rinse);
}

Test(live, a_retired_device_is_not_taken_on) {
    struct device_row row = get(1000).facts;
    row.version++;
    snprintf(row.service, sizeof row.service, "retired");
    cr_assert(live_put_device(l, &row));
    struct message_hello h = live_fixture_hello(&boot, 1, 1);
    cr_assert(!live_put_hello(l, &id, &h, 1000));
}

Test(live, devices_are_counted) {
    size_t known, connected;
    live_fixture_device(l);
    live_fixture_ready(l, &id, &boot, 1);
    live_count(l, &known, &connected);
    cr_assert_eq(known, 2);
    cr_assert_eq(connected, 1);
    live_put_offline(l, &id, 2000);
    live_count(l, NULL, &connected);
    cr_assert_eq(connected, 0);
}

Test(live, the_ready_ones_are_counted) {
    cr_assert_eq(live_count_ready(l), 0);
    live_fixture_ready(l, &id, &boot, 1);
    live_fixture_ready(l, &id, &boot, 2);
    cr_assert_eq(live_count_ready(l), 1);
    live_put_unready(l, 2000);
    live_put_offline(l, &id, 2000);
    cr_assert_eq(live_count_ready(l), 0);
}

Test(live, there_is_a_limit_of_devices) {
    for (int i = 1; i < LIMIT_DEVICES; i++) live_fixture_device(l);
    struct device_row row = get(1000).facts;
    row.id = uuid_new();
    cr_assert(!live_put_device(l, &row));
    row.id = id;
    cr_assert(live_put_device(l, &row), "a known one can still change");
}

struct seen {
    int n;
    bool flipped, fresh, unanswered;
};
static void visit(void *arg, const struct live_device *d, bool flipped, bool unanswered) {
    struct seen *seen = arg;
    seen->n++;
    seen->flipped = flipped;
    seen->fresh = d->fresh;
    seen->unanswered = unanswered;
}

Test(live, the_walk_tells_each_flip_of_freshness_once) {
    struct seen seen = {0};
    live_heard(l, &id, 1000);
    live_walk(l, 1500, 5000, visit, &seen);
    cr_assert(seen.n == 1 && seen.flipped && seen.fresh);
    live_walk(l, 1600, 5000, visit, &seen);
    cr_assert_eq(seen.n, 1);
    live_walk(l, 1000 + LIMIT_FRESH_MS, 5000, visit, &seen);
    cr_assert(seen.n == 2 && seen.flipped && !seen.fresh);
}

static bool say_yes(void *arg) {
    (void)arg;
    return true;
}

Test(live, the_walk_tells_of_a_command_without_an_answer) {
    struct seen seen = {0};
    live_fixture_ready(l, &id, &boot, 1);
    live_walk(l, 1000, 5000, visit, &seen);
    cr_assert_eq(live_send_turn(l, &id, 1, 1, say_yes, NULL, 2000), LIVE_TURN_SENT);
    live_walk(l, 7000, 5000, visit, &seen);
    cr_assert_eq(seen.n, 1, "not yet");
    live_walk(l, 7001, 5000, visit, &seen);
    cr_assert(seen.n == 2 && seen.unanswered);
    live_put_acked(l, &id, 1, 7100);
    live_walk(l, 13000, 5000, visit, &seen);
    cr_assert_eq(seen.n, 2, "answered");
}

Test(live, a_session_is_persisted_when_it_differs_and_not_for_a_heartbeat) {
    struct message_state s = live_fixture_state(&boot, 1, 1);
    cr_assert(live_session_differs(l, &id, &s), "nothing is known to be written yet");
    live_put_persisted(l, &id, &s);
    s.n = 2;
    s.session.elapsed_ms = 4000;
    cr_assert(!live_session_differs(l, &id, &s));
    s.session.step = 1;
    cr_assert(live_session_differs(l, &id, &s));
}
