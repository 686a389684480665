/* One target a decoder. A property that does not hold aborts. */
#ifndef PEDILUVE_TESTS_FUZZ_TARGETS_H
#define PEDILUVE_TESTS_FUZZ_TARGETS_H

#include <stddef.h>

struct fuzz_target {
    const char *name;
    void (*run)(const char *text, size_t len);
};
extern const struct fuzz_target fuzz_targets[]; /* ends with a NULL name */

#endif
