/* What the field_*.c files share; nobody else includes it. */
#ifndef PEDILUVE_BASE_FIELD_TYPES_H
#define PEDILUVE_BASE_FIELD_TYPES_H

#include <assert.h>
#include <string.h>

#include "base/field.h"

static inline size_t field_name_len(const struct field *f) {
    return f->name_len ? f->name_len : strlen(f->name);
}

static inline void field_store(const struct field *f, void *at, int64_t value) {
    switch (f->size) {
    case 1: *(int8_t *)at = (int8_t)value; break;
    case 2: *(int16_t *)at = (int16_t)value; break;
    case 4: *(int32_t *)at = (int32_t)value; break;
    default: assert(f->size == 8); *(int64_t *)at = value;
    }
}

static inline int64_t field_value(const struct field *f, const void *at) {
    switch (f->size) {
    case 1: return *(const int8_t *)at;
    case 2: return *(const int16_t *)at;
    case 4: return *(const int32_t *)at;
    default: assert(f->size == 8); return *(const int64_t *)at;
    }
}

/* Whether the struct says that the key is not there. */
bool field_is_absent(const struct field *f, const void *base);

static inline void field_mark(const struct field *f, void *base) {
    if (f->has_offset != FIELD_NO_HAS) *(bool *)((char *)base + f->has_offset) = true;
}

/* The key is not there: its default, in a struct that was zeroed. */
static inline void field_absent(const struct field *f, void *base) {
    if (f->absent) field_store(f, (char *)base + f->offset, f->absent);
    if (f->type != FIELD_T_OBJECT) return;
    for (const struct field *s = f->sub; s->type != FIELD_T_END; s++)
        field_absent(s, (char *)base + f->offset);
}

#endif
