/* One device: what the runtime does around the core, on a disk and a link that fail. */
#include <assert.h>
#include <string.h>

#include "tests/simulation/check.h"

struct moment device_now(const struct device *d) {
    const struct world *w = d->world;
    return (struct moment){.control_ms = w->now_ms + 1000,
                           .mono_ms = w->now_ms - d->boot_at_ms + 1000,
                           .wall_ms = WALL_MS + w->now_ms + d->clock_off_ms};
}

/* ---- what the core wants done ---- */

static void apply(struct device *d, const struct outputs *wanted) {
    struct outputs o = *wanted;
    if (d->world->mutant == MUTANT_GATE_OPEN && o.session && d->agent.session.r.phase == PHASE_RUNNING)
        o.heater_permille = 400;
    if (d->world->mutant == MUTANT_LEVEL_OVER_CAP)
        for (int i = 0; i < d->model->n_actuators; i++)
            for (int c = 0; c < d->model->actuators[i].cells; c++)
                if (o.level[i][c]) o.level[i][c] = (uint8_t)(o.level[i][c] + 25);
    (void)d->board.ops->actuators->apply(d->board.self, &o);
    check_outputs(d, &o);
}

static void take_write(struct device *d, const struct agent_write *w) {
    if (d->write) world_fail(d->world, "two writes on their way");
    d->write = w;
    d->written_at_ms = d->world->now_ms + dice_below(&d->world->dice, d->world->weather.disk_ms);
}

static void say_hello(struct device *d, const struct message_hello *m) {
    check_hello(d, m);
    struct packet *p = network_send(d->world, PACKET_HELLO, d->index);
    if (p) p->hello = *m;
}

static void say_ack(struct device *d, const struct message_ack *m) {
    check_ack(d, m);
    struct packet *p = network_send(d->world, PACKET_ACK, d->index);
    if (p) p->ack = *m;
}

static void say_state(struct device *d, const struct message_state *m) {
    check_state(d, m);
    struct packet *p = network_send(d->world, PACKET_STATE, d->index);
    if (p) p->state = *m;
}

static void store_sample(struct device *d, const struct agent_action *a) {
    spool_box_take(&d->spool, a->sample.n, &a->sample.session_id, &a->sample.sample);
    spool_box_keep(&d->spool, a->sample.n, d->full);
    if (!d->full) d->spooled = a->sample.n;
    d->world->counts->samples++;
}

static bool send_samples(struct device *d, const struct uplink_range *range, int64_t *ret_last) {
    struct message_telemetry *m = &d->world->telemetry;
    if (!spool_box_read(&d->spool, &range->boot_id, range->from, (int32_t)(range->to - range->from + 1), m)) {
        d->wants_head = true;
        return false;
    }
    *ret_last = m->n + m->n_samples - 1;
    if (d->world->mutant == MUTANT_LOST_UNTOLD) m->lost = 0;
    if (d->world->mutant == MUTANT_RELEASED_EARLY)
        spool_box_release(&d->spool, &range->boot_id, *ret_last, false);
    struct packet *p = network_send(d->world, PACKET_TELEMETRY, d->index);
    if (p) p->telemetry = *m;
    return true;
}

static void release(struct device *d, const struct agent_action *a) {
    if (!d->full) {
        check_release(d, &a->telemetry.range);
        spool_box_release(&d->spool, &a->telemetry.range.boot_id, a->telemetry.range.to,
                          a->telemetry.boot_done);
    }
    if (a->telemetry.boot_done) d->wants_head = true;
}

static bool carry_out(struct device *d, const struct agent_action *a, int64_t *ret_sent) {
    switch (a->type) {
    case ACTION_SET: apply(d, &a->outputs); break;
    case ACTION_JOURNAL: take_write(d, a->write); break;
    case ACTION_HELLO: say_hello(d, &a->hello); break;
    case ACTION_ACK: say_ack(d, &a->ack); break;
    case ACTION_STATE: say_state(d, &a->state); break;
    case ACTION_SAMPLE: store_sample(d, a); break;
    case ACTION_TELEMETRY: return send_samples(d, &a->telemetry.range, ret_sent);
    case ACTION_RELEASE: release(d, a); break;
    }
    return false;
}

static void step(struct device *d, const struct agent_event *event) {
    struct agent_actions actions;
    struct agent_event sent = {.type = EVENT_SENT};
    for (bool more = true; more; event = &sent) {
        struct glimpse before;
        struct moment now = device_now(d);
        more = false;
        check_before(d, &before);
        agent_step(&d->agent, &now, event, &actions);
        check_after(d, &before, event);
        for (int32_t i = 0; i < actions.n; i++) more |= carry_out(d, &actions.list[i], &sent.last);
        d->world->counts->steps++;
    }
}

