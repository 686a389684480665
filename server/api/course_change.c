/* PATCH /api/v1/courses/{id} and what staff say of one of its sessions. */
#include "server/api/course_change.h"

#include <stdio.h>

#include "server/api/call.h"
#include "server/api/course_draft.h"
#include "server/api/course_render.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"

static enum err handle_update(struct request *rq, void *worker);
static enum err handle_miss(struct request *rq, void *worker);
static enum err handle_skip(struct request *rq, void *worker);

/* The states that staff may ask for, in their order in enum course_state's names. */
static const char *const wanted_names[] = {"active", "paused", "ended", NULL};
static const enum course_state wanted_states[] = {COURSE_ACTIVE, COURSE_PAUSED, COURSE_ENDED};

struct move {
    int32_t number;
    char date[COURSE_DATE_ROOM];
};
static const struct field move_fields[] = {FIELD_INT(struct move, number, 1, COURSE_ROWS_MAX, FIELD_REQUIRED),
                                           FIELD_STR(struct move, date, 1, FIELD_REQUIRED), FIELD_END};
struct update {
    bool has_state, has_time, has_move;
    int state; /* index of wanted_names */
    char time_of_day[COURSE_DATE_ROOM];
    struct move move;
};
static const struct field update_fields[] = {FIELD_ENUM_HAS(struct update, state, wanted_names, 0, has_state),
                                             FIELD_STR_HAS(struct update, time_of_day, 1, 0, has_time),
                                             FIELD_OBJECT_HAS(struct update, move, move_fields, 0, has_move),
                                             FIELD_END};

struct because {
    bool override, has_reason;
    char reason[LINE_SIZE(COURSE_REASON_MAX)];
};
static const struct field miss_fields[] = {
    FIELD_STR_HAS(struct because, reason, 1, FIELD_NULLABLE, has_reason), FIELD_END};
