/* The catalogue's entries: a file becomes rows, sites put copies over them, and every change is seen to be
 * one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "pg_fixture.h"
#include "server/store/catalogue_entry_store.h"
#include "server/store/catalogue_store.h"
#include "server/store/routine_store.h"

TestSuite(catalogue_entries, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DB pg_fixture_db()
static const struct actor loader = {.name = "catalogue"};
static const struct uuid nowhere;

#define A "{\"id\": \"a\", \"name\": \"A\", \"sources\": [\"type.classic\"]}"
#define A2 "{\"id\": \"a\", \"name\": \"Another\", \"sources\": [\"type.classic\"]}"
#define B "{\"id\": \"b\", \"name\": \"B\"}"

static int32_t load(int32_t version, const char *entries) {
    int32_t changed = -1;
    cr_assert_eq(catalogue_entry_load(DB, &loader, "things", version, entries, &changed), ERR_OK, "%s",
                 db_last_error(DB));
    return changed;
}

/* "a1 b2": ids with their versions in order; behind a copy its version: "a1/2". */
static const char *shown(const struct uuid *site) {
    static char text[256];
    struct buf b;
    struct catalogue_entry_rows rows = {0};
    cr_assert_eq(catalogue_entry_list(DB, site, &rows), ERR_OK, "%s", db_last_error(DB));
    buf_init_fixed(&b, text, sizeof text);
    for (int32_t i = 0; i < rows.n; i++) {
        buf_fmt(&b, "%s%s%d", i ? " " : "", rows.list[i].id, (int)rows.list[i].version);
        if (rows.list[i].copy) buf_fmt(&b, "/%d", (int)rows.list[i].copy_version);
    }
    catalogue_entry_rows_done(&rows);
    return text;
}

static int64_t revision(void) {
    int64_t n = 0;
    cr_assert_eq(catalogue_entry_revision(DB, &pg_scope_all, &nowhere, &n), ERR_OK, "%s", db_last_error(DB));
    return n;
}

Test(catalogue_entries, a_file_becomes_rows_and_only_what_differs_becomes_new_versions) {
    static const struct {
        int32_t version;
        const char *entries;
        int32_t changed;
        const char *then;
    } rows[] = {
        {2, "[" A "," B "]", 2, "a1 b1"},
        {2, "[" A "," B "]", 0, "a1 b1"},
        {2, "[{\"name\":\"A\",\"sources\":[\"type.classic\"],\"id\":\"a\"}," B "]", 0,
         "a1 b1"},                        /* spelled otherwise */
        {2, "[" B "," A "]", 0, "b1 a1"}, /* only in another order */
        {2, "[" A2 "," B "]", 1, "a2 b1"},
        {1, "[" A "]", 0, "a2 b1"}, /* an older replica */
        {3, "[" A2 "]", 1, "a2"},   /* gone */
        {3, "[" B "," A2 "]", 1, "b2 a2"},
        {4, "[" A "," B "]", 1, "a3 b2"}, /* the old text again is a new version */
        {5, "[]", 2, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(load(rows[i].version, rows[i].entries), rows[i].changed, "row %zu", i);
        cr_assert_str_eq(shown(&nowhere), rows[i].then, "row %zu", i);
    }
    cr_assert_eq(pg_int("SELECT count(*) FROM audit_log WHERE action = 'catalogue.load'"), 6);
    cr_assert_eq(pg_int("SELECT count(*) FROM catalogue_entry WHERE state = 'current'"), 0);
    cr_assert_eq(pg_int("SELECT count(*) FROM catalogue_entry"), 5, "none was deleted");
    struct catalogue_kind_row kinds[4];
    int32_t n;
    cr_assert_eq(catalogue_entry_kinds(DB, kinds, COUNT_OF(kinds), &n), ERR_OK);
    cr_assert(n == 1 && kinds[0].version == 5 && strcmp(kinds[0].kind, "things") == 0);
}

static enum err put(const struct scope *scope, const struct uuid *site, int32_t product, int32_t copy,
                    const char *text) {
    struct catalogue_copy_key key = {
        .kind = "things", .id = "a", .site_id = *site, .product_version = product, .copy_version = copy};
    return catalogue_entry_put_copy(DB, scope, &pg_actor, &key, text);
}

static enum err take_away(const struct scope *scope, const struct uuid *site, int32_t copy) {
    struct catalogue_copy_key key = {.kind = "things", .id = "a", .site_id = *site, .copy_version = copy};
    return catalogue_entry_delete_copy(DB, scope, &pg_actor, &key);
}

Test(catalogue_entries, a_copy_is_put_over_what_was_read_and_over_nothing_else) {
    static const struct {
        int32_t product, copy;
        const char *text;
        enum err err;
        const char *then;
    } rows[] = {
        {2, 0, A2, ERR_PRECONDITION_FAILED, "a1 b1"}, /* another product's version than there is */
        {1, 1, A2, ERR_PRECONDITION_FAILED, "a1 b1"}, /* a copy was read that is not there */
        {1, 0, A2, ERR_OK, "a1/1 b1"},
        {1, 0, A, ERR_PRECONDITION_FAILED, "a1/1 b1"},
        {1, 1, A2, ERR_OK, "a1/1 b1"}, /* the same text */
        {1, 1, A, ERR_OK, "a1/2 b1"},
        {1, 1, A2, ERR_PRECONDITION_FAILED, "a1/2 b1"},
        {1, 2, B, ERR_UNPROCESSABLE, "a1/2 b1"}, /* another entry's text */
    };
    load(1, "[" A "," B "]");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(put(&pg_scope_all, &pg_site_a, rows[i].product, rows[i].copy, rows[i].text), rows[i].err,
                     "row %zu: %s", i, db_last_error(DB));
        cr_assert_str_eq(shown(&pg_site_a), rows[i].then, "row %zu", i);
    }
    cr_assert_str_eq(shown(&pg_site_b), "a1 b1");
    cr_assert_str_eq(shown(&nowhere), "a1 b1");
    cr_assert_eq(take_away(&pg_scope_all, &pg_site_a, 1), ERR_PRECONDITION_FAILED);
    cr_assert_eq(take_away(&pg_scope_all, &pg_site_a, 2), ERR_OK);
    cr_assert_eq(take_away(&pg_scope_all, &pg_site_a, 2), ERR_PRECONDITION_FAILED);
    cr_assert_str_eq(shown(&pg_site_a), "a1 b1");
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A2), ERR_OK);
    cr_assert_str_eq(shown(&pg_site_a), "a1/3 b1", "numbers are not used again");
    cr_assert_eq(
        pg_int("SELECT count(*) FROM audit_log WHERE subject_id = 'things/a' AND site_id IS NOT NULL"), 4);
}

