/* One session on the device: its life cycle and what the journal keeps of it. Pure; not thread-safe. */
#ifndef PEDILUVE_AGENT_CORE_SESSION_H
#define PEDILUVE_AGENT_CORE_SESSION_H

#include "device-agent/core/executor.h"
#include "device-agent/core/interlock.h"
#include "protocol/message.h"

/* X(enum, public state, live): finer than what the wire shows, so that every wish has its end. */
#define SESSION_PHASES(X)                                                                                    \
    X(NONE, NONE, 0)                                                                                         \
    X(STARTING, STARTING, 1)                                                                                 \
    X(RUNNING, RUNNING, 1)                                                                                   \
    X(WAITING, WAITING, 1)                                                                                   \
    X(PAUSING, RUNNING, 1) /* motors ramp down */                                                            \
    X(PAUSED, PAUSED, 1)                                                                                     \
    X(STOPPING, RUNNING, 1) /* motors ramp down; goes nowhere but STOPPED or ABORTED */                      \
    X(COMPLETED, COMPLETED, 0)                                                                               \
    X(STOPPED, STOPPED, 0)                                                                                   \
    X(ABORTED, ABORTED, 0)

enum session_phase {
#define X(e, ...) PHASE_##e,
    SESSION_PHASES(X)
#undef X
        PHASE_COUNT
};

/* What the journal keeps: enough to report the last session, and to go on after a power loss. */
struct session_record {
    struct uuid id; /* zero: never had one */
    int32_t phase;  /* enum session_phase; the journal keeps the number: append, never renumber */
    int32_t reason; /* enum reason */
    int32_t step, step_count, step_ms, elapsed_ms;
    int32_t intensity, water_mdegc;         /* as adjusted */
    int64_t total_ms;                       /* control time since the start, pauses included */
    int64_t started_at, ended_at, saved_at; /* server's wall time */
    bool rinse;
};

struct session {
    struct session_record r;
    struct executor executor;
};

enum device_session_state session_public_state(enum session_phase phase);
bool session_is_live(enum session_phase phase);

/* A new session, STARTING. p is borrowed for as long as the session lives. */
void session_begin(struct session *s, const struct uuid *id, const struct program *p, const struct model *m,
                   int64_t wall_ms);
/* From the journal after a restart: a live session is PAUSED by power_loss (or STOPPED when it was
 * on its way there), with everything off. p may be NULL when the session is not live. */
void session_recover(struct session *s, const struct session_record *r, const struct program *p,
                     const struct model *m, int64_t wall_ms);
/* Wishes; each is legal in the phases that the command table allows. */
void session_pause(struct session *s);
void session_resume(struct session *s);
void session_stop(struct session *s, enum reason reason);
void session_confirm(struct session *s);
void session_adjust(struct session *s, int32_t intensity, int32_t water_mdegc);
/* One control step: executor, then the verdict of the interlocks over it. Writes all outputs. */
void session_step(struct session *s, int32_t dt_ms, const struct interlock_verdict *v, int64_t wall_ms,
                  struct outputs *ret);
/* The record as of now, with the executor's position in it. */
void session_snapshot(const struct session *s, int64_t wall_ms, struct session_record *ret);

#endif
