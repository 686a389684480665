/* The tables' bounds, asked of structs that were built in C. Pointers are made only for faults. */
#include <stdarg.h>
#include <stdio.h>

#include "base/field_types.h"
#include "base/utf8.h"
#include "base/uuid.h"

/* Where the check stands: a chain on the stack, from the innermost name outwards. */
struct place {
    const struct place *outer;
    const char *name; /* NULL: index */
    int32_t index;
};

static size_t put_place(const struct place *at, char *out, size_t cap) {
    if (!at) return 0;
    size_t n = put_place(at->outer, out, cap);
    if (n >= cap) return n;
    int more =
        at->name ? snprintf(out + n, cap - n, "/%s", at->name) : snprintf(out + n, cap - n, "/%d", at->index);
    return n + (size_t)more;
}

__attribute__((format(printf, 4, 5))) static void fail(struct field_errors *errors, const struct place *at,
                                                       enum field_fault fault, const char *fmt, ...) {
    char pointer[sizeof errors->list[0].pointer] = "", detail[sizeof errors->list[0].detail];
    put_place(at, pointer, sizeof pointer);
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    field_errors_add(errors, fault, pointer, "%s", detail);
}

static void check_table(struct field_errors *errors, const struct place *outer, const struct field *table,
                        const char *base);

static void check_value(struct field_errors *errors, const struct place *here, const struct field *f,
                        const char *at);

static void check_array(struct field_errors *errors, const struct place *here, const struct field *f,
                        const char *base) {
    int32_t n = *(const int32_t *)(base + f->count_offset);
    if (n < f->min) fail(errors, here, FIELD_TOO_SHORT, "must hold at least %lld", (long long)f->min);
    if (n > f->max) {
        fail(errors, here, FIELD_TOO_MANY, "must hold at most %lld", (long long)f->max);
        return;
    }
    const char *at = base + f->offset;
    for (int32_t i = 0; i < n; i++, at += f->item_size) {
        struct place element = {.outer = here, .index = i};
        if (f->sub)
            check_table(errors, &element, f->sub, at);
        else
            check_value(errors, &element, f->item, at);
    }
}

static void check_number(struct field_errors *errors, const struct place *here, const struct field *f,
                         int64_t value) {
    if (value >= f->min && value <= f->max) return;
    if (f->type == FIELD_T_MILLI)
        fail(errors, here, FIELD_OUT_OF_RANGE, "must be from %.15g to %.15g", (double)f->min / 1000,
             (double)f->max / 1000);
    else
        fail(errors, here, FIELD_OUT_OF_RANGE, "must be from %lld to %lld", (long long)f->min,
             (long long)f->max);
}

static void check_enum(struct field_errors *errors, const struct place *here, const struct field *f,
                       int64_t value) {
    int64_t n = 0;
    while (f->names[n]) n++;
    if (value < 0 || value >= n)
        fail(errors, here, FIELD_NOT_ONE_OF, "has no name for the value %lld", (long long)value);
}

static void check_str(struct field_errors *errors, const struct place *here, const struct field *f,
                      const char *at) {
    size_t n = strnlen(at, f->size);
    if (n == f->size)
        fail(errors, here, FIELD_TOO_LONG, "must be at most %zu bytes", f->size - 1);
    else if (n < (size_t)f->min)
        fail(errors, here, FIELD_TOO_SHORT, "must be at least %lld bytes", (long long)f->min);
    else if (!utf8_is_text(at, n))
        fail(errors, here, FIELD_BAD_FORMAT, "must not hold control characters");
}

static void check_value(struct field_errors *errors, const struct place *here, const struct field *f,
                        const char *at) {
    switch (f->type) {
    case FIELD_T_INT:
    case FIELD_T_MILLI: check_number(errors, here, f, field_value(f, at)); break;
    case FIELD_T_STR: check_str(errors, here, f, at); break;
    case FIELD_T_UUID:
        if (uuid_is_zero((const struct uuid *)(const void *)at))
            fail(errors, here, FIELD_MISSING, "is required");
        break;
    case FIELD_T_ENUM: check_enum(errors, here, f, field_value(f, at)); break;
    case FIELD_T_OBJECT: check_table(errors, here, f->sub, at); break;
    case FIELD_T_ARRAY: check_array(errors, here, f, at - f->offset); break;
    case FIELD_T_BOOL:
    case FIELD_T_TIME:
    case FIELD_T_JSON:
    case FIELD_T_END: break;
    }
}

static void check_table(struct field_errors *errors, const struct place *outer, const struct field *table,
                        const char *base) {
    for (const struct field *f = table; f->type != FIELD_T_END; f++) {
        struct place here = {.outer = outer, .name = f->name};
        if (!field_is_absent(f, base)) check_value(errors, &here, f, base + f->offset);
    }
}

bool field_check(const struct field *table, const void *value, struct field_errors *errors) {
    errors->n = 0;
    check_table(errors, NULL, table, value);
    return errors->n == 0;
}
