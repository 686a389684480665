#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/uuid.h"

Test(uuid, later_ones_sort_later_and_carry_version_and_time) {
    struct uuid before = uuid_new();
    for (int i = 0; i < 20000; i++) {
        struct uuid id = uuid_new();
        cr_assert_gt(memcmp(id.b, before.b, 16), 0);
        cr_assert_eq(id.b[6] >> 4, 7);
        cr_assert_eq(id.b[8] >> 6, 2);
        before = id;
    }
    int64_t ms = 0;
    for (int i = 0; i < 6; i++) ms = ms << 8 | before.b[i];
    cr_expect_leq(llabs(clock_wall_ms() - ms), 60000);
}

enum { THREADS = 4, EACH = 5000 };

static void *make_many(void *out) {
    struct uuid *ids = out;
    for (int i = 0; i < EACH; i++) ids[i] = uuid_new();
    return NULL;
}

static int compare(const void *a, const void *b) { return memcmp(a, b, 16); }

Test(uuid, threads_never_make_the_same_one) {
    struct uuid *ids = xcalloc(THREADS * EACH, sizeof *ids);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, make_many, ids + i * EACH);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    qsort(ids, THREADS * EACH, sizeof *ids, compare);
    for (int i = 1; i < THREADS * EACH; i++) cr_assert_not(uuid_equal(&ids[i - 1], &ids[i]));
    free(ids);
}

Test(uuid, text_comes_back_in_lower_case) {
    static const char text[] = "01A1FC3A-4d62-7000-AE8E-531fa17d6051";
    struct uuid id;
    char again[UUID_TEXT_LEN + 1];
    cr_assert(uuid_parse(text, UUID_TEXT_LEN, &id));
    uuid_format(&id, again);
    cr_expect_str_eq(again, "01a1fc3a-4d62-7000-ae8e-531fa17d6051");
}

Test(uuid, text_of_another_form_is_refused_and_changes_nothing) {
    static const char *const rows[] = {"",
                                       "01a1fc3a-4d62-7000-ae8e-531fa17d605",
                                       "01a1fc3a-4d62-7000-ae8e-531fa17d60511",
                                       "01a1fc3a4d627000ae8e531fa17d6051",
                                       "01a1fc3a-4d62-7000-ae8e-531fa17d605g",
                                       "01a1fc3a_4d62_7000_ae8e_531fa17d6051",
                                       "01a1fc3-a4d62-7000-ae8e-531fa17d6051",
                                       "{1a1fc3a-4d62-7000-ae8e-531fa17d605}"};
    struct uuid id = {.b = {9}}, before = id;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_not(uuid_parse(rows[i], strlen(rows[i]), &id), "%s", rows[i]);
        cr_expect(uuid_equal(&id, &before));
    }
}
