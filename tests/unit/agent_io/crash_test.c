/* Two sessions with all kinds of commands on a real journal and spool, while the disk goes wrong at every one
 * of its operations in turn, in every way. Then the device starts again, and the server sends everything
 * again. Held to be true, whatever happened: what was answered is what the journal has; what moved was begun
 * in the journal; a session that ended moves nothing again; no epoch comes twice; stored samples are there,
 * without a gap. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "device-agent/board/sim.h"
#include "device-agent/journal/sql.h"
#include "device-agent/runtime/keeper.h"
#include "io_fixture.h"
#include "io_vfs.h"

#define TICK_MS 100
#define DEVICE 1
#define SESSIONS 2
#define WALL_MS 1790000000000

static const struct line { /* sent as soon as the core accepts it, not before that time */
    int32_t at_ms;
    enum command_type type;
    uint32_t session;
} script[] = {
    {300, COMMAND_START, 0},   {1200, COMMAND_PAUSE, 0},   {1800, COMMAND_RESUME, 0},
    {2400, COMMAND_ADJUST, 0}, {3000, COMMAND_CONFIRM, 0}, {3300, COMMAND_STOP, 0},
    {4600, COMMAND_START, 1},  {6400, COMMAND_STOP, 1},
};
#define LINES ((int)COUNT_OF(script))
#define SCRIPT_MS 7000

struct world {
    struct model model;
    struct journal *journal;
    struct spool *spool;
    struct spool_device *device;
    struct keeper *keeper;
    uint64_t ticket;
    struct board board;
    struct agent agent;
    struct moment now;
    uint32_t boots;
    struct agent_recovered recovered;
    /* what the world outside has seen, over all boots */
    struct message_answer acks[LINES];
    bool moved[SESSIONS], ended[SESSIONS];
    int64_t epoch, stored; /* highest shown; samples of this boot that were said to be stored */
};
static struct world *w;

static char spool_path[80];

static void wipe(void) {
    static const char *const tails[] = {"", "-wal", "-journal"};
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        char path[100];
        snprintf(path, sizeof path, "%s%s", io_path, tails[i]);
        unlink(path);
        snprintf(path, sizeof path, "%s%s", spool_path, tails[i]);
        unlink(path);
    }
}

static void begin(void) {
    char text[8192];
    struct field_errors errors;
    io_begin();
    io_vfs_begin();
    snprintf(spool_path, sizeof spool_path, "%s.spool", io_path);
    w = xcalloc(1, sizeof *w);
    FILE *f = fopen(PEDILUVE_SOURCE_DIR "/schema/catalogue/models/bath-basic.json", "rb");
    cr_assert(f);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    cr_assert(model_parse(text, len, &w->model, &errors));
}

static void end(void) {
    wipe();
    free(w);
    io_end();
}

TestSuite(crash, .init = begin, .fini = end, .timeout = 500);

/* ---- the world outside ---- */

static struct uuid session_id(uint32_t session) { return io_id(700 + session); }
static struct uuid command_id(int line) { return io_id(800 + (uint32_t)line); }

static int session_index(const struct uuid *id) {
    for (uint32_t i = 0; i < SESSIONS; i++) {
        struct uuid one = session_id(i);
        if (uuid_equal(id, &one)) return (int)i;
    }
    return -1;
}

static void see_outputs(const struct outputs *o) {
    bool moves = o->heater_permille > 0;
    for (size_t i = 0; i < sizeof o->level; i++) moves |= ((const uint8_t *)o->level)[i] > 0;
    int at = session_index(&w->agent.session.r.id);
    if (!moves || at < 0) return;
    cr_assert_not(w->ended[at], "a session that ended moves again");
    w->moved[at] = true;
}

static void see_state(const struct message_state *m) {
    int at = session_index(&m->session.id);
    if (m->epoch > w->epoch) w->epoch = m->epoch;
    if (at >= 0 && m->session.state != DSESSION_NONE && !device_session_state_is_live(m->session.state))
        w->ended[at] = true;
}

