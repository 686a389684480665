/* From the body of POST /courses to a course that is laid but not written: template, site, routine, device,
 * rules, dates. What stands in the way becomes a problem document that names the property. */
#ifndef PEDILUVE_SERVER_API_COURSE_DRAFT_H
#define PEDILUVE_SERVER_API_COURSE_DRAFT_H

#include "server/api/app.h"
#include "server/domain/line.h"
#include "server/store/course_store.h"

#define COURSE_GUEST_MAX 60   /* characters */
#define COURSE_REASON_MAX 200 /* characters */
#define COURSE_DATE_ROOM 33   /* longer than a date, so that a wrong one is a wrong format */

struct course_body {
    struct uuid site_id, device_id;
    char guest[LINE_SIZE(COURSE_GUEST_MAX)], template[65], routine[65];
    char start_on[COURSE_DATE_ROOM], time_of_day[COURSE_DATE_ROOM];
#define X(member)                                                                                            \
    bool has_##member;                                                                                       \
    int32_t member;
    COURSE_BOUNDS(X)
#undef X
    bool override, has_reason;
    char reason[LINE_SIZE(COURSE_REASON_MAX)];
};
extern const struct field course_body_fields[];

/* Everything but the instants. *ret lives as long as the request; its id is not set. */
must_use enum err course_draft(struct request *rq, void *worker, const struct course_body *body,
                               struct course_row **ret);

/* An error at pointer in the words of a fault of the planner. */
must_use enum err course_fail(struct request *rq, enum err e, const char *pointer, enum course_fault fault);

#endif
