/* What is due on which local day, also where a clock is put forward or back; what locks in the database
 * itself. */
#include <criterion/criterion.h>
#include <string.h>

#include "pg_fixture.h"
#include "server/store/hygiene_store.h"

static void setup(void) {
    pg_fixture_setup();
    pg_sql("INSERT INTO catalogue_kind (kind, version) VALUES ('hygiene-rules', 1) ON CONFLICT DO NOTHING");
    pg_sql(
        "INSERT INTO catalogue_entry (kind, id, version, content, content_sha256) VALUES ('hygiene-rules',"
        " 'default', 1, '{\"id\": \"default\", \"kinds\": [{\"kind\": \"after_client\", \"every_days\": 0},"
        " {\"kind\": \"end_of_day\", \"every_days\": 1}, {\"kind\": \"weekly\", \"every_days\": 7}]}',"
        " sha256('x'))");
}

TestSuite(hygiene, .init = setup, .fini = pg_fixture_teardown);

#define DB pg_fixture_db()

Test(hygiene, is_due_by_the_sites_own_days) {
    static const struct {
        const char *what, *zone, *used_since, *soaked_at, *at, *end_of_day, *weekly; /* "" : in time */
    } cases[] = {
        {"used today", "UTC", "2026-03-10 08:00Z", "2026-03-10 08:00Z", "2026-03-10 23:59:59Z", "", ""},
        {"used yesterday", "UTC", "2026-03-10 08:00Z", "2026-03-10 08:00Z", "2026-03-11 00:00Z", "2026-03-10",
         ""},
        {"the seventh day", "UTC", "2026-03-17 08:00Z", "2026-03-10 23:59Z", "2026-03-17 23:59Z", "", ""},
        {"the eighth day", "UTC", "2026-03-18 00:00Z", "2026-03-10 23:59Z", "2026-03-18 00:00Z", "",
         "2026-03-17"},
        {"west of Greenwich it is still yesterday", "America/Los_Angeles", "2026-03-10 20:00Z",
         "2026-03-10 20:00Z", "2026-03-11 06:59Z", "", ""},
        {"until midnight there", "America/Los_Angeles", "2026-03-10 20:00Z", "2026-03-10 20:00Z",
         "2026-03-11 07:00Z", "2026-03-10", ""},
        {"a day of 23 hours", "Europe/Berlin", "2026-03-28 23:00Z", "2026-03-28 23:00Z", "2026-03-29 21:59Z",
         "", ""},
        {"its end", "Europe/Berlin", "2026-03-28 23:00Z", "2026-03-28 23:00Z", "2026-03-29 22:00Z",
         "2026-03-29", ""},
        {"a day of 25 hours", "Europe/Berlin", "2026-10-24 22:00Z", "2026-10-24 22:00Z", "2026-10-25 22:59Z",
         "", ""},
        {"its end", "Europe/Berlin", "2026-10-24 22:00Z", "2026-10-24 22:00Z", "2026-10-25 23:00Z",
         "2026-10-25", ""},
        {"seven days with a change in between", "Europe/Berlin", "2026-04-02 08:00Z", "2026-03-26 22:59Z",
         "2026-04-02 21:59Z", "", ""},
        {"not used since", "UTC", NULL, "2026-03-10 08:00Z", "2026-03-17 12:00Z", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        pg_sql("UPDATE site SET timezone = '%s'", cases[i].zone);
        pg_sql("UPDATE device SET used_since = NULLIF('%s', '')::timestamptz, soaked_at = '%s'",
               cases[i].used_since ? cases[i].used_since : "", cases[i].soaked_at);
        static const char *const kinds[] = {"end_of_day", "weekly"};
        for (int k = 0; k < 2; k++) {
            const char *due =
                pg_text("SELECT COALESCE((SELECT due_on::text FROM hygiene_due('%s', '%s') WHERE kind = '%s'"
                        " AND due_on < today), '')",
                        pg_uuid(&pg_device_a), cases[i].at, kinds[k]);
            cr_expect_str_eq(due, k ? cases[i].weekly : cases[i].end_of_day, "%s, %s: %s", cases[i].what,
                             kinds[k], due);
        }
    }
}

#define ROUTINE_SESSION                                                                                      \
    "INSERT INTO session (id, device_id, routine_slug, routine_version, intake, screening, program)"         \
    " VALUES (gen_random_uuid(), '%s', 'relax-10', 1, '{}', '{\"outcome\": \"cleared\"}', '{}')"

/* Among many devices: one that is read through for every session makes a chain of spas slow. */
Test(hygiene, what_the_guards_ask_of_a_device_reads_no_other) {
    static const char read[] = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'device'";
    pg_sql(
        "INSERT INTO device (id, site_id, model_id, name, serial) SELECT gen_random_uuid(), '%s', 'spa-pro',"
        " 'Chair', 'many-' || n FROM generate_series(1, 3000) n",
        pg_uuid(&pg_site_a));
    pg_sql("ANALYZE");
    pg_sql("BEGIN");
    pg_sql(ROUTINE_SESSION, pg_uuid(&pg_device_a));
    pg_sql("INSERT INTO cleaning (id, device_id, kind, contact_minutes, done_at)"
           " VALUES (gen_random_uuid(), '%s', 'after_client', 10, now())",
           pg_uuid(&pg_device_b));
    cr_expect_eq(pg_int("%s", read), 0);
    pg_sql("SELECT count(*) FROM hygiene_due(now())");
    cr_expect_gt(pg_int("%s", read), 0, "which counts");
    pg_sql("ROLLBACK");
}

Test(hygiene, the_database_itself_takes_no_session_while_something_is_overdue) {
    pg_sql("UPDATE device SET soaked_at = now() - interval '9 days' WHERE id = '%s'", pg_uuid(&pg_device_a));
    cr_expect_str_eq(pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), "clean");
    cr_expect_str_eq(pg_refusal(ROUTINE_SESSION, pg_uuid(&pg_device_a)), "PD002");
    pg_sql("UPDATE device SET soaked_at = now(), disinfecting_kind = 'weekly', disinfecting_at = now()"
           " WHERE id = '%s'",
           pg_uuid(&pg_device_a));
    cr_expect_str_eq(pg_refusal(ROUTINE_SESSION, pg_uuid(&pg_device_a)), "PD002");
    pg_sql("UPDATE device SET disinfecting_kind = NULL, disinfecting_at = NULL");
    pg_session(&pg_device_a, 0, NULL);
}

