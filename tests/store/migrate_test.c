/* Migrations: from empty, again, from several processes at once, with a file changed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "pg_fixture.h"
#include "server/store/housekeeping_store.h"
#include "server/store/migrate.h"

static char folder[64];

static void setup(void) {
    pg_fixture_setup();
    snprintf(folder, sizeof folder, "/tmp/pediluve-migrate-XXXXXX");
    cr_assert(mkdtemp(folder));
}

static void teardown(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
    pg_fixture_teardown();
}

TestSuite(migrate, .init = setup, .fini = teardown);

static void put_file(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    cr_assert_eq(fclose(f), 0);
}

/* Three files that the real partition step can follow. */
static void put_folder(void) {
    put_file("0001_create_thing.sql", "CREATE TABLE thing (id integer);");
    put_file("0002_add_thing_name.sql", "ALTER TABLE thing ADD COLUMN name text;");
    put_file("0003_create_partitions.sql",
             "CREATE TABLE telemetry_partition (day date);"
             "CREATE FUNCTION telemetry_ensure(date, date) RETURNS integer LANGUAGE sql AS 'SELECT 0';");
}

static enum err migrate(const char *url, const char *dir, struct migrate_report *report) {
    auto_db struct db *db = db_new(&(struct db_config){.conninfo = url, .bare = true});
    return migrate_run(db, dir, report);
}

Test(migrate, the_schema_applies_to_an_empty_database_and_then_again_to_no_effect) {
    struct migrate_report first, second;
    const char *url = pg_fixture_empty_database();
    cr_assert_eq(migrate(url, PEDILUVE_SCHEMA_DIR, &first), ERR_OK, "%s", first.error);
    cr_assert_gt(first.applied, 0);
    cr_assert_eq(first.applied, first.version);
    cr_assert_eq(migrate(url, PEDILUVE_SCHEMA_DIR, &second), ERR_OK, "%s", second.error);
    cr_assert_eq(second.applied, 0);
    cr_assert_eq(second.version, first.version);
    auto_db struct db *db = db_new(&(struct db_config){.conninfo = url});
    cr_assert_eq(db_connect(db), ERR_OK, "%s", db_last_error(db));
    int32_t made;
    cr_assert_eq(housekeeping_partitions(db, INT64_C(0), &made), ERR_OK);
}

Test(migrate, several_processes_at_once_apply_each_file_once) {
    enum { PROCESSES = 6 };
    const char *url = pg_fixture_empty_database();
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct migrate_report report;
            enum err err = migrate(url, PEDILUVE_SCHEMA_DIR, &report);
            if (err != ERR_OK) fprintf(stderr, "%s\n", report.error);
            _exit(err == ERR_OK ? report.applied : 100);
        }
    }
    int applied = 0, at_work = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 100);
        applied += WEXITSTATUS(status);
        at_work += WEXITSTATUS(status) > 0;
    }
    struct migrate_report report;
    cr_assert_eq(migrate(url, PEDILUVE_SCHEMA_DIR, &report), ERR_OK, "%s", report.error);
    cr_assert_eq(applied, report.version);
    cr_assert_eq(at_work, 1, "the lock lets one do all of it");
}

Test(migrate, a_changed_file_is_refused_and_named) {
    struct migrate_report report;
    const char *url = pg_fixture_empty_database();
    put_folder();
    cr_assert_eq(migrate(url, folder, &report), ERR_OK, "%s", report.error);
    put_file("0002_add_thing_name.sql", "ALTER TABLE thing ADD COLUMN title text;");
    cr_assert_eq(migrate(url, folder, &report), ERR_CONFLICT);
    cr_assert(strstr(report.error, "0002_add_thing_name.sql"), "%s", report.error);
}

Test(migrate, a_renamed_file_is_refused_and_named) {
    struct migrate_report report;
    char from[256], to[256];
    const char *url = pg_fixture_empty_database();
    put_folder();
    cr_assert_eq(migrate(url, folder, &report), ERR_OK, "%s", report.error);
    snprintf(from, sizeof from, "%s/0002_add_thing_name.sql", folder);
    snprintf(to, sizeof to, "%s/0002_name_thing.sql", folder);
    cr_assert_eq(rename(from, to), 0);
    cr_assert_eq(migrate(url, folder, &report), ERR_CONFLICT);
    cr_assert(strstr(report.error, "0002_name_thing.sql"), "%s", report.error);
}

Test(migrate, a_database_newer_than_the_program_is_refused) {
    struct migrate_report report;
    const char *url = pg_fixture_empty_database();
    put_folder();
    put_file("0004_add_more.sql", "ALTER TABLE thing ADD COLUMN more text;");
    cr_assert_eq(migrate(url, folder, &report), ERR_OK, "%s", report.error);
    char path[256];
    snprintf(path, sizeof path, "%s/0004_add_more.sql", folder);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(migrate(url, folder, &report), ERR_CONFLICT);
    cr_assert(strstr(report.error, "0004_add_more.sql") && strstr(report.error, "newer"), "%s", report.error);
}

Test(migrate, a_file_that_fails_leaves_nothing_of_itself_and_is_named) {
    struct migrate_report report;
    const char *url = pg_fixture_empty_database();
    put_folder();
    put_file("0004_break.sql", "CREATE TABLE half (id integer); SELECT no_such_function();");
    cr_assert_eq(migrate(url, folder, &report), ERR_UNPROCESSABLE);
    cr_assert(strstr(report.error, "0004_break.sql") && strstr(report.error, "no_such_function"), "%s",
              report.error);
    cr_assert_eq(report.version, 3);
    put_file("0004_break.sql", "CREATE TABLE half (id integer);");
    cr_assert_eq(migrate(url, folder, &report), ERR_OK, "%s", report.error);
    cr_assert_eq(report.applied, 1);
}

Test(migrate, a_gap_in_the_numbers_is_refused) {
    struct migrate_report report;
    put_file("0001_create_thing.sql", "CREATE TABLE thing (id integer);");
    put_file("0003_late.sql", "SELECT 1;");
    cr_assert_eq(migrate(pg_fixture_empty_database(), folder, &report), ERR_UNPROCESSABLE);
    cr_assert(strstr(report.error, "0003_late.sql"), "%s", report.error);
}

Test(migrate, a_folder_without_migrations_is_refused) {
    struct migrate_report report;
    const char *url = pg_fixture_empty_database();
    cr_assert_eq(migrate(url, folder, &report), ERR_UNPROCESSABLE);
    cr_assert_eq(migrate(url, "/nowhere/at/all", &report), ERR_UNPROCESSABLE);
}
