/* What must always hold, judged after every step from the true physics, the raw readings, the disk and what
 * the server asked for; never from what the interlocks made of them. */
#ifndef PEDILUVE_TESTS_SIMULATION_CHECK_H
#define PEDILUVE_TESTS_SIMULATION_CHECK_H

#include "tests/simulation/world.h"

struct glimpse { /* the core before a step */
    struct uuid session;
    int32_t phase, step, intensity, water_mdegc;
    bool guide;
    bool testing, planned;
    struct uuid plan;
};

void check_before(const struct device *d, struct glimpse *ret);
void check_after(struct device *d, const struct glimpse *before, const struct agent_event *event);
void check_outputs(struct device *d, const struct outputs *o);
void check_danger(struct device *d); /* the raw readings are new */
void check_time(struct device *d, int64_t dt_ms);
void check_ack(struct device *d, const struct message_answer *m);
void check_hello(struct device *d, const struct message_hello *m);
void check_state(struct device *d, const struct message_state *m);
void check_release(struct device *d, const struct uplink_range *range);
/* A write that the power cut, and that is there after all. */
void check_kept(struct device *d, const struct agent_write *w);
void check_boot(struct device *d, const struct agent_recovered *r);
void check_end(struct world *w);

#endif
