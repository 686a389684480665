#include "device-agent/runtime/runtime.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "device-agent/runtime/notify.h"
#include "device-agent/runtime/status.h"
#include "device-agent/runtime/unit.h"

#define STEPS_MAX 200   /* control steps made up for after a stall; what was missed beyond is not */
#define EVENTS_MAX 4096 /* of the link, and of the keeper, in one turn */

struct runtime {
    struct config *config;
    int32_t tick_ms, step_ms;
    struct unit_parts parts;
    size_t n;
    struct unit *units;
    int64_t control_ms;
    int64_t turned_ms, due_ms; /* of the last control turn, and of the next */
    int64_t owed_ms;           /* control time less than a step, for the next turn */
    int64_t started_ms, turns, late_ms;
    struct notify notify;
    int status_fd; /* -1: none */
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
    if (now.mono_ms - r->due_ms > r->late_ms) r->late_ms = now.mono_ms - r->due_ms;
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
    r->turns++;
    notify_step(&r->notify, now.mono_ms);
}

/* The status is that of a process with one device. */
static void tell_status(struct runtime *r) {
    struct moment now = now_of(r);
    struct status_view view = {.config = r->config,
                               .started_ms = r->started_ms,
                               .mono_ms = now.mono_ms,
                               .turns = r->turns,
                               .late_ms = r->late_ms,
                               .tick_ms = r->tick_ms};
    for (int i = 0; i < STATUS_AT_ONCE; i++) {
        auto_buf struct buf text = BUF_INIT;
        int client = status_accept(r->status_fd);
        if (client < 0) return;
        status_write(&text, &r->units[0], &r->parts, &now, &view);
        status_answer(client, &text);
    }
}

static void take_results(struct runtime *r) {
    struct keeper_result result;
    struct moment now = now_of(r);
    for (int i = 0; i < EVENTS_MAX && keeper_take(r->parts.keeper, &result); i++)
        unit_kept(&r->units[result.unit], &r->parts, &now, &result);
}

static void watch_writes(struct runtime *r) {
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++) unit_overdue(&r->units[i], &r->parts, &now);
}

static void tell_heads(struct runtime *r) {
    struct moment now = now_of(r);
    for (size_t i = 0; i < r->n; i++)
        if (r->units[i].wants_head) unit_head(&r->units[i], &r->parts, &now);
}

/* After the loop stood still nothing is done on what was seen before: the sensors come first. */
static void turn(struct runtime *r) {
    control(r);
    take_events(r);
    take_results(r);
    feed_commands(r);
    watch_writes(r);
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
    if (fd < 0 || !keeper_start(r->parts.keeper) || !link_start(r->parts.link)) return 1;
    log_info("main", "running|devices=%zu speed=%d version=%s", r->n, r->config->speed, PEDILUVE_VERSION);
    r->started_ms = r->turned_ms = r->due_ms = clock_mono_ms();
    notify_open(&r->notify);
    if (r->config->status[0]) r->status_fd = status_open(r->config->status);
    for (;;) {
        struct pollfd wait[] = {{.fd = link_fd(r->parts.link), .events = POLLIN},
                                {.fd = fd, .events = POLLIN},
                                {.fd = keeper_fd(r->parts.keeper), .events = POLLIN},
                                {.fd = r->status_fd, .events = POLLIN}};
        int64_t left_ms = r->due_ms - clock_mono_ms();
        poll(wait, COUNT_OF(wait), left_ms > 0 ? (int)left_ms : 0);
        if ((wait[1].revents & POLLIN) && !take_signal(r, fd)) break;
        turn(r);
        if (wait[3].revents & POLLIN) tell_status(r);
    }
    notify_stopping(&r->notify);
    log_info("main", "stopping|devices=%zu", r->n);
    return 0;
}

/* ---- life ---- */

static bool open_files(struct runtime *r) {
    char error[256], path[CONFIG_PATH_MAX + 8];
    r->parts.journal = journal_open(r->config->journal, error);
    if (!r->parts.journal) return config_fail("%s", error);
    snprintf(path, sizeof path, "%s.spool", r->config->journal);
    r->parts.spool = spool_open(path, r->config->spool_bytes, error);
    if (!r->parts.spool) return config_fail("%s", error);
    r->parts.keeper = keeper_new(r->parts.journal, r->parts.spool, (size_t)r->config->n_devices);
    return true;
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
    r->notify.fd = r->status_fd = -1;
    r->tick_ms = tick_ms;
    r->step_ms = step_ms;
    r->control_ms = step_ms;
    r->units = xcalloc((size_t)config->n_devices, sizeof *r->units);
    r->parts.board = config->board;
    r->parts.board_file = config->board_file;
    r->parts.command = xcalloc(1, sizeof *r->parts.command);
    r->parts.link = link_new(&link);
    if (open_files(r) && add_units(r)) return r;
    (void)!runtime_free(r);
    return NULL;
}

bool runtime_free(struct runtime *r) {
    if (!r) return true;
    status_close(r->status_fd, r->config->status);
    notify_close(&r->notify);
    for (size_t i = 0; i < (size_t)r->config->n_devices; i++) unit_done(&r->units[i]);
    link_free(r->parts.link);
    if (!keeper_free(r->parts.keeper)) {
        log_error("journal", "the disk does not answer: left as it is");
        return false;
    }
    spool_close(r->parts.spool);
    journal_close(r->parts.journal);
    free(r->parts.command);
    free(r->units);
    free(r);
    return true;
}
