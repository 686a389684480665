#include "device-agent/core/agent.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "device-agent/core/report.h"

static struct agent_action *emit(struct agent_actions *out, enum agent_action_type type) {
    assert(out->n < AGENT_ACTIONS_MAX);
    struct agent_action *action = &out->list[out->n++];
    action->type = type;
    return action;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

void agent_init(struct agent *a, const struct model *model, const struct uuid *boot_id, const char *version,
                const struct agent_recovered *r, uint64_t seed, const struct moment *now) {
    /* Not the program and the self-test, the last members and the largest: pages never touched cost nothing.
     */
    memset(a, 0, offsetof(struct agent, program));
    a->program.n_steps = 0;
    a->model = model;
    a->boot_id = *boot_id;
    snprintf(a->version, sizeof a->version, "%s", version);
    interlock_init(&a->interlock, model);
    uplink_init(&a->uplink, seed);
    a->verdict = (struct interlock_verdict){.water_mdegc = WATER_UNKNOWN, .level_permille = -1};
    a->ledger = r->ledger;
    a->durable = r->session;
    bool live = session_is_live(r->session.phase);
    if (live) a->program = r->program;
    session_recover(&a->session, &r->session, live && r->program.n_steps > 0 ? &a->program : NULL, model,
                    now->wall_ms);
    ledger_recover(&a->ledger, a->session.r.phase, a->session.r.reason);
    if (!uuid_is_zero(&r->tested)) a->self_test.report = r->report;
    a->test.id = r->tested;
    a->recovered_at = session_is_live(a->session.r.phase) ? r->session.saved_at : 0;
    a->recovered_mono_ms = now->mono_ms;
    a->control_ms = now->control_ms;
    a->sample_at_ms = now->control_ms;
}

void agent_watch_loop(struct agent *a, int32_t loop_ms) { a->loop_ms = loop_ms; }

bool agent_accepts(const struct agent *a) {
    return a->started && !a->plan.active && a->ledger.n_pending < LEDGER_PENDING;
}

int64_t agent_next_epoch(const struct agent *a) {
    bool taken = a->writing && a->write_has_epoch; /* by a connection that is gone already */
    return a->ledger.epoch + (taken ? 2 : 1);
}

/* ---- control ---- */

/* The time without power counts towards the session's longest time; it is known once the server's
 * clock is, since the local one may have stood still as well. */
static void count_time_off(struct agent *a, const struct moment *now) {
    if (a->recovered_at == 0 || !a->uplink.time_known) return;
    int64_t away_ms = uplink_server_ms(&a->uplink, now) - a->recovered_at;
    int64_t off_ms = away_ms - (now->mono_ms - a->recovered_mono_ms);
    if (off_ms > 0 && session_is_live(a->session.r.phase)) a->session.r.total_ms += off_ms;
    a->recovered_at = 0;
}

/* Something is under way that moves or heats: the interlocks judge both alike. */
static bool is_live(const struct agent *a) { return a->test.active || session_is_live(a->session.r.phase); }

static void control(struct agent *a, const struct moment *now, int32_t dt_ms, struct agent_actions *out) {
    session_step(&a->session, dt_ms, &a->verdict, uplink_server_ms(&a->uplink, now), &a->outputs);
    if (a->test.active) {
        a->outputs = a->self_test.outputs;
        interlock_gate(a->model, &a->verdict, &a->outputs);
    }
    guard_apply(&a->guard, &a->outputs);
    emit(out, ACTION_SET)->outputs = a->outputs;
}

static void sample(struct agent *a, const struct moment *now, struct agent_actions *out) {
    bool live = session_is_live(a->session.r.phase);
    int64_t every_ms = live ? AGENT_SAMPLE_SESSION_MS : AGENT_SAMPLE_IDLE_MS;
    if (a->sample_at_ms > now->control_ms + every_ms) a->sample_at_ms = now->control_ms;
    if (now->control_ms < a->sample_at_ms) return;
    a->sample_at_ms += every_ms;
    if (a->sample_at_ms <= now->control_ms) a->sample_at_ms = now->control_ms + every_ms;
    struct agent_action *action = emit(out, ACTION_SAMPLE);
    action->sample.n = ++a->sample_n;
    action->sample.session_id = live ? a->session.r.id : (struct uuid){0};
    report_sample(a, now, &action->sample.sample);
}

/* Its outputs are off by now. The report and the answer become durable together. */
static void end_test(struct agent *a) {
    enum reason reason = a->self_test.reason;
    bool wished = reason == REASON_COMMAND || reason == REASON_LOCAL_STOP;
    enum ack_code code = reason == REASON_NONE ? ACKCODE_OK : wished ? ACKCODE_SUPERSEDED : ACKCODE_INTERLOCK;
    a->test.active = false;
    a->test.unkept = true;
    ledger_end_test(&a->ledger, &a->test.id, code, reason == REASON_COMMAND ? REASON_NONE : reason);
}

static void halt_test(struct agent *a, enum reason reason) {
    self_test_halt(&a->self_test, reason, reason_names[reason]);
    end_test(a);
}

/* The interlocks first: whatever they would do to a session ends a test. */
static void step_test(struct agent *a, const struct readings *readings) {
    if (a->verdict.action != INTERLOCK_NONE)
        halt_test(a, a->verdict.reason);
    else if (!self_test_step(&a->self_test, a->control_ms, readings))
        end_test(a);
}

static void on_tick(struct agent *a, const struct moment *now, const struct agent_event *event,
                    struct agent_actions *out) {
    int64_t dt_ms = a->started ? least(now->control_ms - a->control_ms, AGENT_DT_MAX_MS) : 0;
    if (dt_ms < 0) dt_ms = 0;
    a->control_ms = now->control_ms;
    a->started = true;
    count_time_off(a, now);
    int64_t gap_ms = least(now->mono_ms - a->ticked_ms, INT32_MAX);
    guard_step(&a->guard, event->readings, now->control_ms, is_live(a));
    struct interlock_input in = {.now_ms = now->control_ms,
                                 .readings = *event->readings,
                                 .outputs = a->outputs,
                                 .live = is_live(a),
                                 .total_ms = a->session.r.total_ms + dt_ms,
                                 .loop_gap_ms = a->ticked_ms > 0 ? (int32_t)gap_ms : 0,
                                 .loop_ms = a->loop_ms,
                                 .cutout = a->guard.tripped,
                                 .journal_failed = a->journal_failed};
    a->ticked_ms = now->mono_ms;
    if (a->test.active) {
        in.wet = self_test_is_wet(&a->self_test);
        in.total_ms = a->control_ms - a->self_test.began_ms;
        in.total_max_ms = SELF_TEST_MS_MAX;
    } else if (in.live) {
        in.wet = executor_is_wet(&a->session.executor);
        in.total_max_ms = least(a->program.total_max_ms, a->model->session_max_ms);
        in.total_max_ms = least(in.total_max_ms, PROTO_SESSION_MS_MAX);
    }
    interlock_step(&a->interlock, &in, &a->verdict);
    if (a->test.active) step_test(a, event->readings);
    control(a, now, (int32_t)dt_ms, out);
    sample(a, now, out);
}

/* ---- commands ---- */

static void send_ack(const struct agent *a, const struct moment *now, const struct ledger_entry *e,
                     struct agent_actions *out) {
    if (!a->uplink.online) return;
    struct agent_action *action = emit(out, ACTION_ACK);
    report_ack(a, now, e, &action->ack);
    bool told = e->type == COMMAND_SELF_TEST && (e->state == ACK_SUCCEEDED || e->state == ACK_FAILED);
    action->report = told && uuid_equal(&e->command_id, &a->test.id) ? &a->self_test.report : NULL;
}

static struct ledger_judgement judge(const struct agent *a, const struct moment *now,
                                     const struct message_command *c) {
    /* Until this connection's epoch is in the journal, that of the last one is still there: not to be met. */
    struct ledger_view view = {.epoch = a->uplink.online ? a->ledger.epoch : 0,
                               .session = &a->session.r,
                               .executor = &a->session.executor,
                               .program = &a->program,
                               .model = a->model,
                               .fault = interlock_first_fault(&a->interlock),
                               .server_ms = uplink_server_ms(&a->uplink, now)};
    if (a->test.active || a->test.unkept) view.test = a->test.run;
    return ledger_judge(&a->ledger, &view, c);
}

static void on_command(struct agent *a, const struct moment *now, const struct agent_event *event,
                       struct agent_actions *out) {
    const struct message_command *c = event->command;
    const struct ledger_entry *known = ledger_find(&a->ledger, &c->id);
    if (known) { /* one that the journal does not have yet is shown when it does */
        if (!ledger_is_dirty(&a->ledger, known)) send_ack(a, now, known, out);
        return;
    }
    assert(agent_accepts(a));
    struct ledger_judgement j = {LEDGER_REJECT, ACK_REJECTED, ACKCODE_BAD_MESSAGE, REASON_NONE};
    if (!event->bad_message) j = judge(a, now, c);
    bool stale = j.effect == LEDGER_REJECT && j.code == ACKCODE_STALE_EPOCH;
    struct ledger_entry answer = {.command_id = c->id,
                                  .session_id = c->session_id,
                                  .seq = c->seq,
                                  .type = (int8_t)c->type,
                                  .state = (int8_t)j.state,
                                  .code = (int8_t)j.code,
                                  .reason = (int8_t)j.reason};
    if (stale) { /* not this command is refused but this copy of it: the one with the present epoch is judged
                    anew */
        answer.order = 0;
        send_ack(a, now, &answer, out);
        return;
    }
    if (j.effect == LEDGER_STOP && a->session.r.phase != PHASE_STOPPING) {
        session_stop(&a->session, REASON_COMMAND);
        control(a, now, 0, out);
    }
    if (j.effect == LEDGER_END_TEST && a->test.active) {
        halt_test(a, REASON_COMMAND);
        control(a, now, 0, out);
    }
    if (j.effect == LEDGER_REJECT || j.effect == LEDGER_DONE || j.effect == LEDGER_STOP ||
        j.effect == LEDGER_END_TEST) {
        bool put = ledger_put(&a->ledger, &answer);
        assert(put);
        (void)put;
        return;
    }
    if (j.effect == LEDGER_START) a->program = c->program; /* no session is live: nobody reads it */
    a->plan.active = true;
    a->plan.effect = j.effect;
    a->plan.answer = answer;
    a->plan.step = c->step;
    a->plan.intensity = c->has_intensity ? c->intensity : -1;
    a->plan.water_mdegc = c->has_water ? c->water_mdegc : -1;
}

static void begin_test(struct agent *a) {
    self_test_begin(&a->self_test, a->model, a->control_ms);
    a->test.active = true;
    a->test.id = a->plan.answer.command_id;
    a->test.run = a->plan.answer.session_id;
}

static void act(struct agent *a) {
    struct session *s = &a->session;
    switch (a->plan.effect) {
    case LEDGER_START:
        /* The verdict is that of the last tick: the time that ran out was the last session's. */
        if (a->verdict.reason == REASON_MAX_TIME) a->verdict.action = INTERLOCK_NONE;
        session_begin(s, &a->plan.answer.session_id, &a->program, a->model, a->write.session.started_at);
        break;
    case LEDGER_SELF_TEST: begin_test(a); break;
    case LEDGER_PAUSE: session_pause(s); break;
    case LEDGER_RESUME: session_resume(s); break;
    case LEDGER_ADJUST: session_adjust(s, a->plan.intensity, a->plan.water_mdegc); break;
    case LEDGER_CONFIRM:
        if (s->executor.step == a->plan.step) session_confirm(s);
        break;
    default: break;
    }
}

/* The journal has the plan. The session may have gone elsewhere meanwhile (an interlock, its end):
 * then the table of outcomes says what becomes of the command, and nothing acts. */
static void carry_out(struct agent *a, const struct moment *now, struct agent_actions *out) {
    a->plan.active = false;
    bool put = ledger_put(&a->ledger, &a->plan.answer);
    assert(put);
    (void)put;
    if (ledger_effects[a->session.r.phase][(int)a->plan.answer.type] != a->plan.effect) return;
    act(a);
    control(a, now, 0, out);
}

static void give_up(struct agent *a, const struct moment *now, struct agent_actions *out) {
    a->plan.active = false;
    a->plan.answer.state = ACK_REJECTED;
    a->plan.answer.code = ACKCODE_JOURNAL_FAILED;
    if (ledger_put(&a->ledger, &a->plan.answer)) send_ack(a, now, &a->plan.answer, out);
}

/* ---- journal ---- */

static bool session_changed(const struct agent *a) {
    const struct session_record *r = &a->session.r, *d = &a->durable;
    bool live = session_is_live(r->phase);
    bool passing = r->phase == PHASE_STARTING || r->phase == PHASE_PAUSING; /* nothing to remember yet */
    if (!uuid_equal(&r->id, &d->id) || r->ended_at != d->ended_at) return true;
    if (!passing && (r->phase != d->phase || r->reason != d->reason)) return true;
    const struct executor *e = &a->session.executor;
    return live && (e->step != d->step || e->intensity != d->intensity || e->water_mdegc != d->water_mdegc);
}

/* The session as it will be once the plan has acted: one durable unit with the answer. */
static void compose_session(struct agent *a, const struct moment *now) {
    int64_t server_ms = uplink_server_ms(&a->uplink, now);
    struct session_record *r = &a->write.session;
    session_snapshot(&a->session, server_ms, r);
    if (!a->plan.active) return;
    if (a->plan.effect == LEDGER_START) {
        struct session begun;
        session_begin(&begun, &a->plan.answer.session_id, &a->program, a->model, server_ms);
        session_snapshot(&begun, server_ms, r);
        a->write.program = &a->program;
    } else if (a->plan.effect == LEDGER_ADJUST) {
        if (a->plan.intensity >= 0) r->intensity = a->plan.intensity;
        if (a->plan.water_mdegc >= 0) r->water_mdegc = a->plan.water_mdegc;
    } else if (a->plan.effect == LEDGER_CONFIRM && r->step == a->plan.step) {
        r->step++;
        r->step_ms = 0;
        /* What is shown must not say that the next step waits for a hand when it does not. */
        bool waits = r->step < a->program.n_steps && a->program.steps[r->step].kind == STEP_GUIDE;
        r->phase = waits ? PHASE_WAITING : PHASE_RUNNING;
    }
}

static int32_t compose_answers(const struct agent *a, struct ledger_entry answers[LEDGER_PENDING + 1]) {
    int32_t n = 0;
    for (int i = 0; i < a->ledger.n_pending; i++)
        if (a->ledger.pending[i].dirty) answers[n++] = a->ledger.entries[a->ledger.pending[i].slot];
    if (a->plan.active) {
        answers[n] = a->plan.answer;
        answers[n++].order = a->ledger.order + 1;
    }
    return n;
}

static void journal(struct agent *a, const struct moment *now, struct agent_actions *out) {
    if (a->writing || (a->journal_failed && now->mono_ms < a->retry_at_ms)) return;
    struct agent_write *w = &a->write;
    bool moving = a->session.r.phase == PHASE_RUNNING || a->session.r.phase == PHASE_WAITING;
    bool position = moving && now->mono_ms >= a->position_at_ms;
    bool session = a->plan.active || a->journal_failed || position || session_changed(a);
    *w = (struct agent_write){.has_session = session};
    w->n_answers = compose_answers(a, w->answers);
    if (!session && !a->wants_epoch && w->n_answers == 0) return;
    if (session) compose_session(a, now);
    w->epoch = a->ledger.epoch + (a->wants_epoch ? 1 : 0);
    w->last_seq = a->ledger.last_seq;
    if (a->test.unkept) {
        w->report = &a->self_test.report;
        w->tested = a->test.id;
    }
    if (a->plan.active && a->plan.answer.seq > w->last_seq) w->last_seq = a->plan.answer.seq;
    a->write_has_epoch = a->wants_epoch;
    a->write_has_plan = a->plan.active;
    a->wants_epoch = false;
    a->writing = true;
    a->position_at_ms = now->mono_ms + AGENT_POSITION_MS;
    emit(out, ACTION_JOURNAL)->write = w;
}

static void on_journal_failed(struct agent *a, const struct moment *now, struct agent_actions *out) {
    a->journal_failed = true;
    a->retry_at_ms = now->mono_ms + AGENT_RETRY_MS;
    if (a->write_has_epoch && a->connected) a->wants_epoch = true;
    if (a->write_has_plan) give_up(a, now, out);
}

static void show(struct agent *a, const struct moment *now, struct agent_actions *out) {
    bool hello = uplink_hello_due(&a->uplink, now->mono_ms);
    uint64_t digest = report_digest(a);
    if (!a->uplink.online || (!hello && digest == a->shown && now->mono_ms < a->heartbeat_at_ms)) return;
    a->state_n++;
    if (hello)
        report_hello(a, now, &emit(out, ACTION_HELLO)->hello);
    else
        report_state(a, now, &emit(out, ACTION_STATE)->state);
    a->shown = digest;
    a->heartbeat_at_ms = now->mono_ms + AGENT_HEARTBEAT_MS;
}

static void on_journal(struct agent *a, const struct moment *now, const struct agent_event *event,
                       struct agent_actions *out) {
    assert(a->writing);
    a->writing = false;
    if (!event->ok) {
        on_journal_failed(a, now, out);
        return;
    }
    a->journal_failed = false;
    if (a->write.has_session) a->durable = a->write.session;
    if (a->write.report) a->test.unkept = false;
    if (a->write_has_epoch) {
        a->ledger.epoch = a->write.epoch;
        if (a->connected && !a->wants_epoch) uplink_online(&a->uplink, now->mono_ms);
    }
    if (a->write_has_plan) carry_out(a, now, out);
    show(a, now, out); /* before the answers: who hears that a stop succeeded may ask for the session next */
    for (int i = 0; i < a->write.n_answers; i++) {
        ledger_durable(&a->ledger, &a->write.answers[i]);
        send_ack(a, now, &a->write.answers[i], out);
    }
}

/* ---- link ---- */

static void on_connected(struct agent *a, const struct moment *now, const struct agent_event *event,
                         struct agent_actions *out) {
    (void)now, (void)event, (void)out;
    a->connected = a->wants_epoch = true;
}

static void on_disconnected(struct agent *a, const struct moment *now, const struct agent_event *event,
                            struct agent_actions *out) {
    (void)now, (void)event, (void)out;
    a->connected = a->wants_epoch = false;
    uplink_offline(&a->uplink);
}

static void on_committed(struct agent *a, const struct moment *now, const struct agent_event *event,
                         struct agent_actions *out) {
    (void)out;
    uplink_committed(&a->uplink, event->committed, a->ledger.epoch, now->mono_ms);
}

static void on_server(struct agent *a, const struct moment *now, const struct agent_event *event,
                      struct agent_actions *out) {
    (void)out;
    uplink_server(&a->uplink, event->server->spread_ms, now->mono_ms);
}

static void on_spooled(struct agent *a, const struct moment *now, const struct agent_event *event,
                       struct agent_actions *out) {
    (void)now, (void)out;
    uplink_spooled(&a->uplink, &a->boot_id, event->last);
}

static void on_sent(struct agent *a, const struct moment *now, const struct agent_event *event,
                    struct agent_actions *out) {
    (void)now, (void)out;
    uplink_sent(&a->uplink, event->last);
}

static void on_head(struct agent *a, const struct moment *now, const struct agent_event *event,
                    struct agent_actions *out) {
    (void)now, (void)out;
    uplink_head(&a->uplink, &event->boot_id, event->watermark, event->last);
}

static void speak(struct agent *a, const struct moment *now, struct agent_actions *out) {
    show(a, now, out);
    struct uplink_range range;
    bool boot_done = false;
    if (uplink_send_due(&a->uplink, now->mono_ms, &range))
        emit(out, ACTION_TELEMETRY)->telemetry.range = range;
    if (uplink_release_due(&a->uplink, &a->boot_id, now->mono_ms, &range, &boot_done)) {
        struct agent_action *action = emit(out, ACTION_RELEASE);
        action->telemetry.range = range;
        action->telemetry.boot_done = boot_done;
    }
}

static void (*const handlers[EVENT_COUNT])(struct agent *, const struct moment *, const struct agent_event *,
                                           struct agent_actions *) = {
    [EVENT_TICK] = on_tick,       [EVENT_CONNECTED] = on_connected, [EVENT_DISCONNECTED] = on_disconnected,
    [EVENT_COMMAND] = on_command, [EVENT_COMMITTED] = on_committed, [EVENT_SERVER] = on_server,
    [EVENT_JOURNAL] = on_journal, [EVENT_SPOOLED] = on_spooled,     [EVENT_SENT] = on_sent,
    [EVENT_HEAD] = on_head,
};

void agent_step(struct agent *a, const struct moment *now, const struct agent_event *event,
                struct agent_actions *ret) {
    ret->n = 0;
    handlers[event->type](a, now, event, ret);
    ledger_settle(&a->ledger, a->session.r.phase, a->session.r.reason);
    journal(a, now, ret);
    speak(a, now, ret);
}
