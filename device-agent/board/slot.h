/* The newest measurement of one sensor, handed from the thread that measures to the control loop. Nobody
 * waits: what is old stays, with its age, and the core judges the age. Thread-safe. */
#ifndef PEDILUVE_AGENT_BOARD_SLOT_H
#define PEDILUVE_AGENT_BOARD_SLOT_H

#include <pthread.h>

#include "device-agent/core/types.h"

struct slot {
    pthread_mutex_t lock;
    struct reading reading; /* at_ms: monotonic */
};

void slot_init(struct slot *s);
void slot_done(struct slot *s);
/* began_ms: monotonic time before the measurement began: the value is not older than that. */
void slot_put(struct slot *s, int32_t value, int64_t began_ms);
/* The sensor says what cannot be: it does not answer, until the next slot_put. A reading that merely failed
 * is no reason to call this: the value then grows old. */
void slot_clear(struct slot *s);
/* now_ms: control time of the caller, which runs as fast as the monotonic clock. */
struct reading slot_get(struct slot *s, int64_t now_ms);

#endif
