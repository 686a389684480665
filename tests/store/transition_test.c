/* The database's transitions: every pair tried on real rows, and the tables compared with the domain's. */
#include <criterion/criterion.h>

#include "pg_fixture.h"

TestSuite(transitions, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

/* Puts a row into a state without the guard, then tries each change with it. */
static const char *attempt(const char *table, const char *from, const char *to) {
    pg_sql("BEGIN; ALTER TABLE %s DISABLE TRIGGER USER; UPDATE %s SET state = '%s';"
           " ALTER TABLE %s ENABLE TRIGGER USER",
           table, table, from, table);
    const char *state = pg_refusal("UPDATE %s SET state = '%s'", table, to);
    pg_sql("ROLLBACK");
    return state;
}

static bool is_listed(const char *noun, const char *from, const char *to) {
    return pg_int("SELECT count(*) FROM state_transition WHERE noun = '%s' AND from_state = '%s' AND "
                  "to_state = '%s'",
                  noun, from, to) > 0;
}

Test(transitions, of_a_session_are_those_of_the_domain_and_no_others) {
    struct session_row session;
    pg_session(&pg_device_a, 0, &session);
    for (int from = 0; from < SESSION_STATE_COUNT; from++)
        for (int to = 0; to < SESSION_STATE_COUNT; to++) {
            const char *f = session_state_names[from], *t = session_state_names[to];
            bool legal = session_can_become(from, to);
            cr_assert_eq(is_listed("session", f, t), legal, "%s -> %s", f, t);
            cr_assert_str_eq(attempt("session", f, t), legal || from == to ? "00000" : "PD005", "%s -> %s", f,
                             t);
        }
}

Test(transitions, of_a_command_are_those_of_the_domain_and_no_others) {
    pg_session(&pg_device_a, 0, NULL);
    for (int from = 0; from < CMD_STATE_COUNT; from++)
        for (int to = 0; to < CMD_STATE_COUNT; to++) {
            const char *f = command_state_names[from], *t = command_state_names[to];
            bool legal = command_can_become(from, to);
            cr_assert_eq(is_listed("command", f, t), legal, "%s -> %s", f, t);
            cr_assert_str_eq(attempt("command", f, t), legal || from == to ? "00000" : "PD005", "%s -> %s", f,
                             t);
        }
}

Test(transitions, a_final_state_is_never_left) {
    cr_assert_eq(pg_int("SELECT count(*) FROM state_transition WHERE noun = 'session' AND from_state IN"
                        " ('completed', 'stopped', 'aborted', 'expired', 'rejected')"),
                 0);
    cr_assert_eq(pg_int("SELECT count(*) FROM state_transition WHERE noun = 'command' AND from_state IN"
                        " ('succeeded', 'failed', 'rejected', 'expired', 'cancelled')"),
                 0);
}

/* Which first word of a device makes it due. */
Test(transitions, a_session_that_may_have_begun_makes_its_device_due) {
    static const struct {
        const char *state, *reason, *cleaning;
    } rows[] = {
        {"starting", "none", "due"},     {"running", "none", "due"},        {"paused", "power_loss", "due"},
        {"waiting", "none", "due"},      {"completed", "none", "due"},      {"stopped", "local_stop", "due"},
        {"aborted", "level_low", "due"}, {"stopped", "cancelled", "clean"}, {"expired", "expired", "clean"},
        {"rejected", "busy", "clean"},
    };
    struct session_row session;
    pg_session(&pg_device_a, 0, &session);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pg_sql("BEGIN; UPDATE session SET state = '%s', reason = '%s'", rows[i].state, rows[i].reason);
        const char *cleaning = pg_text("SELECT cleaning FROM device WHERE id = '%s'", pg_uuid(&pg_device_a));
        cr_assert_str_eq(cleaning, rows[i].cleaning, "%s %s", rows[i].state, rows[i].reason);
        pg_sql("ROLLBACK");
    }
}

Test(transitions, an_additive_in_the_water_asks_for_a_rinse) {
    struct session_row session;
    pg_session(&pg_device_a, 0, &session);
    pg_sql("UPDATE session SET program = '{\"rinse\": true}'");
    pg_sql("UPDATE session SET state = 'running'");
    cr_assert_str_eq(pg_text("SELECT rinse FROM device WHERE id = '%s'", pg_uuid(&pg_device_a)), "t");
}
