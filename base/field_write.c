/* From structs back to JSON by the same tables. */
#include "base/field_types.h"
#include "base/utf8.h"

static bool is_zero(const void *at, size_t n) {
    const char *p = at;
    for (size_t i = 0; i < n; i++) {
        if (p[i]) return false;
    }
    return true;
}

bool field_is_absent(const struct field *f, const void *base) {
    if (f->flags & FIELD_REQUIRED) return false;
    const char *at = (const char *)base + f->offset;
    if (f->has_offset != FIELD_NO_HAS) return !*((const bool *)base + f->has_offset);
    switch (f->type) {
    case FIELD_T_INT:
    case FIELD_T_MILLI:
    case FIELD_T_ENUM: return field_value(f, at) == f->absent;
    case FIELD_T_STR: return *at == '\0';
    case FIELD_T_ARRAY: return *(const int32_t *)((const char *)base + f->count_offset) == 0;
    case FIELD_T_OBJECT: return false;
    default: return is_zero(at, f->size);
    }
}

static void write_str(struct jsonw *w, const char *key, const struct field *f, const char *at) {
    size_t n = strnlen(at, f->size - 1);
    if (utf8_is_text(at, n)) {
        jsonw_strn(w, key, at, n);
        return;
    }
    char text[512];
    if (n > sizeof text) n = sizeof text;
    for (size_t i = 0; i < n;) {
        size_t step = utf8_length(at + i, n - i);
        bool good = step && utf8_is_text(at + i, step);
        if (good) memcpy(text + i, at + i, step);
        if (!good) text[i] = '?';
        i += good ? step : 1;
    }
    jsonw_strn(w, key, text, n);
}

static void write_value(struct jsonw *w, const char *key, const struct field *f, const void *at);

static void write_array(struct jsonw *w, const char *key, const struct field *f, const char *base) {
    const char *at = base + f->offset;
    int32_t n = *(const int32_t *)(base + f->count_offset);
    assert(n >= 0 && n <= f->max);
    jsonw_array(w, key);
    for (int32_t i = 0; i < n; i++, at += f->item_size) {
        if (f->sub)
            field_write(w, NULL, f->sub, at);
        else
            write_value(w, NULL, f->item, at);
    }
    jsonw_array_end(w);
}

static int64_t within(const struct field *f, int64_t value) {
    return value < f->min ? f->min : value > f->max ? f->max : value;
}

static void write_value(struct jsonw *w, const char *key, const struct field *f, const void *at) {
    switch (f->type) {
    case FIELD_T_BOOL: jsonw_bool(w, key, *(const bool *)at); break;
    case FIELD_T_INT: jsonw_int(w, key, within(f, field_value(f, at))); break;
    case FIELD_T_MILLI: jsonw_milli(w, key, within(f, field_value(f, at))); break;
    case FIELD_T_STR: write_str(w, key, f, at); break;
    case FIELD_T_UUID: jsonw_uuid(w, key, at); break;
    case FIELD_T_TIME: jsonw_time(w, key, *(const int64_t *)at); break;
    case FIELD_T_ENUM: jsonw_str(w, key, f->names[field_value(f, at)]); break;
    case FIELD_T_OBJECT: field_write(w, key, f->sub, at); break;
    case FIELD_T_ARRAY: write_array(w, key, f, (const char *)at - f->offset); break;
    case FIELD_T_JSON: {
        auto_free char *text = json_dumps(*(json_t *const *)at, JSON_COMPACT);
        assert(text);
        jsonw_raw(w, key, text, strlen(text));
        break;
    }
    case FIELD_T_END: break;
    }
}

void field_write(struct jsonw *w, const char *key, const struct field *table, const void *value) {
    jsonw_object(w, key);
    for (const struct field *f = table; f->type != FIELD_T_END; f++) {
        if (!field_is_absent(f, value)) write_value(w, f->name, f, (const char *)value + f->offset);
    }
    jsonw_object_end(w);
}
