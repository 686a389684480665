#include "server/api/course_turn.h"

#include "server/api/call.h"
#include "server/api/course_change.h"
#include "server/api/course_draft.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"

static enum err not_due(struct request *rq, const struct course_row *row, enum course_fault fault) {
    char id[UUID_TEXT_LEN + 1], day[DATE_TEXT_LEN + 1];
    int32_t next = course_next(&row->course);
    uuid_format(&row->head.id, id);
    if (fault == COURSE_TOO_CLOSE && next) {
        date_format(row->course.rows[next - 1].on, day);
        return request_fail(rq, ERR_COURSE_NOT_DUE,
                            "today is too early for the next session, number %d: it is planned for %s",
                            (int)next, day);
    }
    if (fault == COURSE_NOT_ACTIVE)
        return request_fail(rq, ERR_COURSE_NOT_DUE, "the course is %s; GET /api/v1/courses/%s shows it",
                            course_state_names[row->course.state], id);
    return course_fail(rq, ERR_COURSE_NOT_DUE, NULL, fault);
}

static enum err check_fit(struct request *rq, void *worker, const struct course_row *row,
                          const struct course_place *place, const char *routine) {
    if (routine[0] && strcmp(routine, row->head.routine) != 0)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/routine", "mismatch",
                               "the course's routine is %s; leave it out or name that one",
                               row->head.routine);
    if (uuid_is_zero(&place->device_id)) {
        if (uuid_equal(&place->site_id, &row->head.site_id)) return ERR_OK;
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/site_id", "mismatch", "is not the course's site");
    }
    struct device_row device;
    enum err e = lookup_device(rq, worker, &place->device_id, &device);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, e, "/device_id", "not_found", "there is no such device");
    if (!e && !uuid_equal(&device.site_id, &row->head.site_id))
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/device_id", "mismatch",
                               "the device is not at the course's site");
    return e;
}

enum err course_turn_take(struct request *rq, void *worker, const struct uuid *course_id,
                          const struct course_place *place, const char *routine, struct course_turn *ret) {
    struct course_row *row;
    enum err e = course_change_begin(rq, worker, course_id, 0, &row);
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, e, "/course_id", "not_found", "there is no such course");
    if (!e) e = check_fit(rq, worker, row, place, routine);
    if (e) return e;
    enum course_fault fault = course_begin(&row->course, &row->calendar, row->head.today, &ret->number);
    if (fault) return not_due(rq, row, fault);
    ret->row = row;
    ret->intensity = row->course.rows[ret->number - 1].intensity;
    return ERR_OK;
}

enum err course_turn_keep(struct request *rq, void *worker, const struct course_turn *turn,
                          const struct uuid *session_id) {
    if (!turn->row) return ERR_OK;
    enum err e = course_link(db_of(worker), &turn->row->head.id, turn->number, session_id);
    return e ? e : course_change_end(rq, worker, "course.begin", turn->number, "", turn->row);
}

static void after_end(struct request *rq, void *arg) { publish_course(app_of(rq), arg); }

enum err course_turn_ended(struct request *rq, void *worker, const struct session_row *session) {
    if (session->state != SESSION_COMPLETED) return ERR_OK;
    struct course_head *course = request_alloc(rq, sizeof(*course));
    enum err e = course_of_session(db_of(worker), &session->id, course);
    if (!e) call_after_commit(rq, after_end, course);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
