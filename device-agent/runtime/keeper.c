#include "device-agent/runtime/keeper.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#define BATCH 64 /* jobs carried out before the journal is looked at again */

struct writing {
    uint64_t ticket;
    size_t unit;
    int64_t mono_ms;
    struct uuid device;
    struct agent_write w;
    struct self_test_report *report; /* owned; that of w */
    struct program program[];        /* one, when w has one */
};

static void writing_free(struct writing *w) {
    if (w) free(w->report);
    free(w);
}

struct slot { /* one unit's */
    struct writing *waiting;
    /* the thread's own: what the journal has, to tell a change of the position from other changes */
    struct session_record last;
    int64_t epoch, last_seq, synced_ms;
};

struct keeper {
    struct journal *journal;
    struct spool *spool;
    size_t n_units;
    struct slot *slots;

    pthread_mutex_t lock; /* of all down to `stats` */
    pthread_cond_t wake;
    size_t *listed, n_listed; /* units with a write that waits, in order of arrival */
    struct keeper_job *jobs;  /* rings of `most` */
    struct keeper_result *results;
    size_t most, first_job, n_jobs, first_result, n_results;
    size_t under_way; /* jobs taken in whose result is not yet taken out */
    uint64_t ticket;
    bool stopping;
    struct keeper_stats stats;

    int fd;
    pthread_t thread;
    bool started;

    /* the thread's own */
    struct writing **taken;
    struct keeper_job *batch;
    struct keeper_result *answers;
    struct message_telemetry *telemetry;
    bool open; /* a transaction of the spool */
};

struct keeper *keeper_new(struct journal *journal, struct spool *spool, size_t n_units) {
    struct keeper *k = xcalloc(1, sizeof *k);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->wake, NULL);
    k->journal = journal;
    k->spool = spool;
    k->n_units = n_units;
    k->slots = xcalloc(n_units, sizeof *k->slots);
    k->listed = xcalloc(n_units, sizeof *k->listed);
    k->taken = xcalloc(n_units, sizeof *k->taken);
    k->most = KEEPER_JOBS_BASE + n_units * KEEPER_JOBS_PER_UNIT;
    k->jobs = xcalloc(k->most, sizeof *k->jobs);
    k->results = xcalloc(k->most + 2 * n_units, sizeof *k->results);
    k->batch = xcalloc(BATCH, sizeof *k->batch);
    k->answers = xcalloc(BATCH, sizeof *k->answers);
    k->telemetry = xcalloc(1, sizeof *k->telemetry);
    k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return k;
}

/* ---- the control thread's side ---- */

uint64_t keeper_write(struct keeper *k, size_t unit, const struct uuid *device, const struct agent_write *w,
                      int64_t mono_ms) {
    struct writing *next = xmalloc(sizeof *next + (w->program ? sizeof *w->program : 0));
    next->unit = unit;
    next->mono_ms = mono_ms;
    next->device = *device;
    next->w = *w;
    if (w->program) next->program[0] = *w->program;
    next->w.program = w->program ? next->program : NULL;
    next->report = w->report ? xmalloc(sizeof *next->report) : NULL;
    if (w->report) *next->report = *w->report;
    next->w.report = next->report;
    pthread_mutex_lock(&k->lock);
    uint64_t ticket = next->ticket = ++k->ticket;
    struct writing *old = k->slots[unit].waiting;
    if (!old) k->listed[k->n_listed++] = unit;
    k->slots[unit].waiting = next;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    writing_free(old);
    return ticket;
}

bool keeper_post(struct keeper *k, const struct keeper_job *job) {
    pthread_mutex_lock(&k->lock);
    bool room = k->under_way < k->most;
    if (room) {
        k->jobs[(k->first_job + k->n_jobs++) % k->most] = *job;
        k->under_way++;
        pthread_cond_signal(&k->wake);
    }
    pthread_mutex_unlock(&k->lock);
    return room;
}

int keeper_fd(const struct keeper *k) { return k->fd; }

bool keeper_take(struct keeper *k, struct keeper_result *ret) {
    eventfd_t ignored;
    pthread_mutex_lock(&k->lock);
    bool any = k->n_results > 0;
    if (any) {
        *ret = k->results[k->first_result];
        k->first_result = (k->first_result + 1) % (k->most + 2 * k->n_units);
        k->n_results--;
        if (ret->type != KEEPER_WRITTEN) k->under_way--;
    } else {
        eventfd_read(k->fd, &ignored);
    }
    pthread_mutex_unlock(&k->lock);
    return any;
}

