/* What the database itself refuses, whoever asks: plain SQL, no store between. */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pg_fixture.h"

TestSuite(refusals, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DEVICE "'d0000000-0000-0000-0000-000000000001'"
#define SESSION(n) "'50000000-0000-0000-0000-00000000000" #n "'"
#define INSERT_SESSION(n, more_columns, more_values)                                                         \
    "INSERT INTO session (id, device_id, routine_slug, routine_version, intake, screening, "                 \
    "program" more_columns                                                                                   \
    ") VALUES (" SESSION(n) ", " DEVICE                                                                      \
                            ", 'relax-10', 1, '{}', '{\"outcome\": \"cleared\"}', '{}'" more_values ")"
#define INSERT_COMMAND(seq)                                                                                  \
    "INSERT INTO command (id, device_id, session_id, seq, type) VALUES (gen_random_uuid(), " DEVICE          \
    ", " SESSION(1) ", " seq ", 'pause')"
#define INSERT_CLEANING                                                                                      \
    "INSERT INTO cleaning (id, device_id, kind, done_at) VALUES (gen_random_uuid(), " DEVICE                 \
    ", 'after_client', now())"

Test(refusals, a_second_live_session_on_a_device) {
    pg_sql(INSERT_SESSION(1, "", ""));
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(2, "", "")), "23505");
    pg_sql("UPDATE session SET state = 'running'");
    /* due by now as well; the session is what stands in the way */
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(2, "", "")), "PD001");
}

Test(refusals, even_with_the_guards_switched_off_the_index_holds) {
    pg_sql("ALTER TABLE session DISABLE TRIGGER USER; ALTER TABLE session ALTER COLUMN site_id DROP NOT NULL,"
           " ALTER COLUMN screened_on DROP NOT NULL");
    pg_sql(INSERT_SESSION(1, "", ""));
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(2, "", "")), "23505");
}

Test(refusals, a_session_on_a_device_to_be_disinfected) {
    pg_sql("UPDATE device SET cleaning = 'due'");
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(1, "", "")), "PD002");
    pg_sql(INSERT_CLEANING);
    pg_sql(INSERT_SESSION(1, "", ""));
}

Test(refusals, a_session_on_a_device_that_is_not_in_service) {
    pg_sql("UPDATE device SET service = 'maintenance'");
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(1, "", "")), "PD003");
    pg_sql("UPDATE device SET service = 'retired'");
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(1, "", "")), "PD003");
}

Test(refusals, a_session_that_does_not_begin_as_requested) {
    cr_assert_str_eq(pg_refusal(INSERT_SESSION(1, ", state", ", 'running'")), "PD005");
}

Test(refusals, a_session_of_a_routine_version_that_is_not_published) {
    pg_sql("INSERT INTO routine_version (slug, version, name, content, content_sha256)"
           " VALUES ('relax-10', 2, 'R', '{}', sha256('y'))");
    cr_assert_str_eq(pg_refusal("INSERT INTO session (id, device_id, routine_slug, routine_version, intake,"
                                " screening, program) VALUES (" SESSION(
                                    1) ", " DEVICE
                                       ", 'relax-10', 2, '{}', '{\"outcome\": \"cleared\"}', '{}')"),
                     "PD008");
}

Test(refusals, a_session_takes_its_site_from_the_device_whatever_is_said) {
    pg_sql(INSERT_SESSION(1, ", site_id", ", 'a0000000-0000-0000-0000-000000000002'"));
    cr_assert_str_eq(pg_text("SELECT site_id FROM session"), "a0000000-0000-0000-0000-000000000001");
}

