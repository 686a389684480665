#include "server/api/programs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct entry {
    struct lowered lowered; /* first, so that one is the other */
    char routine[65], model[PROTO_NAME_MAX + 1];
    int32_t routine_version, model_version;
    struct lowering_caps caps;
    int refs; /* users, and the table while it is in there */
};

struct programs {
    pthread_mutex_t lock;
    uint64_t uses;
    struct {
        struct entry *entry;
        uint64_t used;
    } places[PROGRAMS_MAX];
    struct {
        char routine[65]; /* "": free */
        int32_t version;
        struct routine_facts facts;
    } facts[PROGRAMS_MAX];
    size_t next_facts; /* the place that gives way next */
};

struct programs *programs_new(void) {
    struct programs *p = xcalloc(1, sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void release(struct entry *e) {
    if (!e || --e->refs) return;
    free(e->lowered.json);
    free(e);
}

void programs_free(struct programs *p) {
    if (!p) return;
    for (int i = 0; i < PROGRAMS_MAX; i++) release(p->places[i].entry);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool is_for(const struct entry *e, const struct programs_key *k) {
    return e->routine_version == k->routine_version && e->model_version == k->model_version &&
           memcmp(&e->caps, &k->caps, sizeof(k->caps)) == 0 && strcmp(e->routine, k->routine) == 0 &&
           strcmp(e->model, k->model) == 0;
}

const struct lowered *programs_find(struct programs *p, const struct programs_key *key) {
    struct entry *found = NULL;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < PROGRAMS_MAX && !found; i++) {
        if (!p->places[i].entry || !is_for(p->places[i].entry, key)) continue;
        found = p->places[i].entry;
        found->refs++;
        p->places[i].used = ++p->uses;
    }
    pthread_mutex_unlock(&p->lock);
    return found ? &found->lowered : NULL;
}

static struct entry *make(const struct programs_key *key, const struct program *program) {
    struct entry *e = xcalloc(1, sizeof(*e));
    snprintf(e->routine, sizeof(e->routine), "%s", key->routine);
    snprintf(e->model, sizeof(e->model), "%s", key->model);
    e->routine_version = key->routine_version;
    e->model_version = key->model_version;
    e->caps = key->caps;
    e->lowered.program = *program;
    struct buf json = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &json);
    program_write(&w, NULL, program);
    e->lowered.json = buf_take(&json, &e->lowered.json_len);
    e->refs = 2; /* the caller and the table */
    return e;
}

const struct lowered *programs_once(const struct programs_key *key, const struct program *program) {
    struct entry *e = make(key, program);
    e->refs = 1;
    return &e->lowered;
}

const struct lowered *programs_put(struct programs *p, const struct programs_key *key,
                                   const struct program *program) {
    struct entry *e = make(key, program);
    pthread_mutex_lock(&p->lock);
    int place = 0;
    for (int i = 1; i < PROGRAMS_MAX; i++)
        if (p->places[i].used < p->places[place].used) place = i;
    release(p->places[place].entry);
    p->places[place].entry = e;
    p->places[place].used = ++p->uses;
    pthread_mutex_unlock(&p->lock);
    return &e->lowered;
}

void programs_give_back(struct programs *p, const struct lowered *lowered) {
    if (!lowered) return;
    pthread_mutex_lock(&p->lock);
    release((struct entry *)(uintptr_t)lowered);
    pthread_mutex_unlock(&p->lock);
}

bool programs_facts_find(struct programs *p, const char *routine, int32_t version,
                         struct routine_facts *ret) {
    bool found = false;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PROGRAMS_MAX && !found; i++) {
        found = p->facts[i].version == version && strcmp(p->facts[i].routine, routine) == 0;
        if (found) *ret = p->facts[i].facts;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

void programs_facts_put(struct programs *p, const char *routine, int32_t version,
                        const struct routine_facts *facts) {
    pthread_mutex_lock(&p->lock);
    size_t i = p->next_facts;
    p->next_facts = (i + 1) % PROGRAMS_MAX;
    snprintf(p->facts[i].routine, sizeof(p->facts[i].routine), "%s", routine);
    p->facts[i].version = version;
    p->facts[i].facts = *facts;
    pthread_mutex_unlock(&p->lock);
}
