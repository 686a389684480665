#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void buf_init_fixed(struct buf *b, char *memory, size_t cap) {
    assert(cap > 0);
    *b = (struct buf){.data = memory, .cap = cap, .fixed = true};
    memory[0] = '\0';
}

void buf_done(struct buf *b) {
    if (!b->fixed) free(b->data);
    *b = (struct buf){0};
}

void buf_reset(struct buf *b) {
    b->len = 0;
    b->overflow = false;
    if (b->data) b->data[0] = '\0';
}

/* Room for n more bytes and the NUL; false: a fixed buffer is too small. */
static bool reserve(struct buf *b, size_t n) {
    if (n < b->cap - b->len) return true; /* cap 0, len 0: never true */
    if (b->fixed) {
        b->overflow = true;
        return false;
    }
    if (n > SIZE_MAX / 4 - b->len) abort();
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->len <= n) cap *= 2;
    b->data = xrealloc(b->data, cap);
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t n) {
    if (!reserve(b, n)) return;
    if (n) memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }

void buf_chr(struct buf *b, char c) {
    if (!reserve(b, 1)) return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_int(struct buf *b, int64_t v) {
    char text[20]; /* the longest is -9223372036854775808 */
    char *p = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0) *--p = '-';
    buf_add(b, p, (size_t)(text + sizeof text - p));
}

void buf_fmt(struct buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

char *buf_take(struct buf *b, size_t *ret_len) {
    assert(!b->fixed);
    if (!b->data) buf_add(b, "", 0);
    char *data = b->data;
    if (ret_len) *ret_len = b->len;
    *b = (struct buf){0};
    return data;
}
