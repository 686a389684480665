#include "server/fleet/ingest.h"

#include <string.h>

#include "base/clock.h"
#include "server/base/limits.h"
#include "server/fleet/inbox.h"
#include "server/fleet/thread.h"
#include "server/fleet/watermark.h"
#include "server/store/telemetry_store.h"

#define BOX_BYTES (16 * 1024 * 1024) /* 120,000 messages of one sample; 340,000 samples in tens */
#define SLICE_MS 10
#define CACHE_MAX (LIMIT_DEVICES * 2)
#define ROWS_MAX (LIMIT_INGEST_BATCH_ROWS + PROTO_SAMPLES_MAX)

struct ingest {
    struct context *ctx;
    struct inbox *box;
    struct thread thread;

    /* its thread only */
    struct db *db;
    struct watermarks *watermarks;
    /* The batch being gathered: marks[i] belongs to touched[i]. */
    struct telemetry_sample *samples;
    struct telemetry_mark *marks;
    struct watermark **touched; /* everyone in the batch, and everyone who only gets an answer */
    int32_t n_samples, n_marks, n_touched;
};

/* A message in the mailbox: a head, then its samples. A quarter of the size of its text. */
struct head {
    struct uuid boot_id, session_id;
    int64_t n, lost;
    int32_t n_samples;
};
struct packed {
    struct head head;
    struct message_sample samples[PROTO_SAMPLES_MAX];
};

/* ---- one message into the batch ---- */

/* The first word of a boot: how far it is. Many of them share one transaction, which ends before the
 * batch is written. */
static enum err load(struct ingest *in, struct watermark *w) {
    int64_t lost;
    if (!db_in_transaction(in->db)) db_begin(in->db);
    enum err e = telemetry_watermark(in->db, &w->device, &w->boot, &w->committed, &lost);
    w->taken = w->committed;
    w->loaded = e == ERR_OK;
    return e;
}

static void touch(struct ingest *in, struct watermark *w) {
    if (w->batch) return;
    in->touched[in->n_touched++] = w;
    w->batch = true;
    w->mark = -1;
}

static struct telemetry_mark *mark_of(struct ingest *in, struct watermark *w) {
    if (w->mark < 0) {
        w->mark = in->n_marks++;
        in->marks[w->mark] = (struct telemetry_mark){
            .device_id = w->device, .boot_id = w->boot, .expected = w->committed, .n = w->committed};
    }
    return &in->marks[w->mark];
}

static void take(struct ingest *in, struct watermark *w, const struct packed *m,
                 const struct watermark_judgement *j) {
    struct telemetry_mark *mark = mark_of(in, w);
    mark->n = w->taken = j->next_upto;
    mark->lost += j->lost;
    for (int32_t i = j->skip; i < m->head.n_samples; i++) {
        const struct message_sample *s = &m->samples[i];
        in->samples[in->n_samples++] = (struct telemetry_sample){.device_id = w->device,
                                                                 .boot_id = w->boot,
                                                                 .session_id = m->head.session_id,
                                                                 .n = m->head.n + i,
                                                                 .at = s->at,
                                                                 .step = s->step,
                                                                 .elapsed_ms = s->elapsed_ms,
                                                                 .water_mdegc = s->water_mdegc,
                                                                 .target_mdegc = s->target_mdegc,
                                                                 .level_permille = s->level_permille,
                                                                 .current_ma = s->current_ma,
                                                                 .heater_permille = s->heater_permille,
                                                                 .intensity = s->intensity,
                                                                 .mark = w->mark};
    }
}

static enum err add(struct ingest *in, const struct inbox_record *r) {
    const struct packed *m = (const struct packed *)(const void *)r->data;
    struct watermark *w = watermarks_get(in->watermarks, &r->device, &m->head.boot_id);
    if (!w->loaded) {
        enum err e = load(in, w);
        if (e != ERR_OK) return e;
    }
    touch(in, w);
    struct watermark_judgement j = watermark_judge(w->taken, m->head.n, m->head.lost, m->head.n_samples);
    switch (j.verdict) {
    case WATERMARK_TAKE:
        context_count(in->ctx, samples_duplicate, j.skip);
        context_count(in->ctx, samples_lost, j.lost);
        take(in, w, m, &j);
        break;
    case WATERMARK_DUPLICATE: context_count(in->ctx, samples_duplicate, m->head.n_samples); break;
    case WATERMARK_GAP: context_count(in->ctx, samples_gap, m->head.n_samples); break;
    }
    return ERR_OK;
}

/* ---- the batch into the database, and the answers ---- */

static void answer(struct ingest *in, const struct watermark *w) {
    struct message_committed m = {.boot_id = w->boot, .n = w->committed, .at = clock_wall_ms()};
    if (!live_answer_epoch(in->ctx->live, &w->device, &m.epoch)) return;
    char memory[512];
    struct buf out;
    buf_init_fixed(&out, memory, sizeof memory);
    message_committed_write(&out, &m);
    link_publish(in->ctx->link, &w->device, TOPIC_COMMITTED, out.data, out.len);
}

