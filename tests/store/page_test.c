/* Pages: every row that was there throughout comes exactly once, whatever is inserted meanwhile. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "pg_fixture.h"
#include "server/store/audit_store.h"
#include "server/store/cleaning_store.h"
#include "server/store/device_store.h"
#include "server/store/model_store.h"
#include "server/store/routine_store.h"
#include "server/store/screening_store.h"
#include "server/store/site_store.h"
#include "server/store/token_store.h"

TestSuite(pages, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define ROWS 23
#define PAGE 5

/* One list: how to insert n rows more, and how to read a page's ids. */
struct listing {
    const char *name;
    const char *insert; /* with one %d: the number of a row; makes an id that sorts by time */
    int32_t (*read)(const struct page *page, struct uuid ids[]);
};

/* A version 7 id of now: later rows sort later. */
#define NEW_ID                                                                                               \
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7000' || "           \
    "lpad(to_hex(nextval('ids')), 16, '8'))::uuid"

#define READER(noun, call, done)                                                                             \
    static int32_t read_##noun(const struct page *page, struct uuid ids[]) {                                 \
        static struct noun##_row rows[PAGE_ROWS_MAX];                                                        \
        int32_t n;                                                                                           \
        enum err err = call;                                                                                 \
        cr_assert_eq(err, ERR_OK, "%s", db_last_error(pg_fixture_db()));                                     \
        for (int32_t i = 0; i < n; i++) {                                                                    \
            ids[i] = rows[i].id;                                                                             \
            done(&rows[i]);                                                                                  \
        }                                                                                                    \
        return n;                                                                                            \
    }
#define KEEP(row) (void)(row)
#define ALL pg_fixture_db(), &pg_scope_all
READER(site, site_list(ALL, page, rows, &n), KEEP)
READER(device, device_list(ALL, &(struct device_filter){0}, page, rows, &n), KEEP)
READER(token, token_list(ALL, page, rows, &n), KEEP)
READER(session, session_list(ALL, &(struct session_filter){0}, page, rows, &n), session_row_done)
READER(command, command_list(ALL, &(struct command_filter){.device_id = pg_device_a}, page, rows, &n),
       command_row_done)
READER(cleaning, cleaning_list(ALL, &(struct cleaning_filter){.device_id = pg_device_a}, page, rows, &n),
       KEEP)
READER(screening, screening_list(ALL, &(struct screening_filter){0}, page, rows, &n), screening_row_done)
READER(audit, audit_list(ALL, &(struct audit_filter){0}, page, rows, &n), audit_row_done)

static const struct listing listings[] = {
    {"sites", "INSERT INTO site (id, name) SELECT " NEW_ID ", 'N-%d'", read_site},
    {"devices",
     "INSERT INTO device (id, site_id, model_id, name, serial) SELECT " NEW_ID
     ", 'a0000000-0000-0000-0000-000000000001', 'spa-pro', 'x', 'N-%d'",
     read_device},
    {"tokens",
     "INSERT INTO api_token (id, name, secret_hash, role) SELECT " NEW_ID ", 'N-%d', sha256('x'), 'viewer'",
     read_token},
    {"sessions",
     "UPDATE session SET state = 'rejected'; INSERT INTO session (id, device_id, routine_slug, "
     "routine_version,"
     " intake, screening, program) SELECT " NEW_ID ", 'd0000000-0000-0000-0000-000000000001', 'relax-10', 1, "
     "'{\"n\": %d}', '{\"outcome\": \"limited\"}', '{}'",
     read_session},
    {"commands", /* of a session that the rows before have left */
     "INSERT INTO command (id, device_id, session_id, type, body) SELECT " NEW_ID
     ", 'd0000000-0000-0000-0000-000000000001', (SELECT id FROM session LIMIT 1), 'pause', '{\"n\": %d}'",
     read_command},
    {"cleanings",
     "UPDATE session SET state = 'rejected' WHERE state = 'requested'; INSERT INTO cleaning (id, device_id, "
     "kind, notes, done_at) SELECT " NEW_ID
     ", 'd0000000-0000-0000-0000-000000000001', 'after_client', 'N-%d', now()",
     read_cleaning},
    {"screenings",
     "INSERT INTO screening (id, site_id, outcome, intake, result) SELECT " NEW_ID
     ", 'a0000000-0000-0000-0000-000000000001', 'cleared', '{\"n\": %d}', '{}'",
     read_screening},
    {"audit",
     "INSERT INTO audit_log (id, actor_name, action, subject_type, subject_id) SELECT " NEW_ID
     ", 'x', 'y', 'z', 'N-%d'",
     read_audit},
};

static void insert(const struct listing *l, int number) {
    char sql[1024];
    snprintf(sql, sizeof sql, l->insert, number);
    pg_sql("%s", sql);
}

static bool has(const struct uuid ids[], int32_t n, const struct uuid *id) {
    for (int32_t i = 0; i < n; i++)
        if (uuid_equal(&ids[i], id)) return true;
    return false;
}

static void walk(const struct listing *l) {
    struct uuid before[PAGE_ROWS_MAX], seen[200], ids[PAGE_ROWS_MAX];
    int32_t n_before, n_seen = 0, n, number = 0;
    while (number < ROWS) insert(l, number++);
    n_before = l->read(&(struct page){.limit = LIMIT_PAGE}, before);
    cr_assert_geq(n_before, ROWS, "%s", l->name);

    struct page page = {.limit = PAGE};
    do {
        n = l->read(&page, ids);
        cr_assert_leq(n, PAGE);
        for (int32_t i = 0; i < n; i++) {
            cr_assert_not(has(seen, n_seen, &ids[i]), "%s: given twice", l->name);
            seen[n_seen++] = ids[i];
        }
        if (n > 0) page.after = ids[n - 1];
        if (number < ROWS + 8) insert(l, number++); /* meanwhile */
    } while (n == PAGE);
    for (int32_t i = 0; i < n_before; i++)
        cr_assert(has(seen, n_seen, &before[i]), "%s: row %d was lost", l->name, i);
}