static void see_ack(const struct message_answer *m) {
    for (int i = 0; i < LINES; i++) {
        struct uuid id = command_id(i);
        struct message_answer *old = &w->acks[i];
        if (!uuid_equal(&m->command_id, &id) || m->code == ACKCODE_STALE_EPOCH) continue;
        /* The one thing that may be said anew: a write that failed at its sync may be on the disk all the
         * same, and come to light when nothing could be written after it. By then nothing had acted. */
        bool failed = old->seq && old->code == ACKCODE_JOURNAL_FAILED && m->code != ACKCODE_JOURNAL_FAILED;
        if (failed && script[i].type == COMMAND_START) cr_assert_not(w->moved[script[i].session]);
        bool final = old->seq && ack_state_is_final(old->state) && !failed;
        cr_assert(!final || (old->state == m->state && old->code == m->code), "line %d: %s %s, then %s %s", i,
                  ack_state_names[old->state], ack_code_names[old->code], ack_state_names[m->state],
                  ack_code_names[m->code]);
        *old = *m;
    }
}

/* ---- the device ---- */

static void step(const struct agent_event *event) {
    static struct agent_actions actions;
    agent_step(&w->agent, &w->now, event, &actions);
    for (int32_t i = 0; i < actions.n; i++) {
        const struct agent_action *a = &actions.list[i];
        struct uuid device = io_id(DEVICE);
        struct keeper_job job = {.type = KEEPER_SAMPLE, .device = w->device};
        switch (a->type) {
        case ACTION_SET:
            (void)w->board.ops->actuators->apply(w->board.self, &a->outputs);
            see_outputs(&a->outputs);
            break;
        case ACTION_JOURNAL: w->ticket = keeper_write(w->keeper, 0, &device, a->write, w->now.mono_ms); break;
        case ACTION_HELLO: see_state(&a->hello.state); break;
        case ACTION_STATE: see_state(&a->state); break;
        case ACTION_ACK: see_ack(&a->ack); break;
        case ACTION_SAMPLE:
            job.n = a->sample.n;
            job.session_id = a->sample.session_id;
            job.keep = true;
            job.sample = a->sample.sample;
            cr_assert(keeper_post(w->keeper, &job));
            break;
        default: break;
        }
    }
}

static void keep(void) {
    struct keeper_result r;
    while (keeper_turn(w->keeper))
        while (keeper_take(w->keeper, &r)) {
            if (r.type == KEEPER_WRITTEN && r.ticket == w->ticket)
                step(&(struct agent_event){.type = EVENT_JOURNAL, .ok = r.ok});
            else if (r.type == KEEPER_SAMPLE && r.ok)
                w->stored = r.last;
        }
}

static void tick(void) {
    struct readings readings;
    w->now.control_ms += TICK_MS;
    w->now.mono_ms += TICK_MS;
    w->now.wall_ms += TICK_MS;
    w->board.ops->sensors->read(w->board.self, w->now.control_ms, &readings);
    step(&(struct agent_event){.type = EVENT_TICK, .readings = &readings});
    keep();
}

static void off(void) {
    if (w->keeper) cr_assert(keeper_free(w->keeper));
    spool_close(w->spool);
    journal_close(w->journal);
    if (w->board.ops) w->board.ops->free(w->board.self);
    w->keeper = NULL;
    w->spool = NULL;
    w->journal = NULL;
    w->board.ops = NULL;
}

/* False: the disk does not let it; then the agent does not start. */
static bool on(void) {
    char error[256];
    struct uuid device = io_id(DEVICE), boot = io_id(900 + ++w->boots);
    w->stored = 0;
    w->journal = journal_open(io_path, error);
    if (w->journal) w->spool = spool_open(spool_path, SPOOL_BYTES, error);
    bool ok = w->spool && spool_begin(w->spool);
    w->device = ok ? spool_device(w->spool, &device, &boot) : NULL;
    ok = w->device && spool_commit(w->spool) && journal_load(w->journal, &device, &w->recovered);
    if (!ok) {
        off();
        return false;
    }
    w->keeper = keeper_new(w->journal, w->spool, 1);
    w->board = sim_board_new(&w->model, 5);
    agent_init(&w->agent, &w->model, &boot, "test", &w->recovered, w->boots, &w->now);
    step(&(struct agent_event){.type = EVENT_CONNECTED});
    return true;
}

