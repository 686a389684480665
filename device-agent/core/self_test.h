/* Tries a unit out: every sensor, then every cell of every actuator, gently and one at a time, then the
 * heater, briefly and only in water that is seen. Drives hardware: nobody may be in the unit.
 *
 * What is judged: a sensor is there, fresh and plausible, agrees with its twin and follows the heat; contacts
 * are well; a motor draws current and turns while it is driven, not too much, and stops afterwards; the
 * heater warms the water. Inputs that are not fitted are not judged.
 *
 * A state machine that is given time and readings and gives outputs; it waits for nothing. The agent drives
 * it behind its interlocks (agent.h), the command line without (runtime/trial.h), so it keeps the hard limits
 * itself. Pure; not thread-safe. */
#ifndef PEDILUVE_AGENT_CORE_SELF_TEST_H
#define PEDILUVE_AGENT_CORE_SELF_TEST_H

#include "device-agent/core/interlock.h"

#define SELF_TEST_LEVEL 30          /* percent of a motor, at most */
#define SELF_TEST_RISE_MDEGC 300    /* what the heater's energy would give, without losses */
#define SELF_TEST_HEAT_MS_MAX 60000 /* whatever the energy */
#define SELF_TEST_HEAT_BELOW_MDEGC 40000
#define SELF_TEST_SHARE 5        /* a fifth of the expected current or warmth is enough */
#define SELF_TEST_MS_MAX 1800000 /* all of it; in an agent an interlock ends what is longer */

struct self_test_report {
    int32_t n;
    struct message_check checks[PROTO_CHECKS_MAX];
};

enum self_test_stage {
    SELF_TEST_LOOK, /* at the sensors, before anything is driven */
    SELF_TEST_FILL, /* water may come in */
    SELF_TEST_NEXT, /* which cell is tried now */
    SELF_TEST_REST, /* what the motors draw when none is driven */
    SELF_TEST_RAMP, /* up slowly, as the model wants */
    SELF_TEST_HOLD,
    SELF_TEST_STOP, /* turned off: does it stop? */
    SELF_TEST_COLD, /* how warm the water is before it is heated */
    SELF_TEST_HEAT,
    SELF_TEST_LAG, /* the warmth is on its way to the sensor */
    SELF_TEST_WARM,
    SELF_TEST_DONE,
    SELF_TEST_STAGE_COUNT
};

struct self_test_mean {
    int64_t sum, last_ms;
    int32_t n;
};

struct self_test {
    const struct model *model; /* borrowed */
    enum self_test_stage stage;
    int64_t now_ms, began_ms, since_ms; /* since: of the stage */
    struct readings readings;
    struct outputs outputs; /* wanted */
    enum reason reason;     /* why nothing more is driven; REASON_NONE: it goes on */
    const char *halted;     /* the same in words */
    bool wet;               /* water was seen */
    int64_t look_ms;        /* FILL: when the level was last looked at, and what it was */
    int32_t level_permille;
    int channel, cell; /* what is tried, or next */
    struct {           /* what that cell did while it was driven */
        int32_t level, base_ma, driven_ma;
        bool draws, sees; /* its current is measured; a sensor sees it turn */
        bool turned, greedy, dry;
        bool still_draws, still_turns; /* as far as it is known after it was turned off */
    } trial;
    struct self_test_mean mean[WATER_SENSORS_MAX];
    int32_t before_mdegc[WATER_SENSORS_MAX];
    bool heated; /* the heater has its check */
    struct self_test_report report;
};

/* model is borrowed for as long as it runs. */
void self_test_begin(struct self_test *t, const struct model *model, int64_t now_ms);
/* One control step; then outputs is what is wanted. False: it is over, everything is off and the report is
 * whole. */
bool self_test_step(struct self_test *t, int64_t now_ms, const struct readings *readings);
/* Ends it: everything off, what was not tried is skipped; what is driven at this moment has failed where the
 * reason is its doing. why is kept, and must outlive it. */
void self_test_halt(struct self_test *t, enum reason reason, const char *why);
bool self_test_is_wet(const struct self_test *t); /* what is driven now needs water */

/* Failed when one check failed; skipped when none failed and one was skipped. */
enum check_result self_test_verdict(const struct self_test_report *r);

#endif
