/* Telemetry: each sample in once, with its watermark; out in order, raw and in buckets. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "pg_fixture.h"
#include "server/store/housekeeping_store.h"
#include "server/store/telemetry_store.h"

TestSuite(telemetry, .init = pg_fixture_setup, .fini = pg_fixture_teardown);

#define DAY_MS INT64_C(86400000)
static const struct uuid boot = {{0xb0, [15] = 1}};

static struct telemetry_sample sample_of(const struct uuid *device, int64_t n, int64_t at, int32_t mark) {
    return (struct telemetry_sample){.device_id = *device,
                                     .boot_id = boot,
                                     .n = n,
                                     .at = at,
                                     .step = 2,
                                     .elapsed_ms = (int32_t)(n * 1000),
                                     .water_mdegc = 38000 + (int32_t)n,
                                     .target_mdegc = 38500,
                                     .level_permille = 900,
                                     .current_ma = (int32_t)n,
                                     .heater_permille = 500,
                                     .intensity = 100,
                                     .mark = mark};
}

static struct telemetry_mark mark_of(const struct uuid *device, int64_t expected, int64_t n, int64_t lost) {
    return (struct telemetry_mark){
        .device_id = *device, .boot_id = boot, .expected = expected, .n = n, .lost = lost};
}

/* Samples first..last of device A, one a second from `at` on. */
static bool commit(int64_t expected, int64_t first, int64_t last, int64_t at) {
    static struct telemetry_sample samples[20000];
    struct telemetry_mark mark = mark_of(&pg_device_a, expected, last, first - 1 - expected);
    int32_t stray, n = 0;
    for (int64_t i = first; i <= last; i++)
        samples[n++] = sample_of(&pg_device_a, i, at + (i - first) * 1000, 0);
    enum err err = telemetry_commit(pg_fixture_db(), &mark, 1, samples, n, &stray);
    cr_assert_eq(err, ERR_OK, "%s", db_last_error(pg_fixture_db()));
    cr_assert_eq(stray, 0);
    return mark.accepted;
}

static int64_t stored(void) { return pg_int("SELECT count(*) FROM telemetry"); }

static int64_t watermark(int64_t *lost) {
    int64_t committed;
    enum err err = telemetry_watermark(pg_fixture_db(), &pg_device_a, &boot, &committed, lost);
    cr_assert_eq(err, ERR_OK);
    return committed;
}

Test(telemetry, a_boot_begins_at_zero_and_an_unknown_device_has_none) {
    int64_t lost, n;
    struct uuid none = uuid_new();
    cr_assert_eq(watermark(&lost), 0);
    cr_assert_eq(watermark(&lost), 0);
    cr_assert_eq(lost, 0);
    cr_assert_eq(telemetry_watermark(pg_fixture_db(), &none, &boot, &n, &lost), ERR_NOT_FOUND);
}

Test(telemetry, samples_are_stored_with_their_watermark_and_not_twice) {
    int64_t lost, now = clock_wall_ms();
    cr_assert(commit(0, 1, 50, now));
    cr_assert_eq(watermark(&lost), 50);
    cr_assert_not(commit(0, 1, 50, now), "the same again");
    cr_assert_not(commit(60, 61, 70, now), "a gap");
    cr_assert_not(commit(40, 41, 60, now), "an overlap");
    cr_assert_eq(stored(), 50);
    cr_assert(commit(50, 51, 60, now));
    cr_assert_eq(watermark(&lost), 60);
    cr_assert_eq(stored(), 60);
    cr_assert_eq(pg_int("SELECT count(DISTINCT n) FROM telemetry"), 60);
}

Test(telemetry, what_a_device_gave_up_is_counted) {
    int64_t lost, now = clock_wall_ms();
    cr_assert(commit(0, 1, 10, now));
    cr_assert(commit(10, 16, 20, now));
    cr_assert_eq(watermark(&lost), 20);
    cr_assert_eq(lost, 5);
    cr_assert_eq(stored(), 15);
}

