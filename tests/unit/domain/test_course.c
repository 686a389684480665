/* Courses, by the day: rows of what was asked and the dates that come of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "domain_fixture.h"
#include "server/domain/course.h"

static int32_t day(const char *text) {
    int32_t d = -1;
    cr_assert(date_parse(text, &d), "%s", text);
    return d;
}

static struct course_calendar open_on(const char *days) {
    struct course_calendar c = {.open_days = 0};
    for (int d = 0; d < DATE_WEEKDAY_COUNT; d++)
        if (strstr(days, date_weekday_names[d])) c.open_days |= 1u << d;
    return c;
}
#define WEEKDAYS "mon tue wed thu fri"
#define ALWAYS "mon tue wed thu fri sat sun"

static struct course *laid(struct course_rules rules, const struct course_calendar *calendar) {
    struct course *c = xcalloc(1, sizeof *c);
    if (!rules.intensity_from) rules.intensity_from = rules.intensity_to = 50;
    if (!rules.rounds) rules.rounds = 1;
    c->rules = rules;
    cr_assert_eq(course_lay(c, calendar, true), COURSE_OK);
    return c;
}

/* "12-03d 12-05m 12-07p": month and day of each row, and the first letter of its state. */
static const char *dates(const struct course *c) {
    static char text[2048];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    for (int32_t i = 0; i < c->n; i++) {
        char date[DATE_TEXT_LEN + 1];
        date_format(c->rows[i].on, date);
        buf_fmt(&b, "%s%s%c", i ? " " : "", date + 5, "pdms"[c->rows[i].state]);
    }
    return text;
}

Test(course, dates_are_laid_onto_open_days) {
    static const struct {
        const char *what, *open, *closed, *start;
        int32_t count, interval, rounds, pause;
        const char *dates;
    } rows[] = {
        /* 2026-12-07 is a Monday. */
        {"daily, every day open", ALWAYS, "", "2026-12-07", 4, 1, 1, 0, "12-07p 12-08p 12-09p 12-10p"},
        {"daily is each open day", WEEKDAYS, "", "2026-12-10", 4, 1, 1, 0, "12-10p 12-11p 12-14p 12-15p"},
        {"every other day", ALWAYS, "", "2026-12-07", 4, 2, 1, 0, "12-07p 12-09p 12-11p 12-13p"},
        {"a closed date moves on, and the distance is kept from there", ALWAYS, "2026-12-09", "2026-12-07", 4,
         2, 1, 0, "12-07p 12-10p 12-12p 12-14p"},
        {"every other day, weekends closed", WEEKDAYS, "", "2026-12-07", 5, 2, 1, 0,
         "12-07p 12-09p 12-11p 12-14p 12-16p"},
        {"weekly, on from the day it moved to", WEEKDAYS, "2026-12-14", "2026-12-07", 3, 7, 1, 0,
         "12-07p 12-15p 12-22p"},
        {"the first day is closed", WEEKDAYS, "", "2026-12-05", 2, 1, 1, 0, "12-07p 12-08p"},
        {"two rounds, fourteen whole days between", ALWAYS, "", "2026-12-01", 2, 1, 2, 14,
         "12-01p 12-02p 12-17p 12-18p"},
        {"the break ends on a closed day", WEEKDAYS, "", "2026-12-03", 2, 1, 2, 14,
         "12-03p 12-04p 12-21p 12-22p"},
        {"over the end of a leap year's February", ALWAYS, "", "2028-02-27", 3, 1, 1, 0,
         "02-27p 02-28p 02-29p"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct course_calendar calendar = open_on(rows[i].open);
        if (rows[i].closed[0]) calendar.closed[calendar.n_closed++] = day(rows[i].closed);
        auto_free struct course *c = laid((struct course_rules){.start_on = day(rows[i].start),
                                                                .count = rows[i].count,
                                                                .interval_days = rows[i].interval,
                                                                .rounds = rows[i].rounds,
                                                                .break_days = rows[i].pause,
                                                                .break_min_days = rows[i].pause,
                                                                .break_max_days = rows[i].pause + 7},
                                          &calendar);
        cr_expect_str_eq(dates(c), rows[i].dates, "%s: %s", rows[i].what, dates(c));
    }
}

Test(course, intensity_rises_evenly_from_the_first_to_the_last) {
    static const struct {
        int32_t count, rounds, from, to;
        const char *intensities;
    } rows[] = {
        {5, 1, 30, 70, "30 40 50 60 70"},    {4, 1, 30, 31, "30 30 31 31"},
        {3, 2, 30, 60, "30 36 42 48 54 60"}, {1, 1, 40, 60, "40"},
        {3, 1, 50, 50, "50 50 50"},          {2, 1, 10, 100, "10 100"},
    };
    struct course_calendar calendar = open_on(ALWAYS);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free struct course *c = laid((struct course_rules){.start_on = day("2026-12-07"),
                                                                .count = rows[i].count,
                                                                .rounds = rows[i].rounds,
                                                                .interval_days = 1,
                                                                .intensity_from = rows[i].from,
                                                                .intensity_to = rows[i].to,
                                                                .break_max_days = 7},
                                          &calendar);
        auto_buf struct buf b = BUF_INIT;
        for (int32_t k = 0; k < c->n; k++) buf_fmt(&b, "%s%d", k ? " " : "", (int)c->rows[k].intensity);
        cr_expect_str_eq(b.data, rows[i].intensities, "row %zu: %s", i, b.data);
    }
}

