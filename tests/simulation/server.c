/* The server, small: its database is the arrays of struct device, its memory is forgotten when it is killed.
 * It keeps the rules of protocol/INTERFACES.md, and its staff wish for this and that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/world.h"

#define TTL_MS 20000
#define UNANSWERED_MS 5000 /* as the real server */

/* ---- programs ---- */

static void random_program(struct world *w, const struct model *m, struct program *p) {
    struct dice *dice = &w->dice;
    memset(p, 0, offsetof(struct program, steps));
    memcpy(p->model, m->id, sizeof p->model);
    p->model_version = m->version;
    p->intensity_max = 40 + dice_below(dice, 61);
    p->water_max_mdegc = 36000 + dice_below(dice, m->water_max_mdegc - 36000 + 1);
    p->total_max_ms = 200000;
    p->n_steps = 2 + dice_below(dice, 4);
    for (int32_t i = 0; i < p->n_steps; i++) {
        struct program_step *s = &p->steps[i];
        bool guide = dice_once_in(dice, 4), heat = !guide && i == 0;
        *s = (struct program_step){.kind = guide  ? STEP_GUIDE
                                           : heat ? STEP_HEAT
                                                  : STEP_RUN,
                                   .auto_next = guide && dice_once_in(dice, 2),
                                   .source_step = (int16_t)i,
                                   .ms = 2000 + dice_below(dice, 12000)};
        if (heat || dice_below(dice, 3))
            s->water_mdegc = 33000 + dice_below(dice, p->water_max_mdegc - 33000 + 1);
        if (guide && !s->auto_next) s->ms = 0;
        for (int32_t c = 1; c < m->n_actuators && s->kind == STEP_RUN; c++) {
            int32_t most = m->actuators[c].level_max;
            if (dice_once_in(dice, 3)) continue;
            struct setpoint *set = &s->sets[s->n_sets++];
            *set = (struct setpoint){
                .channel = (int8_t)c, .duty_permille = 1000, .ramp_ms = dice_below(dice, 2000)};
            set->level = (int8_t)dice_below(dice, (most < p->intensity_max ? most : p->intensity_max) + 1);
            set->wave = (int8_t)dice_below(dice, WAVE_COUNT);
            set->direction = (int8_t)dice_below(dice, DIRECTION_COUNT);
            set->period_ms = set->wave == WAVE_STEADY ? 0 : 500 + dice_below(dice, 4000);
            if (set->wave == WAVE_PULSE) set->duty_permille = (int16_t)(100 + dice_below(dice, 900));
        }
    }
    if (dice_once_in(dice, 3)) p->total_max_ms = (int32_t)program_total_ms(p) + 1 + dice_below(dice, 6000);
    struct field_errors errors;
    if (!program_check(p, m, &errors))
        world_fail(w, "a program of the test: %s %s", errors.list[0].pointer, errors.list[0].detail);
}

/* ---- commands ---- */

static bool is_ready(const struct device *d) { return d->world->server_up && d->epoch > 0; }

static void publish(struct device *d, int32_t i) {
    struct packet *p = network_send(d->world, PACKET_COMMAND, d->index);
    if (!p) return;
    p->command.order = i;
    p->command.epoch = d->epoch;
}

static void end_visit(struct device *d, int32_t session) {
    d->visits[session].ended = true;
    if (d->live == session) d->live = -1;
}

/* Noted as sent before it is sent: so what is pending was truly never sent. */
static void drive(struct device *d, int32_t i) {
    struct order *o = &d->orders[i];
    if (o->progress == PROGRESS_FINAL) return;
    if (o->progress == PROGRESS_PENDING && o->expires_at && world_server_ms(d->world) > o->expires_at) {
        o->progress = PROGRESS_FINAL;
        o->answer = ACK_EXPIRED;
        if (o->type == COMMAND_START) end_visit(d, o->session);
        return;
    }
    if (!is_ready(d)) return;
    if (o->progress == PROGRESS_PENDING && d->world->mutant != MUTANT_SENT_UNMARKED)
        o->progress = PROGRESS_SENT;
    publish(d, i);
    if (d->world->mutant != MUTANT_SENT_UNMARKED) return;
    if (!d->world->calm && dice_once_in(&d->world->dice, 3)) return; /* died between the two */
    if (o->progress == PROGRESS_PENDING) o->progress = PROGRESS_SENT;
}

