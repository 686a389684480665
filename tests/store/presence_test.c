/* The history of presence: each change once, whoever tells it and however late. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/presence_store.h"

TestSuite(presence_history, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DB pg_fixture_db()
#define T INT64_C(1760000000000)
static const struct uuid boot_1 = {{1}}, boot_2 = {{2}}, boot_3 = {{3}};

static struct presence_change change(const struct uuid *boot, int64_t epoch, enum presence_why why,
                                     int64_t at) {
    return (struct presence_change){.device_id = pg_device_a,
                                    .boot_id = *boot,
                                    .epoch = epoch,
                                    .connected = why <= PRESENCE_HEARD,
                                    .why = why,
                                    .at = at,
                                    .seen = true};
}
static int32_t put(struct presence_change c, int64_t watched_until) {
    int32_t written = -1;
    cr_assert_eq(presence_put(DB, &c, 1, watched_until, &written), ERR_OK, "%s", db_last_error(DB));
    return written;
}
/* The whole history, oldest first, as "+hello5 -last_will5". */
static const char *history(void) {
    return pg_text("SELECT COALESCE(string_agg(CASE WHEN connected THEN '+' ELSE '-' END || why || epoch, ' '"
                   " ORDER BY n), '') FROM presence_change WHERE device_id = '%s'",
                   pg_uuid(&pg_device_a));
}

Test(presence_history, is_written_once_whoever_tells_it_and_however_late) {
    static const struct {
        const struct uuid *boot;
        int64_t epoch;
        enum presence_why why;
        int32_t written;
    } told[] = {
        {&boot_1, 5, PRESENCE_LAST_WILL, 0}, /* it was never there */
        {&boot_1, 5, PRESENCE_HELLO, 1},
        {&boot_1, 5, PRESENCE_HELLO, 0}, /* another server */
        {&boot_1, 5, PRESENCE_LAST_WILL, 1},
        {&boot_1, 5, PRESENCE_LAST_WILL, 0},
        {&boot_1, 5, PRESENCE_HELLO, 0}, /* a server that lags behind: that connection is over */
        {&boot_1, 6, PRESENCE_HELLO, 1},
        {&boot_1, 5, PRESENCE_LAST_WILL, 0}, /* of the one before */
        {&boot_1, 6, PRESENCE_LOST, 1},
        {&boot_1, 6, PRESENCE_HELLO, 1}, /* said by a server that has just started: it is heard again */
        {&boot_1, 7, PRESENCE_HELLO, 1}, /* nobody saw the end of 6 */
        {&boot_2, 9, PRESENCE_HELLO, 1}, /* after a restart */
        {&boot_1, 8, PRESENCE_HELLO, 0},
        {&boot_2, 11, PRESENCE_LAST_WILL, 1}, /* 10 and 11 were not seen to begin */
        {&boot_2, 12, PRESENCE_LAST_WILL, 0},
        {&boot_2, 12, PRESENCE_HELLO, 0},
        {&boot_3, 1, PRESENCE_HELLO, 1}, /* it has lost its journal */
        {&boot_2, 12, PRESENCE_HELLO, 0},
    };
    for (size_t i = 0; i < COUNT_OF(told); i++)
        cr_expect_eq(put(change(told[i].boot, told[i].epoch, told[i].why, T + (int64_t)i * 1000), 0),
                     told[i].written, "%zu: %s", i, history());
    cr_expect_str_eq(history(), "+hello5 -last_will5 +hello6 -lost6 +heard6 +taken_over7 +taken_over9"
                                " -last_will11 +hello1");
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change WHERE restarted"), 2);
}

Test(presence_history, says_how_early_what_nobody_watched_may_have_been) {
    put(change(&boot_1, 5, PRESENCE_HELLO, T), 0);
    struct presence_change found = change(&boot_1, 5, PRESENCE_LAST_WILL, T + 90000);
    found.seen = false;
    put(found, T + 30000);
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change WHERE not_before = at - interval '60 s'"), 1);
    found = change(&boot_1, 6, PRESENCE_HELLO, T + 95000);
    found.seen = false;
    put(found, 0); /* nobody knows who watched: not before the change before */
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change WHERE not_before = at - interval '5 s'"), 1);
    /* What the broker knows nothing of is lost, whichever connection it was. */
    found = (struct presence_change){.device_id = pg_device_a, .why = PRESENCE_LOST, .at = T + 100000};
    put(found, T + 96000);
    cr_expect_str_eq(history(), "+hello5 -last_will5 +hello6 -lost6");
    /* A clock that was set back gives no order of its own. */
    put(change(&boot_1, 7, PRESENCE_HELLO, T), 0);
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change WHERE n = 5 AND at = '2025-10-09 08:55:00Z'"),
                 1);
}

Test(presence_history, many_changes_take_one_statement_in_their_order) {
    struct presence_change list[] = {
        change(&boot_1, 5, PRESENCE_HELLO, T),
        change(&boot_1, 5, PRESENCE_LAST_WILL, T + 10),
        change(&boot_2, 1, PRESENCE_HELLO, T),
        change(&boot_1, 6, PRESENCE_HELLO, T + 20),
        {.device_id = boot_1, .boot_id = boot_1, .epoch = 1, .connected = true}, /* not known here */
    };
    list[2].device_id = pg_device_b;
    int32_t written;
    cr_assert_eq(presence_put(DB, list, COUNT_OF(list), 0, &written), ERR_OK, "%s", db_last_error(DB));
    cr_expect_eq(written, 4);
    cr_expect_str_eq(history(), "+hello5 -last_will5 +hello6");
}

