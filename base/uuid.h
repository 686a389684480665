/* UUIDs (RFC 9562). Version 7 is used for every id: it sorts by time of creation. Thread-safe. */
#ifndef PEDILUVE_BASE_UUID_H
#define PEDILUVE_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define UUID_TEXT_LEN 36

struct uuid {
    uint8_t b[16];
};

/* A new version 7 id; later calls in one process sort later (monotonic counter in rand_a). */
struct uuid uuid_new(void);

/* Exactly 36 characters of the 8-4-4-4-12 form, either case. Writes *ret on success only. */
bool uuid_parse(const char *text, size_t len, struct uuid *ret);

/* Writes 36 lower-case characters and a NUL. */
void uuid_format(const struct uuid *id, char out[UUID_TEXT_LEN + 1]);

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b) {
    return memcmp(a->b, b->b, 16) == 0;
}
static inline bool uuid_is_zero(const struct uuid *a) {
    static const struct uuid zero;
    return uuid_equal(a, &zero);
}

#endif