/* ---- journal ---- */

static void finish_write(struct device *d) {
    const struct agent_write *w = d->write;
    if (!w || d->world->now_ms < d->written_at_ms) return;
    d->write = NULL;
    if (!d->full && d->world->mutant == MUTANT_JOURNAL_IGNORED)
        disk_pretend(&d->disk, w);
    else if (!d->full)
        (void)disk_write(&d->disk, w, disk_record_size(w));
    step(d, &(struct agent_event){.type = EVENT_JOURNAL, .ok = !d->full});
}

/* ---- commands ---- */

static void spoil(struct device *d, const struct message_command *c) {
    if (d->world->mutant == MUTANT_NO_DEDUPE) {
        memset(d->agent.ledger.entries, 0, sizeof d->agent.ledger.entries);
        d->agent.ledger.n_pending = 0;
        d->agent.ledger.last_seq = 0;
    }
    if (d->world->mutant == MUTANT_ANSWERED_EARLY) {
        struct message_ack m = {.command_id = c->id,
                                .boot_id = d->agent.boot_id,
                                .seq = c->seq,
                                .epoch = d->agent.ledger.epoch,
                                .state = ACK_ACCEPTED};
        say_ack(d, &m);
    }
}

static void feed(struct device *d) {
    while (d->n_queue > 0 && agent_accepts(&d->agent)) {
        struct queued q = d->queue[0];
        struct message_command *c = &d->world->command;
        memmove(d->queue, d->queue + 1, (size_t)--d->n_queue * sizeof q);
        memset(c, 0, offsetof(struct message_command, program));
        if (q.bad) {
            c->id = q.id;
            c->seq = q.seq;
            c->epoch = q.epoch;
        } else {
            const struct order *o = &d->orders[q.order];
            const struct visit *v = &d->visits[o->session];
            *(struct message_command *)c = (struct message_command){.id = o->id,
                                                                    .seq = o->seq,
                                                                    .epoch = q.epoch,
                                                                    .type = (int32_t)o->type,
                                                                    .session_id = v->id,
                                                                    .expires_at = o->expires_at,
                                                                    .has_intensity = o->intensity >= 0,
                                                                    .intensity = o->intensity,
                                                                    .has_water = o->water_mdegc >= 0,
                                                                    .water_mdegc = o->water_mdegc,
                                                                    .has_step = o->step >= 0,
                                                                    .step = o->step,
                                                                    .has_program = o->type == COMMAND_START};
            if (c->has_program) c->program = v->program;
            if (d->world->mutant == MUTANT_STOP_UNHEARD && o->type == COMMAND_STOP) {
                struct message_ack m = {.command_id = c->id,
                                        .boot_id = d->agent.boot_id,
                                        .seq = c->seq,
                                        .epoch = d->agent.ledger.epoch,
                                        .state = ACK_SUCCEEDED};
                struct packet *p = network_send(d->world, PACKET_ACK, d->index);
                if (p) p->ack = m;
                continue;
            }
        }
        spoil(d, c);
        d->present_command = c->id;
        step(d, &(struct agent_event){.type = EVENT_COMMAND, .command = c, .bad_message = q.bad});
    }
}

void device_take(struct device *d, const struct packet *p) {
    if (!d->powered || !d->connected) return;
    if (p->kind == PACKET_COMMITTED) {
        step(d, &(struct agent_event){.type = EVENT_COMMITTED, .committed = &p->committed});
    } else if (p->kind == PACKET_SERVER) {
        step(d, &(struct agent_event){.type = EVENT_SERVER, .server = &p->server});
    } else if (d->n_queue < QUEUE_MAX) {
        d->queue[d->n_queue++] = (struct queued){.order = p->command.order, .epoch = p->command.epoch};
    }
}

/* ---- power and link ---- */

static void boot(struct device *d) {
    struct world *w = d->world;
    static struct agent_recovered r;
    struct uuid id = world_id(ID_BOOT, d->index, ++d->boots);
    struct moment now;
    d->powered = true;
    d->boot_at_ms = w->now_ms;
    now = device_now(d);
    disk_recover(&d->disk, &r, w->mutant == MUTANT_JOURNAL_HALF);
    if (w->mutant == MUTANT_EPOCH_REUSED && r.ledger.epoch > 0) r.ledger.epoch--;
    if (w->mutant == MUTANT_SESSION_REVIVED && r.session.phase > PHASE_STOPPING)
        r.session.phase = PHASE_PAUSED;
    check_boot(d, &r);
    spool_box_boot(&d->spool, &id);
    agent_init(&d->agent, d->model, &id, "simulated", &r, dice_roll(&w->dice), &now);
    agent_watch_loop(&d->agent, (int32_t)w->tick_ms);
    d->wants_head = true;
    d->connect_at_ms = w->now_ms + dice_below(&w->dice, 2000);
}

