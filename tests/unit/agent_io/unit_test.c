#include <criterion/criterion.h>
#include <string.h>

#include "io_fixture.h"
#include "unit_rig.h"

#define BEYOND 9000 /* samples: more than a spool of SPOOL_SMALL takes */

TestSuite(unit, .init = rig_begin, .fini = rig_end);

/* So many seconds with a server that takes whatever was sent. */
static void serve(int seconds) {
    for (int i = 0; i < seconds; i++) {
        rig_turns(10);
        rig_commit(2, &rig->unit.boot_id, rig->unit.agent.uplink.head.next - 1);
    }
}

static bool head_is(const struct uuid *boot_id) {
    const struct uplink *u = &rig->unit.agent.uplink;
    return u->head.set && uuid_equal(&u->head.boot_id, boot_id);
}

Test(unit, sends_the_old_boot_first_and_goes_on_to_its_own) {
    struct uuid old = io_id(OLD_BOOT);
    rig_turns(2);
    cr_assert(head_is(&old));
    rig_connect(2);
    rig_turns(40);
    cr_assert(rig->unit.agent.uplink.head.next == UPLINK_WINDOW + 1, "the window is full");
    rig_commit(2, &old, 300);
    rig_turns(3);
    cr_assert(head_is(&rig->unit.boot_id));
}

Test(unit, of_a_boot_that_the_full_spool_gave_up_the_last_sample_tells_of_the_others) {
    struct uuid old = io_id(OLD_BOOT);
    struct message_telemetry m;
    rig_turns(2);
    cr_assert(head_is(&old));
    rig_add_samples(rig->unit.spool, 100000, 100000 + BEYOND);
    cr_assert(spool_read(rig->parts.spool, rig->unit.spool, &old, 1, 50, &m) && m.n == 300 && m.lost == 299);
    rig_connect(2);
    rig_turns(30);
    cr_assert_eq(rig->unit.agent.uplink.head.next, 301);
    rig_commit(2, &old, 300);
    rig_turns(3);
    cr_assert(head_is(&rig->unit.boot_id));
}

Test(unit, a_boot_of_which_nothing_is_left_does_not_hold_up_the_next) {
    struct uuid old = io_id(OLD_BOOT);
    rig_turns(2);
    cr_assert(head_is(&old));
    cr_assert(spool_release(rig->parts.spool, rig->unit.spool, &old, 300, false));
    rig_connect(2);
    rig_turns(30);
    cr_assert(head_is(&rig->unit.boot_id), "300 samples that are no longer there are waited for");
}

Test(unit, a_disk_that_fails_while_a_boot_is_finished_neither_loops_nor_stalls) {
    struct uuid old = io_id(OLD_BOOT);
    rig_connect(2);
    rig_turns(40);
    io_disk_full(true);
    rig_commit(2, &old, 300);
    rig_turns(60);
    io_disk_full(false);
    for (int i = 0; i < 100 && !head_is(&rig->unit.boot_id); i++) {
        rig_turns(10);
        rig_commit(2, &old, 300); /* as the server answers what is sent again */
    }
    cr_assert(head_is(&rig->unit.boot_id));
    rig_turns(20);
    cr_assert(rig_turn());
}

Test(unit, samples_that_could_not_be_stored_do_not_stall_those_after_them) {
    struct uuid old = io_id(OLD_BOOT);
    struct message_telemetry m;
    rig_connect(2);
    rig_turns(40);
    rig_commit(2, &old, 300);
    rig_turns(3);
    int64_t stored = rig->unit.agent.uplink.head.last;
    io_disk_full(true);
    serve(30); /* three samples at rest */
    io_disk_full(false);
    cr_assert(rig->unit.agent.uplink.head.last == stored);
    for (int i = 0; i < 300 && rig->unit.agent.uplink.head.last == stored; i++) rig_turns(1);
    cr_assert(spool_read(rig->parts.spool, rig->unit.spool, &rig->unit.boot_id, stored + 1, 50, &m));
    cr_assert(m.lost >= 2 && m.n == stored + 1 + m.lost, "%ld %ld", (long)m.n, (long)m.lost);
    serve(30);
    cr_assert(rig->unit.agent.uplink.head.committed > m.n, "they were sent, and those after them");
}

