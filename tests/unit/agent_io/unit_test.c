/* One unit with a real journal and spool; the test is the runtime, the clock and the broker. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "device-agent/runtime/unit.h"
#include "io_fixture.h"

#define SPOOL_SMALL (256 << 10) /* bytes: some 5000 samples */
#define BEYOND 9000             /* samples: more than that */
#define OLD_BOOT 50

struct rig {
    struct unit_parts parts;
    struct unit unit;
    struct model model;
    struct moment now;
    int64_t n; /* of the last sample put by the test */
};
static struct rig *r;

static void read_model(struct model *ret) {
    char text[8192];
    struct field_errors errors;
    FILE *f = fopen(PEDILUVE_SOURCE_DIR "/schema/catalogue/models/bath-basic.json", "rb");
    cr_assert(f);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    cr_assert(model_parse(text, len, ret, &errors));
}

static void add_samples(struct spool_device *d, int64_t first, int64_t last) {
    struct uuid none = {0};
    struct message_sample sample = {.at = 1790000000000};
    cr_assert(spool_begin(r->parts.spool));
    for (int64_t n = first; n <= last; n++) cr_assert(spool_add(r->parts.spool, d, n, &none, true, &sample));
    cr_assert(spool_commit(r->parts.spool));
}

static void begin(void) {
    char error[256] = "", path[80];
    struct uuid device = io_id(1), boot = io_id(OLD_BOOT);
    io_begin();
    log_set_level(LOG_LEVEL_ERROR);
    r = xcalloc(1, sizeof *r);
    r->now = (struct moment){.control_ms = 1000, .mono_ms = 500000, .wall_ms = 1790000000000};
    read_model(&r->model);
    snprintf(path, sizeof path, "%s.spool", io_path);
    r->parts.journal = journal_open(io_path, error);
    r->parts.spool = spool_open(path, SPOOL_SMALL, error);
    cr_assert(r->parts.journal && r->parts.spool, "%s", error);
    r->parts.keeper = keeper_new(r->parts.journal, r->parts.spool, 1);
    r->parts.command = xcalloc(1, sizeof *r->parts.command);
    r->parts.link = link_new(&(struct link_config){.host = "127.0.0.1", .port = 1, .n_clients = 1});
    struct spool_device *old = spool_device(r->parts.spool, &device, &boot);
    cr_assert(old);
    add_samples(old, 1, 300);
    cr_assert(unit_init(&r->unit, &r->parts, 0, &device, &r->model, &r->now));
    link_add(r->parts.link, 0, &device, "", &r->unit.boot_id, 1);
    r->unit.wants_head = true;
}

static void end(void) {
    static const char *const tails[] = {"", "-wal"};
    unit_done(&r->unit);
    link_free(r->parts.link);
    cr_assert(keeper_free(r->parts.keeper));
    spool_close(r->parts.spool);
    journal_close(r->parts.journal);
    free(r->parts.command);
    free(r);
    for (int i = 0; i < 2; i++) {
        char path[90];
        snprintf(path, sizeof path, "%s.spool%s", io_path, tails[i]);
        unlink(path);
    }
    io_end();
}

TestSuite(unit, .init = begin, .fini = end);

/* The keeper works on this thread; true: the spool took what there was. */
static bool keep(void) {
    struct keeper_result result;
    bool ok = true;
    while (keeper_turn(r->parts.keeper))
        while (keeper_take(r->parts.keeper, &result)) {
            ok = ok && (result.ok || (result.type != KEEPER_SAMPLE && result.type != KEEPER_RELEASE));
            unit_kept(&r->unit, &r->parts, &r->now, &result);
        }
    return ok;
}

static void tick(void) {
    r->now.mono_ms += 100;
    r->now.control_ms += 100;
    unit_tick(&r->unit, &r->parts, &r->now);
}

/* What runtime.c does with one unit. */
static bool turn(void) {
    tick();
    bool ok = keep();
    unit_overdue(&r->unit, &r->parts, &r->now);
    unit_head(&r->unit, &r->parts, &r->now);
    return keep() && ok;
}

static void turns(int n) {
    for (int i = 0; i < n; i++) (void)turn();
}

static void take(enum link_event_type type, uint32_t connection, enum topic_channel channel,
                 const char *text) {
    struct link_event e = {.type = type,
                           .connection = connection,
                           .channel = channel,
                           .payload = text ? xstrdup(text) : NULL,
                           .len = text ? strlen(text) : 0};
    unit_take(&r->unit, &r->parts, &r->now, &e);
}

static void commit_on(uint32_t connection, const struct uuid *boot_id, int64_t n) {
    auto_buf struct buf text = BUF_INIT;
    struct message_committed m = {
        .boot_id = *boot_id, .epoch = r->unit.agent.ledger.epoch, .n = n, .at = 1790000000000};
    message_committed_write(&text, &m);
    take(LINK_MESSAGE, connection, TOPIC_COMMITTED, text.data);
}

