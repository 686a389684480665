/* Samples: each in the database once, whatever is lost or said twice on the way. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "fleet_fixture.h"

static struct fake_device d;

static void setup(void) {
    fleet_fixture_setup();
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
}
static void teardown(void) {
    fake_device_drop(&d);
    fleet_fixture_teardown();
}
TestSuite(telemetry, .init = setup, .fini = teardown);

#define ROWS "SELECT count(*) FROM telemetry"
#define DISTINCT_ROWS "SELECT count(DISTINCT (boot_id, n)) FROM telemetry"

Test(telemetry, what_is_committed_is_in_the_database) {
    fake_device_telemetry(&d, 1, 50, 0);
    fake_device_telemetry(&d, 51, 10, 0);
    fake_device_wait_committed(&d, 1, 60);
    cr_assert_eq(pg_int(ROWS), 60);
    cr_assert_eq(pg_int("SELECT count(*) FROM telemetry WHERE water_mdegc = 38000 + n"), 60);
    cr_assert_eq(fleet_fixture_status().samples_committed, 60);
}

Test(telemetry, one_sample_a_message_is_gathered) {
    for (int n = 1; n <= 200; n++) fake_device_telemetry(&d, n, 1, 0);
    fake_device_wait_committed(&d, 1, 200);
    cr_assert_eq(pg_int(ROWS), 200);
}

Test(telemetry, after_a_gap_nothing_is_taken_and_the_answer_says_from_where_to_go_on) {
    fake_device_telemetry(&d, 1, 10, 0);
    fake_device_wait_committed(&d, 1, 10);
    int before = d.n_committed;
    fake_device_telemetry(&d, 21, 10, 0);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d.n_committed == before; fake_device_hear(&d, 5))
        cr_assert_lt(clock_mono_ms(), until);
    cr_assert_eq(d.committed.n, 10);
    cr_assert_eq(pg_int(ROWS), 10);
    fake_device_telemetry(&d, 11, 20, 0);
    fake_device_wait_committed(&d, 1, 30);
    cr_assert_eq(pg_int(ROWS), 30);
}

Test(telemetry, what_is_sent_twice_is_there_once) {
    fake_device_telemetry(&d, 1, 30, 0);
    fake_device_telemetry(&d, 1, 30, 0);
    fake_device_wait_committed(&d, 1, 30);
    fake_device_telemetry(&d, 11, 30, 0); /* half of it is new */
    fake_device_telemetry(&d, 5, 2, 0);
    fake_device_wait_committed(&d, 1, 40);
    cr_assert_eq(pg_int(ROWS), 40);
    cr_assert_eq(pg_int(DISTINCT_ROWS), 40);
    cr_assert_geq(fleet_fixture_status().samples_duplicate, 50);
}

Test(telemetry, samples_that_the_device_gave_up_are_counted_and_passed_over) {
    fake_device_telemetry(&d, 101, 5, 100);
    fake_device_wait_committed(&d, 1, 105);
    cr_assert_eq(pg_int(ROWS), 5);
    cr_assert_eq(pg_int("SELECT lost FROM device_boot"), 100);
}

Test(telemetry, the_hello_is_answered_with_the_watermark_of_its_boot) {
    fake_device_telemetry(&d, 1, 7, 0);
    fake_device_wait_committed(&d, 1, 7);
    fake_device_ready(&d);
    cr_assert_eq(d.committed.n, 7);
    d.boot = uuid_new();
    fake_device_ready(&d);
    cr_assert_eq(d.committed.n, 0);
}

Test(telemetry, samples_of_an_old_boot_are_still_taken) {
    struct uuid old = d.boot;
    fake_device_telemetry(&d, 1, 5, 0);
    fake_device_wait_committed(&d, 1, 5);
    d.boot = uuid_new();
    fake_device_ready(&d);
    d.boot = old;
    fake_device_telemetry(&d, 6, 5, 0);
    fake_device_wait_committed(&d, 2, 10);
    cr_assert(uuid_equal(&d.committed.boot_id, &old));
    cr_assert_eq(pg_int(ROWS), 10);
}

Test(telemetry, a_wrong_clock_blocks_nothing) {
    char text[2048];
    char boot[UUID_TEXT_LEN + 1];
    uuid_format(&d.boot, boot);
    snprintf(text, sizeof text,
             "{\"boot_id\":\"%s\",\"n\":1,\"samples\":[{\"at\":1000,\"step\":0,\"elapsed_ms\":0,\"water_"
             "mdegc\":38000,"
             "\"target_mdegc\":0,\"level_permille\":900,\"current_ma\":0,\"heater_permille\":0,\"intensity\":"
             "100}]}",
             boot);
    fake_device_say(&d, "telemetry", text);
    fake_device_telemetry(&d, 2, 3, 0);
    fake_device_wait_committed(&d, 1, 4);
    cr_assert_eq(pg_int(ROWS), 3);
    cr_assert_eq(pg_int("SELECT count(*) FROM telemetry_stray"), 1);
    cr_assert_eq(fleet_fixture_status().samples_stray, 1);
}

Test(telemetry, a_device_that_did_not_say_hello_is_asked_to) {
    fleet_fixture_stop();
    fleet_fixture_start();
    fake_device_telemetry(&d, 1, 3, 0);
    fake_device_wait_committed(&d, 0, 3);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, 1, 3);
}

Test(telemetry, the_live_view_shows_the_newest_sample) {
    fake_device_telemetry(&d, 1, 20, 0);
    fake_device_wait_committed(&d, 1, 20);
    cr_assert_eq(fleet_fixture_live(&pg_device_a).state.values.water_mdegc, 38020);
}
