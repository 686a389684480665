/* What the live view has seen of connections and the database does not hold yet. State is compared, not
 * messages queued: a storm of reconnections costs the link nothing, and while the database is away nothing
 * piles up. */
#include "server/fleet/live_inside.h"

static bool is_of(const struct uuid *a, int64_t a_epoch, const struct uuid *b, int64_t b_epoch) {
    return a_epoch == b_epoch && uuid_equal(a, b);
}

/* How the last connection that is over ended, and before that how it began, when that was not told. */
static size_t take_end(const struct entry *e, struct presence_change out[]) {
    const struct end *end = &e->end;
    size_t n = 0;
    if (end->n == e->told.end_n) return 0;
    bool told = e->told.connected && is_of(&end->boot_id, end->epoch, &e->told.boot_id, e->told.epoch);
    if (end->began_at && e->told.known && !told)
        out[n++] = (struct presence_change){.boot_id = end->boot_id,
                                            .epoch = end->epoch,
                                            .connected = true,
                                            .why = PRESENCE_HELLO,
                                            .at = end->began_at,
                                            .seen = true};
    out[n++] = (struct presence_change){.boot_id = end->boot_id,
                                        .epoch = end->epoch,
                                        .why = end->why,
                                        .at = end->at,
                                        .seen = e->told.known,
                                        .mark = end->n};
    return n;
}

static size_t take_present(const struct entry *e, int64_t now_ms, bool settled,
                           struct presence_change out[]) {
    const struct told *t = &e->told;
    bool connected = e->d.connected && is_fresh(e, now_ms);
    bool same = is_of(&e->d.boot_id, e->d.epoch, &t->boot_id, t->epoch);
    bool ended = e->end.n && is_of(&e->d.boot_id, e->d.epoch, &e->end.boot_id, e->end.epoch);
    struct presence_change c = {.boot_id = e->d.boot_id,
                                .epoch = e->d.epoch,
                                .connected = connected,
                                .why = PRESENCE_LOST,
                                .at = now_ms,
                                .seen = t->known};
    if (connected) {
        if (t->known && t->connected && same) return 0;
        bool again = t->known && same;
        c.why = again ? PRESENCE_HEARD : PRESENCE_HELLO;
        if (!again && e->epoch_at && c.seen) c.at = e->epoch_at;
    } else if (t->known) {
        /* A new connection that has said nothing yet leaves the one before as it was. */
        if (!t->connected || ended || !same) return 0;
    } else {
        if (!settled) return 0;
        if (!e->d.connected && e->d.epoch) c.why = PRESENCE_LAST_WILL;
    }
    out[0] = c;
    return 1;
}

static size_t take(const struct entry *e, int64_t now_ms, bool settled, struct presence_change out[]) {
    size_t n = take_end(e, out);
    n += take_present(e, now_ms, settled, out + n);
    for (size_t i = 0; i < n; i++) out[i].device_id = e->d.facts.id;
    return n;
}

size_t live_presence_take(const struct live *l, int64_t now_ms, bool settled, struct presence_change list[],
                          size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < SHARDS && n + LIVE_PRESENCE_EACH <= max; i++) {
        struct shard *s = (struct shard *)&l->shards[i];
        pthread_mutex_lock(&s->lock);
        for (size_t b = 0; b < SHARD_BUCKETS; b++)
            for (const struct entry *e = s->buckets[b]; e && n + LIVE_PRESENCE_EACH <= max; e = e->next)
                n += take(e, now_ms, settled, list + n);
        pthread_mutex_unlock(&s->lock);
    }
    return n;
}

void live_presence_put_told(struct live *l, const struct presence_change list[], size_t n) {
    for (size_t i = 0; i < n; i++) {
        ENTRY_LOCKED(l, &list[i].device_id);
        if (!e) continue;
        struct told *t = &e->told;
        t->known = true;
        t->connected = list[i].connected;
        t->boot_id = list[i].boot_id;
        t->epoch = list[i].epoch;
        if (list[i].mark) t->end_n = list[i].mark;
    }
}
