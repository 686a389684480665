/* A JSON object as a table of fields with bounds: one decoder for REST bodies, query strings and
 * device messages. A failure names the field by JSON pointer (RFC 6901). Thread-safe.
 *
 *     struct move { struct uuid site_id; int32_t level; char note[201]; bool has_note; };
 *     static const struct field move_fields[] = {
 *         FIELD_UUID(struct move, site_id, FIELD_REQUIRED),
 *         FIELD_INT(struct move, level, 0, 100, FIELD_REQUIRED),
 *         FIELD_STR_HAS(struct move, note, 0, has_note),
 *         FIELD_END};
 */
#ifndef PEDILUVE_BASE_FIELD_H
#define PEDILUVE_BASE_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/jsonw.h"

enum field_type {
    FIELD_T_END,
    FIELD_T_BOOL,  /* bool */
    FIELD_T_INT,   /* int8_t .. int64_t by member size; JSON integers only */
    FIELD_T_MILLI, /* int32_t or int64_t thousandths; JSON number with <= 3 decimals; bounds in thousandths */
    FIELD_T_STR,   /* char[N]: at most N-1 bytes, valid UTF-8, no control characters but \n and \t;
                      min = least number of bytes */
    FIELD_T_UUID,  /* struct uuid */
    FIELD_T_TIME,  /* int64_t wall milliseconds; RFC 3339 text */
    FIELD_T_ENUM,  /* int8_t .. int64_t by member size; one of names[], whose index is stored */
    FIELD_T_OBJECT, /* a struct in place, by sub */
    FIELD_T_ARRAY,  /* an array in place of structs (sub) or of scalars (item); count in int32_t */
    FIELD_T_JSON    /* json_t *: borrowed from the tree, kept alive by the caller; any object */
};

#define FIELD_REQUIRED 1u
#define FIELD_NULLABLE 2u /* null is taken as absent */

struct field {
    const char *name;
    enum field_type type;
    unsigned flags;
    size_t offset, size;
    int64_t min, max;         /* scalar bounds; for arrays the least and largest count */
    const char *const *names; /* ENUM: NULL-terminated */
    const struct field *sub;  /* OBJECT, ARRAY of structs: their table */
    const struct field *item; /* ARRAY of scalars: one row; its offset is ignored */
    size_t item_size;         /* ARRAY: sizeof one element */
    size_t count_offset;      /* ARRAY: an int32_t */
    size_t has_offset;        /* a bool set when present; FIELD_NO_HAS: none */
    int64_t absent;           /* INT, MILLI, ENUM: the value when the key is absent or null */
    size_t name_len;          /* 0: strlen(name) */
};

#define FIELD_NO_HAS ((size_t)-1)
#define FIELD_SIZE_(S, m) sizeof(((S *)0)->m)
#define FIELD_ROW_(S, m, ty, fl, lo, hi, has)                                                                \
    .name = #m, .name_len = sizeof #m - 1, .type = ty, .flags = (fl), .offset = offsetof(S, m),              \
    .size = FIELD_SIZE_(S, m), .min = (lo), .max = (hi), .has_offset = (has)
#define FIELD_BOOL(S, m, fl)                                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_BOOL, fl, 0, 0, FIELD_NO_HAS) }
#define FIELD_BOOL_HAS(S, m, fl, h)                                                                          \
    { FIELD_ROW_(S, m, FIELD_T_BOOL, fl, 0, 0, offsetof(S, h)) }
#define FIELD_INT(S, m, lo, hi, fl)                                                                          \
    { FIELD_ROW_(S, m, FIELD_T_INT, fl, lo, hi, FIELD_NO_HAS) }
#define FIELD_INT_HAS(S, m, lo, hi, fl, h)                                                                   \
    { FIELD_ROW_(S, m, FIELD_T_INT, fl, lo, hi, offsetof(S, h)) }
#define FIELD_INT_OR(S, m, lo, hi, fl, value)                                                                \
    { FIELD_ROW_(S, m, FIELD_T_INT, fl, lo, hi, FIELD_NO_HAS), .absent = (value) }
#define FIELD_MILLI(S, m, lo, hi, fl)                                                                        \
    { FIELD_ROW_(S, m, FIELD_T_MILLI, fl, lo, hi, FIELD_NO_HAS) }
#define FIELD_MILLI_HAS(S, m, lo, hi, fl, h)                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_MILLI, fl, lo, hi, offsetof(S, h)) }
#define FIELD_STR(S, m, least, fl)                                                                           \
    { FIELD_ROW_(S, m, FIELD_T_STR, fl, least, 0, FIELD_NO_HAS) }
#define FIELD_STR_HAS(S, m, least, fl, h)                                                                    \
    { FIELD_ROW_(S, m, FIELD_T_STR, fl, least, 0, offsetof(S, h)) }
#define FIELD_UUID(S, m, fl)                                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_UUID, fl, 0, 0, FIELD_NO_HAS) }
#define FIELD_UUID_HAS(S, m, fl, h)                                                                          \
    { FIELD_ROW_(S, m, FIELD_T_UUID, fl, 0, 0, offsetof(S, h)) }
#define FIELD_TIME(S, m, fl)                                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_TIME, fl, 0, 0, FIELD_NO_HAS) }
#define FIELD_TIME_HAS(S, m, fl, h)                                                                          \
    { FIELD_ROW_(S, m, FIELD_T_TIME, fl, 0, 0, offsetof(S, h)) }
