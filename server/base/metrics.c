/* Atomics in a table; families as small tables under a lock. */
#include "server/base/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

struct series {
    char label1[METRIC_LABEL_MAX + 1], label2[METRIC_LABEL_MAX + 1];
    int64_t value;
};
struct family {
    int n;
    struct series list[METRIC_SERIES_MAX];
};
struct cell { /* a cache line each: writers of different metrics do not disturb each other */
    _Alignas(64) atomic_int_fast64_t value;
};
struct metrics {
    struct cell cells[METRIC_COUNT];
    pthread_mutex_t lock; /* families */
    struct family *families[METRIC_FAMILY_COUNT];
};

static const struct {
    const char *type, *name, *help;
} metric_rows[METRIC_COUNT] = {
#define X(e, type, name, help) [METRIC_##e] = {#type, name, help},
    METRICS(X)
#undef X
};
static const struct {
    const char *name, *label1, *label2, *help;
} family_rows[METRIC_FAMILY_COUNT] = {
#define X(e, name, label1, label2, help) [METRIC_FAMILY_##e] = {name, label1, label2, help},
    METRIC_FAMILIES(X)
#undef X
};

struct metrics *metrics_new(void) {
    struct metrics *m = aligned_alloc(64, sizeof(*m));
    if (!m) abort();
    memset(m, 0, sizeof(*m));
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void metrics_free(struct metrics *m) {
    if (!m) return;
    for (int i = 0; i < METRIC_FAMILY_COUNT; i++) free(m->families[i]);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void metrics_add(struct metrics *m, enum metric which, int64_t n) {
    assert(which >= 0 && which < METRIC_COUNT);
    if (m) atomic_fetch_add_explicit(&m->cells[which].value, n, memory_order_relaxed);
}

void metrics_set(struct metrics *m, enum metric which, int64_t value) {
    assert(which >= 0 && which < METRIC_COUNT);
    if (m) atomic_store_explicit(&m->cells[which].value, value, memory_order_relaxed);
}

int64_t metrics_get(const struct metrics *m, enum metric which) {
    assert(which >= 0 && which < METRIC_COUNT);
    return m ? atomic_load_explicit(&m->cells[which].value, memory_order_relaxed) : 0;
}

static struct series *family_series(struct family *f, const char *label1, const char *label2) {
    for (int i = 0; i < f->n; i++)
        if (!strncmp(f->list[i].label1, label1, METRIC_LABEL_MAX) &&
            !strncmp(f->list[i].label2, label2, METRIC_LABEL_MAX))
            return &f->list[i];
    if (f->n == METRIC_SERIES_MAX) return NULL;
    struct series *s = &f->list[f->n++];
    snprintf(s->label1, sizeof(s->label1), "%s", label1);
    snprintf(s->label2, sizeof(s->label2), "%s", label2);
    return s;
}

void metrics_count(struct metrics *m, enum metric_family family, const char *label1, const char *label2) {
    assert(family >= 0 && family < METRIC_FAMILY_COUNT);
    if (!m) return;
    pthread_mutex_lock(&m->lock);
    struct family **f = &m->families[family];
    if (!*f) {
        *f = xcalloc(1, sizeof(**f));
        family_series(*f, "other", "other"); /* the first one, so that there is always room for it */
    }
    struct series *s = family_series(*f, label1, label2);
    if (!s) s = &(*f)->list[0];
    s->value++;
    pthread_mutex_unlock(&m->lock);
}

static void label_write(struct buf *out, const char *value) {
    for (; *value; value++) {
        if (*value == '\n') {
            buf_str(out, "\\n");
            continue;
        }
        if (*value == '"' || *value == '\\') buf_chr(out, '\\');
        buf_chr(out, *value);
    }
}

static void family_write(const struct family *f, int which, struct buf *out) {
    buf_fmt(out, "# HELP pediluve_%s %s\n# TYPE pediluve_%s counter\n", family_rows[which].name,
            family_rows[which].help, family_rows[which].name);
    for (int i = 0; f && i < f->n; i++) {
        if (!f->list[i].value) continue;
        buf_fmt(out, "pediluve_%s{%s=\"", family_rows[which].name, family_rows[which].label1);
        label_write(out, f->list[i].label1);
        buf_fmt(out, "\",%s=\"", family_rows[which].label2);
        label_write(out, f->list[i].label2);
        buf_fmt(out, "\"} %lld\n", (long long)f->list[i].value);
    }
}

void metrics_write(const struct metrics *m, struct buf *out) {
    if (!m) return;
    for (int i = 0; i < METRIC_COUNT; i++)
        buf_fmt(out, "# HELP pediluve_%s %s\n# TYPE pediluve_%s %s\npediluve_%s %lld\n", metric_rows[i].name,
                metric_rows[i].help, metric_rows[i].name, metric_rows[i].type, metric_rows[i].name,
                (long long)metrics_get(m, (enum metric)i));
    pthread_mutex_t *lock = (pthread_mutex_t *)&m->lock;
    pthread_mutex_lock(lock);
    for (int i = 0; i < METRIC_FAMILY_COUNT; i++) family_write(m->families[i], i, out);
    pthread_mutex_unlock(lock);
}
