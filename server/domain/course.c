/* Laying is one walk over the rows in their order: what is over stands and is the anchor, what is planned
 * goes to the first open day that the rules allow. Every change is a change of a row and that walk again, so
 * no change needs rules of its own. */
#include "server/domain/course.h"

#include <string.h>

const char *const course_state_names[COURSE_STATE_COUNT + 1] = {
#define X(e, n) n,
    COURSE_STATES(X)
#undef X
};
const char *const course_session_state_names[COURSE_SESSION_STATE_COUNT + 1] = {
#define X(e, n) n,
    COURSE_SESSION_STATES(X)
#undef X
};

#define LONG_AGO (INT32_MIN / 2)

/* ---- days ---- */

bool course_is_open(const struct course_calendar *c, int32_t day) {
    if (!(c->open_days & 1u << date_weekday(day))) return false;
    int32_t low = 0, high = c->n_closed;
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (c->closed[mid] == day) return false;
        if (c->closed[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return true;
}

static int by_day(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

void course_calendar_tidy(struct course_calendar *c) {
    int32_t n = 0;
    qsort(c->closed, (size_t)c->n_closed, sizeof c->closed[0], by_day);
    for (int32_t i = 0; i < c->n_closed; i++)
        if (n == 0 || c->closed[n - 1] != c->closed[i]) c->closed[n++] = c->closed[i];
    c->n_closed = n;
}

/* The first open day from `day` on, or before it (step -1) down to `until`; false: none. */
static bool find_open(const struct course_calendar *c, int32_t day, int32_t step, int32_t until,
                      int32_t *ret) {
    for (; step > 0 ? day <= until : day >= until; day += step)
        if (course_is_open(c, day)) {
            *ret = day;
            return true;
        }
    return false;
}

/* ---- laying ---- */

static int32_t sessions_of(const struct course_rules *r) { return r->count * r->rounds; }

/* Even steps, rounded to the nearest: never falls, first and last are exact. */
static int32_t intensity_at(const struct course_rules *r, int32_t step) {
    int32_t last = sessions_of(r) - 1;
    if (last <= 0) return r->intensity_from;
    if (step > last) step = last;
    return r->intensity_from + ((r->intensity_to - r->intensity_from) * step * 2 + last) / (last * 2);
}

static bool is_fixed(const struct course_session *s) { return s->state != COURSE_SESSION_PLANNED || s->live; }

struct walk {
    const struct course_rules *rules;
    const struct course_calendar *calendar;
    int32_t today;
    bool strict;
    int32_t step;      /* sessions counted so far: missed ones are none */
    int32_t last_on;   /* the appointment before, whatever became of it */
    int32_t last_step; /* the session before: a break counts from it */
};

static bool begins_round(const struct walk *w) { return w->step > 0 && w->step % w->rules->count == 0; }

static int32_t earliest(const struct walk *w, const struct course_session *s, int32_t break_days) {
    int32_t day = w->rules->start_on;
    if (day < w->today) day = w->today;
    if (day < w->last_on + w->rules->interval_days) day = w->last_on + w->rules->interval_days;
    if (begins_round(w) && day < w->last_step + break_days + 1) day = w->last_step + break_days + 1;
    return day < s->pin ? s->pin : day;
}

static enum course_fault place(const struct walk *w, struct course_session *s) {
    const struct course_rules *r = w->rules;
    int32_t from = earliest(w, s, r->break_days), on;
    if (!find_open(w->calendar, from, 1, from + COURSE_SEARCH_DAYS, &on)) return COURSE_NO_OPEN_DAY;
    if (w->strict && begins_round(w) && on > w->last_step + r->break_max_days + 1 &&
        !find_open(w->calendar, w->last_step + r->break_max_days + 1, -1, earliest(w, s, r->break_min_days),
                   &on))
        return COURSE_BREAK_TOO_LONG;
    s->on = on;
    return COURSE_OK;
}

static enum course_fault walk(struct course *c, const struct course_calendar *calendar, int32_t today,
                              bool strict) {
    struct walk w = {.rules = &c->rules,
                     .calendar = calendar,
                     .today = today,
                     .strict = strict,
                     .last_on = LONG_AGO,
                     .last_step = LONG_AGO};
    for (int32_t i = 0; i < c->n; i++) {
        struct course_session *s = &c->rows[i];
        if (!is_fixed(s)) {
            s->round = w.step / c->rules.count + 1;
            s->intensity = intensity_at(&c->rules, w.step);
            enum course_fault fault = place(&w, s);
            if (fault) return fault;
        }
        if (s->on > w.last_on) w.last_on = s->on;
        if (s->state == COURSE_SESSION_MISSED) continue;
        if (s->on > w.last_step) w.last_step = s->on;
        w.step++;
    }
    return COURSE_OK;
}

enum course_fault course_lay(struct course *c, const struct course_calendar *calendar, bool strict) {
    c->state = COURSE_ACTIVE;
    c->n = sessions_of(&c->rules);
    memset(c->rows, 0, sizeof c->rows);
    return walk(c, calendar, LONG_AGO, strict);
}

/* ---- changes: on a copy, so that a fault leaves nothing half done ---- */

static bool is_planned(const struct course *c, int32_t number) {
    return number >= 1 && number <= c->n && c->rows[number - 1].state == COURSE_SESSION_PLANNED;
}

static enum course_fault changeable(const struct course *c, int32_t number) {
    if (c->state != COURSE_ACTIVE && c->state != COURSE_PAUSED) return COURSE_NOT_ACTIVE;
    if (!is_planned(c, number)) return COURSE_NOT_PLANNED;
    return c->rows[number - 1].live ? COURSE_GOING_ON : COURSE_OK;
}

static void complete_if_done(struct course *c) {
    for (int32_t i = 0; i < c->n; i++)
        if (c->rows[i].state == COURSE_SESSION_PLANNED) return;
    c->state = COURSE_COMPLETED;
}

/* Takes the copy over when the walk succeeds. */
static enum course_fault relay(struct course *c, struct course *copy, const struct course_calendar *calendar,
                               int32_t today) {
    enum course_fault fault = walk(copy, calendar, today, false);
    if (fault == COURSE_OK) *c = *copy;
    return fault;
}

static enum course_fault mark_missed(struct course *c, int32_t number) {
    if (c->n == COURSE_ROWS_MAX) return COURSE_TOO_MANY;
    c->rows[number - 1].state = COURSE_SESSION_MISSED;
    c->rows[c->n++] = (struct course_session){.state = COURSE_SESSION_PLANNED};
    return COURSE_OK;
}

enum course_fault course_miss(struct course *c, const struct course_calendar *calendar, int32_t number,
                              int32_t today) {
    enum course_fault fault = changeable(c, number);
    if (fault) return fault;
    struct course copy = *c;
    fault = mark_missed(&copy, number);
    return fault ? fault : relay(c, &copy, calendar, today);
}

enum course_fault course_skip(struct course *c, const struct course_calendar *calendar, int32_t number,
                              int32_t today, bool override) {
    enum course_fault fault = changeable(c, number);
    if (fault) return fault;
    int32_t kept = 0; /* in the round that gets shorter */
    for (int32_t i = 0; i < c->n; i++)
        kept += c->rows[i].round == c->rows[number - 1].round &&
                (c->rows[i].state == COURSE_SESSION_PLANNED || c->rows[i].state == COURSE_SESSION_DONE);
    if (!override && kept - 1 < c->rules.count_min) return COURSE_TOO_FEW;
    struct course copy = *c;
    copy.rows[number - 1].state = COURSE_SESSION_SKIPPED;
    complete_if_done(&copy);
    return relay(c, &copy, calendar, today);
}

enum course_fault course_move(struct course *c, const struct course_calendar *calendar, int32_t number,
                              int32_t on, int32_t today) {
    enum course_fault fault = changeable(c, number);
    if (fault) return fault;
    if (on < today) return COURSE_PAST;
    if (!course_is_open(calendar, on)) return COURSE_CLOSED;
    struct course copy = *c;
    struct course_session *moved = &copy.rows[number - 1];
    moved->pin = on;
    fault = walk(&copy, calendar, today, false);
    if (fault) return fault;
    if (moved->on != on) return COURSE_TOO_CLOSE;
    *c = copy;
    return COURSE_OK;
}

enum course_fault course_resume(struct course *c, const struct course_calendar *calendar, int32_t today) {
    if (c->state != COURSE_PAUSED) return COURSE_NOT_ACTIVE;
    struct course copy = *c;
    copy.state = COURSE_ACTIVE;
    return relay(c, &copy, calendar, today);
}

/* ---- time ---- */

static int32_t overdue(const struct course *c, int32_t today) {
    for (int32_t i = 0; i < c->n; i++)
        if (!is_fixed(&c->rows[i]) && c->rows[i].on < today) return i + 1;
    return 0;
}

static bool on_a_closed_day(const struct course *c, const struct course_calendar *calendar) {
    for (int32_t i = 0; i < c->n; i++)
        if (!is_fixed(&c->rows[i]) && !course_is_open(calendar, c->rows[i].on)) return true;
    return false;
}

/* Misses since the guest was last here. */
static int32_t misses_in_a_row(const struct course *c) {
    int32_t n = 0;
    for (int32_t i = 0; i < c->n; i++)
        n = c->rows[i].state == COURSE_SESSION_MISSED ? n + 1
            : c->rows[i].state == COURSE_SESSION_DONE ? 0
                                                      : n;
    return n;
}

bool course_needs_settling(const struct course *c, const struct course_calendar *calendar, int32_t today) {
    return c->state == COURSE_ACTIVE && (overdue(c, today) || on_a_closed_day(c, calendar));
}

int32_t course_settle(struct course *c, const struct course_calendar *calendar, int32_t today) {
    int32_t n = 0, number;
    if (!course_needs_settling(c, calendar, today)) return 0;
    struct course copy = *c;
    while (copy.state == COURSE_ACTIVE && (number = overdue(&copy, today)) != 0) {
        int32_t day_after = copy.rows[number - 1].on + 1; /* the rest is laid as it was on that day */
        if (misses_in_a_row(&copy) >= COURSE_MISSES_IN_A_ROW || mark_missed(&copy, number) ||
            walk(&copy, calendar, day_after, false))
            copy.state = COURSE_PAUSED;
        else
            n++;
    }
    if (copy.state == COURSE_ACTIVE && walk(&copy, calendar, today, false)) copy.state = COURSE_PAUSED;
    *c = copy;
    return n;
}

/* ---- beginning ---- */

int32_t course_next(const struct course *c) {
    for (int32_t i = 0; i < c->n; i++)
        if (!is_fixed(&c->rows[i])) return i + 1;
    return 0;
}

/* Whether the rules let that row take place today although it is planned for later. Missed days are no
 * sessions: only what was done counts. */
static bool may_be_today(const struct course *c, int32_t number, int32_t today) {
    int32_t step = 0, last = LONG_AGO, done_today = 0;
    for (int32_t i = 0; i < number - 1; i++) {
        const struct course_session *s = &c->rows[i];
        if (s->state == COURSE_SESSION_MISSED) continue;
        step++;
        if (s->state != COURSE_SESSION_DONE) continue;
        if (s->on > last) last = s->on;
        done_today += s->on == today;
    }
    const struct course_rules *r = &c->rules;
    if (step > 0 && step % r->count == 0 && today < last + r->break_min_days + 1) return false;
    if (today >= last + r->interval_days) return true;
    return r->twice_a_day && r->interval_days == 1 && done_today == 1;
}

enum course_fault course_begin(struct course *c, const struct course_calendar *calendar, int32_t today,
                               int32_t *ret_number) {
    if (c->state != COURSE_ACTIVE) return COURSE_NOT_ACTIVE;
    for (int32_t i = 0; i < c->n; i++)
        if (c->rows[i].live) return COURSE_GOING_ON;
    int32_t number = course_next(c);
    if (!number) return COURSE_ALL_DONE;
    if (!course_is_open(calendar, today)) return COURSE_CLOSED;
    struct course copy = *c;
    struct course_session *s = &copy.rows[number - 1];
    if (s->on != today && !may_be_today(c, number, today)) return COURSE_TOO_CLOSE;
    s->on = today;
    s->pin = 0;
    s->live = true; /* it stays here, and the rest follows from here */
    enum course_fault fault = relay(c, &copy, calendar, today);
    if (!fault) *ret_number = number;
    return fault;
}
