/* Which samples of a telemetry message are taken: go-back-N on (device, boot, n). Pure functions, and
 * a cache of how far each (device, boot) has come. The cache is one thread's own. */
#ifndef PEDILUVE_SERVER_FLEET_WATERMARK_H
#define PEDILUVE_SERVER_FLEET_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

enum watermark_verdict {
    WATERMARK_TAKE,      /* from sample `skip` on */
    WATERMARK_DUPLICATE, /* all of it is there already: answer the watermark again */
    WATERMARK_GAP /* something before it is missing: answer the watermark, the device sends from there */
};
struct watermark_judgement {
    enum watermark_verdict verdict;
    int32_t skip;      /* leading samples that are there already */
    int64_t lost;      /* samples that the device itself gave up, newly known */
    int64_t next_upto; /* the watermark once the rest is taken */
};
/* upto: the highest n taken so far (0: none). The message holds n .. n + count - 1 and says that the
 * `lost` samples directly before n will never come. */
struct watermark_judgement watermark_judge(int64_t upto, int64_t n, int64_t lost, int32_t count);

struct watermark { /* one (device, boot) */
    struct uuid device, boot;
    int64_t committed; /* in the database */
    int64_t taken;     /* committed, or in the batch being gathered */
    bool loaded;       /* false: what the database knows has to be read first */
    bool batch;        /* has a part in the batch being gathered: kept by whoever gathers it */
    int32_t mark;      /* its place there, -1: none */
};

struct watermarks;
struct watermarks *watermarks_new(void);
void watermarks_free(struct watermarks *w);
/* Finds or makes (not loaded). Valid until the next watermarks_forget or watermarks_trim. */
struct watermark *watermarks_get(struct watermarks *w, const struct uuid *device, const struct uuid *boot);
void watermarks_forget(struct watermarks *w, const struct uuid *device, const struct uuid *boot);
/* Empties the cache when it holds more than max entries: the database has them all. */
void watermarks_trim(struct watermarks *w, size_t max);

#endif
