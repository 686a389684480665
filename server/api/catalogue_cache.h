/* Views of the catalogue, remembered. Correct with any number of replicas: each use asks the database for one
 * number, the catalogue's revision, and what was read at another one is read anew. Bounded: the view not used
 * for longest gives way. Thread-safe. */
#ifndef PEDILUVE_SERVER_API_CATALOGUE_CACHE_H
#define PEDILUVE_SERVER_API_CATALOGUE_CACHE_H

#include "server/api/catalogue_view.h"
#include "server/base/principal.h"

#define CATALOGUE_VIEWS_MAX 32 /* some hundred kB each */

struct catalogue_cache;
struct catalogue_cache *catalogue_cache_new(void);
void catalogue_cache_free(struct catalogue_cache *c); /* NULL is legal; what was given out must be back */

/* The catalogue as it is now, as the site (zero: none) sees it; to be given back. ERR_NOT_FOUND: not a site
 * within the scope. */
must_use enum err catalogue_cache_get(struct catalogue_cache *c, struct db *db, const struct scope *scope,
                                      const struct uuid *site_id, const struct catalogue_view **ret);
void catalogue_cache_give_back(struct catalogue_cache *c,
                               const struct catalogue_view *view); /* NULL is legal */

#endif