/* ---- two servers see the same storm ---- */

#define STORM 500
static struct uuid storm_ids[STORM];
static void *see_storm(void *arg) {
    struct db *db = arg;
    static const struct uuid boot = {{7}};
    struct presence_change list[STORM];
    for (int64_t epoch = 1; epoch <= 4; epoch++) {
        int32_t written;
        for (int i = 0; i < STORM; i++)
            list[i] = (struct presence_change){.device_id = storm_ids[i],
                                               .boot_id = boot,
                                               .epoch = epoch / 2 + 1,
                                               .connected = epoch % 2 == 0,
                                               .why = epoch % 2 ? PRESENCE_LAST_WILL : PRESENCE_HELLO,
                                               .at = T + epoch,
                                               .seen = true};
        if (presence_put(db, list, STORM, 0, &written) != ERR_OK) return arg;
    }
    return NULL;
}

Test(presence_history, two_servers_neither_write_a_change_twice_nor_wait_for_each_other) {
    for (int i = 0; i < STORM; i++) {
        storm_ids[i] = uuid_new();
        pg_sql("INSERT INTO device (id, site_id, model_id, name, serial) VALUES ('%s', '%s', 'spa-pro', "
               "'New', '%s')",
               pg_uuid(&storm_ids[i]), pg_uuid(&pg_site_a), pg_uuid(&storm_ids[i]));
    }
    pthread_t other;
    struct db *theirs = pg_fixture_open();
    void *failed = NULL;
    cr_assert_eq(pthread_create(&other, NULL, see_storm, theirs), 0);
    cr_expect_null(see_storm(DB));
    pthread_join(other, &failed);
    cr_expect_null(failed);
    /* +hello2 -last_will2 +hello3 of each; the first last will found nothing. */
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change"), STORM * 3);
    db_free(theirs);
}

Test(presence_history, is_bounded_by_number_and_by_age) {
    put(change(&boot_1, 1, PRESENCE_HELLO, T), 0);
    pg_sql("INSERT INTO presence_change (device_id, n, at, connected, why, epoch) SELECT device_id, i, at, "
           "false,"
           " 'lost', 1 FROM presence, generate_series(2, %d) i",
           PRESENCE_KEPT);
    pg_sql("UPDATE presence SET n = %d", PRESENCE_KEPT);
    put(change(&boot_1, 2, PRESENCE_HELLO, T + 1000), 0);
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change"), PRESENCE_KEPT);
    cr_expect_eq(pg_int("SELECT min(n) FROM presence_change"), 2);
    int32_t n;
    cr_assert_eq(presence_prune(DB, T + INT64_C(86400000) * PRESENCE_DAYS_KEPT, &n), ERR_OK);
    cr_expect_eq(n, 0);
    cr_assert_eq(presence_prune(DB, T + INT64_C(86400000) * (PRESENCE_DAYS_KEPT + 1), &n), ERR_OK);
    cr_expect_eq(n, PRESENCE_KEPT - 1);
    cr_expect_eq(pg_int("SELECT count(*) FROM presence_change"), 1, "how it stands is never forgotten");
}

Test(presence_history, is_read_from_the_newest_within_the_callers_sites) {
    for (int i = 0; i < 5; i++) {
        put(change(&boot_1, i + 1, PRESENCE_HELLO, T + i * 10000), 0);
        put(change(&boot_1, i + 1, PRESENCE_LAST_WILL, T + i * 10000 + 5000), 0);
    }
    struct presence_row rows[11];
    struct presence_filter all = {.device_id = pg_device_a};
    int32_t n;
    cr_assert_eq(presence_list(DB, &pg_scope_all, &all, 11, rows, &n), ERR_OK);
    cr_assert_eq(n, 10);
    for (int32_t i = 0; i < n; i++) cr_expect_eq(rows[i].n, 10 - i);
    cr_expect(!rows[0].connected && rows[0].why == PRESENCE_LAST_WILL && rows[0].epoch == 5);
    all.before = rows[3].n;
    cr_assert_eq(presence_list(DB, &pg_scope_all, &all, 2, rows, &n), ERR_OK);
    cr_expect(n == 2 && rows[0].n == 6 && rows[1].n == 5);
    struct presence_filter some = {.device_id = pg_device_a, .from = T + 5000, .to = T + 15000};
    cr_assert_eq(presence_list(DB, &pg_scope_all, &some, 11, rows, &n), ERR_OK);
    cr_expect(n == 2 && rows[0].at == T + 10000 && rows[1].at == T + 5000);
    struct scope other = pg_scope_of(&pg_site_b);
    all.before = 0;
    cr_assert_eq(presence_list(DB, &other, &all, 11, rows, &n), ERR_OK);
    cr_expect_eq(n, 0);
}

Test(presence_history, the_watch_only_goes_forward) {
    int64_t until = 1;
    cr_assert_eq(presence_watched(DB, &until), ERR_OK);
    cr_expect_eq(until, 0);
    cr_assert_eq(presence_watch(DB, T), ERR_OK);
    cr_assert_eq(presence_watch(DB, T - 5000), ERR_OK);
    cr_assert_eq(presence_watched(DB, &until), ERR_OK);
    cr_expect_eq(until, T);
}
