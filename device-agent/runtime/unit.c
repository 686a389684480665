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

static void publish_ack(struct unit *u, struct unit_parts *p, const struct message_ack *m) {
    auto_buf struct buf text = BUF_INIT;
    message_ack_write(&text, m);
    publish(u, p, TOPIC_ACK, &text);
}

static void publish_state(struct unit *u, struct unit_parts *p, const struct message_state *m) {
    auto_buf struct buf text = BUF_INIT;
    message_state_write(&text, m);
    publish(u, p, TOPIC_STATE, &text);
}

static void open_spool(struct unit_parts *p) {
    if (p->spooling) return;
    p->spooling = true;
    p->spool_ok = spool_begin(p->spool);
}

static void store_sample(struct unit *u, struct unit_parts *p, const struct agent_action *a) {
    open_spool(p);
    if (!p->spool_ok) return;
    p->spool_ok = spool_add(p->spool, u->spool, a->sample.n, &a->sample.session_id, &a->sample.sample);
    u->spooled = a->sample.n;
}

/* A message that the link cannot take counts as sent: the watermark will ask for it again. */
static bool send_samples(struct unit *u, struct unit_parts *p, const struct uplink_range *range,
                         int64_t *ret_last) {
    int64_t wanted = range->to - range->from + 1;
    if (!spool_read(p->spool, u->spool, &range->boot_id, range->from, (int32_t)wanted, p->telemetry)) {
        u->wants_head = true; /* a full spool gave them up, with all that was left of their boot */
        return false;
    }
    auto_buf struct buf text = BUF_INIT;
    message_telemetry_write(&text, p->telemetry);
    publish(u, p, TOPIC_TELEMETRY, &text);
    *ret_last = p->telemetry->n + p->telemetry->n_samples - 1;
    return true;
}

static void release_samples(struct unit *u, struct unit_parts *p, const struct agent_action *a) {
    open_spool(p);
    if (p->spool_ok)
        p->spool_ok = spool_release(p->spool, u->spool, &a->telemetry.range.boot_id, a->telemetry.range.to,
                                    a->telemetry.boot_done);
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

/* True: samples went out, up to *ret_sent. */
static bool carry_out(struct unit *u, struct unit_parts *p, const struct agent_action *a, int64_t *ret_sent) {
    switch (a->type) {
    case ACTION_SET: drive(u, &a->outputs); return false;
    case ACTION_JOURNAL: u->write = a->write; return false;
    case ACTION_HELLO: publish_hello(u, p, &a->hello); return false;
    case ACTION_ACK: publish_ack(u, p, &a->ack); return false;
    case ACTION_STATE: publish_state(u, p, &a->state); return false;
    case ACTION_SAMPLE: store_sample(u, p, a); return false;
    case ACTION_TELEMETRY: return send_samples(u, p, &a->telemetry.range, ret_sent);
    case ACTION_RELEASE: release_samples(u, p, a); return false;
    }
    return false;
}

void unit_step(struct unit *u, struct unit_parts *p, const struct moment *now,
               const struct agent_event *event) {
    struct agent_actions actions;
    struct agent_event sent = {.type = EVENT_SENT};
    for (bool more = true; more; event = &sent) { /* ends: each turn sends something of a bounded window */
        more = false;
        agent_step(&u->agent, now, event, &actions);
        for (int32_t i = 0; i < actions.n; i++) more |= carry_out(u, p, &actions.list[i], &sent.last);
    }
    link_set_next_epoch(p->link, u->index, agent_next_epoch(&u->agent));
}

void unit_head(struct unit *u, struct unit_parts *p, const struct moment *now) {
    struct agent_event head = {.type = EVENT_HEAD};
    if (!u->wants_head || (p->spooling && !p->spool_ok) || now->mono_ms < u->head_at_ms) return;
    u->head_at_ms = now->mono_ms + UNIT_RETRY_MS;
    if (!spool_head(p->spool, u->spool, &head.boot_id, &head.watermark, &head.last)) return;
    u->wants_head = false;
    u->head_at_ms = 0;
    unit_step(u, p, now, &head);
}

/* A board that cannot drive its outputs is not believed in its sensors: that is how the core hears of it. It
 * pauses the session and refuses another until the board can do again what it is told. */
static void disbelieve(struct readings *r) {
    for (int i = 0; i < WATER_SENSORS_MAX; i++) r->water_mdegc[i].present = false;
    r->level_permille.present = r->current_ma.present = false;
}

void unit_tick(struct unit *u, struct unit_parts *p, const struct moment *now) {
    struct readings readings;
    u->board.ops->sensors->read(u->board.self, now->control_ms, &readings);
    if (u->board_failed) disbelieve(&readings);
    unit_step(u, p, now, &(struct agent_event){.type = EVENT_TICK, .readings = &readings});
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
    return true;
}

void unit_done(struct unit *u) {
    forget_commands(u);
    if (!u->board.ops) return;
    u->board.ops->actuators->safe(u->board.self);
    u->board.ops->free(u->board.self);
    u->board.ops = NULL;
}
