/* Samples that the server has not committed yet. SQLite; one file for any number of devices, one
 * writer. Commits survive the process at once and a loss of power after some seconds: a lost tail of
 * a boot leaves no gap, since numbering starts anew with the next boot. Not thread-safe.
 *
 * Bounded in bytes of its file; the write-ahead log beside it adds at most two megabytes. When it is full,
 * room is made in this order, each time from the oldest on:
 *   1. of the samples at rest every tenth stays,   2. every hundredth,   3. none;
 *   4. samples of sessions and faults go.
 * The newest sample of each boot stays through all of that, so that a sample behind every gap tells of it:
 * `lost` of spool_read. Only when one sample a boot is too much does the oldest boot go whole, and nobody is
 * told of it. */
#ifndef PEDILUVE_AGENT_JOURNAL_SPOOL_H
#define PEDILUVE_AGENT_JOURNAL_SPOOL_H

#include "base/auto.h"
#include "protocol/message.h"

#define SPOOL_BYTES_MIN (128 << 10)
#define SPOOL_BYTES_MAX (1 << 30)
#define SPOOL_BYTES                                                                                          \
    (16 << 20) /* unless told otherwise: some 300,000 samples: three days of sessions, a month at rest */
#define SPOOL_LOT 256 /* samples given up at a time */

struct spool;
struct spool_device; /* one device's place in it: freed with the spool */

/* NULL: error says why. */
struct spool *spool_open(const char *path, int64_t bytes_max, char error[256]);
void spool_close(struct spool *s); /* NULL is legal */

/* Registers the present boot of a device, and forgets its earlier ones that have no samples. NULL: the file
 * cannot be written. */
struct spool_device *spool_device(struct spool *s, const struct uuid *device, const struct uuid *boot_id);

/* Everything between begin and commit becomes durable together. */
must_use bool spool_begin(struct spool *s);
must_use bool spool_commit(struct spool *s); /* false: nothing of it was kept */
void spool_rollback(struct spool *s);        /* after a failure within; without a begin it does nothing */

/* A sample of the present boot. keep: one of a session or a fault, which goes last. */
must_use bool spool_add(struct spool *s, struct spool_device *d, int64_t n, const struct uuid *session_id,
                        bool keep, const struct message_sample *sample);
/* The oldest boot that is not finished; at the latest the present one. */
must_use bool spool_head(struct spool *s, struct spool_device *d, struct uuid *ret_boot,
                         int64_t *ret_committed, int64_t *ret_last);
/* Up to most samples of that boot, the first with a number >= from, as one message: numbers without a
 * gap, of one session; lost counts the missing ones from `from` on. False: there is none. */
must_use bool spool_read(struct spool *s, struct spool_device *d, const struct uuid *boot_id, int64_t from,
                         int32_t most, struct message_telemetry *ret);
/* Forgets the samples up to n; forget_boot: and the boot itself. */
must_use bool spool_release(struct spool *s, struct spool_device *d, const struct uuid *boot_id, int64_t n,
                            bool forget_boot);

struct spool_stats {
    int64_t bytes, bytes_max;
    int64_t samples;  /* of all devices */
    int64_t given_up; /* since it was opened */
};
void spool_stats(struct spool *s, struct spool_stats *ret);

#endif
