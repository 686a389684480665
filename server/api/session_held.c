/* Sessions without a unit: the server holds their steps (server/domain/held.h), so that every order is
 * answered at once. Housekeeping moves them on when a timer is over. */
#include <string.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/course_turn.h"
#include "server/api/publish.h"
#include "server/api/session.h"
#include "server/fleet/outbox.h"
#include "server/store/held_session_store.h"

/* Somebody else, or the clock, may change the session in between: then it is read again. */
#define TRIES 8

static void after_create(struct request *rq, void *arg) {
    struct api *api = app_of(rq);
    metrics_add(api->parts.metrics, METRIC_SESSIONS_STARTED, 1);
    publish_session(api, arg);
}

enum err session_held_create(struct request *rq, void *worker, const struct prepared *p,
                             const struct uuid *id, const struct uuid *site_id, const char *routine,
                             const char *guest) {
    const struct program *program = &p->lowered->program;
    struct actor actor = actor_of(rq);
    struct held_session_new new_session = {.id = *id,
                                           .site_id = *site_id,
                                           .routine = routine,
                                           .routine_version = p->routine_version,
                                           .intake = p->screened.intake_json.data,
                                           .screening = p->screened.result_json.data,
                                           .screening_id = p->screened.screening_id,
                                           .clearances = p->screened.clearances_json.data,
                                           .program = p->lowered->json,
                                           .guest = guest,
                                           .step_count = program->n_steps,
                                           .duration_ms = (int32_t)program_total_ms(program)};
    held_start(program, clock_wall_ms(), &new_session.held);
    new_session.due_at = held_due_at(program, &new_session.held);
    struct session_row *row = request_alloc(rq, sizeof(*row));
    enum err e = held_session_create(db_of(worker), scope_of(rq), &actor, &new_session, row);
    if (e == ERR_NOT_FOUND) return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    if (e) return e;
    call_after_commit(rq, after_create, row);
    session_set_location(rq, &row->id);
    return session_reply(rq, 201, row, NULL);
}

struct ordered { /* lives as long as the request; texts are not kept */
    struct session_row session;
    struct command_row command;
};

static void after_order(struct request *rq, void *arg) {
    struct ordered *o = arg;
    publish_session(app_of(rq), &o->session);
    publish_command(app_of(rq), &o->command);
}

static enum err refuse(struct request *rq, enum held_answer answer, enum command_type type,
                       const struct held *h) {
    switch (answer) {
    case HELD_WRONG_STEP:
        return request_fail(rq, ERR_WRONG_STATE, "the present step is %d: read the session's steps again",
                            (int)h->step);
    case HELD_NOTHING:
        return request_fail(rq, ERR_WRONG_STATE, "the session is given by hand: there is nothing to adjust");
    default: return session_order_wrong_state(rq, type);
    }
}

/* ERR_CONFLICT: changed in between. */
static enum err order_once(struct request *rq, void *worker, const struct uuid *id, enum command_type type,
                           const struct message_command *wanted, struct ordered *ret) {
    struct held_session s;
    enum err e = held_session_get(db_of(worker), scope_of(rq), id, &s);
    if (e) return e;
    auto_free struct program *program = xmalloc(sizeof(*program));
    struct field_errors errors = {0};
    bool readable = program_parse(s.program, strlen(s.program), program, &errors);
    struct held_session_change change = {.id = *id,
                                         .version = s.row.version,
                                         .held = s.held,
                                         .type = command_type_names[type],
                                         .command_id = uuid_new()};
    held_session_done(&s);
    if (!readable) return ERR_INTERNAL;
    enum held_answer answer = held_order(program, &change.held, type, wanted->step, clock_wall_ms());
    if (answer != HELD_DONE) return refuse(rq, answer, type, &change.held);
    change.remaining_ms = held_remaining_ms(program, &change.held);
    change.due_at = held_due_at(program, &change.held);
    auto_buf struct buf body = BUF_INIT;
    outbox_body_write(&body, wanted);
    change.body = body.data;
    struct actor actor = actor_of(rq);
    return held_session_change(db_of(worker), &actor, &change, &ret->session, &ret->command);
}

enum err session_held_order(struct request *rq, void *worker, const struct uuid *id, enum command_type type,
                            const struct message_command *wanted) {
    struct ordered *o = request_alloc(rq, sizeof(*o));
    enum err e = ERR_CONFLICT;
    for (int i = 0; i < TRIES && e == ERR_CONFLICT; i++) e = order_once(rq, worker, id, type, wanted, o);
    if (e == ERR_CONFLICT)
        return request_fail(rq, e, "the session changes faster than it can be read: try again");
    if (e) return e;
    call_after_commit(rq, after_order, o);
    e = course_turn_ended(rq, worker, &o->session);
    if (!e) e = session_order_reply(rq, &o->command);
    command_row_done(&o->command);
    return e;
}
