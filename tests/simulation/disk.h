/* The device's disk: a journal that is a log of checked records, and the spool of samples. Both keep what a
 * file would keep: of a write that the power cut, any part. */
#ifndef PEDILUVE_TESTS_SIMULATION_DISK_H
#define PEDILUVE_TESTS_SIMULATION_DISK_H

#include "device-agent/core/agent.h"

#define LOG_MAX 131072
#define BOOTS_MAX 64
#define BOOT_SAMPLES_MAX 1200
#define SPOOL_LOT 12 /* dropped at once when it is full */

struct disk {
    struct agent_recovered base; /* checkpoint */
    struct agent_recovered now;  /* what a reader must find: the log applied to it */
    uint8_t log[LOG_MAX];
    size_t len;
};

void disk_init(struct disk *d);
size_t disk_record_size(const struct agent_write *w);
/* Writes the first `kept` bytes of the record, all of them or fewer. True: it is there. */
bool disk_write(struct disk *d, const struct agent_write *w, size_t kept);
/* Says that it has it, and has not. */
void disk_pretend(struct disk *d, const struct agent_write *w);
/* What is found at a start. half: a torn record counts as far as it goes (wrong on purpose). */
void disk_recover(struct disk *d, struct agent_recovered *ret, bool half);

/* Sample flags: what became of it. */
#define SAMPLE_TAKEN 1u
#define SAMPLE_HELD 2u   /* in the spool */
#define SAMPLE_STORED 4u /* in the server's database */
#define SAMPLE_GONE 8u   /* by a power cut, a full spool or a full disk: to be told as lost */
#define SAMPLE_RELEASED 16u

struct boot_box {
    struct uuid id;
    bool listed;             /* has a row in the spool */
    int64_t committed, last; /* the spool's watermark; newest taken */
    int64_t watermark;       /* the server's */
    uint8_t flags[BOOT_SAMPLES_MAX + 1];
    struct message_sample samples[BOOT_SAMPLES_MAX + 1];
    struct uuid sessions[BOOT_SAMPLES_MAX + 1];
};

struct spool_box {
    struct boot_box boots[BOOTS_MAX];
    int32_t n_boots, held, most;
};

void spool_box_boot(struct spool_box *s, const struct uuid *id);
void spool_box_take(struct spool_box *s, int64_t n, const struct uuid *session,
                    const struct message_sample *m);
void spool_box_keep(struct spool_box *s, int64_t n, bool full_disk);
void spool_box_lose_tail(struct spool_box *s, int32_t n); /* the newest of the present boot */
bool spool_box_head(const struct spool_box *s, struct uuid *boot_id, int64_t *committed, int64_t *last);
bool spool_box_read(struct spool_box *s, const struct uuid *boot_id, int64_t from, int32_t most,
                    struct message_telemetry *ret);
void spool_box_release(struct spool_box *s, const struct uuid *boot_id, int64_t n, bool forget);
struct boot_box *spool_box_find(struct spool_box *s, const struct uuid *boot_id);

#endif
