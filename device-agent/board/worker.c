#include "device-agent/board/worker.h"

#include <time.h>

#include "base/clock.h"

#define STACK_BYTES (256 << 10)

static struct timespec after(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* False: it is time to end. */
static bool rest(struct worker *w, int64_t began_ms) {
    int64_t left_ms = began_ms + w->period_ms - clock_mono_ms();
    struct timespec until = after(left_ms > 0 ? left_ms : 0);
    pthread_mutex_lock(&w->lock);
    while (!w->ending && !w->woken && pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0) {
    }
    w->woken = false;
    bool on = !w->ending;
    w->over = !on;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    return on;
}

static void *run(void *context) {
    struct worker *w = context;
    int64_t began_ms;
    do {
        began_ms = clock_mono_ms();
        w->work(w->context);
    } while (rest(w, began_ms));
    return NULL;
}

bool worker_start(struct worker *w, void (*work)(void *context), void *context, int32_t period_ms) {
    pthread_condattr_t monotonic;
    pthread_attr_t small;
    *w = (struct worker){.work = work, .context = context, .period_ms = period_ms};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&w->lock, NULL);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    w->running = pthread_create(&w->thread, &small, run, w) == 0;
    pthread_attr_destroy(&small);
    return w->running;
}

void worker_wake(struct worker *w) {
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool worker_end(struct worker *w, int32_t wait_ms) {
    if (!w->running) return true;
    struct timespec until = after(wait_ms);
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_broadcast(&w->wake);
    while (!w->over && pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0) {
    }
    bool over = w->over;
    pthread_mutex_unlock(&w->lock);
    if (!over) {
        pthread_detach(w->thread);
        return false;
    }
    pthread_join(w->thread, NULL); /* it has nothing left to do */
    w->running = false;
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    return true;
}
