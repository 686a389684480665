#include "device-agent/runtime/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "device-agent/runtime/boards.h"

#define AGENT_VERSION PEDILUVE_VERSION

/* ---- what the core wants done ---- */

static void publish(struct unit *u, struct unit_parts *p, enum topic_channel channel, struct buf *text) {
    if (u->connection) link_publish(p->link, u->index, u->connection, channel, text->data, text->len);
}

static void publish_hello(struct unit *u, struct unit_parts *p, const struct message_hello *m) {
    auto_buf struct buf birth = BUF_INIT, hello = BUF_INIT;
    struct message_presence presence = {.online = true, .boot_id = m->boot_id, .epoch = m->epoch};
    message_presence_write(&birth, &presence);
    message_hello_write(&hello, m);
    publish(u, p, TOPIC_PRESENCE, &birth);
    publish(u, p, TOPIC_HELLO, &hello);
}

static void publish_ack(struct unit *u, struct unit_parts *p, const struct agent_action *a) {
    auto_buf struct buf text = BUF_INIT;
    if (a->report) {
        auto_free struct message_ack *whole = xcalloc(1, sizeof *whole);
        whole->answer = a->ack;
        whole->n_checks = a->report->n;
        memcpy(whole->checks, a->report->checks, (size_t)a->report->n * sizeof whole->checks[0]);
        message_ack_write(&text, whole);
    } else {
        message_answer_write(&text, &a->ack);
    }
    publish(u, p, TOPIC_ACK, &text);
}

static void publish_state(struct unit *u, struct unit_parts *p, const struct message_state *m) {
    auto_buf struct buf text = BUF_INIT;
    message_state_write(&text, m);
    publish(u, p, TOPIC_STATE, &text);
}

static void write_journal(struct unit *u, struct unit_parts *p, const struct moment *now,
                          const struct agent_write *w) {
    u->ticket = keeper_write(p->keeper, u->index, &u->id, w, now->mono_ms);
    u->write_at_ms = now->mono_ms;
}

/* One that the keeper cannot take is missing; the next message says so. */
static void store_sample(struct unit *u, struct unit_parts *p, const struct agent_action *a) {
    bool fault = interlock_first_fault(&u->agent.interlock) != REASON_NONE;
    struct keeper_job job = {.type = KEEPER_SAMPLE,
                             .unit = u->index,
                             .device = u->spool,
                             .n = a->sample.n,
                             .session_id = a->sample.session_id,
                             .keep = fault || !uuid_is_zero(&a->sample.session_id),
                             .sample = a->sample.sample};
    (void)!keeper_post(p->keeper, &job);
}

/* One read is under way at a time: the core asks again in each step for what it has not seen sent. */
static void read_samples(struct unit *u, struct unit_parts *p, const struct uplink_range *range) {
    if (u->reading) return;
    struct keeper_job job = {.type = KEEPER_READ,
                             .unit = u->index,
                             .device = u->spool,
                             .boot_id = range->boot_id,
                             .from = range->from,
                             .most = (int32_t)(range->to - range->from + 1)};
    u->reading = keeper_post(p->keeper, &job);
}

static void release_samples(struct unit *u, struct unit_parts *p, const struct agent_action *a) {
    struct keeper_job job = {.type = KEEPER_RELEASE,
                             .unit = u->index,
                             .device = u->spool,
                             .n = a->telemetry.range.to,
                             .boot_id = a->telemetry.range.boot_id,
                             .boot_done = a->telemetry.boot_done};
    (void)!keeper_post(p->keeper, &job); /* what is not forgotten now is sent again after a restart at most */
    if (a->telemetry.boot_done) u->wants_head = true;
}

/* Said once when it begins and once when it is over. */
static void drive(struct unit *u, const struct outputs *wanted) {
    bool failed = !u->board.ops->actuators->apply(u->board.self, wanted);
    if (failed && !u->board_failed)
        log_error("board", "an output cannot be driven, everything is off|board=%s", u->board.ops->name);
    if (!failed && u->board_failed)
        log_info("board", "outputs can be driven again|board=%s", u->board.ops->name);
    u->board_failed = failed;
}

static void carry_out(struct unit *u, struct unit_parts *p, const struct moment *now,
                      const struct agent_action *a) {
    switch (a->type) {
    case ACTION_SET: drive(u, &a->outputs); break;
    case ACTION_JOURNAL: write_journal(u, p, now, a->write); break;
    case ACTION_HELLO: publish_hello(u, p, &a->hello); break;
    case ACTION_ACK: publish_ack(u, p, a); break;
    case ACTION_STATE: publish_state(u, p, &a->state); break;
    case ACTION_SAMPLE: store_sample(u, p, a); break;
    case ACTION_TELEMETRY: read_samples(u, p, &a->telemetry.range); break;
    case ACTION_RELEASE: release_samples(u, p, a); break;
    }
}

