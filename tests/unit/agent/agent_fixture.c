#include "agent_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SERVER_AHEAD_MS 7000 /* the server's clock is not the device's */

void fixture_model(const char *id, struct model *ret) {
    char path[512], text[16384];
    struct field_errors errors = {0};
    snprintf(path, sizeof path, "%s/schema/catalogue/models/%s.json", PEDILUVE_SOURCE_DIR, id);
    FILE *f = fopen(path, "rb");
    cr_assert(f, "cannot open %s", path);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    cr_assert(model_parse(text, len, ret, &errors), "%s: %s", id, errors.list[0].detail);
}

struct uuid fixture_id(uint32_t n) {
    struct uuid id = {.b = {1, 2, 3, 4, 5, 6, 0x70, 0, 0x80}};
    memcpy(id.b + 12, &n, sizeof n);
    return id;
}

void fixture_program(struct program *p, const struct model *m) {
    memset(p, 0, sizeof *p);
    snprintf(p->model, sizeof p->model, "%s", m->id);
    p->model_version = m->version;
    p->intensity_max = 70;
    p->water_max_mdegc = 40000;
    p->total_max_ms = 1800000;
}

struct program_step *fixture_step(struct program *p, enum step_kind kind, int32_t ms, int32_t water_mdegc) {
    struct program_step *s = &p->steps[p->n_steps++];
    *s = (struct program_step){.kind = (int8_t)kind, .ms = ms, .water_mdegc = water_mdegc};
    return s;
}

struct setpoint *fixture_set(struct program_step *s, int channel, int level, int32_t ramp_ms) {
    struct setpoint *set = &s->sets[s->n_sets++];
    *set = (struct setpoint){
        .channel = (int8_t)channel, .level = (int8_t)level, .duty_permille = 1000, .ramp_ms = ramp_ms};
    return set;
}

void fixture_routine(struct program *p, const struct model *m) {
    fixture_program(p, m);
    p->rinse = true;
    fixture_step(p, STEP_HEAT, 120000, 34600);
    struct program_step *s = fixture_step(p, STEP_RUN, 30000, 35000);
    for (int i = 0; i < m->n_actuators; i++) {
        const struct actuator *a = &m->actuators[i];
        if (a->kind == ACTUATOR_HEATER) continue;
        struct setpoint *set = fixture_set(s, i, 60, 5000);
        if (a->cells == 1) continue;
        set->wave = i % 2 ? WAVE_TRAVEL : WAVE_SEQUENCE;
        set->direction = DIRECTION_BOTH;
        set->period_ms = 4000;
    }
    fixture_step(p, STEP_GUIDE, 0, 35000);
    s = fixture_step(p, STEP_RUN, 20000, 35000);
    struct setpoint *set = fixture_set(s, m->n_actuators - 1, 40, 2000);
    set->wave = WAVE_PULSE;
    set->period_ms = 1000;
    set->duty_permille = 500;
    fixture_step(p, STEP_REST, 5000, 0);
    struct field_errors errors = {0};
    cr_assert(program_check(p, m, &errors), "%s %s", errors.list[0].pointer, errors.list[0].detail);
}

/* ---- the rig ---- */

static void boot(struct rig *r) {
    struct uuid boot_id = fixture_id(1000 + ++r->boots);
    memset(&r->agent, 0, sizeof r->agent);
    r->write = NULL;
    agent_init(&r->agent, &r->model, &boot_id, "test", &r->disk, r->boots, &r->now);
    rig_event(r, &(struct agent_event){.type = EVENT_HEAD, .boot_id = boot_id});
}

struct rig *rig_new(const char *model, uint64_t seed) {
    struct rig *r = xcalloc(1, sizeof *r);
    fixture_model(model, &r->model);
    r->now = (struct moment){.control_ms = 5000, .mono_ms = 90000, .wall_ms = 1700000000000};
    r->board = sim_board_new(&r->model, seed);
    boot(r);
    return r;
}

void rig_free(struct rig *r) {
    r->board.ops->free(r->board.self);
    free(r);
}

static void keep(struct rig *r, const struct agent_write *w) {
    struct agent_recovered *d = &r->disk;
    d->ledger.epoch = w->epoch;
    d->ledger.last_seq = w->last_seq;
    if (w->has_session) d->session = w->session;
    if (w->program) d->program = *w->program;
    if (w->report) {
        d->report = *w->report;
        d->tested = w->tested;
    }
    for (int i = 0; i < w->n_answers; i++)
        d->ledger.entries[w->answers[i].order % LEDGER_SIZE] = w->answers[i];
}