Test(unit, a_message_of_an_old_connection_is_ignored) {
    struct uuid old = io_id(OLD_BOOT);
    rig_turns(2);
    rig_connect(2);
    rig_turns(20);
    rig_take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    rig_take(LINK_CONNECTED, 4, TOPIC_CHANNEL_COUNT, NULL); /* that the first one ended did not fit in */
    cr_assert(rig->unit.n_commands == 0 && !rig->unit.agent.uplink.online, "nothing of it is left");
    rig_turns(2);
    rig_commit(4, &rig->unit.boot_id, 0);
    cr_assert(rig->unit.agent.ledger.epoch == 2);
    rig_commit(2, &old, 100);
    cr_assert(rig->unit.agent.uplink.head.committed == 0);
    rig_take(LINK_DISCONNECTED, 2, TOPIC_CHANNEL_COUNT, NULL);
    cr_assert(rig->unit.connection == 4 && rig->unit.agent.connected);
    rig_turns(20);
    rig_commit(4, &old, 100);
    cr_assert(rig->unit.agent.uplink.head.committed == 100);
}

Test(unit, commands_wait_in_a_bounded_row) {
    rig_connect(2);
    for (int i = 0; i < 3 * UNIT_COMMANDS_MAX; i++) rig_take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    cr_assert(rig->unit.n_commands == UNIT_COMMANDS_MAX);
    unit_feed(&rig->unit, &rig->parts, &rig->now);
    cr_assert(rig->unit.n_commands == 0, "none of them could be read");
    rig_take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    rig_take(LINK_DISCONNECTED, 2, TOPIC_CHANNEL_COUNT, NULL);
    cr_assert(rig->unit.n_commands == 0 && rig->unit.connection == 0, "they carry an epoch that is over");
}

/* ---- a disk that does not answer ---- */

static void hang(int ms) {
    for (int i = 0; i < ms / 100; i++) {
        rig_tick();
        unit_overdue(&rig->unit, &rig->parts, &rig->now);
    }
}

static int32_t first_fault(void) { return interlock_first_fault(&rig->unit.agent.interlock); }

static void recover(struct agent_recovered *ret) {
    struct uuid device = io_id(1);
    cr_assert(journal_load(rig->parts.journal, &device, ret));
}

Test(unit, a_disk_that_hangs_for_less_than_its_deadline_delays_a_start_and_nothing_else) {
    struct uuid command = io_id(900), session = io_id(901);
    rig_connect(2);
    rig_turns(5);
    rig_send_start(&command, &session, 1, false);
    hang(UNIT_WRITE_MS - 200);
    cr_assert_eq(first_fault(), REASON_NONE);
    cr_assert_eq(rig->unit.agent.session.r.phase, PHASE_NONE, "nothing acts before the journal has it");
    rig_turns(3);
    cr_assert(uuid_equal(&rig->unit.agent.session.r.id, &session));
}

Test(unit, a_start_that_the_disk_takes_after_the_deadline_never_acts_and_is_set_right_in_the_journal) {
    struct uuid command = io_id(900), session = io_id(901);
    struct agent_recovered *got = xcalloc(1, sizeof *got);
    rig_connect(2);
    rig_turns(5);
    rig_send_start(&command, &session, 1, false);
    hang(UNIT_WRITE_MS + 200);
    cr_assert_eq(first_fault(), REASON_JOURNAL, "told as a fault");
    const struct ledger_entry *answer = ledger_find(&rig->unit.agent.ledger, &command);
    cr_assert(answer && answer->state == ACK_REJECTED && answer->code == ACKCODE_JOURNAL_FAILED);
    hang(2000);    /* the next write is given behind the one that hangs */
    rig_turns(30); /* the disk takes them all */
    cr_assert_eq(first_fault(), REASON_NONE);
    cr_assert_eq(rig->unit.agent.session.r.phase, PHASE_NONE, "no ghost");
    recover(got);
    const struct ledger_entry *kept = ledger_find(&got->ledger, &command);
    cr_assert(kept && kept->state == ACK_REJECTED, "what was said is what is kept");
    cr_assert(uuid_is_zero(&got->session.id) && got->ledger.last_seq == 1);
    free(got);
}

Test(unit, a_disk_that_hangs_for_long_keeps_memory_bounded_and_samples_go_on_afterwards) {
    struct keeper_stats stats;
    struct uuid old = io_id(OLD_BOOT);
    rig_connect(2);
    rig_turns(5);
    hang(600000); /* ten minutes: 60 samples at rest, 600 tries of the journal */
    keeper_stats(rig->parts.keeper, &stats);
    cr_assert(stats.waiting <= KEEPER_JOBS_BASE + KEEPER_JOBS_PER_UNIT + 1, "%ld", (long)stats.waiting);
    rig_turns(30);
    cr_assert_eq(first_fault(), REASON_NONE);
    rig_commit(2, &old, 300);
    for (int i = 0; i < 100 && !head_is(&rig->unit.boot_id); i++) rig_turns(1);
    cr_assert(head_is(&rig->unit.boot_id) && rig->unit.agent.uplink.head.last > 50);
}
