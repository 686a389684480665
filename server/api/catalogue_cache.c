#include "server/api/catalogue_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/store/catalogue_entry_store.h"

struct catalogue_cache {
    pthread_mutex_t lock;
    uint64_t uses;
    struct {
        struct catalogue_view *view; /* NULL: free; holds one of its refs */
        uint64_t used;
    } places[CATALOGUE_VIEWS_MAX];
};

struct catalogue_cache *catalogue_cache_new(void) {
    struct catalogue_cache *c = xcalloc(1, sizeof(*c));
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

static void release(struct catalogue_view *view) {
    if (view && --view->refs == 0) catalogue_view_free(view);
}

void catalogue_cache_free(struct catalogue_cache *c) {
    if (!c) return;
    for (int i = 0; i < CATALOGUE_VIEWS_MAX; i++) release(c->places[i].view);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* The place of the site's view; none: the one to give way. */
static int place_of(const struct catalogue_cache *c, const struct uuid *site_id) {
    int oldest = 0;
    for (int i = 0; i < CATALOGUE_VIEWS_MAX; i++) {
        if (c->places[i].view && uuid_equal(&c->places[i].view->site_id, site_id)) return i;
        if (c->places[i].used < c->places[oldest].used) oldest = i;
    }
    return oldest;
}

static const struct catalogue_view *find(struct catalogue_cache *c, const struct uuid *site_id,
                                         int64_t revision) {
    struct catalogue_view *found = NULL;
    pthread_mutex_lock(&c->lock);
    int i = place_of(c, site_id);
    struct catalogue_view *view = c->places[i].view;
    if (view && view->revision == revision && uuid_equal(&view->site_id, site_id)) {
        found = view;
        found->refs++;
        c->places[i].used = ++c->uses;
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}

static void put(struct catalogue_cache *c, struct catalogue_view *view) {
    pthread_mutex_lock(&c->lock);
    int i = place_of(c, &view->site_id);
    release(c->places[i].view);
    c->places[i].view = view;
    c->places[i].used = ++c->uses;
    pthread_mutex_unlock(&c->lock);
}

enum err catalogue_cache_get(struct catalogue_cache *c, struct db *db, const struct scope *scope,
                             const struct uuid *site_id, const struct catalogue_view **ret) {
    int64_t revision = 0;
    enum err err = catalogue_entry_revision(db, scope, site_id, &revision);
    if (err) return err;
    *ret = find(c, site_id, revision);
    if (*ret) return ERR_OK;
    /* What is read now may be newer than the number; then the next use reads it once more. */
    struct catalogue_view *view;
    err = catalogue_view_new(db, site_id, &view);
    if (err) return err;
    view->revision = revision;
    view->refs = 2; /* the caller and the table */
    put(c, view);
    *ret = view;
    return ERR_OK;
}

void catalogue_cache_give_back(struct catalogue_cache *c, const struct catalogue_view *view) {
    if (!view) return;
    pthread_mutex_lock(&c->lock);
    release((struct catalogue_view *)(uintptr_t)view);
    pthread_mutex_unlock(&c->lock);
}