static void connect_unit(uint32_t connection) {
    take(LINK_CONNECTED, connection, TOPIC_CHANNEL_COUNT, NULL);
    turns(2);
    commit_on(connection, &r->unit.boot_id, 0);
}

/* So many seconds with a server that takes whatever was sent. */
static void serve(int seconds) {
    for (int i = 0; i < seconds; i++) {
        turns(10);
        commit_on(2, &r->unit.boot_id, r->unit.agent.uplink.head.next - 1);
    }
}

static bool head_is(const struct uuid *boot_id) {
    const struct uplink *u = &r->unit.agent.uplink;
    return u->head.set && uuid_equal(&u->head.boot_id, boot_id);
}

Test(unit, sends_the_old_boot_first_and_goes_on_to_its_own) {
    struct uuid old = io_id(OLD_BOOT);
    turns(2);
    cr_assert(head_is(&old));
    connect_unit(2);
    turns(40);
    cr_assert(r->unit.agent.uplink.head.next == UPLINK_WINDOW + 1, "the window is full");
    commit_on(2, &old, 300);
    turns(3);
    cr_assert(head_is(&r->unit.boot_id));
}

Test(unit, of_a_boot_that_the_full_spool_gave_up_the_last_sample_tells_of_the_others) {
    struct uuid old = io_id(OLD_BOOT);
    struct message_telemetry m;
    turns(2);
    cr_assert(head_is(&old));
    add_samples(r->unit.spool, 100000, 100000 + BEYOND);
    cr_assert(spool_read(r->parts.spool, r->unit.spool, &old, 1, 50, &m) && m.n == 300 && m.lost == 299);
    connect_unit(2);
    turns(30);
    cr_assert_eq(r->unit.agent.uplink.head.next, 301);
    commit_on(2, &old, 300);
    turns(3);
    cr_assert(head_is(&r->unit.boot_id));
}

Test(unit, a_boot_of_which_nothing_is_left_does_not_hold_up_the_next) {
    struct uuid old = io_id(OLD_BOOT);
    turns(2);
    cr_assert(head_is(&old));
    cr_assert(spool_release(r->parts.spool, r->unit.spool, &old, 300, false));
    connect_unit(2);
    turns(30);
    cr_assert(head_is(&r->unit.boot_id), "300 samples that are no longer there are waited for");
}

Test(unit, a_disk_that_fails_while_a_boot_is_finished_neither_loops_nor_stalls) {
    struct uuid old = io_id(OLD_BOOT);
    connect_unit(2);
    turns(40);
    io_disk_full(true);
    commit_on(2, &old, 300);
    turns(60);
    io_disk_full(false);
    for (int i = 0; i < 100 && !head_is(&r->unit.boot_id); i++) {
        turns(10);
        commit_on(2, &old, 300); /* as the server answers what is sent again */
    }
    cr_assert(head_is(&r->unit.boot_id));
    turns(20);
    cr_assert(turn());
}

Test(unit, samples_that_could_not_be_stored_do_not_stall_those_after_them) {
    struct uuid old = io_id(OLD_BOOT);
    struct message_telemetry m;
    connect_unit(2);
    turns(40);
    commit_on(2, &old, 300);
    turns(3);
    int64_t stored = r->unit.agent.uplink.head.last;
    io_disk_full(true);
    serve(30); /* three samples at rest */
    io_disk_full(false);
    cr_assert(r->unit.agent.uplink.head.last == stored);
    for (int i = 0; i < 300 && r->unit.agent.uplink.head.last == stored; i++) turns(1);
    cr_assert(spool_read(r->parts.spool, r->unit.spool, &r->unit.boot_id, stored + 1, 50, &m));
    cr_assert(m.lost >= 2 && m.n == stored + 1 + m.lost, "%ld %ld", (long)m.n, (long)m.lost);
    serve(30);
    cr_assert(r->unit.agent.uplink.head.committed > m.n, "they were sent, and those after them");
}

Test(unit, a_message_of_an_old_connection_is_ignored) {
    struct uuid old = io_id(OLD_BOOT);
    turns(2);
    connect_unit(2);
    turns(20);
    take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    take(LINK_CONNECTED, 4, TOPIC_CHANNEL_COUNT, NULL); /* that the first one ended did not fit in */
    cr_assert(r->unit.n_commands == 0 && !r->unit.agent.uplink.online, "nothing of it is left");
    turns(2);
    commit_on(4, &r->unit.boot_id, 0);
    cr_assert(r->unit.agent.ledger.epoch == 2);
    commit_on(2, &old, 100);
    cr_assert(r->unit.agent.uplink.head.committed == 0);
    take(LINK_DISCONNECTED, 2, TOPIC_CHANNEL_COUNT, NULL);
    cr_assert(r->unit.connection == 4 && r->unit.agent.connected);
    turns(20);
    commit_on(4, &old, 100);
    cr_assert(r->unit.agent.uplink.head.committed == 100);
}

