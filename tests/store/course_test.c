/* Courses in the database: written and read whole, done by the session's own word, settled by one of many. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "pg_fixture.h"
#include "server/store/course_store.h"
#include "server/store/site_store.h"

TestSuite(courses, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DB pg_fixture_db()

/* A course of `count` sessions, every other day from the site's today on. */
static struct course_row *new_course(const struct uuid *site, int32_t count) {
    struct course_row *row = xcalloc(1, sizeof *row);
    struct course_rules *r = &row->course.rules;
    cr_assert_eq(
        course_get_calendar(DB, &pg_scope_all, site, &row->calendar, row->head.timezone, &row->head.today),
        ERR_OK, "%s", db_last_error(DB));
    course_rules_complete(course_template_find("custom"), 0, r);
    r->start_on = row->head.today;
    r->count = count;
    r->interval_days = 2;
    cr_assert_eq(course_lay(&row->course, &row->calendar, true), COURSE_OK);
    row->head.id = uuid_new();
    row->head.site_id = *site;
    row->head.time_min = 570;
    row->head.duration_ms = 60000;
    snprintf(row->head.guest, sizeof row->head.guest, "Anna");
    snprintf(row->head.template, sizeof row->head.template, "custom");
    snprintf(row->head.name, sizeof row->head.name, "Course");
    snprintf(row->head.routine, sizeof row->head.routine, "relax-10");
    cr_assert_eq(course_create(DB, &pg_scope_all, &pg_actor, row), ERR_OK, "%s", db_last_error(DB));
    return row;
}

static void get(struct course_row *row) {
    cr_assert_eq(course_get(DB, &pg_scope_all, &row->head.id, row), ERR_OK, "%s", db_last_error(DB));
}

static void save(struct course_row *row) {
    cr_assert_eq(course_save(DB, &pg_scope_all, &pg_actor, "course.update", 0, "", row), ERR_OK, "%s",
                 db_last_error(DB));
}

Test(courses, one_is_read_as_it_was_written) {
    auto_free struct course_row *made = new_course(&pg_site_a, 3), *read = xcalloc(1, sizeof *read);
    read->head.id = made->head.id;
    get(read);
    cr_expect_eq(memcmp(made->course.rows, read->course.rows, 3 * sizeof made->course.rows[0]), 0);
    cr_expect_eq(memcmp(&made->course.rules, &read->course.rules, sizeof made->course.rules), 0);
    cr_expect_eq(read->course.n, 3);
    cr_expect_eq(read->head.left, 3);
    cr_expect_eq(read->head.next_n, 1);
    cr_expect_eq(read->head.next_at, read->more[0].starts_at);
    cr_expect_eq(read->head.version, 1);
    cr_expect_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'course.create'"), 1);
}

Test(courses, saving_raises_the_sequence_of_what_moved_and_of_nothing_else) {
    auto_free struct course_row *row = new_course(&pg_site_a, 3);
    get(row);
    cr_assert_eq(course_move(&row->course, &row->calendar, 3, row->course.rows[2].on + 1, row->head.today),
                 COURSE_OK);
    save(row);
    get(row);
    cr_expect_eq(row->more[0].sequence, 0);
    cr_expect_eq(row->more[2].sequence, 1);
    cr_expect_eq(row->head.sequence, 0);
    cr_expect_eq(row->head.version, 2);
    row->head.time_min = 600;
    save(row);
    get(row);
    cr_expect_eq(row->head.sequence, 1, "all of them are at another time");
}

