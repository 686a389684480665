#include "tests/simulation/check.h"

#include <string.h>

#define FRESH_MS 1000
#define DISAGREE_MDEGC 2000
#define HARD_MDEGC 43000
#define TEST_LEVEL_MAX 30

/* ---- outputs ---- */

static const char *cold_reason(const struct device *d) { /* why there must be no heat; NULL: there may be */
    const struct readings *r = &d->raw;
    int64_t now_ms = d->world->now_ms + 1000;
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int i = 0; i < d->model->water_sensors; i++) {
        const struct reading *w = &r->water_mdegc[i];
        if (!w->present) return "a sensor is missing";
        if (now_ms - w->at_ms > FRESH_MS) return "a sensor is stale";
        if (w->value < 0 || w->value > 60000) return "a sensor is implausible";
        if (w->value < low) low = w->value;
        if (w->value > high) high = w->value;
    }
    if (high - low > DISAGREE_MDEGC) return "the sensors disagree";
    if (high >= d->model->water_max_mdegc) return "the water is at its limit";
    const struct reading *level = &r->level_permille;
    if (!level->present || now_ms - level->at_ms > FRESH_MS) return "the level is not known";
    if (level->value < d->model->level_min_permille) return "the level is low";
    if (r->emergency_stop) return "the emergency stop is in";
    if (r->board_failed) return "the board cannot do what it is told";
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (r->contact[i].value) return "a contact says no";
    return NULL;
}

/* By the true water, not by what sensors say of it; while none of them lies. */
static const char *scald_reason(const struct device *d) {
    struct sim_truth t = sim_board_truth(d->board);
    if (d->lying == 0 && t.water_mdegc > d->model->water_max_mdegc + 300)
        return "the water itself is too hot";
    if (!d->level_fault && t.level_permille < d->model->level_min_permille - 20) return "there is no water";
    return NULL;
}

static void check_heater(struct device *d) {
    const char *why = cold_reason(d);
    if (!why) why = scald_reason(d);
    if (why) world_fail(d->world, "device %d heats though %s", d->index, why);
    d->world->counts->heat_steps++;
}

/* A debounce of 60 ms in whole steps, and the step that came too early. */
static int64_t reaction_ms(const struct world *w) { return (60 + w->tick_ms - 1) / w->tick_ms * w->tick_ms; }

void check_danger(struct device *d) {
    const struct readings *r = &d->raw;
    const bool is[DANGERS] = {r->emergency_stop, r->contact[CONTACT_LEAK].value,
                              r->contact[CONTACT_LID].value, r->contact[CONTACT_CUTOUT].value};
    for (int i = 0; i < DANGERS; i++) {
        if (!is[i]) d->danger_since_ms[i] = 0;
        if (is[i] && d->danger_since_ms[i] == 0) d->danger_since_ms[i] = d->world->now_ms;
    }
}

/* Each has a debounce of its own. */
static bool is_in_danger(const struct device *d) {
    for (int i = 0; i < DANGERS; i++)
        if (d->danger_since_ms[i] > 0 && d->world->now_ms - d->danger_since_ms[i] > reaction_ms(d->world))
            return true;
    return false;
}

static void check_level(struct device *d, int cap, int channel, int cell, int level) {
    const struct actuator *a = &d->model->actuators[channel];
    const char *why = NULL;
    if (channel >= d->model->n_actuators || cell >= a->cells || a->kind == ACTUATOR_HEATER)
        why = "there is no such cell";
    else if (level > a->level_max)
        why = "it is above the model's limit";
    else if (level > cap)
        why = "it is above the cap of its program or test";
    else if (is_in_danger(d))
        why = "a button or a contact has said no for long";
    else if (a->kind == ACTUATOR_JETS && d->raw.level_permille.value < d->model->level_min_permille)
        why = "it runs dry";
    if (why)
        world_fail(d->world, "device %d channel %d cell %d at %d: %s", d->index, channel, cell, level, why);
}