Test(unit, commands_wait_in_a_bounded_row) {
    connect_unit(2);
    for (int i = 0; i < 3 * UNIT_COMMANDS_MAX; i++) take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    cr_assert(r->unit.n_commands == UNIT_COMMANDS_MAX);
    unit_feed(&r->unit, &r->parts, &r->now);
    cr_assert(r->unit.n_commands == 0, "none of them could be read");
    take(LINK_MESSAGE, 2, TOPIC_COMMAND, "{}");
    take(LINK_DISCONNECTED, 2, TOPIC_CHANNEL_COUNT, NULL);
    cr_assert(r->unit.n_commands == 0 && r->unit.connection == 0, "they carry an epoch that is over");
}

/* ---- a disk that does not answer ---- */

static void send_start(const struct uuid *command, const struct uuid *session, int64_t seq) {
    auto_buf struct buf text = BUF_INIT;
    struct message_command *m = xcalloc(1, sizeof *m);
    *m = (struct message_command){.id = *command,
                                  .seq = seq,
                                  .epoch = r->unit.agent.ledger.epoch,
                                  .type = COMMAND_START,
                                  .session_id = *session,
                                  .expires_at = 1790000600000,
                                  .has_program = true};
    m->program = (struct program){.model_version = r->model.version,
                                  .intensity_max = 50,
                                  .water_max_mdegc = 40000,
                                  .total_max_ms = 600000,
                                  .n_steps = 1};
    snprintf(m->program.model, sizeof m->program.model, "%s", r->model.id);
    m->program.steps[0] = (struct program_step){.kind = STEP_REST, .ms = 300000, .source_step = 0};
    message_command_write(&text, m);
    take(LINK_MESSAGE, 2, TOPIC_COMMAND, text.data);
    unit_feed(&r->unit, &r->parts, &r->now);
    free(m);
}

static void hang(int ms) {
    for (int i = 0; i < ms / 100; i++) {
        tick();
        unit_overdue(&r->unit, &r->parts, &r->now);
    }
}

static int32_t first_fault(void) { return interlock_first_fault(&r->unit.agent.interlock); }

static void recover(struct agent_recovered *ret) {
    struct uuid device = io_id(1);
    cr_assert(journal_load(r->parts.journal, &device, ret));
}

Test(unit, a_disk_that_hangs_for_less_than_its_deadline_delays_a_start_and_nothing_else) {
    struct uuid command = io_id(900), session = io_id(901);
    connect_unit(2);
    turns(5);
    send_start(&command, &session, 1);
    hang(UNIT_WRITE_MS - 200);
    cr_assert_eq(first_fault(), REASON_NONE);
    cr_assert_eq(r->unit.agent.session.r.phase, PHASE_NONE, "nothing acts before the journal has it");
    turns(3);
    cr_assert(uuid_equal(&r->unit.agent.session.r.id, &session));
}

Test(unit, a_start_that_the_disk_takes_after_the_deadline_never_acts_and_is_set_right_in_the_journal) {
    struct uuid command = io_id(900), session = io_id(901);
    struct agent_recovered *got = xcalloc(1, sizeof *got);
    connect_unit(2);
    turns(5);
    send_start(&command, &session, 1);
    hang(UNIT_WRITE_MS + 200);
    cr_assert_eq(first_fault(), REASON_JOURNAL, "told as a fault");
    const struct ledger_entry *answer = ledger_find(&r->unit.agent.ledger, &command);
    cr_assert(answer && answer->state == ACK_REJECTED && answer->code == ACKCODE_JOURNAL_FAILED);
    hang(2000); /* the next write is given behind the one that hangs */
    turns(30);  /* the disk takes them all */
    cr_assert_eq(first_fault(), REASON_NONE);
    cr_assert_eq(r->unit.agent.session.r.phase, PHASE_NONE, "no ghost");
    recover(got);
    const struct ledger_entry *kept = ledger_find(&got->ledger, &command);
    cr_assert(kept && kept->state == ACK_REJECTED, "what was said is what is kept");
    cr_assert(uuid_is_zero(&got->session.id) && got->ledger.last_seq == 1);
    free(got);
}

Test(unit, a_disk_that_hangs_for_long_keeps_memory_bounded_and_samples_go_on_afterwards) {
    struct keeper_stats stats;
    struct uuid old = io_id(OLD_BOOT);
    connect_unit(2);
    turns(5);
    hang(600000); /* ten minutes: 60 samples at rest, 600 tries of the journal */
    keeper_stats(r->parts.keeper, &stats);
    cr_assert(stats.waiting <= KEEPER_JOBS_BASE + KEEPER_JOBS_PER_UNIT + 1, "%ld", (long)stats.waiting);
    turns(30);
    cr_assert_eq(first_fault(), REASON_NONE);
    commit_on(2, &old, 300);
    for (int i = 0; i < 100 && !head_is(&r->unit.boot_id); i++) turns(1);
    cr_assert(head_is(&r->unit.boot_id) && r->unit.agent.uplink.head.last > 50);
}
