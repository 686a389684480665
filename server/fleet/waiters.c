/* A chained hash table under one lock: a few waiters at a time is the normal case, and the callback
 * must not run under the lock, so hits are unlinked first and called after. */
#include "server/fleet/waiters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"

#define BUCKETS 256

struct waiter {
    struct waiter *next;
    struct uuid command_id;
    bool final;
    int64_t deadline_ms;
    waiter_fn *fn;
    void *arg;
};

struct waiters {
    pthread_mutex_t lock;
    pthread_cond_t sooner;
    pthread_t thread;
    bool stop;
    int64_t wake_ms; /* when the thread will look next */
    atomic_size_t n; /* read without the lock to skip an empty table */
    size_t max;
    struct waiter *buckets[BUCKETS];
};

static struct waiter **bucket(struct waiters *w, const struct uuid *id) {
    return &w->buckets[(id->b[15] ^ id->b[14] * 31u ^ id->b[6]) % BUCKETS];
}

static struct waiter *unlink_one(struct waiters *w, struct waiter **at, struct waiter *list) {
    struct waiter *hit = *at;
    *at = hit->next;
    hit->next = list;
    atomic_fetch_sub(&w->n, 1);
    return hit;
}

static void call_all(struct waiter *list, const struct waiter_answer *answer) {
    for (struct waiter *next; list; list = next) {
        next = list->next;
        list->fn(list->arg, answer);
        free(list);
    }
}

/* Under the lock: takes out what is due, and works out when the next one will be. */
static struct waiter *take_due(struct waiters *w, int64_t now_ms) {
    struct waiter *hits = NULL;
    w->wake_ms = INT64_MAX;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct waiter **at = &w->buckets[i]; *at;)
            if ((*at)->deadline_ms <= now_ms) {
                hits = unlink_one(w, at, hits);
            } else {
                if ((*at)->deadline_ms < w->wake_ms) w->wake_ms = (*at)->deadline_ms;
                at = &(*at)->next;
            }
    return hits;
}

static void sleep_until(struct waiters *w, int64_t wake_ms) {
    if (wake_ms == INT64_MAX) {
        pthread_cond_wait(&w->sooner, &w->lock);
        return;
    }
    int64_t left_ms = wake_ms - clock_mono_ms();
    if (left_ms <= 0) return;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + left_ms % 1000 * 1000000;
    t.tv_sec += left_ms / 1000 + ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&w->sooner, &w->lock, &t);
}

static void *run(void *arg) {
    struct waiters *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct waiter *due = take_due(w, clock_mono_ms());
        if (due) {
            pthread_mutex_unlock(&w->lock);
            call_all(due, &(struct waiter_answer){.answered = false});
            pthread_mutex_lock(&w->lock);
            continue;
        }
        sleep_until(w, w->wake_ms);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct waiters *waiters_new(size_t max) {
    struct waiters *w = xcalloc(1, sizeof *w);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->sooner, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    w->max = max;
    w->wake_ms = INT64_MAX;
    if (pthread_create(&w->thread, NULL, run, w) != 0) abort(); /* as out of memory does */
    return w;
}

void waiters_free(struct waiters *w) {
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->sooner);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    call_all(take_due(w, INT64_MAX), &(struct waiter_answer){.answered = false});
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->sooner);
    free(w);
}

bool waiters_add(struct waiters *w, const struct uuid *command_id, bool final, int64_t deadline_ms,
                 waiter_fn *fn, void *arg) {
    struct waiter *one = xmalloc(sizeof *one);
    *one = (struct waiter){NULL, *command_id, final, deadline_ms, fn, arg};
    pthread_mutex_lock(&w->lock);
    bool room = atomic_load(&w->n) < w->max;
    if (room) {
        struct waiter **at = bucket(w, command_id);
        one->next = *at;
        *at = one;
        atomic_fetch_add(&w->n, 1);
        if (deadline_ms < w->wake_ms) {
            w->wake_ms = deadline_ms;
            pthread_cond_signal(&w->sooner);
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (!room) free(one);
    return room;
}

bool waiters_cancel(struct waiters *w, const struct uuid *command_id, void *arg) {
    struct waiter *hit = NULL;
    pthread_mutex_lock(&w->lock);
    for (struct waiter **at = bucket(w, command_id); *at; at = &(*at)->next)
        if ((*at)->arg == arg && uuid_equal(&(*at)->command_id, command_id)) {
            hit = unlink_one(w, at, NULL);
            break;
        }
    pthread_mutex_unlock(&w->lock);
    free(hit);
    return hit;
}

void waiters_wake(struct waiters *w, const struct message_answer *ack) {
    if (!atomic_load(&w->n)) return;
    bool final = ack_state_is_final((enum ack_state)ack->state);
    struct waiter *hits = NULL;
    pthread_mutex_lock(&w->lock);
    for (struct waiter **at = bucket(w, &ack->command_id); *at;)
        if (uuid_equal(&(*at)->command_id, &ack->command_id) && (final || !(*at)->final))
            hits = unlink_one(w, at, hits);
        else
            at = &(*at)->next;
    pthread_mutex_unlock(&w->lock);
    struct waiter_answer answer = {.answered = true, .state = ack->state, .code = ack->code, .at = ack->at};
    memcpy(answer.detail, ack->detail, sizeof answer.detail);
    call_all(hits, &answer);
}