static void send(int line) {
    static struct message_command m;
    const struct line *l = &script[line];
    m = (struct message_command){.id = command_id(line),
                                 .seq = line + 1,
                                 .epoch = w->agent.ledger.epoch,
                                 .type = l->type,
                                 .session_id = session_id(l->session),
                                 .has_intensity = l->type == COMMAND_ADJUST,
                                 .intensity = 40,
                                 .has_step = l->type == COMMAND_CONFIRM,
                                 .has_program = l->type == COMMAND_START};
    struct program *p = &m.program;
    *p = (struct program){.model_version = w->model.version,
                          .intensity_max = 70,
                          .water_max_mdegc = 40000,
                          .total_max_ms = 600000,
                          .n_steps = 1};
    snprintf(p->model, sizeof p->model, "%s", w->model.id);
    p->steps[0] = (struct program_step){
        .kind = STEP_RUN, .ms = l->session == 0 ? 500000 : 700, .water_mdegc = 36000, .n_sets = 1};
    p->steps[0].sets[0] = (struct setpoint){
        .channel = (int8_t)(w->model.n_actuators - 1), .level = 60, .duty_permille = 1000, .ramp_ms = 300};
    step(&(struct agent_event){.type = EVENT_COMMAND, .command = &m});
    keep();
}

static void play(void) {
    int next = 0;
    for (int32_t ms = 0; ms < SCRIPT_MS; ms += TICK_MS) {
        tick();
        while (next < LINES && ms >= script[next].at_ms && w->agent.uplink.online && agent_accepts(&w->agent))
            send(next++);
    }
}

/* ---- what must hold ---- */

static void check_ledger(void) {
    const struct ledger *l = &w->recovered.ledger;
    cr_assert(l->epoch >= w->epoch, "epoch %ld was shown, %ld is kept", (long)w->epoch, (long)l->epoch);
    for (int i = 0; i < LINES; i++) {
        struct uuid id = command_id(i);
        const struct message_answer *a = &w->acks[i];
        const struct ledger_entry *e = ledger_find(l, &id);
        if (!a->seq || a->code == ACKCODE_JOURNAL_FAILED) continue; /* that one says that nothing is kept */
        cr_assert(e && l->last_seq >= a->seq, "line %d was answered and is forgotten", i);
        if (ack_state_is_final(a->state))
            cr_assert(e->state == a->state && e->code == a->code, "line %d: another answer is kept", i);
    }
    for (int i = 0; i < LINES; i++) {
        struct uuid id = command_id(i);
        const struct ledger_entry *e = ledger_find(l, &id);
        if (script[i].type != COMMAND_START || !w->moved[script[i].session]) continue;
        cr_assert(e && e->state != ACK_REJECTED, "line %d acted and is forgotten", i);
    }
    int at = session_index(&w->recovered.session.id);
    for (int i = 0; i < SESSIONS; i++)
        cr_assert(!w->moved[i] || at >= i, "session %d moved and is forgotten", i);
    cr_assert(at < 0 || !w->ended[at] || !session_is_live(w->recovered.session.phase),
              "a session that ended is live again");
}

/* Of the boot that stored `stored` samples. A loss of power may cost the newest; never one in between. */
static void check_samples(const struct uuid *boot, int64_t stored, bool power) {
    struct message_telemetry m;
    int64_t upto = 0;
    while (spool_read(w->spool, w->device, boot, upto + 1, 50, &m)) {
        cr_assert(m.lost == 0 || !power, "a sample in between is gone");
        upto = m.n + m.n_samples - 1;
    }
    cr_assert(power || upto >= stored, "%ld stored, %ld found", (long)stored, (long)upto);
}

/* The server sends again what it knows no final answer of, and what it does: an answer was lost on its way.
 */
