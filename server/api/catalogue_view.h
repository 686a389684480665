/* The catalogue as one site sees it, written out: what the routes of the catalogue answer with. Never changed
 * once made, so any number of threads may read it. */
#ifndef PEDILUVE_SERVER_API_CATALOGUE_VIEW_H
#define PEDILUVE_SERVER_API_CATALOGUE_VIEW_H

#include "base/uuid.h"
#include "server/domain/catalogue.h"
#include "server/store/db.h"

#define CATALOGUE_TAG_MAX 17

struct catalogue_page { /* an answer's body and its entity tag */
    char *text;
    size_t len;
    char tag[CATALOGUE_TAG_MAX];
};

struct catalogue_item {
    enum catalogue_kind kind;
    char id[CATALOGUE_ID_MAX + 1];
    int32_t version, copy_version; /* copy_version 0: the site has none */
    char *product, *content;       /* JSON of the entry: the product's, and what counts at the site */
    struct catalogue_page page;
};

struct catalogue_view {
    struct uuid site_id; /* zero: the product's own */
    int32_t n;
    struct catalogue_item *items; /* by kind, in the order of the kind's file */
    struct catalogue_page kinds[CATALOGUE_KIND_COUNT];
    struct catalogue_page index, sources; /* the product's view only */
    int64_t revision;                     /* these two are the cache's */
    int refs;
};

/* Reads the whole catalogue. */
must_use enum err catalogue_view_new(struct db *db, const struct uuid *site_id, struct catalogue_view **ret);
void catalogue_view_free(struct catalogue_view *view); /* NULL is legal */

/* NULL: there is none. */
const struct catalogue_item *catalogue_view_find(const struct catalogue_view *view, enum catalogue_kind kind,
                                                 const char *id);

#endif