void unit_step(struct unit *u, struct unit_parts *p, const struct moment *now,
               const struct agent_event *event) {
    struct agent_actions actions;
    agent_step(&u->agent, now, event, &actions);
    for (int32_t i = 0; i < actions.n; i++) carry_out(u, p, now, &actions.list[i]);
    link_set_next_epoch(p->link, u->index, agent_next_epoch(&u->agent));
}

void unit_head(struct unit *u, struct unit_parts *p, const struct moment *now) {
    struct keeper_job job = {.type = KEEPER_HEAD, .unit = u->index, .device = u->spool};
    if (!u->wants_head || u->heading || now->mono_ms < u->head_at_ms) return;
    u->heading = keeper_post(p->keeper, &job);
}

/* ---- what the keeper did ---- */

/* Once when it begins and once when it is over. */
static void log_failing(bool *failing, bool ok, const char *what) {
    if (*failing == !ok) return;
    *failing = !ok;
    if (ok)
        log_info("journal", "can be written again|what=%s", what);
    else
        log_error("journal", "cannot be written|what=%s", what);
}

static void on_written(struct unit *u, struct unit_parts *p, const struct moment *now,
                       const struct keeper_result *r) {
    log_failing(&p->journal_failing, r->ok, "commands");
    if (r->ticket != u->ticket) return; /* was overdue: told as failed long since */
    u->ticket = 0;
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_JOURNAL, .ok = r->ok});
}

/* Only what still follows what was sent before. A message that the link cannot take counts as sent: the
 * watermark will ask for it again. */
static void on_read(struct unit *u, struct unit_parts *p, const struct moment *now,
                    const struct keeper_result *r) {
    const struct uplink *up = &u->agent.uplink;
    u->reading = false;
    if (!up->head.set || !uuid_equal(&up->head.boot_id, &r->boot_id) || up->head.next != r->from) return;
    if (!r->ok) {
        u->wants_head = true; /* a full spool gave them up, with all that was left of their boot */
        return;
    }
    if (!up->greeted || !u->connection) return;
    link_publish(p->link, u->index, u->connection, TOPIC_TELEMETRY, r->text, r->len);
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_SENT, .last = r->last});
}

static void on_head(struct unit *u, struct unit_parts *p, const struct moment *now,
                    const struct keeper_result *r) {
    u->heading = false;
    u->head_at_ms = r->ok ? 0 : now->mono_ms + UNIT_RETRY_MS;
    if (!r->ok) return;
    u->wants_head = false;
    unit_step(u, p, now,
              &(struct agent_event){
                  .type = EVENT_HEAD, .boot_id = r->boot_id, .watermark = r->watermark, .last = r->last});
}

void unit_kept(struct unit *u, struct unit_parts *p, const struct moment *now, struct keeper_result *r) {
    auto_free char *text = r->text;
    switch (r->type) {
    case KEEPER_WRITTEN: on_written(u, p, now, r); break;
    case KEEPER_SAMPLE:
        log_failing(&p->spool_failing, r->ok, "samples");
        if (r->ok) unit_step(u, p, now, &(struct agent_event){.type = EVENT_SPOOLED, .last = r->last});
        break;
    case KEEPER_READ: on_read(u, p, now, r); break;
    case KEEPER_RELEASE: log_failing(&p->spool_failing, r->ok, "samples"); break;
    case KEEPER_HEAD: on_head(u, p, now, r); break;
    }
}

void unit_overdue(struct unit *u, struct unit_parts *p, const struct moment *now) {
    bool overdue = u->ticket != 0 && now->mono_ms - u->write_at_ms >= UNIT_WRITE_MS;
    if (!overdue) return;
    log_failing(&p->journal_failing, false, "commands");
    u->ticket = 0;
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_JOURNAL, .ok = false});
}

void unit_tick(struct unit *u, struct unit_parts *p, const struct moment *now) {
    u->board.ops->sensors->read(u->board.self, now->control_ms, &u->readings);
    u->readings.board_failed = u->board_failed;
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_TICK, .readings = &u->readings});
}

/* ---- what comes over the link ---- */

static void refuse(const struct unit *u, const char *what, const struct field_errors *errors) {
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&u->id, id);
    log_warn("link", "a message is not understood|device=%s what=%s at=\"%s\" why=\"%s\"", id, what,
             errors->list[0].pointer, errors->list[0].detail);
}

