#include "server/fleet/thread.h"

#include <errno.h>
#include <time.h>

static void *entry(void *arg) {
    struct thread *t = arg;
    t->run(t->arg);
    return NULL;
}

static struct timespec after(clockid_t clock, int ms) {
    struct timespec t;
    clock_gettime(clock, &t);
    long ns = t.tv_nsec + (long)(ms % 1000) * 1000000;
    return (struct timespec){.tv_sec = t.tv_sec + ms / 1000 + ns / 1000000000, .tv_nsec = ns % 1000000000};
}

bool thread_start(struct thread *t, void (*run)(void *arg), void *arg) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->asked, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&t->lock, NULL);
    atomic_init(&t->stop, false);
    t->run = run;
    t->arg = arg;
    return pthread_create(&t->id, NULL, entry, t) == 0;
}

void thread_ask(struct thread *t) {
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->stop, true);
    pthread_cond_broadcast(&t->asked);
    pthread_mutex_unlock(&t->lock);
}

bool thread_join(struct thread *t, int deadline_ms) {
    struct timespec until = after(CLOCK_REALTIME, deadline_ms);
    if (pthread_timedjoin_np(t->id, NULL, &until) != 0) return false;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->asked);
    return true;
}

bool thread_stopping(struct thread *t) { return atomic_load(&t->stop); }

bool thread_sleep(struct thread *t, int ms) {
    struct timespec until = after(CLOCK_MONOTONIC, ms);
    pthread_mutex_lock(&t->lock);
    while (!atomic_load(&t->stop) && pthread_cond_timedwait(&t->asked, &t->lock, &until) != ETIMEDOUT)
        continue;
    pthread_mutex_unlock(&t->lock);
    return !thread_stopping(t);
}
