/* Which samples are taken: rows of what is there, what comes, and what follows. */
#include <criterion/criterion.h>

#include "base/auto.h"
#include "server/fleet/watermark.h"

static const struct {
    const char *what;
    int64_t upto, n, lost;
    int32_t count;
    enum watermark_verdict verdict;
    int32_t skip;
    int64_t newly_lost, next;
} rows[] = {
    {"the very first sample", 0, 1, 0, 1, WATERMARK_TAKE, 0, 0, 1},
    {"the next sample", 7, 8, 0, 1, WATERMARK_TAKE, 0, 0, 8},
    {"the next batch", 7, 8, 0, 50, WATERMARK_TAKE, 0, 0, 57},
    {"one sample again", 7, 7, 0, 1, WATERMARK_DUPLICATE, 0, 0, 7},
    {"a whole batch again", 60, 11, 0, 50, WATERMARK_DUPLICATE, 0, 0, 60},
    {"a batch of which half is there", 30, 11, 0, 50, WATERMARK_TAKE, 20, 0, 60},
    {"a batch of which all but the last are there", 59, 11, 0, 50, WATERMARK_TAKE, 49, 0, 60},
    {"one sample is missing", 7, 9, 0, 1, WATERMARK_GAP, 0, 0, 7},
    {"the first of a boot is missing", 0, 2, 0, 5, WATERMARK_GAP, 0, 0, 0},
    {"the device gave up what is missing", 7, 12, 4, 3, WATERMARK_TAKE, 0, 4, 14},
    {"it gave up less than is missing", 7, 12, 3, 3, WATERMARK_GAP, 0, 0, 7},
    {"it gave up some that are there already", 10, 12, 4, 1, WATERMARK_TAKE, 0, 1, 12},
    {"it gave up only what is there already", 11, 12, 4, 1, WATERMARK_TAKE, 0, 0, 12},
    {"it gave up from the beginning on", 0, 101, 100, 1, WATERMARK_TAKE, 0, 100, 101},
    {"given up and sent again in part", 12, 12, 4, 3, WATERMARK_TAKE, 1, 0, 14},
};

Test(watermark, exactly_what_follows_is_taken) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct watermark_judgement j = watermark_judge(rows[i].upto, rows[i].n, rows[i].lost, rows[i].count);
        cr_expect_eq(j.verdict, rows[i].verdict, "%s: verdict", rows[i].what);
        cr_expect_eq(j.skip, rows[i].skip, "%s: skip", rows[i].what);
        cr_expect_eq(j.lost, rows[i].newly_lost, "%s: lost", rows[i].what);
        cr_expect_eq(j.next_upto, rows[i].next, "%s: next", rows[i].what);
    }
}

/* Whatever comes in whatever order, every number is settled exactly once. */
Test(watermark, every_sample_is_settled_once_in_any_order_of_arrival) {
    unsigned dice = 12345;
    for (int run = 0; run < 200; run++) {
        int64_t upto = 0, stored = 0, lost = 0;
        for (int step = 0; step < 500; step++) {
            dice = dice * 1103515245u + 12345u;
            int64_t n = upto - 30 + (dice >> 16) % 60;
            int32_t count = 1 + (int32_t)((dice >> 8) % 50);
            int64_t gone = (dice >> 4) % 4 == 0 ? (dice >> 20) % 20 : 0;
            if (n < 1) n = 1;
            if (gone >= n) gone = n - 1;
            struct watermark_judgement j = watermark_judge(upto, n, gone, count);
            if (j.verdict != WATERMARK_TAKE) {
                cr_assert_eq(j.next_upto, upto);
                continue;
            }
            cr_assert(j.next_upto > upto);
            stored += count - j.skip;
            lost += j.lost;
            upto = j.next_upto;
            cr_assert_eq(stored + lost, upto);
        }
    }
}

Test(watermark, the_cache_keeps_boots_of_a_device_apart_and_can_be_emptied) {
    struct watermarks *w = watermarks_new();
    struct uuid device = uuid_new(), a = uuid_new(), b = uuid_new();
    watermarks_get(w, &device, &a)->committed = 5;
    watermarks_get(w, &device, &b)->committed = 9;
    cr_assert_eq(watermarks_get(w, &device, &a)->committed, 5);
    watermarks_forget(w, &device, &a);
    cr_assert(!watermarks_get(w, &device, &a)->loaded);
    cr_assert_eq(watermarks_get(w, &device, &a)->committed, 0);
    cr_assert_eq(watermarks_get(w, &device, &b)->committed, 9);
    watermarks_trim(w, 2);
    cr_assert_eq(watermarks_get(w, &device, &b)->committed, 9, "not above the limit");
    watermarks_trim(w, 1);
    cr_assert_eq(watermarks_get(w, &device, &b)->committed, 0);
    watermarks_free(w);
}