Test(pages, of_every_list_lose_and_repeat_nothing_while_rows_come_in) {
    pg_sql("CREATE SEQUENCE ids");
    for (size_t i = 0; i < COUNT_OF(listings); i++) walk(&listings[i]);
}

Test(pages, of_sessions_and_audit_run_from_the_newest_down) {
    struct uuid ids[PAGE_ROWS_MAX];
    pg_sql("CREATE SEQUENCE ids");
    for (size_t i = 0; i < COUNT_OF(listings); i++) {
        const struct listing *l = &listings[i];
        for (int k = 0; k < 4; k++) insert(l, k);
        int32_t n = l->read(&(struct page){.limit = LIMIT_PAGE}, ids);
        bool rising = i < 3;
        for (int32_t k = 1; k < n; k++)
            cr_assert_eq(memcmp(ids[k - 1].b, ids[k].b, 16) < 0, rising, "%s", l->name);
    }
}

Test(pages, of_models_and_routines_go_by_slug) {
    for (int i = 0; i < 7; i++) {
        pg_sql("INSERT INTO model (id, version, name, spec) VALUES ('m-%d', 1, 'M', '{}')", i);
        pg_sql("INSERT INTO routine (slug) VALUES ('r-%d')", i);
        pg_sql(
            "INSERT INTO routine_version (slug, version, state, name, content, content_sha256, published_at)"
            " SELECT 'r-%d', v, 'published', 'R', '{}', sha256('x'), now() FROM generate_series(1, 2) v",
            i);
    }
    char after[65] = "";
    int seen = 0;
    int32_t n;
    do {
        struct model_row rows[3];
        cr_assert_eq(model_list(pg_fixture_db(), after, 3, rows, &n), ERR_OK);
        for (int32_t i = 0; i < n; i++, seen++) {
            cr_assert_gt(strcmp(rows[i].id, after), 0);
            snprintf(after, sizeof after, "%s", rows[i].id);
            model_row_done(&rows[i]);
        }
    } while (n == 3);
    cr_assert_eq(seen, 8);
    after[0] = '\0';
    seen = 0;
    do {
        struct routine_row rows[3];
        cr_assert_eq(
            routine_list(pg_fixture_db(), &pg_scope_all, &(struct routine_filter){0}, after, 3, rows, &n),
            ERR_OK);
        for (int32_t i = 0; i < n; i++, seen++) {
            cr_assert_gt(strcmp(rows[i].slug, after), 0);
            cr_assert_eq(rows[i].version, strcmp(rows[i].slug, "relax-10") == 0 ? 1 : 2,
                         "the latest version");
            snprintf(after, sizeof after, "%s", rows[i].slug);
            routine_row_done(&rows[i]);
        }
    } while (n == 3);
    cr_assert_eq(seen, 8);
}

Test(pages, filters_pick_what_they_name) {
    struct session_row sa, sb;
    struct session_row rows[PAGE_ROWS_MAX];
    struct command_row commands[PAGE_ROWS_MAX];
    struct page page = {.limit = 10};
    int32_t n;
    struct command_row a = pg_session(&pg_device_a, 0, &sa);
    pg_session(&pg_device_b, 1, &sb);
    pg_sql("UPDATE session SET state = 'running' WHERE id = '%s'", pg_uuid(&sb.id));
    static const struct {
        struct session_filter filter;
        int n;
    } tries[] = {
        {.n = 2},
        {.filter = {.device_id = {{0xd0, [15] = 1}}}, .n = 1},
        {.filter = {.site_id = {{0xa0, [15] = 2}}}, .n = 1},
        {.filter = {.device_id = {{0xd0, [15] = 1}}, .site_id = {{0xa0, [15] = 2}}}, .n = 0},
        {.filter = {.states = 1u << SESSION_RUNNING}, .n = 1},
        {.filter = {.states = 1u << SESSION_RUNNING | 1u << SESSION_REQUESTED}, .n = 2},
        {.filter = {.states = 1u << SESSION_STOPPED}, .n = 0},
        {.filter = {.device_id = {{0xd0, [15] = 1}}, .states = 1u << SESSION_RUNNING}, .n = 0},
        {.filter = {.site_id = {{0xa0, [15] = 2}}, .states = 1u << SESSION_RUNNING}, .n = 1},
    };
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        cr_assert_eq(session_list(pg_fixture_db(), &pg_scope_all, &tries[i].filter, &page, rows, &n), ERR_OK);
        cr_assert_eq(n, tries[i].n, "row %zu: %d", i, n);
    }
    const struct command_filter by[] = {{.session_id = sa.id},
                                        {.device_id = pg_device_a},
                                        {.states = 1u << CMD_PENDING},
                                        {.site_id = pg_site_a},
                                        {.session_id = sa.id, .device_id = pg_device_a}};
    for (size_t i = 0; i < COUNT_OF(by); i++) {
        cr_assert_eq(command_list(pg_fixture_db(), &pg_scope_all, &by[i], &page, commands, &n), ERR_OK);
        cr_assert_eq(n, 1, "row %zu", i);
        cr_assert(uuid_equal(&commands[0].id, &a.id), "row %zu", i);
        command_row_done(&commands[0]);
    }
}