Test(telemetry, one_batch_holds_many_devices_and_each_stands_for_itself) {
    int64_t now = clock_wall_ms();
    int32_t stray;
    struct uuid none = uuid_new();
    cr_assert(commit(0, 1, 5, now));
    struct telemetry_mark marks[] = {mark_of(&pg_device_b, 0, 2, 0), mark_of(&none, 0, 1, 0),
                                     mark_of(&pg_device_a, 3, 4, 0)};
    struct telemetry_sample samples[] = {sample_of(&pg_device_b, 1, now, 0), sample_of(&none, 1, now, 1),
                                         sample_of(&pg_device_a, 4, now, 2),
                                         sample_of(&pg_device_b, 2, now, 0)};
    cr_assert_eq(telemetry_commit(pg_fixture_db(), marks, 3, samples, 4, &stray), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    cr_assert(marks[0].accepted);
    cr_assert_eq(marks[0].committed, 2);
    cr_assert_not(marks[1].accepted);
    cr_assert_eq(marks[1].committed, -1);
    cr_assert_not(marks[2].accepted);
    cr_assert_eq(marks[2].committed, 5, "tells where to go on");
    cr_assert_eq(stored(), 7);
}

Test(telemetry, every_value_arrives_as_it_was_and_the_unknown_as_unknown) {
    int64_t now = 1800000000123; /* in milliseconds, 2027 */
    int32_t made, stray, n;
    struct uuid session = uuid_new();
    cr_assert_eq(housekeeping_partitions(pg_fixture_db(), now, &made), ERR_OK);
    struct telemetry_sample s[2] = {sample_of(&pg_device_a, 1, now, 0),
                                    sample_of(&pg_device_a, 2, now + 1000, 0)};
    s[0].session_id = session;
    s[1].water_mdegc = INT32_MIN;
    s[1].level_permille = -1;
    struct telemetry_mark mark = mark_of(&pg_device_a, 0, 2, 0);
    cr_assert_eq(telemetry_commit(pg_fixture_db(), &mark, 1, s, 2, &stray), ERR_OK);
    struct telemetry_query q = {.device_id = pg_device_a, .from = now - 10, .to = now + 5000, .limit = 10};
    struct telemetry_point p[10];
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    cr_assert_eq(n, 2);
    cr_assert_eq(p[0].at, now);
    cr_assert_eq(p[0].n, 1);
    cr_assert(uuid_equal(&p[0].session_id, &session));
    cr_assert_eq(p[0].step, 2);
    cr_assert_eq(p[0].elapsed_ms, 1000);
    cr_assert_eq(p[0].water_mdegc, 38001);
    cr_assert_eq(p[0].target_mdegc, 38500);
    cr_assert_eq(p[0].level_permille, 900);
    cr_assert_eq(p[0].current_ma, 1);
    cr_assert_eq(p[0].heater_permille, 500);
    cr_assert_eq(p[0].intensity, 100);
    cr_assert_eq(p[1].water_mdegc, INT32_MIN);
    cr_assert_eq(p[1].level_permille, -1);
    cr_assert(uuid_is_zero(&p[1].session_id));
    q.session_id = session;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
    cr_assert_eq(n, 1);
}

Test(telemetry, a_sample_out_of_all_time_is_kept_apart_and_counted) {
    int64_t lost, now = clock_wall_ms();
    int32_t stray;
    struct telemetry_mark mark = mark_of(&pg_device_a, 0, 3, 0);
    struct telemetry_sample s[] = {sample_of(&pg_device_a, 1, 5, 0), sample_of(&pg_device_a, 2, now, 0),
                                   sample_of(&pg_device_a, 3, now + 400 * DAY_MS, 0)};
    cr_assert_eq(telemetry_commit(pg_fixture_db(), &mark, 1, s, 3, &stray), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    cr_assert(mark.accepted);
    cr_assert_eq(stray, 2);
    cr_assert_eq(stored(), 1);
    cr_assert_eq(pg_int("SELECT count(*) FROM telemetry_stray"), 2);
    cr_assert_eq(watermark(&lost), 3);
}

Test(telemetry, a_batch_that_fails_moves_no_watermark) {
    int64_t lost, now = clock_wall_ms();
    int32_t stray;
    cr_assert(commit(0, 1, 5, now));
    pg_sql("ALTER TABLE telemetry ADD CONSTRAINT break CHECK (n < 8)");
    struct telemetry_mark mark = mark_of(&pg_device_a, 5, 9, 0);
    struct telemetry_sample s[4];
    for (int i = 0; i < 4; i++) s[i] = sample_of(&pg_device_a, 6 + i, now, 0);
    cr_assert_neq(telemetry_commit(pg_fixture_db(), &mark, 1, s, 4, &stray), ERR_OK);
    cr_assert_eq(stored(), 5);
    cr_assert_eq(watermark(&lost), 5);
    pg_sql("ALTER TABLE telemetry DROP CONSTRAINT break");
    cr_assert_eq(telemetry_commit(pg_fixture_db(), &mark, 1, s, 4, &stray), ERR_OK);
    cr_assert_eq(stored(), 9);
}

Test(telemetry, a_large_batch_takes_few_round_trips) {
    struct db *db = pg_fixture_db();
    int64_t lost, at = clock_wall_ms() - 20000000;
    (void)watermark(&lost);
    int64_t before = db_round_trips(db);
    cr_assert(commit(0, 1, 20000, at));
    cr_assert_leq(db_round_trips(db) - before, 4);
    cr_assert_eq(stored(), 20000);
}

/* ---- out ---- */

Test(telemetry, buckets_have_average_least_and_most) {
    int64_t at = clock_wall_ms() / 60000 * 60000 - 600000;
    cr_assert(commit(0, 1, 120, at));
    struct telemetry_query q = {
        .device_id = pg_device_a, .from = at, .to = at + 120000, .resolution_ms = 60000, .limit = 100};
    struct telemetry_point p[100];
    int32_t n;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK, "%s",
                 db_last_error(pg_fixture_db()));
    cr_assert_eq(n, 2);
    cr_assert_eq(p[0].at, at);
    cr_assert_eq(p[1].at, at + 60000);
    cr_assert_eq(p[1].n_samples, 60);
    cr_assert_eq(p[1].n, 120, "the last of the bucket");
    cr_assert_eq(p[1].water_min_mdegc, 38061);
    cr_assert_eq(p[1].water_max_mdegc, 38120);
    cr_assert(p[1].water_mdegc == 38090 || p[1].water_mdegc == 38091);
    cr_assert_eq(p[1].current_max_ma, 120);
    cr_assert_eq(p[1].elapsed_ms, 120000);
}

Test(telemetry, a_range_is_read_in_pieces_without_loss) {
    int64_t at = clock_wall_ms() - 600000, last = 0;
    cr_assert(commit(0, 1, 100, at));
    struct telemetry_query q = {.device_id = pg_device_a, .from = at, .to = at + 100000, .limit = 7};
    struct telemetry_point p[7];
    int32_t n, seen = 0;
    do {
        cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
        for (int32_t i = 0; i < n; i++, seen++) {
            cr_assert_eq(p[i].n, last + 1);
            last = p[i].n;
        }
        if (n > 0) q.from = p[n - 1].at + 1;
    } while (n == 7);
    cr_assert_eq(seen, 100);
}

Test(telemetry, no_samples_is_an_empty_answer_and_no_device_is_none) {
    struct telemetry_query q = {.device_id = pg_device_a, .to = clock_wall_ms(), .limit = 10};
    struct telemetry_point p[10];
    int32_t n = -1;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
    cr_assert_eq(n, 0);
    q.resolution_ms = 60000;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
    cr_assert_eq(n, 0);
    q.device_id = uuid_new();
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_NOT_FOUND);
}

