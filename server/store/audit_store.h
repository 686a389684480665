/* The audit log: appended to in the transaction of each change, read by managers. Stores write their own
 * changes themselves; audit_add is for what no store function records. */
#ifndef PEDILUVE_SERVER_STORE_AUDIT_STORE_H
#define PEDILUVE_SERVER_STORE_AUDIT_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct audit_row {
    struct uuid id;
    int64_t at;
    struct uuid actor_id; /* zero: the server or the command line */
    char actor_name[65];
    char action[49];       /* "session.create" */
    char subject_type[33]; /* "session" */
    char subject_id[65];   /* an id or a slug */
    struct uuid site_id;   /* zero: of no one site */
    char request_id[65];
    char *detail; /* JSON object, owned */
};
void audit_row_done(struct audit_row *row);

struct audit_filter {
    struct uuid site_id, actor_id;         /* zero: any */
    const char *action;                    /* NULL: any; the whole name */
    const char *subject_type, *subject_id; /* NULL: any */
};

/* Newest first. Entries of no one site are seen by a scope of all sites only. */
must_use enum err audit_list(struct db *db, const struct scope *scope, const struct audit_filter *filter,
                             const struct page *page, struct audit_row rows[], int32_t *ret_n);
/* detail: a JSON object, NULL: {}. site_id NULL or zero: none. */
must_use enum err audit_add(struct db *db, const struct actor *actor, const char *action,
                            const char *subject_type, const char *subject_id, const struct uuid *site_id,
                            const char *detail);

#endif