static void carry_out(struct rig *r, const struct agent_action *a) {
    switch (a->type) {
    case ACTION_SET:
        r->board_failed = !r->board.ops->actuators->apply(r->board.self, &a->outputs);
        if (r->check) r->check(r);
        break;
    case ACTION_JOURNAL:
        cr_assert_null(r->write, "two writes on their way");
        r->write = a->write;
        r->n_writes++;
        break;
    case ACTION_HELLO:
        r->n_hellos++;
        r->state = a->hello.state;
        break;
    case ACTION_ACK:
        cr_assert_lt(r->n_acks, (int)COUNT_OF(r->acks));
        r->acks[r->n_acks++] = a->ack;
        r->reported = a->report != NULL;
        if (a->report) r->report = *a->report;
        break;
    case ACTION_STATE:
        r->n_states++;
        r->state = a->state;
        break;
    case ACTION_SAMPLE:
        r->sample = a->sample.sample;
        r->n_samples++;
        cr_assert_eq(a->sample.n, r->agent.sample_n);
        break;
    default: break;
    }
}

void rig_event(struct rig *r, const struct agent_event *event) {
    auto_free struct agent_actions *actions = xcalloc(1, sizeof *actions);
    agent_step(&r->agent, &r->now, event, actions);
    for (int i = 0; i < actions->n; i++) carry_out(r, &actions->list[i]);
    if (r->write && r->journal != RIG_JOURNAL_HELD) rig_journal(r, r->journal == RIG_JOURNAL_NOW);
}

void rig_journal(struct rig *r, bool ok) {
    cr_assert(r->write, "no write is on its way");
    if (ok) keep(r, r->write);
    r->write = NULL;
    rig_event(r, &(struct agent_event){.type = EVENT_JOURNAL, .ok = ok});
}

void rig_tick(struct rig *r, int32_t dt_ms) {
    r->now.control_ms += dt_ms;
    r->now.mono_ms += dt_ms;
    r->now.wall_ms += dt_ms;
    r->board.ops->sensors->read(r->board.self, r->now.control_ms, &r->readings);
    r->readings.board_failed = r->board_failed;
    rig_event(r, &(struct agent_event){.type = EVENT_TICK, .readings = &r->readings});
}

void rig_run(struct rig *r, int32_t ms, int32_t dt_ms) {
    for (; ms > 0; ms -= dt_ms) rig_tick(r, dt_ms);
}

void rig_until(struct rig *r, enum session_phase phase, int32_t within_ms) {
    for (; within_ms > 0 && r->agent.session.r.phase != (int32_t)phase; within_ms -= 50) rig_tick(r, 50);
    cr_assert_eq(r->agent.session.r.phase, (int32_t)phase, "phase %d (%s), not %d", r->agent.session.r.phase,
                 reason_names[r->agent.session.r.reason], phase);
}

void rig_connect(struct rig *r) {
    rig_tick(r, 50);
    rig_event(r, &(struct agent_event){.type = EVENT_CONNECTED});
    struct message_committed m = {
        .boot_id = r->agent.boot_id, .epoch = r->agent.ledger.epoch, .at = r->now.wall_ms + SERVER_AHEAD_MS};
    rig_event(r, &(struct agent_event){.type = EVENT_COMMITTED, .committed = &m});
}

void rig_power_loss(struct rig *r, int32_t off_ms) {
    r->board.ops->actuators->safe(r->board.self);
    r->now.control_ms += off_ms;
    r->now.wall_ms += off_ms;
    r->now.mono_ms = 1000; /* since boot */
    r->n_acks = 0;
    boot(r);
}

void rig_prepare(struct rig *r, enum command_type type, struct uuid session) {
    memset(&r->command, 0, sizeof r->command);
    r->command.type = (int32_t)type;
    r->command.session_id = session;
    r->command.seq = ++r->seq;
    r->command.id = fixture_id(100000 + (uint32_t)r->seq);
    r->command.epoch = r->agent.ledger.epoch;
    if (type != COMMAND_STOP) r->command.expires_at = r->now.wall_ms + SERVER_AHEAD_MS + 30000;
}

void rig_send(struct rig *r) {
    cr_assert(agent_accepts(&r->agent));
    rig_event(r, &(struct agent_event){.type = EVENT_COMMAND, .command = &r->command});
}

void rig_command(struct rig *r, enum command_type type, struct uuid session) {
    rig_prepare(r, type, session);
    rig_send(r);
}

void rig_start(struct rig *r, struct uuid session, const struct program *p) {
    rig_prepare(r, COMMAND_START, session);
    r->command.has_program = true;
    r->command.program = *p;
    rig_send(r);
}

const struct message_answer *rig_ack(const struct rig *r) {
    for (int i = r->n_acks - 1; i >= 0; i--)
        if (uuid_equal(&r->acks[i].command_id, &r->command.id)) return &r->acks[i];
    return NULL;
}

int rig_count_acks(const struct rig *r, const struct uuid *command_id) {
    int n = 0;
    for (int i = 0; i < r->n_acks; i++) n += uuid_equal(&r->acks[i].command_id, command_id);
    return n;
}

bool rig_moves(const struct rig *r) {
    struct sim_truth t = sim_board_truth(r->board);
    return t.heater_on || t.motors_on;
}
