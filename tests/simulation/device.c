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
    d->board_failed = !d->board.ops->actuators->apply(d->board.self, &o);
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

static void say_ack(struct device *d, const struct message_answer *m) {
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

static void forge(struct device *d, const struct order *o, enum ack_state state) {
    struct packet *p = network_send(d->world, PACKET_ACK, d->index);
    if (!p) return;
    p->ack = (struct message_answer){.command_id = o->id,
                                     .boot_id = d->agent.boot_id,
                                     .seq = o->seq,
                                     .epoch = d->agent.ledger.epoch,
                                     .state = state};
    if (state == ACK_ACCEPTED) check_ack(d, &p->ack);
}

static void forget(struct ledger *l) {
    memset(l->entries, 0, sizeof l->entries);
    l->n_pending = 0;
    l->last_seq = 0;
}

/* True: the core is not to hear of it. */
static bool mutate(struct device *d, const struct queued *q) {
    const struct order *o = &d->orders[q->order];
    switch (d->world->mutant) {
    case MUTANT_NO_DEDUPE: forget(&d->agent.ledger); return false;
    case MUTANT_ANSWERED_EARLY: forge(d, o, ACK_ACCEPTED); return false;
    case MUTANT_STOP_UNHEARD:
        if (o->type != COMMAND_STOP) return false;
        forge(d, o, ACK_SUCCEEDED);
        return true;
    default: return false;
    }
}

static void compose(struct device *d, const struct queued *q, struct message_command *c) {
    const struct order *o = &d->orders[q->order];
    const struct visit *v = o->test < 0 ? &d->visits[o->session] : NULL;
    memset(c, 0, offsetof(struct message_command, program));
    if (q->bad) {
        c->id = q->id;
        c->seq = q->seq;
        c->epoch = q->epoch;
        return;
    }
    c->id = o->id;
    c->seq = o->seq;
    c->epoch = q->epoch;
    c->type = (int32_t)o->type;
    c->session_id = v ? v->id : d->orders[o->test].id;
    c->expires_at = o->expires_at;
    c->has_intensity = o->intensity >= 0;
    c->intensity = o->intensity;
    c->has_water = o->water_mdegc >= 0;
    c->water_mdegc = o->water_mdegc;
    c->has_step = o->step >= 0;
    c->step = o->step;
    c->has_program = v && o->type == COMMAND_START;
    if (c->has_program) c->program = v->program;
}

static void feed(struct device *d) {
    while (d->n_queue > 0 && agent_accepts(&d->agent)) {
        struct queued q = d->queue[0];
        struct message_command *c = &d->world->command;
        memmove(d->queue, d->queue + 1, (size_t)--d->n_queue * sizeof q);
        if (!q.bad && mutate(d, &q)) continue;
        compose(d, &q, c);
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
    struct agent_recovered *r = &w->recovered;
    struct uuid id = world_id(ID_BOOT, d->index, ++d->boots);
    struct moment now;
    d->powered = true;
    d->board_failed = false;
    d->boot_at_ms = w->now_ms;
    now = device_now(d);
    disk_recover(&d->disk, r, w->mutant == MUTANT_JOURNAL_HALF);
    if (w->mutant == MUTANT_EPOCH_REUSED && r->ledger.epoch > 0) r->ledger.epoch--;
    if (w->mutant == MUTANT_SESSION_REVIVED && r->session.phase > PHASE_STOPPING)
        r->session.phase = PHASE_PAUSED;
    check_boot(d, r);
    spool_box_boot(&d->spool, &id);
    agent_init(&d->agent, d->model, &id, "simulated", r, dice_roll(&w->dice), &now);
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
    d->raw.board_failed = d->board_failed;
    check_danger(d);
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
    tick(d); /* first, as the runtime does it: the loop may have stood still */
    connect(d);
    feed(d);
    finish_write(d);
    feed(d);
    tell_spool(d);
}

void device_init(struct device *d, struct world *w, int32_t index, const struct model *model) {
    memset((char *)d + offsetof(struct device, world), 0, sizeof *d - offsetof(struct device, world));
    d->live = -1;
    disk_init(&d->disk);
    d->spool.n_boots = d->spool.held = 0;
    d->spool.most = w->weather.on[FAULT_SPOOL] ? 24 + dice_below(&w->dice, 60) : 1000000;
    d->world = w;
    d->index = index;
    d->model = model;
    d->board = sim_board_new(model, dice_roll(&w->dice));
    d->on_at_ms = w->now_ms;
}
