/* Who waits for a device's answer (?wait=S): command id -> one callback. Bounded; thread-safe.
 *
 * Register BEFORE the command is committed, with the id made by the caller, so that no answer can
 * slip through; cancel when the transaction fails. Every registered waiter is called exactly once
 * (answer, deadline or shutdown) unless it was cancelled. */
#ifndef PEDILUVE_SERVER_FLEET_WAITERS_H
#define PEDILUVE_SERVER_FLEET_WAITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "protocol/message.h"

#define WAITERS_MAX 4096

struct waiter_answer {
    bool answered; /* false: the deadline passed, or the server stops; nothing below is set */
    int32_t state; /* enum ack_state; final unless the waiter asked for any answer */
    int32_t code;  /* enum ack_code */
    int64_t at;    /* the device's time of it */
    char detail[PROTO_DETAIL_MAX + 1];
};

/* Called on a thread of the fleet, after the answer was committed to the database: must not block
 * and not call waiters_*. */
typedef void waiter_fn(void *arg, const struct waiter_answer *answer);

struct waiters;

/* Starts the thread that keeps the deadlines. */
struct waiters *waiters_new(size_t max);
/* Calls everyone still waiting with answered false. */
void waiters_free(struct waiters *w);

/* False when full: answer at once, without waiting. final: only a final state wakes it; otherwise the
 * first answer does. deadline_ms on clock_mono_ms()'s scale. */
bool waiters_add(struct waiters *w, const struct uuid *command_id, bool final, int64_t deadline_ms,
                 waiter_fn *fn, void *arg);
/* True: it is gone and will not be called. False: it was called, or is being called just now. */
bool waiters_cancel(struct waiters *w, const struct uuid *command_id, void *arg);

/* The fleet's side. */
void waiters_wake(struct waiters *w, const struct message_answer *ack);

#endif
