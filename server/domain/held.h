/* A session without a unit: everything in it is done by hand, and the server holds its steps as a unit would:
 * each is `waiting` until it is confirmed or its own timer is over. Time is given. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_HELD_H
#define PEDILUVE_DOMAIN_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/program.h"
#include "server/domain/session.h"

/* What lowering takes for the model of nobody: no actuators, so that what a person cannot do cannot run. */
#define HELD_MODEL_ID "by-hand"
extern const struct model held_model;

struct held {
    int32_t state;               /* enum session_state: waiting, paused, completed, stopped, aborted */
    int32_t reason;              /* enum reason */
    int32_t step;                /* program step; n_steps: past the last */
    int32_t step_ms, elapsed_ms; /* time in the step and in all, as of counted_at; stands in a pause */
    int64_t started_at, ended_at, counted_at; /* wall milliseconds; ended_at 0: live */
};

void held_start(const struct program *p, int64_t now, struct held *ret);

/* Counts the time up to now: timers that are over give way to the next step, the longest time ends all. True
 * when state or step have changed. A clock that went back counts nothing. */
bool held_advance(const struct program *p, struct held *h, int64_t now);

/* When held_advance will next change something, if nobody does; 0: it has ended. */
int64_t held_due_at(const struct program *p, const struct held *h);

enum held_answer {
    HELD_DONE,        /* what was wanted is so now, or was so before */
    HELD_WRONG_STATE, /* as session_allows */
    HELD_WRONG_STEP,  /* a confirm of another step than the present one */
    HELD_NOTHING      /* an adjustment: there is nothing to adjust */
};
/* Advances first. step: of a confirm. */
enum held_answer held_order(const struct program *p, struct held *h, enum command_type type, int32_t step,
                            int64_t now);

int32_t held_remaining_ms(const struct program *p, const struct held *h); /* nominal */

#endif
