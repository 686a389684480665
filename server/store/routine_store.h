/* Routines and their versions. A published version never changes; a routine has at most one draft. What is
 * offered is the newest version that was ever published, unless it is retired: an older one does not come
 * back by itself. */
#ifndef PEDILUVE_SERVER_STORE_ROUTINE_STORE_H
#define PEDILUVE_SERVER_STORE_ROUTINE_STORE_H

#include "server/base/principal.h"
#include "server/domain/routine_index.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct routine_row { /* a routine together with one of its versions */
    char slug[65];
    struct uuid site_id; /* zero: for all sites */
    int32_t version;
    char state[12]; /* draft, published, retired */
    char name[81];
    char *content; /* JSON, owned; NULL where a list was asked without */
    int64_t created_at, published_at;
    char summary[401];
    /* routine_index.h; type "": not known, the content cannot be read. */
    char type[24], hands[8];
    int32_t steps, confirms, duration_s, duration_max_s;
    char *goals, *models; /* JSON arrays, owned */
};
void routine_row_done(struct routine_row *row);
bool routine_row_is_draft(const struct routine_row *row);

struct routine_filter { /* zeroed: every routine that is offered, without contents */
    struct uuid site_id;
    const char *state; /* NULL: published. retired: routines of which nothing is offered any more */
    const char *type, *goal, *model, *hands;
    int32_t duration_min_s, duration_max_s; /* 0: none */
    const char *words;                      /* as fold_text makes them; each must be found */
    bool with_content;
};

/* One version of each routine that the filter finds, by slug. after: "" from the beginning. A scope sees its
 * own sites' routines and those for all sites. */
must_use enum err routine_list(struct db *db, const struct scope *scope, const struct routine_filter *filter,
                               const char *after, int32_t limit, struct routine_row rows[], int32_t *ret_n);
/* version 0: the one that is offered. */
must_use enum err routine_get(struct db *db, const struct scope *scope, const char *slug, int32_t version,
                              struct routine_row *ret);
/* All versions, newest first, without contents; before: 0 from the newest, else the version last seen. */
must_use enum err routine_versions(struct db *db, const struct scope *scope, const char *slug, int32_t before,
                                   int32_t limit, struct routine_row rows[], int32_t *ret_n);

struct routine_draft { /* what is written */
    const char *slug, *name;
    const struct uuid *site_id;        /* of a new routine; NULL or zero: for all sites */
    const char *content;               /* a JSON object */
    const struct routine_index *index; /* NULL: not known */
    const char *expected; /* replace a draft only while its content is still this, as it was read;
                             "": leave an existing draft alone; NULL: whatever it is */
};
/* Makes the routine if there is none (zero site_id needs a scope of all sites, else ERR_FORBIDDEN), and its
 * draft, or replaces the draft there is. ERR_NOT_FOUND: a routine of another site, one for all sites without
 * a scope of all sites, or the draft is not the expected one. */
must_use enum err routine_write_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                                      const struct routine_draft *draft, struct routine_row *ret);
/* The same without index, whatever draft there is. */
must_use enum err routine_put_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                                    const char *slug, const struct uuid *site_id, const char *name,
                                    const char *content, struct routine_row *ret);
/* Deletes a draft while its content is still `expected`, and the routine when it has no other version.
 * ERR_NOT_FOUND: no such draft, or another content. */
must_use enum err routine_delete_draft(struct db *db, const struct scope *scope, const struct actor *actor,
                                       const char *slug, int32_t version, const char *expected);
/* ERR_WRONG_STATE: that version is not a draft (any more). ERR_CONFLICT: there is a newer version. */
must_use enum err routine_publish(struct db *db, const struct scope *scope, const struct actor *actor,
                                  const char *slug, int32_t version, struct routine_row *ret);
/* published -> retired: no new session with it. ERR_WRONG_STATE: it is not published. */
must_use enum err routine_retire(struct db *db, const struct scope *scope, const struct actor *actor,
                                 const char *slug, int32_t version, struct routine_row *ret);

struct routine_standing { /* of a slug that somebody wants to write */
    bool exists, changeable, has_draft;
    int32_t newest; /* version; 0: none */
};
/* slugs: joined by commas; rets: one for each, in their order. */
must_use enum err routine_standings(struct db *db, const struct scope *scope, const char *slugs,
                                    struct routine_standing rets[], int32_t n);

/* For `migrate`: all versions of all routines by slug and number, after that one ("" and 0: from the
 * beginning). */
must_use enum err routine_each_version(struct db *db, const char *after_slug, int32_t after_version,
                                       int32_t limit, struct routine_row rows[], int32_t *ret_n);
/* Writes what is known of a version now, unless its content has changed since. NULL: nothing is. */
must_use enum err routine_set_index(struct db *db, const struct routine_row *row,
                                    const struct routine_index *index, bool *ret_changed);

#endif
