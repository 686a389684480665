#include <criterion/criterion.h>
#include <string.h>

#include "device-agent/journal/spool.h"
#include "device-agent/journal/sql.h"
#include "io_fixture.h"

TestSuite(spool, .init = io_begin, .fini = io_end);

#define DEVICE 1
#define BOOT 100          /* the first boot; the next is one more */
#define SMALL (256 << 10) /* bytes: some 5000 samples of one size */

static struct spool *open_spool(void) {
    char error[256] = "";
    struct spool *s = spool_open(io_path, SMALL, error);
    cr_assert(s, "%s", error);
    return s;
}

static struct spool_device *boot(struct spool *s, uint32_t device, uint32_t boot_n) {
    struct uuid id = io_id(device), boot_id = io_id(boot_n);
    struct spool_device *d = spool_device(s, &id, &boot_id);
    cr_assert(d);
    return d;
}

static bool add(struct spool *s, struct spool_device *d, int64_t n, uint32_t session) {
    struct uuid id = session ? io_id(session) : (struct uuid){0};
    struct message_sample sample = {.at = 1790000000000 + n,
                                    .step = (int32_t)n % 9,
                                    .elapsed_ms = (int32_t)n * 10,
                                    .water_mdegc = INT32_MIN,
                                    .target_mdegc = 38000,
                                    .level_permille = -1,
                                    .current_ma = 17,
                                    .heater_permille = 500,
                                    .intensity = 60};
    return spool_add(s, d, n, &id, session != 0, &sample);
}

static void add_many(struct spool *s, struct spool_device *d, int64_t first, int64_t last) {
    cr_assert(spool_begin(s));
    for (int64_t n = first; n <= last; n++) cr_assert(add(s, d, n, 0));
    cr_assert(spool_commit(s));
}

static bool read_from(struct spool *s, struct spool_device *d, uint32_t boot_n, int64_t from, int32_t most,
                      struct message_telemetry *ret) {
    struct uuid id = io_id(boot_n);
    return spool_read(s, d, &id, from, most, ret);
}

static void assert_head(struct spool *s, struct spool_device *d, uint32_t boot_n, int64_t committed,
                        int64_t last) {
    struct uuid id, want = io_id(boot_n);
    int64_t c, l;
    cr_assert(spool_head(s, d, &id, &c, &l));
    cr_assert(uuid_equal(&id, &want));
    cr_assert(c == committed && l == last, "committed %ld last %ld", (long)c, (long)l);
}

static void release(struct spool *s, struct spool_device *d, uint32_t boot_n, int64_t n, bool forget) {
    struct uuid id = io_id(boot_n);
    cr_assert(spool_release(s, d, &id, n, forget));
}

Test(spool, gives_samples_back_as_they_were_put) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    struct message_telemetry m;
    struct uuid session = io_id(7);
    cr_assert(spool_begin(s) && add(s, d, 1, 7) && add(s, d, 2, 7) && spool_commit(s));
    cr_assert(read_from(s, d, BOOT, 1, 50, &m));
    cr_assert(m.n == 1 && m.lost == 0 && m.n_samples == 2 && uuid_equal(&m.session_id, &session));
    const struct message_sample *x = &m.samples[1];
    cr_assert(x->at == 1790000000002 && x->step == 2 && x->elapsed_ms == 20 && x->water_mdegc == INT32_MIN);
    cr_assert(x->target_mdegc == 38000 && x->level_permille == -1 && x->current_ma == 17);
    cr_assert(x->heater_permille == 500 && x->intensity == 60);
    spool_close(s);
}

Test(spool, one_message_is_of_one_session_and_has_no_gap) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    struct message_telemetry m;
    cr_assert(spool_begin(s));
    cr_assert(add(s, d, 1, 0) && add(s, d, 2, 0) && add(s, d, 3, 7) && add(s, d, 4, 7) && add(s, d, 7, 7));
    cr_assert(spool_commit(s));
    cr_assert(read_from(s, d, BOOT, 1, 50, &m) && m.n == 1 && m.n_samples == 2 &&
              uuid_is_zero(&m.session_id));
    cr_assert(read_from(s, d, BOOT, 3, 50, &m) && m.n == 3 && m.n_samples == 2 && m.lost == 0);
    cr_assert(read_from(s, d, BOOT, 5, 50, &m) && m.n == 7 && m.n_samples == 1);
    cr_assert(m.lost == 2, "5 and 6 were never stored: %ld", (long)m.lost);
    cr_assert_not(read_from(s, d, BOOT, 8, 50, &m));
    spool_close(s);
}

Test(spool, gives_no_more_than_is_asked_for_or_fits_a_message) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    struct message_telemetry m;
    add_many(s, d, 1, 80);
    cr_assert(read_from(s, d, BOOT, 1, 3, &m) && m.n_samples == 3);
    cr_assert(read_from(s, d, BOOT, 1, 80, &m) && m.n_samples == PROTO_SAMPLES_MAX);
    spool_close(s);
}

