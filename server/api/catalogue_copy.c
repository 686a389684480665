#include "server/api/catalogue_copy.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"

#define POINTER_MAX 160

struct merge {
    const struct catalogue_editable *editables;
    int32_t n;
    struct field_errors *errors;
    struct buf path;    /* as the table of what is editable has it: * for items of lists */
    struct buf pointer; /* as the caller is told */
};

struct mark { /* how far path and pointer went */
    size_t path, pointer;
};

/* RFC 6901: ~ and / within a key. */
static void add_key(struct buf *b, const char *key) {
    buf_chr(b, '/');
    for (; *key && b->len < POINTER_MAX; key++) {
        if (*key == '~' || *key == '/')
            buf_str(b, *key == '~' ? "~0" : "~1");
        else
            buf_chr(b, *key);
    }
}

static struct mark step_key(struct merge *m, const char *key) {
    struct mark back = {m->path.len, m->pointer.len};
    add_key(&m->path, key);
    add_key(&m->pointer, key);
    return back;
}

static struct mark step_item(struct merge *m, size_t i) {
    struct mark back = {m->path.len, m->pointer.len};
    buf_str(&m->path, "/*");
    buf_fmt(&m->pointer, "/%zu", i);
    return back;
}

static void step_back(struct merge *m, struct mark back) {
    m->path.len = back.path;
    m->path.data[back.path] = '\0';
    m->pointer.len = back.pointer;
    m->pointer.data[back.pointer] = '\0';
}

static bool fault(struct merge *m, enum field_fault fault, const char *detail) {
    field_errors_add(m->errors, fault, m->pointer.data, "%s", detail);
    return false;
}

static size_t characters(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i += utf8_length(text + i, len - i)) n++;
    return n;
}

static bool text_fits(struct merge *m, const struct catalogue_editable *e, const json_t *value) {
    char detail[64];
    if (!json_is_string(value)) return fault(m, FIELD_WRONG_TYPE, "must be a text");
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (!utf8_is_text(text, len))
        return fault(m, FIELD_BAD_FORMAT, "must be text without control characters");
    size_t n = characters(text, len);
    snprintf(detail, sizeof(detail), "must have from %.0f to %.0f characters", e->least, e->most);
    if ((double)n < e->least) return fault(m, FIELD_TOO_SHORT, detail);
    return (double)n <= e->most || fault(m, FIELD_TOO_LONG, detail);
}

static bool number_fits(struct merge *m, const struct catalogue_editable *e, const json_t *value) {
    char detail[64];
    bool whole = e->type == CATALOGUE_INTEGER;
    if (whole ? !json_is_integer(value) : !json_is_number(value))
        return fault(m, FIELD_WRONG_TYPE, whole ? "must be a whole number" : "must be a number");
    double number = json_number_value(value);
    snprintf(detail, sizeof(detail), "must be from %g to %g", e->least, e->most);
    return (number >= e->least && number <= e->most) || fault(m, FIELD_OUT_OF_RANGE, detail);
}

static bool choice_fits(struct merge *m, const struct catalogue_editable *e, const json_t *value) {
    char detail[160];
    const char *name = json_string_value(value);
    if (!name) return fault(m, FIELD_WRONG_TYPE, "must be a text");
    snprintf(detail, sizeof(detail), "must be one of:%s", e->allowed);
    return catalogue_editable_allows(e, name) || fault(m, FIELD_NOT_ONE_OF, detail);
}

static bool stands_before(const json_t *list, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (json_equal(json_array_get(list, k), json_array_get(list, i))) return true;
    return false;
}

static bool list_fits(struct merge *m, const struct catalogue_editable *e, const json_t *value) {
    if (!json_is_array(value)) return fault(m, FIELD_WRONG_TYPE, "must be a list");
    size_t n = json_array_size(value);
    if ((double)n > e->most) return fault(m, FIELD_TOO_MANY, "has too many items");
    if ((double)n < e->least) return fault(m, FIELD_TOO_SHORT, "has too few items");
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        struct mark back = step_item(m, i);
        good = choice_fits(m, e, json_array_get(value, i)) &&
               (!stands_before(value, i) || fault(m, FIELD_NOT_ONE_OF, "stands twice"));
        step_back(m, back);
    }
    return good;
}

