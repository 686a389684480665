/* Cleanup attributes, so that each resource is released once, where it was taken. */
#ifndef PEDILUVE_BASE_AUTO_H
#define PEDILUVE_BASE_AUTO_H

#include <stdlib.h>
#include <unistd.h>

#define must_use __attribute__((warn_unused_result))
/* unused: clang warns of a variable that is there only to be cleaned up. */
#define auto_call(fn) __attribute__((cleanup(fn), unused))

/* Declares `static inline void fn##_p(T *p)`, to be used as `auto_call(fn##_p)`. */
#define AUTO_DEFINE(T, fn)                                                                                   \
    static inline void fn##_p(T *p) {                                                                        \
        if (*p) fn(*p);                                                                                      \
    }

static inline void auto_free_p(void *p) { free(*(void **)p); }
static inline void auto_close_p(int *fd) {
    if (*fd >= 0) close(*fd);
}
#define auto_free auto_call(auto_free_p)
#define auto_close auto_call(auto_close_p)

/* Hands a pointer over: returns it and leaves NULL behind, so the cleanup finds nothing. */
#define steal(pp)                                                                                            \
    ({                                                                                                       \
        __typeof__(*(pp)) stolen_ = *(pp);                                                                   \
        *(pp) = NULL;                                                                                        \
        stolen_;                                                                                             \
    })

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Allocation failure ends the process: see docs/architecture.md. Never returns NULL. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));

#endif
