/* The bounded queue and the workers behind it. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "server/http/inside.h"

struct work {
    struct http *http;
    pthread_mutex_t lock;
    pthread_cond_t ready, idle;
    struct request *first, **last;
    int waiting, limit; /* new requests in the queue; those that were parked are not counted */
    int held;           /* suspended connections: queued, with a worker, or parked */
    bool stopping, refusing;
    int threads_n;
    pthread_t *threads;
};

/* The handler between the hooks. */
static void run_handler(struct request *rq, void *worker) {
    const struct http_hooks *hooks = rq->http->options.hooks;
    void *app = rq->http->options.app;
    request_handler *handle = rq->continued ? rq->continuation : rq->match.route->handle;
    enum err e = hooks->before ? hooks->before(app, rq, worker) : ERR_OK;
    bool replayed = !e && !rq->continued && rq->status;
    if (!e && !replayed) e = handle(rq, worker);
    if (e && rq->park_slot) park_forget(rq);
    if (!e && !rq->status && !rq->park_slot) e = ERR_INTERNAL;
    if (e) request_make_problem(rq, e);
    if (!hooks->after) return;
    enum err after = hooks->after(app, rq, worker, e);
    if (after && rq->park_slot) park_forget(rq);
    if (after && after != e) request_make_problem(rq, after);
}

static void run(struct request *rq, void *worker) {
    enum err e = ERR_OK;
    bool memory = rq->match.route->flags & (ROUTE_MEMORY | ROUTE_STREAM); /* here only for its token */
    if (!rq->continued && rq->ask_auth) e = request_judge_token(rq, worker);
    if (!rq->continued && !e && rq->match.bad_param) e = ERR_NOT_FOUND;
    if (!rq->continued && !e) e = request_decode(rq);
    if (!e && !memory) {
        run_handler(rq, worker);
        return;
    }
    if (!e) e = rq->match.route->handle(rq, NULL);
    if (e) request_make_problem(rq, e);
}

/* Hands the connection back to its HTTP thread. rq belongs to that thread from here on. */
static void give_back(struct work *w, struct request *rq) {
    struct MHD_Connection *mhd = rq->mhd;
    rq->stage = STAGE_ANSWER;
    MHD_resume_connection(mhd);
    pthread_mutex_lock(&w->lock);
    if (--w->held == 0) pthread_cond_broadcast(&w->idle);
    pthread_mutex_unlock(&w->lock);
}

static void work_on(struct work *w, struct request *rq, void *worker, bool refuse) {
    if (refuse)
        request_make_problem(rq, ERR_SHUTTING_DOWN);
    else
        run(rq, worker);
    if (rq->park_slot) {
        park_settle(rq);
        return;
    }
    request_finish(rq, ERR_OK); /* a problem is already made */
    give_back(w, rq);
}

static void *worker_main(void *cls) {
    struct work *w = cls;
    const struct http_hooks *hooks = w->http->options.hooks;
    void *app = w->http->options.app;
    void *worker = hooks->worker_new ? hooks->worker_new(app) : NULL;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->first && !w->stopping) pthread_cond_wait(&w->ready, &w->lock);
        struct request *rq = w->first;
        if (!rq) break;
        w->first = rq->next;
        if (!w->first) w->last = &w->first;
        rq->next = NULL;
        if (!rq->continued) {
            w->waiting--;
            metrics_add(w->http->options.metrics, METRIC_WORK_QUEUE, -1);
        }
        bool refuse = w->refusing && !rq->continued;
        pthread_mutex_unlock(&w->lock);
        work_on(w, rq, worker, refuse);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    if (hooks->worker_free) hooks->worker_free(app, worker);
    return NULL;
}

struct work *work_new(struct http *h, int workers, int queue) {
    assert(workers > 0 && queue > 0);
    struct work *w = xcalloc(1, sizeof(*w));
    w->http = h;
    w->limit = queue;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ready, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->threads = xcalloc((size_t)workers, sizeof(*w->threads));
    for (; w->threads_n < workers; w->threads_n++)
        if (pthread_create(&w->threads[w->threads_n], NULL, worker_main, w)) abort();
    return w;
}

static void append(struct work *w, struct request *rq) {
    rq->next = NULL;
    *w->last = rq;
    w->last = &rq->next;
    pthread_cond_signal(&w->ready);
}

bool work_reserve(struct work *w) {
    pthread_mutex_lock(&w->lock);
    bool room = w->waiting < w->limit && !w->stopping;
    if (room) {
        w->waiting++;
        w->held++;
    }
    pthread_mutex_unlock(&w->lock);
    metrics_add(w->http->options.metrics, room ? METRIC_WORK_QUEUE : METRIC_WORK_REFUSED, 1);
    return room;
}

void work_add(struct work *w, struct request *rq) {
    pthread_mutex_lock(&w->lock);
    append(w, rq);
    pthread_mutex_unlock(&w->lock);
}

void work_add_again(struct work *w, struct request *rq) {
    pthread_mutex_lock(&w->lock);
    assert(rq->continued);
    append(w, rq);
    pthread_mutex_unlock(&w->lock);
}

static void wait_idle(struct work *w, int64_t until_ms) {
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    while (w->held > 0 && clock_mono_ms() < until_ms) pthread_cond_timedwait(&w->idle, &w->lock, &until);
}

void work_drain(struct work *w, int64_t drain_ms) {
    pthread_mutex_lock(&w->lock);
    wait_idle(w, clock_mono_ms() + drain_ms);
    w->refusing = true; /* what has not begun by now is refused; what has begun ends in its own time */
    while (w->held > 0) pthread_cond_wait(&w->idle, &w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->ready);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < w->threads_n; i++) pthread_join(w->threads[i], NULL);
    w->threads_n = 0;
}

void work_free(struct work *w) {
    if (!w) return;
    work_drain(w, 0);
    free(w->threads);
    pthread_cond_destroy(&w->ready);
    pthread_cond_destroy(&w->idle);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
