#include "server/api/indexing.h"

#include <stdio.h>

#include "server/api/prepare.h"
#include "server/domain/held.h"
#include "server/store/routine_store.h"

#define AT_ONCE 50

static void add_model(void *arg, const struct model *m) { routine_index_add_model(arg, m->id); }

static bool runs_by_hand(const struct routine *r, const struct lowering_caps *caps) {
    struct scratch {
        struct program program;
        struct lowering_report report;
    };
    auto_free struct scratch *s = xmalloc(sizeof(*s));
    return lowering_run(r, &held_model, caps, &s->program, &s->report) == LOWER_OK;
}

void indexing_of(struct models *m, const struct routine *r, struct routine_index *ret) {
    struct lowering_caps caps = CAPS_DEFAULT;
    routine_index_of(r, ret);
    models_each_running(m, r, &caps, add_model, ret);
    if (runs_by_hand(r, &caps)) routine_index_add_model(ret, held_model.id);
}

static enum err refresh_one(struct db *db, struct models *models, const struct routine_row *row,
                            struct routine *room, int32_t *ret_changed) {
    auto_routine_index struct routine_index index = {0};
    bool readable = prepare_parse(row, room), changed = false;
    if (readable) indexing_of(models, room, &index);
    enum err e = routine_set_index(db, row, readable ? &index : NULL, &changed);
    *ret_changed += changed;
    return e;
}

static enum err refresh_all(struct db *db, struct models *models, int32_t *ret_changed) {
    auto_free struct routine *room = xmalloc(sizeof(*room));
    struct routine_row rows[AT_ONCE];
    char slug[sizeof(rows[0].slug)] = "";
    int32_t version = 0;
    for (int32_t n = AT_ONCE; n == AT_ONCE;) {
        enum err e = routine_each_version(db, slug, version, AT_ONCE, rows, &n);
        if (e) return e;
        for (int32_t i = 0; i < n; i++) {
            if (!e) e = refresh_one(db, models, &rows[i], room, ret_changed);
            snprintf(slug, sizeof(slug), "%s", rows[i].slug);
            version = rows[i].version;
            routine_row_done(&rows[i]);
        }
        if (e) return e;
    }
    return ERR_OK;
}

enum err indexing_refresh(struct db *db, int32_t *ret_changed) {
    struct models *models = models_new();
    *ret_changed = 0;
    enum err e = models_load(models, db);
    if (!e) e = refresh_all(db, models, ret_changed);
    models_free(models);
    return e;
}