/* The visit that outputs may belong to; NULL: none, and then nothing may be on. */
static const struct visit *entitled(struct device *d) {
    const struct session_record *r = &d->agent.session.r;
    int32_t i = world_number(&r->id, ID_SESSION, d->index);
    if (i < 0 || i >= d->n_visits || !session_is_live(r->phase)) return NULL;
    const struct visit *v = &d->visits[i];
    const struct order *start = &d->orders[v->start];
    if (v->stopped) world_fail(d->world, "device %d: session %d runs, and was told as stopped", d->index, i);
    if (v->over) world_fail(d->world, "device %d: session %d runs after its end was told", d->index, i);
    if (start->progress == PROGRESS_FINAL && start->answer != ACK_SUCCEEDED)
        world_fail(d->world, "device %d: ghost start: session %d runs, its start is told as %s", d->index, i,
                   ack_state_names[start->answer]);
    return v;
}

/* One thing at a time, gently, and only for a test that somebody asked for and that is not told as over. */
static void check_test_outputs(struct device *d, const struct outputs *o) {
    int32_t i = world_number(&d->agent.test.id, ID_COMMAND, d->index), driven = o->heater_permille > 0;
    if (i < 0 || i >= d->n_orders || d->orders[i].type != COMMAND_SELF_TEST)
        world_fail(d->world, "device %d: a self-test that nobody asked for drives something", d->index);
    else if (d->orders[i].answered)
        world_fail(d->world, "device %d: self-test %d drives something and is told as over", d->index, i);
    if (o->heater_permille > 0) check_heater(d);
    for (int a = 0; a < PROTO_ACTUATORS_MAX; a++)
        for (int c = 0; c < PROTO_CELLS_MAX; c++) {
            if (!o->level[a][c]) continue;
            driven++;
            d->world->counts->motor_steps++;
            check_level(d, TEST_LEVEL_MAX, a, c, o->level[a][c]);
        }
    if (driven > 1) world_fail(d->world, "device %d: a self-test drives %d things at once", d->index, driven);
}

void check_outputs(struct device *d, const struct outputs *o) {
    static const struct outputs still;
    bool moves = memcmp(o->level, still.level, sizeof o->level) != 0;
    if (!moves && o->heater_permille == 0) return;
    if (d->agent.test.active) {
        check_test_outputs(d, o);
        return;
    }
    const struct visit *v = entitled(d);
    if (!v) {
        world_fail(d->world, "device %d: something is on without a session", d->index);
        return;
    }
    if (o->heater_permille < 0 || o->heater_permille > 1000)
        world_fail(d->world, "duty %d", o->heater_permille);
    if (o->heater_permille > 0) check_heater(d);
    if (!moves) return;
    d->world->counts->motor_steps++;
    for (int i = 0; i < PROTO_ACTUATORS_MAX; i++)
        for (int c = 0; c < PROTO_CELLS_MAX; c++)
            if (o->level[i][c]) check_level(d, v->program.intensity_max, i, c, o->level[i][c]);
}

/* ---- commands take effect once, and only when asked for ---- */

void check_before(const struct device *d, struct glimpse *ret) {
    const struct session *s = &d->agent.session;
    bool live = session_is_live(s->r.phase);
    *ret = (struct glimpse){.session = s->r.id,
                            .phase = s->r.phase,
                            .planned = d->agent.plan.active,
                            .testing = d->agent.test.active};
    if (ret->planned) ret->plan = d->agent.plan.answer.command_id;
    if (!live) return;
    ret->step = s->executor.step;
    ret->intensity = s->executor.intensity;
    ret->water_mdegc = s->executor.water_mdegc;
    const struct program *p = s->executor.program;
    ret->guide =
        ret->step < p->n_steps && p->steps[ret->step].kind == STEP_GUIDE && !p->steps[ret->step].auto_next;
}

