#include "device-agent/runtime/runtime.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "device-agent/runtime/unit.h"

#define STEPS_MAX 200   /* control steps made up for after a stall; what was missed beyond is not */
#define COMMITS_MAX 4   /* of one turn: an answer may lead to a further write */
#define EVENTS_MAX 4096 /* of the link in one turn */

struct runtime {
    struct config *config;
    int32_t tick_ms, step_ms;
    struct unit_parts parts;
    size_t n;
    struct unit *units;
    int64_t control_ms;
    int64_t turned_ms, due_ms; /* of the last control turn, and of the next */
    int64_t owed_ms;           /* control time less than a step, for the next turn */
    bool journal_failing, spool_failing;
};

static struct moment now_of(const struct runtime *r) {
    return (struct moment){
        .control_ms = r->control_ms, .mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

/* ---- one turn ---- */

static void take_events(struct runtime *r) {
    struct link_event event;
    struct moment now = now_of(r);
    for (int i = 0; i < EVENTS_MAX && link_take(r->parts.link, &event); i++)
        unit_take(&r->units[event.client], &r->parts, &now, &event);
}

static void feed_commands(struct runtime *r) {
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++)
        if (r->units[i].n_commands > 0) unit_feed(&r->units[i], &r->parts, &now);
}

static void control(struct runtime *r) {
    struct moment now = now_of(r);
    if (now.mono_ms < r->due_ms) return;
    r->owed_ms += (now.mono_ms - r->turned_ms) * r->config->speed;
    r->turned_ms = now.mono_ms;
    r->due_ms = r->due_ms + r->tick_ms > now.mono_ms ? r->due_ms + r->tick_ms : now.mono_ms + r->tick_ms;
    int64_t most = STEPS_MAX + (int64_t)r->tick_ms * r->config->speed / r->step_ms;
    if (r->owed_ms / r->step_ms > most) r->owed_ms = most * r->step_ms;
    int64_t until_ms = r->control_ms + r->owed_ms / r->step_ms * r->step_ms;
    r->owed_ms %= r->step_ms;
    for (size_t i = 0; i < r->n; i++) /* one device after the other: its state stays in the cache */
        for (now.control_ms = r->control_ms; now.control_ms < until_ms;) {
            now.control_ms += r->step_ms;
            unit_tick(&r->units[i], &r->parts, &now);
        }
    r->control_ms = until_ms;
}

/* Once when it begins and once when it is over. */
static void log_failing(bool *failing, bool ok, const char *what) {
    if (*failing == !ok) return;
    *failing = !ok;
    if (ok)
        log_info("journal", "can be written again|what=%s", what);
    else
        log_error("journal", "cannot be written|what=%s", what);
}

/* Samples of all units in one commit. What failed is put again by nobody: its numbers are missing, and the
 * next message says so. */
static void commit_spool(struct runtime *r) {
    struct unit_parts *p = &r->parts;
    if (!p->spooling) return;
    p->spooling = false;
    bool ok = p->spool_ok && spool_commit(p->spool);
    if (!ok) spool_rollback(p->spool);
    log_failing(&r->spool_failing, ok, "samples");
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++) {
        struct unit *u = &r->units[i];
        struct agent_event event = {.type = EVENT_SPOOLED, .last = u->spooled};
        if (!ok) u->head_at_ms = now.mono_ms + UNIT_RETRY_MS;
        if (u->spooled == 0) continue;
        u->spooled = 0;
        if (ok) unit_step(u, p, &now, &event);
    }
}

/* The journal writes of all units in one commit, so one fsync; then their answers. */
static bool commit_journal(struct runtime *r) {
    bool any = false, ok = true;
    for (size_t i = 0; i < r->n && ok; i++) {
        struct unit *u = &r->units[i];
        if (!u->write) continue;
        if (!any) ok = journal_begin(r->parts.journal);
        any = true;
        ok = ok && journal_put(r->parts.journal, &u->id, u->write);
    }
    if (!any) return false;
    ok = ok && journal_commit(r->parts.journal);
    if (!ok) journal_rollback(r->parts.journal);
    log_failing(&r->journal_failing, ok, "commands");
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++) {
        struct unit *u = &r->units[i];
        if (!u->write) continue;
        u->write = NULL;
        unit_step(u, &r->parts, &now, &(struct agent_event){.type = EVENT_JOURNAL, .ok = ok});
    }
    return true;
}

static void tell_heads(struct runtime *r) {
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++)
        if (r->units[i].wants_head) unit_head(&r->units[i], &r->parts, &now);
}

