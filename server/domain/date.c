#include "server/domain/date.h"

#include <stdio.h>
#include <string.h>

const char *const date_weekday_names[DATE_WEEKDAY_COUNT + 1] = {
#define X(e, n) n,
    DATE_WEEKDAYS(X)
#undef X
};

/* Both ways by years that begin in March, so that the leap day is the last of its year, in cycles of 400
 * years (146097 days). 719468 days lie between 0000-03-01 and 1970-01-01. */
static int32_t day_of(int32_t year, int32_t month, int32_t day) {
    year -= month <= 2;
    int32_t cycle = year / 400, of_cycle = year % 400;
    int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return cycle * 146097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - 719468;
}

static void civil_of(int32_t date, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day) {
    int32_t z = date + 719468, cycle = z / 146097, of_cycle = z % 146097;
    int32_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    int32_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
    int32_t month = (5 * of_year + 2) / 153;
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = cycle * 400 + year + (*ret_month <= 2);
}

/* n digits; -1 when they are none. */
static int32_t digits(const char *text, int n) {
    int32_t value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool date_parse(const char *text, int32_t *ret_day) {
    if (strlen(text) != DATE_TEXT_LEN || text[4] != '-' || text[7] != '-') return false;
    int32_t year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    if (year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    int32_t found = day_of(year, month, day), y, m, d;
    civil_of(found, &y, &m, &d);
    if (m != month || d != day) return false; /* the 31st of a month of 30 days */
    *ret_day = found;
    return true;
}

void date_format(int32_t day, char out[DATE_TEXT_LEN + 1]) {
    int32_t y, m, d;
    civil_of(day, &y, &m, &d);
    snprintf(out, DATE_TEXT_LEN + 1, "%04u-%02u-%02u", (unsigned)y % 10000, (unsigned)m % 100,
             (unsigned)d % 100);
}

/* 1970-01-01 was a Thursday. */
enum date_weekday date_weekday(int32_t day) { return (enum date_weekday)(((day + DATE_THU) % 7 + 7) % 7); }

bool date_parse_time(const char *text, int32_t *ret_minutes) {
    if (strlen(text) != DATE_TIME_OF_DAY_LEN || text[2] != ':') return false;
    int32_t hours = digits(text, 2), minutes = digits(text + 3, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    *ret_minutes = hours * 60 + minutes;
    return true;
}

void date_format_time(int32_t minutes, char out[DATE_TIME_OF_DAY_LEN + 1]) {
    snprintf(out, DATE_TIME_OF_DAY_LEN + 1, "%02u:%02u", (unsigned)(minutes / 60) % 100,
             (unsigned)(minutes % 60) % 100);
}