static void take_committed(struct unit *u, struct unit_parts *p, const struct moment *now, const char *text,
                           size_t len) {
    struct message_committed m;
    struct field_errors errors;
    if (!message_committed_parse(text, len, &m, &errors)) {
        refuse(u, "committed", &errors);
        return;
    }
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_COMMITTED, .committed = &m});
}

static void take_server(struct unit *u, struct unit_parts *p, const struct moment *now, const char *text,
                        size_t len) {
    struct message_server m;
    struct field_errors errors;
    if (!message_server_parse(text, len, &m, &errors)) {
        refuse(u, "server", &errors);
        return;
    }
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_SERVER, .server = &m});
}

/* A command that is wrong in itself is answered when at least its name and number can be read. */
static void take_command(struct unit *u, struct unit_parts *p, const struct moment *now, const char *text,
                         size_t len) {
    struct field_errors errors;
    struct agent_event event = {.type = EVENT_COMMAND, .command = p->command};
    if (!message_command_parse(text, len, p->command, &errors)) {
        refuse(u, "command", &errors);
        event.bad_message = true;
        *p->command = (struct message_command){0};
        if (!message_command_head(text, len, &p->command->id, &p->command->seq, &p->command->epoch)) return;
    }
    unit_step(u, p, now, &event);
}

void unit_feed(struct unit *u, struct unit_parts *p, const struct moment *now) {
    while (u->n_commands > 0 && agent_accepts(&u->agent)) {
        auto_free char *text = u->commands[u->first].text;
        size_t len = u->commands[u->first].len;
        u->first = (u->first + 1) % UNIT_COMMANDS_MAX;
        u->n_commands--;
        take_command(u, p, now, text, len);
    }
}

static void forget_commands(struct unit *u) {
    for (; u->n_commands > 0; u->n_commands--) {
        free(u->commands[u->first].text);
        u->first = (u->first + 1) % UNIT_COMMANDS_MAX;
    }
}

static void end_connection(struct unit *u, struct unit_parts *p, const struct moment *now) {
    u->connection = 0;
    forget_commands(u); /* they carry an epoch that is over */
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_DISCONNECTED});
}

void unit_take(struct unit *u, struct unit_parts *p, const struct moment *now, struct link_event *event) {
    auto_free char *text = steal(&event->payload);
    if (event->type == LINK_CONNECTED) {
        if (u->connection) end_connection(u, p, now); /* its end did not fit into the queue */
        u->connection = event->connection;
        unit_step(u, p, now, &(struct agent_event){.type = EVENT_CONNECTED});
    } else if (event->connection != u->connection) {
        return; /* of a connection that is over */
    } else if (event->type == LINK_DISCONNECTED) {
        end_connection(u, p, now);
    } else if (event->channel == TOPIC_COMMITTED) {
        take_committed(u, p, now, text, event->len);
    } else if (event->channel == TOPIC_CHANNEL_COUNT) {
        take_server(u, p, now, text, event->len);
    } else if (event->channel == TOPIC_COMMAND && u->n_commands < UNIT_COMMANDS_MAX) {
        int at = (u->first + u->n_commands++) % UNIT_COMMANDS_MAX;
        u->commands[at].text = steal(&text);
        u->commands[at].len = event->len;
    }
}

/* ---- life ---- */

bool unit_init(struct unit *u, struct unit_parts *p, size_t index, const struct uuid *device,
               const struct model *model, const struct moment *now) {
    auto_free struct agent_recovered *recovered = xcalloc(1, sizeof *recovered);
    uint64_t seed;
    u->index = index;
    u->id = *device;
    u->boot_id = uuid_new();
    memcpy(&seed, u->boot_id.b + 8, sizeof seed);
    u->spool = spool_device(p->spool, device, &u->boot_id);
    if (!u->spool || !journal_load(p->journal, device, recovered)) {
        log_error("journal", "the journal cannot be read or written");
        return false;
    }
    if (!boards_open(p->board, p->board_file, model, seed, &u->board)) return false;
    agent_init(&u->agent, model, &u->boot_id, AGENT_VERSION, recovered, seed, now);
    u->agent.simulated = boards_is_simulated(p->board);
    return true;
}

void unit_done(struct unit *u) {
    forget_commands(u);
    if (!u->board.ops) return;
    u->board.ops->actuators->safe(u->board.self);
    u->board.ops->free(u->board.self);
    u->board.ops = NULL;
}