static struct order *order(struct device *d, enum command_type type, int32_t session) {
    if (d->n_orders == COMMANDS_MAX) return NULL;
    int32_t i = d->n_orders++;
    struct order *o = &d->orders[i];
    *o = (struct order){.id = world_id(ID_COMMAND, d->index, i),
                        .seq = i + 1,
                        .type = type,
                        .session = type == COMMAND_SELF_TEST ? -1 : session,
                        .test = type == COMMAND_SELF_TEST ? i : -1,
                        .step = -1,
                        .intensity = -1,
                        .water_mdegc = -1};
    if (type != COMMAND_STOP) o->expires_at = world_server_ms(d->world) + TTL_MS;
    return o;
}

static void start_visit(struct device *d) {
    struct world *w = d->world;
    if (d->n_visits == SESSIONS_MAX || d->n_orders == COMMANDS_MAX) return;
    int32_t i = d->n_visits++;
    struct visit *v = &d->visits[i];
    memset(v, 0, offsetof(struct visit, program));
    v->begun = 0;
    v->over = v->stopped = false;
    v->live_ms = 0;
    v->id = world_id(ID_SESSION, d->index, i);
    random_program(w, d->model, &v->program);
    v->start = d->n_orders;
    d->live = i;
    w->counts->sessions++;
    (void)order(d, COMMAND_START, i);
    drive(d, v->start);
}

static void ask(struct device *d, enum command_type type) {
    struct dice *dice = &d->world->dice;
    struct order *o = order(d, type, d->live);
    if (!o) return;
    if (type == COMMAND_ADJUST) {
        if (dice_once_in(dice, 2)) o->water_mdegc = 30000 + dice_below(dice, 14000);
        if (o->water_mdegc < 0 || dice_once_in(dice, 2)) o->intensity = dice_below(dice, 101);
        if (o->water_mdegc > PROTO_WATER_MDEGC_MAX) o->water_mdegc = 0;
    }
    if (type == COMMAND_CONFIRM) o->step = d->visits[d->live].step;
    drive(d, d->n_orders - 1);
}

static bool has_open_stop(const struct device *d) {
    for (int32_t i = d->n_orders - 1; i >= 0; i--)
        if (d->orders[i].session == d->live && d->orders[i].type == COMMAND_STOP &&
            d->orders[i].progress != PROGRESS_FINAL)
            return true;
    return false;
}

/* The self-test without an end; -1: none. */
static int32_t open_test(const struct device *d) {
    for (int32_t i = d->n_orders - 1; i >= 0; i--)
        if (d->orders[i].type == COMMAND_SELF_TEST && d->orders[i].progress != PROGRESS_FINAL) return i;
    return -1;
}

/* Of a unit that is tested: most wait for it, some end it, and some try what they must not. */
static void wish_test(struct device *d, int32_t test) {
    struct dice *dice = &d->world->dice;
    if (dice_once_in(dice, 80)) {
        struct order *o = order(d, COMMAND_STOP, -1);
        if (!o) return;
        o->test = test;
        drive(d, d->n_orders - 1);
    } else if (dice_once_in(dice, 200)) {
        start_visit(d);
    }
}

static void wish(struct device *d) {
    struct dice *dice = &d->world->dice;
    int32_t test = open_test(d);
    if (d->live < 0 && test >= 0) {
        wish_test(d, test);
        return;
    }
    if (d->live < 0) {
        if (dice_once_in(dice, 150) && is_ready(d)) {
            if (order(d, COMMAND_SELF_TEST, -1)) drive(d, d->n_orders - 1);
            return;
        }
        if (dice_once_in(dice, 30) && (is_ready(d) || dice_once_in(dice, 10))) start_visit(d);
        return;
    }
    const struct visit *v = &d->visits[d->live];
    if (v->shown == DSESSION_PAUSED && dice_once_in(dice, 25))
        ask(d, COMMAND_RESUME);
    else if (v->shown == DSESSION_WAITING && dice_once_in(dice, 25))
        ask(d, COMMAND_CONFIRM);
    else if (dice_once_in(dice, 120))
        ask(d, 1 + (enum command_type)dice_below(dice, COMMAND_TYPE_COUNT - 1));
}

