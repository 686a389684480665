/* Commands reach the device once and in order; its answers move them on. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "fleet_fixture.h"

TestSuite(commands, .init = fleet_fixture_setup, .fini = fleet_fixture_teardown);

static struct fake_device d;

static const char *state_of(const struct command_row *c) {
    return pg_text("SELECT state FROM command WHERE id = '%s'", pg_uuid(&c->id));
}

static void done(struct command_row *c) { command_row_done(c); }

Test(commands, what_was_pending_is_driven_by_the_hello_in_order) {
    struct command_row start = fleet_fixture_session(0);
    struct command_row pause = fleet_fixture_order(&start.session_id, "pause", 0);
    fleet_fixture_send(&pause);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 2);
    cr_assert(uuid_equal(&d.commands[0].id, &start.id) && uuid_equal(&d.commands[1].id, &pause.id));
    cr_assert(d.commands[0].seq == 1 && d.commands[1].seq == 2);
    cr_assert(d.commands[0].epoch == 1 && d.commands[0].n_steps == 2);
    cr_assert_str_eq(state_of(&start), "sent");
    done(&start), done(&pause);
    fake_device_drop(&d);
}

Test(commands, one_for_a_ready_device_goes_out_right_after_its_commit) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    int64_t epoch;
    cr_assert(live_ready(fleet_live(fleet), &pg_device_a, &epoch));
    struct command_row start = fleet_fixture_session(epoch);
    uint64_t redrives = fleet_fixture_status().redrives;
    fleet_fixture_send(&start);
    fake_device_wait_commands(&d, 1);
    cr_assert(uuid_equal(&d.commands[0].id, &start.id));
    cr_assert_eq(fleet_fixture_status().redrives, redrives, "without asking the database again");
    done(&start);
    fake_device_drop(&d);
}

struct answer {
    atomic_int n;
    struct waiter_answer a;
};
static void on_answer(void *arg, const struct waiter_answer *a) {
    struct answer *answer = arg;
    answer->a = *a;
    atomic_fetch_add(&answer->n, 1);
}
static bool is_called(void *arg) { return ((struct answer *)arg)->n > 0; }

Test(commands, the_answer_is_in_the_database_before_the_waiter_is_woken) {
    struct answer answer = {0};
    struct command_row start = fleet_fixture_session(0);
    cr_assert(
        waiters_add(fleet_waiters(fleet), &start.id, true, clock_mono_ms() + 60000, on_answer, &answer));
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_ACCEPTED, ACKCODE_OK);
    fleet_fixture_wait_event(&d, "command", "\"accepted\"");
    cr_assert_str_eq(state_of(&start), "accepted");
    cr_assert_eq(answer.n, 0);
    fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    fake_device_wait(&d, is_called, &answer, "the waiter");
    cr_assert_str_eq(state_of(&start), "succeeded");
    cr_assert(answer.a.answered && answer.a.state == ACK_SUCCEEDED);
    fleet_fixture_wait_event(&d, "command", "\"succeeded\"");
    done(&start);
    fake_device_drop(&d);
}

Test(commands, a_repeated_answer_changes_nothing) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    for (int i = 0; i < 3; i++) fake_device_ack(&d, &d.commands[0], ACK_SUCCEEDED, ACKCODE_OK);
    fake_device_ack(&d, &d.commands[0], ACK_ACCEPTED, ACKCODE_OK);
    fake_device_state(&d, DSESSION_NONE);
    fleet_fixture_wait_event(&d, "command", "\"succeeded\"");
    uint64_t acks = 4;
    while (fleet_fixture_status().acks < acks) fake_device_hear(&d, 5);
    cr_assert_eq(fleet_fixture_events("command", "\"state\""), 1);
    cr_assert_str_eq(state_of(&start), "succeeded");
    done(&start);
    fake_device_drop(&d);
}

Test(commands, many_answers_at_once_are_all_recorded) {
    fake_device_init(&d, &pg_device_a, broker.port);
    struct command_row start = fleet_fixture_session(0), orders[20];
    for (int i = 0; i < 20; i++)
        orders[i] = fleet_fixture_order(&start.session_id, i % 2 ? "resume" : "pause", 0);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 21);
    for (int i = 0; i < 21; i++) fake_device_ack(&d, &d.commands[i], ACK_SUCCEEDED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 21, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    for (int i = 0; i < 20; i++) done(&orders[i]);
    done(&start);
    fake_device_drop(&d);
}

Test(commands, what_is_unfinished_is_driven_again_with_the_epoch_of_the_new_connection) {
    struct command_row start = fleet_fixture_session(0);
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ready(&d); /* without having answered */
    fake_device_wait_commands(&d, 2);
    cr_assert(uuid_equal(&d.commands[1].id, &start.id));
    cr_assert_eq(d.commands[1].epoch, 2);
    cr_assert_eq(d.commands[1].seq, 1);
    fake_device_ack(&d, &d.commands[1], ACK_SUCCEEDED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    cr_assert_eq(d.n_commands, 2, "what is answered for good is not driven again");
    done(&start);
    fake_device_drop(&d);
}

