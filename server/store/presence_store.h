/* When a device was connected, and why that changed: its last PRESENCE_KEPT changes, for PRESENCE_DAYS_KEPT
 * days. Several replicas may tell the same change; it is written once. */
#ifndef PEDILUVE_SERVER_STORE_PRESENCE_STORE_H
#define PEDILUVE_SERVER_STORE_PRESENCE_STORE_H

#include "base/uuid.h"
#include "server/base/principal.h"
#include "server/store/db.h"

#define PRESENCE_KEPT 5000
#define PRESENCE_DAYS_KEPT 90
#define PRESENCE_BATCH 510
#define PRESENCE_PRUNE_MAX 20000 /* in one call */

/* X(enum, name): the first three begin a connection, the others end it. */
#define PRESENCE_WHYS(X)                                                                                     \
    X(PRESENCE_HELLO, "hello")           /* it has connected */                                              \
    X(PRESENCE_TAKEN_OVER, "taken_over") /* it has connected anew; the end of the one before was not seen */ \
    X(PRESENCE_HEARD, "heard")           /* it is heard again on the connection that it had */               \
    X(PRESENCE_LAST_WILL, "last_will")   /* the broker says that its connection is over */                   \
    X(PRESENCE_LOST, "lost")             /* nothing was heard of it, whatever the broker says */             \
    X(PRESENCE_RETIRED, "retired")       /* it was taken out of use */

enum presence_why {
#define X(name, text) name,
    PRESENCE_WHYS(X)
#undef X
        PRESENCE_WHY_COUNT
};
extern const char *const presence_why_names[];

struct presence_change {
    struct uuid device_id, boot_id; /* boot zero: not known */
    int64_t epoch;
    bool connected;
    enum presence_why why;
    int64_t at;
    bool seen;     /* it was watched when it happened; else it may have been earlier */
    uint32_t mark; /* the teller's own */
};

/* All of them in one statement, in their order for each device; sorted by device before, lest two replicas
 * wait for each other. watched_until: for those not seen; 0: nobody knows. */
must_use enum err presence_put(struct db *db, const struct presence_change list[], int32_t n,
                               int64_t watched_until, int32_t *ret_written);

/* Until when a server has watched the broker, by its own word; 0: never. */
must_use enum err presence_watched(struct db *db, int64_t *ret_until);
must_use enum err presence_watch(struct db *db, int64_t now);
/* What is older than PRESENCE_DAYS_KEPT goes, but for the newest of a device. */
must_use enum err presence_prune(struct db *db, int64_t now, int32_t *ret_n);

struct presence_row {
    int64_t n;              /* counts the device's changes; the cursor */
    int64_t at, not_before; /* not_before 0: seen when it happened */
    bool connected, restarted;
    int32_t why;
    struct uuid boot_id;
    int64_t epoch;
};
struct presence_filter {
    struct uuid device_id;
    int64_t from, to; /* 0: any; from is in, to is not */
    int64_t before;   /* n of the last row of the page before; 0: from the newest */
};
/* Newest first. */
must_use enum err presence_list(struct db *db, const struct scope *scope,
                                const struct presence_filter *filter, int32_t limit,
                                struct presence_row rows[], int32_t *ret_n);

#endif