static bool fits(struct merge *m, const struct catalogue_editable *e, const json_t *value) {
    switch ((enum catalogue_type)e->type) {
    case CATALOGUE_TEXT: return text_fits(m, e, value);
    case CATALOGUE_INTEGER:
    case CATALOGUE_NUMBER: return number_fits(m, e, value);
    case CATALOGUE_CHOICE: return choice_fits(m, e, value);
    case CATALOGUE_LIST: return list_fits(m, e, value);
    }
    return false;
}

static bool same(const json_t *a, const json_t *b) {
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* What stands at the present path; NULL: only the product changes it. */
static const struct catalogue_editable *find(const struct merge *m) {
    for (int32_t i = 0; i < m->n; i++)
        if (strcmp(m->editables[i].path, m->path.data) == 0) return &m->editables[i];
    return NULL;
}

/* Whether a site may change something within the present path. */
static bool is_above_some(const struct merge *m) {
    for (int32_t i = 0; i < m->n; i++)
        if (strncmp(m->editables[i].path, m->path.data, m->path.len) == 0 &&
            m->editables[i].path[m->path.len] == '/')
            return true;
    return false;
}

static json_t *merge(struct merge *m, const json_t *product, const json_t *copy);
static json_t *merge_object(struct merge *m, const json_t *product, const json_t *copy);

/* A member that the product's entry does not have. */
static void add_member(struct merge *m, json_t *out, const char *key, json_t *value) {
    const struct catalogue_editable *e = find(m);
    if (e) {
        if (fits(m, e, value)) json_object_set(out, key, value);
    } else if (json_is_object(value) && is_above_some(m)) {
        json_t *none = json_object(), *added = merge_object(m, none, value);
        if (json_object_size(added) > 0) json_object_set(out, key, added);
        json_decref(none);
        json_decref(added);
    } else {
        fault(m, FIELD_UNKNOWN_PROPERTY, "the product's entry has no such member");
    }
}

static json_t *merge_object(struct merge *m, const json_t *product, const json_t *copy) {
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)product, key, value) {
        const json_t *given = json_object_get(copy, key);
        struct mark back = step_key(m, key);
        if (!given) fault(m, FIELD_MISSING, "must be given: a copy is the whole entry");
        json_object_set_new(out, key, given ? merge(m, value, given) : json_incref(value));
        step_back(m, back);
    }
    json_object_foreach((json_t *)(uintptr_t)copy, key, value) {
        if (json_object_get(product, key)) continue;
        struct mark back = step_key(m, key);
        add_member(m, out, key, value);
        step_back(m, back);
    }
    return out;
}

static json_t *merge_array(struct merge *m, const json_t *product, const json_t *copy) {
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(product); i++) {
        struct mark back = step_item(m, i);
        json_array_append_new(out, merge(m, json_array_get(product, i), json_array_get(copy, i)));
        step_back(m, back);
    }
    return out;
}

static json_t *merge(struct merge *m, const json_t *product, const json_t *copy) {
    const struct catalogue_editable *e = find(m);
    if (e) return json_incref((json_t *)(uintptr_t)(fits(m, e, copy) ? copy : product));
    if (json_is_object(product) && json_is_object(copy)) return merge_object(m, product, copy);
    if (json_is_array(product) && json_array_size(product) == json_array_size(copy) && json_is_array(copy))
        return merge_array(m, product, copy);
    if (!same(product, copy)) fault(m, FIELD_NOT_ONE_OF, "must stay as the product has it");
    return json_incref((json_t *)(uintptr_t)product);
}

json_t *catalogue_copy_merge(const struct catalogue_editable editables[], int32_t n, const json_t *product,
                             const json_t *copy, struct field_errors *errors) {
    *errors = (struct field_errors){0};
    struct merge m = {.editables = editables, .n = n, .errors = errors};
    buf_str(&m.path, "");
    buf_str(&m.pointer, "");
    json_t *out = merge(&m, product, copy);
    buf_done(&m.path);
    buf_done(&m.pointer);
    return out;
}
