/* The inside of the live view, shared by live*.c only. */
#ifndef PEDILUVE_SERVER_FLEET_LIVE_INSIDE_H
#define PEDILUVE_SERVER_FLEET_LIVE_INSIDE_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/auto.h"
#include "server/base/limits.h"
#include "server/fleet/live.h"

#define SHARDS 64
#define SHARD_BUCKETS 256
#define CLOCK_SLEW_MS 1000

/* The end of a connection: the last that was seen. */
struct end {
    struct uuid boot_id;
    int64_t epoch, at, began_at; /* began_at 0: its beginning was not seen */
    enum presence_why why;
    uint32_t n; /* counts the ends; 0: there was none */
};

/* What was last written of presence; see live_presence_take. */
struct told {
    bool known, connected; /* known false: nothing since our own connection began */
    struct uuid boot_id;
    int64_t epoch;
    uint32_t end_n;
};

struct entry {
    struct entry *next;
    struct live_device d; /* d.fresh and d.rev are worked out on reading */
    uint64_t rev;
    int64_t hello_epoch; /* of a hello being recorded */
    bool missed;         /* a command came while it was */
    bool was_fresh;      /* at the last walk */
    int64_t sent_seq, acked_seq, sent_at, stale_seq;
    bool has_persisted;
    int32_t persisted_mode, persisted_n_faults;
    int32_t persisted_faults[PROTO_FAULTS_MAX];
    struct message_session persisted;
    int64_t shown_at; /* when subscribers were last told values, and which */
    int32_t shown_water_mdegc, shown_level_permille;
    int64_t epoch_at; /* when the present connection was first heard of */
    struct end end;
    struct told told;
};

struct shard {
    pthread_mutex_t lock;
    struct entry *buckets[SHARD_BUCKETS];
};

/* A text that many devices share: the names of routines. */
struct text {
    struct text *next;
    char text[];
};
#define TEXTS_MAX 4096 /* what does not fit is not shown until the next start */

struct live {
    atomic_uint_fast64_t rev;
    atomic_size_t known, connected, ready;
    pthread_mutex_t texts_lock;
    struct text *texts;
    size_t n_texts;
    struct shard shards[SHARDS];
};

static_assert(sizeof(struct entry) <= 1024, "performance: at most 1 kB a device");

static inline uint64_t hash(const struct uuid *id) {
    uint64_t a, b;
    memcpy(&a, id->b, 8);
    memcpy(&b, id->b + 8, 8);
    uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
    return h ^ (h >> 32);
}

static inline struct shard *shard_of(const struct live *l, const struct uuid *id) {
    return (struct shard *)&l->shards[hash(id) % SHARDS];
}

static inline struct entry **slot(struct shard *s, const struct uuid *id) {
    struct entry **e = &s->buckets[hash(id) / SHARDS % SHARD_BUCKETS];
    while (*e && !uuid_equal(&(*e)->d.facts.id, id)) e = &(*e)->next;
    return e;
}

static inline void unlock_p(pthread_mutex_t **m) {
    if (*m) pthread_mutex_unlock(*m);
}
#define auto_unlock __attribute__((cleanup(unlock_p), unused))

/* Finds the entry of id and locks its shard until the end of the scope; NULL (unlocked) otherwise. */
#define ENTRY_LOCKED(l, id)                                                                                  \
    auto_unlock pthread_mutex_t *locked_ = NULL;                                                             \
    struct entry *e = entry_lock(l, id, &locked_)

static inline struct entry *entry_lock(const struct live *l, const struct uuid *id,
                                       pthread_mutex_t **ret_lock) {
    struct shard *s = shard_of(l, id);
    pthread_mutex_lock(&s->lock);
    *ret_lock = &s->lock;
    return *slot(s, id);
}

static inline void touch(struct live *l, struct entry *e) {
    e->rev = atomic_fetch_add_explicit(&l->rev, 1, memory_order_relaxed);
}

/* Whether `at` is less than `within` ago. Not so when it lies ahead: then the clock was set back, and nobody
 * knows how long ago it was. A second is forgiven, which is how a clock is slewed. */
static inline bool is_recent(int64_t at_ms, int64_t now_ms, int64_t within_ms) {
    return now_ms - at_ms < within_ms && at_ms - now_ms <= CLOCK_SLEW_MS;
}

static inline bool is_fresh(const struct entry *e, int64_t now_ms) {
    return e->d.heard_at && is_recent(e->d.heard_at, now_ms, LIMIT_FRESH_MS);
}

static inline void copy_out(const struct entry *e, int64_t now_ms, struct live_device *ret) {
    *ret = e->d;
    ret->fresh = is_fresh(e, now_ms);
    ret->rev = e->rev << 1 | ret->fresh;
}

#endif
