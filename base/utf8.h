/* UTF-8, the strict kind: no overlong forms, no surrogates, nothing above U+10FFFF. Pure. */
#ifndef PEDILUVE_BASE_UTF8_H
#define PEDILUVE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at s (1 to 4); 0 when the bytes are none. n is at least 1. */
size_t utf8_length(const char *s, size_t n);
/* All of it valid, and no control characters (C0, DEL, C1) but \n and \t. */
bool utf8_is_text(const char *s, size_t n);

#endif