static bool has_second(void *arg) {
    (void)arg;
    return d.n_commands > 0 && d.commands[d.n_commands - 1].seq == 2;
}

Test(commands, one_that_overtook_another_goes_out_after_it) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    struct command_row start = fleet_fixture_session(1);
    struct command_row pause = fleet_fixture_order(&start.session_id, "pause", 1);
    fleet_fixture_send(&pause);
    fleet_fixture_send(&start);
    /* The first may come twice (the device knows its id), but never after the second alone. */
    fake_device_wait(&d, has_second, NULL, "the second");
    cr_assert_eq(d.commands[0].seq, 1);
    done(&start), done(&pause);
    fake_device_drop(&d);
}

Test(commands, one_whose_process_died_after_the_commit_is_found_and_sent) {
    fake_device_init(&d, &pg_device_a, broker.port);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    struct command_row start = fleet_fixture_session(0); /* and nobody says so */
    fake_device_wait_commands(&d, 1);
    cr_assert(uuid_equal(&d.commands[0].id, &start.id));
    done(&start);
    fake_device_drop(&d);
}

Test(commands, one_marked_sent_but_lost_on_the_way_is_sent_again_to_a_device_that_does_not_answer) {
    fake_device_init(&d, &pg_device_a, broker.port);
    struct command_row start = fleet_fixture_session(0);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d.n_commands < 2;) {
        cr_assert_lt(clock_mono_ms(), until);
        fake_device_state(&d, DSESSION_NONE); /* alive, and silent about the command */
        fake_device_hear(&d, 500);
    }
    cr_assert(uuid_equal(&d.commands[1].id, &start.id));
    done(&start);
    fake_device_drop(&d);
}

/* The copy that was refused is not the only one: believing the refusal would show a start as rejected that
 * the device then runs. */
Test(commands, a_refusal_for_a_stale_epoch_is_never_the_end_of_a_command) {
    fake_device_init(&d, &pg_device_a, broker.port);
    struct command_row start = fleet_fixture_session(0);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_REJECTED, ACKCODE_STALE_EPOCH);
    fake_device_wait_commands(&d, 2); /* at once */
    for (int i = 0; i < 3; i++) fake_device_ack(&d, &d.commands[1], ACK_REJECTED, ACKCODE_STALE_EPOCH);
    for (int64_t until = clock_mono_ms() + FAKE_DEADLINE_MS; d.n_commands < 3;) { /* a while later */
        cr_assert_lt(clock_mono_ms(), until);
        fake_device_state(&d, DSESSION_NONE);
        fake_device_hear(&d, 500);
    }
    cr_assert_str_eq(state_of(&start), "sent");
    fake_device_ack(&d, &d.commands[2], ACK_SUCCEEDED, ACKCODE_OK);
    fleet_fixture_wait_sql(&d, 1, "SELECT count(*) FROM command WHERE state = 'succeeded'");
    done(&start);
    fake_device_drop(&d);
}

Test(commands, a_rejected_start_ends_its_session_and_leaves_the_device_clean) {
    fake_device_init(&d, &pg_device_a, broker.port);
    struct command_row start = fleet_fixture_session(0);
    fake_device_ready(&d);
    fake_device_wait_commands(&d, 1);
    fake_device_ack(&d, &d.commands[0], ACK_REJECTED, ACKCODE_INTERLOCK);
    fleet_fixture_wait_event(&d, "session", "\"rejected\"");
    cr_assert_eq(pg_session_state(&start.session_id), SESSION_REJECTED);
    cr_assert_str_eq(fleet_fixture_live(&pg_device_a).facts.cleaning, "clean");
    done(&start);
    fake_device_drop(&d);
}

Test(commands, one_that_was_never_sent_expires) {
    struct command_row start = fleet_fixture_session(0);
    struct answer answer = {0};
    cr_assert(
        waiters_add(fleet_waiters(fleet), &start.id, true, clock_mono_ms() + 60000, on_answer, &answer));
    pg_sql("UPDATE command SET expires_at = now() - interval '1 second'");
    fake_device_init(&d, &pg_device_a, broker.port);
    fleet_fixture_wait_event(&d, "command", "\"expired\"");
    fleet_fixture_wait_event(&d, "session", "\"expired\"");
    fake_device_wait(&d, is_called, &answer, "the waiter");
    cr_assert_eq(answer.a.state, ACK_EXPIRED);
    fake_device_ready(&d);
    fleet_fixture_wait_ready(&d);
    cr_assert_eq(d.n_commands, 0, "and is not sent any more");
    done(&start);
    fake_device_drop(&d);
}
