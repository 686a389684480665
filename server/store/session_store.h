/* Sessions: creating one with its start command, commands to it, and what the device reports of it. */
#ifndef PEDILUVE_SERVER_STORE_SESSION_STORE_H
#define PEDILUVE_SERVER_STORE_SESSION_STORE_H

#include "server/base/principal.h"
#include "server/domain/session.h"
#include "server/store/actor.h"
#include "server/store/command_store.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct session_row {
    struct uuid id, device_id, site_id, created_by; /* created_by: a token */
    char routine[65], guest[241];
    int32_t routine_version;
    bool trial;      /* of a draft, on a simulated unit */
    int32_t state;   /* enum session_state */
    char reason[33]; /* "none", a reason of the device, an ack's code, "cancelled" */
    int32_t step, step_count, elapsed_ms, remaining_ms, intensity;
    int32_t duration_ms;  /* nominal, of the program; all of it remains until the device reports */
    int32_t target_mdegc; /* 0: no heating */
    int64_t requested_at, started_at, ended_at;
    int64_t version;          /* for ETag */
    char *intake, *screening; /* JSON, owned; session_get only, else NULL */
};
void session_row_done(struct session_row *row);

struct session_filter {
    struct uuid device_id, site_id; /* zero: any */
    uint32_t states;                /* bit 1u << enum session_state of each wanted; 0: any */
};

/* Newest first. */
must_use enum err session_list(struct db *db, const struct scope *scope, const struct session_filter *filter,
                               const struct page *page, struct session_row rows[], int32_t *ret_n);
must_use enum err session_get(struct db *db, const struct scope *scope, const struct uuid *id,
                              struct session_row *ret);
/* *ret_trial: the draft as it was, when the session is a trial; else NULL. Both are the caller's. */
must_use enum err session_get_program(struct db *db, const struct scope *scope, const struct uuid *id,
                                      char **ret_program, char **ret_trial);
/* What people call it: the routine, and its name in the version that is run. For the server itself: no scope.
 */
struct session_title {
    char routine[65], name[81];
};
must_use enum err session_get_title(struct db *db, const struct uuid *id, struct session_title *ret);
/* Every live session, for a process that starts: no scope. As device_each. */
must_use enum err session_each_live(struct db *db, void (*fn)(void *arg, const struct session_row *row),
                                    void *arg);

struct session_new {
    struct uuid id, command_id, device_id; /* ids by uuid_new() */
    const char *routine;
    int32_t routine_version;   /* a published one, or a draft to be tried, else ERR_UNPROCESSABLE */
    const char *trial_content; /* the draft as it is now, JSON; NULL: it is published */
    const char *intake, *screening, *program; /* JSON texts */
    const char *guest;                        /* NULL: not said */
    struct uuid screening_id;                 /* zero: screened in this request */
    const char *clearances;                   /* JSON array for the audit log; NULL: none */
    int32_t step_count, duration_ms, intensity, target_mdegc;
    int64_t expires_at; /* of the start command */
    int64_t epoch;      /* > 0: the device is ready with it, and the caller publishes the command right after
                           the commit: it is written as sent. 0: pending, the fleet link sends it */
};
/* Device locked and checked, session, start command with the next sequence number, and audit: one
 * statement, one round trip, in the caller's transaction if there is one. ERR_NOT_FOUND: the device;
 * ERR_DEVICE_BUSY, ERR_CLEANING_DUE, ERR_OUT_OF_SERVICE; ERR_SCREENING_NOT_TODAY, _MISMATCH, _REFUSED.
 * ret_command may be NULL. */
must_use enum err session_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                 const struct session_new *new_session, struct session_row *ret,
                                 struct command_row *ret_command);

struct session_order { /* pause, resume, stop, adjust, confirm */
    struct uuid command_id, session_id;
    const char *type;
    const char *body;   /* JSON object of the type's own part: {"intensity":80}; NULL: {} */
    uint32_t states;    /* as in session_filter: where the session must be; 0: any live one */
    int64_t expires_at; /* 0: never (stop) */
    int64_t epoch;      /* as in session_new */
};
/* One round trip. ERR_NOT_FOUND: the session; ERR_WRONG_STATE: it is not in one of `states` (a session
 * that ended is never). A stop for a start that was never sent takes it back: start cancelled, session
 * stopped (reason "cancelled"), and the stop itself is written as succeeded (code "never_sent"), with
 * nothing to publish: look at ret->state. */
must_use enum err session_command(struct db *db, const struct scope *scope, const struct actor *actor,
                                  const struct session_order *order, struct command_row *ret);

struct session_report { /* what a state message says of one session */
    struct uuid device_id, session_id;
    int64_t epoch, n; /* of the message: its place in the device's order */
    int32_t state;    /* enum session_state: starting..aborted */
    const char *reason;
    int32_t step, step_count, elapsed_ms, remaining_ms, intensity, target_mdegc;
    int64_t started_at, ended_at; /* 0: not said */
};
/* The row follows the device when the report is newer than the last one applied, the change is legal and
 * something but the clock differs (state, reason, step, count, intensity, target). *ret_changed false: the
 * row stays as it is; *ret is then as it stands. ERR_NOT_FOUND: not a session of this device. */
must_use enum err session_apply_report(struct db *db, const struct session_report *report, bool *ret_changed,
                                       struct session_row *ret);

struct session_known { /* by a device, as its hello says */
    struct uuid device_id, boot_id;
    struct uuid session_id; /* its present or last one; zero: it knows none */
    int64_t epoch, n;       /* the hello's place in the device's order */
};
/* A live session of that device that is another one, and whose start the device has answered for good
 * (succeeded), cannot be running any more: it becomes aborted, reason `lost`. A start still to be driven is
 * left alone: driving it tells. So is a session of which a later word is applied: this hello is old (another
 * replica recorded what followed while this one was held up), and the session runs. A boot never heard of is
 * never old: a device that has lost its journal counts from the beginning. *ret_changed false: nothing to do.
 */
must_use enum err session_close_lost(struct db *db, const struct session_known *known, int64_t at,
                                     bool *ret_changed, struct session_row *ret);

#endif
