/* Reads tests/vectors/. A case's text and model stay valid until vectors_done. */
#ifndef PEDILUVE_TESTS_VECTORS_H
#define PEDILUVE_TESTS_VECTORS_H

#include "base/field.h"
#include "protocol/model.h"

struct vector {
    const char *name;
    char *text; /* the very bytes of the message */
    size_t len;
    const char *canonical;  /* NULL in invalid cases */
    const json_t *value;    /* what it decodes to; NULL in invalid cases */
    const json_t *errors;   /* [[fault, pointer], ...]; NULL in valid ones */
    const char *model_name; /* programs: NULL is any */
};

struct vectors {
    json_t *tree;
    struct vector *list;
    size_t n;
};

/* Ends the process when the file is not there or not in order. */
struct vectors vectors_load(const char *kind);
void vectors_done(struct vectors *v);
json_t *vectors_tree(const char *kind);
struct model vectors_model(const char *name);

/* Does the struct hold what the vector says? Names the first difference in `out`. */
bool vectors_equal(const struct field *table, const void *base, const json_t *value, char *out, size_t cap);

#endif