Test(course, a_break_that_closed_days_would_stretch_begins_earlier_or_is_refused) {
    struct course_calendar calendar = open_on(ALWAYS);
    struct course_rules rules = {.start_on = day("2026-12-01"),
                                 .count = 1,
                                 .interval_days = 1,
                                 .rounds = 2,
                                 .break_days = 28,
                                 .break_min_days = 14,
                                 .break_max_days = 28,
                                 .intensity_from = 50,
                                 .intensity_to = 50};
    for (int32_t d = day("2026-12-28"); d <= day("2027-01-10"); d++) calendar.closed[calendar.n_closed++] = d;
    auto_free struct course *c = laid(rules, &calendar);
    cr_expect_str_eq(dates(c), "12-01p 12-27p", "%s", dates(c));
    calendar.n_closed = 0;
    for (int32_t d = day("2026-12-10"); d <= day("2027-01-10"); d++) calendar.closed[calendar.n_closed++] = d;
    cr_expect_eq(course_lay(c, &calendar, true), COURSE_BREAK_TOO_LONG);
    cr_expect_eq(course_lay(c, &calendar, false), COURSE_OK, "an override takes it as it comes");
    cr_expect_str_eq(dates(c), "12-01p 01-11p", "%s", dates(c));
}

Test(course, a_site_that_never_opens_gets_no_course) {
    struct course_calendar calendar = open_on("sun");
    struct course c = {.rules = {.start_on = day("2026-12-06"),
                                 .count = 1,
                                 .interval_days = 1,
                                 .rounds = 1,
                                 .intensity_from = 5,
                                 .intensity_to = 5}};
    for (int32_t i = 0; i < COURSE_CLOSED_MAX; i++)
        calendar.closed[calendar.n_closed++] = day("2026-12-06") + 7 * i;
    cr_expect_eq(course_lay(&c, &calendar, true), COURSE_NO_OPEN_DAY);
}

/* ---- templates ---- */

Test(course, the_templates_are_those_of_the_catalogue_and_their_usual_values_are_allowed) {
    static const char *const names[] = {"flat-feet", "hallux-valgus", "maintenance", "custom"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct course_template *t = course_template_find(names[i]);
        struct course_rules rules = {0};
        struct field_errors errors = {0};
        cr_assert(t, "%s", names[i]);
        course_rules_complete(t, 0, &rules);
        cr_expect(course_rules_check(&rules, &errors) && course_template_check(t, &rules, &errors), "%s: %s",
                  names[i], errors.list[0].detail);
        cr_expect(rules.break_min_days <= rules.break_days && rules.break_days <= rules.break_max_days);
    }
    cr_expect_null(course_template_find("no-such"));
}

