/* Screenings: their day by the site's clock, and what the database refuses of a session without one. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/audit_store.h"
#include "server/store/screening_store.h"

TestSuite(screenings, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define RESULT(outcome) "{\"outcome\": \"" outcome "\"}"

static struct screening_row make(const struct uuid *site, int32_t outcome) {
    struct screening_new wanted = {.id = uuid_new(),
                                   .site_id = *site,
                                   .guest = "Anna",
                                   .outcome = outcome,
                                   .intake = "{\"none_apply\": true}",
                                   .result = RESULT("cleared")};
    struct screening_row row;
    enum err e = screening_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &wanted, &row);
    cr_assert_eq(e, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    return row;
}

static enum err start(const struct uuid *device, const struct uuid *screening, const char *result) {
    struct session_new wanted = {.id = uuid_new(),
                                 .command_id = uuid_new(),
                                 .device_id = *device,
                                 .routine = "relax-10",
                                 .routine_version = 1,
                                 .intake = "{}",
                                 .screening = result,
                                 .program = "{}",
                                 .expires_at = clock_wall_ms() + 30000};
    if (screening) wanted.screening_id = *screening;
    struct session_row session;
    struct command_row command;
    enum err e = session_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &wanted, &session, &command);
    if (!e) command_row_done(&command);
    return e;
}

static void backdate(int days) {
    pg_sql("ALTER TABLE screening DISABLE TRIGGER screening_guard");
    pg_sql("UPDATE screening SET day = day - %d", days);
    pg_sql("ALTER TABLE screening ENABLE TRIGGER screening_guard");
}

Test(screenings, are_kept_as_they_were_given) {
    struct screening_row made = make(&pg_site_a, SCREENING_LIMITED), got;
    cr_assert_eq(screening_get(pg_fixture_db(), &pg_scope_all, &made.id, &got), ERR_OK);
    cr_expect(uuid_equal(&got.site_id, &pg_site_a));
    cr_expect_str_eq(got.guest, "Anna");
    cr_expect_str_eq(got.routine, "");
    cr_expect_eq(got.outcome, SCREENING_LIMITED);
    cr_expect(got.today);
    cr_expect_gt(got.valid_until, got.created_at);
    cr_expect_str_eq(got.intake, "{\"none_apply\": true}");
    cr_expect_str_eq(got.result, RESULT("cleared"));
    screening_row_done(&made);
    screening_row_done(&got);
}

Test(screenings, are_of_the_sites_that_the_caller_may_see) {
    struct screening_row a = make(&pg_site_a, SCREENING_CLEARED), b = make(&pg_site_b, SCREENING_REFUSED),
                         rows[8];
    struct scope scope = pg_scope_of(&pg_site_b);
    struct screening_filter filter = {0};
    struct page page = {.limit = 8};
    struct screening_new elsewhere = {.id = uuid_new(), .site_id = pg_site_a, .intake = "{}", .result = "{}"};
    int32_t n;
    cr_assert_eq(screening_list(pg_fixture_db(), &scope, &filter, &page, rows, &n), ERR_OK);
    cr_assert_eq(n, 1);
    cr_expect(uuid_equal(&rows[0].id, &b.id));
    struct screening_row none;
    cr_expect_eq(screening_get(pg_fixture_db(), &scope, &a.id, &none), ERR_NOT_FOUND);
    cr_expect_eq(screening_create(pg_fixture_db(), &scope, &pg_actor, &elsewhere, &none), ERR_NOT_FOUND);
    filter.outcomes = 1u << SCREENING_CLEARED;
    cr_assert_eq(screening_list(pg_fixture_db(), &scope, &filter, &page, rows, &n), ERR_OK);
    cr_expect_eq(n, 0);
    filter.site_id = pg_site_a;
    cr_assert_eq(screening_list(pg_fixture_db(), &pg_scope_all, &filter, &page, rows, &n), ERR_OK);
    cr_expect_eq(n, 1);
    screening_row_done(&a);
    screening_row_done(&b);
}

Test(screenings, a_session_wants_one_of_this_day_and_of_its_site) {
    struct screening_row here = make(&pg_site_a, SCREENING_CLEARED),
                         there = make(&pg_site_b, SCREENING_CLEARED);
    struct uuid nowhere = uuid_new();
    cr_expect_eq(start(&pg_device_a, &there.id, RESULT("cleared")), ERR_SCREENING_MISMATCH);
    cr_expect_eq(start(&pg_device_a, &nowhere, RESULT("cleared")), ERR_UNPROCESSABLE);
    backdate(1);
    cr_expect_eq(start(&pg_device_a, &here.id, RESULT("cleared")), ERR_SCREENING_NOT_TODAY);
    backdate(-2);
    cr_expect_eq(start(&pg_device_a, &here.id, RESULT("cleared")), ERR_SCREENING_NOT_TODAY, "of tomorrow");
    backdate(1);
    cr_expect_eq(start(&pg_device_a, &here.id, RESULT("cleared")), ERR_OK);
    cr_expect_eq(pg_int("SELECT count(*) FROM session WHERE screening_id = '%s' AND screened_on ="
                        " (now() AT TIME ZONE 'UTC')::date",
                        pg_uuid(&here.id)),
                 1);
    screening_row_done(&here);
    screening_row_done(&there);
}

Test(screenings, a_session_wants_an_outcome_that_lets_it_go_on) {
    static const char *const not_good[] = {RESULT("refused"), RESULT("needs_clearance"), RESULT("fine"),
                                           "{}"};
    for (size_t i = 0; i < COUNT_OF(not_good); i++)
        cr_expect_eq(start(&pg_device_a, NULL, not_good[i]), ERR_SCREENING_REFUSED, "%s", not_good[i]);
    cr_expect_eq(start(&pg_device_a, NULL, RESULT("limited")), ERR_OK);
}

Test(screenings, never_change_and_neither_does_what_let_a_session_start) {
    struct screening_row row = make(&pg_site_a, SCREENING_REFUSED);
    cr_expect_str_eq(pg_refusal("UPDATE screening SET outcome = 'cleared'"), "PD007");
    cr_assert_eq(start(&pg_device_a, &row.id, RESULT("limited")), ERR_OK);
    cr_expect_str_eq(pg_refusal("UPDATE session SET screening = '{}'"), "PD007");
    cr_expect_str_eq(pg_refusal("UPDATE session SET screening_id = NULL"), "PD007");
    cr_expect_str_eq(pg_refusal("UPDATE session SET screened_on = screened_on - 1"), "PD007");
    cr_expect_str_eq(pg_refusal("DELETE FROM screening"), "23503", "a session refers to it");
    screening_row_done(&row);
}

/* A day of 23, 24 and 25 hours, one whose midnight is left out, and both ends of the world. */
Test(screenings, a_day_ends_at_midnight_of_the_site_also_when_clocks_change) {
    static const struct {
        const char *zone, *at, *day, *end;
    } rows[] = {
        {"UTC", "2026-11-26 23:59:59.999+00", "2026-11-26", "2026-11-27 00:00:00+00"},
        {"Europe/Berlin", "2026-03-29 00:30:00+00", "2026-03-29", "2026-03-29 22:00:00+00"},
        {"Europe/Berlin", "2026-10-24 23:30:00+00", "2026-10-25", "2026-10-25 23:00:00+00"},
        {"Europe/Berlin", "2026-10-25 22:59:59+00", "2026-10-25", "2026-10-25 23:00:00+00"},
        {"Europe/Berlin", "2026-10-25 23:00:00+00", "2026-10-26", "2026-10-26 23:00:00+00"},
        {"America/Sao_Paulo", "2018-11-03 12:00:00+00", "2018-11-03", "2018-11-04 03:00:00+00"},
        {"Pacific/Kiritimati", "2026-11-26 10:00:00+00", "2026-11-27", "2026-11-27 10:00:00+00"},
        {"Pacific/Pago_Pago", "2026-11-26 10:59:59+00", "2026-11-25", "2026-11-26 11:00:00+00"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pg_sql("UPDATE site SET timezone = '%s' WHERE id = '%s'", rows[i].zone, pg_uuid(&pg_site_a));
        const char *site = pg_uuid(&pg_site_a);
        cr_expect_eq(pg_int("SELECT (site_day('%s', '%s') = '%s')::int", site, rows[i].at, rows[i].day), 1,
                     "row %zu", i);
        cr_expect_eq(pg_int("SELECT (site_day_end('%s', '%s') = '%s')::int", site, rows[i].day, rows[i].end),
                     1, "row %zu ends at %s", i,
                     pg_text("SELECT site_day_end('%s', '%s')", site, rows[i].day));
    }
}

Test(screenings, today_is_the_day_at_the_site) {
    int32_t east, west;
    pg_sql("UPDATE site SET timezone = 'Pacific/Kiritimati' WHERE id = '%s'", pg_uuid(&pg_site_a));
    pg_sql("UPDATE site SET timezone = 'Pacific/Pago_Pago' WHERE id = '%s'", pg_uuid(&pg_site_b));
    cr_assert_eq(screening_today(pg_fixture_db(), &pg_scope_all, &pg_site_a, &east), ERR_OK);
    cr_assert_eq(screening_today(pg_fixture_db(), &pg_scope_all, &pg_site_b, &west), ERR_OK);
    cr_expect(east - west == 1 || east - west == 2, "25 hours apart, whatever the hour: %d and %d", east,
              west);
    struct scope scope = pg_scope_of(&pg_site_b);
    cr_expect_eq(screening_today(pg_fixture_db(), &scope, &pg_site_a, &east), ERR_NOT_FOUND);
}

Test(screenings, the_audit_log_tells_the_clearances_and_not_the_answers) {
    struct screening_new wanted = {.id = uuid_new(),
                                   .site_id = pg_site_a,
                                   .routine = "relax-10",
                                   .outcome = SCREENING_LIMITED,
                                   .intake = "{\"answers\": {\"child\": true}}",
                                   .result = "{}",
                                   .clearances = "[{\"kind\": \"doctor_note\", \"by\": \"Dr Weber\"}]"};
    struct screening_row row;
    cr_assert_eq(screening_create(pg_fixture_db(), &pg_scope_all, &pg_actor, &wanted, &row), ERR_OK);
    screening_row_done(&row);
    const char *detail = pg_text("SELECT detail FROM audit_log WHERE action = 'screening.create'");
    cr_expect(strstr(detail, "Dr Weber"), "%s", detail);
    cr_expect_not(strstr(detail, "child"), "%s", detail);
}
