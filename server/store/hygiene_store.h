/* What a device owes by the rules of its site, days on which it was not used, and a disinfection that goes
 * on. */
#ifndef PEDILUVE_SERVER_STORE_HYGIENE_STORE_H
#define PEDILUVE_SERVER_STORE_HYGIENE_STORE_H

#include "server/domain/hygiene.h"
#include "server/store/device_store.h"

struct hygiene_due {
    int32_t kind;   /* enum cleaning_kind */
    int32_t due_on; /* the last local day on which it is in time */
    bool overdue;
};

#define HYGIENE_DUE_MAX 4
struct hygiene_row { /* of one device, now */
    int32_t rules;   /* enum hygiene_rules of its site */
    char timezone[65];
    int32_t today; /* at the site */
    struct device_row device;
    bool in_session;
    int64_t used_since, soaked_at, last_at[CLEANING_KIND_COUNT]; /* 0: never */
    int32_t n_due;
    struct hygiene_due due[HYGIENE_DUE_MAX];
};
/* ERR_NOT_FOUND. */
must_use enum err hygiene_get(struct db *db, const struct scope *scope, const struct uuid *device_id,
                              struct hygiene_row *ret);

struct out_of_use {
    struct uuid id, device_id, site_id, noted_by;
    int32_t from_on, to_on; /* local days, both included */
    char reason[LINE_SIZE(HYGIENE_REASON_MAX)], noted_name[65];
    int64_t noted_at;
};
/* Takes id, device_id, from_on, to_on, reason and fills in the rest; audit. *ret_used: a local day among them
 * on which a session began, and nothing is written then; else 0. */
must_use enum err hygiene_note_out_of_use(struct db *db, const struct scope *scope, const struct actor *actor,
                                          struct out_of_use *row, int32_t *ret_used);
/* Newest first; at most limit. */
must_use enum err hygiene_list_out_of_use(struct db *db, const struct scope *scope,
                                          const struct uuid *device_id, int32_t limit,
                                          struct out_of_use rows[], int32_t *ret_n);

/* kind NULL: ends one without a record. ERR_DEVICE_BUSY: a session is live. ERR_CONFLICT: one goes on
 * already, or none that could end. Gives the device's row afterwards; audit. */
must_use enum err hygiene_disinfect(struct db *db, const struct scope *scope, const struct actor *actor,
                                    const struct uuid *device_id, const char *kind, struct device_row *ret);

/* ---- for housekeeping ---- */

struct hygiene_overdue {
    struct uuid device_id;
    int32_t kind, due_on;
};
/* Everything overdue now, in service; at most cap. */
must_use enum err hygiene_list_overdue(struct db *db, struct hygiene_overdue out[], int32_t cap,
                                       int32_t *ret_n);
/* Clean devices of which something is overdue become due; gives their ids, at most cap at a time. */
must_use enum err hygiene_lock_overdue(struct db *db, struct uuid ids[], int32_t cap, int32_t *ret_n);

#endif
