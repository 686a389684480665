/* Screenings: what a guest answered on a day at a site, and what came of it. Never changed. */
#ifndef PEDILUVE_SERVER_STORE_SCREENING_STORE_H
#define PEDILUVE_SERVER_STORE_SCREENING_STORE_H

#include "server/base/principal.h"
#include "server/domain/screening_rule.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct screening_row {
    struct uuid id, site_id, created_by; /* created_by: a user or a token */
    char guest[241], routine[65];        /* "": not said; for any */
    int32_t outcome;                     /* enum screening_outcome */
    bool today;                          /* still that day at the site */
    int64_t valid_until, created_at;     /* valid_until: the end of the day at the site */
    char *intake, *result;               /* JSON, owned; screening_get and _create only, else NULL */
};
void screening_row_done(struct screening_row *row);

struct screening_filter {
    struct uuid site_id; /* zero: any */
    uint32_t outcomes;   /* bit 1u << enum screening_outcome of each wanted; 0: any */
};

/* Newest first. */
must_use enum err screening_list(struct db *db, const struct scope *scope,
                                 const struct screening_filter *filter, const struct page *page,
                                 struct screening_row rows[], int32_t *ret_n);
must_use enum err screening_get(struct db *db, const struct scope *scope, const struct uuid *id,
                                struct screening_row *ret);

struct screening_new {
    struct uuid id, site_id;
    const char *guest, *routine; /* NULL: not said */
    int32_t outcome;
    const char *intake, *result; /* JSON texts */
    const char *clearances;      /* JSON array for the audit log; NULL: none */
};
/* With its audit row: who accepted which clearance. ERR_NOT_FOUND: the site. */
must_use enum err screening_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                   const struct screening_new *wanted, struct screening_row *ret);

/* Today by the site's clock, in days since 1970-01-01. ERR_NOT_FOUND: the site. */
must_use enum err screening_today(struct db *db, const struct scope *scope, const struct uuid *site_id,
                                  int32_t *ret_day);

#endif
