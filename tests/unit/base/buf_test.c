#include <criterion/criterion.h>

#include "base/auto.h"
#include "base/buf.h"

Test(buf, it_grows_and_stays_terminated) {
    auto_buf struct buf b = BUF_INIT;
    for (int i = 0; i < 1000; i++) buf_str(&b, "ten bytes.");
    cr_expect_eq(b.len, 10000);
    cr_expect_eq(strlen(b.data), 10000);
}

Test(buf, a_fixed_buffer_refuses_what_does_not_fit_and_says_so) {
    char memory[8];
    struct buf b;
    buf_init_fixed(&b, memory, sizeof memory);
    buf_str(&b, "1234567");
    cr_expect_not(b.overflow);
    cr_expect_str_eq(memory, "1234567");
    buf_chr(&b, '8');
    cr_expect(b.overflow);
    cr_expect_str_eq(memory, "1234567");
    buf_fmt(&b, "%d", 9);
    cr_expect_eq(b.len, 7);
    buf_reset(&b);
    cr_expect_not(b.overflow);
    buf_done(&b);
}

Test(buf, integers_of_every_size_are_written_exactly) {
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {10, "10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf b = BUF_INIT;
        buf_int(&b, rows[i].value);
        cr_expect_str_eq(b.data, rows[i].text);
    }
}

Test(buf, taking_hands_the_memory_over_and_leaves_an_empty_buffer) {
    struct buf b = BUF_INIT;
    buf_fmt(&b, "%s-%d", "a", 1);
    size_t len;
    auto_free char *text = buf_take(&b, &len);
    cr_expect_str_eq(text, "a-1");
    cr_expect_eq(len, 3);
    cr_expect_null(b.data);
    auto_free char *empty = buf_take(&b, NULL);
    cr_expect_str_eq(empty, "");
}
