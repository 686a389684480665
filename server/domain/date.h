/* Civil dates as whole days since 1970-01-01, of no time zone: what a wall calendar shows. Times of day are
 * minutes since midnight, as a clock on the wall shows them. Which instant both together are, PostgreSQL
 * says. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_DATE_H
#define PEDILUVE_DOMAIN_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_TEXT_LEN 10         /* "2026-11-26" */
#define DATE_TIME_OF_DAY_LEN 5   /* "09:30" */
#define DATE_FIRST 0             /* 1970-01-01 */
#define DATE_LAST INT32_C(84005) /* 2199-12-31 */
#define DATE_DAY_MINUTES 1440

#define DATE_WEEKDAYS(X)                                                                                     \
    X(MON, "mon") X(TUE, "tue") X(WED, "wed") X(THU, "thu") X(FRI, "fri") X(SAT, "sat") X(SUN, "sun")
enum date_weekday {
#define X(e, n) DATE_##e,
    DATE_WEEKDAYS(X)
#undef X
        DATE_WEEKDAY_COUNT
};
extern const char *const date_weekday_names[DATE_WEEKDAY_COUNT + 1]; /* NULL-terminated */
#define DATE_EVERY_DAY 127u                                          /* mask of 1u << enum date_weekday */

/* Exactly YYYY-MM-DD, a date that there is, DATE_FIRST..DATE_LAST. */
bool date_parse(const char *text, int32_t *ret_day);
void date_format(int32_t day, char out[DATE_TEXT_LEN + 1]);
enum date_weekday date_weekday(int32_t day);

/* Exactly HH:MM, 00:00 to 23:59. */
bool date_parse_time(const char *text, int32_t *ret_minutes);
void date_format_time(int32_t minutes, char out[DATE_TIME_OF_DAY_LEN + 1]);

#endif