static void bounds_words(struct buf *b, const struct course_bounds *x) {
    buf_fmt(b, " | %d", (int)x->min);
    if (x->max != x->min) buf_fmt(b, " to %d (%d)", (int)x->max, (int)x->usual);
}

Test(course, the_page_about_courses_says_the_templates_bounds) {
    size_t len;
    auto_free char *page = fixture_text("docs/courses.md", &len);
    const struct course_template *t;
    for (int i = 0; (t = course_template_at(i)) != NULL; i++) {
        auto_buf struct buf row = BUF_INIT;
        buf_fmt(&row, "\n| `%s`", t->id);
        bounds_words(&row, &t->count);
        bounds_words(&row, &t->interval_days);
        bounds_words(&row, &t->rounds);
        bounds_words(&row, &t->break_days);
        bounds_words(&row, &t->intensity_from);
        bounds_words(&row, &t->intensity_to);
        buf_fmt(&row, "%s | ", t->rises ? ", rises" : "");
        if (t->routine[0])
            buf_fmt(&row, "`%s` |\n", t->routine);
        else
            buf_str(&row, "any |\n");
        cr_expect(strstr(page, row.data), "docs/courses.md has no row:%s", row.data);
        cr_expect_not(t->twice_a_day, "the page says that none does");
    }
}

Test(course, what_a_template_does_not_allow_is_named) {
    enum { COUNT = 1, INTERVAL = 2, ROUNDS = 4, BREAK = 8, FROM = 16, TO = 32 };
    static const struct {
        const char *template;
        uint32_t given;
        struct course_rules rules;
        const char *pointer; /* NULL: allowed */
    } rows[] = {
        {"flat-feet", COUNT, {.count = 11}, "/count"},
        {"flat-feet", COUNT, {.count = 12}, NULL},
        {"flat-feet", INTERVAL, {.interval_days = 1}, "/interval_days"},
        {"flat-feet", ROUNDS, {.rounds = 2}, "/rounds"},
        {"hallux-valgus", COUNT, {.count = 14}, "/count"},
        {"hallux-valgus", COUNT, {.count = 15}, NULL},
        {"hallux-valgus", COUNT, {.count = 20}, NULL},
        {"hallux-valgus", COUNT, {.count = 21}, "/count"},
        {"hallux-valgus", BREAK, {.break_days = 13}, "/break_days"},
        {"hallux-valgus", BREAK, {.break_days = 14}, NULL},
        {"hallux-valgus", BREAK, {.break_days = 28}, NULL},
        {"hallux-valgus", BREAK, {.break_days = 29}, "/break_days"},
        {"hallux-valgus", INTERVAL, {.interval_days = 2}, "/interval_days"},
        {"hallux-valgus", FROM | TO, {.intensity_from = 50, .intensity_to = 50}, "/intensity_to"},
        {"hallux-valgus", FROM | TO, {.intensity_from = 50, .intensity_to = 51}, NULL},
        {"maintenance", INTERVAL, {.interval_days = 1}, NULL},
        {"maintenance", INTERVAL, {.interval_days = 8}, "/interval_days"},
        {"custom", INTERVAL, {.interval_days = 30}, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct course_template *t = course_template_find(rows[i].template);
        struct course_rules rules = rows[i].rules;
        struct field_errors errors = {0};
        course_rules_complete(t, rows[i].given, &rules);
        cr_expect_eq(course_template_check(t, &rules, &errors), rows[i].pointer == NULL, "row %zu", i);
        if (rows[i].pointer) cr_expect_str_eq(errors.list[0].pointer, rows[i].pointer, "row %zu", i);
    }
}

Test(course, a_sites_copy_says_what_is_usual_and_bounds_nothing) {
    static const char json[] =
        "{\"id\": \"flat-feet\", \"name\": \"Arches\", \"routine\": \"other\", \"twice_a_day\": true,"
        " \"count\": {\"min\": 1, \"default\": 14, \"max\": 99},"
        " \"interval_days\": {\"min\": 1, \"default\": 1, \"max\": 9},"
        " \"rounds\": {\"min\": 1, \"default\": 1, \"max\": 1},"
        " \"break_days\": {\"min\": 0, \"default\": 0, \"max\": 0},"
        " \"intensity_from\": {\"min\": 1, \"default\": 40, \"max\": 100},"
        " \"intensity_to\": {\"min\": 1, \"default\": 60, \"max\": 100}}";
    const struct course_template *product = course_template_find("flat-feet");
    struct course_template_copy copy;
    course_template_take(product, json, &copy);
    cr_expect_str_eq(copy.template.name, "Arches");
    cr_expect_eq(copy.template.count.usual, 14);
    cr_expect_eq(copy.template.count.min, 12);
    cr_expect_eq(copy.template.intensity_to.usual, 60);
    cr_expect_eq(copy.template.interval_days.usual, 2, "beyond the product's bounds");
    cr_expect_str_eq(copy.template.routine, "flat-feet");
    cr_expect_not(copy.template.twice_a_day);
    course_template_take(product, "{}", &copy);
    cr_expect_eq(memcmp(&copy.template, product, sizeof *product), 0, "what cannot be read is the product's");
}

Test(course, no_override_lifts_the_number_of_all_sessions_nor_lets_intensity_fall) {
    struct field_errors errors = {0};
    struct course_rules many = {.count = 101, .rounds = 2, .intensity_from = 5, .intensity_to = 5};
    struct course_rules falls = {.count = 1, .rounds = 1, .intensity_from = 6, .intensity_to = 5};
    cr_expect_not(course_rules_check(&many, &errors));
    cr_expect_not(course_rules_check(&falls, &errors));
}

/* ---- what happens to a course ---- */

static struct course *every_other_day(const struct course_calendar *calendar) {
    return laid((struct course_rules){.start_on = day("2026-12-01"), .count = 4, .interval_days = 2},
                calendar);
}

Test(course, a_missed_session_is_added_at_the_end_and_the_rest_moves_up) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar);
    c->rules.intensity_to = 80;
    c->rows[0].state = COURSE_SESSION_DONE;
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-03")), 0, "its day is not over");
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-04")), 1);
    cr_expect_str_eq(dates(c), "12-01d 12-03m 12-05p 12-07p 12-09p", "%s", dates(c));
    cr_expect_eq(c->rows[2].intensity, 60, "the second session is as strong as it was meant");
    cr_expect_eq(c->rows[4].intensity, 80);
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-04")), 0, "once");
}

