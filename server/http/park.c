/* Parked requests sit in slots. A ticket is a slot and the number of times it was used, so that an old
 * ticket finds nothing. The same thread also looks after connections that are too slow. */
#include <assert.h>
#include <time.h>

#include "base/clock.h"
#include "server/http/inside.h"

#define LOOK_EVERY_MS 250 /* at connections; deadlines of parked requests are met exactly */

enum slot_state {
    SLOT_FREE,
    SLOT_ARMED,  /* the handler that parks is still running */
    SLOT_WOKEN,  /* ... and the wait is over already */
    SLOT_PARKED, /* nobody has it but this table */
};
struct slot {
    enum slot_state state;
    uint32_t uses;
    struct request *rq;
    int64_t deadline_ms;
};
struct park {
    struct http *http;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots;
    uint32_t n, free_hint;
    bool expiring, stopping;
    pthread_t thread;
};

/* With the lock held: the slot is free again, the request goes on. */
static void release(struct park *p, struct slot *s, bool expired) {
    struct request *rq = s->rq;
    s->state = SLOT_FREE;
    s->uses++;
    s->rq = NULL;
    p->free_hint = (uint32_t)(s - p->slots);
    rq->park_slot = 0;
    rq->continued = true;
    rq->expired = expired;
    rq->writing = false; /* the continuation's answer is a new one */
    metrics_add(p->http->options.metrics, METRIC_REQUESTS_PARKED, -1);
    work_add_again(p->http->work, rq);
}

/* Lets go of what is due; returns when the next one is. */
static int64_t expire(struct park *p, int64_t now_ms) {
    int64_t next = now_ms + LOOK_EVERY_MS;
    for (uint32_t i = 0; i < p->n; i++) {
        struct slot *s = &p->slots[i];
        if (s->state != SLOT_PARKED) continue;
        if (p->expiring || s->deadline_ms <= now_ms)
            release(p, s, true);
        else if (s->deadline_ms < next)
            next = s->deadline_ms;
    }
    return next;
}

static void *park_main(void *cls) {
    struct park *p = cls;
    int64_t look_ms = 0;
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        int64_t now = clock_mono_ms();
        int64_t next = expire(p, now);
        if (now >= look_ms) {
            look_ms = now + LOOK_EVERY_MS;
            pthread_mutex_unlock(&p->lock);
            conn_cut_late(p->http, now);
            pthread_mutex_lock(&p->lock);
            continue; /* something may have changed meanwhile */
        }
        struct timespec until = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
        pthread_cond_timedwait(&p->changed, &p->lock, &until);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct park *park_new(struct http *h) {
    struct park *p = xcalloc(1, sizeof(*p));
    p->http = h;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&p->thread, NULL, park_main, p)) abort();
    return p;
}

void park_free(struct park *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->slots);
    free(p);
}

static struct slot *free_slot(struct park *p) {
    if (p->free_hint < p->n && p->slots[p->free_hint].state == SLOT_FREE) return &p->slots[p->free_hint];
    for (uint32_t i = 0; i < p->n; i++)
        if (p->slots[i].state == SLOT_FREE) return &p->slots[i];
    uint32_t n = p->n ? p->n * 2 : 64; /* bounded by the number of connections */
    p->slots = xrealloc(p->slots, sizeof(*p->slots) * n);
    for (uint32_t i = p->n; i < n; i++) p->slots[i] = (struct slot){.uses = 1};
    struct slot *s = &p->slots[p->n];
    p->n = n;
    return s;
}

struct park_ticket request_park(struct request *rq, int64_t deadline_mono_ms, request_handler *continuation) {
    struct park *p = rq->http->park;
    assert(continuation && !rq->park_slot && !(rq->match.route->flags & (ROUTE_MEMORY | ROUTE_STREAM)));
    pthread_mutex_lock(&p->lock);
    struct slot *s = free_slot(p);
    s->state = SLOT_ARMED;
    s->rq = rq;
    s->deadline_ms = deadline_mono_ms;
    rq->continuation = continuation;
    rq->park_slot = (uint32_t)(s - p->slots) + 1;
    struct park_ticket ticket = {(uint64_t)s->uses << 32 | rq->park_slot};
    pthread_mutex_unlock(&p->lock);
    metrics_add(rq->http->options.metrics, METRIC_REQUESTS_PARKED, 1);
    return ticket;
}

bool request_unpark(struct http *http, struct park_ticket ticket) {
    struct park *p = http->park;
    uint32_t number = (uint32_t)ticket.value, uses = (uint32_t)(ticket.value >> 32);
    bool known = false;
    pthread_mutex_lock(&p->lock);
    struct slot *s = number > 0 && number <= p->n ? &p->slots[number - 1] : NULL;
    if (s && s->uses == uses) {
        known = s->state != SLOT_FREE;
        if (s->state == SLOT_ARMED)
            s->state = SLOT_WOKEN;
        else if (s->state == SLOT_PARKED)
            release(p, s, false);
    }
    pthread_mutex_unlock(&p->lock);
    return known;
}

void park_settle(struct request *rq) {
    struct park *p = rq->http->park;
    pthread_mutex_lock(&p->lock);
    struct slot *s = &p->slots[rq->park_slot - 1];
    assert(s->rq == rq);
    if (s->state == SLOT_WOKEN || p->expiring) {
        release(p, s, s->state != SLOT_WOKEN);
    } else {
        s->state = SLOT_PARKED;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
}

void park_forget(struct request *rq) {
    struct park *p = rq->http->park;
    pthread_mutex_lock(&p->lock);
    struct slot *s = &p->slots[rq->park_slot - 1];
    assert(s->rq == rq);
    s->state = SLOT_FREE;
    s->uses++;
    s->rq = NULL;
    rq->park_slot = 0;
    pthread_mutex_unlock(&p->lock);
    metrics_add(p->http->options.metrics, METRIC_REQUESTS_PARKED, -1);
}

void park_expire_all(struct park *p) {
    pthread_mutex_lock(&p->lock);
    p->expiring = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}