static void send_all_again(void) {
    for (int i = 0; i < 5; i++) tick();
    for (int line = 0; line < LINES; line++) {
        if (w->acks[line].code == ACKCODE_JOURNAL_FAILED) continue;
        for (int i = 0; i < 5 && !agent_accepts(&w->agent); i++) tick();
        send(line);
        tick();
    }
    for (int i = 0; i < 20; i++) tick();
}

/* True: the fault came within the scenario. */
static bool trial(enum io_vfs_fault fault, int64_t at, uint64_t seed) {
    bool power = fault == IO_VFS_POWER || fault == IO_VFS_TORN;
    struct uuid boot = io_id(901);
    struct model model = w->model;
    *w = (struct world){.model = model, .now = {.control_ms = 1000, .mono_ms = 50000, .wall_ms = WALL_MS}};
    wipe();
    io_vfs_arm(fault, at);
    if (on()) play();
    bool struck = io_vfs_struck();
    int64_t stored = w->stored;
    off();
    if (power)
        io_vfs_power_loss(seed);
    else
        io_vfs_arm(IO_VFS_NONE, 0);
    cr_assert(on(), "does not start on a disk that is well again");
    check_ledger();
    check_samples(&boot, stored, power);
    send_all_again();
    off();
    cr_assert(on());
    check_ledger();
    off();
    return struck;
}

static void every_operation(enum io_vfs_fault fault, uint64_t seeds) {
    int64_t at = 1;
    bool struck = true;
    for (; struck; at++)
        for (uint64_t seed = 1; struck && seed <= seeds; seed++)
            struck = trial(fault, at, seed * 7919 + (uint64_t)at);
    cr_assert_gt(at, 60, "the scenario is too short to say anything: %ld operations", (long)at);
    cr_log_info("%ld operations", (long)at);
}

Test(crash, the_scenario_itself_runs_to_its_end) {
    cr_assert_not(trial(IO_VFS_NONE, 0, 0));
    cr_assert(w->moved[0] && w->moved[1] && w->ended[0] && w->ended[1]);
    for (int i = 0; i < LINES; i++)
        cr_assert(ack_state_is_final(w->acks[i].state), "line %d: %s", i, ack_state_names[w->acks[i].state]);
}

Test(crash, an_operation_that_fails_once_loses_nothing) { every_operation(IO_VFS_ERROR_ONCE, 1); }
Test(crash, a_disk_that_is_full_for_a_moment_loses_nothing) { every_operation(IO_VFS_FULL_ONCE, 1); }
Test(crash, a_disk_that_stays_full_loses_nothing) { every_operation(IO_VFS_FULL, 1); }
Test(crash, a_power_loss_in_the_middle_of_a_write_loses_nothing_that_was_told) {
    every_operation(IO_VFS_TORN, 2);
}
Test(crash, a_power_loss_that_keeps_any_part_of_what_was_not_synced_loses_nothing_that_was_told) {
    every_operation(IO_VFS_POWER, 3);
}

/* ---- kill -9 ---- */

static int64_t kill_at;

static void play_until_killed(void) {
    if (!on()) return;
    io_vfs_arm(IO_VFS_POWER, kill_at); /* nothing is written from there on, as if the process were gone */
    play();
}

Test(crash, kill_9_at_any_operation_leaves_files_that_open_and_agree) {
    for (kill_at = 1; kill_at <= 120; kill_at += 3) {
        struct agent_recovered *got = &w->recovered;
        struct model model = w->model;
        wipe();
        *w =
            (struct world){.model = model, .now = {.control_ms = 1000, .mono_ms = 50000, .wall_ms = WALL_MS}};
        io_kill9_after(play_until_killed);
        cr_assert(on());
        const struct session_record *s = &got->session;
        struct uuid first = command_id(0);
        cr_assert(session_index(&s->id) < 0 || ledger_find(&got->ledger, &first),
                  "a session without its start");
        cr_assert(!session_is_live(s->phase) || got->program.n_steps == 1, "a session without its program");
        off();
    }
}