Test(refusals, a_command_out_of_sequence) {
    pg_sql(INSERT_SESSION(1, "", ""));
    static const struct {
        const char *sql, *state;
    } rows[] = {
        {INSERT_COMMAND("2"), "PD004"},    /* one left out */
        {INSERT_COMMAND("1"), "00000"},    /* the next */
        {INSERT_COMMAND("1"), "PD004"},    /* again */
        {INSERT_COMMAND("NULL"), "00000"}, /* given by the database */
        {INSERT_COMMAND("3"), "00000"},    /* goes on from there */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_assert_str_eq(pg_refusal("%s", rows[i].sql), rows[i].state, "row %zu", i);
    cr_assert_eq(pg_int("SELECT last_seq FROM device WHERE id = " DEVICE), 3);
}

Test(refusals, a_command_that_begins_as_answered) {
    pg_sql(INSERT_SESSION(1, "", ""));
    cr_assert_str_eq(pg_refusal("INSERT INTO command (id, device_id, session_id, type, state) VALUES"
                                " (gen_random_uuid(), " DEVICE ", " SESSION(1) ", 'stop', 'succeeded')"),
                     "PD005");
}

Test(refusals, another_order_under_the_same_command) {
    pg_sql(INSERT_SESSION(1, "", ""));
    pg_sql(INSERT_COMMAND("1"));
    cr_assert_str_eq(pg_refusal("UPDATE command SET type = 'resume'"), "PD004");
    cr_assert_str_eq(pg_refusal("UPDATE command SET body = '{\"intensity\": 1}'"), "PD004");
    cr_assert_str_eq(pg_refusal("UPDATE command SET seq = 7"), "PD004");
}

Test(refusals, a_cleaning_while_a_session_is_live) {
    pg_sql(INSERT_SESSION(1, "", ""));
    pg_sql("UPDATE session SET state = 'running'");
    cr_assert_str_eq(pg_refusal(INSERT_CLEANING), "PD001");
    pg_sql("UPDATE session SET state = 'completed'");
    cr_assert_str_eq(pg_refusal(INSERT_CLEANING), "00000");
}

Test(refusals, retiring_or_moving_a_device_with_a_live_session) {
    pg_sql(INSERT_SESSION(1, "", ""));
    cr_assert_str_eq(pg_refusal("UPDATE device SET service = 'retired' WHERE id = " DEVICE), "PD001");
    cr_assert_str_eq(
        pg_refusal("UPDATE device SET site_id = 'a0000000-0000-0000-0000-000000000002' WHERE id = " DEVICE),
        "PD001");
    cr_assert_str_eq(pg_refusal("UPDATE device SET service = 'maintenance' WHERE id = " DEVICE), "00000");
}

Test(refusals, a_published_version_never_changes) {
    static const char *const changes[] = {"UPDATE routine_version SET content = '{\"steps\": [1]}'",
                                          "UPDATE routine_version SET name = 'Other'",
                                          "UPDATE routine_version SET content_sha256 = sha256('z')",
                                          "UPDATE routine_version SET version = 9",
                                          "UPDATE routine_version SET state = 'draft'",
                                          "UPDATE routine_version SET published_at = now()",
                                          "DELETE FROM routine_version"};
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        cr_assert_str_eq(pg_refusal("%s", changes[i]), "PD006", "%s", changes[i]);
    pg_sql("UPDATE routine_version SET state = 'retired'");
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        cr_assert_str_eq(pg_refusal("%s", changes[i]), "PD006", "retired: %s", changes[i]);
}

Test(refusals, a_second_draft_of_a_routine) {
    pg_sql("INSERT INTO routine_version (slug, version, name, content, content_sha256)"
           " VALUES ('relax-10', 2, 'R', '{}', sha256('y'))");
    cr_assert_str_eq(pg_refusal("INSERT INTO routine_version (slug, version, name, content, content_sha256)"
                                " VALUES ('relax-10', 3, 'R', '{}', sha256('y'))"),
                     "23505");
    pg_sql("DELETE FROM routine_version WHERE state = 'draft'");
}

Test(refusals, the_audit_log_is_only_appended_to) {
    pg_sql("INSERT INTO audit_log (id, actor_name, action, subject_type, subject_id)"
           " VALUES (gen_random_uuid(), 'x', 'y', 'z', '1')");
    cr_assert_str_eq(pg_refusal("UPDATE audit_log SET action = 'other'"), "PD007");
    cr_assert_str_eq(pg_refusal("DELETE FROM audit_log"), "PD007");
    cr_assert_str_eq(pg_refusal("TRUNCATE audit_log"), "PD007");
}

/* Two transactions at once: the second waits at the device's row, then sees what the first has done. */
Test(refusals, two_sessions_at_the_same_moment_get_one_device_between_them) {
    struct db *first = pg_fixture_db();
    struct session_row row;
    struct session_new wanted = {.id = uuid_new(),
                                 .command_id = uuid_new(),
                                 .device_id = pg_device_a,
                                 .routine = "relax-10",
                                 .routine_version = 1,
                                 .intake = "{}",
                                 .screening = "{\"outcome\": \"cleared\"}",
                                 .program = "{}",
                                 .expires_at = INT64_C(4102444800000)};
    db_begin(first);
    cr_assert_eq(session_create(first, &pg_scope_all, &pg_actor, &wanted, &row, NULL), ERR_OK);
    wanted.id = uuid_new();
    wanted.command_id = uuid_new();
    cr_assert_eq(pg_int("SELECT 1"), 1);
    pid_t pid = fork(); /* the second one, with a connection of its own */
    if (pid == 0) {
        struct db *db = db_new(&(struct db_config){.conninfo = pg_fixture_url()});
        _exit(session_create(db, &pg_scope_all, &pg_actor, &wanted, &row, NULL));
    }
    /* once it waits, the first commits */
    while (pg_int("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                  " AND wait_event_type = 'Lock'") == 0)
        usleep(2000);
    cr_assert_eq(db_commit(first), ERR_OK);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(WEXITSTATUS(status), ERR_DEVICE_BUSY);
    cr_assert_eq(pg_int("SELECT count(*) FROM session"), 1);
    cr_assert_eq(pg_int("SELECT last_seq FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), 1);
}
