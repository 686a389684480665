/* Courses and their rows. What a change means is server/domain/course.h's: a change is course_lock, a
 * function of the domain on ret->course, course_save, in one transaction. Completed sessions enter by a
 * trigger. */
#ifndef PEDILUVE_SERVER_STORE_COURSE_STORE_H
#define PEDILUVE_SERVER_STORE_COURSE_STORE_H

#include "server/base/principal.h"
#include "server/domain/course.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct course_head {                                /* a course without its rows */
    struct uuid id, site_id, device_id, created_by; /* device_id zero: any */
    char guest[241], template[65], name[241], routine[65], reason[801];
    int32_t time_min; /* of the day, at the site */
    int32_t duration_ms, sequence;
    bool has_calendar;
    struct course_rules rules;
    int32_t state; /* enum course_state */
    int64_t version, created_at, updated_at;
    char site_name[81], timezone[65];
    int64_t site_version;
    int32_t today; /* at the site */
    int32_t done, missed, skipped, left;
    int32_t next_n, next_on, next_intensity, last_on; /* next_n 0: none */
    int64_t next_at;
};

struct course_row_more { /* of one row, what the rules do not know */
    struct uuid session_id;
    int64_t starts_at, ended_at;
    int32_t sequence;
};
struct course_row { /* a whole course; large: on the heap */
    struct course_head head;
    struct course_calendar calendar;
    struct course course;
    struct course_row_more more[COURSE_ROWS_MAX];
};

struct course_filter {
    struct uuid site_id; /* zero: any */
    const char *guest;   /* "": any; else exactly this */
    uint32_t states;     /* bit 1u << enum course_state of each wanted; 0: any */
};

/* Newest first. */
must_use enum err course_list(struct db *db, const struct scope *scope, const struct course_filter *filter,
                              const struct page *page, struct course_head rows[], int32_t *ret_n);
must_use enum err course_get(struct db *db, const struct scope *scope, const struct uuid *id,
                             struct course_row *ret);
/* The course of the calendar link whose secret has this SHA-256, whatever its site. */
must_use enum err course_get_by_calendar(struct db *db, const uint8_t hash[32], struct course_row *ret);
/* Inside a transaction: as course_get, and nobody else changes the course until its end. wait false: one that
 * somebody else holds is ERR_NOT_FOUND. */
must_use enum err course_lock(struct db *db, const struct scope *scope, const struct uuid *id, bool wait,
                              struct course_row *ret);

/* What the planner has to know of a site. */
must_use enum err course_get_calendar(struct db *db, const struct scope *scope, const struct uuid *site_id,
                                      struct course_calendar *ret, char ret_timezone[65], int32_t *ret_today);
/* The instants at which a wall clock in that time zone shows these dates at that time: PostgreSQL's word on
 * daylight saving. A time that a change leaves out is as much later; one that comes twice is the second. */
must_use enum err course_instants(struct db *db, const char *timezone, int32_t time_min, const int32_t days[],
                                  int32_t n, size_t stride, int64_t ret_at[]);

/* Writes head (ids, texts, rules, time_min, duration_ms, reason) and course.rows, and audit. ERR_NOT_FOUND:
 * the site; ERR_UNPROCESSABLE: the device or the routine. */
must_use enum err course_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                const struct course_row *row);
/* Writes course.state, head.time_min and course.rows of a course that was locked. action: of the audit log;
 * number: of the row it is about, 0: none; reason: "" none. */
must_use enum err course_save(struct db *db, const struct scope *scope, const struct actor *actor,
                              const char *action, int32_t number, const char *reason,
                              const struct course_row *row);
/* This session is the one of that row: in the transaction that makes the session. */
must_use enum err course_link(struct db *db, const struct uuid *course_id, int32_t number,
                              const struct uuid *session_id);
/* The link's secret is the one with this hash from now on; the one before is forgotten. */
must_use enum err course_set_calendar(struct db *db, const struct scope *scope, const struct actor *actor,
                                      const struct uuid *id, const uint8_t hash[32]);

/* Active courses that course_settle would change: a planned day is over at the site, or closed by now. */
must_use enum err course_list_unsettled(struct db *db, struct uuid ids[], int32_t cap, int32_t *ret_n);
/* The course that this session is of; ERR_NOT_FOUND: none. */
must_use enum err course_of_session(struct db *db, const struct uuid *session_id, struct course_head *ret);

#endif