static void effect(struct device *d, const struct uuid *command, enum command_type type, const char *what) {
    int32_t i = world_number(command, ID_COMMAND, d->index);
    struct order *o = i >= 0 && i < d->n_orders ? &d->orders[i] : NULL;
    if (!o || o->type != type) {
        world_fail(d->world, "device %d: %s that nobody asked for", d->index, what);
        return;
    }
    /* A stop acts before the journal has it, and once more when the power went in between: the safe way. */
    bool again = type == COMMAND_STOP && o->effect_boot != d->boots;
    if (++o->effects > 1 && !again)
        world_fail(d->world, "device %d: command %d: %s twice", d->index, i, what);
    o->effect_boot = d->boots;
    if (o->answered && o->said != ACK_SUCCEEDED)
        world_fail(d->world, "device %d: command %d: %s after it was answered %s", d->index, i, what,
                   ack_code_names[o->said_code]);
    if (o->progress == PROGRESS_FINAL && o->answer != ACK_SUCCEEDED)
        world_fail(d->world, "device %d: command %d: %s, and the server says %s", d->index, i, what,
                   ack_state_names[o->answer]);
    d->world->counts->effects[type]++;
}

static void begin(struct device *d, const struct uuid *command) {
    int32_t i = world_number(&d->agent.session.r.id, ID_SESSION, d->index);
    effect(d, command, COMMAND_START, "a start");
    if (i < 0 || i >= d->n_visits) {
        world_fail(d->world, "device %d: a session that nobody made", d->index);
        return;
    }
    if (++d->visits[i].begun > 1) world_fail(d->world, "device %d: session %d began twice", d->index, i);
}

static bool runs(int32_t phase) {
    return phase == PHASE_STARTING || phase == PHASE_RUNNING || phase == PHASE_WAITING;
}

void check_after(struct device *d, const struct glimpse *b, const struct agent_event *event) {
    static const struct uuid nobody;
    const struct session *s = &d->agent.session;
    const struct uuid *plan = b->planned && event->type == EVENT_JOURNAL && event->ok ? &b->plan : &nobody;
    int32_t phase = s->r.phase;
    if (d->agent.ledger.last_seq > d->n_orders)
        world_fail(d->world, "device %d believes in command number %lld", d->index,
                   (long long)d->agent.ledger.last_seq);
    if (d->agent.test.active && !b->testing) effect(d, plan, COMMAND_SELF_TEST, "a self-test");
    if (!d->agent.test.active && b->testing && event->type == EVENT_COMMAND)
        effect(d, &d->present_command, COMMAND_STOP, "a stop");
    if (d->agent.test.active && session_is_live(phase))
        world_fail(d->world, "device %d: a session lives while it is tested", d->index);
    if (!uuid_equal(&s->r.id, &b->session)) {
        begin(d, plan);
        return;
    }
    bool was_live = session_is_live(b->phase), live = session_is_live(phase);
    if (!was_live && live) world_fail(d->world, "device %d: a session that ended lives again", d->index);
    if (was_live && !live && s->r.reason != REASON_NONE && phase == PHASE_ABORTED)
        d->world->counts->interlocked++;
    if (!was_live || !live) return;
    if ((b->phase == PHASE_PAUSED || b->phase == PHASE_PAUSING) && runs(phase))
        effect(d, plan, COMMAND_RESUME, "a resume");
    if (runs(b->phase) && phase == PHASE_PAUSING) effect(d, plan, COMMAND_PAUSE, "a pause");
    if (b->phase != PHASE_STOPPING && phase == PHASE_STOPPING)
        effect(d, event->type == EVENT_COMMAND ? &d->present_command : &nobody, COMMAND_STOP, "a stop");
    if (s->executor.intensity != b->intensity || s->executor.water_mdegc != b->water_mdegc)
        effect(d, plan, COMMAND_ADJUST, "an adjustment");
    if (b->guide && s->executor.step != b->step) effect(d, plan, COMMAND_CONFIRM, "a confirmation");
}

