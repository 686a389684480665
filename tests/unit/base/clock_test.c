#include <criterion/criterion.h>

#include "base/auto.h"
#include "base/clock.h"

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} rows[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-21T03:15:31.042Z", 1795230931042},
    {"2026-11-21t03:15:31.042z", 1795230931042},
    {"2026-11-21T04:45:31.042+01:30", 1795230931042},
    {"2026-11-20T22:15:31.042-05:00", 1795230931042},
    {"2026-11-21T03:15:31.0429Z", 1795230931042},
    {"2026-11-21T03:15:31.5Z", 1795230931500},
    {"2026-11-21T03:15:31.123456789Z", 1795230931123},
    {"2024-02-29T23:59:59Z", 1709251199000},
    {"2000-02-29T00:00:00Z", 951782400000},
    {"2199-12-31T23:59:59.999Z", 7258118399999},
    {"2023-02-29T00:00:00Z", -1},
    {"2100-02-29T00:00:00Z", -1},
    {"2026-04-31T00:00:00Z", -1},
    {"2026-00-01T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-11-21T24:00:00Z", -1},
    {"2026-11-21T23:60:00Z", -1},
    {"2026-11-21T23:59:60Z", -1},
    {"2026-11-21T03:15:31", -1},
    {"2026-11-21 03:15:31Z", -1},
    {"2026-11-21T03:15:31.Z", -1},
    {"2026-11-21T03:15:31.1234567890Z", -1},
    {"2026-11-21T03:15:31+0100", -1},
    {"2026-11-21T03:15:31+24:00", -1},
    {"2026-11-21T03:15:31Zx", -1},
    {"2026-11-21", -1},
    {"1969-12-31T23:59:59Z", -1},
    {"1970-01-01T00:00:00+00:01", -1},
    {"2200-01-01T00:00:00Z", -1},
    {"", -1},
};

Test(clock, a_time_is_read_as_rfc_3339_says) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = -1;
        bool ok = clock_parse(rows[i].text, strlen(rows[i].text), &ms);
        cr_expect_eq(ok, rows[i].ms >= 0, "%s", rows[i].text);
        cr_expect_eq(ms, rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
    }
}

Test(clock, every_day_of_two_centuries_comes_back_from_its_text) {
    for (int64_t ms = 123; ms < INT64_C(7258118400000); ms += 86400000 - 977) {
        char text[CLOCK_TEXT_LEN + 1];
        int64_t again = -1;
        clock_format(ms, text);
        cr_assert(clock_parse(text, CLOCK_TEXT_LEN, &again), "%s", text);
        cr_assert_eq(again, ms, "%s", text);
    }
}

Test(clock, a_time_is_written_with_milliseconds_in_utc) {
    char text[CLOCK_TEXT_LEN + 1];
    clock_format(1795230931042, text);
    cr_expect_str_eq(text, "2026-11-21T03:15:31.042Z");
    clock_format(-1, text);
    cr_expect_str_eq(text, "1969-12-31T23:59:59.999Z");
}

Test(clock, monotonic_time_does_not_go_back) {
    int64_t before = clock_mono_us();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_mono_us();
        cr_assert_geq(now, before);
        before = now;
    }
}
