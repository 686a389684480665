/* The server, the broker and the database go away for a while: nothing is lost, nothing happens twice. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "fleet_fixture.h"

TestSuite(failure, .init = fleet_fixture_setup, .fini = fleet_fixture_teardown);

static struct fake_device d;

static bool server_called(void *arg) { return d.n_server > *(int *)arg; }
static bool is_disconnected(void *arg) {
    (void)arg;
    return !fleet_fixture_status().broker_connected;
}
static bool is_connected(void *arg) { return !is_disconnected(arg); }

Test(failure, after_a_restart_of_the_server_devices_are_called_and_driven_again) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    int called = d.n_server;
    fleet_fixture_stop();
    fleet_fixture_start();
    fake_device_wait(&d, server_called, &called, "the server's presence");
    cr_assert(fleet_fixture_live(&pg_device_a).connected, "the retained birth says so");
    cr_assert(!fleet_fixture_is_ready(&pg_device_a));
    fake_device_hello(&d); /* the same connection, so the same epoch */
    fake_device_wait_commands(&d, 2);
    cr_assert(uuid_equal(&d.commands[1].id, &start.id));
    cr_assert_eq(d.commands[1].epoch, 1);
    fleet_fixture_wait_ready(&d);
    command_row_done(&start);
    fake_device_drop(&d);
}

static bool is_unready(void *arg) {
    (void)arg;
    return !fleet_fixture_is_ready(&pg_device_a);
}

Test(failure, a_killed_broker_loses_no_command) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    broker_kill(&broker);
    /* The link knows first, its devices a moment later. */
    fake_device_wait(&d, is_disconnected, NULL, "the loss");
    fake_device_wait(&d, is_unready, NULL, "the device to be shown as not ready");
    struct command_row start = fleet_fixture_session(0);
    fleet_fixture_send(&start);
    broker_resume(&broker);
    fake_device_wait(&d, is_connected, NULL, "the broker's return");
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    /* Once, or again when the search for unsent commands met the hello; never as anything else. */
    for (int i = 0; i < d.n_commands; i++) {
        cr_assert(uuid_equal(&d.commands[i].id, &start.id));
        cr_assert_eq(d.commands[i].epoch, 2);
    }
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(failure, an_answer_given_while_the_database_is_away_is_recorded_when_it_is_back) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fleet_fixture_wait_ready(&d);
    fleet_fixture_database(false);
    fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    d.session = (struct message_session){.id = start.session_id, .step_count = 2, .intensity = 100};
    fake_device_state(&d, DSESSION_RUNNING);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; fleet_fixture_status().records_retried < 2;) {
        fake_device_hear(&d, 10);
        cr_assert_lt(clock_mono_ms(), until);
    }
    cr_assert(!fleet_fixture_status().database_ok);
    cr_assert_eq(fleet_fixture_live(&pg_device_a).state.session.state, DSESSION_RUNNING,
                 "shown nevertheless");
    fleet_fixture_database(true);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM session WHERE state = 'running'");
    /* Another thread may just have met the end of its old connection. */
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; !fleet_fixture_status().database_ok;) {
        fake_device_hear(&d, 10);
        cr_assert_lt(clock_mono_ms(), until);
    }
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(failure, samples_sent_while_the_database_is_away_are_not_answered_and_taken_later) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    fake_device_telemetry(&d, 1, 10, 0);
    fake_device_wait_committed(&d, 1, 10);
    fleet_fixture_database(false);
    int before = d.n_committed;
    uint64_t failed = fleet_fixture_status().batches_failed;
    fake_device_telemetry(&d, 11, 10, 0);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS;
         fleet_fixture_status().batches_failed == failed;) {
        fake_device_hear(&d, 10);
        cr_assert_lt(clock_mono_ms(), until);
    }
    cr_assert_eq(d.n_committed, before);
    fleet_fixture_database(true);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d.committed.n != 20; fake_device_hear(&d, 200)) {
        fake_device_telemetry(&d, 11, 10, 0); /* as the device does when nothing moves */
        cr_assert_lt(clock_mono_ms(), until);
    }
    cr_assert_eq(pg_int("SELECT count(*) FROM telemetry"), 20);
    cr_assert_eq(pg_int("SELECT count(DISTINCT n) FROM telemetry"), 20);
    fake_device_drop(&d);
}

Test(failure, a_hello_said_while_the_database_is_away_makes_ready_later) {
    struct command_row start = fleet_fixture_session(0);
    fleet_fixture_database(false);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_connect(&d);
    fake_device_hello(&d);
    fake_device_hear(&d, 300);
    cr_assert_eq(d.n_committed, 0, "not recorded, not answered");
    cr_assert(!fleet_fixture_is_ready(&pg_device_a));
    fleet_fixture_database(true);
    fake_device_wait_committed(&d, 1, 0);
    fake_device_wait_commands(&d, 1);
    fleet_fixture_wait_ready(&d);
    command_row_done(&start);
    fake_device_drop(&d);
}

Test(failure, stopping_is_quick_even_when_the_database_is_away) {
    fleet_fixture_database(false);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_connect(&d);
    fake_device_hello(&d);
    fake_device_hear(&d, 200);
    int64_t before = clock_mono_ms();
    fleet_fixture_stop();
    cr_assert_lt(clock_mono_ms() - before, 10000);
    fleet_fixture_database(true);
    fleet_fixture_start();
    fake_device_drop(&d);
}

Test(failure, without_a_database_it_does_not_start) {
    struct fleet_config config = {
        .database_url = "host=/nonexistent dbname=none", .mqtt_host = "127.0.0.1", .mqtt_port = broker.port};
    struct fleet *none = NULL;
    cr_assert_eq(fleet_start(&config, &none), ERR_DATABASE);
    cr_assert_null(none);
}

Test(failure, without_a_broker_it_starts_and_says_so) {
    struct fleet_config config = {
        .database_url = pg_fixture_url(), .mqtt_host = "127.0.0.1", .mqtt_port = 1 /* nobody listens */};
    struct fleet *lonely = NULL;
    struct fleet_status status;
    cr_assert_eq(fleet_start(&config, &lonely), ERR_OK);
    fleet_status(lonely, &status);
    cr_assert(!status.broker_connected && status.database_ok);
    cr_assert_eq(status.devices_known, 2);
    fleet_stop(lonely, 5000);
}
