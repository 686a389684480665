#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void) { return read_us(CLOCK_REALTIME) / 1000; }

int64_t clock_mono_ms(void) { return read_us(CLOCK_BOOTTIME) / 1000; }

int64_t clock_mono_us(void) { return read_us(CLOCK_BOOTTIME); }

#define DAY_MS INT64_C(86400000)
#define ERA_DAYS 146097 /* 400 years */

/* Days since 1970-01-01 of a proleptic Gregorian date; years count from March (Hinnant's method). */
static int64_t days_of(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of(int64_t days, int *ret_y, int *ret_m, int *ret_d) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t doe = days - era * ERA_DAYS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *ret_y = (int)(yoe + era * 400 + (*ret_m <= 2));
}

static void put_digits(char *out, int n, int64_t value) {
    while (n-- > 0) {
        out[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_LEN + 1]) {
    int64_t days = wall_ms / DAY_MS, rest = wall_ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int y, m, d;
    date_of(days, &y, &m, &d);
    memcpy(out, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_LEN + 1);
    put_digits(out, 4, y);
    put_digits(out + 5, 2, m);
    put_digits(out + 8, 2, d);
    put_digits(out + 11, 2, rest / 3600000);
    put_digits(out + 14, 2, rest / 60000 % 60);
    put_digits(out + 17, 2, rest / 1000 % 60);
    put_digits(out + 20, 3, rest % 1000);
}

/* Exactly n digits with a value in [lo, hi]; advances. */
static bool take(const char **p, const char *end, int n, int lo, int hi, int *ret) {
    if (end - *p < n) return false;
    int value = 0;
    for (int i = 0; i < n; i++) {
        char c = (*p)[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    *p += n;
    *ret = value;
    return value >= lo && value <= hi;
}

static bool take_chr(const char **p, const char *end, char a, char b) {
    if (*p == end || (**p != a && **p != b)) return false;
    ++*p;
    return true;
}

static bool take_fraction(const char **p, const char *end, int *ret_ms) {
    *ret_ms = 0;
    if (!take_chr(p, end, '.', '.')) return true;
    int digits = 0;
    for (; *p < end && **p >= '0' && **p <= '9'; ++*p, digits++) {
        if (digits < 3) *ret_ms = *ret_ms * 10 + (**p - '0');
    }
    for (int i = digits; i < 3; i++) *ret_ms *= 10;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(const char **p, const char *end, int64_t *ret_ms) {
    *ret_ms = 0;
    if (take_chr(p, end, 'Z', 'z')) return true;
    int sign = take_chr(p, end, '+', '+') ? 1 : take_chr(p, end, '-', '-') ? -1 : 0;
    int h, m;
    if (!sign || !take(p, end, 2, 0, 23, &h) || !take_chr(p, end, ':', ':') || !take(p, end, 2, 0, 59, &m))
        return false;
    *ret_ms = sign * (h * INT64_C(3600000) + m * INT64_C(60000));
    return true;
}

static int days_in_month(int y, int m) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

bool clock_parse(const char *text, size_t len, int64_t *ret_wall_ms) {
    const char *p = text, *end = text + len;
    int y, mo, d, h, mi, s, ms;
    int64_t offset_ms;
    bool ok = take(&p, end, 4, 1970, 2199, &y) && take_chr(&p, end, '-', '-') &&
              take(&p, end, 2, 1, 12, &mo) && take_chr(&p, end, '-', '-') &&
              take(&p, end, 2, 1, days_in_month(y, mo), &d) && take_chr(&p, end, 'T', 't') &&
              take(&p, end, 2, 0, 23, &h) && take_chr(&p, end, ':', ':') && take(&p, end, 2, 0, 59, &mi) &&
              take_chr(&p, end, ':', ':') && take(&p, end, 2, 0, 59, &s) && take_fraction(&p, end, &ms) &&
              take_offset(&p, end, &offset_ms) && p == end;
    if (!ok) return false;
    int64_t wall = days_of(y, mo, d) * DAY_MS + h * INT64_C(3600000) + mi * INT64_C(60000) +
                   s * INT64_C(1000) + ms - offset_ms;
    if (wall < 0) return false; /* a positive offset on the first day of 1970 */
    *ret_wall_ms = wall;
    return true;
}
