/* Disinfection records: append-only; recording one makes the device clean. */
#ifndef PEDILUVE_SERVER_STORE_CLEANING_STORE_H
#define PEDILUVE_SERVER_STORE_CLEANING_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct cleaning_row {
    struct uuid id, device_id, site_id, session_id, recorded_by;
    char kind[16];    /* a name of domain/cleaning.h; all but a rinse make the device clean */
    char product[81]; /* the disinfectant, as on its label */
    char epa_number[41];
    int32_t contact_minutes;
    bool rinsed;
    char initials[33]; /* of who did it; up to 8 characters */
    char notes[501];
    int64_t done_at, created_at;
};

struct cleaning_filter {
    struct uuid device_id, site_id; /* zero: any */
};

/* Newest first. */
must_use enum err cleaning_list(struct db *db, const struct scope *scope,
                                const struct cleaning_filter *filter, const struct page *page,
                                struct cleaning_row rows[], int32_t *ret_n);
must_use enum err cleaning_get(struct db *db, const struct scope *scope, const struct uuid *id,
                               struct cleaning_row *ret);
/* Takes id, device_id, kind .. done_at (0: now) of *row and fills in the rest: session_id becomes the
 * device's last session. ERR_NOT_FOUND: the device; ERR_DEVICE_BUSY: a session is live on it. */
must_use enum err cleaning_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                  struct cleaning_row *row);
/* When the last session that began on the device ended; 0: there was none. */
must_use enum err cleaning_last_use(struct db *db, const struct scope *scope, const struct uuid *device_id,
                                    int64_t *ret_ended_at);

#endif