void device_disconnect(struct device *d, int64_t away_ms) {
    d->connect_at_ms = d->world->now_ms + away_ms;
    if (!d->connected) return;
    d->connected = false;
    d->n_queue = 0;
    if (d->powered) step(d, &(struct agent_event){.type = EVENT_DISCONNECTED});
}

/* power: everything off at once; else only the agent is killed, and its board's watchdog sees to the rest. */
void device_cut(struct device *d, int64_t off_ms, bool power) {
    struct world *w = d->world;
    if (!d->powered) return;
    w->counts->cuts++;
    if (d->write && w->mutant != MUTANT_JOURNAL_IGNORED && !d->full) {
        size_t size = disk_record_size(d->write);
        size_t kept = (size_t)dice_below(&w->dice, (int32_t)size * 3 / 2);
        if (!power) kept = kept > size / 2 ? size : 0; /* the system has all of it or nothing */
        if (disk_write(&d->disk, d->write, kept))
            check_kept(d, d->write);
        else
            w->counts->torn++;
    }
    if (power) {
        d->board.ops->actuators->safe(d->board.self);
        if (dice_once_in(&w->dice, 2)) spool_box_lose_tail(&d->spool, dice_below(&w->dice, 6));
    }
    d->write = NULL;
    d->powered = d->connected = false;
    d->n_queue = 0;
    d->spooled = 0;
    d->on_at_ms = w->now_ms + off_ms;
}

static void connect(struct device *d) {
    if (d->connected || d->world->now_ms < d->connect_at_ms) return;
    d->connected = true;
    d->connection++;
    step(d, &(struct agent_event){.type = EVENT_CONNECTED});
}

/* ---- one turn ---- */

static void tick(struct device *d) {
    struct world *w = d->world;
    d->board.ops->sensors->read(d->board.self, w->now_ms + 1000, &d->raw);
    struct readings shown = d->raw;
    if (w->mutant == MUTANT_STALE_AS_FRESH)
        for (int i = 0; i < WATER_SENSORS_MAX; i++) shown.water_mdegc[i].at_ms = w->now_ms + 1000;
    if (w->mutant == MUTANT_CONTACTS_IGNORED) memset(shown.contact, 0, sizeof shown.contact);
    if (w->mutant == MUTANT_NO_MAX_TIME) d->agent.session.r.total_ms = 0;
    int64_t dt_ms = w->now_ms - d->ticked_ms;
    d->ticked_ms = w->now_ms;
    step(d, &(struct agent_event){.type = EVENT_TICK, .readings = &shown});
    check_time(d, dt_ms);
}

static void tell_spool(struct device *d) {
    if (d->spooled > 0) {
        struct agent_event event = {.type = EVENT_SPOOLED, .last = d->spooled};
        d->spooled = 0;
        step(d, &event);
    }
    struct agent_event head = {.type = EVENT_HEAD};
    if (!d->wants_head || d->full) return;
    if (!spool_box_head(&d->spool, &head.boot_id, &head.watermark, &head.last)) return;
    d->wants_head = false;
    step(d, &head);
}

void device_turn(struct device *d) {
    struct world *w = d->world;
    if (!d->powered) {
        struct readings unseen; /* the water goes on without the agent */
        d->board.ops->sensors->read(d->board.self, w->now_ms + 1000, &unseen);
        if (w->now_ms < d->on_at_ms) return;
        boot(d);
    }
    if (w->now_ms < d->stalled_until_ms) return;
    connect(d);
    feed(d);
    tick(d);
    finish_write(d);
    feed(d);
    tell_spool(d);
}

void device_init(struct device *d, struct world *w, int32_t index, const struct model *model) {
    memset(d, 0, offsetof(struct device, disk));
    memset((char *)d + offsetof(struct device, powered), 0,
           offsetof(struct device, orders) - offsetof(struct device, powered));
    d->n_orders = d->n_visits = 0;
    d->live = -1;
    d->epoch = d->epoch_stored = d->shown_n = d->driven_ms = d->said_epoch = d->said_connection =
        d->ticked_ms = 0;
    d->shown_boot = d->present_command = (struct uuid){0};
    disk_init(&d->disk);
    d->spool.n_boots = d->spool.held = 0;
    d->spool.most = w->weather.on[FAULT_SPOOL] ? 24 + dice_below(&w->dice, 60) : 1000000;
    d->world = w;
    d->index = index;
    d->model = model;
    d->board = sim_board_new(model, dice_roll(&w->dice));
    d->on_at_ms = w->now_ms;
}
