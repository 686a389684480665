/* The connection: statements, transactions, round trips, a server that goes away. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/audit_store.h"
#include "server/store/device_store.h"
#include "server/store/site_store.h"

TestSuite(db, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

static enum err note(struct db *db, const char *action) {
    return audit_add(db, &pg_actor, action, "thing", "1", NULL, NULL);
}

static int64_t notes(void) { return pg_int("SELECT count(*) FROM audit_log"); }

Test(db, begin_and_commit_cost_no_round_trip_but_the_last) {
    struct db *db = pg_fixture_db();
    int64_t before = db_round_trips(db);
    db_begin(db);
    cr_assert_eq(note(db, "a"), ERR_OK);
    cr_assert_eq(note(db, "b"), ERR_OK);
    cr_assert_eq(notes(), 0);
    cr_assert_eq(db_commit(db), ERR_OK);
    cr_assert_eq(db_round_trips(db) - before, 3);
    cr_assert_eq(notes(), 2);
}

Test(db, an_empty_transaction_asks_nothing_of_the_database) {
    struct db *db = pg_fixture_db();
    int64_t before = db_round_trips(db);
    db_begin(db);
    cr_assert_eq(db_commit(db), ERR_OK);
    cr_assert_eq(db_round_trips(db), before);
    cr_assert_not(db_in_transaction(db));
}

Test(db, a_rolled_back_transaction_leaves_nothing) {
    struct db *db = pg_fixture_db();
    db_begin(db);
    cr_assert_eq(note(db, "a"), ERR_OK);
    db_rollback(db);
    cr_assert_eq(notes(), 0);
    cr_assert_eq(note(db, "b"), ERR_OK);
    cr_assert_eq(notes(), 1);
}

Test(db, after_a_failure_inside_a_transaction_nothing_runs_until_rollback) {
    struct db *db = pg_fixture_db();
    db_begin(db);
    cr_assert_eq(note(db, "a"), ERR_OK);
    cr_assert_eq(audit_add(db, &pg_actor, "b", "thing", "1", NULL, "not json"), ERR_UNPROCESSABLE);
    cr_assert_eq(note(db, "c"), ERR_DATABASE);
    cr_assert_eq(db_commit(db), ERR_DATABASE);
    cr_assert_not(db_in_transaction(db));
    cr_assert_eq(notes(), 0);
    cr_assert_eq(note(db, "d"), ERR_OK);
}

Test(db, a_first_statement_that_fails_breaks_its_transaction) {
    struct db *db = pg_fixture_db();
    db_begin(db);
    cr_assert_eq(audit_add(db, &pg_actor, "b", "thing", "1", NULL, "not json"), ERR_UNPROCESSABLE);
    cr_assert_neq(db_last_error(db)[0], '\0');
    db_rollback(db);
    cr_assert_eq(note(db, "d"), ERR_OK);
}

static void end_other_connections(void) {
    pg_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
           " AND pid <> pg_backend_pid()");
    pg_sql("SELECT 1");
}

Test(db, a_lost_connection_fails_one_call_and_the_next_connects_again) {
    struct db *db = pg_fixture_db();
    end_other_connections();
    cr_assert_eq(note(db, "a"), ERR_DATABASE);
    cr_assert_eq(note(db, "b"), ERR_OK, "%s", db_last_error(db));
}

Test(db, a_transaction_that_lost_its_connection_never_goes_on_outside_it) {
    struct db *db = pg_fixture_db();
    db_begin(db);
    cr_assert_eq(note(db, "a"), ERR_OK);
    end_other_connections();
    cr_assert_eq(note(db, "b"), ERR_DATABASE);
    cr_assert_eq(note(db, "c"), ERR_DATABASE);
    cr_assert_eq(db_commit(db), ERR_DATABASE);
    cr_assert_eq(notes(), 0);
    cr_assert_eq(note(db, "d"), ERR_OK);
}

Test(db, commit_of_a_lost_connection_is_an_error) {
    struct db *db = pg_fixture_db();
    db_begin(db);
    cr_assert_eq(note(db, "a"), ERR_OK);
    end_other_connections();
    cr_assert_eq(db_commit(db), ERR_DATABASE);
    cr_assert_eq(notes(), 0);
}

Test(db, an_absent_server_is_refused_at_once_while_backing_off) {
    auto_db struct db *db = db_new(&(struct db_config){.conninfo = "host=/nowhere dbname=none"});
    cr_assert_eq(db_connect(db), ERR_DATABASE);
    cr_assert_neq(db_last_error(db)[0], '\0');
    int64_t before = db_round_trips(db);
    cr_assert_eq(db_ping(db), ERR_DATABASE);
    cr_assert_eq(db_round_trips(db), before, "tried again within the back-off");
    int64_t deadline = clock_mono_ms() + 5000;
    while (db_round_trips(db) == before && clock_mono_ms() < deadline)
        cr_assert_eq(db_ping(db), ERR_DATABASE);
    cr_assert_gt(db_round_trips(db), before, "never tried again");
}

Test(db, a_statement_that_takes_too_long_is_ended) {
    auto_db struct db *db =
        db_new(&(struct db_config){.conninfo = pg_fixture_url(), .statement_timeout_ms = 1000});
    struct device_change change = {.has_name = true, .name = "x"};
    struct device_row row;
    pg_sql("BEGIN; SELECT FROM device FOR UPDATE");
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &pg_device_a, 0, &change, &row), ERR_DATABASE);
    pg_sql("COMMIT");
    cr_assert_eq(device_update(db, &pg_scope_all, &pg_actor, &pg_device_a, 0, &change, &row), ERR_OK);
}

Test(db, a_schema_that_has_drifted_fails_when_the_connection_opens) {
    pg_sql("ALTER TABLE site RENAME COLUMN timezone TO tz");
    auto_db struct db *db = db_new(&(struct db_config){.conninfo = pg_fixture_url()});
    cr_assert_eq(db_connect(db), ERR_INTERNAL);
    cr_assert(strstr(db_last_error(db), "timezone"), "%s", db_last_error(db));
}

Test(db, a_changed_row_type_only_costs_one_call) {
    struct db *db = pg_fixture_db();
    struct site_row row;
    cr_assert_eq(site_get(db, &pg_scope_all, &pg_site_a, &row), ERR_OK);
    cr_assert_str_eq(row.name, "Site A");
    pg_sql("ALTER TABLE site ALTER COLUMN version TYPE integer");
    cr_assert_eq(site_get(db, &pg_scope_all, &pg_site_a, &row), ERR_DATABASE);
    pg_sql("ALTER TABLE site ALTER COLUMN version TYPE bigint");
    cr_assert_eq(site_get(db, &pg_scope_all, &pg_site_a, &row), ERR_OK, "%s", db_last_error(db));
}
