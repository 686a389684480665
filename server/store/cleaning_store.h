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
    int64_t from, to;               /* of done_at: from <= done_at < to; 0: any */
};

/* Newest first. */
must_use enum err cleaning_list(struct db *db, const struct scope *scope,
                                const struct cleaning_filter *filter, const struct page *page,
                                struct cleaning_row rows[], int32_t *ret_n);

/* One line of the log as an inspector reads it; text owned by the callee, valid during the call. */
#define CLEANING_LOG_COLUMNS 14
extern const char *const cleaning_log_columns[CLEANING_LOG_COLUMNS];
typedef void cleaning_log_line(void *arg, const char *const cells[CLEANING_LOG_COLUMNS]);
/* The log from its oldest line to its newest, times as the site's clocks showed them. *ret_more: there are
 * more than CLEANING_LOG_MAX, and no line was told. */
#define CLEANING_LOG_MAX 10000
must_use enum err cleaning_log(struct db *db, const struct scope *scope, const struct cleaning_filter *filter,
                               cleaning_log_line *line, void *arg, bool *ret_more);
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
