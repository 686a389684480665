#include "device-agent/core/session.h"

#include <string.h>

static const struct {
    enum device_session_state state;
    bool live;
} phases[PHASE_COUNT] = {
#define X(e, state, live) {DSESSION_##state, live},
    SESSION_PHASES(X)
#undef X
};

enum device_session_state session_public_state(enum session_phase phase) { return phases[phase].state; }
bool session_is_live(enum session_phase phase) { return phases[phase].live; }

static void copy_position(const struct session *s, struct session_record *r) {
    r->step = s->executor.step;
    r->step_ms = s->executor.step_ms;
    r->elapsed_ms = s->executor.elapsed_ms;
    r->intensity = s->executor.intensity;
    r->water_mdegc = s->executor.water_mdegc;
}

static void end(struct session *s, enum session_phase phase, enum reason reason, int64_t wall_ms) {
    executor_cut(&s->executor);
    copy_position(s, &s->r);
    s->r.phase = phase;
    s->r.reason = reason;
    s->r.ended_at = wall_ms;
    s->r.rinse = s->executor.program->rinse;
}

static enum session_phase active_phase(const struct session *s) {
    return executor_is_guide(&s->executor) ? PHASE_WAITING : PHASE_RUNNING;
}

void session_begin(struct session *s, const struct uuid *id, const struct program *p, const struct model *m,
                   int64_t wall_ms) {
    s->r = (struct session_record){.id = *id,
                                   .phase = PHASE_STARTING,
                                   .step_count = p->n_steps,
                                   .intensity = 100,
                                   .water_mdegc = -1,
                                   .started_at = wall_ms};
    executor_load(&s->executor, p, m, 0, 0, 0);
    executor_run(&s->executor);
}

void session_recover(struct session *s, const struct session_record *r, const struct program *p,
                     const struct model *m, int64_t wall_ms) {
    s->r = *r;
    if (!session_is_live(r->phase)) return;
    if (!p) { /* the journal lost the program: there is nothing to go on with */
        s->r.phase = PHASE_ABORTED;
        s->r.reason = REASON_JOURNAL;
        s->r.ended_at = wall_ms;
        return;
    }
    executor_load(&s->executor, p, m, r->step, r->step_ms, r->elapsed_ms);
    s->executor.intensity = r->intensity;
    s->executor.water_mdegc = r->water_mdegc;
    if (r->phase == PHASE_STOPPING) {
        end(s, PHASE_STOPPED, r->reason, wall_ms);
        return;
    }
    s->r.phase = PHASE_PAUSED;
    s->r.reason = REASON_POWER_LOSS;
}

void session_pause(struct session *s) {
    executor_hold(&s->executor, true);
    s->r.phase = PHASE_PAUSING;
}

void session_resume(struct session *s) {
    executor_run(&s->executor);
    s->r.phase = active_phase(s);
    s->r.reason = REASON_NONE;
}

void session_stop(struct session *s, enum reason reason) {
    executor_hold(&s->executor, false);
    s->r.phase = PHASE_STOPPING;
    s->r.reason = reason;
}

void session_confirm(struct session *s) { executor_confirm(&s->executor); }

void session_adjust(struct session *s, int32_t intensity, int32_t water_mdegc) {
    executor_adjust(&s->executor, intensity, water_mdegc);
}

static void trip_pause(struct session *s, enum reason reason, int64_t wall_ms) {
    executor_cut(&s->executor);
    if (s->r.phase == PHASE_STARTING) end(s, PHASE_ABORTED, reason, wall_ms);
    if (!session_is_live(s->r.phase) || s->r.phase == PHASE_STOPPING) return;
    bool was_fault = s->r.phase == PHASE_PAUSED && s->r.reason != REASON_COMMAND;
    s->r.phase = PHASE_PAUSED;
    if (!was_fault) s->r.reason = reason;
}

static void trip(struct session *s, const struct interlock_verdict *v, int64_t wall_ms) {
    bool unpowered = s->r.phase == PHASE_PAUSED && s->r.reason == REASON_POWER_LOSS;
    switch (v->action) {
    case INTERLOCK_NONE: break;
    case INTERLOCK_PAUSE: trip_pause(s, v->reason, wall_ms); break;
    case INTERLOCK_STOP: end(s, PHASE_STOPPED, v->reason, wall_ms); break;
    case INTERLOCK_ABORT:
        end(s, PHASE_ABORTED,
            unpowered && v->reason == REASON_MAX_TIME ? REASON_POWER_LOSS : (enum reason)v->reason, wall_ms);
        break;
    }
}

static void move_on(struct session *s, unsigned events, int64_t wall_ms) {
    switch ((enum session_phase)s->r.phase) {
    case PHASE_STARTING:
    case PHASE_RUNNING:
    case PHASE_WAITING:
        s->r.phase = active_phase(s);
        if (events & EXECUTOR_FINISHED) end(s, PHASE_COMPLETED, REASON_NONE, wall_ms);
        break;
    case PHASE_PAUSING:
        if (!(events & EXECUTOR_STILL)) break;
        s->r.phase = PHASE_PAUSED;
        s->r.reason = REASON_COMMAND;
        break;
    case PHASE_STOPPING:
        if (events & EXECUTOR_STILL) end(s, PHASE_STOPPED, s->r.reason, wall_ms);
        break;
    default: break;
    }
}

void session_step(struct session *s, int32_t dt_ms, const struct interlock_verdict *v, int64_t wall_ms,
                  struct outputs *ret) {
    memset(ret, 0, sizeof *ret);
    if (!session_is_live(s->r.phase)) return;
    s->r.total_ms += dt_ms;
    trip(s, v, wall_ms);
    if (!session_is_live(s->r.phase)) return;
    unsigned events = executor_step(&s->executor, dt_ms, v->water_mdegc, ret);
    move_on(s, events, wall_ms);
    interlock_gate(s->executor.model, v, ret);
    ret->session = session_is_live(s->r.phase);
}

void session_snapshot(const struct session *s, int64_t wall_ms, struct session_record *ret) {
    *ret = s->r;
    if (session_is_live(s->r.phase)) copy_position(s, ret);
    ret->saved_at = wall_ms;
}