static void turn(struct runtime *r) {
    take_events(r);
    feed_commands(r);
    control(r);
    for (int i = 0; i < COMMITS_MAX && commit_journal(r); i++) feed_commands(r);
    commit_spool(r);
    tell_heads(r);
}

/* ---- signals ---- */

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

static sigset_t signal_set(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT_OF(signals); i++) sigaddset(&set, signals[i]);
    return set;
}

void runtime_block_signals(void) {
    sigset_t set = signal_set();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk: the write fails, the control goes on */
}

static void press(struct runtime *r, int number) {
    for (size_t i = 0; i < r->n; i++) {
        struct board *b = &r->units[i].board;
        const struct hal_buttons *buttons = b->ops->buttons;
        if (!buttons) continue;
        if (number == SIGUSR1)
            buttons->local_stop(b->self);
        else
            buttons->emergency_stop(b->self, !buttons->is_emergency_stop(b->self));
    }
}

/* False: it is time to end. */
static bool take_signal(struct runtime *r, int fd) {
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != sizeof info) return true;
    int number = (int)info.ssi_signo;
    if (number != SIGUSR1 && number != SIGUSR2) return false;
    press(r, number);
    return true;
}

int runtime_run(struct runtime *r) {
    sigset_t set = signal_set();
    auto_close int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0 || !link_start(r->parts.link)) return 1;
    log_info("main", "running|devices=%zu speed=%d version=%s", r->n, r->config->speed, PEDILUVE_VERSION);
    r->turned_ms = r->due_ms = clock_mono_ms();
    for (;;) {
        struct pollfd wait[] = {{.fd = link_fd(r->parts.link), .events = POLLIN},
                                {.fd = fd, .events = POLLIN}};
        int64_t left_ms = r->due_ms - clock_mono_ms();
        poll(wait, COUNT_OF(wait), left_ms > 0 ? (int)left_ms : 0);
        if ((wait[1].revents & POLLIN) && !take_signal(r, fd)) break;
        turn(r);
    }
    log_info("main", "stopping|devices=%zu", r->n);
    return 0;
}

/* ---- life ---- */

static bool open_files(struct runtime *r) {
    char error[256], path[CONFIG_PATH_MAX + 8];
    r->parts.journal = journal_open(r->config->journal, error);
    if (!r->parts.journal) return config_fail("%s", error);
    snprintf(path, sizeof path, "%s.spool", r->config->journal);
    r->parts.spool = spool_open(path, SPOOL_SAMPLES_MAX, error);
    return r->parts.spool || config_fail("%s", error);
}

static bool add_units(struct runtime *r) {
    struct config *c = r->config;
    struct moment now = now_of(r);
    if (!spool_begin(r->parts.spool)) return config_fail("the spool cannot be written");
    for (; r->n < (size_t)c->n_devices; r->n++) {
        const struct config_device *d = &c->devices[r->n];
        struct unit *u = &r->units[r->n];
        const struct model *model = config_model(c, d->model);
        if (!model || !unit_init(u, &r->parts, r->n, &d->device_id, model, &now)) return false;
        if (c->real_time) agent_watch_loop(&u->agent, r->tick_ms);
        link_add(r->parts.link, r->n, &d->device_id, d->password, &u->boot_id, agent_next_epoch(&u->agent));
    }
    if (!spool_commit(r->parts.spool)) return config_fail("the spool cannot be written");
    for (size_t i = 0; i < r->n; i++) r->units[i].wants_head = true;
    return true;
}

struct runtime *runtime_new(struct config *config, int32_t tick_ms, int32_t step_ms) {
    struct runtime *r = xcalloc(1, sizeof *r);
    struct link_config link = {.host = config->mqtt.host,
                               .port = config->mqtt.port,
                               .ca_file = config->mqtt.ca_file[0] ? config->mqtt.ca_file : NULL,
                               .n_clients = (size_t)config->n_devices};
    r->config = config;
    r->tick_ms = tick_ms;
    r->step_ms = step_ms;
    r->control_ms = step_ms;
    r->units = xcalloc((size_t)config->n_devices, sizeof *r->units);
    r->parts.command = xcalloc(1, sizeof *r->parts.command);
    r->parts.telemetry = xcalloc(1, sizeof *r->parts.telemetry);
    r->parts.link = link_new(&link);
    if (open_files(r) && add_units(r)) return r;
    runtime_free(r);
    return NULL;
}

void runtime_free(struct runtime *r) {
    if (!r) return;
    for (size_t i = 0; i < (size_t)r->config->n_devices; i++) unit_done(&r->units[i]);
    link_free(r->parts.link);
    spool_close(r->parts.spool);
    journal_close(r->parts.journal);
    free(r->parts.command);
    free(r->parts.telemetry);
    free(r->units);
    free(r);
}
