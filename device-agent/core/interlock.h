/* The interlocks: a table of conditions, how long each must hold, what it does, and how it clears.
 * Nothing that comes from outside can override them. Pure; not thread-safe.
 *
 * Two things are kept apart. The table ends or pauses a session and latches, with debounce. The
 * gates (may_heat, may_wet) look at the raw condition of this very step and have no debounce:
 * the heater is never on without a fresh, plausible, agreeing sensor below the limit and level. */
#ifndef PEDILUVE_AGENT_CORE_INTERLOCK_H
#define PEDILUVE_AGENT_CORE_INTERLOCK_H

#include "device-agent/core/watch.h"
#include "protocol/message.h"

#define INTERLOCK_WATER_MAX_MDEGC PROTO_WATER_MDEGC_MAX /* 43.0 C: hard, whatever the model says */
#define INTERLOCK_WATER_CLEAR_MDEGC 41000

/* X(reason, debounce_ms, action, clears, clear_ms, is_fault): in order of precedence.
 * Actions: ABORT ends the session, STOP ends it as a person's wish, PAUSE waits for a resume.
 * Each of them cuts heater and motors in the same step. Clears: GONE = by itself once the
 * condition was away for clear_ms; ENDED = the same, and no session is live any more; LIVE = as GONE, but
 * only a session minds: between guests it is no fault, and a session that begins in it stops in its first
 * step. What a condition is, and what it needs before it is one: watch.h, guard.h (THERMAL_CUTOUT). */
#define INTERLOCKS(X)                                                                                        \
    X(EMERGENCY_STOP, 0, ABORT, GONE, 500, true)                                                             \
    X(THERMAL_CUTOUT, 0, ABORT, ENDED, 1000, true)                                                           \
    X(OVER_TEMPERATURE, 40, ABORT, GONE, 10000, true)                                                        \
    X(HEATING_RUNAWAY, 1000, ABORT, ENDED, 5000, true)                                                       \
    X(LEAK, 60, ABORT, ENDED, 5000, true)                                                                    \
    X(OVER_CURRENT, 60, ABORT, ENDED, 5000, true)                                                            \
    X(MOTOR_FAULT, 300, ABORT, ENDED, 5000, true)                                                            \
    X(LOCAL_STOP, 0, STOP, GONE, 0, false)                                                                   \
    X(MAX_TIME, 0, ABORT, GONE, 0, false)                                                                    \
    X(LOOP_OVERRUN, 0, PAUSE, LIVE, 5000, true)                                                              \
    X(BOARD_FAILED, 0, PAUSE, GONE, 2000, true)                                                              \
    X(SENSOR_STALE, 0, PAUSE, GONE, 2000, true)                                                              \
    X(SENSOR_IMPLAUSIBLE, 60, PAUSE, GONE, 2000, true)                                                       \
    X(SENSOR_DISAGREE, 1000, PAUSE, GONE, 5000, true)                                                        \
    X(SENSOR_STUCK, 0, PAUSE, ENDED, 2000, true)                                                             \
    X(LID_OPEN, 60, PAUSE, LIVE, 1000, true)                                                                 \
    X(DRAIN_OPEN, 60, PAUSE, LIVE, 1000, true)                                                               \
    X(LEVEL_LOW, 500, PAUSE, GONE, 2000, true)                                                               \
    X(HEATING_FAILED, 0, PAUSE, ENDED, 1000, true)                                                           \
    X(JOURNAL, 0, PAUSE, GONE, 0, true)

enum interlock_action { INTERLOCK_NONE, INTERLOCK_PAUSE, INTERLOCK_STOP, INTERLOCK_ABORT };
enum interlock_clears { INTERLOCK_GONE, INTERLOCK_ENDED, INTERLOCK_LIVE };
enum interlock_id {
#define X(r, ...) INTERLOCK_ID_##r,
    INTERLOCKS(X)
#undef X
        INTERLOCK_COUNT
};

struct interlock_row {
    int32_t reason; /* enum reason */
    int32_t debounce_ms;
    enum interlock_action action;
    enum interlock_clears clears;
    int32_t clear_ms;
    bool is_fault; /* shown as a fault; refuses start and resume */
};
extern const struct interlock_row interlock_rows[INTERLOCK_COUNT];

struct interlock_verdict {
    enum interlock_action action; /* the strongest of the active rows */
    int32_t reason;               /* of the first active row with that action */
    bool may_heat, may_wet;       /* the gates; may_wet: jets may run */
    int32_t water_mdegc;          /* WATER_UNKNOWN: no sensor to believe */
    int32_t level_permille;       /* -1: unknown */
    int32_t current_ma;
};

struct interlock {
    const struct model *model; /* borrowed */
    struct {
        bool pending, active;
        int64_t since_ms; /* pending: when the condition came; active: when it was last seen */
    } rows[INTERLOCK_COUNT];
    struct watch watch;
    bool live; /* in the step before */
};

void interlock_init(struct interlock *k, const struct model *m);
void interlock_step(struct interlock *k, const struct interlock_input *in, struct interlock_verdict *ret);
/* Takes away what the gates do not let through. */
void interlock_gate(const struct model *m, const struct interlock_verdict *v, struct outputs *o);
/* Active faults, in order of precedence; returns how many were written, at most PROTO_FAULTS_MAX. */
int32_t interlock_faults(const struct interlock *k, int32_t ret[PROTO_FAULTS_MAX]);
/* The first active fault, or REASON_NONE. */
int32_t interlock_first_fault(const struct interlock *k);
/* The longest time from the first reading that meets the row's condition to outputs that are off, with a
 * control step every loop_ms: the step that misses it, the debounce in whole steps. The outputs change in
 * the step that fires. */
int32_t interlock_worst_ms(const struct interlock_row *row, int32_t loop_ms);

#endif