Test(catalogue_entries, a_copy_waits_for_an_entry_that_comes_back) {
    load(1, "[" A "," B "]");
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A2), ERR_OK);
    load(2, "[" B "]");
    cr_assert_str_eq(shown(&pg_site_a), "b1");
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 1, A), ERR_PRECONDITION_FAILED);
    load(3, "[" A2 "," B "]");
    cr_assert_str_eq(shown(&pg_site_a), "a2/1 b1");
}

Test(catalogue_entries, a_site_outside_the_scope_has_no_catalogue) {
    struct scope of_a = pg_scope_of(&pg_site_a);
    struct uuid no_such = uuid_new();
    int64_t n;
    load(1, "[" A "]");
    cr_assert_eq(catalogue_entry_revision(DB, &of_a, &nowhere, &n), ERR_OK);
    cr_assert_eq(catalogue_entry_revision(DB, &of_a, &pg_site_a, &n), ERR_OK);
    cr_assert_eq(catalogue_entry_revision(DB, &of_a, &pg_site_b, &n), ERR_NOT_FOUND);
    cr_assert_eq(catalogue_entry_revision(DB, &pg_scope_all, &no_such, &n), ERR_NOT_FOUND);
    cr_assert_eq(put(&of_a, &pg_site_b, 1, 0, A2), ERR_NOT_FOUND);
    cr_assert_eq(put(&of_a, &pg_site_a, 1, 0, A2), ERR_OK);
    cr_assert_eq(put(&pg_scope_all, &pg_site_b, 1, 0, A2), ERR_OK);
    cr_assert_eq(take_away(&of_a, &pg_site_b, 1), ERR_NOT_FOUND);
    cr_assert_eq(take_away(&of_a, &pg_site_a, 1), ERR_OK);
    cr_assert_str_eq(shown(&pg_site_b), "a1/1");
}

/* ---- the revision ---- */

static void draft(void) {
    struct routine_row row;
    cr_assert_eq(routine_put_draft(DB, &pg_scope_all, &pg_actor, "mine", NULL, "M", "{}", &row), ERR_OK);
    routine_row_done(&row);
}
static void publish(void) {
    struct routine_row row;
    cr_assert_eq(routine_publish(DB, &pg_scope_all, &pg_actor, "mine", 1, &row), ERR_OK);
    routine_row_done(&row);
}
static void retire(void) {
    struct routine_row row;
    cr_assert_eq(routine_retire(DB, &pg_scope_all, &pg_actor, "mine", 1, &row), ERR_OK);
    routine_row_done(&row);
}
static void put_model(void) {
    bool changed;
    cr_assert_eq(catalogue_put_model(DB, &loader, "bath", 1, "Bath", "{}", &changed), ERR_OK);
}
static void load_first(void) { load(1, "[" A "," B "]"); }
static void load_order(void) { load(1, "[" B "," A "]"); }
static void load_version(void) { load(2, "[" B "," A "]"); }
static void load_less(void) { load(3, "[" A "]"); }
static void load_older(void) { load(1, "[" B "]"); }
static void copy(void) { cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A2), ERR_OK); }
static void copy_again(void) { cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 1, A2), ERR_OK); }
static void copy_stale(void) {
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A), ERR_PRECONDITION_FAILED);
}
static void copy_gone(void) { cr_assert_eq(take_away(&pg_scope_all, &pg_site_a, 1), ERR_OK); }

