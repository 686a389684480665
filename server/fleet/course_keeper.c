#include "server/fleet/course_keeper.h"

#include "server/fleet/event.h"
#include "server/store/course_store.h"

#define ROUND_MAX 256 /* courses at a time; what is left comes in the next round */

static const struct scope everything = {.all = true};
static const struct actor keeper = {.name = "housekeeping"};

static void publish(const struct context *ctx, const struct course_head *course) {
    auto_buf struct buf json = BUF_INIT;
    event_course_write(&json, course);
    context_publish(ctx, &course->site_id, "course", &json);
}

enum err course_keeper_tell(struct context *ctx, struct db *db, const struct session_row *session) {
    struct course_head course;
    if (session->state != SESSION_COMPLETED) return ERR_OK;
    enum err e = course_of_session(db, &session->id, &course);
    if (e == ERR_OK) publish(ctx, &course);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* One course in its own transaction. *ret_changed false: somebody else has it, or has settled it already. */
static enum err settle(struct db *db, const struct uuid *id, struct course_row *row, bool *ret_changed) {
    *ret_changed = false;
    db_begin(db);
    enum err e = course_lock(db, &everything, id, false, row);
    if (e == ERR_OK && course_needs_settling(&row->course, &row->calendar, row->head.today)) {
        int32_t missed = course_settle(&row->course, &row->calendar, row->head.today);
        e = course_save(db, &everything, &keeper, missed ? "course.miss" : "course.settle", 0, "", row);
        if (e == ERR_OK) e = course_get(db, &everything, id, row);
        *ret_changed = e == ERR_OK;
    }
    if (e == ERR_OK) e = db_commit(db);
    if (e != ERR_OK) {
        *ret_changed = false;
        db_rollback(db);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err course_keeper_run(struct context *ctx, struct db *db) {
    struct uuid ids[ROUND_MAX];
    int32_t n = 0;
    enum err e = course_list_unsettled(db, ids, ROUND_MAX, &n);
    auto_free struct course_row *row = xcalloc(1, sizeof *row);
    for (int32_t i = 0; e != ERR_DATABASE && i < n; i++) {
        bool changed;
        enum err one = settle(db, &ids[i], row, &changed);
        if (one != ERR_OK) e = one; /* one that cannot be settled does not hold up the others */
        if (!changed) continue;
        publish(ctx, &row->head);
    }
    return e;
}
