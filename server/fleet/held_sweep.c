#include "server/fleet/held_sweep.h"

#include <string.h>

#include "base/log.h"
#include "server/fleet/course_keeper.h"
#include "server/fleet/event.h"
#include "server/store/held_session_store.h"

#define BATCH 64
#define BATCHES_MAX 64 /* a tick: more is left to the next one */

static const struct scope everything = {.all = true};
static const struct actor nobody = {.name = "pediluved"};

/* ERR_CONFLICT, ERR_NOT_FOUND: somebody was quicker. */
static enum err move_on(struct context *ctx, struct db *db, const struct uuid *id, int64_t now) {
    struct held_session s;
    enum err e = held_session_get(db, &everything, id, &s);
    if (e) return e;
    auto_free struct program *program = xmalloc(sizeof(*program));
    struct field_errors errors = {0};
    bool readable = program_parse(s.program, strlen(s.program), program, &errors);
    struct held_session_change change = {.id = *id, .version = s.row.version, .held = s.held};
    held_session_done(&s);
    if (!readable) { /* a bug or a hand in the database: it must not hold up the others */
        log_error("fleet", "the program of a session by hand cannot be read|pointer=%s",
                  errors.list[0].pointer);
        change.held.state = SESSION_ABORTED;
        change.held.ended_at = now;
    } else {
        (void)held_advance(program, &change.held, now);
        change.remaining_ms = held_remaining_ms(program, &change.held);
        change.due_at = held_due_at(program, &change.held);
    }
    struct session_row row;
    e = held_session_change(db, &nobody, &change, &row, NULL);
    if (e) return e;
    auto_buf struct buf json = BUF_INIT;
    event_session_write(&json, &row);
    context_publish(ctx, &row.site_id, "session", &json);
    return course_keeper_tell(ctx, db, &row);
}

enum err held_sweep(struct context *ctx, struct db *db, int64_t now) {
    struct uuid ids[BATCH];
    int32_t n = BATCH;
    for (int batch = 0; batch < BATCHES_MAX && n == BATCH; batch++) {
        enum err e = held_session_due(db, now, ids, BATCH, &n);
        for (int32_t i = 0; !e && i < n; i++) {
            e = move_on(ctx, db, &ids[i], now);
            if (e == ERR_CONFLICT || e == ERR_NOT_FOUND) e = ERR_OK;
        }
        if (e) return e;
    }
    return ERR_OK;
}