Test(course, a_missed_session_moves_the_break_with_it) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = laid((struct course_rules){.start_on = day("2026-12-01"),
                                                            .count = 2,
                                                            .interval_days = 1,
                                                            .rounds = 2,
                                                            .break_days = 14,
                                                            .break_min_days = 14,
                                                            .break_max_days = 28},
                                      &calendar);
    cr_assert_str_eq(dates(c), "12-01p 12-02p 12-17p 12-18p");
    c->rows[0].state = COURSE_SESSION_DONE;
    cr_assert_eq(course_miss(c, &calendar, 2, day("2026-12-02")), COURSE_OK);
    cr_expect_str_eq(dates(c), "12-01d 12-02m 12-03p 12-18p 12-19p", "%s", dates(c));
    cr_expect_eq(c->rows[2].round, 1);
    cr_expect_eq(c->rows[3].round, 2);
}

Test(course, many_days_over_at_once_are_missed_one_by_one_until_the_course_is_paused) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar), *daily = xcalloc(1, sizeof *daily);
    *daily = *c;
    cr_assert_eq(course_settle(c, &calendar, day("2027-03-01")), COURSE_MISSES_IN_A_ROW);
    cr_expect_eq(c->state, COURSE_PAUSED);
    cr_expect_eq(c->n, 4 + COURSE_MISSES_IN_A_ROW);
    for (int32_t today = day("2026-12-01"); today <= day("2027-03-01"); today++)
        course_settle(daily, &calendar, today);
    cr_expect_eq(memcmp(c->rows, daily->rows, sizeof c->rows), 0, "however often one looks: %s",
                 dates(daily));
    cr_assert_eq(course_resume(c, &calendar, day("2027-03-01")), COURSE_OK);
    cr_expect_eq(c->rows[COURSE_MISSES_IN_A_ROW].on, day("2027-03-01"), "goes on from today: %s", dates(c));
}

