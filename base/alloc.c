/* The allocators of auto.h: out of memory is not survivable half way, so it ends the process. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

static void *checked(void *p) {
    if (!p) {
        static const char text[] = "out of memory\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        abort();
    }
    return p;
}

void *xmalloc(size_t size) { return checked(malloc(size ? size : 1)); }

void *xcalloc(size_t n, size_t size) { return checked(calloc(n ? n : 1, size ? size : 1)); }

void *xrealloc(void *p, size_t size) { return checked(realloc(p, size ? size : 1)); }

char *xstrdup(const char *s) { return checked(strdup(s)); }
