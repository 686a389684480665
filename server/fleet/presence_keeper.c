#include "server/fleet/presence_keeper.h"

#include "base/clock.h"
#include "server/base/limits.h"
#include "server/fleet/live.h"
#include "server/store/presence_store.h"

#define WATCH_EVERY_MS 5000
#define ROUNDS_MAX 8 /* statements of one round: the rest of a storm comes a second later */

static enum err write_changes(struct presence_keeper *k, struct context *ctx, struct db *db, int64_t now_ms,
                              bool settled) {
    auto_free struct presence_change *list = xmalloc(PRESENCE_BATCH * sizeof *list);
    enum err e = ERR_OK;
    for (int i = 0; e == ERR_OK && i < ROUNDS_MAX; i++) {
        int32_t written;
        size_t n = live_presence_take(ctx->live, now_ms, settled, list, PRESENCE_BATCH);
        if (!n) return ERR_OK;
        e = presence_put(db, list, (int32_t)n, k->watched_until, &written);
        /* What the database refuses for another reason than its absence is left out: it would be refused
         * again. */
        if (e != ERR_DATABASE) live_presence_put_told(ctx->live, list, n);
    }
    return e;
}

enum err presence_keeper_run(struct presence_keeper *k, struct context *ctx, struct db *db, int64_t now_ms) {
    struct link_counters link;
    link_counters(ctx->link, &link);
    if (!link_connected(ctx->link)) {
        k->up_ms = 0;
        return ERR_OK;
    }
    if (!k->up_ms || k->connects != link.connects) {
        enum err e = presence_watched(db, &k->watched_until);
        if (e != ERR_OK) return e;
        k->connects = link.connects;
        k->up_ms = clock_mono_ms();
    }
    bool settled = clock_mono_ms() - k->up_ms > LIMIT_FRESH_MS;
    enum err e = write_changes(k, ctx, db, now_ms, settled);
    /* Not before all that was found is written: who starts after us goes by this. */
    if (e != ERR_OK || !settled || clock_mono_ms() - k->watched_ms < WATCH_EVERY_MS) return e;
    k->watched_ms = clock_mono_ms();
    return presence_watch(db, now_ms);
}
