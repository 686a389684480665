#include "server/api/wait.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "server/api/app.h"

/* The device may answer before the request is parked: whoever comes second does the rest. */
enum phase { PHASE_BEGUN, PHASE_PARKED, PHASE_ANSWERED };

struct wait {
    struct http *http;
    struct uuid command_id;
    int64_t deadline_ms;
    struct park_ticket ticket;
    atomic_int phase;
};

static void answered(void *arg, const struct waiter_answer *answer) {
    struct wait *w = arg;
    (void)answer; /* the continuation reads what the database has */
    if (atomic_exchange(&w->phase, PHASE_ANSWERED) != PHASE_PARKED) return;
    request_unpark(w->http, w->ticket);
    free(w);
}

struct wait *wait_begin(struct request *rq, int32_t seconds, const struct uuid *command_id) {
    if (seconds <= 0) return NULL;
    struct wait *w = xcalloc(1, sizeof(*w));
    w->http = request_http(rq);
    w->command_id = *command_id;
    w->deadline_ms = clock_mono_ms() + (int64_t)seconds * 1000;
    if (waiters_add(fleet_waiters(app_of(rq)->parts.fleet), command_id, true, w->deadline_ms, answered, w))
        return w;
    free(w);
    return NULL;
}

void wait_cancel(struct request *rq, struct wait *w) {
    if (!w) return;
    bool gone = waiters_cancel(fleet_waiters(app_of(rq)->parts.fleet), &w->command_id, w);
    /* Called just now: it sees PHASE_BEGUN or finds PHASE_PARKED, and then frees it. */
    if (gone || atomic_exchange(&w->phase, PHASE_PARKED) == PHASE_ANSWERED) free(w);
}

bool wait_park(struct request *rq, struct wait *w, request_handler *continuation) {
    if (!w) return false;
    struct http *http = w->http;
    struct park_ticket ticket = request_park(rq, w->deadline_ms, continuation);
    w->ticket = ticket;
    if (atomic_exchange(&w->phase, PHASE_PARKED) == PHASE_ANSWERED) {
        request_unpark(http, ticket);
        free(w);
    }
    return true;
}
