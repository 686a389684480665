/* How much an hour of the device's life writes, and how often it makes the disk wait: counted at SQLite's
 * door, not measured by time. The bounds are those of docs/guarantees.md. */
#include <criterion/criterion.h>
#include <string.h>

#include "io_fixture.h"
#include "io_vfs.h"
#include "unit_rig.h"

static void begin(void) {
    io_vfs_begin();
    rig_begin();
}

TestSuite(flash, .init = begin, .fini = rig_end, .timeout = 280);

#define HOUR_TURNS 36000 /* of 100 ms */
#define MIB (1 << 20)

/* With a server that takes whatever was sent; or, without a connection, with nobody. */
static void pass(int turns, bool online) {
    for (int i = 1; i <= turns; i++) {
        cr_assert(rig_turn());
        const struct uplink *u = &rig->unit.agent.uplink;
        if (online && i % 10 == 0 && u->head.set) rig_commit(2, &u->head.boot_id, u->head.next - 1);
    }
}

static void online_and_settled(void) {
    rig_connect(2);
    pass(600, true);
    cr_assert(uuid_equal(&rig->unit.agent.uplink.head.boot_id, &rig->unit.boot_id),
              "the old boot is through");
    io_vfs_arm(IO_VFS_NONE, 0);
}

static void assert_within(const char *what, int64_t bytes, int64_t syncs) {
    struct io_vfs_counts c = io_vfs_counts();
    cr_log_info("%s: %.2f MiB in %ld writes, %ld syncs an hour", what, (double)c.bytes / MIB, (long)c.writes,
                (long)c.syncs);
    cr_assert(c.writes > 0, "nothing was counted");
    cr_expect(c.bytes <= bytes, "%s: %ld bytes an hour", what, (long)c.bytes);
    cr_expect(c.syncs <= syncs, "%s: %ld syncs an hour", what, (long)c.syncs);
}

Test(flash, an_hour_at_rest) {
    online_and_settled();
    pass(HOUR_TURNS, true);
    assert_within("at rest, online", 2 * MIB, 10);
}

Test(flash, an_hour_at_rest_without_a_server) {
    rig_turns(10);
    io_vfs_arm(IO_VFS_NONE, 0);
    pass(HOUR_TURNS, false);
    assert_within("at rest, offline", 1 * MIB, 5);
}

Test(flash, an_hour_of_sessions) {
    online_and_settled();
    for (uint32_t i = 0; i < 2; i++) {
        struct uuid command = io_id(900 + i), session = io_id(950 + i);
        rig_send_start(&command, &session, 1 + i, true);
        pass(HOUR_TURNS / 2, true);
    }
    cr_assert_eq(rig->unit.agent.ledger.last_seq, 2);
    assert_within("in sessions, online", 8 * MIB, 160);
}
