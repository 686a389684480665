/* Alarms in the database. One stands for each (device, kind, fault) while its cause lasts, whoever raises it.
 */
#ifndef PEDILUVE_SERVER_STORE_ALARM_STORE_H
#define PEDILUVE_SERVER_STORE_ALARM_STORE_H

#include "server/base/principal.h"
#include "server/domain/alarm.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct alarm_row {
    struct uuid id, device_id, site_id, session_id; /* session zero: none */
    int32_t kind, severity, state;
    char fault[33]; /* "": none */
    char detail[161];
    int64_t raised_at, acknowledged_at, cleared_at, gone_at;
    struct uuid acknowledged_by, cleared_by; /* zero: nobody; cleared without: by itself */
    char acknowledged_name[65], cleared_name[65];
    char note[LINE_SIZE(ALARM_NOTE_MAX)];
    int64_t version;
};

struct alarm_filter {
    struct uuid device_id, site_id;     /* zero: any */
    uint32_t kinds, severities, states; /* bit 1u << enum value of each wanted; 0: any */
};

/* Newest first. */
must_use enum err alarm_list(struct db *db, const struct scope *scope, const struct alarm_filter *filter,
                             const struct page *page, struct alarm_row rows[], int32_t *ret_n);
must_use enum err alarm_get(struct db *db, const struct scope *scope, const struct uuid *id,
                            struct alarm_row *ret);
/* Harmless twice: the first one's word stays. ERR_CONFLICT: it is cleared. */
must_use enum err alarm_acknowledge(struct db *db, const struct scope *scope, const struct actor *actor,
                                    const struct uuid *id, struct alarm_row *ret);
/* Staff say that it is dealt with. While its cause lasts it is not raised again. ERR_CONFLICT: it is cleared.
 */
must_use enum err alarm_clear(struct db *db, const struct scope *scope, const struct actor *actor,
                              const struct uuid *id, const char *note, struct alarm_row *ret);

/* ---- for housekeeping ---- */

#define ALARM_OPEN_MAX 2000 /* looked at in one round, oldest first */

/* Those whose cause has not ended. */
must_use enum err alarm_list_going_on(struct db *db, struct alarm_row rows[], int32_t *ret_n);
/* Unless one stands already; the audit log says it. *ret_raised: this call made it. */
must_use enum err alarm_raise(struct db *db, enum alarm_kind kind, const char *fault,
                              const struct uuid *device_id, const struct uuid *session_id, const char *detail,
                              bool *ret_raised);
/* Its cause is gone: cleared by itself, unless staff had cleared it. */
must_use enum err alarm_end(struct db *db, const struct uuid *id);

struct alarm_silent { /* a device with a session that runs, of which no sample has come lately either */
    struct uuid device_id, session_id;
};
/* Which of these devices have a session that has begun, and no sample younger than ALARM_SILENT_MS by its own
 * clock: another server may well hear it. out has room for n. */
must_use enum err alarm_list_silent(struct db *db, const struct uuid devices[], int32_t n, int64_t now,
                                    struct alarm_silent out[], int32_t *ret_n);

#endif
