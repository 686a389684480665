#include "base/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/field_types.h"
#include "base/utf8.h"
#include "base/uuid.h"

struct decode {
    unsigned mode;
    struct field_errors *errors;
    size_t path_len;
    char path[sizeof((struct field_error *)0)->pointer];
};

const char *field_fault_code(enum field_fault fault) {
    static const char *const codes[] = {
        [FIELD_OK] = "ok",
        [FIELD_MISSING] = "missing",
        [FIELD_UNKNOWN_PROPERTY] = "unknown_property",
        [FIELD_WRONG_TYPE] = "wrong_type",
        [FIELD_OUT_OF_RANGE] = "out_of_range",
        [FIELD_TOO_LONG] = "too_long",
        [FIELD_TOO_SHORT] = "too_short",
        [FIELD_TOO_MANY] = "too_many",
        [FIELD_BAD_FORMAT] = "bad_format",
        [FIELD_NOT_ONE_OF] = "not_one_of",
        [FIELD_DUPLICATE_KEY] = "duplicate_key",
        [FIELD_SYNTAX] = "syntax",
    };
    return (size_t)fault < COUNT_OF(codes) ? codes[fault] : "unknown";
}

void field_errors_add(struct field_errors *errors, enum field_fault fault, const char *pointer,
                      const char *fmt, ...) {
    if (errors->n >= FIELD_ERRORS_MAX) return;
    struct field_error *e = &errors->list[errors->n++];
    e->fault = fault;
    snprintf(e->pointer, sizeof e->pointer, "%s", pointer);
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->detail, sizeof e->detail, fmt, args);
    va_end(args);
}

#define fail(d, fault, ...) field_errors_add((d)->errors, fault, (d)->path, __VA_ARGS__)

static void path_chr(struct decode *d, char c) {
    if (d->path_len + 1 < sizeof d->path) d->path[d->path_len++] = c;
    d->path[d->path_len] = '\0';
}

/* Returns the length to give to path_pop. */
static size_t path_push(struct decode *d, const char *name) {
    size_t before = d->path_len;
    path_chr(d, '/');
    for (; *name; name++) {
        if (*name == '~' || *name == '/') {
            path_chr(d, '~');
            path_chr(d, *name == '~' ? '0' : '1');
        } else {
            path_chr(d, *name);
        }
    }
    return before;
}

static void path_pop(struct decode *d, size_t before) {
    d->path_len = before;
    d->path[before] = '\0';
}

/* Each decode_x puts one value, or adds one error at the present path. */
static void decode_value(struct decode *d, const struct field *f, const json_t *v, void *at);

static void decode_int(struct decode *d, const struct field *f, const json_t *v, void *at) {
    if (!json_is_integer(v)) {
        fail(d, FIELD_WRONG_TYPE, "must be an integer");
        return;
    }
    json_int_t value = json_integer_value(v);
    if (value < f->min || value > f->max)
        fail(d, FIELD_OUT_OF_RANGE, "must be from %lld to %lld", (long long)f->min, (long long)f->max);
    else
        field_store(f, at, value);
}

/* Exact: the double nearest to r thousandths is the one that strtod gives for the same decimal, so
 * equality proves that the text had no more than three decimals worth the name. */
static bool thousandths_of(const json_t *v, int64_t *ret) {
    if (json_is_integer(v)) return !__builtin_mul_overflow((int64_t)json_integer_value(v), 1000, ret);
    double value = json_real_value(v);
    if (!(fabs(value) < 9e12)) return false;
    *ret = llround(value * 1000);
    return (double)*ret / 1000 == value;
}

static void decode_milli(struct decode *d, const struct field *f, const json_t *v, void *at) {
    if (!json_is_number(v)) {
        fail(d, FIELD_WRONG_TYPE, "must be a number");
        return;
    }
    double least = (double)f->min / 1000, most = (double)f->max / 1000, value = json_number_value(v);
    int64_t thousandths;
    if (value < least || value > most)
        fail(d, FIELD_OUT_OF_RANGE, "must be from %.15g to %.15g", least, most);
    else if (!thousandths_of(v, &thousandths))
        fail(d, FIELD_BAD_FORMAT, "must have at most 3 decimals");
    else
        field_store(f, at, thousandths);
}

static void decode_str(struct decode *d, const struct field *f, const json_t *v, void *at) {
    const char *text = json_string_value(v);
    size_t len = json_string_length(v);
    if (len >= f->size)
        fail(d, FIELD_TOO_LONG, "must be at most %zu bytes", f->size - 1);
    else if (len < (size_t)f->min)
        fail(d, FIELD_TOO_SHORT, "must be at least %lld bytes", (long long)f->min);
    else if (!utf8_is_text(text, len))
        fail(d, FIELD_BAD_FORMAT, "must not hold control characters");
    else
        memcpy(at, text, len + 1);
}

static void decode_uuid(struct decode *d, const struct field *f, const json_t *v, void *at) {
    (void)f;
    if (!uuid_parse(json_string_value(v), json_string_length(v), at))
        fail(d, FIELD_BAD_FORMAT, "must be a UUID");
}

static void decode_time(struct decode *d, const struct field *f, const json_t *v, void *at) {
    (void)f;
    if (!clock_parse(json_string_value(v), json_string_length(v), at))
        fail(d, FIELD_BAD_FORMAT, "must be a date and time of RFC 3339, such as 2026-11-21T03:15:31Z");
}

