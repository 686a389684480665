#include "server/domain/catalogue.h"

#include <string.h>

#include "catalogue/editable.h"
#include "server/domain/screening_rule.h"

const char *const catalogue_kind_names[CATALOGUE_KIND_COUNT + 1] = {
#define X(e, n, c) n,
    CATALOGUE_KINDS(X)
#undef X
};

/* The bounds of a recipe's drops are each within the schema's; here they are held against each other. */
static bool oil_recipe_check(const char *product, const char *copy, struct field_errors *errors) {
    struct drops {
        int32_t drops_min, drops_max;
    } d;
    static const struct field fields[] = {FIELD_INT(struct drops, drops_min, 0, INT32_MAX, FIELD_REQUIRED),
                                          FIELD_INT(struct drops, drops_max, 0, INT32_MAX, FIELD_REQUIRED),
                                          FIELD_END};
    (void)product;
    if (!field_parse(copy, strlen(copy), fields, 0, &d, sizeof d, NULL, errors)) return false;
    if (d.drops_min > d.drops_max)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/drops_max", "must not be less than drops_min");
    return errors->n == 0;
}

struct bounds {
    int32_t least, usual, most;
};
#define BOUND(key, member)                                                                                   \
    {                                                                                                        \
        .name = (key), .type = FIELD_T_INT, .flags = FIELD_REQUIRED,                                         \
        .offset = offsetof(struct bounds, member), .size = sizeof(int32_t), .min = INT32_MIN,                \
        .max = INT32_MAX, .has_offset = FIELD_NO_HAS                                                         \
    }
static const struct field bounds_fields[] = {BOUND("min", least), BOUND("default", usual), BOUND("max", most),
                                             FIELD_END};

/* What a template bounds, {"min", "default", "max"}: a site chooses what is usual, the product between what.
 */
#define TEMPLATE_BOUNDS(X) X(count) X(interval_days) X(rounds) X(break_days) X(intensity_from) X(intensity_to)

static bool course_template_check(const char *product, const char *copy, struct field_errors *errors) {
    struct course_bounds {
#define X(member) struct bounds member;
        TEMPLATE_BOUNDS(X)
#undef X
    } t;
    static const struct field fields[] = {
#define X(member) FIELD_OBJECT(struct course_bounds, member, bounds_fields, FIELD_REQUIRED),
        TEMPLATE_BOUNDS(X)
#undef X
            FIELD_END};
    (void)product; /* the copy's bounds are the product's: no site changes them */
    if (!field_parse(copy, strlen(copy), fields, 0, &t, sizeof t, NULL, errors)) return false;
#define X(member)                                                                                            \
    if (t.member.usual < t.member.least || t.member.usual > t.member.most)                                   \
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/" #member "/default", "must be from %d to %d",        \
                         (int)t.member.least, (int)t.member.most);
    TEMPLATE_BOUNDS(X)
#undef X
    return errors->n == 0;
}

static catalogue_check *const checks[CATALOGUE_KIND_COUNT] = {
#define X(e, n, c) c,
    CATALOGUE_KINDS(X)
#undef X
};

static const struct catalogue_editable editables[] = {
#define X(k, p, t, lo, hi, a)                                                                                \
    {.kind = k, .path = p, .type = CATALOGUE_##t, .least = lo, .most = hi, .allowed = a},
    CATALOGUE_EDITABLE(X)
#undef X
};

enum catalogue_kind catalogue_kind_find(const char *name) {
    for (int k = 0; k < CATALOGUE_KIND_COUNT; k++)
        if (strcmp(name, catalogue_kind_names[k]) == 0) return (enum catalogue_kind)k;
    return CATALOGUE_KIND_COUNT;
}

catalogue_check *catalogue_kind_check(enum catalogue_kind kind) { return checks[kind]; }

const struct catalogue_editable *catalogue_editables(enum catalogue_kind kind, int32_t *ret_n) {
    const size_t all = COUNT_OF(editables);
    size_t first = 0;
    while (first < all && strcmp(editables[first].kind, catalogue_kind_names[kind]) != 0) first++;
    size_t end = first; /* those of a kind stand together */
    while (end < all && strcmp(editables[end].kind, catalogue_kind_names[kind]) == 0) end++;
    *ret_n = (int32_t)(end - first);
    return &editables[first];
}

bool catalogue_editable_allows(const struct catalogue_editable *e, const char *value) {
    size_t n = strlen(value);
    if (n == 0 || strchr(value, ' ')) return false;
    for (const char *at = e->allowed; (at = strstr(at, value)); at++)
        if (at > e->allowed && at[-1] == ' ' && at[n] == ' ') return true;
    return false;
}

static bool is_id_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool catalogue_id_ok(const char *text) {
    size_t n = strlen(text);
    if (n == 0 || n > CATALOGUE_ID_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        bool joint = (text[i] == '.' || text[i] == '-') && i > 0 && i + 1 < n && is_id_char(text[i - 1]);
        if (!is_id_char(text[i]) && !joint) return false;
    }
    return true;
}
