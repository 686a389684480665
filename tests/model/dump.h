/* Writes a table of the code as Promela: the states as numbers, the table as an array filled by an inline.
 * The arrays are hidden, so they are no part of the model's state. */
#ifndef PEDILUVE_MODEL_DUMP_H
#define PEDILUVE_MODEL_DUMP_H

#include <ctype.h>
#include <stdio.h>

/* The names as constants: prefix_NAME, and prefix_COUNT. */
static inline void dump_names(const char *prefix, const char *const names[], int n) {
    for (int i = 0; i < n; i++) {
        printf("#define %s_", prefix);
        for (const char *c = names[i]; *c; c++) putchar(*c == ' ' ? '_' : toupper((unsigned char)*c));
        printf(" %d\n", i);
    }
    printf("#define %s_COUNT %d\n\n", prefix, n);
}

static inline void dump_array(const char *name, int n) { printf("hidden byte %s[%d];\n", name, n); }

/* Only what is not zero. */
static inline void dump_cell(const char *name, int at, unsigned value) {
    if (value) printf("    %s[%d] = %u;\n", name, at, value);
}

#endif