Test(spool, the_oldest_boot_comes_first_and_is_gone_when_forgotten) {
    for (uint32_t i = 0; i < 3; i++) {
        struct spool *s = open_spool();
        add_many(s, boot(s, DEVICE, BOOT + i), 1, 10 + i);
        spool_close(s);
    }
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT + 3);
    assert_head(s, d, BOOT, 0, 10);
    release(s, d, BOOT, 4, false);
    assert_head(s, d, BOOT, 4, 10);
    release(s, d, BOOT, 10, true);
    assert_head(s, d, BOOT + 1, 0, 11);
    release(s, d, BOOT + 1, 11, true);
    release(s, d, BOOT + 2, 12, true);
    assert_head(s, d, BOOT + 3, 0, 0);
    release(s, d, BOOT + 3, 0, true);
    assert_head(s, d, BOOT + 3, 0, 0); /* the present boot is never forgotten */
    spool_close(s);
}

Test(spool, boots_without_samples_do_not_pile_up) {
    for (uint32_t i = 0; i < 5; i++) {
        struct spool *s = open_spool();
        boot(s, DEVICE, BOOT + i);
        spool_close(s);
    }
    struct spool *s = open_spool();
    assert_head(s, boot(s, DEVICE, BOOT + 9), BOOT + 9, 0, 0);
    spool_close(s);
}

Test(spool, devices_do_not_see_each_other) {
    struct spool *s = open_spool();
    struct spool_device *one = boot(s, 1, BOOT), *two = boot(s, 2, BOOT + 1);
    struct message_telemetry m;
    add_many(s, one, 1, 5);
    assert_head(s, two, BOOT + 1, 0, 0);
    cr_assert_not(read_from(s, two, BOOT, 1, 50, &m));
    cr_assert_not(read_from(s, two, BOOT + 1, 1, 50, &m));
    spool_close(s);
}

Test(spool, a_full_disk_makes_the_commit_fail_and_the_gap_is_told) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    struct message_telemetry m;
    add_many(s, d, 1, 10);
    io_disk_full(true);
    bool ok = spool_begin(s);
    for (int64_t n = 11; ok && n <= 200; n++) ok = add(s, d, n, 0);
    ok = ok && spool_commit(s);
    cr_assert_not(ok);
    spool_rollback(s);
    io_disk_full(false);
    assert_head(s, d, BOOT, 0, 10);
    add_many(s, d, 201, 210);
    cr_assert(read_from(s, d, BOOT, 11, 50, &m) && m.n == 201 && m.lost == 190 && m.n_samples == 10);
    spool_close(s);
}

static void die_in_the_middle(void) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    add_many(s, d, 1, 10);
    cr_assert(spool_begin(s) && add(s, d, 11, 0) && add(s, d, 12, 0));
}

Test(spool, kill_9_keeps_what_was_committed_and_nothing_else) {
    io_kill9_after(die_in_the_middle);
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT + 1);
    struct message_telemetry m;
    assert_head(s, d, BOOT, 0, 10);
    cr_assert(read_from(s, d, BOOT, 1, 50, &m) && m.n_samples == 10 && m.lost == 0);
    spool_close(s);
}

Test(spool, the_watermark_never_goes_back) {
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT);
    add_many(s, d, 1, 10);
    release(s, d, BOOT, 8, false);
    release(s, d, BOOT, 3, false);
    assert_head(s, d, BOOT, 8, 10);
    release(s, d, BOOT, 10, false);
    assert_head(s, d, BOOT, 10, 10);
    spool_close(s);
}

Test(spool, a_file_of_an_older_agent_is_taken_with_its_samples) {
    static const char old[] =
        "CREATE TABLE boot (num INTEGER PRIMARY KEY AUTOINCREMENT, device BLOB NOT NULL, boot_id BLOB NOT "
        "NULL,"
        " committed INTEGER NOT NULL DEFAULT 0, UNIQUE (device, boot_id));"
        "CREATE TABLE sample (boot INTEGER, n INTEGER, session_id BLOB, at INTEGER, step INTEGER, elapsed_ms "
        "INTEGER,"
        " water_mdegc INTEGER, target_mdegc INTEGER, level_permille INTEGER, current_ma INTEGER, "
        "heater_permille"
        " INTEGER, intensity INTEGER, PRIMARY KEY (boot, n)) WITHOUT ROWID;"
        "INSERT INTO boot VALUES (1, x'01020304050670008000000001000000', "
        "x'01020304050670008000000064000000', 4);"
        "INSERT INTO sample VALUES (1, 5, NULL, 1790000000005, -1, 0, 38000, 0, 900, 17, 0, 0);";
    sqlite3 *db;
    struct message_telemetry m;
    cr_assert(sqlite3_open(io_path, &db) == SQLITE_OK);
    cr_assert(sqlite3_exec(db, old, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    struct spool *s = open_spool();
    struct spool_device *d = boot(s, DEVICE, BOOT + 1);
    add_many(s, d, 1, 10);
    assert_head(s, d, BOOT, 4, 5);
    cr_assert(read_from(s, d, BOOT, 5, 50, &m) && m.n_samples == 1 && m.samples[0].water_mdegc == 38000);
    spool_close(s);
}
