#include "keeper_threads.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "device-agent/runtime/keeper.h"

#define UNITS 8
#define ROUNDS 300
#define DEADLINE_MS 60000

struct rig {
    char folder[64], journal_path[96], spool_path[96];
    struct journal *journal;
    struct spool *spool;
    struct keeper *keeper;
    struct uuid ids[UNITS], boots[UNITS];
    struct spool_device *devices[UNITS];
    uint64_t tickets[UNITS];
    int64_t stored[UNITS];
    int n_results, n_bad;
};

static bool open_rig(struct rig *r) {
    char error[256];
    snprintf(r->folder, sizeof r->folder, "/tmp/pediluve-keeper-XXXXXX");
    if (!mkdtemp(r->folder)) return false;
    snprintf(r->journal_path, sizeof r->journal_path, "%s/j", r->folder);
    snprintf(r->spool_path, sizeof r->spool_path, "%s/s", r->folder);
    r->journal = journal_open(r->journal_path, error);
    r->spool = spool_open(r->spool_path, SPOOL_BYTES, error);
    for (size_t i = 0; i < UNITS; i++) {
        r->ids[i] = uuid_new();
        r->boots[i] = uuid_new();
        r->devices[i] = spool_device(r->spool, &r->ids[i], &r->boots[i]);
    }
    r->keeper = keeper_new(r->journal, r->spool, UNITS);
    return keeper_start(r->keeper);
}

static void close_rig(struct rig *r) {
    spool_close(r->spool);
    journal_close(r->journal);
    unlink(r->journal_path);
    unlink(r->spool_path);
    rmdir(r->folder);
}

static void take(struct rig *r) {
    struct keeper_result result;
    while (keeper_take(r->keeper, &result)) {
        r->n_results++;
        r->n_bad += !result.ok;
        free(result.text);
        if (result.type == KEEPER_SAMPLE) r->stored[result.unit] = result.last;
        if (result.type == KEEPER_WRITTEN && result.ticket == r->tickets[result.unit])
            r->tickets[result.unit] = 0;
    }
}

/* Waits on the descriptor only, so that a wake-up that is lost shows. */
static bool wait_all(struct rig *r, int64_t n) {
    for (int64_t end = clock_mono_ms() + DEADLINE_MS; clock_mono_ms() < end;) {
        bool open = false;
        for (size_t i = 0; i < UNITS; i++) open = open || r->tickets[i] != 0 || r->stored[i] < n;
        if (!open) return true;
        struct pollfd wait = {.fd = keeper_fd(r->keeper), .events = POLLIN};
        if (poll(&wait, 1, DEADLINE_MS) != 1) return false;
        take(r);
    }
    return false;
}

static void give(struct rig *r, size_t unit, int64_t n) {
    struct agent_write w = {.epoch = n, .last_seq = n};
    struct keeper_job sample = {.type = KEEPER_SAMPLE, .unit = unit, .device = r->devices[unit], .n = n};
    struct keeper_job read = {
        .type = KEEPER_READ, .unit = unit, .device = r->devices[unit], .from = 1, .most = 50};
    read.boot_id = r->boots[unit];
    r->tickets[unit] = keeper_write(r->keeper, unit, &r->ids[unit], &w, n * 1000);
    while (!keeper_post(r->keeper, &sample)) take(r);
    while (!keeper_post(r->keeper, &read)) take(r);
}

static bool reopened_has(struct rig *r, int64_t epoch) {
    char error[256];
    struct agent_recovered *got = xcalloc(1, sizeof *got);
    journal_close(r->journal);
    r->journal = journal_open(r->journal_path, error);
    bool ok = r->journal != NULL;
    for (size_t i = 0; ok && i < UNITS; i++)
        ok = journal_load(r->journal, &r->ids[i], got) && got->ledger.epoch == epoch;
    free(got);
    return ok;
}

void keeper_threads(void (*verdict)(bool ok, const char *name)) {
    static struct rig r;
    bool ok = open_rig(&r);
    for (int64_t n = 1; ok && n <= ROUNDS; n++) {
        for (size_t i = 0; i < UNITS; i++) give(&r, i, n);
        ok = wait_all(&r, n);
    }
    verdict(ok, "every write given to the keeper is answered");
    struct keeper_job flood = {.type = KEEPER_HEAD, .device = r.devices[0]};
    int n = 0;
    for (int most = KEEPER_JOBS_BASE + UNITS * KEEPER_JOBS_PER_UNIT;
         n < 3 * most && keeper_post(r.keeper, &flood);)
        n++;
    verdict(n <= KEEPER_JOBS_BASE + UNITS * KEEPER_JOBS_PER_UNIT,
            "jobs whose results nobody takes are bounded");
    take(&r);
    for (size_t i = 0; i < UNITS; i++) /* not waited for */
        r.tickets[i] = keeper_write(r.keeper, i, &r.ids[i], &(struct agent_write){.epoch = ROUNDS + 1}, 0);
    ok = keeper_free(r.keeper);
    verdict(ok && reopened_has(&r, ROUNDS + 1), "what waits at the end is written before it ends");
    ok = r.n_bad == 0;
    for (size_t i = 0; i < UNITS; i++) ok = ok && r.stored[i] == ROUNDS;
    verdict(ok, "samples are stored in their order, all of them");
    close_rig(&r);
}