/* The longest time, as far as one start of the agent has seen it. */
void check_time(struct device *d, int64_t dt_ms) {
    int32_t i = world_number(&d->agent.session.r.id, ID_SESSION, d->index);
    if (i < 0 || i >= d->n_visits || !session_is_live(d->agent.session.r.phase)) return;
    struct visit *v = &d->visits[i];
    v->live_ms += dt_ms < AGENT_DT_MAX_MS ? dt_ms : AGENT_DT_MAX_MS;
    if (v->live_ms > v->program.total_max_ms + 2 * AGENT_DT_MAX_MS)
        world_fail(d->world, "device %d: session %d is not over after its longest time", d->index, i);
}

/* ---- what it says is so, and stays so ---- */

static void check_final_ack(struct device *d, struct order *o, const struct message_answer *m) {
    int32_t i = (int32_t)(o - d->orders);
    const struct session_record *r = &d->agent.session.r;
    if (o->answered && ((int32_t)o->said != m->state || (int32_t)o->said_code != m->code))
        world_fail(d->world, "device %d: command %d is answered %s and then %s", d->index, i,
                   ack_code_names[o->said_code], ack_code_names[m->code]);
    o->answered = true;
    o->said = m->state;
    o->said_code = m->code;
    bool cut =
        o->type == COMMAND_STOP && o->effect_boot != d->boots; /* it acted, and the power took it back */
    if ((m->state == ACK_REJECTED || m->state == ACK_EXPIRED) && o->effects > 0 && !cut)
        world_fail(d->world, "device %d: command %d took effect and is answered %s", d->index, i,
                   ack_code_names[m->code]);
    bool begins = o->type == COMMAND_START || o->type == COMMAND_SELF_TEST;
    if (begins && m->state == ACK_SUCCEEDED && o->effects == 0)
        world_fail(d->world, "device %d: command %d is answered succeeded and did nothing", d->index, i);
    if (o->test >= 0) {
        bool tests = d->agent.test.active && uuid_equal(&d->agent.test.run, &d->orders[o->test].id);
        bool over = m->state == ACK_SUCCEEDED || m->state == ACK_FAILED;
        if (tests && over)
            world_fail(d->world, "device %d: command %d (%s %s): the test is over, it says, and goes on",
                       d->index, i, command_type_names[o->type], ack_code_names[m->code]);
        return;
    }
    bool same = uuid_equal(&r->id, &d->visits[o->session].id);
    if (o->type == COMMAND_STOP && m->state == ACK_SUCCEEDED && same && session_is_live(r->phase))
        world_fail(d->world, "device %d: command %d: stopped, it says, and goes on", d->index, i);
}

void check_ack(struct device *d, const struct message_answer *m) {
    int32_t i = world_number(&m->command_id, ID_COMMAND, d->index);
    if (i < 0 || i >= d->n_orders || m->code == ACKCODE_STALE_EPOCH) return;
    const struct ledger_entry *e = NULL;
    for (int k = 0; k < LEDGER_SIZE && !e; k++)
        if (d->disk.now.ledger.entries[k].order &&
            uuid_equal(&d->disk.now.ledger.entries[k].command_id, &m->command_id))
            e = &d->disk.now.ledger.entries[k];
    if (m->code != ACKCODE_JOURNAL_FAILED && (!e || e->state != m->state))
        world_fail(d->world, "device %d: command %d is answered before the journal has it", d->index, i);
    if (ack_state_is_final(m->state)) check_final_ack(d, &d->orders[i], m);
}

static void check_session_told(struct device *d, const struct message_state *m) {
    const struct session_record *kept = &d->disk.now.session;
    if (m->session.state == DSESSION_NONE) return;
    if (!uuid_equal(&m->session.id, &kept->id) ||
        m->session.state != (int32_t)session_public_state(kept->phase))
        world_fail(d->world, "device %d says more of its session than its journal has", d->index);
    int32_t i = world_number(&m->session.id, ID_SESSION, d->index);
    bool live = device_session_state_is_live(m->session.state);
    if (i < 0 || i >= d->n_visits) return;
    if (live && d->visits[i].over)
        world_fail(d->world, "device %d: session %d ended and is told as live", d->index, i);
    if (!live && !d->visits[i].over) d->world->counts->ended++;
    if (!live) d->visits[i].over = true;
}

