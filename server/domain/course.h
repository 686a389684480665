/* Courses: a series of sessions for one guest, laid onto the days on which a site is open. Pure: dates are
 * given, time zones are PostgreSQL's; thread-safe.
 *
 * The rules, in this order:
 *   - open days only; a date that is closed moves to the next open day;
 *   - the interval is never shorter than asked: from the date that stands, not from the one first meant.
 *     Daily (1) is each open day, every other day (2) at least two days apart, weekly (7) at least seven;
 *   - a break counts whole days without a session between the last session of a round and the first of the
 *     next, and stays between the template's least and most as well;
 *   - the intensity rises evenly from the first session to the last.
 *
 * A row of a course is one appointment. One that was missed stays as it was, and one more is added at the
 * end, so that the number of sessions stays as agreed: the sessions still to come move up by one appointment,
 * breaks move with them, appointments that need not move keep their dates. Skipped: left out, the course gets
 * shorter. What is done, missed or skipped never changes. */
#ifndef PEDILUVE_DOMAIN_COURSE_H
#define PEDILUVE_DOMAIN_COURSE_H

#include "base/auto.h"
#include "base/field.h"
#include "server/domain/date.h"

#define COURSE_SESSIONS_MAX 200  /* of all rounds */
#define COURSE_ROWS_MAX 400      /* with what was missed */
#define COURSE_CLOSED_MAX 366    /* closed dates of a site */
#define COURSE_MISSES_IN_A_ROW 5 /* days that passed without the guest; then the course is paused */
#define COURSE_SEARCH_DAYS 1100  /* how far the next open day may be: beyond, there is none */
#define COURSE_NAME_MAX 60

/* ---- templates ---- */

/* What a template bounds: X(member), all of type struct course_bounds. */
#define COURSE_BOUNDS(X) X(count) X(interval_days) X(rounds) X(break_days) X(intensity_from) X(intensity_to)

struct course_bounds {
    int32_t min, usual, max;
};
struct course_template { /* plain: compiled in from schema/catalogue/course-templates.json, or a site's copy
                          */
    const char *id, *name;
    const char *routine; /* slug; "": any */
    bool twice_a_day, rises;
#define X(member) struct course_bounds member;
    COURSE_BOUNDS(X)
#undef X
};
/* NULL: no such template. */
const struct course_template *course_template_find(const char *id);
/* A site's copy, from the JSON of a whole entry of the catalogue: its name and its usual values, where they
 * lie within the product's bounds; everything else is the product's. */
struct course_template_copy {
    struct course_template template;
    char name[COURSE_NAME_MAX * 4 + 1];
};
void course_template_take(const struct course_template *product, const char *json,
                          struct course_template_copy *ret);
const struct course_template *course_template_at(int i); /* NULL: past the end */

/* ---- a course ---- */

#define COURSE_STATES(X)                                                                                     \
    X(ACTIVE, "active")                                                                                      \
    X(PAUSED, "paused")       /* nothing is missed meanwhile; going on lays the rest anew from today */      \
    X(COMPLETED, "completed") /* every session is done or skipped */                                         \
    X(ENDED, "ended")         /* by staff, before its end */
enum course_state {
#define X(e, n) COURSE_##e,
    COURSE_STATES(X)
#undef X
        COURSE_STATE_COUNT
};
extern const char *const course_state_names[COURSE_STATE_COUNT + 1];

#define COURSE_SESSION_STATES(X)                                                                             \
    X(PLANNED, "planned")                                                                                    \
    X(DONE, "done")                                                                                          \
    X(MISSED, "missed")                                                                                      \
    X(SKIPPED, "skipped")
enum course_session_state {
#define X(e, n) COURSE_SESSION_##e,
    COURSE_SESSION_STATES(X)
#undef X
        COURSE_SESSION_STATE_COUNT
};
extern const char *const course_session_state_names[COURSE_SESSION_STATE_COUNT + 1];

struct course_rules {
    int32_t start_on;
    int32_t count, interval_days, rounds; /* sessions in a round; least days between two; rounds */
    int32_t break_days, break_min_days, break_max_days;
    int32_t intensity_from, intensity_to;
    int32_t count_min; /* the template's: fewer sessions in a round need an override */
    bool twice_a_day;
};
/* Sets every rule that is not among `given` (mask of bits in the order of COURSE_BOUNDS) to the template's
 * usual value, and the bounds of the break, the least count and twice_a_day to the template's. */