Test(catalogue_entries, every_change_moves_the_revision_on_and_what_changes_nothing_does_not) {
    static const struct {
        const char *what;
        void (*act)(void);
        bool moves;
    } rows[] = {
        {"a file", load_first, true},
        {"the same file", load_first, false},
        {"another order", load_order, true},
        {"another version of the file", load_version, true},
        {"an older file", load_older, false},
        {"a copy", copy, true},
        {"the same copy", copy_again, false},
        {"a stale copy", copy_stale, false},
        {"a copy taken away", copy_gone, true},
        {"an entry gone", load_less, true},
        {"a draft", draft, false},
        {"a routine published", publish, true},
        {"a routine retired", retire, true},
        {"a model", put_model, true},
        {"the same model", put_model, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t before = revision();
        rows[i].act();
        cr_assert_eq(revision() > before, rows[i].moves, "%s", rows[i].what);
    }
    int64_t trips = db_round_trips(DB);
    revision();
    cr_assert_eq(db_round_trips(DB) - trips, 1);
}

/* ---- the sources ---- */

Test(catalogue_entries, links_hold_the_products_entries_and_what_is_published_for_all) {
    struct routine_row row;
    struct catalogue_link_rows links = {0};
    load(1, "[" A "," B "]");
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A2), ERR_OK);
    for (int i = 0; i < 2; i++) {
        const char *slug = i == 0 ? "for-all" : "of-a";
        cr_assert_eq(routine_put_draft(DB, &pg_scope_all, &pg_actor, slug, i == 0 ? NULL : &pg_site_a, "R",
                                       "{\"sources\": [\"type.classic\", \"goal.sleep\"]}", &row),
                     ERR_OK);
        routine_row_done(&row);
        cr_assert_eq(routine_publish(DB, &pg_scope_all, &pg_actor, slug, 1, &row), ERR_OK);
        routine_row_done(&row);
    }
    cr_assert_eq(catalogue_entry_links(DB, &links), ERR_OK, "%s", db_last_error(DB));
    auto_buf struct buf text = BUF_INIT;
    for (int32_t i = 0; i < links.n; i++)
        buf_fmt(&text, "%s %s %s %s;", links.list[i].source, links.list[i].kind, links.list[i].id,
                links.list[i].name);
    cr_assert_str_eq(text.data, "goal.sleep routines for-all R;type.classic routines for-all R;"
                                "type.classic things a A;");
    catalogue_link_rows_done(&links);
}

/* ---- what the database refuses, whoever asks ---- */

Test(catalogue_entries, what_was_written_never_changes_and_stays) {
    static const struct {
        const char *sql, *sqlstate;
    } rows[] = {
        {"UPDATE catalogue_entry SET content = content || '{\"name\": \"X\"}' WHERE id = 'a'", "PD007"},
        {"UPDATE catalogue_entry SET version = 7 WHERE id = 'a'", "PD007"},
        {"UPDATE catalogue_entry SET site_id = NULL, version = 9 WHERE site_id IS NOT NULL", "PD007"},
        {"DELETE FROM catalogue_entry WHERE id = 'a'", "PD007"},
        {"INSERT INTO catalogue_entry (kind, id, version, content, content_sha256)"
         " VALUES ('things', 'a', 2, '{\"id\": \"a\"}', sha256('x'))",
         "23505"}, /* a second current one */
        {"INSERT INTO catalogue_entry (kind, id, version, content, content_sha256)"
         " VALUES ('things', 'c', 1, '{\"id\": \"d\"}', sha256('x'))",
         "23514"},
        {"INSERT INTO catalogue_entry (kind, id, version, content, content_sha256)"
         " VALUES ('things', 'No Id', 1, '{\"id\": \"No Id\"}', sha256('x'))",
         "23514"},
        {"UPDATE catalogue_entry SET state = 'retired' WHERE id = 'a'", "23514"}, /* without its time */
    };
    load(1, "[" A "]");
    cr_assert_eq(put(&pg_scope_all, &pg_site_a, 1, 0, A2), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_str_eq(pg_refusal("%s", rows[i].sql), rows[i].sqlstate, "%s", rows[i].sql);
    load(2, "[" A2 "]");
    cr_expect_str_eq(pg_refusal("UPDATE catalogue_entry SET state = 'current', ended_at = NULL"
                                " WHERE state = 'superseded'"),
                     "PD007");
}

Test(catalogue_entries, replicas_that_start_at_once_load_a_file_once) {
    enum { PROCESSES = 6 };
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] != 0) continue;
        struct db *db = db_new(&(struct db_config){.conninfo = pg_fixture_url()});
        int32_t changed = 0;
        enum err err = catalogue_entry_load(db, &loader, "things", 1, "[" A "," B "]", &changed);
        _exit(err != ERR_OK ? 100 : changed);
    }
    int sum = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 100);
        sum += WEXITSTATUS(status);
    }
    cr_assert_eq(sum, 2);
    cr_assert_str_eq(shown(&nowhere), "a1 b1");
}
