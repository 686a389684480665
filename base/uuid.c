#include "base/uuid.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

/* Milliseconds << 12 | counter of the newest id of this process: what makes later ids sort later,
 * also within a millisecond and when the wall clock is set back. */
static _Atomic uint64_t newest;

static void random_bytes(uint8_t *out, size_t n) {
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) abort(); /* ids that repeat are worse than no process */
        out += got;
        n -= (size_t)got;
    }
}

struct uuid uuid_new(void) {
    uint64_t now = (uint64_t)clock_wall_ms() << 12;
    uint64_t before = atomic_load_explicit(&newest, memory_order_relaxed);
    uint64_t mine;
    do {
        mine = now > before ? now : before + 1;
    } while (!atomic_compare_exchange_weak_explicit(&newest, &before, mine, memory_order_relaxed,
                                                    memory_order_relaxed));
    struct uuid id;
    uint64_t ms = mine >> 12;
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    random_bytes(id.b + 8, 8);
    id.b[6] = (uint8_t)(0x70 | ((mine >> 8) & 0x0f));
    id.b[7] = (uint8_t)mine;
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool dash_at(int i) { return i == 8 || i == 13 || i == 18 || i == 23; }

bool uuid_parse(const char *text, size_t len, struct uuid *ret) {
    if (len != UUID_TEXT_LEN) return false;
    struct uuid id;
    int at = 0;
    for (int i = 0; i < UUID_TEXT_LEN;) {
        if (dash_at(i)) {
            if (text[i++] != '-') return false;
            continue;
        }
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return false;
        id.b[at++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *ret = id;
    return true;
}

void uuid_format(const struct uuid *id, char out[UUID_TEXT_LEN + 1]) {
    static const char digits[] = "0123456789abcdef";
    int at = 0;
    for (int i = 0; i < 16; i++) {
        if (dash_at(at)) out[at++] = '-';
        out[at++] = digits[id->b[i] >> 4];
        out[at++] = digits[id->b[i] & 15];
    }
    out[at] = '\0';
}
