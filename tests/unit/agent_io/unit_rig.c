#include "unit_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "io_fixture.h"

struct rig *rig;

static void read_model(struct model *ret) {
    char text[8192];
    struct field_errors errors;
    FILE *f = fopen(PEDILUVE_SOURCE_DIR "/schema/catalogue/models/bath-basic.json", "rb");
    cr_assert(f);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    cr_assert(model_parse(text, len, ret, &errors));
}

void rig_add_samples(struct spool_device *d, int64_t first, int64_t last) {
    struct uuid none = {0};
    struct message_sample sample = {.at = 1790000000000};
    cr_assert(spool_begin(rig->parts.spool));
    for (int64_t n = first; n <= last; n++)
        cr_assert(spool_add(rig->parts.spool, d, n, &none, true, &sample));
    cr_assert(spool_commit(rig->parts.spool));
}

void rig_begin(void) {
    char error[256] = "", path[80];
    struct uuid device = io_id(1), boot = io_id(OLD_BOOT);
    io_begin();
    log_set_level(LOG_LEVEL_ERROR);
    rig = xcalloc(1, sizeof *rig);
    rig->now = (struct moment){.control_ms = 1000, .mono_ms = 500000, .wall_ms = 1790000000000};
    read_model(&rig->model);
    snprintf(path, sizeof path, "%s.spool", io_path);
    rig->parts.journal = journal_open(io_path, error);
    rig->parts.spool = spool_open(path, SPOOL_SMALL, error);
    cr_assert(rig->parts.journal && rig->parts.spool, "%s", error);
    rig->parts.keeper = keeper_new(rig->parts.journal, rig->parts.spool, 1);
    rig->parts.command = xcalloc(1, sizeof *rig->parts.command);
    rig->parts.link = link_new(&(struct link_config){.host = "127.0.0.1", .port = 1, .n_clients = 1});
    struct spool_device *old = spool_device(rig->parts.spool, &device, &boot);
    cr_assert(old);
    rig_add_samples(old, 1, 300);
    cr_assert(unit_init(&rig->unit, &rig->parts, 0, &device, &rig->model, &rig->now));
    link_add(rig->parts.link, 0, &device, "", &rig->unit.boot_id, 1);
    rig->unit.wants_head = true;
}

void rig_end(void) {
    static const char *const tails[] = {"", "-wal"};
    unit_done(&rig->unit);
    link_free(rig->parts.link);
    cr_assert(keeper_free(rig->parts.keeper));
    spool_close(rig->parts.spool);
    journal_close(rig->parts.journal);
    free(rig->parts.command);
    free(rig);
    for (int i = 0; i < 2; i++) {
        char path[90];
        snprintf(path, sizeof path, "%s.spool%s", io_path, tails[i]);
        unlink(path);
    }
    io_end();
}

/* The keeper works on this thread; true: the spool took what there was. */
static bool keep(void) {
    struct keeper_result result;
    bool ok = true;
    while (keeper_turn(rig->parts.keeper))
        while (keeper_take(rig->parts.keeper, &result)) {
            ok = ok && (result.ok || (result.type != KEEPER_SAMPLE && result.type != KEEPER_RELEASE));
            unit_kept(&rig->unit, &rig->parts, &rig->now, &result);
        }
    return ok;
}

void rig_tick(void) {
    rig->now.mono_ms += 100;
    rig->now.control_ms += 100;
    unit_tick(&rig->unit, &rig->parts, &rig->now);
}

/* What runtime.c does with one unit. */
bool rig_turn(void) {
    rig_tick();
    bool ok = keep();
    unit_overdue(&rig->unit, &rig->parts, &rig->now);
    unit_head(&rig->unit, &rig->parts, &rig->now);
    return keep() && ok;
}

void rig_turns(int n) {
    for (int i = 0; i < n; i++) (void)rig_turn();
}

void rig_take(enum link_event_type type, uint32_t connection, enum topic_channel channel, const char *text) {
    struct link_event e = {.type = type,
                           .connection = connection,
                           .channel = channel,
                           .payload = text ? xstrdup(text) : NULL,
                           .len = text ? strlen(text) : 0};
    unit_take(&rig->unit, &rig->parts, &rig->now, &e);
}

void rig_commit(uint32_t connection, const struct uuid *boot_id, int64_t n) {
    auto_buf struct buf text = BUF_INIT;
    struct message_committed m = {
        .boot_id = *boot_id, .epoch = rig->unit.agent.ledger.epoch, .n = n, .at = 1790000000000};
    message_committed_write(&text, &m);
    rig_take(LINK_MESSAGE, connection, TOPIC_COMMITTED, text.data);
}

void rig_connect(uint32_t connection) {
    rig_take(LINK_CONNECTED, connection, TOPIC_CHANNEL_COUNT, NULL);
    rig_turns(2);
    rig_commit(connection, &rig->unit.boot_id, 0);
}

void rig_send_start(const struct uuid *command, const struct uuid *session, int64_t seq, bool run) {
    auto_buf struct buf text = BUF_INIT;
    struct message_command *m = xcalloc(1, sizeof *m);
    *m = (struct message_command){.id = *command,
                                  .seq = seq,
                                  .epoch = rig->unit.agent.ledger.epoch,
                                  .type = COMMAND_START,
                                  .session_id = *session,
                                  .expires_at = 1790000600000,
                                  .has_program = true};
    m->program = (struct program){.model_version = rig->model.version,
                                  .intensity_max = 50,
                                  .water_max_mdegc = 40000,
                                  .total_max_ms = 600000,
                                  .n_steps = 1};
    snprintf(m->program.model, sizeof m->program.model, "%s", rig->model.id);
    m->program.steps[0] = (struct program_step){.kind = STEP_REST, .ms = 300000};
    if (run) {
        m->program.total_max_ms = rig->model.session_max_ms;
        m->program.steps[0] =
            (struct program_step){.kind = STEP_RUN, .ms = 3000000 / 2, .water_mdegc = 36000, .n_sets = 1};
        m->program.steps[0].sets[0] = (struct setpoint){.channel = (int8_t)(rig->model.n_actuators - 1),
                                                        .level = 40,
                                                        .duty_permille = 1000,
                                                        .ramp_ms = 1000};
    }
    message_command_write(&text, m);
    rig_take(LINK_MESSAGE, 2, TOPIC_COMMAND, text.data);
    unit_feed(&rig->unit, &rig->parts, &rig->now);
    free(m);
}