static void close_down(struct device *d) {
    if (d->live < 0 || has_open_stop(d) || d->n_orders == COMMANDS_MAX) return;
    const struct order *start = &d->orders[d->visits[d->live].start];
    if (start->progress == PROGRESS_PENDING && !is_ready(d)) return; /* it will expire */
    ask(d, COMMAND_STOP);
}

/* What is not answered goes out again, in its order. */
static void sweep(struct device *d) {
    bool unanswered = d->world->now_ms - d->driven_ms >= UNANSWERED_MS;
    for (int32_t i = 0; i < d->n_orders; i++)
        if (unanswered || d->orders[i].progress == PROGRESS_PENDING) drive(d, i);
    if (unanswered) d->driven_ms = d->world->now_ms;
}

void server_turn(struct world *w) {
    if (!w->server_up) {
        if (w->now_ms < w->server_up_at_ms) return;
        w->server_up = true;
        for (int32_t i = 0; i < w->n_devices; i++) {
            struct packet *p = network_send(w, PACKET_SERVER, i);
            if (p) p->server = (struct message_server){.spread_ms = 1000};
        }
    }
    for (int32_t i = 0; i < w->n_devices; i++) {
        struct device *d = &w->devices[i];
        if (w->step % 8 == i % 8) sweep(d);
        if (w->calm)
            close_down(d);
        else
            wish(d);
    }
}

void server_kill(struct world *w, int64_t down_ms) {
    w->server_up = false;
    w->server_up_at_ms = w->now_ms + down_ms;
    for (int32_t i = 0; i < w->n_devices; i++) w->devices[i].epoch = 0;
}

/* ---- what devices say ---- */

static void answer_committed(struct device *d, const struct uuid *boot_id, int64_t n) {
    struct packet *p = network_send(d->world, PACKET_COMMITTED, d->index);
    if (p)
        p->committed = (struct message_committed){
            .boot_id = *boot_id, .epoch = d->epoch, .n = n, .at = world_server_ms(d->world)};
}

static void take_state(struct device *d, const struct message_state *m) {
    if (m->epoch < d->epoch_stored) return;
    if (uuid_equal(&m->boot_id, &d->shown_boot) && m->n <= d->shown_n) return;
    d->shown_boot = m->boot_id;
    d->shown_n = m->n;
    int32_t i = world_number(&m->session.id, ID_SESSION, d->index);
    bool live = device_session_state_is_live(m->session.state);
    if (d->live >= 0 && i != d->live && d->visits[d->live].seen_live) end_visit(d, d->live); /* lost there */
    if (i < 0 || i >= d->n_visits || d->visits[i].ended) return;
    struct visit *v = &d->visits[i];
    v->shown = m->session.state;
    v->step = m->session.step;
    if (live) v->seen_live = true;
    if (!live && m->session.state != DSESSION_NONE) end_visit(d, i);
}

static void take_hello(struct device *d, const struct message_hello *m) {
    if (m->epoch < d->epoch_stored) return;
    d->epoch = d->epoch_stored = m->epoch;
    take_state(d, &m->state);
    const struct boot_box *b = spool_box_find(&d->spool, &m->boot_id);
    answer_committed(d, &m->boot_id, b ? b->watermark : 0);
    for (int32_t i = 0; i < d->n_orders; i++) drive(d, i);
}