Test(courses, a_course_of_another_site_or_none_is_not_found) {
    auto_free struct course_row *row = new_course(&pg_site_b, 3);
    struct scope of_a = pg_scope_of(&pg_site_a);
    struct course_head rows[2];
    int32_t n = -1;
    uint8_t hash[32] = {1};
    cr_expect_eq(course_list(DB, &of_a, &(struct course_filter){0}, &(struct page){.limit = 2}, rows, &n),
                 ERR_OK);
    cr_expect_eq(n, 0);
    cr_expect_eq(course_get(DB, &of_a, &row->head.id, row), ERR_NOT_FOUND);
    cr_expect_eq(course_lock(DB, &of_a, &row->head.id, true, row), ERR_NOT_FOUND);
    cr_expect_eq(course_save(DB, &of_a, &pg_actor, "course.update", 0, "", row), ERR_NOT_FOUND);
    cr_expect_eq(course_set_calendar(DB, &of_a, &pg_actor, &row->head.id, hash), ERR_NOT_FOUND);
    cr_expect_eq(course_create(DB, &of_a, &pg_actor, row), ERR_NOT_FOUND);
    cr_expect_eq(course_get_by_calendar(DB, hash, row), ERR_NOT_FOUND);
    cr_expect_eq(course_get_calendar(DB, &of_a, &pg_site_b, &row->calendar, row->head.timezone, &n),
                 ERR_NOT_FOUND);
}

/* ---- sessions of a course ---- */

static struct session_row begun(struct course_row *row, int32_t number, const struct uuid *device) {
    struct session_row session;
    pg_sql("UPDATE device SET cleaning = 'clean'");
    pg_session(device, 1, &session);
    cr_assert_eq(course_link(DB, &row->head.id, number, &session.id), ERR_OK);
    get(row);
    return session;
}

static void report(const struct session_row *s, int64_t n, int32_t state) {
    bool changed;
    struct session_row row;
    struct session_report r = {.device_id = s->device_id,
                               .session_id = s->id,
                               .epoch = 1,
                               .n = n,
                               .state = state,
                               .reason = "none",
                               .ended_at = 1764146096123};
    cr_assert_eq(session_apply_report(DB, &r, &changed, &row), ERR_OK, "%s", db_last_error(DB));
}