void keeper_stats(struct keeper *k, struct keeper_stats *ret) {
    pthread_mutex_lock(&k->lock);
    *ret = k->stats;
    ret->waiting = (int64_t)(k->under_way + k->n_listed);
    pthread_mutex_unlock(&k->lock);
}

/* ---- the writer's side ---- */

/* There is room: a job has one result and is not taken in before. A write has at most one that waits, and of
 * those that nobody took yet an older one of its unit is worth nothing. */
static void put_result(struct keeper *k, const struct keeper_result *r) {
    size_t room = k->most + 2 * k->n_units;
    for (size_t i = 0; r->type == KEEPER_WRITTEN && i < k->n_results; i++) {
        struct keeper_result *old = &k->results[(k->first_result + i) % room];
        if (old->type != KEEPER_WRITTEN || old->unit != r->unit) continue;
        *old = *r;
        return;
    }
    k->results[(k->first_result + k->n_results++) % room] = *r;
}

static void answer(struct keeper *k, const struct keeper_result *list, size_t n) {
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < n; i++) put_result(k, &list[i]);
    if (n) eventfd_write(k->fd, 1);
    pthread_mutex_unlock(&k->lock);
}

/* Only where in its program a session stands: may fall back by some seconds when the power goes. */
static bool is_position(const struct slot *s, const struct writing *writing) {
    const struct agent_write *w = &writing->w;
    const struct session_record *a = &s->last, *b = &w->session;
    if (w->n_answers || w->program || !w->has_session) return false;
    if (w->epoch != s->epoch || w->last_seq != s->last_seq ||
        writing->mono_ms - s->synced_ms >= KEEPER_SYNC_MS)
        return false;
    return uuid_equal(&a->id, &b->id) && a->phase == b->phase && a->reason == b->reason &&
           a->step == b->step && a->intensity == b->intensity && a->water_mdegc == b->water_mdegc &&
           a->ended_at == b->ended_at && a->rinse == b->rinse;
}

static void remember(struct slot *s, const struct writing *writing, bool synced) {
    const struct agent_write *w = &writing->w;
    if (w->has_session) s->last = w->session;
    s->epoch = w->epoch;
    s->last_seq = w->last_seq;
    if (synced) s->synced_ms = writing->mono_ms;
}

static size_t take_writes(struct keeper *k) {
    pthread_mutex_lock(&k->lock);
    size_t n = k->n_listed;
    for (size_t i = 0; i < n; i++) k->taken[i] = steal(&k->slots[k->listed[i]].waiting);
    k->n_listed = 0;
    pthread_mutex_unlock(&k->lock);
    return n;
}

static bool do_writes(struct keeper *k) {
    size_t n = take_writes(k);
    bool lazy = true;
    if (n == 0) return false;
    for (size_t i = 0; i < n; i++) lazy = lazy && is_position(&k->slots[k->taken[i]->unit], k->taken[i]);
    bool ok = lazy ? journal_begin_lazy(k->journal) : journal_begin(k->journal);
    for (size_t i = 0; ok && i < n; i++) ok = journal_put(k->journal, &k->taken[i]->device, &k->taken[i]->w);
    ok = ok && journal_commit(k->journal);
    if (!ok) journal_rollback(k->journal);
    for (size_t i = 0; i < n; i++) {
        struct writing *w = k->taken[i];
        struct slot *slot = &k->slots[w->unit];
        if (ok)
            remember(slot, w, !lazy);
        else
            slot->synced_ms = w->mono_ms - KEEPER_SYNC_MS; /* the next one waits for the disk */
        struct keeper_result r = {.type = KEEPER_WRITTEN, .unit = w->unit, .ok = ok, .ticket = w->ticket};
        answer(k, &r, 1);
        writing_free(w);
    }
    pthread_mutex_lock(&k->lock);
    k->stats.writes++;
    k->stats.syncs += !lazy;
    pthread_mutex_unlock(&k->lock);
    return true;
}

static void do_read(struct keeper *k, const struct keeper_job *job, struct keeper_result *r) {
    struct buf text = BUF_INIT;
    struct message_telemetry *m = k->telemetry;
    r->boot_id = job->boot_id;
    r->from = job->from;
    r->ok = spool_read(k->spool, job->device, &job->boot_id, job->from, job->most, m);
    if (!r->ok) return;
    message_telemetry_write(&text, m);
    r->last = m->n + m->n_samples - 1;
    r->text = buf_take(&text, &r->len);
}

