/* Connected, fresh, ready; sessions as the device tells them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "fleet_fixture.h"

TestSuite(presence, .init = fleet_fixture_setup, .fini = fleet_fixture_teardown);

static struct fake_device d;

static bool is_connected(void *arg) {
    (void)arg;
    return fleet_fixture_live(&pg_device_a).connected;
}
static bool is_offline(void *arg) { return !is_connected(arg); }

Test(presence, only_the_recorded_hello_makes_ready) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_connect(&d);
    fake_device_wait(&d, is_connected, NULL, "the birth");
    cr_assert(!fleet_fixture_is_ready(&pg_device_a));
    fake_device_hello(&d);
    fake_device_wait_committed(&d, 1, 0);
    cr_assert(uuid_equal(&d.committed.boot_id, &d.boot));
    cr_assert_leq(d.committed.at, clock_wall_ms());
    fleet_fixture_wait_ready(&d);
    fleet_fixture_wait_event(&d, "device", "\"ready\":true");
    struct live_device live = fleet_fixture_live(&pg_device_a);
    cr_assert(live.connected && live.fresh && live.ready);
    cr_assert_str_eq(live.agent, "1.0.0");
    fake_device_drop(&d);
}

Test(presence, a_hello_is_answered_each_time) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    int before = d.n_committed;
    fake_device_hello(&d);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d.n_committed == before; fake_device_hear(&d, 5))
        cr_assert_lt(clock_mono_ms(), until);
    fake_device_drop(&d);
}

Test(presence, the_last_will_takes_connection_and_readiness) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    fake_device_drop(&d);
    fake_device_wait(&d, is_offline, NULL, "the last will");
    cr_assert(!fleet_fixture_is_ready(&pg_device_a));
    fleet_fixture_wait_event(&d, "device", "\"connected\":false");
}

Test(presence, an_unknown_device_is_counted_and_not_answered) {
    struct uuid stranger = uuid_new();
    fake_device_init(&d, &stranger, broker.port);
    fake_device_connect(&d);
    fake_device_hello(&d);
    fake_device_telemetry(&d, 1, 1, 0);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; fleet_fixture_status().unknown_devices < 2;) {
        fake_device_hear(&d, 10);
        cr_assert_lt(clock_mono_ms(), until);
    }
    cr_assert_eq(d.n_committed, 0);
    fake_device_drop(&d);
}

Test(presence, what_is_no_message_is_counted_and_changes_nothing) {
    static const char *const channels[] = {"hello", "ack", "state", "telemetry", "presence"};
    static const char *const texts[] = {"", "{", "[]", "{}", "{\"v\":1}", "\xff\xfe", "null"};
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_connect(&d);
    for (size_t c = 0; c < COUNT_OF(channels); c++)
        for (size_t t = 0; t < COUNT_OF(texts); t++) fake_device_say(&d, channels[c], texts[t]);
    fake_device_hello(&d);
    fake_device_wait_committed(&d, 1, 0);
    struct fleet_status s;
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS;;) {
        s = fleet_fixture_status();
        if (s.bad_messages + s.link_refused >= COUNT_OF(channels) * COUNT_OF(texts)) break;
        fake_device_hear(&d, 10);
        cr_assert_lt(clock_mono_ms(), until, "%d", (int)(s.bad_messages + s.link_refused));
    }
    fake_device_drop(&d);
}

Test(presence, a_device_registered_by_another_process_is_found) {
    struct uuid id = uuid_new();
    pg_sql("INSERT INTO device (id, site_id, model_id, name, serial) VALUES ('%s', '%s', 'spa-pro', 'New', "
           "'S-N')",
           pg_uuid(&id), pg_uuid(&pg_site_a));
    fake_device_init(&d, &id, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    fake_device_drop(&d);
}

static uint64_t wanted_states;
static bool are_recorded(void *arg) {
    (void)arg;
    return fleet_fixture_status().states >= wanted_states;
}
static void wait_states(uint64_t n) {
    wanted_states = n;
    fake_device_wait(&d, are_recorded, NULL, "the states to be recorded");
}

Test(presence, the_session_follows_what_the_device_says) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    d.session = (struct message_session){.id = start.session_id,
                                         .step_count = 2,
                                         .remaining_ms = 70000,
                                         .intensity = 100,
                                         .target_mdegc = 38000};
    fake_device_state(&d, DSESSION_STARTING);
    fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    fake_device_state(&d, DSESSION_RUNNING);
    fleet_fixture_wait_event(&d, "session", "\"running\"");
    cr_assert_eq(pg_session_state(&start.session_id), SESSION_RUNNING);
    fleet_fixture_wait_event(&d, "cleaning", "\"due\"");
    cr_assert_str_eq(fleet_fixture_live(&pg_device_a).facts.cleaning, "due");

    wait_states(2);
    int before = fleet_fixture_events("session", "\"running\"");
    for (int i = 0; i < 5; i++) { /* heartbeats */
        d.session.elapsed_ms += 1000;
        fake_device_state(&d, DSESSION_RUNNING);
    }
    d.session.step = 1;
    fake_device_state(&d, DSESSION_RUNNING);
    fleet_fixture_wait_sql(&d, 1, "SELECT step FROM session");
    wait_states(3);
    cr_assert_eq(fleet_fixture_status().states, 3, "heartbeats ask nothing of the database");
    cr_assert_eq(fleet_fixture_events("session", "\"running\""), before + 1);

    fake_device_state(&d, DSESSION_COMPLETED);
    fleet_fixture_wait_event(&d, "session", "\"completed\"");
    cr_assert_eq(pg_session_state(&start.session_id), SESSION_COMPLETED);
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(presence, a_session_the_device_does_not_know_any_more_is_closed) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    d.boot = uuid_new(); /* its journal is gone: it knows no session */
    fake_device_ready(&d);
    fleet_fixture_wait_event(&d, "session", "\"aborted\"");
    cr_assert_eq(pg_session_state(&start.session_id), SESSION_ABORTED);
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(presence, a_start_that_went_with_the_devices_journal_fails_and_is_not_sent_again) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_ACCEPTED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'accepted'");
    int heard = d.n_commands;
    d.boot = uuid_new();
    d.last_seq = 0;
    fake_device_ready(&d);
    fleet_fixture_wait_event(&d, "session", "\"aborted\"");
    fleet_fixture_wait_event(&d, "command", "\"lost\"");
    fleet_fixture_wait_ready(&d);
    cr_assert_eq(pg_int("SELECT count(*) FROM command WHERE state = 'failed' AND code = 'lost'"), 1);
    cr_assert_eq(pg_int("SELECT count(*) FROM session WHERE state = 'aborted' AND reason = 'lost'"), 1);
    cr_assert_eq(d.n_commands, heard);
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(presence, a_change_by_people_is_seen_at_once_and_one_elsewhere_soon) {
    struct live_device live = fleet_fixture_live(&pg_device_b);
    struct device_row row = live.facts;
    row.version++;
    strcpy(row.name, "Renamed here");
    fleet_device_changed(fleet, &row);
    cr_assert_str_eq(fleet_fixture_live(&pg_device_b).facts.name, "Renamed here");
    pg_sql("UPDATE device SET name = 'Renamed there', version = version + 5 WHERE id = '%s'",
           pg_uuid(&pg_device_b));
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS;
         strcmp(fleet_fixture_live(&pg_device_b).facts.name, "Renamed there") != 0;) {
        fake_device_init(&d, &pg_device_b, broker.port);
        fake_device_hear(&d, 50);
        cr_assert_lt(clock_mono_ms(), until);
    }
}
