#include "server/api/models.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/domain/held.h"
#include "server/store/model_store.h"

#define MODELS_MAX 256
#define REMEMBER_MS 60000

struct models {
    pthread_rwlock_t lock;
    int64_t loaded_at_ms; /* monotonic; 0: never */
    int32_t n;
    struct model list[MODELS_MAX];
};

struct models *models_new(void) {
    struct models *m = xcalloc(1, sizeof(*m));
    pthread_rwlock_init(&m->lock, NULL);
    return m;
}

void models_free(struct models *m) {
    if (!m) return;
    pthread_rwlock_destroy(&m->lock);
    free(m);
}

static int32_t load_page(struct models *m, const struct model_row rows[], int32_t n) {
    int32_t taken = 0;
    for (int32_t i = 0; i < n && m->n < MODELS_MAX; i++) {
        struct field_errors errors = {0};
        struct model *model = &m->list[m->n];
        if (model_parse(rows[i].spec, strlen(rows[i].spec), model, &errors)) {
            m->n++;
            taken++;
        } else {
            log_error("api", "a model in the database cannot be read|model=%s pointer=%s detail=\"%s\"",
                      rows[i].id, errors.list[0].pointer, errors.list[0].detail);
        }
    }
    return taken;
}

enum err models_load(struct models *m, struct db *db) {
    auto_free struct model_row *rows = xcalloc(PAGE_ROWS_MAX, sizeof(*rows));
    char after[33] = "";
    struct models *fresh = xcalloc(1, sizeof(*fresh)); /* read without the lock */
    for (int32_t n = PAGE_ROWS_MAX; n == PAGE_ROWS_MAX && fresh->n < MODELS_MAX;) {
        enum err e = model_list(db, after, PAGE_ROWS_MAX, rows, &n);
        if (e) {
            free(fresh);
            return e;
        }
        load_page(fresh, rows, n);
        if (n) snprintf(after, sizeof(after), "%s", rows[n - 1].id);
        for (int32_t i = 0; i < n; i++) model_row_done(&rows[i]);
    }
    pthread_rwlock_wrlock(&m->lock);
    m->n = fresh->n;
    memcpy(m->list, fresh->list, sizeof(m->list[0]) * (size_t)fresh->n);
    m->loaded_at_ms = clock_mono_ms();
    pthread_rwlock_unlock(&m->lock);
    free(fresh);
    return ERR_OK;
}

/* True when the copy was made; false: not there, or all is too old to be believed. */
static bool find(struct models *m, const char *id, struct model *ret) {
    bool found = false;
    pthread_rwlock_rdlock(&m->lock);
    if (m->loaded_at_ms && clock_mono_ms() - m->loaded_at_ms < REMEMBER_MS)
        for (int32_t i = 0; i < m->n && !found; i++)
            if (strcmp(m->list[i].id, id) == 0) {
                *ret = m->list[i];
                found = true;
            }
    pthread_rwlock_unlock(&m->lock);
    return found;
}

enum err models_get(struct models *m, struct db *db, const char *id, struct model *ret) {
    if (strcmp(id, held_model.id) == 0) {
        *ret = held_model;
        return ERR_OK;
    }
    if (find(m, id, ret)) return ERR_OK;
    enum err e = models_load(m, db);
    if (e) return e;
    return find(m, id, ret) ? ERR_OK : ERR_NOT_FOUND;
}

void models_each_running(struct models *m, const struct routine *r, const struct lowering_caps *caps,
                         void (*fn)(void *arg, const struct model *m), void *arg) {
    struct scratch {
        struct program program;
        struct lowering_report report;
    };
    auto_free struct scratch *s = xmalloc(sizeof(*s));
    pthread_rwlock_rdlock(&m->lock);
    for (int32_t i = 0; i < m->n; i++)
        if (lowering_run(r, &m->list[i], caps, &s->program, &s->report) == LOWER_OK) fn(arg, &m->list[i]);
    pthread_rwlock_unlock(&m->lock);
}
