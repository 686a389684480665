/* Models and routines: those that come with the product, and those that staff write. */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pg_fixture.h"
#include "server/store/catalogue_store.h"
#include "server/store/model_store.h"
#include "server/store/routine_store.h"

TestSuite(catalogue, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

static const struct actor loader = {.name = "catalogue"};

Test(catalogue, a_model_is_put_once_and_replaced_by_a_higher_version) {
    static const struct {
        int32_t version;
        const char *spec;
        enum err err;
        bool changed;
        int32_t then;
    } rows[] = {
        {2, "{\"a\": 1}", ERR_OK, true, 2},
        {2, "{ \"a\":1 }", ERR_OK, false, 2}, /* only spelled otherwise */
        {2, "{\"a\": 2}", ERR_CONFLICT, false, 2},
        {1, "{\"a\": 9}", ERR_OK, false, 2}, /* an older replica */
        {3, "{\"a\": 2}", ERR_OK, true, 3},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool changed = false;
        cr_assert_eq(catalogue_put_model(pg_fixture_db(), &loader, "bath", rows[i].version, "Bath",
                                         rows[i].spec, &changed),
                     rows[i].err, "row %zu: %s", i, db_last_error(pg_fixture_db()));
        cr_assert_eq(changed, rows[i].changed, "row %zu", i);
        struct model_row row;
        cr_assert_eq(model_get(pg_fixture_db(), "bath", &row), ERR_OK);
        cr_assert_eq(row.version, rows[i].then, "row %zu", i);
        model_row_done(&row);
    }
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'model.put'"), 2);
    struct model_row row;
    cr_assert_eq(model_get(pg_fixture_db(), "no-such", &row), ERR_NOT_FOUND);
}

static bool put(const char *content) {
    bool changed = false;
    cr_assert_eq(catalogue_put_routine(pg_fixture_db(), &loader, "heel", "Heel", content, &changed), ERR_OK,
                 "%s", db_last_error(pg_fixture_db()));
    return changed;
}

static int32_t latest(void) {
    struct routine_row row;
    cr_assert_eq(routine_get(pg_fixture_db(), &pg_scope_all, "heel", 0, &row), ERR_OK);
    routine_row_done(&row);
    return row.version;
}

Test(catalogue, new_text_of_a_routine_is_a_new_published_version_and_the_same_is_none) {
    cr_assert(put("{\"steps\": [1]}"));
    cr_assert_not(put("{\"steps\": [1]}"));
    cr_assert_eq(latest(), 1);
    cr_assert(put("{\"steps\": [1, 2]}"));
    cr_assert_eq(latest(), 2);
    cr_assert_not(put("{\"steps\": [1, 2]}"));
}

Test(catalogue, what_staff_published_over_it_stays_on_top) {
    struct routine_row row;
    cr_assert(put("{\"steps\": [1]}"));
    cr_assert_eq(routine_put_draft(pg_fixture_db(), &pg_scope_all, &pg_actor, "heel", NULL, "Ours",
                                   "{\"steps\": []}", &row),
                 ERR_OK);
    routine_row_done(&row);
    cr_assert_eq(routine_publish(pg_fixture_db(), &pg_scope_all, &pg_actor, "heel", row.version, &row),
                 ERR_OK);
    routine_row_done(&row);
    cr_assert_not(put("{\"steps\": [1]}"));
    cr_assert_eq(latest(), 2);
}

Test(catalogue, several_replicas_that_start_at_once_publish_a_text_once) {
    enum { PROCESSES = 6 };
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] != 0) continue;
        struct db *db = db_new(&(struct db_config){.conninfo = pg_fixture_url()});
        bool changed = false;
        enum err err = catalogue_put_routine(db, &loader, "heel", "Heel", "{\"steps\": [7]}", &changed);
        bool other = false;
        if (err == ERR_OK) err = catalogue_put_model(db, &loader, "bath", 1, "Bath", "{}", &other);
        _exit(err != ERR_OK ? 100 : changed + 2 * other);
    }
    int sum = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 100);
        sum += WEXITSTATUS(status);
    }
    cr_assert_eq(sum, 3, "one of them the routine, one of them the model");
    cr_assert_eq(latest(), 1);
}

/* ---- staff ---- */

Test(catalogue, a_draft_is_replaced_until_it_is_published) {
    struct db *db = pg_fixture_db();
    struct routine_row row;
    cr_assert_eq(
        routine_put_draft(db, &pg_scope_all, &pg_actor, "mine", &pg_site_a, "Mine", "{\"a\": 1}", &row),
        ERR_OK, "%s", db_last_error(db));
    cr_assert_eq(row.version, 1);
    cr_assert_str_eq(row.state, "draft");
    cr_assert(uuid_equal(&row.site_id, &pg_site_a));
    routine_row_done(&row);
    cr_assert_eq(routine_get(db, &pg_scope_all, "mine", 0, &row), ERR_NOT_FOUND, "nothing published yet");
    cr_assert_eq(
        routine_put_draft(db, &pg_scope_all, &pg_actor, "mine", &pg_site_a, "Mine", "{\"a\": 2}", &row),
        ERR_OK);
    cr_assert_eq(row.version, 1);
    cr_assert_str_eq(row.content, "{\"a\": 2}");
    routine_row_done(&row);
    cr_assert_eq(routine_publish(db, &pg_scope_all, &pg_actor, "mine", 1, &row), ERR_OK);
    cr_assert_str_eq(row.state, "published");
    cr_assert_gt(row.published_at, 0);
    routine_row_done(&row);
    cr_assert_eq(routine_publish(db, &pg_scope_all, &pg_actor, "mine", 1, &row), ERR_WRONG_STATE);
    cr_assert_eq(routine_publish(db, &pg_scope_all, &pg_actor, "mine", 9, &row), ERR_NOT_FOUND);
    cr_assert_eq(
        routine_put_draft(db, &pg_scope_all, &pg_actor, "mine", &pg_site_a, "Mine", "{\"a\": 3}", &row),
        ERR_OK);
    cr_assert_eq(row.version, 2, "a new one beside it");
    routine_row_done(&row);
    cr_assert_eq(routine_get(db, &pg_scope_all, "mine", 0, &row), ERR_OK);
    cr_assert_eq(row.version, 1);
    routine_row_done(&row);

    struct routine_row rows[4];
    int32_t n;
    cr_assert_eq(routine_versions(db, &pg_scope_all, "mine", 0, 1, rows, &n), ERR_OK);
    cr_assert(n == 1 && rows[0].version == 2);
    routine_row_done(&rows[0]);
    cr_assert_eq(routine_versions(db, &pg_scope_all, "mine", 2, 4, rows, &n), ERR_OK);
    cr_assert(n == 1 && rows[0].version == 1);
    routine_row_done(&rows[0]);
}

Test(catalogue, a_retired_version_does_not_come_back_by_itself) {
    struct db *db = pg_fixture_db();
    struct routine_row row;
    cr_assert(put("{\"steps\": [1]}"));
    cr_assert(put("{\"steps\": [2]}"));
    cr_assert_eq(routine_retire(db, &pg_scope_all, &pg_actor, "heel", 2, &row), ERR_OK);
    routine_row_done(&row);
    cr_assert_not(put("{\"steps\": [2]}"));
    cr_assert_eq(routine_get(db, &pg_scope_all, "heel", 0, &row), ERR_NOT_FOUND);
}