Test(course, a_day_that_is_closed_afterwards_is_left) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar);
    calendar.closed[calendar.n_closed++] = day("2026-12-05");
    cr_assert(course_needs_settling(c, &calendar, day("2026-12-01")));
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-01")), 0);
    cr_expect_str_eq(dates(c), "12-01p 12-03p 12-06p 12-08p", "%s", dates(c));
    cr_expect_not(course_needs_settling(c, &calendar, day("2026-12-01")));
}

Test(course, what_is_going_on_at_midnight_is_not_missed) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar);
    c->rows[0].live = true;
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-02")), 0);
    cr_expect_eq(course_miss(c, &calendar, 1, day("2026-12-02")), COURSE_GOING_ON);
}

Test(course, a_session_is_moved_within_the_rules_and_stays_moved) {
    static const struct {
        int32_t number;
        const char *to;
        enum course_fault fault;
        const char *dates;
    } rows[] = {
        {2, "2026-12-04", COURSE_OK, "12-01p 12-04p 12-06p 12-08p"},
        {4, "2026-12-20", COURSE_OK, "12-01p 12-03p 12-05p 12-20p"},
        {2, "2026-12-02", COURSE_TOO_CLOSE, NULL},
        {2, "2026-12-13", COURSE_CLOSED, NULL},
        {1, "2026-11-30", COURSE_PAST, NULL},
        {5, "2026-12-20", COURSE_NOT_PLANNED, NULL},
        {0, "2026-12-20", COURSE_NOT_PLANNED, NULL},
    };
    struct course_calendar calendar = open_on(ALWAYS);
    calendar.closed[calendar.n_closed++] = day("2026-12-13");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free struct course *c = every_other_day(&calendar);
        struct course before = *c;
        enum course_fault fault =
            course_move(c, &calendar, rows[i].number, day(rows[i].to), day("2026-12-01"));
        cr_expect_eq(fault, rows[i].fault, "row %zu: %d", i, fault);
        if (fault) {
            cr_expect_eq(memcmp(&before, c, sizeof before), 0, "a fault changes nothing");
            continue;
        }
        cr_expect_str_eq(dates(c), rows[i].dates, "row %zu: %s", i, dates(c));
        cr_assert_eq(course_miss(c, &calendar, 1, day("2026-12-01")), COURSE_OK);
        cr_expect_eq(c->rows[rows[i].number - 1].on, day(rows[i].to), "row %zu: %s", i, dates(c));
    }
}

Test(course, skipping_shortens_it_but_not_below_the_least_without_an_override) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar);
    c->rules.count_min = 3;
    cr_assert_eq(course_skip(c, &calendar, 2, day("2026-12-01"), false), COURSE_OK);
    cr_expect_str_eq(dates(c), "12-01p 12-03s 12-05p 12-07p", "%s", dates(c));
    cr_assert_eq(course_skip(c, &calendar, 3, day("2026-12-01"), false), COURSE_TOO_FEW);
    cr_assert_eq(course_skip(c, &calendar, 3, day("2026-12-01"), true), COURSE_OK);
    cr_assert_eq(course_skip(c, &calendar, 1, day("2026-12-01"), true), COURSE_OK);
    cr_expect_eq(c->state, COURSE_ACTIVE);
    cr_assert_eq(course_skip(c, &calendar, 4, day("2026-12-01"), true), COURSE_OK);
    cr_expect_eq(c->state, COURSE_COMPLETED);
    cr_expect_eq(course_skip(c, &calendar, 4, day("2026-12-01"), true), COURSE_NOT_ACTIVE);
}

