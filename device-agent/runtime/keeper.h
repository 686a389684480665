/* The one writer of journal and spool, on a thread of its own: a disk that is slow, or that hangs, holds up
 * no control step. The control thread gives writes and jobs, and takes results; all of it is bounded and none
 * of it waits. Between keeper_start and keeper_free journal and spool are the keeper's alone.
 *
 * Writes to the journal come first, those of many units in one commit. A unit has at most one that waits: a
 * newer one takes its place, for the core writes again all that an older write of it did not make durable.
 * Jobs for the spool are carried out in their order, many in one commit. */
#ifndef PEDILUVE_AGENT_RUNTIME_KEEPER_H
#define PEDILUVE_AGENT_RUNTIME_KEEPER_H

#include "device-agent/journal/journal.h"
#include "device-agent/journal/spool.h"

#define KEEPER_JOBS_BASE 128    /* jobs and results under way, at most: this many ... */
#define KEEPER_JOBS_PER_UNIT 32 /* ... and these for each unit */
#define KEEPER_SYNC_MS 30000    /* the longest that a session's position waits for the disk */
#define KEEPER_END_MS 5000      /* that keeper_free waits for a disk that hangs */

struct keeper;

enum keeper_job_type {
    KEEPER_SAMPLE,  /* n, session_id, keep, sample; its result: last */
    KEEPER_READ,    /* boot_id, from, most; its result: text, from, last, or not ok: none is there */
    KEEPER_RELEASE, /* boot_id, n, boot_done */
    KEEPER_HEAD,    /* its result: boot_id, watermark, last */
    KEEPER_WRITTEN  /* of results only: the journal write with this ticket */
};

struct keeper_job {
    enum keeper_job_type type;
    size_t unit;
    struct spool_device *device;
    int64_t n; /* SAMPLE, RELEASE */
    union {
        struct {
            struct uuid session_id;
            struct message_sample sample;
            bool keep;
        };
        struct {
            struct uuid boot_id;
            int64_t from;
            int32_t most;
            bool boot_done;
        };
    };
};

struct keeper_result {
    enum keeper_job_type type;
    size_t unit;
    bool ok;
    uint64_t ticket;
    struct uuid boot_id;
    int64_t from, watermark, last;
    char *text; /* READ: a telemetry message, to be freed by who took the result */
    size_t len;
};

struct keeper_stats {
    struct spool_stats spool;
    int64_t writes, syncs; /* commits of the journal; those that waited for the disk */
    int64_t waiting;       /* jobs under way */
};

/* journal and spool are borrowed. */
struct keeper *keeper_new(struct journal *journal, struct spool *spool, size_t n_units);
must_use bool keeper_start(struct keeper *k);
/* Carries out what waits, ends the thread, frees. False: the disk hangs; the thread goes on, and journal,
 * spool and keeper must be left alone until the process ends. NULL is legal. */
bool keeper_free(struct keeper *k);

/* Copies w, its program too. Returns the write's ticket, never 0. */
uint64_t keeper_write(struct keeper *k, size_t unit, const struct uuid *device, const struct agent_write *w,
                      int64_t mono_ms);
/* False: too many are under way; nothing was taken. */
must_use bool keeper_post(struct keeper *k, const struct keeper_job *job);
/* Readable while results wait. */
int keeper_fd(const struct keeper *k);
must_use bool keeper_take(struct keeper *k, struct keeper_result *ret);
void keeper_stats(struct keeper *k, struct keeper_stats *ret);

/* For tests, instead of keeper_start: carries out on the caller's thread what waits. False: nothing did. */
bool keeper_turn(struct keeper *k);

#endif