void course_rules_complete(const struct course_template *t, uint32_t given, struct course_rules *rules);
/* Rules that no override lifts (the sum of sessions, an intensity that falls): false, with errors. */
must_use bool course_rules_check(const struct course_rules *rules, struct field_errors *errors);
/* The template's bounds: false, with errors. */
must_use bool course_template_check(const struct course_template *t, const struct course_rules *rules,
                                    struct field_errors *errors);

struct course_calendar { /* of a site */
    uint32_t open_days;  /* mask of 1u << enum date_weekday */
    int32_t n_closed;
    int32_t closed[COURSE_CLOSED_MAX]; /* ascending */
};
bool course_is_open(const struct course_calendar *c, int32_t day);
/* Sorts, and drops what is there twice. */
void course_calendar_tidy(struct course_calendar *c);

struct course_session {
    int32_t on;    /* date */
    int32_t round; /* from 1 */
    int32_t intensity;
    int32_t state; /* enum course_session_state */
    int32_t pin;   /* staff moved it: not before this date; 0: they did not */
    bool live;     /* its session is going on: it stays where it is */
};
struct course {
    struct course_rules rules;
    int32_t state; /* enum course_state */
    int32_t n;
    struct course_session rows[COURSE_ROWS_MAX]; /* in the order of their numbers, which are from 1 */
};

enum course_fault {
    COURSE_OK,
    COURSE_NO_OPEN_DAY,    /* the site has no open day to lay it on */
    COURSE_BREAK_TOO_LONG, /* no open day within the most days of a break */
    COURSE_NOT_ACTIVE,
    COURSE_NOT_PLANNED, /* that row is done, missed, skipped, or there is none */
    COURSE_GOING_ON,    /* a session of the course is going on */
    COURSE_CLOSED,      /* the site is closed on that day */
    COURSE_PAST,        /* that day is over */
    COURSE_TOO_CLOSE,   /* nearer to another session, or to a round, than the rules allow */
    COURSE_TOO_MANY,    /* COURSE_ROWS_MAX */
    COURSE_TOO_FEW,     /* fewer sessions than the template's least */
    COURSE_ALL_DONE,
};

/* Lays a new course from its rules: the rows of all rounds, planned. strict: a break that closed days would
 * stretch beyond its most begins on an earlier open day within its bounds, and without such a day is refused;
 * not strict: it is as long as it must be. */
must_use enum course_fault course_lay(struct course *c, const struct course_calendar *calendar, bool strict);

/* Whether the course has to be settled: a planned day is over, or the site is closed on one. */
bool course_needs_settling(const struct course *c, const struct course_calendar *calendar, int32_t today);
/* What time alone does to an active course: planned rows whose day is over are missed, and the rest moves.
 * After COURSE_MISSES_IN_A_ROW the course is paused. Returns how many were missed. Doing it again changes
 * nothing. */
int32_t course_settle(struct course *c, const struct course_calendar *calendar, int32_t today);

/* The changes by staff. Each leaves the course as it was when it returns a fault. number: of a row, from 1.
 */
must_use enum course_fault course_miss(struct course *c, const struct course_calendar *calendar,
                                       int32_t number, int32_t today);
/* override: the course may get shorter than the template's least. */
must_use enum course_fault course_skip(struct course *c, const struct course_calendar *calendar,
                                       int32_t number, int32_t today, bool override);
must_use enum course_fault course_move(struct course *c, const struct course_calendar *calendar,
                                       int32_t number, int32_t on, int32_t today);
must_use enum course_fault course_resume(struct course *c, const struct course_calendar *calendar,
                                         int32_t today);
/* The next planned row is for today, or moves here when the rules allow it; the rest follows. */
must_use enum course_fault course_begin(struct course *c, const struct course_calendar *calendar,
                                        int32_t today, int32_t *ret_number);
/* The number of the next planned row that is not going on; 0: none. */
int32_t course_next(const struct course *c);

#endif