Test(course, a_session_begins_on_its_day_or_on_another_that_the_rules_allow) {
    static const struct {
        const char *what;
        int32_t interval;
        bool twice;
        const char *done, *today; /* done: the first session's date; "": it is not */
        enum course_fault fault;
        const char *dates;
    } rows[] = {
        {"on its day", 2, false, "2026-12-01", "2026-12-03", COURSE_OK, "12-01d 12-03p 12-05p 12-07p"},
        {"too early", 2, false, "2026-12-01", "2026-12-02", COURSE_TOO_CLOSE, NULL},
        {"twice a day", 2, false, "2026-12-01", "2026-12-01", COURSE_TOO_CLOSE, NULL},
        {"twice a day, daily", 1, false, "2026-12-01", "2026-12-01", COURSE_TOO_CLOSE, NULL},
        {"twice a day, daily, where that is allowed", 1, true, "2026-12-01", "2026-12-01", COURSE_OK,
         "12-01d 12-01p 12-02p 12-03p"},
        {"the first, before its day", 2, false, "", "2026-11-30", COURSE_OK, "11-30p 12-02p 12-04p 12-06p"},
        {"on a closed day", 2, false, "2026-12-01", "2026-12-13", COURSE_CLOSED, NULL},
    };
    struct course_calendar calendar = open_on(ALWAYS);
    calendar.closed[calendar.n_closed++] = day("2026-12-13");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free struct course *c = laid((struct course_rules){.start_on = day("2026-12-01"),
                                                                .count = 4,
                                                                .interval_days = rows[i].interval,
                                                                .twice_a_day = rows[i].twice},
                                          &calendar);
        if (!rows[i].done[0]) c->rules.start_on = day("2026-11-30");
        int32_t number = 0;
        if (rows[i].done[0]) c->rows[0].state = COURSE_SESSION_DONE;
        enum course_fault fault = course_begin(c, &calendar, day(rows[i].today), &number);
        cr_expect_eq(fault, rows[i].fault, "%s: %d", rows[i].what, fault);
        if (fault) continue;
        cr_expect_eq(number, rows[i].done[0] ? 2 : 1);
        cr_expect_str_eq(dates(c), rows[i].dates, "%s: %s", rows[i].what, dates(c));
        cr_expect_eq(course_begin(c, &calendar, day(rows[i].today), &number), COURSE_GOING_ON);
    }
}

Test(course, what_was_missed_is_made_up_on_the_next_day_and_the_rest_moves) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = every_other_day(&calendar);
    c->rows[0].state = COURSE_SESSION_DONE;
    cr_assert_eq(course_settle(c, &calendar, day("2026-12-04")), 1);
    int32_t number;
    cr_assert_eq(course_begin(c, &calendar, day("2026-12-04"), &number), COURSE_OK);
    cr_expect_eq(number, 3);
    cr_expect_str_eq(dates(c), "12-01d 12-03m 12-04p 12-06p 12-08p", "%s", dates(c));
}

Test(course, a_round_does_not_begin_before_the_least_break) {
    struct course_calendar calendar = open_on(ALWAYS);
    auto_free struct course *c = laid((struct course_rules){.start_on = day("2026-12-01"),
                                                            .count = 1,
                                                            .interval_days = 1,
                                                            .rounds = 2,
                                                            .break_days = 21,
                                                            .break_min_days = 14,
                                                            .break_max_days = 28},
                                      &calendar);
    int32_t number;
    c->rows[0].state = COURSE_SESSION_DONE;
    cr_expect_eq(course_begin(c, &calendar, day("2026-12-15"), &number), COURSE_TOO_CLOSE);
    cr_expect_eq(course_begin(c, &calendar, day("2026-12-16"), &number), COURSE_OK);
}

Test(course, that_is_not_active_begins_nothing) {
    struct course_calendar calendar = open_on(ALWAYS);
    int32_t number;
    for (int s = COURSE_PAUSED; s < COURSE_STATE_COUNT; s++) {
        auto_free struct course *c = every_other_day(&calendar);
        c->state = s;
        cr_expect_eq(course_begin(c, &calendar, day("2026-12-01"), &number), COURSE_NOT_ACTIVE);
        cr_expect_eq(course_settle(c, &calendar, day("2027-12-01")), 0);
    }
}
