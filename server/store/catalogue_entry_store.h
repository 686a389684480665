/* The catalogue's entries: those of the product, and the copies that sites made of them. The texts are JSON
 * of whole entries; who calls has checked them. */
#ifndef PEDILUVE_SERVER_STORE_CATALOGUE_ENTRY_STORE_H
#define PEDILUVE_SERVER_STORE_CATALOGUE_ENTRY_STORE_H

#include "base/uuid.h"
#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"

struct catalogue_entry_row {
    char kind[33], id[49];
    int32_t version;
    int64_t changed_at;
    char *content;
    int32_t copy_version; /* 0: the site has none */
    int64_t copy_changed_at;
    char *copy; /* NULL: none */
};
struct catalogue_entry_rows {
    int32_t n;
    struct catalogue_entry_row *list; /* owned, texts and all */
};
void catalogue_entry_rows_done(struct catalogue_entry_rows *rows);

struct catalogue_kind_row {
    char kind[33];
    int32_t version; /* of the file last loaded */
};

struct catalogue_link_row { /* one source, one thing that carries it out */
    char source[49], kind[33], id[65];
    char *name;
};
struct catalogue_link_rows {
    int32_t n;
    struct catalogue_link_row *list; /* owned */
};
void catalogue_link_rows_done(struct catalogue_link_rows *rows);

/* The number that every change of the catalogue, of published routines and of models moves on; what was read
 * after it holds while it stays. ERR_NOT_FOUND: site_id (zero: none) is not a site within the scope. */
must_use enum err catalogue_entry_revision(struct db *db, const struct scope *scope,
                                           const struct uuid *site_id, int64_t *ret_revision);
/* All current entries of the product by kind and place, each with the site's copy. site_id zero: no copies.
 */
must_use enum err catalogue_entry_list(struct db *db, const struct uuid *site_id,
                                       struct catalogue_entry_rows *ret);
must_use enum err catalogue_entry_kinds(struct db *db, struct catalogue_kind_row rows[], int32_t max,
                                        int32_t *ret_n);
/* By source, kind and id: the product's entries, the routines published for all sites, the models. */
must_use enum err catalogue_entry_links(struct db *db, struct catalogue_link_rows *ret);

/* Makes the product's entries of the kind those of the array: a changed one becomes a new version, one that
 * is gone is retired. A lower version than was loaded before (an older replica) changes nothing. Any number
 * of replicas may do it at once. */
must_use enum err catalogue_entry_load(struct db *db, const struct actor *actor, const char *kind,
                                       int32_t version, const char *entries, int32_t *ret_changed);

struct catalogue_copy_key {
    const char *kind, *id;
    struct uuid site_id;
    int32_t product_version, copy_version; /* those that were read; copy_version 0: there was none */
};
/* ERR_PRECONDITION_FAILED: one of the two versions is no longer that. An equal copy changes nothing. */
must_use enum err catalogue_entry_put_copy(struct db *db, const struct scope *scope,
                                           const struct actor *actor, const struct catalogue_copy_key *key,
                                           const char *content);
must_use enum err catalogue_entry_delete_copy(struct db *db, const struct scope *scope,
                                              const struct actor *actor,
                                              const struct catalogue_copy_key *key);

#endif
