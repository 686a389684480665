/* The self-test of core/self_test.h on a board, with nobody before it and no agent: for the command line.
 * Speaks to the board through hal.h alone. One thread. */
#ifndef PEDILUVE_AGENT_RUNTIME_TRIAL_H
#define PEDILUVE_AGENT_RUNTIME_TRIAL_H

#include "base/jsonw.h"
#include "device-agent/core/self_test.h"
#include "device-agent/hal/hal.h"

struct trial {
    struct board board;
    const struct model *model;
    int32_t step_ms; /* control time of one step */
    /* Waits for one step and tells the control time then. False: somebody wants the test to end. */
    bool (*wait)(void *context, int32_t step_ms, int64_t *ret_now_ms);
    void (*said)(void *context, const struct message_check *check); /* each as it is known; NULL: nobody */
    void *context;
};

/* Leaves the board in its safe state, whatever happens. */
void trial_run(const struct trial *trial, struct self_test_report *ret);
void trial_write(struct jsonw *w, const struct trial *trial, const struct self_test_report *r);

#endif
