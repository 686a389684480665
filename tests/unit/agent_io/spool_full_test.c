/* What a full spool gives up, in which order, and that it says so. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "device-agent/journal/spool.h"
#include "io_fixture.h"

TestSuite(spool_full, .init = io_begin, .fini = io_end);

#define SMALL (256 << 10)
#define LOG_MAX (2 << 20)
#define NUMBERS 40000

struct seen { /* what the server makes of all that a boot sends: taken, or told to be lost */
    int64_t upto, taken, lost, at_rest, in_session;
    bool has[NUMBERS + 1];
};

static struct spool *open_spool(int64_t bytes) {
    char error[256] = "";
    struct spool *s = spool_open(io_path, bytes, error);
    cr_assert(s, "%s", error);
    return s;
}

static struct spool_device *boot(struct spool *s, uint32_t device, uint32_t boot_n) {
    struct uuid id = io_id(device), boot_id = io_id(boot_n);
    struct spool_device *d = spool_device(s, &id, &boot_id);
    cr_assert(d);
    return d;
}

static void add_range(struct spool *s, struct spool_device *d, int64_t first, int64_t last, uint32_t session,
                      bool fault) {
    struct uuid id = session ? io_id(session) : (struct uuid){0};
    cr_assert(spool_begin(s));
    for (int64_t n = first; n <= last; n++) {
        struct message_sample sample = {
            .at = 1790000000000 + n, .water_mdegc = 38000, .level_permille = 900, .current_ma = 17};
        cr_assert(spool_add(s, d, n, &id, fault || session, &sample));
    }
    cr_assert(spool_commit(s));
}

/* The server's rule: a message is taken when n - lost follows its watermark. */
static void read_all(struct spool *s, struct spool_device *d, uint32_t boot_n, struct seen *ret) {
    struct uuid id = io_id(boot_n);
    struct message_telemetry m;
    memset(ret, 0, sizeof *ret);
    while (spool_read(s, d, &id, ret->upto + 1, 50, &m)) {
        cr_assert_eq(m.n - m.lost, ret->upto + 1, "a gap that is not told");
        ret->lost += m.lost;
        ret->taken += m.n_samples;
        *(uuid_is_zero(&m.session_id) ? &ret->at_rest : &ret->in_session) += m.n_samples;
        for (int32_t i = 0; i < m.n_samples; i++) {
            cr_assert_eq(m.samples[i].at, 1790000000000 + m.n + i);
            ret->has[m.n + i] = true;
        }
        ret->upto = m.n + m.n_samples - 1;
    }
}

static struct seen seen; /* large */

Test(spool_full, the_file_never_grows_beyond_its_bound) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 100);
    struct spool_stats stats;
    struct stat file;
    for (int64_t n = 1; n <= 20000; n += 100) {
        add_range(s, d, n, n + 99, n % 300 == 1 ? 7 : 0, false);
        spool_stats(s, &stats);
        cr_assert(stats.bytes <= SMALL + 64 * 1024, "%ld", (long)stats.bytes);
    }
    char log[80];
    snprintf(log, sizeof log, "%s-wal", io_path);
    cr_assert(stat(log, &file) == 0 && file.st_size <= LOG_MAX, "log %ld", (long)file.st_size);
    spool_close(s);
    cr_assert(stat(io_path, &file) == 0 && file.st_size <= SMALL + 64 * 1024, "%ld", (long)file.st_size);
}

Test(spool_full, of_the_samples_at_rest_every_tenth_stays_first_and_those_of_sessions_all) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 100);
    add_range(s, d, 1, 1000, 0, false);
    add_range(s, d, 1001, 1500, 7, false);
    add_range(s, d, 1501, 8000, 0, false);
    read_all(s, d, 100, &seen);
    cr_assert_eq(seen.upto, 8000);
    cr_assert_eq(seen.in_session, 500, "a session's sample went while others were there");
    cr_assert(seen.lost > 0 && seen.taken + seen.lost == 8000, "%ld + %ld", (long)seen.taken,
              (long)seen.lost);
    for (int64_t n = 10; n <= 8000; n += 10) cr_assert(seen.has[n], "%ld", (long)n);
    cr_assert(!seen.has[1] && seen.has[7999], "the oldest are thinned out first");
    spool_close(s);
}

