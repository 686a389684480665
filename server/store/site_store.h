/* Sites. */
#ifndef PEDILUVE_SERVER_STORE_SITE_STORE_H
#define PEDILUVE_SERVER_STORE_SITE_STORE_H

#include "server/base/principal.h"
#include "server/domain/course.h"
#include "server/domain/hygiene.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct site_row {
    struct uuid id;
    char name[81];
    char timezone[65];    /* IANA name */
    int32_t jurisdiction; /* enum hygiene_rules: whose rules of disinfection hold there */
    int64_t version, created_at, updated_at;
    struct course_calendar calendar; /* when it is open */
};

struct site_change {
    bool has_name, has_timezone, has_open_days, has_closed, has_jurisdiction;
    char name[81], timezone[65];
    int32_t jurisdiction;
    struct course_calendar calendar;
};

must_use enum err site_list(struct db *db, const struct scope *scope, const struct page *page,
                            struct site_row rows[], int32_t *ret_n);
must_use enum err site_get(struct db *db, const struct scope *scope, const struct uuid *id,
                           struct site_row *ret);
/* Takes id, name, timezone ("" is UTC), jurisdiction, calendar (no open day is every day) of *row and fills
 * in the rest. A name already there: ERR_CONFLICT. A scope that does not cover all sites: ERR_FORBIDDEN. */
must_use enum err site_create(struct db *db, const struct scope *scope, const struct actor *actor,
                              struct site_row *row);
/* expected_version 0: whatever it is. Another version: ERR_PRECONDITION_FAILED. */
must_use enum err site_update(struct db *db, const struct scope *scope, const struct actor *actor,
                              const struct uuid *id, int64_t expected_version,
                              const struct site_change *change, struct site_row *ret);
/* ERR_UNPROCESSABLE: the database knows no time zone of this IANA name. "" is UTC. */
must_use enum err site_timezone_check(struct db *db, const char *name);

#endif