Test(courses, a_session_that_completes_makes_its_place_done_whatever_is_told_again) {
    static const struct {
        const char *what;
        int32_t told[4]; /* states, in order; 0 ends */
        int32_t state;
    } rows[] = {
        {"to its end", {SESSION_RUNNING, SESSION_COMPLETED}, COURSE_SESSION_DONE},
        {"the end alone", {SESSION_COMPLETED}, COURSE_SESSION_DONE},
        {"the end three times",
         {SESSION_COMPLETED, SESSION_COMPLETED, SESSION_COMPLETED},
         COURSE_SESSION_DONE},
        {"stopped", {SESSION_RUNNING, SESSION_STOPPED}, COURSE_SESSION_PLANNED},
        {"stopped, then told that it completed",
         {SESSION_STOPPED, SESSION_COMPLETED},
         COURSE_SESSION_PLANNED},
        {"aborted", {SESSION_RUNNING, SESSION_ABORTED}, COURSE_SESSION_PLANNED},
        {"still going on", {SESSION_RUNNING, SESSION_PAUSED}, COURSE_SESSION_PLANNED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free struct course_row *row = new_course(&pg_site_a, 2);
        pg_sql("UPDATE session SET state = 'stopped' WHERE state NOT IN ('completed', 'stopped', 'aborted')");
        struct session_row s = begun(row, 1, &pg_device_a);
        cr_expect(row->course.rows[0].live);
        int64_t version = row->head.version;
        for (int32_t k = 0; k < 4 && rows[i].told[k]; k++) report(&s, k + 1, rows[i].told[k]);
        get(row);
        bool done = rows[i].state == COURSE_SESSION_DONE;
        cr_expect_eq(row->course.rows[0].state, rows[i].state, "%s", rows[i].what);
        cr_expect_eq(row->more[0].ended_at, done ? 1764146096123 : 0, "%s", rows[i].what);
        cr_expect_eq(row->head.version, version + done, "%s", rows[i].what);
        cr_expect_eq(row->course.rows[1].state, COURSE_SESSION_PLANNED, "%s", rows[i].what);
        cr_expect(uuid_equal(&row->more[0].session_id, &s.id), "%s", rows[i].what);
    }
}

Test(courses, the_last_one_done_completes_the_course) {
    auto_free struct course_row *row = new_course(&pg_site_a, 1);
    struct session_row s = begun(row, 1, &pg_device_a);
    report(&s, 1, SESSION_COMPLETED);
    get(row);
    cr_expect_eq(row->head.state, COURSE_COMPLETED);
    struct course_head head;
    cr_expect_eq(course_of_session(DB, &s.id, &head), ERR_OK);
    cr_expect(uuid_equal(&head.id, &row->head.id));
}

Test(courses, one_that_staff_ended_stays_ended) {
    auto_free struct course_row *row = new_course(&pg_site_a, 1);
    struct session_row s = begun(row, 1, &pg_device_a);
    row->course.state = COURSE_ENDED;
    save(row);
    report(&s, 1, SESSION_COMPLETED);
    get(row);
    cr_expect_eq(row->head.state, COURSE_ENDED);
    cr_expect_eq(row->course.rows[0].state, COURSE_SESSION_DONE);
}

Test(courses, what_is_over_never_changes_and_no_session_counts_twice) {
    auto_free struct course_row *row = new_course(&pg_site_a, 2);
    struct session_row s = begun(row, 1, &pg_device_a);
    cr_expect_str_eq(pg_refusal("UPDATE course_session SET session_id = '%s' WHERE n = 2", pg_uuid(&s.id)),
                     "23505");
    report(&s, 1, SESSION_COMPLETED);
    cr_expect_str_eq(pg_refusal("UPDATE course_session SET planned_on = planned_on + 1 WHERE n = 1"),
                     "PD005");
    cr_expect_str_eq(pg_refusal("UPDATE course_session SET state = 'planned' WHERE n = 1"), "PD005");
    get(row);
    row->course.rows[0].on++;
    cr_expect_eq(course_save(DB, &pg_scope_all, &pg_actor, "course.update", 0, "", row), ERR_WRONG_STATE);
    pg_sql("UPDATE course_session SET state = 'missed' WHERE n = 2");
    cr_expect_str_eq(pg_refusal("UPDATE course_session SET state = 'done' WHERE n = 2"), "PD005");
}

/* ---- time ---- */

Test(courses, one_is_unsettled_when_a_planned_day_is_over_or_closed_at_its_site) {
    static const struct {
        const char *what, *sql;
        int32_t n;
    } rows[] = {
        {"nothing", "SELECT 1", 0},
        {"yesterday", "UPDATE course_session SET planned_on = planned_on - 1 WHERE n = 1", 1},
        {"yesterday, paused", "UPDATE course SET state = 'paused'", 0},
        {"today again",
         "UPDATE course SET state = 'active'; UPDATE course_session SET planned_on = planned_on + 1"
         " WHERE n = 1",
         0},
        {"a planned day is closed",
         "UPDATE site SET closed_dates = ARRAY(SELECT planned_on FROM course_session"
         " WHERE n = 2)",
         1},
        {"another day is closed",
         "UPDATE site SET closed_dates = ARRAY(SELECT planned_on - 1 FROM course_session"
         " WHERE n = 2)",
         0},
        {"the weekday is closed",
         "UPDATE site SET open_days = 127 - (1 << (SELECT extract(isodow FROM planned_on)::int"
         " - 1 FROM course_session WHERE n = 1))",
         1},
        {"open again", "UPDATE site SET open_days = 127", 0},
        {"the site's day is over, not the world's",
         "UPDATE site SET timezone = CASE WHEN extract(hour FROM now() AT TIME ZONE 'UTC') >= 10 THEN"
         " 'Pacific/Kiritimati' ELSE 'Pacific/Pago_Pago' END; UPDATE course_session SET planned_on ="
         " (now() AT TIME ZONE (SELECT timezone FROM site LIMIT 1))::date - 1 WHERE n = 1",
         1},
    };
    auto_free struct course_row *row = new_course(&pg_site_a, 3);
    struct uuid ids[4];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int32_t n = -1;
        pg_sql("%s", rows[i].sql);
        cr_assert_eq(course_list_unsettled(DB, ids, 4, &n), ERR_OK, "%s", db_last_error(DB));
        cr_expect_eq(n, rows[i].n, "%s: %d", rows[i].what, n);
    }
}

