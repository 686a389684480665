#include "server/fleet/housekeeping.h"

#include "base/clock.h"
#include "server/base/limits.h"
#include "server/fleet/alarm_keeper.h"
#include "server/fleet/course_keeper.h"
#include "server/fleet/event.h"
#include "server/fleet/held_sweep.h"
#include "server/fleet/presence_keeper.h"
#include "server/fleet/thread.h"
#include "server/store/command_store.h"
#include "server/store/housekeeping_store.h"
#include "server/store/hygiene_store.h"
#include "server/store/presence_store.h"
#include "server/store/session_store.h"

#define TICK_MS 500
#define UNANSWERED_MS 5000 /* a ready device answers a command in milliseconds */
#define PENDING_MAX 256
#define SWEEPS_MAX                                                                                           \
    4 /* of one tick: when thousands expire at once, telemetry and the walk have their turn too */

struct housekeeping {
    struct context *ctx;
    struct housekeeping_config config;
    struct thread thread;
    struct db *db; /* the thread's */
    struct alarm_keeper *alarms;
    struct presence_keeper presence;
};

static const struct scope everything = {.all = true};

static void ended(struct housekeeping *h, const struct command_outcome *o) {
    struct context *ctx = h->ctx;
    auto_buf struct buf json = BUF_INIT;
    event_command_write(&json, &o->row);
    context_publish(ctx, &o->row.site_id, "command", &json);
    if (o->row.state == CMD_EXPIRED)
        waiters_wake(ctx->waiters, &(struct message_answer){.command_id = o->row.id,
                                                            .state = ACK_EXPIRED,
                                                            .code = ACKCODE_EXPIRED,
                                                            .at = o->row.finished_at});
    if (!o->session_changed) return;
    struct session_row row = {0};
    if (session_get(h->db, &everything, &o->row.session_id, &row) == ERR_OK) {
        auto_buf struct buf session = BUF_INIT;
        event_session_write(&session, &row);
        context_publish(ctx, &row.site_id, "session", &session);
    }
    session_row_done(&row);
}

static enum err sweep(struct housekeeping *h) {
    auto_free struct command_outcome *outcomes = xmalloc(COMMAND_SWEEP_MAX * sizeof *outcomes);
    int32_t n = COMMAND_SWEEP_MAX;
    for (int i = 0; i < SWEEPS_MAX && n == COMMAND_SWEEP_MAX && !thread_stopping(&h->thread); i++) {
        enum err e = command_sweep(h->db, clock_wall_ms(), outcomes, COMMAND_SWEEP_MAX, &n);
        if (e != ERR_OK) return e;
        for (int32_t k = 0; k < n; k++) ended(h, &outcomes[k]);
    }
    return ERR_OK;
}

static void visit(void *arg, const struct live_device *d, bool fresh_flipped, bool unanswered) {
    struct housekeeping *h = arg;
    if (unanswered) recorder_redrive(h->config.recorder, &d->facts.id);
    if (!fresh_flipped) return;
    auto_buf struct buf json = BUF_INIT;
    event_device_write(&json, d);
    context_publish(h->ctx, &d->facts.site_id, "device", &json);
}

static enum err walk(struct housekeeping *h) {
    live_walk(h->ctx->live, clock_wall_ms(), UNANSWERED_MS, visit, h);
    return ERR_OK;
}

/* Commands that a process wrote and then died, or that another replica left to whoever has the device. */
static enum err drive_pending(struct housekeeping *h) {
    struct uuid ids[PENDING_MAX];
    int32_t n = 0;
    int64_t epoch;
    enum err e = command_pending_devices(h->db, clock_wall_ms(), ids, PENDING_MAX, &n);
    for (int32_t i = 0; e == ERR_OK && i < n; i++)
        if (live_ready(h->ctx->live, &ids[i], &epoch)) recorder_redrive(h->config.recorder, &ids[i]);
    return e;
}

static enum err held(struct housekeeping *h) { return held_sweep(h->ctx, h->db, clock_wall_ms()); }

static enum err devices(struct housekeeping *h) {
    return device_each(h->db, h->config.device, h->config.device_arg);
}

static enum err partitions(struct housekeeping *h) {
    int32_t made;
    return housekeeping_partitions(h->db, clock_wall_ms(), &made);
}