Test(hygiene, locking_gives_each_device_once_and_leaves_the_retired_alone) {
    struct uuid ids[8];
    struct hygiene_overdue overdue[8];
    int32_t n = -1;
    pg_sql("UPDATE device SET hygiene_from = now() - interval '9 days'");
    pg_sql("UPDATE device SET service = 'retired' WHERE id = '%s'", pg_uuid(&pg_device_b));
    cr_assert_eq(hygiene_list_overdue(DB, overdue, 8, &n), ERR_OK, "%s", db_last_error(DB));
    cr_expect_eq(n, 1);
    cr_expect_eq(overdue[0].kind, CLEANING_WEEKLY);
    cr_assert_eq(hygiene_lock_overdue(DB, ids, 8, &n), ERR_OK, "%s", db_last_error(DB));
    cr_assert_eq(n, 1);
    cr_expect(uuid_equal(&ids[0], &pg_device_a));
    cr_assert_eq(hygiene_lock_overdue(DB, ids, 8, &n), ERR_OK);
    cr_expect_eq(n, 0);
}

Test(hygiene, what_belongs_to_another_site_is_not_found) {
    struct scope of_b = pg_scope_of(&pg_site_b);
    struct hygiene_row *row = xcalloc(1, sizeof *row);
    struct device_row device;
    struct out_of_use out = {
        .id = uuid_new(), .device_id = pg_device_a, .from_on = 1, .to_on = 2, .reason = "x"};
    int32_t n = -1;
    cr_expect_eq(hygiene_get(DB, &of_b, &pg_device_a, row), ERR_NOT_FOUND);
    cr_expect_eq(hygiene_note_out_of_use(DB, &of_b, &pg_actor, &out, &n), ERR_NOT_FOUND);
    cr_expect_eq(hygiene_disinfect(DB, &of_b, &pg_actor, &pg_device_a, "weekly", &device), ERR_NOT_FOUND);
    cr_assert_eq(hygiene_note_out_of_use(DB, &pg_scope_all, &pg_actor, &out, &n), ERR_OK);
    cr_expect_eq(hygiene_list_out_of_use(DB, &of_b, &pg_device_a, 1, &out, &n), ERR_OK);
    cr_expect_eq(n, 0);
    free(row);
}
