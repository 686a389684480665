/* Time. Everything that waits or expires takes its time from here or from its caller, so that
 * tests can set it. Milliseconds since 1970-01-01 UTC for wall time, since boot for monotonic,
 * time asleep included: what expires does so during a suspend, too. Thread-safe. */
#ifndef PEDILUVE_BASE_CLOCK_H
#define PEDILUVE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* RFC 3339 in UTC with milliseconds, "2026-11-21T03:15:31.042Z": 24 characters and a NUL. */
#define CLOCK_TEXT_LEN 24
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_LEN + 1]);

/* Accepts RFC 3339 with "Z" or a numeric offset, 0 to 9 fraction digits, years 1970 to 2199. */
bool clock_parse(const char *text, size_t len, int64_t *ret_wall_ms);

#endif
