#include "vectors.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

static void die(const char *what, const char *name) {
    fprintf(stderr, "vectors: %s %s\n", what, name);
    exit(2);
}

static char *read_file(const char *folder, const char *name, size_t *ret_len) {
    char path[512];
    snprintf(path, sizeof path, PEDILUVE_SOURCE_DIR "/%s/%s.json", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) die("cannot read", path);
    enum { FILE_MAX = 1 << 20 };
    char *text = xmalloc(FILE_MAX);
    *ret_len = fread(text, 1, FILE_MAX, f);
    fclose(f);
    if (*ret_len == FILE_MAX) die("too large", path);
    return text;
}

json_t *vectors_tree(const char *kind) {
    size_t len;
    auto_free char *text = read_file("tests/vectors", kind, &len);
    json_t *tree = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    if (!tree) die("not JSON", kind);
    return tree;
}

struct model vectors_model(const char *name) {
    size_t len;
    auto_free char *text = read_file("schema/catalogue/models", name, &len);
    struct model m;
    struct field_errors errors;
    if (!model_parse(text, len, &m, &errors)) die("not a model", name);
    return m;
}

/* The message's bytes: text or hex, then spaces. */
static char *bytes_of(const json_t *c, size_t *ret_len) {
    const json_t *text = json_object_get(c, "text");
    const char *hex = json_string_value(json_object_get(c, "hex"));
    size_t spaces = (size_t)json_integer_value(json_object_get(c, "spaces"));
    size_t n = text ? json_string_length(text) : strlen(hex) / 2;
    char *out = xmalloc(n + spaces + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        if (!text) sscanf(hex + 2 * i, "%2x", &byte);
        out[i] = text ? json_string_value(text)[i] : (char)byte;
    }
    memset(out + n, ' ', spaces);
    *ret_len = n + spaces;
    return out;
}

static void add(struct vectors *v, const char *key) {
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(v->tree, key), i, c) {
        struct vector *one = &v->list[v->n++];
        one->name = json_string_value(json_object_get(c, "name"));
        one->text = bytes_of(c, &one->len);
        one->value = json_object_get(c, "value");
        one->errors = json_object_get(c, "errors");
        one->model_name = json_string_value(json_object_get(c, "model"));
        const json_t *canonical = json_object_get(c, "canonical");
        if (one->value)
            one->canonical = json_string_value(canonical ? canonical : json_object_get(c, "text"));
    }
}

struct vectors vectors_load(const char *kind) {
    struct vectors v = {.tree = vectors_tree(kind)};
    size_t n = json_array_size(json_object_get(v.tree, "valid")) +
               json_array_size(json_object_get(v.tree, "invalid"));
    v.list = xcalloc(n, sizeof v.list[0]);
    add(&v, "valid");
    add(&v, "invalid");
    if (!v.n) die("none for", kind);
    return v;
}

void vectors_done(struct vectors *v) {
    for (size_t i = 0; i < v->n; i++) free(v->list[i].text);
    free(v->list);
    json_decref(v->tree);
}

static int64_t number_at(const void *at, size_t size) {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    switch (size) {
    case 1: memcpy(&i8, at, 1); return i8;
    case 2: memcpy(&i16, at, 2); return i16;
    case 4: memcpy(&i32, at, 4); return i32;
    default: memcpy(&i64, at, 8); return i64;
    }
}

static bool equal_value(const struct field *f, const char *at, const json_t *want, char *out, size_t cap);

static bool equal_list(const struct field *f, const char *at, const char *base, const json_t *want, char *out,
                       size_t cap) {
    int32_t n;
    memcpy(&n, base + f->count_offset, sizeof n);
    if (n != (int32_t)json_array_size(want)) return false;
    for (int32_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(want, (size_t)i);
        const char *one = at + (size_t)i * f->item_size;
        if (f->sub ? !vectors_equal(f->sub, one, item, out, cap) : !equal_value(f->item, one, item, out, cap))
            return false;
    }
    return true;
}

static bool equal_value(const struct field *f, const char *at, const json_t *want, char *out, size_t cap) {
    char id[UUID_TEXT_LEN + 1];
    switch (f->type) {
    case FIELD_T_BOOL: return *(const bool *)at == json_is_true(want);
    case FIELD_T_INT: return number_at(at, f->size) == json_integer_value(want);
    case FIELD_T_STR: return strcmp(at, json_string_value(want)) == 0;
    case FIELD_T_UUID: uuid_format((const void *)at, id); return strcmp(id, json_string_value(want)) == 0;
    case FIELD_T_ENUM: return strcmp(f->names[number_at(at, f->size)], json_string_value(want)) == 0;
    case FIELD_T_OBJECT: return vectors_equal(f->sub, at, want, out, cap);
    default: return false;
    }
}

/* Null in a vector: not said. */
static bool is_unsaid(const struct field *f, const char *base) {
    const char *at = base + f->offset;
    if (f->has_offset != FIELD_NO_HAS) return !*(const bool *)(base + f->has_offset);
    if (f->type == FIELD_T_UUID) return uuid_is_zero((const void *)at);
    return f->type == FIELD_T_INT && f->absent != 0 && number_at(at, f->size) == f->absent;
}

bool vectors_equal(const struct field *table, const void *base, const json_t *value, char *out, size_t cap) {
    size_t rows = 0;
    for (const struct field *f = table; f->type != FIELD_T_END; f++, rows++) {
        const char *b = base, *at = b + f->offset;
        const json_t *want = json_object_get(value, f->name);
        bool same = json_is_null(want)         ? is_unsaid(f, b)
                    : f->type == FIELD_T_ARRAY ? equal_list(f, at, b, want, out, cap)
                                               : want && equal_value(f, at, want, out, cap);
        if (same) continue;
        size_t used = strlen(out);
        snprintf(out + used, cap - used, " %s", f->name);
        return false;
    }
    return rows == json_object_size(value);
}
