/* Commands: the outbox to the devices, and their outcomes. Commands are made in session_store.h. */
#ifndef PEDILUVE_SERVER_STORE_COMMAND_STORE_H
#define PEDILUVE_SERVER_STORE_COMMAND_STORE_H

#include "server/base/principal.h"
#include "server/domain/command.h"
#include "server/domain/session.h"
#include "server/store/db.h"
#include "server/store/page.h"

struct command_row {
    struct uuid id, device_id, site_id, created_by;
    struct uuid session_id, self_test_id; /* one of them is zero: what it is about */
    int64_t seq, epoch;                   /* epoch 0: never sent */
    char type[16];
    int32_t state; /* enum command_state */
    char code[33]; /* of the ack; "": none yet */
    char detail[161];
    int64_t expires_at, created_at, sent_at, acked_at, finished_at;
    char *body;    /* JSON, owned; NULL in what command_apply_ack and command_sweep give */
    char *program; /* JSON, owned; a start given out to be sent only, else NULL */
};
void command_row_done(struct command_row *row);

struct command_filter {
    struct uuid device_id, session_id, site_id; /* zero: any */
    uint32_t states;                            /* bit 1u << enum command_state; 0: any */
};

/* Newest first. */
must_use enum err command_list(struct db *db, const struct scope *scope, const struct command_filter *filter,
                               const struct page *page, struct command_row rows[], int32_t *ret_n);
must_use enum err command_get(struct db *db, const struct scope *scope, const struct uuid *id,
                              struct command_row *ret);

/* ---- for the device link: no scope ---- */

#define COMMAND_CLAIM_MAX 64
struct command_claim {
    int32_t n;
    struct command_row rows[COMMAND_CLAIM_MAX]; /* in sequence order; starts with their program */
};
void command_claim_done(struct command_claim *claim);

/* After a hello: every unfinished command of the device becomes its connection's (epoch), pending ones
 * become sent, and all are given out to be published in this order. Left out: what expired before it
 * was ever sent (the sweep ends it), and what a later connection (epoch) took within the last ten seconds; a
 * lower epoch after that is a device whose journal began anew; and the start of a trial, unless the device
 * that is there now is simulated. At most COMMAND_CLAIM_MAX; more (never in practice) come with the next
 * hello. */
must_use enum err command_claim_for_device(struct db *db, const struct uuid *device_id, int64_t epoch,
                                           int64_t now, bool simulated, struct command_claim *ret);

/* One fresh command to a ready device: pending -> sent. *ret_claimed false: someone else has sent it, it
 * expired or was taken back: publish nothing (and *ret is untouched). */
must_use enum err command_mark_sent(struct db *db, const struct uuid *id, int64_t epoch, int64_t now,
                                    bool *ret_claimed, struct command_row *ret);

/* Ids of devices with a command that is pending and not expired, oldest first: for the link to look for work
 * that another replica, or nobody, has sent. */
must_use enum err command_pending_devices(struct db *db, int64_t now, struct uuid ids[], int32_t cap,
                                          int32_t *ret_n);

struct command_ack {
    struct uuid device_id, command_id;
    int32_t state;      /* enum command_state: accepted .. expired */
    const char *code;   /* "ok", ... */
    const char *detail; /* NULL: "" */
    int64_t at;
    int64_t epoch; /* of the connection on which it was said */
};
struct command_outcome {
    bool changed;           /* false: known already, or not legal any more */
    struct command_row row; /* as it stands now; no body, no program */
    int32_t session_state;  /* enum session_state, when session_changed */
    bool session_changed;   /* a start that was not carried out ended its session */
};
/* One round trip; repeating it changes nothing. A start rejected or expired ends its session likewise;
 * one that failed ends it as rejected if it had not begun, else aborted. ERR_NOT_FOUND: no such command of
 * this device. */
must_use enum err command_apply_ack(struct db *db, const struct command_ack *ack,
                                    struct command_outcome *ret);

struct command_known { /* by a device, as its hello says */
    struct uuid device_id, boot_id;
    int64_t epoch, last_seq; /* of the connection; highest sequence number in its journal */
};
/* A command that the device had accepted, and of which its journal holds nothing now, was lost with the
 * journal: it becomes failed, code `lost`, and the session it began aborted, reason `lost`. It must not be
 * driven again: the device would take it for new. Left alone is what was sent on this connection or a later
 * one, of which the hello could not know; but a new journal counts its connections from one, and so a boot
 * never heard of that knows no command at all is new, whatever its epoch. Gives out what changed; a device
 * has few at a time, what is over COMMAND_CLAIM_MAX is changed as well. */
must_use enum err command_close_lost(struct db *db, const struct command_known *known, int64_t now,
                                     struct command_outcome outcomes[COMMAND_CLAIM_MAX], int32_t *ret_n);

#define COMMAND_SWEEP_MAX 256
#define COMMAND_GRACE_MS 10000 /* after the deadline a sent command still has this long to be answered */
#define COMMAND_SELF_TEST_MS 2400000 /* a device that is well has ended a self-test after half an hour */
/* Housekeeping, safe from several replicas: pending past its deadline -> expired, and its session if it is a
 * start; sent past deadline and grace -> unknown, and so is a self-test that was accepted long ago: a device
 * that never comes back says no more of it. Gives out what changed, at most cap (of
 * COMMAND_SWEEP_MAX); call again while *ret_n == cap. */
must_use enum err command_sweep(struct db *db, int64_t now, struct command_outcome outcomes[], int32_t cap,
                                int32_t *ret_n);

#endif
