/* Looking through all of the live view: what housekeeping does every second. */
#include "server/fleet/live_inside.h"

#define SHARD_WALK_MAX 1024 /* visited a shard in one walk; the rest comes with the next */

void live_walk(struct live *l, int64_t now_ms, int64_t unanswered_ms, live_visit *visit, void *arg) {
    struct hit {
        struct live_device d;
        bool flipped, unanswered;
    };
    auto_free struct hit *hits = NULL;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &l->shards[i];
        size_t n = 0;
        pthread_mutex_lock(&s->lock);
        for (size_t b = 0; b < SHARD_BUCKETS; b++)
            for (struct entry *e = s->buckets[b]; e && n < SHARD_WALK_MAX; e = e->next) {
                bool fresh = is_fresh(e, now_ms), flipped = fresh != e->was_fresh;
                bool unanswered = e->d.ready && fresh && e->sent_seq > e->acked_seq &&
                                  !is_recent(e->sent_at, now_ms, unanswered_ms + 1);
                if (!flipped && !unanswered) continue;
                if (!hits) hits = xmalloc(SHARD_WALK_MAX * sizeof *hits);
                copy_out(e, now_ms, &hits[n].d);
                hits[n].flipped = flipped;
                hits[n++].unanswered = unanswered;
                e->was_fresh = fresh;
                if (unanswered) e->sent_at = now_ms;
            }
        pthread_mutex_unlock(&s->lock);
        for (size_t k = 0; k < n; k++) visit(arg, &hits[k].d, hits[k].flipped, hits[k].unanswered);
    }
}

void live_each(const struct live *l, int64_t now_ms, live_wanted *wanted, live_seen *visit, void *arg) {
    auto_free struct live_device *list = NULL;
    size_t room = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = (struct shard *)&l->shards[i];
        size_t n = 0;
        pthread_mutex_lock(&s->lock);
        for (size_t b = 0; b < SHARD_BUCKETS; b++)
            for (const struct entry *e = s->buckets[b]; e; e = e->next) {
                if (!wanted(arg, &e->d)) continue;
                if (n == room) {
                    room = room ? room * 2 : 64;
                    list = xrealloc(list, room * sizeof *list);
                }
                copy_out(e, now_ms, &list[n++]);
            }
        pthread_mutex_unlock(&s->lock);
        for (size_t k = 0; k < n; k++) visit(arg, &list[k]);
    }
}