void check_state(struct device *d, const struct message_state *m) { check_session_told(d, m); }

void check_hello(struct device *d, const struct message_hello *m) {
    check_session_told(d, &m->state);
    bool same = d->connection == d->said_connection;
    if (same ? m->epoch != d->said_epoch : m->epoch <= d->said_epoch)
        world_fail(d->world, "device %d: epoch %lld after %lld", d->index, (long long)m->epoch,
                   (long long)d->said_epoch);
    d->said_epoch = m->epoch;
    d->said_connection = d->connection;
}

/* ---- disk ---- */

void check_release(struct device *d, const struct uplink_range *range) {
    const struct boot_box *b = spool_box_find(&d->spool, &range->boot_id);
    if (b && range->to > b->watermark)
        world_fail(d->world, "device %d deletes sample %lld, the server has %lld", d->index,
                   (long long)range->to, (long long)b->watermark);
}

void check_kept(struct device *d, const struct agent_write *w) {
    for (int32_t k = 0; k < w->n_answers; k++) {
        const struct ledger_entry *e = &w->answers[k];
        int32_t i = world_number(&e->command_id, ID_COMMAND, d->index);
        if (i < 0 || i >= d->n_orders || d->orders[i].effects > 0 || e->state == ACK_REJECTED) continue;
        bool in_record = e->type == COMMAND_ADJUST || e->type == COMMAND_CONFIRM;
        if (e->type == COMMAND_START && w->program) {
            int32_t v = d->orders[i].session;
            d->orders[i].effects = 1;
            if (++d->visits[v].begun > 1)
                world_fail(d->world, "device %d: session %d began twice", d->index, v);
        } else if (in_record && e->state == ACK_SUCCEEDED) {
            d->orders[i].effects = 1;
        }
    }
}

void check_boot(struct device *d, const struct agent_recovered *r) {
    const struct agent_recovered *kept = &d->disk.now;
    /* A mutant of the journal must be caught by what comes of it. */
    bool mutant = d->world->mutant != MUTANT_NONE;
    if (!mutant && (memcmp(&r->session, &kept->session, sizeof r->session) ||
                    r->ledger.epoch != kept->ledger.epoch || r->ledger.last_seq != kept->ledger.last_seq))
        world_fail(d->world, "device %d: the journal is read otherwise than it was promised", d->index);
    for (int32_t i = 0; i < d->n_visits; i++) d->visits[i].live_ms = 0;
    /* That a journal failed is remembered nowhere: it holds for the connection on which it was said. */
    for (int32_t i = 0; i < d->n_orders; i++)
        if (d->orders[i].said_code == ACKCODE_JOURNAL_FAILED) d->orders[i].answered = false;
    d->ticked_ms = d->world->now_ms;
}

static void check_boot_end(struct device *d, const struct boot_box *b) {
    for (int64_t n = 1; n <= b->last; n++) {
        if (b->flags[n] & (SAMPLE_STORED | SAMPLE_GONE)) continue;
        if ((b->flags[n] & SAMPLE_HELD) && n > b->watermark) continue; /* the newest, on their way */
        world_fail(d->world, "device %d: sample %lld of boot %d is lost", d->index, (long long)n,
                   (int)(b - d->spool.boots) + 1);
    }
}

void check_end(struct world *w) {
    for (int32_t i = 0; i < w->n_devices; i++) {
        struct device *d = &w->devices[i];
        for (int32_t b = 0; b < d->spool.n_boots; b++) check_boot_end(d, &d->spool.boots[b]);
        for (int32_t v = 0; v < d->n_visits; v++)
            if (!d->visits[v].ended) world_fail(w, "device %d: session %d never ended", i, v);
    }
}