static void take_ack(struct device *d, const struct message_answer *m) {
    int32_t i = world_number(&m->command_id, ID_COMMAND, d->index);
    if (i < 0 || i >= d->n_orders || d->orders[i].progress == PROGRESS_FINAL) return;
    struct order *o = &d->orders[i];
    if (m->code == ACKCODE_STALE_EPOCH) return;                                  /* of that copy only */
    if (m->code == ACKCODE_JOURNAL_FAILED && m->epoch < d->epoch_stored) return; /* what came since stands */
    o->progress = ack_state_is_final(m->state) ? PROGRESS_FINAL : PROGRESS_ACCEPTED;
    o->answer = m->state;
    if (o->type == COMMAND_STOP && o->test < 0 && m->state == ACK_SUCCEEDED)
        d->visits[o->session].stopped = true;
    if (o->type == COMMAND_START && o->progress == PROGRESS_FINAL && m->state != ACK_SUCCEEDED)
        end_visit(d, o->session);
}

static void store(struct device *d, struct boot_box *b, const struct message_telemetry *m) {
    bool twice = d->world->mutant == MUTANT_STORED_TWICE;
    for (int64_t n = b->watermark + 1; n < m->n; n++)
        if (b->flags[n] & SAMPLE_HELD)
            world_fail(d->world, "sample %lld is told as lost and is there", (long long)n);
    for (int32_t k = 0; k < m->n_samples; k++) {
        int64_t n = m->n + k;
        if (n <= b->watermark && !twice) continue;
        if (n > b->last || memcmp(&m->samples[k], &b->samples[n], sizeof m->samples[k]) ||
            !uuid_equal(&m->session_id, &b->sessions[n]))
            world_fail(d->world, "sample %lld is not the one that was taken", (long long)n);
        else if (b->flags[n] & SAMPLE_STORED)
            world_fail(d->world, "sample %lld is stored twice", (long long)n);
        else
            b->flags[n] |= SAMPLE_STORED;
    }
    if (m->n + m->n_samples - 1 > b->watermark) b->watermark = m->n + m->n_samples - 1;
}

static void take_telemetry(struct device *d, const struct message_telemetry *m) {
    struct boot_box *b = spool_box_find(&d->spool, &m->boot_id);
    if (!b) return;
    int64_t last = m->n + m->n_samples - 1;
    bool next = m->n - m->lost <= b->watermark + 1 && last > b->watermark;
    if (next || d->world->mutant == MUTANT_STORED_TWICE) store(d, b, m);
    answer_committed(d, &m->boot_id, b->watermark);
}

void server_take(struct world *w, const struct packet *p) {
    struct device *d = &w->devices[p->device];
    if (!w->server_up) return;
    switch (p->kind) {
    case PACKET_HELLO: take_hello(d, &p->hello); break;
    case PACKET_ACK: take_ack(d, &p->ack); break;
    case PACKET_STATE: take_state(d, &p->state); break;
    case PACKET_TELEMETRY: take_telemetry(d, &p->telemetry); break;
    default: break;
    }
}

static const char *unsettled(const struct device *d) {
    if (!d->powered || !d->connected) return "is away";
    if (session_is_live(d->agent.session.r.phase)) return "has a session that lives";
    if (d->live >= 0) return "has a session that lives, for the server";
    for (int32_t i = 0; i < d->n_orders; i++)
        if (d->orders[i].progress != PROGRESS_FINAL) {
            if (getenv("DBG")) {
                char t[40];
                uuid_format(&d->orders[i].id, t);
                printf("# order %d type %d progress %d seq %d last_seq %ld epoch %ld %ld conn %d pend %d "
                       "session %d\n",
                       i, d->orders[i].type, d->orders[i].progress, (int)d->orders[i].seq,
                       (long)d->agent.ledger.last_seq, (long)d->epoch, (long)d->agent.ledger.epoch,
                       d->connected, d->agent.ledger.n_pending, d->orders[i].session);
            }
            return "has a command without an answer";
        }
    for (int32_t i = 0; i < d->spool.n_boots; i++) {
        const struct boot_box *b = &d->spool.boots[i];
        for (int64_t n = b->watermark + 1; n <= b->last; n++)
            if (b->flags[n] & SAMPLE_HELD) return "has samples that are not stored";
    }
    return NULL;
}

bool server_settled(const struct world *w, int32_t *ret_device, const char **ret_why) {
    for (*ret_device = 0; *ret_device < w->n_devices; ++*ret_device)
        if ((*ret_why = unsettled(&w->devices[*ret_device]))) return false;
    return true;
}
