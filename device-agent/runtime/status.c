#include "device-agent/runtime/status.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/jsonw.h"
#include "base/log.h"
#include "device-agent/core/report.h"

#define BACKLOG 8

/* ---- the socket ---- */

static int failed(const char *path, int fd) {
    log_warn("status", "no status socket|path=\"%s\" reason=\"%s\"", path, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

int status_open(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat there;
    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return failed(path, -1);
    }
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(path, fd);
    if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) unlink(path);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0)
        return failed(path, fd);
    return fd;
}

void status_close(int fd, const char *path) {
    if (fd < 0) return;
    unlink(path);
    close(fd);
}

int status_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

void status_answer(int client, const struct buf *text) {
    (void)!send(client, text->data, text->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(client);
}

/* ---- what is said ---- */

static void write_reading(struct jsonw *w, const char *key, const struct reading *r, int64_t now_ms) {
    jsonw_object(w, key);
    if (r->present) {
        jsonw_int(w, "value", r->value);
        jsonw_int(w, "age_ms", now_ms - r->at_ms);
    } else {
        jsonw_null(w, "value");
    }
    jsonw_object_end(w);
}

static void write_sensors(struct jsonw *w, const struct unit *u, int64_t now_ms) {
    const struct readings *r = &u->readings;
    jsonw_object(w, "sensors");
    for (int i = 0; i < u->agent.model->water_sensors && i < WATER_SENSORS_MAX; i++)
        write_reading(w, i == 0 ? "water_0_mdegc" : "water_1_mdegc", &r->water_mdegc[i], now_ms);
    write_reading(w, "level_permille", &r->level_permille, now_ms);
    write_reading(w, "current_ma", &r->current_ma, now_ms);
    jsonw_bool(w, "emergency_stop", r->emergency_stop);
    jsonw_object_end(w);
}

/* What is fitted. */
static void write_inputs(struct jsonw *w, const struct unit *u, int64_t now_ms) {
    static const char *const names[CONTACT_COUNT] = {
#define X(c, name, ...) name,
        CONTACTS(X)
#undef X
    };
    const struct readings *r = &u->readings;
    jsonw_object(w, "contacts");
    for (int i = 0; i < CONTACT_COUNT; i++)
        if (r->contact[i].present) write_reading(w, names[i], &r->contact[i], now_ms);
    jsonw_object_end(w);
    jsonw_object(w, "motion_permille");
    for (int i = 0; i < u->agent.model->n_actuators; i++)
        if (r->motion_permille[i].present)
            write_reading(w, u->agent.model->actuators[i].name, &r->motion_permille[i], now_ms);
    jsonw_object_end(w);
}

static void write_state(struct jsonw *w, const struct unit *u, const struct moment *now) {
    auto_buf struct buf text = BUF_INIT;
    struct message_state state;
    report_state(&u->agent, now, &state);
    if (state.epoch < 1) state.epoch = 1; /* of the first connection, which is still to come */
    message_state_write(&text, &state);
    jsonw_raw(w, "state", text.data, text.len);
}

static void write_link(struct jsonw *w, const struct unit *u, const struct config_mqtt *mqtt) {
    jsonw_object(w, "link");
    jsonw_str(w, "host", mqtt->host);
    jsonw_int(w, "port", mqtt->port);
    jsonw_bool(w, "tls", mqtt->ca_file[0] != '\0');
    jsonw_bool(w, "connected", u->connection != 0);
    jsonw_bool(w, "ready", u->agent.uplink.online && u->agent.uplink.greeted);
    jsonw_int(w, "epoch", u->agent.ledger.epoch);
    jsonw_bool(w, "time_known", u->agent.uplink.time_known);
    jsonw_object_end(w);
}

static void write_keeper(struct jsonw *w, const struct unit *u, const struct unit_parts *p, int64_t mono_ms) {
    struct keeper_stats stats;
    keeper_stats(p->keeper, &stats);
    jsonw_object(w, "spool");
    jsonw_bool(w, "ok", !p->spool_failing);
    jsonw_int(w, "bytes", stats.spool.bytes);
    jsonw_int(w, "bytes_max", stats.spool.bytes_max);
    jsonw_int(w, "samples", stats.spool.samples);
    jsonw_int(w, "given_up", stats.spool.given_up);
    jsonw_int(w, "uncommitted", uplink_uncommitted(&u->agent.uplink));
    jsonw_object_end(w);
    jsonw_object(w, "journal");
    jsonw_bool(w, "ok", !u->agent.journal_failed);
    jsonw_int(w, "last_seq", u->agent.ledger.last_seq);
    jsonw_int(w, "writes", stats.writes);
    jsonw_int(w, "syncs", stats.syncs);
    jsonw_int(w, "waiting_ms", u->ticket ? mono_ms - u->write_at_ms : 0);
    jsonw_int(w, "jobs", stats.waiting);
    jsonw_object_end(w);
}

void status_write(struct buf *out, const struct unit *u, const struct unit_parts *p, const struct moment *now,
                  const struct status_view *view) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    jsonw_str(&w, "version", PEDILUVE_VERSION);
    jsonw_int(&w, "protocol", PROTO_VERSION);
    jsonw_uuid(&w, "device_id", &u->id);
    jsonw_uuid(&w, "boot_id", &u->boot_id);
    jsonw_str(&w, "model", u->agent.model->id);
    jsonw_int(&w, "model_version", u->agent.model->version);
    jsonw_str(&w, "board", u->board.ops->name);
    jsonw_int(&w, "uptime_ms", view->mono_ms - view->started_ms);
    jsonw_object(&w, "control");
    jsonw_int(&w, "tick_ms", view->tick_ms);
    jsonw_int(&w, "turns", view->turns);
    jsonw_int(&w, "late_ms_max", view->late_ms);
    jsonw_object_end(&w);
    write_state(&w, u, now);
    write_sensors(&w, u, now->control_ms);
    write_inputs(&w, u, now->control_ms);
    write_link(&w, u, &view->config->mqtt);
    write_keeper(&w, u, p, view->mono_ms);
    jsonw_object_end(&w);
    buf_chr(out, '\n');
}
