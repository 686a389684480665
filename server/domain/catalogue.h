/* The kinds of the catalogue, and what a site may change of an entry. Pure; thread-safe.
 *
 * A kind is a file schema/catalogue/<kind>.json with a schema beside it in schemas/. What a site may change
 * is data too: the wording, and what the schema marks with x-editable, within the schema's bounds. */
#ifndef PEDILUVE_DOMAIN_CATALOGUE_H
#define PEDILUVE_DOMAIN_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/field.h"

#define CATALOGUE_ID_MAX 48
#define CATALOGUE_ENTRIES_MAX 1000 /* of a kind */
/* Flags for json_dumps: compact, and 36.6 stays 36.6. */
#define CATALOGUE_DUMP (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* X(enum, name, check): check judges a site's copy beyond the bounds of its members; NULL: those are enough.
 */
#define CATALOGUE_KINDS(X)                                                                                   \
    X(TECHNIQUES, "techniques", NULL)                                                                        \
    X(ZONES, "zones", NULL)                                                                                  \
    X(REFLEX_POINTS, "reflex-points", NULL)                                                                  \
    X(TYPES, "types", NULL)                                                                                  \
    X(GOALS, "goals", NULL)                                                                                  \
    X(ADDITIVES, "additives", NULL)                                                                          \
    X(NOTICES, "notices", NULL)                                                                              \
    X(PREPARATIONS, "preparations", NULL)                                                                    \
    X(OIL_RECIPES, "oil-recipes", oil_recipe_check)                                                          \
    X(SCREENING_RULES, "screening-rules", screening_rule_copy_check)                                         \
    X(COURSE_TEMPLATES, "course-templates", course_template_check)                                           \
    X(HYGIENE_RULES, "hygiene-rules", NULL)                                                                  \
    X(SOURCES, "sources", NULL)
enum catalogue_kind {
#define X(e, n, c) CATALOGUE_##e,
    CATALOGUE_KINDS(X)
#undef X
        CATALOGUE_KIND_COUNT
};
extern const char *const catalogue_kind_names[CATALOGUE_KIND_COUNT + 1]; /* NULL-terminated */
/* CATALOGUE_KIND_COUNT: none. */
enum catalogue_kind catalogue_kind_find(const char *name);

/* True: the copy may stand for the product's entry. Both are JSON texts of whole entries; pointers in errors
 * are relative to the entry. */
typedef bool catalogue_check(const char *product, const char *copy, struct field_errors *errors);
catalogue_check *catalogue_kind_check(enum catalogue_kind kind); /* NULL: none */

enum catalogue_type { CATALOGUE_TEXT, CATALOGUE_INTEGER, CATALOGUE_NUMBER, CATALOGUE_CHOICE, CATALOGUE_LIST };
struct catalogue_editable {
    const char *kind, *path; /* a path as in a JSON pointer; a star stands for each item of a list */
    int type;                /* enum catalogue_type */
    double least, most;      /* of a number itself, of a text its characters, of a list its items */
    const char *allowed;     /* " a b ": what a choice, or an item of a list, may be */
};
/* What a site may change of an entry of that kind; everything else only the product changes. */
const struct catalogue_editable *catalogue_editables(enum catalogue_kind kind, int32_t *ret_n);
/* Whether a choice, or an item of a list, may be that. */
bool catalogue_editable_allows(const struct catalogue_editable *e, const char *value);

/* Whether a text is an id of an entry: lower-case letters and digits, with single dots or hyphens between. */
bool catalogue_id_ok(const char *text);

#endif
