/* The checklist of a session: what was done for the guest (server/domain/care.h), by whom and when. */
#ifndef PEDILUVE_SERVER_STORE_SESSION_CHECK_STORE_H
#define PEDILUVE_SERVER_STORE_SESSION_CHECK_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"

#define SESSION_CHECKS_MAX 64 /* items a session may have */

struct session_check_row {
    char item[49];
    struct uuid done_by; /* a token */
    char done_name[65];
    int64_t done_at;
    char *detail; /* JSON object, owned */
};
void session_check_row_done(struct session_check_row *row);

/* In order of time. At most SESSION_CHECKS_MAX rows. */
must_use enum err session_check_list(struct db *db, const struct scope *scope, const struct uuid *session_id,
                                     struct session_check_row rows[], int32_t *ret_n);
/* The last word counts. With audit. ERR_NOT_FOUND: the session. */
must_use enum err session_check_put(struct db *db, const struct scope *scope, const struct actor *actor,
                                    const struct uuid *session_id, const char *item, const char *detail,
                                    struct session_check_row *ret);
/* Several at once, without details, of a session just made in the same transaction. */
must_use enum err session_check_put_all(struct db *db, const struct actor *actor,
                                        const struct uuid *session_id, const char *const names[],
                                        uint32_t mask);

#endif
