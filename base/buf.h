/* A growing byte buffer, and one that writes into fixed memory. Not thread-safe. */
#ifndef PEDILUVE_BASE_BUF_H
#define PEDILUVE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* always NUL-terminated once something was written */
    size_t len, cap;
    bool fixed;    /* memory is the caller's; grows never */
    bool overflow; /* a fixed buffer was too small: the content is to be thrown away */
};

#define BUF_INIT                                                                                             \
    { 0 }

void buf_init_fixed(struct buf *b, char *memory, size_t cap);
void buf_done(struct buf *b); /* frees; legal on BUF_INIT and on fixed */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_chr(struct buf *b, char c);
void buf_int(struct buf *b, int64_t v);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_take(struct buf *b, size_t *ret_len); /* hands the memory over to the caller (free) */

#define auto_buf __attribute__((cleanup(buf_done)))

#endif