Test(spool_full, samples_of_a_fault_are_kept_like_those_of_a_session) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 100);
    add_range(s, d, 1, 100, 0, true);
    add_range(s, d, 101, 30000, 0, false);
    read_all(s, d, 100, &seen);
    for (int64_t n = 1; n <= 100; n++) cr_assert(seen.has[n], "%ld", (long)n);
    cr_assert_eq(seen.taken + seen.lost, 30000);
    for (int64_t n = 200; n <= 30000; n += 100) cr_assert(seen.has[n], "every hundredth stays: %ld", (long)n);
    spool_close(s);
}

Test(spool_full, nothing_at_rest_is_left_before_the_oldest_of_a_session_goes) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 100);
    add_range(s, d, 1, 1000, 0, false);
    add_range(s, d, 1001, 9000, 7, false);
    read_all(s, d, 100, &seen);
    cr_assert_eq(seen.at_rest, 0);
    cr_assert(seen.in_session > 1500 && !seen.has[1001] && seen.has[8000] && seen.has[9000]);
    cr_assert_eq(seen.taken + seen.lost, 9000);
    spool_close(s);
}

Test(spool_full, the_newest_sample_of_an_old_boot_stays_to_tell_of_the_others) {
    for (uint32_t i = 0; i < 5; i++) {
        struct spool *s = open_spool(SMALL);
        add_range(s, boot(s, 1, 100 + i), 1, 777, 0, false);
        spool_close(s);
    }
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 200);
    add_range(s, d, 1, 9000, 7, false);
    for (uint32_t i = 0; i < 5; i++) {
        read_all(s, d, 100 + i, &seen);
        cr_assert(seen.upto == 777 && seen.taken == 1 && seen.lost == 776, "%ld", (long)seen.lost);
    }
    spool_close(s);
}

Test(spool_full, a_boot_without_a_sample_left_is_finished) {
    struct uuid id, want = io_id(200);
    int64_t committed, last;
    for (uint32_t i = 0; i < 60; i++) {
        struct spool *s = open_spool(SMALL);
        add_range(s, boot(s, 1, 100 + i), 1, 3, 7, false);
        spool_close(s);
    }
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 200);
    add_range(s, d, 1, 9000, 7, false);
    for (int i = 0; i < 61 && spool_head(s, d, &id, &committed, &last) && !uuid_equal(&id, &want); i++)
        cr_assert(spool_release(s, d, &id, last, true));
    cr_assert(uuid_equal(&id, &want) && last == 9000);
    spool_close(s);
}

Test(spool_full, of_many_devices_the_fullest_gives_up) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *few = boot(s, 1, 100), *many = boot(s, 2, 200);
    add_range(s, few, 1, 100, 0, false);
    add_range(s, many, 1, 9000, 0, false);
    read_all(s, few, 100, &seen);
    cr_assert(seen.taken == 100 && seen.lost == 0);
    read_all(s, many, 200, &seen);
    cr_assert(seen.lost > 0 && seen.taken + seen.lost == 9000);
    spool_close(s);
}

Test(spool_full, what_a_rollback_takes_back_was_not_given_up) {
    struct spool *s = open_spool(SMALL);
    struct spool_device *d = boot(s, 1, 100);
    struct spool_stats before, after;
    add_range(s, d, 1, 2000, 0, false);
    spool_stats(s, &before);
    struct uuid none = {0};
    struct message_sample sample = {.at = 1};
    cr_assert(spool_begin(s));
    for (int64_t n = 2001; n <= 6000; n++) cr_assert(spool_add(s, d, n, &none, false, &sample));
    spool_rollback(s);
    spool_stats(s, &after);
    cr_assert(after.samples == before.samples && after.given_up == before.given_up);
    read_all(s, d, 100, &seen);
    cr_assert(seen.taken == 2000 && seen.lost == 0);
    spool_close(s);
}