static enum err retention(struct housekeeping *h) {
    int32_t dropped, days = h->config.retention_days;
    if (days < TELEMETRY_DAYS_BACK + 1) days = days ? TELEMETRY_DAYS_BACK + 1 : TELEMETRY_DAYS_KEPT;
    return housekeeping_retention(h->db, clock_wall_ms(), days, &dropped);
}

static enum err alarms(struct housekeeping *h) { return alarm_keeper_run(h->alarms, h->db, clock_wall_ms()); }

static enum err presence(struct housekeeping *h) {
    return presence_keeper_run(&h->presence, h->ctx, h->db, clock_wall_ms());
}

static enum err old_presence(struct housekeeping *h) {
    int32_t n;
    return presence_prune(h->db, clock_wall_ms(), &n);
}

/* A local day is over: what was not recorded in it locks its device. */
static enum err hygiene(struct housekeeping *h) {
    struct uuid ids[PENDING_MAX];
    int32_t n = 0;
    enum err e = hygiene_lock_overdue(h->db, ids, PENDING_MAX, &n);
    for (int32_t i = 0; e == ERR_OK && i < n; i++) {
        struct device_row row;
        if ((e = device_get(h->db, &everything, &ids[i], &row)) != ERR_OK) break;
        auto_buf struct buf json = BUF_INIT;
        if (!live_put_cleaning(h->ctx->live, &row)) continue;
        event_cleaning_write(&json, &row);
        context_publish(h->ctx, &row.site_id, "cleaning", &json);
    }
    return e;
}

static enum err courses(struct housekeeping *h) { return course_keeper_run(h->ctx, h->db); }

static enum err idempotency(struct housekeeping *h) {
    int32_t n;
    return housekeeping_idempotency(h->db, clock_wall_ms(), LIMIT_IDEMPOTENCY_KEEP_H, &n);
}

static const struct {
    enum err (*run)(struct housekeeping *h);
    int64_t every_ms;
    const char *doing;
    bool may_ask_nothing; /* so that its success does not say that the database is there */
} jobs[] = {
    {walk, 1000, "walk", true},
    {sweep, 1000, "sweep"},
    {drive_pending, 2000, "pending commands"},
    {alarms, 1000, "alarms", true},
    {presence, 1000, "presence", true},
    {held, 500, "sessions by hand"},
    {devices, 10000, "devices"},
    {hygiene, 5000, "hygiene"},
    {courses, 10000, "courses"},
    {partitions, 3600000, "partitions"},
    {retention, 3600000, "retention"},
    {old_presence, 600000, "old presence"},
    {idempotency, 3600000, "idempotency keys"},
};

static void run(void *arg) {
    struct housekeeping *h = arg;
    int64_t due_ms[COUNT_OF(jobs)] = {0};
    do {
        for (size_t i = 0; i < COUNT_OF(jobs) && !thread_stopping(&h->thread); i++) {
            if (clock_mono_ms() < due_ms[i]) continue;
            enum err e = jobs[i].run(h);
            /* What failed is tried at the next tick; db.h itself backs off. */
            bool idle = e == ERR_OK && jobs[i].may_ask_nothing;
            if (idle || context_db_ok(h->ctx, h->db, e, jobs[i].doing))
                due_ms[i] = clock_mono_ms() + jobs[i].every_ms;
        }
    } while (thread_sleep(&h->thread, TICK_MS));
}

static void housekeeping_free(struct housekeeping *h) {
    alarm_keeper_free(h->alarms);
    db_free(h->db);
    free(h);
}

enum err housekeeping_start(struct context *ctx, const struct housekeeping_config *config,
                            struct housekeeping **ret) {
    struct housekeeping *h = xcalloc(1, sizeof *h);
    h->ctx = ctx;
    h->config = *config;
    h->db = context_db(ctx, "pediluved housekeeping");
    h->alarms = alarm_keeper_new(ctx, clock_wall_ms());
    if (!thread_start(&h->thread, run, h)) {
        housekeeping_free(h);
        return ERR_INTERNAL;
    }
    *ret = h;
    return ERR_OK;
}

bool housekeeping_stop(struct housekeeping *h, int deadline_ms) {
    if (!h) return true;
    thread_ask(&h->thread);
    if (!thread_join(&h->thread, deadline_ms)) return false;
    housekeeping_free(h);
    return true;
}