/* ---- partitions ---- */

static int64_t days(void) {
    int64_t listed = pg_int("SELECT count(*) FROM telemetry_partition");
    cr_assert_eq(pg_int("SELECT count(*) FROM pg_inherits WHERE inhparent = 'telemetry'::regclass"), listed);
    return listed;
}

Test(telemetry, partitions_are_made_ahead_and_dropped_by_age) {
    struct db *db = pg_fixture_db();
    int64_t now = clock_wall_ms();
    int32_t n;
    int64_t before = days();
    cr_assert_eq(before, TELEMETRY_DAYS_BACK + 1 + TELEMETRY_DAYS_AHEAD);
    cr_assert_eq(housekeeping_partitions(db, now, &n), ERR_OK);
    cr_assert_eq(n, 0, "they are there already");
    cr_assert_eq(housekeeping_partitions(db, now + 2 * DAY_MS, &n), ERR_OK);
    cr_assert_eq(n, 2);
    cr_assert_eq(housekeeping_partitions(db, now + 20 * DAY_MS, &n), ERR_OK);
    cr_assert_eq(days(), before + 20, "no hole after a long sleep");
    cr_assert_eq(housekeeping_retention(db, now + 20 * DAY_MS, 10, &n), ERR_OK);
    cr_assert_eq(n, TELEMETRY_DAYS_BACK + 10);
    cr_assert_eq(housekeeping_partitions(db, now + 20 * DAY_MS, &n), ERR_OK);
    cr_assert_eq(n, 0, "what was dropped does not come again");
}

Test(telemetry, a_time_range_spans_days) {
    int64_t now = clock_wall_ms();
    cr_assert(commit(0, 1, 10, now - 2 * DAY_MS));
    struct telemetry_query q = {.device_id = pg_device_a, .from = now - DAY_MS, .to = now, .limit = 10};
    struct telemetry_point p[10];
    int32_t n;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
    cr_assert_eq(n, 0);
    q.from = now - 3 * DAY_MS;
    cr_assert_eq(telemetry_read(pg_fixture_db(), &pg_scope_all, &q, p, &n), ERR_OK);
    cr_assert_eq(n, 10);
}
