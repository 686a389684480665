/* When to say hello, what time the server has, and which samples to send: go-back-N over the
 * spool. Pure; not thread-safe. The samples themselves stay in the journal's spool.
 *
 * Samples go out boot by boot, the oldest first. The head is the boot being sent; next runs ahead
 * of committed by at most the window. Only `committed` moves committed; on silence or on a
 * repeated watermark next goes back to committed + 1. */
#ifndef PEDILUVE_AGENT_CORE_UPLINK_H
#define PEDILUVE_AGENT_CORE_UPLINK_H

#include "device-agent/core/types.h"
#include "protocol/message.h"

#define UPLINK_WINDOW 200         /* samples sent and not committed, at most */
#define UPLINK_GATHER_MS 1000     /* a batch that is not full waits so long */
#define UPLINK_BACK_MS 3000       /* no progress for so long: send again from the watermark */
#define UPLINK_BACK_MIN_MS 1000   /* but not more often than this */
#define UPLINK_SILENCE_MS 10000   /* nor committed for so long: say hello again */
#define UPLINK_HELLO_MIN_MS 1000  /* first wait between hellos, doubling ... */
#define UPLINK_HELLO_MAX_MS 15000 /* ... up to here */
#define UPLINK_RELEASE_N 50       /* committed samples are deleted in lots of at least this */
#define UPLINK_RELEASE_MS 5000    /* or after this time */

struct uplink {
    uint64_t rng;
    bool online;  /* this connection has its epoch */
    bool greeted; /* and the server has answered its hello */
    int64_t hello_at_ms, hello_wait_ms;
    bool time_known;
    int64_t time_offset_ms; /* server's wall time minus our monotonic clock */
    struct {
        struct uuid boot_id;
        int64_t committed, released, next, last;
        int64_t released_at_ms;
        bool set;
    } head;
    int64_t progress_at_ms, back_at_ms, sent_at_ms;
    int64_t lower_n; /* a watermark below ours, seen once; -1: none */
};

struct uplink_range { /* of the head boot, both ends included; some may be missing, then `lost` says so */
    struct uuid boot_id;
    int64_t from, to;
    int64_t committed; /* from == committed + 1: `lost` counts from here again */
};

void uplink_init(struct uplink *u, uint64_t seed);
void uplink_online(struct uplink *u, int64_t mono_ms); /* hello is due at once */
void uplink_offline(struct uplink *u);
void uplink_server(struct uplink *u, int32_t spread_ms, int64_t mono_ms); /* server presence */
void uplink_committed(struct uplink *u, const struct message_committed *c, int64_t epoch, int64_t mono_ms);
/* The oldest boot in the spool: samples up to committed are gone for good, last is its newest. */
void uplink_head(struct uplink *u, const struct uuid *boot_id, int64_t committed, int64_t last);
void uplink_spooled(struct uplink *u, const struct uuid *boot_id, int64_t last); /* now durable */
bool uplink_hello_due(struct uplink *u, int64_t mono_ms);                        /* true: say it now */
/* True: send up to to - from + 1 of the samples stored from `from` on, then tell uplink_sent. */
bool uplink_send_due(struct uplink *u, int64_t mono_ms, struct uplink_range *ret);
void uplink_sent(struct uplink *u, int64_t last); /* the last one sent; from - 1: none was there */
/* True: delete samples up to ret->to; when boot_done, the boot is finished and the next head wanted. */
bool uplink_release_due(struct uplink *u, const struct uuid *present_boot, int64_t mono_ms,
                        struct uplink_range *ret, bool *boot_done);
int64_t uplink_server_ms(const struct uplink *u, const struct moment *now);
int64_t uplink_uncommitted(const struct uplink *u);

#endif
