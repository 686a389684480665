/* Tries a board out: every sensor, then every cell of every actuator, gently and one at a time, then the
 * heater, briefly and only in water that is seen. Drives hardware: nobody may be in the unit.
 *
 * What is judged: a sensor is there, fresh and plausible, agrees with its twin and follows the heat; contacts
 * are well; a motor draws current and turns while it is driven, not too much, and stops afterwards; the
 * heater warms the water. Inputs that are not fitted are not judged. Speaks to the board through hal.h alone.
 * One thread. */
#ifndef PEDILUVE_AGENT_RUNTIME_SELF_TEST_H
#define PEDILUVE_AGENT_RUNTIME_SELF_TEST_H

#include "base/jsonw.h"
#include "device-agent/hal/hal.h"
#include "protocol/model.h"

#define SELF_TEST_LEVEL 30          /* percent of a motor, at most */
#define SELF_TEST_RISE_MDEGC 300    /* what the heater's energy would give, without losses */
#define SELF_TEST_HEAT_MS_MAX 60000 /* whatever the energy */
#define SELF_TEST_HEAT_BELOW_MDEGC 40000
#define SELF_TEST_SHARE 5 /* a fifth of the expected current or warmth is enough */
#define SELF_TEST_CHECKS_MAX (PROTO_ACTUATORS_MAX * PROTO_CELLS_MAX + CONTACT_COUNT + 16)

enum self_test_result { SELF_TEST_PASSED, SELF_TEST_FAILED, SELF_TEST_SKIPPED };

struct self_test_check {
    char name[PROTO_NAME_MAX + 16]; /* "water/1", "contact/lid", "roller-sole/2", "heater" */
    enum self_test_result result;
    char detail[96]; /* for people */
};

struct self_test_report {
    int32_t n;
    struct self_test_check checks[SELF_TEST_CHECKS_MAX];
};

struct self_test {
    struct board board;
    const struct model *model;
    int32_t step_ms; /* control time of one step */
    /* Waits for one step and tells the control time then. False: somebody wants the test to end. */
    bool (*wait)(void *context, int32_t step_ms, int64_t *ret_now_ms);
    void (*said)(void *context, const struct self_test_check *check); /* each as it is known; NULL: nobody */
    void *context;
};

/* Leaves the board in its safe state, whatever happens. */
void self_test_run(const struct self_test *test, struct self_test_report *ret);

/* Failed when one check failed; skipped when none failed and one was skipped. */
enum self_test_result self_test_verdict(const struct self_test_report *r);
const char *self_test_result_name(enum self_test_result result); /* "passed", "failed", "skipped" */
void self_test_write(struct jsonw *w, const struct self_test *test, const struct self_test_report *r);

#endif