static void settle(struct ingest *in, bool stored) {
    for (int32_t i = 0; i < in->n_touched; i++) {
        struct watermark *w = in->touched[i];
        const struct telemetry_mark *mark = w->mark < 0 ? NULL : &in->marks[w->mark];
        w->batch = false;
        if (!stored || (mark && mark->committed < 0)) {
            watermarks_forget(in->watermarks, &w->device, &w->boot);
            continue;
        }
        if (mark) w->committed = w->taken = mark->committed;
        answer(in, w);
    }
}

static void flush(struct ingest *in) {
    enum err e = db_in_transaction(in->db) ? db_commit(in->db) : ERR_OK;
    int32_t stray = 0;
    if (e == ERR_OK && in->n_marks)
        e = telemetry_commit(in->db, in->marks, in->n_marks, in->samples, in->n_samples, &stray);
    bool stored = e == ERR_OK;
    if (in->n_touched && !context_db_ok(in->ctx, in->db, e, "telemetry"))
        context_count(in->ctx, batches_failed, 1);
    if (stored) {
        for (int32_t i = 0; i < in->n_marks; i++) {
            const struct telemetry_mark *m = &in->marks[i];
            if (m->accepted) context_count(in->ctx, samples_committed, m->n - m->expected - m->lost);
        }
        context_count(in->ctx, samples_stray, stray);
    }
    settle(in, stored);
    in->n_samples = in->n_marks = in->n_touched = 0;
}

static void fail(struct ingest *in, enum err e) {
    db_rollback(in->db);
    context_db_ok(in->ctx, in->db, e, "telemetry watermark");
    context_count(in->ctx, batches_failed, 1);
    settle(in, false);
    in->n_samples = in->n_marks = in->n_touched = 0;
}

static void handle_all(struct ingest *in, const struct buf *taken) {
    struct inbox_record r;
    for (size_t at = 0; inbox_next(taken, &at, &r);) {
        enum err e = add(in, &r);
        if (e == ERR_NOT_FOUND) {
            db_rollback(in->db); /* of the transaction that loads watermarks */
            context_count(in->ctx, unknown_devices, 1);
            continue;
        }
        if (e != ERR_OK) {
            fail(in, e);
            thread_sleep(&in->thread, LIMIT_INGEST_BATCH_MS); /* the rest is not worth asking for now */
            return;
        }
        if (in->n_samples >= LIMIT_INGEST_BATCH_ROWS || in->n_touched >= LIMIT_INGEST_BATCH_ROWS) flush(in);
    }
    flush(in);
    watermarks_trim(in->watermarks, CACHE_MAX);
}

static void run(void *arg) {
    struct ingest *in = arg;
    auto_buf struct buf taken = BUF_INIT;
    while (!thread_stopping(&in->thread)) {
        if (!inbox_wait(in->box, 1000)) continue;
        int64_t until_ms = clock_mono_ms() + LIMIT_INGEST_BATCH_MS;
        while (clock_mono_ms() < until_ms && inbox_waiting(in->box) < LIMIT_INGEST_BATCH_ROWS)
            if (!thread_sleep(&in->thread, SLICE_MS)) break;
        if (inbox_take(in->box, 0, &taken)) handle_all(in, &taken);
    }
}

static void ingest_free(struct ingest *in) {
    db_free(in->db);
    inbox_free(in->box);
    watermarks_free(in->watermarks);
    free(in->samples);
    free(in->marks);
    free(in->touched);
    free(in);
}

enum err ingest_start(struct context *ctx, struct ingest **ret) {
    struct ingest *in = xcalloc(1, sizeof *in);
    in->ctx = ctx;
    in->box = inbox_new(LIMIT_INGEST_ROWS, BOX_BYTES, -1);
    in->watermarks = watermarks_new();
    in->samples = xmalloc(ROWS_MAX * sizeof *in->samples);
    in->marks = xmalloc(ROWS_MAX * sizeof *in->marks);
    in->touched = xmalloc(ROWS_MAX * sizeof *in->touched);
    in->db = context_db(ctx, "pediluved ingest");
    if (!thread_start(&in->thread, run, in)) {
        ingest_free(in);
        return ERR_INTERNAL;
    }
    *ret = in;
    return ERR_OK;
}

bool ingest_stop(struct ingest *in, int deadline_ms) {
    if (!in) return true;
    thread_ask(&in->thread);
    inbox_close(in->box);
    if (!thread_join(&in->thread, deadline_ms)) return false;
    ingest_free(in);
    return true;
}

bool ingest_put(struct ingest *in, const struct uuid *device, const struct message_telemetry *m) {
    struct packed p;
    p.head = (struct head){m->boot_id, m->session_id, m->n, m->lost, m->n_samples};
    memcpy(p.samples, m->samples, (size_t)m->n_samples * sizeof p.samples[0]);
    size_t len = offsetof(struct packed, samples) + (size_t)m->n_samples * sizeof p.samples[0];
    if (inbox_put(in->box, device, 0, &p, len)) return true;
    context_count(in->ctx, messages_dropped, 1);
    return false;
}

size_t ingest_waiting(struct ingest *in) { return inbox_waiting(in->box); }
