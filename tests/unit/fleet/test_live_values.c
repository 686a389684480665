/* When subscribers are told a reading: when it has moved, and not too often. */
#include <criterion/criterion.h>

#include "live_fixture.h"

static struct live *l;
static struct uuid id, boot;
static int64_t n;

static void setup(void) {
    l = live_new();
    id = live_fixture_device(l);
    boot = uuid_new();
    live_fixture_ready(l, &id, &boot, 5); /* at 1000: 38 degrees, 90 % */
    n = 10;
}
static void teardown(void) { live_free(l); }
TestSuite(live_values, .init = setup, .fini = teardown);

static bool sample(int32_t water_mdegc, int32_t level_permille, int64_t now_ms) {
    struct message_sample s = {.water_mdegc = water_mdegc, .level_permille = level_permille};
    bool changed = true;
    cr_assert(live_put_sample(l, &id, &boot, &s, now_ms, &changed));
    return changed;
}
static bool state(int32_t water_mdegc, enum device_session_state session, int64_t now_ms) {
    struct message_state s = live_fixture_state(&boot, 5, ++n);
    s.values.water_mdegc = water_mdegc;
    s.session.state = (int32_t)session;
    bool changed = false;
    cr_assert(live_put_state(l, &id, &s, now_ms, &changed));
    return changed;
}

Test(live_values, a_sample_is_news_when_the_water_or_its_level_has_moved) {
    static const struct {
        int32_t water_mdegc, level_permille;
        bool news;
    } rows[] = {
        {38000, 900, false},    {38299, 900, false},     {37701, 900, false}, {38300, 900, true},
        {38500, 900, false},    {38000, 900, true}, /* counted from what was shown */
        {38000, 851, false},    {38000, 850, true},      {38000, 899, false}, {38000, 900, true},
        {INT32_MIN, 900, true}, {INT32_MIN, 900, false}, {38000, 900, true},  {38000, -1, true},
        {38000, -1, false},     {38000, 900, true},      {150000, 900, true}, {-50000, 900, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(sample(rows[i].water_mdegc, rows[i].level_permille, 10000 + (int64_t)i * LIVE_SHOW_MS),
                     rows[i].news, "row %zu", i);
}

Test(live_values, a_unit_is_told_of_at_most_once_in_five_seconds) {
    cr_expect(!sample(39000, 900, 1000 + LIVE_SHOW_MS - 1), "the hello was shown just before");
    cr_expect(sample(39000, 900, 1000 + LIVE_SHOW_MS));
    int told = 0;
    for (int64_t now = 10000; now < 70000; now += 100)
        told += sample(39000 + (int32_t)(now % 200) * 100, 900, now); /* to and fro by ten degrees */
    cr_expect(told <= 12, "%d in a minute", told);
}

Test(live_values, what_a_state_shows_needs_no_sample_to_show_it_again) {
    cr_expect(state(39000, DSESSION_NONE, 10000), "the water has moved");
    cr_expect(!state(39100, DSESSION_NONE, 20000));
    cr_expect(!sample(39200, 900, 30000));
    cr_expect(state(39200, DSESSION_RUNNING, 40000), "another state");
    cr_expect(!state(41000, DSESSION_RUNNING, 50000), "its progress is told anyway");
    cr_expect(!sample(41000, 900, 60000), "and with it the water");
}

Test(live_values, old_samples_are_no_news) {
    struct uuid earlier = uuid_new();
    struct message_sample s = {.water_mdegc = 10000, .level_permille = 0};
    bool changed = true;
    cr_assert(live_put_sample(l, &id, &earlier, &s, 20000, &changed));
    cr_expect(!changed);
}

Test(live_values, a_routine_is_known_of_its_session_alone) {
    struct uuid session = uuid_new(), other = uuid_new();
    struct live_device d;
    cr_expect(!live_knows_routine(l, &id, &session));
    live_put_routine(l, &id, &session, "relax-10", "Ten minutes of calm");
    cr_expect(live_knows_routine(l, &id, &session));
    cr_expect(!live_knows_routine(l, &id, &other));
    cr_assert(live_get(l, &id, 1000, &d));
    cr_expect_str_eq(d.routine_name, "Ten minutes of calm");
    live_put_routine(l, &other, &session, "x", "x"); /* not there: nothing */
}
