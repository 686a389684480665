/* Routines and their versions. A published version never changes; a routine has at most one draft. */
#ifndef PEDILUVE_SERVER_STORE_ROUTINE_STORE_H
#define PEDILUVE_SERVER_STORE_ROUTINE_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct routine_row { /* a routine together with one of its versions */
    char slug[65];
    struct uuid site_id; /* zero: for all sites */
    int32_t version;
    char state[12]; /* draft, published, retired */
    char name[81];
    char *content; /* JSON, owned */
    int64_t created_at, published_at;
};
void routine_row_done(struct routine_row *row);

/* The latest published version of each routine. after: "" from the beginning. site_id zero: any. A scope sees
 * its own sites' routines and those for all sites. */
must_use enum err routine_list(struct db *db, const struct scope *scope, const struct uuid *site_id,
                               const char *after, int32_t limit, struct routine_row rows[], int32_t *ret_n);
/* version 0: the latest published one. */
must_use enum err routine_get(struct db *db, const struct scope *scope, const char *slug, int32_t version,
                              struct routine_row *ret);
/* All versions, newest first; before: 0 from the newest, else the version last seen. */
must_use enum err routine_versions(struct db *db, const struct scope *scope, const char *slug, int32_t before,
                                   int32_t limit, struct routine_row rows[], int32_t *ret_n);

/* Makes the routine if there is none (then with site_id; zero needs a scope of all sites, else
 * ERR_FORBIDDEN), and its draft, or replaces the draft there is. content: a JSON object. A routine of
 * another site: ERR_NOT_FOUND; one for all sites needs a scope of all sites. */
must_use enum err routine_put_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                                    const char *slug, const struct uuid *site_id, const char *name,
                                    const char *content, struct routine_row *ret);
/* The same, replacing a draft only while its content is still `expected` (as it was read; "" for none: an
 * existing draft stays): else ERR_NOT_FOUND. NULL: whatever it is. */
must_use enum err routine_put_draft_if(struct db *db, const struct scope *scope, const struct actor *actor,
                                       const char *slug, const struct uuid *site_id, const char *name,
                                       const char *content, const char *expected, struct routine_row *ret);
/* ERR_WRONG_STATE: that version is not a draft (any more). */
must_use enum err routine_publish(struct db *db, const struct scope *scope, const struct actor *actor,
                                  const char *slug, int32_t version, struct routine_row *ret);
/* published -> retired: no new session with it. */
must_use enum err routine_retire(struct db *db, const struct scope *scope, const struct actor *actor,
                                 const char *slug, int32_t version, struct routine_row *ret);

#endif