#define FIELD_ENUM(S, m, list, fl)                                                                           \
    { FIELD_ROW_(S, m, FIELD_T_ENUM, fl, 0, 0, FIELD_NO_HAS), .names = (list) }
#define FIELD_ENUM_HAS(S, m, list, fl, h)                                                                    \
    { FIELD_ROW_(S, m, FIELD_T_ENUM, fl, 0, 0, offsetof(S, h)), .names = (list) }
#define FIELD_OBJECT(S, m, table, fl)                                                                        \
    { FIELD_ROW_(S, m, FIELD_T_OBJECT, fl, 0, 0, FIELD_NO_HAS), .sub = (table) }
#define FIELD_OBJECT_HAS(S, m, table, fl, h)                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_OBJECT, fl, 0, 0, offsetof(S, h)), .sub = (table) }
#define FIELD_ARRAY(S, m, count, least, table, fl)                                                           \
    {                                                                                                        \
        FIELD_ROW_(S, m, FIELD_T_ARRAY, fl, least, COUNT_OF(((S *)0)->m), FIELD_NO_HAS),                     \
            .sub = (table), .item_size = sizeof(((S *)0)->m[0]), .count_offset = offsetof(S, count)          \
    }
#define FIELD_LIST(S, m, count, least, row, fl)                                                              \
    {                                                                                                        \
        FIELD_ROW_(S, m, FIELD_T_ARRAY, fl, least, COUNT_OF(((S *)0)->m), FIELD_NO_HAS),                     \
            .item = (row), .item_size = sizeof(((S *)0)->m[0]), .count_offset = offsetof(S, count)           \
    }
#define FIELD_LIST_HAS(S, m, count, least, row, fl, h)                                                       \
    {                                                                                                        \
        FIELD_ROW_(S, m, FIELD_T_ARRAY, fl, least, COUNT_OF(((S *)0)->m), offsetof(S, h)),                   \
            .item = (row), .item_size = sizeof(((S *)0)->m[0]), .count_offset = offsetof(S, count)           \
    }
#define FIELD_JSON(S, m, fl)                                                                                 \
    { FIELD_ROW_(S, m, FIELD_T_JSON, fl, 0, 0, FIELD_NO_HAS) }
#define FIELD_END                                                                                            \
    { .type = FIELD_T_END }

enum field_fault { /* stable codes of RFC 9457 errors[] */
                   FIELD_OK,
                   FIELD_MISSING,
                   FIELD_UNKNOWN_PROPERTY,
                   FIELD_WRONG_TYPE,
                   FIELD_OUT_OF_RANGE,
                   FIELD_TOO_LONG,
                   FIELD_TOO_SHORT,
                   FIELD_TOO_MANY,
                   FIELD_BAD_FORMAT,
                   FIELD_NOT_ONE_OF,
                   FIELD_DUPLICATE_KEY,
                   FIELD_SYNTAX
};
const char *field_fault_code(enum field_fault fault); /* "missing", "unknown_property", ... */

#define FIELD_ERRORS_MAX 32
struct field_error {
    enum field_fault fault;
    char pointer[160]; /* "/steps/3/level"; "" is the whole document */
    char detail[200];  /* for people: what was wanted, e.g. "must be from 0 to 100" */
};
struct field_errors {
    int32_t n;
    struct field_error list[FIELD_ERRORS_MAX]; /* the first ones found, in document order of the table */
};

#define FIELD_REFUSE_UNKNOWN 1u /* REST; the device protocol ignores unknown keys */

/* Decodes into *ret (zeroed first). True when errors->n is 0. */
must_use bool field_decode(const json_t *object, const struct field *table, unsigned mode, void *ret,
                           size_t ret_size, struct field_errors *errors);

/* Parses text (strict: no trailing bytes, no duplicate keys, valid UTF-8, nesting <= 32) and
 * decodes. When the table holds FIELD_T_JSON, *ret_tree receives the tree to be freed (json_decref)
 * after use; ret_tree may be NULL otherwise. */
must_use bool field_parse(const char *text, size_t len, const struct field *table, unsigned mode, void *ret,
                          size_t ret_size, json_t **ret_tree, struct field_errors *errors);

/* Writes the struct as an object, keys in the table's order: the same struct, the same bytes, and
 * field_parse takes them. An optional key is left out when its has_ flag is false or, without one,
 * when the value is the absent one, zero or empty. What the world can break is mended on the way
 * (a number goes to the nearest bound, a byte that is not text becomes '?'); an enum out of range
 * or a required id that is zero is the programmer's fault. */
void field_write(struct jsonw *w, const char *key, const struct field *table, const void *value);

/* The bounds of the table, asked of a struct that did not come from field_decode. */
must_use bool field_check(const struct field *table, const void *value, struct field_errors *errors);

/* The two halves of field_parse, for who needs them apart. field_load: strict text to a tree of any
 * type, NULL with errors set. field_scan: decodes without any allocation, but only text in just the
 * form that jsonw writes: keys in the table's order, no white space, no escapes, every value within
 * its bounds. False says nothing about the text: ask field_load and field_decode, which give the
 * same result for whatever field_scan takes. */
must_use json_t *field_load(const char *text, size_t len, struct field_errors *errors);
must_use bool field_scan(const char *text, size_t len, const struct field *table, void *ret, size_t ret_size);

/* Appends one error of the caller's own, e.g. a rule across fields. Drops it when full. */
void field_errors_add(struct field_errors *errors, enum field_fault fault, const char *pointer,
                      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
