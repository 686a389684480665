#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "server/domain/date.h"

Test(date, every_day_of_two_centuries_is_what_the_c_library_says) {
    for (int32_t day = DATE_FIRST; day <= DATE_LAST; day++) {
        char ours[DATE_TEXT_LEN + 1], theirs[16];
        time_t at = (time_t)day * 86400;
        struct tm tm;
        gmtime_r(&at, &tm);
        strftime(theirs, sizeof theirs, "%Y-%m-%d", &tm);
        date_format(day, ours);
        cr_assert_str_eq(ours, theirs);
        int32_t back = -1;
        cr_assert(date_parse(ours, &back));
        cr_assert_eq(back, day);
        cr_assert_eq((int)date_weekday(day), (tm.tm_wday + 6) % 7, "%s", ours);
    }
    char last[DATE_TEXT_LEN + 1];
    date_format(DATE_LAST, last);
    cr_expect_str_eq(last, "2199-12-31");
}

Test(date, what_is_no_date_is_refused) {
    static const char *const rows[] = {"",           "2026-11",     "2026-11-31", "2026-02-29", "2100-02-29",
                                       "1969-12-31", "2200-01-01",  "2026-13-01", "2026-00-10", "2026-01-00",
                                       "2026/01/01", "2026-01-01 ", " 026-01-01", "2026-1-001", "20260101"};
    int32_t day;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(date_parse(rows[i], &day), "%s", rows[i]);
    cr_expect(date_parse("2000-02-29", &day));
}

Test(date, a_time_of_day_is_five_characters) {
    static const char *const bad[] = {"",     "9:30",   "24:00", "23:60", "12.30",
                                      "12:3", "12:300", "-1:00", "1 :00"};
    int32_t minutes;
    char text[DATE_TIME_OF_DAY_LEN + 1];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(date_parse_time(bad[i], &minutes), "%s", bad[i]);
    for (int32_t m = 0; m < DATE_DAY_MINUTES; m++) {
        date_format_time(m, text);
        cr_assert(date_parse_time(text, &minutes));
        cr_assert_eq(minutes, m);
    }
}