static void decode_enum(struct decode *d, const struct field *f, const json_t *v, void *at) {
    const char *text = json_string_value(v);
    for (int i = 0; f->names[i]; i++) {
        if (strcmp(f->names[i], text) == 0 && strlen(text) == json_string_length(v)) {
            field_store(f, at, i);
            return;
        }
    }
    char list[160] = "";
    for (size_t i = 0, n = 0; f->names[i] && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", f->names[i]);
    fail(d, FIELD_NOT_ONE_OF, "must be one of %s", list);
}

static const struct field *find_row(const struct field *table, const char *name) {
    for (; table->type != FIELD_T_END; table++) {
        if (strcmp(table->name, name) == 0) return table;
    }
    return NULL;
}

static void decode_object(struct decode *d, const struct field *table, const json_t *v, char *base) {
    if (!json_is_object(v)) {
        fail(d, FIELD_WRONG_TYPE, "must be an object");
        return;
    }
    for (const struct field *f = table; f->type != FIELD_T_END; f++) {
        const json_t *value = json_object_get(v, f->name);
        size_t before = path_push(d, f->name);
        if (value && !((f->flags & FIELD_NULLABLE) && json_is_null(value))) {
            field_mark(f, base);
            decode_value(d, f, value, base + f->offset);
        } else if (f->flags & FIELD_REQUIRED) {
            fail(d, FIELD_MISSING, "is required");
        } else {
            field_absent(f, base);
        }
        path_pop(d, before);
    }
    if (!(d->mode & FIELD_REFUSE_UNKNOWN)) return;
    const char *key;
    json_t *ignored;
    json_object_foreach((json_t *)v, key, ignored) {
        if (find_row(table, key)) continue;
        size_t before = path_push(d, key);
        fail(d, FIELD_UNKNOWN_PROPERTY, "is not known here");
        path_pop(d, before);
    }
}

static void decode_array(struct decode *d, const struct field *f, const json_t *v, char *base) {
    if (!json_is_array(v)) {
        fail(d, FIELD_WRONG_TYPE, "must be an array");
        return;
    }
    size_t n = json_array_size(v);
    if (n > (size_t)f->max) {
        fail(d, FIELD_TOO_MANY, "must hold at most %lld", (long long)f->max);
        return;
    }
    if (n < (size_t)f->min) fail(d, FIELD_TOO_SHORT, "must hold at least %lld", (long long)f->min);
    for (size_t i = 0; i < n; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        size_t before = path_push(d, number);
        char *at = base + f->offset + i * f->item_size;
        if (f->sub)
            decode_object(d, f->sub, json_array_get(v, i), at);
        else
            decode_value(d, f->item, json_array_get(v, i), at);
        path_pop(d, before);
    }
    *(int32_t *)(base + f->count_offset) = (int32_t)n;
}

static void decode_value(struct decode *d, const struct field *f, const json_t *v, void *at) {
    static void (*const of_string[])(struct decode *, const struct field *, const json_t *,
                                     void *) = {[FIELD_T_STR] = decode_str,
                                                [FIELD_T_UUID] = decode_uuid,
                                                [FIELD_T_TIME] = decode_time,
                                                [FIELD_T_ENUM] = decode_enum};
    switch (f->type) {
    case FIELD_T_BOOL:
        if (json_is_boolean(v))
            *(bool *)at = json_is_true(v);
        else
            fail(d, FIELD_WRONG_TYPE, "must be true or false");
        break;
    case FIELD_T_INT: decode_int(d, f, v, at); break;
    case FIELD_T_MILLI: decode_milli(d, f, v, at); break;
    case FIELD_T_STR:
    case FIELD_T_UUID:
    case FIELD_T_TIME:
    case FIELD_T_ENUM:
        if (json_is_string(v))
            of_string[f->type](d, f, v, at);
        else
            fail(d, FIELD_WRONG_TYPE, "must be a string");
        break;
    case FIELD_T_OBJECT: decode_object(d, f->sub, v, at); break;
    case FIELD_T_ARRAY: decode_array(d, f, v, (char *)at - f->offset); break;
    case FIELD_T_JSON:
        if (json_is_object(v))
            *(const json_t **)at = v;
        else
            fail(d, FIELD_WRONG_TYPE, "must be an object");
        break;
    case FIELD_T_END: break;
    }
}

bool field_decode(const json_t *object, const struct field *table, unsigned mode, void *ret, size_t ret_size,
                  struct field_errors *errors) {
    struct decode d = {.mode = mode, .errors = errors};
    errors->n = 0;
    memset(ret, 0, ret_size);
    decode_object(&d, table, object, ret);
    return errors->n == 0;
}

bool field_parse(const char *text, size_t len, const struct field *table, unsigned mode, void *ret,
                 size_t ret_size, json_t **ret_tree, struct field_errors *errors) {
    errors->n = 0;
    if (ret_tree) *ret_tree = NULL;
    if (field_scan(text, len, table, ret, ret_size)) return true;
    json_t *tree = field_load(text, len, errors);
    if (!tree) return false;
    bool ok = field_decode(tree, table, mode, ret, ret_size, errors);
    if (ret_tree)
        *ret_tree = tree;
    else
        json_decref(tree);
    return ok;
}
