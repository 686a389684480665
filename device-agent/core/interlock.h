/* The interlocks: a table of conditions, how long each must hold, what it does, and how it clears.
 * Nothing that comes from outside can override them. Pure; not thread-safe.
 *
 * Two things are kept apart. The table ends or pauses a session and latches, with debounce. The
 * gates (may_heat, may_wet) look at the raw condition of this very step and have no debounce:
 * the heater is never on without a fresh, plausible, agreeing sensor below the limit and level. */
#ifndef PEDILUVE_AGENT_CORE_INTERLOCK_H
#define PEDILUVE_AGENT_CORE_INTERLOCK_H

#include "device-agent/core/types.h"
#include "protocol/message.h"

#define INTERLOCK_WATER_MAX_MDEGC PROTO_WATER_MDEGC_MAX /* 43.0 C: hard, whatever the model says */
#define INTERLOCK_WATER_CLEAR_MDEGC 41000
#define INTERLOCK_STALE_MS 1000         /* an older measurement is no measurement */
#define INTERLOCK_PLAUSIBLE_MIN_MDEGC 0 /* the sensors' own range for water in a tub */
#define INTERLOCK_PLAUSIBLE_MAX_MDEGC 60000
#define INTERLOCK_JUMP_MDEGC 3000 /* more than this ... */
#define INTERLOCK_JUMP_MS 1000    /* ... within this time is not water */
#define INTERLOCK_DISAGREE_MDEGC 2000
#define INTERLOCK_CURRENT_FLOOR_MA 200 /* motors at rest draw less */
#define INTERLOCK_ENGAGED_MS 500       /* a motor may still draw current so long after its setpoint went */
#define INTERLOCK_LEVEL_MAX_PERMILLE 1000
#define INTERLOCK_HEAT_DUTY 600         /* this much heat, in permille ... */
#define INTERLOCK_HEAT_WINDOW_MS 180000 /* ... for so long must warm the water ... */
#define INTERLOCK_HEAT_SHARE 5          /* ... by at least a fifth of what its energy would give */

/* X(reason, debounce_ms, action, clears, clear_ms, is_fault): in order of precedence.
 * Actions: ABORT ends the session, STOP ends it as a person's wish, PAUSE waits for a resume.
 * Each of them cuts heater and motors in the same step. Clears: GONE = by itself once the
 * condition was away for clear_ms; ENDED = the same, and no session is live any more. */
#define INTERLOCKS(X)                                                                                        \
    X(EMERGENCY_STOP, 0, ABORT, GONE, 500, true)                                                             \
    X(OVER_TEMPERATURE, 40, ABORT, GONE, 10000, true)                                                        \
    X(OVER_CURRENT, 60, ABORT, ENDED, 5000, true)                                                            \
    X(LOCAL_STOP, 0, STOP, GONE, 0, false)                                                                   \
    X(MAX_TIME, 0, ABORT, GONE, 0, false)                                                                    \
    X(SENSOR_STALE, 0, PAUSE, GONE, 2000, true)                                                              \
    X(SENSOR_IMPLAUSIBLE, 60, PAUSE, GONE, 2000, true)                                                       \
    X(SENSOR_DISAGREE, 1000, PAUSE, GONE, 5000, true)                                                        \
    X(LEVEL_LOW, 500, PAUSE, GONE, 2000, true)                                                               \
    X(HEATING_FAILED, 0, PAUSE, ENDED, 1000, true)                                                           \
    X(JOURNAL, 0, PAUSE, GONE, 0, true)

enum interlock_action { INTERLOCK_NONE, INTERLOCK_PAUSE, INTERLOCK_STOP, INTERLOCK_ABORT };
enum interlock_clears { INTERLOCK_GONE, INTERLOCK_ENDED };
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

struct interlock_input {
    int64_t now_ms; /* control time */
    struct readings readings;
    struct outputs outputs; /* in force since the step before */
    bool live;              /* a session is live */
    bool wet;               /* its present step needs water */
    int64_t total_ms, total_max_ms;
    bool journal_failed;
};

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
    struct {
        int32_t mdegc;
        int64_t at_ms, jumped_at_ms;
        bool set, jumped;
    } reference[WATER_SENSORS_MAX]; /* for jumps: renewed every second */
    int64_t engaged_until_ms[PROTO_ACTUATORS_MAX];
    int64_t heat_since_ms; /* the heater works hard since; -1: it does not */
    int64_t heat_at_ms, heat_permille_ms;
    int32_t heat_from_mdegc;
    bool heat_failed;
};

void interlock_init(struct interlock *k, const struct model *m);
void interlock_step(struct interlock *k, const struct interlock_input *in, struct interlock_verdict *ret);
/* Active faults, in order of precedence; returns how many were written, at most PROTO_FAULTS_MAX. */
int32_t interlock_faults(const struct interlock *k, int32_t ret[PROTO_FAULTS_MAX]);
/* The first active fault, or REASON_NONE. */
int32_t interlock_first_fault(const struct interlock *k);

#endif
