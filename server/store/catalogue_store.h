/* Brings models and routines that come with the product (schema/catalogue/) into the database. Idempotent:
 * every start may do it, from several replicas at once. The caller has parsed and checked the JSON. */
#ifndef PEDILUVE_SERVER_STORE_CATALOGUE_STORE_H
#define PEDILUVE_SERVER_STORE_CATALOGUE_STORE_H

#include "server/store/actor.h"
#include "server/store/db.h"

/* A higher version replaces the model; the same version with the same spec, and a lower one (an older
 * replica), change nothing; the same version with another spec: ERR_CONFLICT. */
must_use enum err catalogue_put_model(struct db *db, const struct actor *actor, const char *id,
                                      int32_t version, const char *name, const char *spec, bool *ret_changed);
/* A routine for all sites. Text that was never published (by SHA-256 of `content`, byte for byte) becomes the
 * next version, published; text that was, changes nothing, so that what staff published over it stays. */
must_use enum err catalogue_put_routine(struct db *db, const struct actor *actor, const char *slug,
                                        const char *name, const char *content, bool *ret_changed);

#endif
