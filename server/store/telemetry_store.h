/* Telemetry: samples in by COPY together with their watermarks, ranges out. */
#ifndef PEDILUVE_SERVER_STORE_TELEMETRY_STORE_H
#define PEDILUVE_SERVER_STORE_TELEMETRY_STORE_H

#include "server/base/principal.h"
#include "server/store/db.h"

/* ---- in: for the fleet link, no scope ---- */

/* How far this boot is settled; makes the row when there is none (0, 0). ERR_NOT_FOUND: no such device. */
must_use enum err telemetry_watermark(struct db *db, const struct uuid *device_id, const struct uuid *boot_id,
                                      int64_t *ret_committed, int64_t *ret_lost);

struct telemetry_sample {
    struct uuid device_id, boot_id, session_id; /* session zero: idle */
    int64_t n, at;
    int32_t step, elapsed_ms;
    int32_t water_mdegc; /* INT32_MIN: unknown */
    int32_t target_mdegc;
    int32_t level_permille; /* -1: unknown */
    int32_t current_ma, heater_permille, intensity;
    int32_t mark; /* index of its struct telemetry_mark in the same batch */
};

struct telemetry_mark { /* one (device, boot) in a batch; each pair at most once */
    struct uuid device_id, boot_id;
    int64_t expected;  /* where the caller believes the watermark stands: its samples begin right after (and
                          after the lost ones) */
    int64_t n;         /* where it goes: expected + lost + samples of this mark */
    int64_t lost;      /* given up by the device, within */
    bool accepted;     /* out: false: the watermark was elsewhere, and none of its samples was stored */
    int64_t committed; /* out: where the watermark stands now; -1: no such device */
};

/* One transaction: watermarks that stand where expected move, and exactly their samples are stored, by COPY.
 * ERR_OK also when some marks were not accepted: see each. On any error nothing was stored or moved: the
 * batch may be repeated as it is. Samples whose time no day partition covers go to telemetry_stray and
 * are counted in *ret_stray. Not inside a transaction of the caller. */
must_use enum err telemetry_commit(struct db *db, struct telemetry_mark marks[], int32_t n_marks,
                                   const struct telemetry_sample samples[], int32_t n_samples,
                                   int32_t *ret_stray);

/* ---- out ---- */

#define TELEMETRY_POINTS_MAX 2000

struct telemetry_query {
    struct uuid device_id;
    struct uuid session_id; /* zero: any */
    int64_t from, to;       /* from <= at < to */
    int64_t resolution_ms;  /* 0: raw samples; else buckets of that width, counted from `from` */
    int32_t limit;          /* 1..TELEMETRY_POINTS_MAX */
};

/* A bucket (at: its beginning) or, raw, one sample (n_samples 1, the sample's number in n). Of values that
 * change by steps (step, elapsed, intensity, target) a bucket has the last. */
struct telemetry_point {
    int64_t at, n;
    struct uuid session_id;
    int32_t n_samples, step, elapsed_ms, intensity, target_mdegc;
    int32_t water_mdegc, water_min_mdegc, water_max_mdegc; /* average, least, most; INT32_MIN: unknown */
    int32_t level_permille;                                /* average; -1: unknown */
    int32_t current_ma, current_max_ma;
    int32_t heater_permille;
};

/* In order of time. A scope sees a device's samples while it sees the device. points has room for
 * query->limit. When *ret_n == limit there may be more: ask again from the last point's time on. */
must_use enum err telemetry_read(struct db *db, const struct scope *scope,
                                 const struct telemetry_query *query, struct telemetry_point points[],
                                 int32_t *ret_n);

#endif
