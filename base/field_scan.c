/* The quick way through field_parse. Table and text are walked in step, so there is no key to look
 * up, no duplicate possible, nothing to allocate; the first surprise gives up. */
#include "base/clock.h"
#include "base/field.h"
#include "base/field_types.h"
#include "base/uuid.h"

/* Each scan_x returns what follows the value, or NULL. */
static const char *scan_value(const char *p, const char *end, const struct field *f, void *at);

static bool digit_at(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

/* A JSON integer of at most 15 digits, so that thousandths of it still fit. */
static const char *scan_digits(const char *p, const char *end, int64_t *ret) {
    const char *from = p, *most = end - p > 15 ? p + 15 : end;
    int64_t value = 0;
    while (digit_at(p, most)) value = value * 10 + (*p++ - '0');
    if (p == from || digit_at(p, end) || (*from == '0' && p - from > 1)) return NULL;
    *ret = value;
    return p;
}

static const char *scan_int(const char *p, const char *end, const struct field *f, void *at) {
    int64_t value;
    bool negative = p < end && *p == '-';
    p = scan_digits(p + negative, end, &value);
    if (!p || (p < end && (*p == '.' || *p == 'e' || *p == 'E'))) return NULL;
    if (negative) value = -value;
    if (value < f->min || value > f->max) return NULL;
    field_store(f, at, value);
    return p;
}

static const char *scan_milli(const char *p, const char *end, const struct field *f, void *at) {
    int64_t value;
    bool negative = p < end && *p == '-';
    p = scan_digits(p + negative, end, &value);
    if (!p) return NULL;
    int decimals = 0;
    if (p < end && *p == '.') {
        for (p++; digit_at(p, end) && decimals < 3; decimals++) value = value * 10 + (*p++ - '0');
        if (!decimals || digit_at(p, end)) return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) return NULL;
    for (; decimals < 3; decimals++) value *= 10;
    if (negative) value = -value;
    if (value < f->min || value > f->max) return NULL;
    field_store(f, at, value);
    return p;
}

/* Plain ASCII between quotes; *ret_text is what stands between them. */
static const char *scan_text(const char *p, const char *end, const char **ret_text, size_t *ret_len) {
    if (p == end || *p != '"') return NULL;
    const char *from = ++p;
    while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') p++;
    if (p == end || *p != '"') return NULL;
    *ret_text = from;
    *ret_len = (size_t)(p - from);
    return p + 1;
}

static const char *scan_str(const char *p, const char *end, const struct field *f, void *at) {
    const char *text;
    size_t len;
    p = scan_text(p, end, &text, &len);
    if (!p || len >= f->size || len < (size_t)f->min) return NULL;
    memcpy(at, text, len);
    return p;
}

static const char *scan_uuid(const char *p, const char *end, const struct field *f, void *at) {
    (void)f;
    if (end - p < UUID_TEXT_LEN + 2 || *p != '"' || p[UUID_TEXT_LEN + 1] != '"') return NULL;
    return uuid_parse(p + 1, UUID_TEXT_LEN, at) ? p + UUID_TEXT_LEN + 2 : NULL;
}

static const char *scan_time(const char *p, const char *end, const struct field *f, void *at) {
    (void)f;
    const char *text;
    size_t len;
    p = scan_text(p, end, &text, &len);
    return p && clock_parse(text, len, at) ? p : NULL;
}

static const char *scan_enum(const char *p, const char *end, const struct field *f, void *at) {
    const char *text;
    size_t len;
    p = scan_text(p, end, &text, &len);
    if (!p) return NULL;
    for (int i = 0; f->names[i]; i++) {
        if (strncmp(f->names[i], text, len) != 0 || f->names[i][len] != '\0') continue;
        field_store(f, at, i);
        return p;
    }
    return NULL;
}

static const char *scan_bool(const char *p, const char *end, const struct field *f, void *at) {
    (void)f;
    bool yes = end - p >= 4 && memcmp(p, "true", 4) == 0;
    bool no = end - p >= 5 && memcmp(p, "false", 5) == 0;
    if (!yes && !no) return NULL;
    *(bool *)at = yes;
    return p + (yes ? 4 : 5);
}

static const char *scan_object(const char *p, const char *end, const struct field *table, void *base) {
    const struct field *f = table;
    if (end - p < 2 || *p++ != '{') return NULL;
    bool more = *p != '}';
    if (!more) p++;
    while (more) {
        if (p == end || *p++ != '"') return NULL;
        for (;; f++) {
            if (f->type == FIELD_T_END) return NULL;
            size_t n = field_name_len(f);
            if ((size_t)(end - p) > n + 2 && memcmp(p, f->name, n) == 0 && p[n] == '"' && p[n + 1] == ':') {
                p += n + 2;
                break;
            }
            if (f->flags & FIELD_REQUIRED) return NULL;
            field_absent(f, base);
        }
        if ((f->flags & FIELD_NULLABLE) && end - p >= 4 && memcmp(p, "null", 4) == 0) {
            if (f->flags & FIELD_REQUIRED) return NULL;
            p += 4;
            field_absent(f, base);
        } else {
            p = scan_value(p, end, f, (char *)base + f->offset);
            if (!p) return NULL;
            field_mark(f, base);
        }
        f++;
        if (p == end || (*p != ',' && *p != '}')) return NULL;
        more = *p++ == ',';
    }
    for (; f->type != FIELD_T_END; f++) {
        if (f->flags & FIELD_REQUIRED) return NULL;
        field_absent(f, base);
    }
    return p;
}

static const char *scan_array(const char *p, const char *end, const struct field *f, char *base) {
    char *at = base + f->offset;
    int32_t n = 0;
    if (end - p < 2 || *p++ != '[') return NULL;
    bool more = *p != ']';
    if (!more) p++;
    for (; more; n++, at += f->item_size) {
        if (n >= f->max) return NULL;
        p = f->sub ? scan_object(p, end, f->sub, at) : scan_value(p, end, f->item, at);
        if (!p || p == end || (*p != ',' && *p != ']')) return NULL;
        more = *p++ == ',';
    }
    if (n < f->min) return NULL;
    *(int32_t *)(base + f->count_offset) = n;
    return p;
}

static const char *scan_value(const char *p, const char *end, const struct field *f, void *at) {
    switch (f->type) {
    case FIELD_T_BOOL: return scan_bool(p, end, f, at);
    case FIELD_T_INT: return scan_int(p, end, f, at);
    case FIELD_T_MILLI: return scan_milli(p, end, f, at);
    case FIELD_T_STR: return scan_str(p, end, f, at);
    case FIELD_T_UUID: return scan_uuid(p, end, f, at);
    case FIELD_T_TIME: return scan_time(p, end, f, at);
    case FIELD_T_ENUM: return scan_enum(p, end, f, at);
    case FIELD_T_OBJECT: return scan_object(p, end, f->sub, at);
    case FIELD_T_ARRAY: return scan_array(p, end, f, (char *)at - f->offset);
    case FIELD_T_JSON:
    case FIELD_T_END: break;
    }
    return NULL;
}

bool field_scan(const char *text, size_t len, const struct field *table, void *ret, size_t ret_size) {
    memset(ret, 0, ret_size);
    return scan_object(text, text + len, table, ret) == text + len;
}