Test(courses, a_session_that_goes_on_over_midnight_leaves_its_course_settled) {
    auto_free struct course_row *row = new_course(&pg_site_a, 2);
    struct uuid ids[4];
    int32_t n = -1;
    struct session_row s = begun(row, 1, &pg_device_a);
    pg_sql("UPDATE course_session SET planned_on = planned_on - 1 WHERE n = 1");
    cr_assert_eq(course_list_unsettled(DB, ids, 4, &n), ERR_OK);
    cr_expect_eq(n, 0);
    report(&s, 1, SESSION_STOPPED);
    cr_assert_eq(course_list_unsettled(DB, ids, 4, &n), ERR_OK);
    cr_expect_eq(n, 1);
}

Test(courses, one_that_another_has_locked_is_left_to_it) {
    auto_free struct course_row *row = new_course(&pg_site_a, 2);
    auto_db struct db *other = pg_fixture_open();
    db_begin(DB);
    cr_assert_eq(course_lock(DB, &pg_scope_all, &row->head.id, true, row), ERR_OK);
    db_begin(other);
    cr_expect_eq(course_lock(other, &pg_scope_all, &row->head.id, false, row), ERR_NOT_FOUND);
    db_rollback(other);
    db_rollback(DB);
    db_begin(other);
    cr_expect_eq(course_lock(other, &pg_scope_all, &row->head.id, false, row), ERR_OK);
    db_rollback(other);
}

Test(courses, the_clock_on_the_wall_stays_when_the_clocks_change) {
    static const struct {
        const char *timezone, *date, *starts_at;
        int32_t time_min;
    } rows[] = {
        {"Europe/Berlin", "2027-03-27", "2027-03-27 08:30:00+00", 570}, /* winter */
        {"Europe/Berlin", "2027-03-28", "2027-03-28 07:30:00+00", 570}, /* summer */
        {"Europe/Berlin", "2027-10-30", "2027-10-30 07:30:00+00", 570},
        {"Europe/Berlin", "2027-10-31", "2027-10-31 08:30:00+00", 570},
        {"Europe/Berlin", "2027-03-28", "2027-03-28 01:30:00+00", 150}, /* left out: it shows 03:30 */
        {"Europe/Berlin", "2027-10-31", "2027-10-31 01:30:00+00", 150}, /* twice: the second */
        {"America/New_York", "2027-03-14", "2027-03-14 07:30:00+00", 150},
        {"America/New_York", "2027-11-07", "2027-11-07 06:30:00+00", 90},
        {"Asia/Kolkata", "2027-06-01", "2027-06-01 04:00:00+00", 570},
        {"UTC", "2027-06-01", "2027-06-01 00:00:00+00", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int32_t day = 0;
        int64_t at = 0;
        cr_assert(date_parse(rows[i].date, &day));
        cr_assert_eq(course_instants(DB, rows[i].timezone, rows[i].time_min, &day, 1, sizeof day, &at),
                     ERR_OK);
        cr_expect_eq(at / 1000,
                     pg_int("SELECT extract(epoch FROM timestamptz '%s')::bigint", rows[i].starts_at),
                     "row %zu", i);
    }
}

Test(courses, a_sites_opening_days_are_kept_and_changed_apart) {
    struct site_row site = {
        .id = uuid_new(), .name = "C", .calendar = {.open_days = 3, .n_closed = 2, .closed = {20500, 20600}}};
    struct site_change change = {.has_name = true, .name = "D"};
    cr_assert_eq(site_create(DB, &pg_scope_all, &pg_actor, &site), ERR_OK, "%s", db_last_error(DB));
    cr_assert_eq(site_update(DB, &pg_scope_all, &pg_actor, &site.id, 0, &change, &site), ERR_OK, "%s",
                 db_last_error(DB));
    cr_expect_eq(site.calendar.open_days, 3);
    cr_expect_eq(site.calendar.n_closed, 2);
    cr_expect_eq(site.calendar.closed[1], 20600);
    change = (struct site_change){.has_closed = true};
    cr_assert_eq(site_update(DB, &pg_scope_all, &pg_actor, &site.id, 0, &change, &site), ERR_OK);
    cr_expect_eq(site.calendar.n_closed, 0);
    cr_expect_eq(site.calendar.open_days, 3);
    cr_expect_str_eq(site.name, "D");
    cr_expect_str_eq(pg_refusal("UPDATE site SET open_days = 0"), "23514");
    cr_expect_str_eq(pg_refusal("UPDATE site SET open_days = 128"), "23514");
}