static const struct field skip_fields[] = {
    FIELD_STR_HAS(struct because, reason, 1, FIELD_NULLABLE, has_reason),
    FIELD_BOOL(struct because, override, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(PATCH, "/api/v1/courses/{id}", OPERATE, 0, handle_update, ROUTE_BODY(struct update, update_fields)),
    ROUTE(POST, "/api/v1/courses/{id}/sessions/{number}/miss", OPERATE,
          ROUTE_IDEMPOTENT | ROUTE_BODY_OPTIONAL, handle_miss, ROUTE_BODY(struct because, miss_fields)),
    ROUTE(POST, "/api/v1/courses/{id}/sessions/{number}/skip", OPERATE,
          ROUTE_IDEMPOTENT | ROUTE_BODY_OPTIONAL, handle_skip, ROUTE_BODY(struct because, skip_fields)),
};
const struct route_table course_change_routes = ROUTE_TABLE(rows);

/* ---- the frame ---- */

enum err course_change_begin(struct request *rq, void *worker, const struct uuid *id, int64_t version,
                             struct course_row **ret) {
    struct db *db = db_of(worker);
    struct actor actor = actor_of(rq);
    struct course_row *row = request_alloc(rq, sizeof *row);
    if (!db_in_transaction(db)) db_begin(db);
    enum err e = course_lock(db, scope_of(rq), id, true, row);
    if (e) return e;
    if (version && row->head.version != version) return ERR_PRECONDITION_FAILED;
    if (course_needs_settling(&row->course, &row->calendar, row->head.today)) {
        course_settle(&row->course, &row->calendar, row->head.today);
        e = course_save(db, scope_of(rq), &actor, "course.settle", 0, "", row);
        if (e) return e;
    }
    *ret = row;
    return ERR_OK;
}

static void after_change(struct request *rq, void *arg) {
    const struct course_row *row = arg;
    publish_course(app_of(rq), &row->head);
}

enum err course_change_end(struct request *rq, void *worker, const char *action, int32_t number,
                           const char *reason, struct course_row *row) {
    struct actor actor = actor_of(rq);
    enum err e = course_save(db_of(worker), scope_of(rq), &actor, action, number, reason, row);
    if (!e) e = course_get(db_of(worker), scope_of(rq), &row->head.id, row);
    if (!e) call_after_commit(rq, after_change, row);
    return e;
}

/* ---- PATCH ---- */

static enum err change_state(struct request *rq, struct course_row *row, enum course_state wanted) {
    struct course *c = &row->course;
    if ((enum course_state)c->state == wanted) return ERR_OK;
    if (c->state != COURSE_ACTIVE && c->state != COURSE_PAUSED)
        return request_fail_at(rq, ERR_CONFLICT, "/state", "not_possible", "the course is %s for good",
                               course_state_names[c->state]);
    if (wanted == COURSE_ACTIVE) {
        enum course_fault fault = course_resume(c, &row->calendar, row->head.today);
        return fault ? course_fail(rq, ERR_UNPROCESSABLE, "/state", fault) : ERR_OK;
    }
    c->state = wanted;
    return ERR_OK;
}

static enum err move_one(struct request *rq, struct course_row *row, const struct move *move) {
    int32_t on;
    if (!date_parse(move->date, &on)) return ERR_INTERNAL; /* checked before */
    enum course_fault fault = course_move(&row->course, &row->calendar, move->number, on, row->head.today);
    if (!fault) return ERR_OK;
    bool number = fault == COURSE_NOT_PLANNED || fault == COURSE_GOING_ON;
    return course_fail(rq, ERR_UNPROCESSABLE,
                       fault == COURSE_NOT_ACTIVE ? NULL
                       : number                   ? "/move/number"
                                                  : "/move/date",
                       fault);
}

static enum err check_texts(struct request *rq, const struct update *u, int32_t *ret_time_min) {
    struct field_errors errors = {0};
    int32_t day;
    if (u->has_time && !date_parse_time(u->time_of_day, ret_time_min))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/time_of_day", "must be a time such as 09:30");
    if (u->has_move && !date_parse(u->move.date, &day))
        field_errors_add(&errors, FIELD_BAD_FORMAT, "/move/date", "must be a date such as 2026-11-26");
    return errors.n == 0 ? ERR_OK : lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
}

static enum err handle_update(struct request *rq, void *worker) {
    const struct update *u = request_body(rq);
    struct course_row *row;
    int64_t version;
    int32_t time_min = 0;
    enum err e = check_texts(rq, u, &time_min);
    if (!e) e = lookup_if_match_v(rq, &version);
    if (!e) e = course_change_begin(rq, worker, request_param_uuid(rq, 0), version, &row);
    if (!e && u->has_state) e = change_state(rq, row, wanted_states[u->state]);
    if (!e && u->has_move) e = move_one(rq, row, &u->move);
    if (e) return e;
    if (u->has_time) row->head.time_min = time_min;
    e = course_change_end(rq, worker, "course.update", u->has_move ? u->move.number : 0, "", row);
    return e ? e : course_reply(rq, 200, row);
}

/* ---- one session ---- */

static enum err check_reason(struct request *rq, const struct because *b) {
    struct field_errors errors = {0};
    if (b->has_reason && !line_check(b->reason, COURSE_REASON_MAX, "/reason", &errors))
        return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    if (b->override && !b->has_reason)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/reason", field_fault_code(FIELD_MISSING),
                               "an override needs its reason, which is recorded");
    return ERR_OK;
}

static enum err change_session(struct request *rq, void *worker, bool skip) {
    static const struct because nothing;
    const struct because *b = request_body(rq);
    struct course_row *row;
    int32_t number = request_param_int(rq, 1);
    if (!b) b = &nothing;
    enum err e = check_reason(rq, b);
    if (!e) e = course_change_begin(rq, worker, request_param_uuid(rq, 0), 0, &row);
    if (e) return e;
    if (number < 1 || number > row->course.n) return ERR_NOT_FOUND;
    struct course *c = &row->course;
    int32_t today = row->head.today;
    enum course_fault fault = skip ? course_skip(c, &row->calendar, number, today, b->override)
                                   : course_miss(c, &row->calendar, number, today);
    if (fault == COURSE_TOO_FEW) return course_fail(rq, ERR_UNPROCESSABLE, "/override", fault);
    if (fault) return course_fail(rq, ERR_CONFLICT, NULL, fault);
    e = course_change_end(rq, worker, skip ? "course.skip" : "course.miss", number,
                          b->has_reason ? b->reason : "", row);
    return e ? e : course_reply(rq, 200, row);
}

static enum err handle_miss(struct request *rq, void *worker) { return change_session(rq, worker, false); }

static enum err handle_skip(struct request *rq, void *worker) { return change_session(rq, worker, true); }
