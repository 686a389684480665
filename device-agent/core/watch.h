/* What the interlocks judge, worked out of the readings once a step: facts of this very step, and
 * those that need a memory (jumps, heat that does nothing or too much, sensors that stand still,
 * motors that do). Pure; not thread-safe. */
#ifndef PEDILUVE_AGENT_CORE_WATCH_H
#define PEDILUVE_AGENT_CORE_WATCH_H

#include "device-agent/core/types.h"
#include "protocol/model.h"

#define WATCH_STALE_MS 1000         /* an older measurement is no measurement */
#define WATCH_PLAUSIBLE_MIN_MDEGC 0 /* the sensors' own range for water in a tub */
#define WATCH_PLAUSIBLE_MAX_MDEGC 60000
#define WATCH_JUMP_MDEGC 3000 /* more than this ... */
#define WATCH_JUMP_MS 1000    /* ... within this time is not water */
#define WATCH_DISAGREE_MDEGC 2000
#define WATCH_LEVEL_MAX_PERMILLE 1000

#define WATCH_CURRENT_FLOOR_MA 200 /* motors at rest draw less */
#define WATCH_ENGAGED_MS 500       /* a motor may still draw current so long after its setpoint went */
#define WATCH_PLATEAU_PERMILLE 900 /* so much of the over-current limit ... */
#define WATCH_PLATEAU_MS 2700      /* ... for so long: a motor that is held fast */
#define WATCH_DRIVEN_PERCENT 20    /* a motor driven at this level or above ... */
#define WATCH_DRIVEN_MS 200        /* ... for so long ... */
#define WATCH_MOVES_PERMILLE 50    /* ... must turn at least this fast */
#define WATCH_REST_MS 1000         /* and so long after its setpoint went it must not */

/* Heat is counted as what it would warm a full tub by, without any loss. */
#define WATCH_HEAT_DUTY 600         /* this much heat, in permille ... */
#define WATCH_HEAT_WINDOW_MS 180000 /* ... for so long must warm the water ... */
#define WATCH_HEAT_SHARE 5          /* ... by at least a fifth of what its energy would give */
#define WATCH_STUCK_MDEGC                                                                                    \
    2000 /* heat for so much, that from WATCH_HEAT_DUTY on counts twice, and a sensor                        \
            that shows the very same: it is stuck. Half a degree is the coarsest                             \
            resolution that this can do with. */
#define WATCH_RUNAWAY_MDEGC 1000 /* the water may be so much warmer than the heat explains ... */
#define WATCH_RUNAWAY_FACTOR 2   /* ... in a tub that is half full */
#define WATCH_FILL_PERMILLE 20   /* water that is let in may be warm: the count starts anew */

#define WATCH_STEP_MAX_MS 1000 /* a longer gap is no heat: the board's watchdog has cut it */
#define WATCH_LATE_MS 100      /* a control step later than its period by more than this is late */
#define WATCH_LATE_SUM_MS 1000 /* so much of it is an overrun ... */
#define WATCH_LATE_FORGIVE 20  /* ... of which a millisecond is forgiven in so many of time */

struct interlock_input {
    int64_t now_ms; /* control time */
    struct readings readings;
    struct outputs outputs; /* in force since the step before */
    bool live;              /* a session is live */
    bool wet;               /* its present step needs water */
    int64_t total_ms, total_max_ms;
    int32_t loop_gap_ms, loop_ms; /* real time since the step before, and its period; 0: not judged */
    bool cutout;                  /* the guard has tripped */
    bool journal_failed;
};

struct watch {
    struct {
        int32_t mdegc;
        int64_t at_ms, jumped_at_ms;
        bool set, jumped;
    } reference[WATER_SENSORS_MAX]; /* for jumps: renewed every second */
    struct {                        /* for a sensor that stands still, and water that warms by itself */
        int32_t still_mdegc, low_mdegc, low_level;
        int64_t still_permille_ms, low_permille_ms, low_at_ms;
        bool set;
    } heat[WATER_SENSORS_MAX];
    int64_t now_ms; /* of the step before */
    int64_t engaged_until_ms[PROTO_ACTUATORS_MAX], driven_since_ms[PROTO_ACTUATORS_MAX],
        rest_since_ms[PROTO_ACTUATORS_MAX];
    int64_t plateau_since_ms;
    int64_t hard_since_ms, hard_permille_ms; /* the heater works hard since; -1: it does not */
    int32_t hard_from_mdegc;
    int32_t late_ms;
    uint32_t contacts_seen, motions_seen; /* fitted, as bits */
};

struct facts {
    const struct interlock_input *in;
    int64_t dt_ms; /* since the step before */
    bool wet_unit, stale, implausible, disagree, level_stale, level_low, current_stale, input_stale;
    bool stuck, runaway, heat_failed, motor_fault, late, overrun;
    bool contact[CONTACT_COUNT];
    int32_t hottest_mdegc, water_mdegc; /* WATER_UNKNOWN: none */
    int32_t level_permille;             /* -1: unknown */
    int32_t current_ma;                 /* 0: unknown */
    int32_t current_limit_ma;           /* INT32_MAX: not measured */
};

void watch_init(struct watch *w);
void watch_step(struct watch *w, const struct model *m, const struct interlock_input *in, struct facts *ret);

#endif
