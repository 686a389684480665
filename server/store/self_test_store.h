/* Self-tests of devices, and what was told of each check. Their commands go out as all others do:
 * command_store.h. */
#ifndef PEDILUVE_SERVER_STORE_SELF_TEST_STORE_H
#define PEDILUVE_SERVER_STORE_SELF_TEST_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/command_store.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct self_test_row {
    struct uuid id, device_id, site_id, requested_by; /* id: of its command too */
    char requested_name[65];
    int32_t state; /* enum command_state, of its command */
    char code[33], detail[161];
    char verdict[8]; /* "passed", "failed", "skipped": not all could be tried; "": not known */
    int64_t requested_at, finished_at;
    char *checks; /* JSON array, owned; NULL: none was told */
};
void self_test_row_done(struct self_test_row *row);

/* Of one device, newest first. */
must_use enum err self_test_list(struct db *db, const struct scope *scope, const struct uuid *device_id,
                                 const struct page *page, struct self_test_row rows[], int32_t *ret_n);

struct self_test_order {
    struct uuid command_id, device_id; /* id by uuid_new() */
    int64_t expires_at;                /* not of a stop */
    int64_t epoch;                     /* as in session_new of session_store.h */
};
/* The test, its command and the audit row: one statement. ERR_NOT_FOUND: the device; ERR_OUT_OF_SERVICE: it
 * is not in maintenance; ERR_DEVICE_BUSY: a session is live on it, or another test has not ended. */
must_use enum err self_test_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                   const struct self_test_order *order, struct command_row *ret);
/* A stop for the test that has not ended. One that was never sent is cancelled, and the stop is written as
 * succeeded (code "never_sent"), with nothing to publish: look at ret->state. ERR_WRONG_STATE: none goes on.
 */
must_use enum err self_test_stop(struct db *db, const struct scope *scope, const struct actor *actor,
                                 const struct self_test_order *order, struct command_row *ret);

/* What the device told, before its answer is applied; the first word counts. checks: JSON array. */
must_use enum err self_test_put_checks(struct db *db, const struct uuid *device_id,
                                       const struct uuid *command_id, const char *checks);

#endif