static bool opened(struct keeper *k) {
    if (!k->open) k->open = spool_begin(k->spool);
    return k->open;
}

/* Ends the spool's transaction. What failed is put again by nobody: the numbers are missing then, and the
 * next message says so. from: of the first job that is part of it. */
static void close_spool(struct keeper *k, bool ok, size_t from, size_t to) {
    if (k->open && !(ok && spool_commit(k->spool))) {
        spool_rollback(k->spool);
        ok = false;
    }
    k->open = false;
    for (size_t i = from; i < to; i++) {
        struct keeper_result *r = &k->answers[i];
        if (r->type == KEEPER_SAMPLE || r->type == KEEPER_RELEASE) r->ok = ok;
    }
}

static bool do_job(struct keeper *k, const struct keeper_job *job, struct keeper_result *r) {
    switch (job->type) {
    case KEEPER_SAMPLE:
        r->last = job->n;
        return opened(k) &&
               spool_add(k->spool, job->device, job->n, &job->session_id, job->keep, &job->sample);
    case KEEPER_RELEASE:
        return opened(k) && spool_release(k->spool, job->device, &job->boot_id, job->n, job->boot_done);
    case KEEPER_READ: do_read(k, job, r); return true;
    default: r->ok = spool_head(k->spool, job->device, &r->boot_id, &r->watermark, &r->last); return true;
    }
}

static size_t take_jobs(struct keeper *k) {
    pthread_mutex_lock(&k->lock);
    size_t n = k->n_jobs < BATCH ? k->n_jobs : BATCH;
    for (size_t i = 0; i < n; i++) k->batch[i] = k->jobs[(k->first_job + i) % k->most];
    k->first_job = (k->first_job + n) % k->most;
    k->n_jobs -= n;
    pthread_mutex_unlock(&k->lock);
    return n;
}

static bool do_jobs(struct keeper *k) {
    size_t n = take_jobs(k), from = 0;
    bool ok = true;
    struct spool_stats stats;
    if (n == 0) return false;
    for (size_t i = 0; i < n; i++) {
        const struct keeper_job *job = &k->batch[i];
        if (job->type == KEEPER_HEAD) { /* says only what is durable */
            close_spool(k, ok, from, i);
            from = i;
            ok = true;
        }
        k->answers[i] = (struct keeper_result){.type = job->type, .unit = job->unit};
        if (ok || job->type == KEEPER_READ) ok = do_job(k, job, &k->answers[i]) && ok;
    }
    close_spool(k, ok, from, n);
    spool_stats(k->spool, &stats);
    answer(k, k->answers, n);
    pthread_mutex_lock(&k->lock);
    k->stats.spool = stats;
    pthread_mutex_unlock(&k->lock);
    return true;
}

bool keeper_turn(struct keeper *k) {
    bool any = do_writes(k);
    return do_jobs(k) || any;
}

static void *run(void *arg) {
    struct keeper *k = arg;
    pthread_setname_np(pthread_self(), "keeper");
    for (bool stopping = false; !stopping;) {
        while (keeper_turn(k)) continue;
        pthread_mutex_lock(&k->lock);
        while (k->n_listed == 0 && k->n_jobs == 0 && !k->stopping) pthread_cond_wait(&k->wake, &k->lock);
        stopping = k->stopping && k->n_listed == 0 && k->n_jobs == 0;
        pthread_mutex_unlock(&k->lock);
    }
    return NULL;
}

/* ---- life ---- */

bool keeper_start(struct keeper *k) {
    spool_stats(k->spool, &k->stats.spool);
    k->started = k->fd >= 0 && pthread_create(&k->thread, NULL, run, k) == 0;
    return k->started;
}

static bool join(struct keeper *k) {
    struct timespec until;
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += KEEPER_END_MS / 1000;
    return pthread_timedjoin_np(k->thread, NULL, &until) == 0;
}

bool keeper_free(struct keeper *k) {
    struct keeper_result result;
    if (!k) return true;
    if (k->started && !join(k)) return false;
    while (keeper_take(k, &result)) free(result.text);
    for (size_t i = 0; i < k->n_units; i++) writing_free(k->slots[i].waiting);
    if (k->fd >= 0) close(k->fd);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k->slots);
    free(k->listed);
    free(k->taken);
    free(k->jobs);
    free(k->results);
    free(k->batch);
    free(k->answers);
    free(k->telemetry);
    free(k);
    return true;
}
