/* What holds of every course, whatever is asked and whatever happens to it. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/domain/course.h"

struct dice {
    uint64_t state;
};
static uint32_t roll(struct dice *d, uint32_t n) { /* splitmix64 */
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}
static int32_t between(struct dice *d, int32_t low, int32_t high) {
    return low + (int32_t)roll(d, (uint32_t)(high - low + 1));
}

static struct course_calendar any_calendar(struct dice *d) {
    struct course_calendar c = {.open_days = roll(d, 127) + 1, .n_closed = between(d, 0, 60)};
    for (int32_t i = 0; i < c.n_closed; i++) c.closed[i] = between(d, 20000, 20400);
    course_calendar_tidy(&c);
    return c;
}

static struct course_rules any_rules(struct dice *d) {
    struct course_rules r = {.start_on = between(d, 20000, 20100),
                             .count = between(d, 1, 20),
                             .interval_days = between(d, 1, 7),
                             .rounds = between(d, 1, 4),
                             .intensity_from = between(d, 1, 100),
                             .twice_a_day = roll(d, 2)};
    r.intensity_to = between(d, r.intensity_from, 100);
    r.break_min_days = between(d, 0, 20);
    r.break_days = between(d, r.break_min_days, r.break_min_days + 20);
    r.break_max_days = between(d, r.break_days, r.break_days + 20);
    return r;
}

static void check(const struct course *c, const struct course_calendar *calendar, uint64_t seed) {
    const struct course_rules *r = &c->rules;
    int32_t apart = r->twice_a_day && r->interval_days == 1 ? 0 : r->interval_days;
    int32_t step = 0, last_step = -100000, strongest = 0, missed = 0;
    for (int32_t i = 0; i < c->n; i++) {
        const struct course_session *s = &c->rows[i];
        bool planned = s->state == COURSE_SESSION_PLANNED && !s->live;
        if (planned) cr_assert(course_is_open(calendar, s->on), "seed %lu row %d", seed, i);
        if (s->state == COURSE_SESSION_MISSED) {
            missed++;
            continue;
        }
        /* Missed days are no sessions. Twice a day: the second may have been begun and stopped early. */
        if (planned) cr_assert_geq(s->on, last_step + apart, "seed %lu row %d", seed, i);
        if (planned && step && step % r->count == 0)
            cr_assert_geq(s->on, last_step + r->break_min_days + 1, "seed %lu row %d: the break", seed, i);
        cr_assert_geq(s->intensity, strongest, "seed %lu row %d", seed, i);
        cr_assert(s->intensity >= r->intensity_from && s->intensity <= r->intensity_to);
        strongest = s->intensity;
        if (s->on > last_step) last_step = s->on;
        step++;
    }
    cr_assert_eq(step, r->count * r->rounds, "seed %lu: the number of sessions stays", seed);
    cr_assert_eq(c->n, step + missed);
}

/* Laid and not yet touched: also the most that a break may be. */
static void check_fresh(const struct course *c, uint64_t seed) {
    const struct course_rules *r = &c->rules;
    cr_assert_geq(c->rows[0].on, r->start_on);
    for (int32_t i = r->count; i < c->n; i += r->count) {
        int32_t whole_days = c->rows[i].on - c->rows[i - 1].on - 1;
        cr_assert(whole_days >= r->break_min_days, "seed %lu", seed);
        if (r->interval_days - 1 <= r->break_max_days)
            cr_assert(whole_days <= r->break_max_days, "seed %lu: %d of %d", seed, whole_days,
                      r->break_max_days);
    }
    cr_assert_eq(c->rows[0].intensity, r->intensity_from);
    if (c->n > 1) cr_assert_eq(c->rows[c->n - 1].intensity, r->intensity_to);
}

Test(course_property, a_laid_course_keeps_every_rule_and_is_the_same_each_time) {
    int laid = 0;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        struct dice d = {seed};
        struct course_calendar calendar = any_calendar(&d);
        static struct course c, again;
        c.rules = again.rules = any_rules(&d);
        if (course_lay(&c, &calendar, true) != COURSE_OK) continue;
        laid++;
        check(&c, &calendar, seed);
        check_fresh(&c, seed);
        memset(again.rows, 0xff, sizeof again.rows);
        cr_assert_eq(course_lay(&again, &calendar, true), COURSE_OK);
        cr_assert_eq(memcmp(c.rows, again.rows, sizeof c.rows), 0, "seed %lu", seed);
    }
    cr_assert_gt(laid, 3000);
}

/* One thing that may happen on a day. */
static void happen(struct dice *d, struct course *c, const struct course_calendar *calendar, int32_t today) {
    int32_t number = between(d, 1, c->n), begun = 0;
    enum course_fault fault = COURSE_OK;
    switch (roll(d, 8)) {
    case 0: fault = course_miss(c, calendar, number, today); break;
    case 1: fault = course_move(c, calendar, number, today + between(d, -3, 40), today); break;
    case 2: c->state = c->state == COURSE_ACTIVE ? COURSE_PAUSED : c->state; break;
    case 3: fault = course_resume(c, calendar, today); break;
    default:
        fault = course_begin(c, calendar, today, &begun);
        if (fault == COURSE_OK) {
            c->rows[begun - 1].live = false;
            if (roll(d, 5)) c->rows[begun - 1].state = COURSE_SESSION_DONE; /* else it was stopped early */
        }
    }
    (void)fault;
}

Test(course_property, whatever_happens_the_rules_hold_and_what_is_over_never_changes) {
    int done = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct dice d = {seed * 7919};
        struct course_calendar calendar = any_calendar(&d);
        static struct course c, before;
        memset(&c, 0, sizeof c);
        c.rules = any_rules(&d);
        if (course_lay(&c, &calendar, true) != COURSE_OK) continue;
        for (int32_t today = c.rules.start_on; today < c.rules.start_on + 120; today++) {
            before = c;
            course_settle(&c, &calendar, today);
            for (uint32_t n = roll(&d, 3); n > 0; n--) happen(&d, &c, &calendar, today);
            check(&c, &calendar, seed);
            for (int32_t i = 0; i < before.n; i++)
                if (before.rows[i].state != COURSE_SESSION_PLANNED)
                    cr_assert_eq(memcmp(&before.rows[i], &c.rows[i], sizeof c.rows[i]), 0, "seed %lu row %d",
                                 seed, i);
            struct course settled = c;
            course_settle(&settled, &calendar, today);
            static struct course once;
            once = settled;
            cr_assert_eq(course_settle(&once, &calendar, today), 0);
            cr_assert_eq(memcmp(&once, &settled, sizeof once), 0, "seed %lu: settling is idempotent", seed);
        }
        for (int32_t i = 0; i < c.n; i++) done += c.rows[i].state == COURSE_SESSION_DONE;
    }
    cr_assert_gt(done, 1000, "%d", done);
}
