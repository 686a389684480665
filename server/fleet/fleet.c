/* Puts the parts together: what the link brings goes to the live view at once and to the mailboxes. */
#include "server/fleet/fleet.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/fleet/context.h"
#include "server/fleet/housekeeping.h"
#include "server/fleet/ingest.h"
#include "server/fleet/provision.h"
#include "server/fleet/recorder.h"

struct fleet {
    struct context ctx;
    struct recorder *recorder;
    struct ingest *ingest;
    struct housekeeping *housekeeping;
    struct provision *provision; /* NULL: no device secret */
};

/* ---- what devices say; on the link's thread ---- */

static void on_presence(struct fleet *f, const struct uuid *device, const char *payload, size_t len) {
    struct message_presence m;
    struct field_errors errors;
    bool changed;
    if (!message_presence_parse(payload, len, &m, &errors)) {
        context_count(&f->ctx, bad_messages, 1);
        return;
    }
    if (live_put_presence(f->ctx.live, device, &m, clock_wall_ms(), &changed) && changed)
        context_publish_device(&f->ctx, device);
}

static void on_hello(struct fleet *f, const struct uuid *device, const char *payload, size_t len) {
    struct message_hello m;
    struct field_errors errors;
    if (!message_hello_parse(payload, len, &m, &errors)) {
        context_count(&f->ctx, bad_messages, 1);
        return;
    }
    live_put_hello(f->ctx.live, device, &m, clock_wall_ms());
    recorder_hello(f->recorder, device, &m); /* also when unknown here: the database may know it */
}

static void on_ack(struct fleet *f, const struct uuid *device, const char *payload, size_t len) {
    struct message_ack m;
    struct field_errors errors;
    if (!message_ack_parse(payload, len, &m, &errors)) {
        context_count(&f->ctx, bad_messages, 1);
        return;
    }
    if (live_heard(f->ctx.live, device, clock_wall_ms()))
        recorder_ack(f->recorder, device, &m);
    else
        context_count(&f->ctx, unknown_devices, 1);
}

static void on_state(struct fleet *f, const struct uuid *device, const char *payload, size_t len) {
    struct message_state m;
    struct field_errors errors;
    bool changed;
    if (!message_state_parse(payload, len, &m, &errors)) {
        context_count(&f->ctx, bad_messages, 1);
        return;
    }
    if (!live_put_state(f->ctx.live, device, &m, clock_wall_ms(), &changed)) return;
    /* A heartbeat costs no SQL; during a session it still shows its progress. */
    if (live_session_differs(f->ctx.live, device, &m)) recorder_state(f->recorder, device, &m);
    if (changed || device_session_state_is_live((enum device_session_state)m.session.state))
        context_publish_device(&f->ctx, device);
}

static void on_telemetry(struct fleet *f, const struct uuid *device, const char *payload, size_t len) {
    struct message_telemetry m;
    struct field_errors errors;
    if (!message_telemetry_parse(payload, len, &m, &errors)) {
        context_count(&f->ctx, bad_messages, 1);
        return;
    }
    bool changed;
    if (!live_put_sample(f->ctx.live, device, &m.boot_id, &m.samples[m.n_samples - 1], clock_wall_ms(),
                         &changed)) {
        context_count(&f->ctx, unknown_devices, 1);
        return;
    }
    ingest_put(f->ingest, device, &m);
    if (changed) context_publish_device(&f->ctx, device);
}

static void on_message(void *ctx, const struct uuid *device, enum topic_channel channel, const char *payload,
                       size_t len) {
    static void (*const handlers[TOPIC_CHANNEL_COUNT])(struct fleet *, const struct uuid *, const char *,
                                                       size_t) = {
        [TOPIC_PRESENCE] = on_presence, [TOPIC_HELLO] = on_hello,         [TOPIC_ACK] = on_ack,
        [TOPIC_STATE] = on_state,       [TOPIC_TELEMETRY] = on_telemetry,
    };
    if (handlers[channel]) handlers[channel](ctx, device, payload, len);
}

static void on_control(void *ctx, const char *payload, size_t len) {
    struct fleet *f = ctx;
    provision_answer(f->provision, payload, len);
}

static void on_connected(void *ctx) {
    struct fleet *f = ctx;
    context_call_for_hello(&f->ctx);
    provision_connected(f->provision);
}

/* What was on its way may be lost, so each device's commands have to be driven again. */
static void on_disconnected(void *ctx) {
    struct fleet *f = ctx;
    live_put_unready(f->ctx.live, clock_wall_ms());
}

/* ---- rows of the database ---- */

static bool is_retired(const struct device_row *row) { return strcmp(row->service, "retired") == 0; }

static void take_row(struct fleet *f, const struct device_row *row, const struct live_device *before) {
    live_put_device(f->ctx.live, row);
    if (!before || row->credential_version != before->facts.credential_version ||
        is_retired(row) != live_is_retired(before))
        provision_device(f->provision, row, !before);
    if (is_retired(row)) live_put_offline(f->ctx.live, &row->id, clock_wall_ms());
}

/* From housekeeping's walk over the table, which may be older than what is known: only what people
 * have changed since, elsewhere. */
static void on_row(void *arg, const struct device_row *row) {
    struct fleet *f = arg;
    struct live_device before;
    bool known = live_get(f->ctx.live, &row->id, clock_wall_ms(), &before);
    if (!known || row->version > before.facts.version) take_row(f, row, known ? &before : NULL);
}

void fleet_device_changed(struct fleet *f, const struct device_row *row) {
    struct live_device before;
    bool known = live_get(f->ctx.live, &row->id, clock_wall_ms(), &before);
    if (!known || row->version >= before.facts.version) take_row(f, row, known ? &before : NULL);
    context_publish_device(&f->ctx, &row->id);
}

static void load_row(void *arg, const struct device_row *row) {
    struct live *live = arg;
    live_put_device(live, row);
}

static enum err load(struct context *ctx) {
    auto_db struct db *db = context_db(ctx, "pediluved start");
    enum err e = device_each(db, load_row, ctx->live);
    if (e != ERR_OK) log_error("fleet", "cannot load the devices|error=\"%s\"", db_last_error(db));
    return e;
}

/* ---- commands ---- */

struct sending {
    struct fleet *f;
    const struct uuid *device;
    struct buf bytes;
};

static bool send_now(void *arg) {
    struct sending *s = arg;
    return link_publish(s->f->ctx.link, s->device, TOPIC_COMMAND, s->bytes.data, s->bytes.len);
}

void fleet_send_command(struct fleet *f, const struct uuid *device_id,
                        const struct message_command *command) {
    struct sending s = {.f = f, .device = device_id, .bytes = BUF_INIT};
    if (command->epoch) message_command_write(&s.bytes, command);
    enum live_turn turn =
        live_send_turn(f->ctx.live, device_id, command->seq, command->epoch, send_now, &s, clock_wall_ms());
    buf_done(&s.bytes);
    if (turn == LIVE_TURN_GAP) recorder_redrive(f->recorder, device_id);
}

/* ---- start and stop ---- */

static enum err start_parts(struct fleet *f, const struct fleet_config *c) {
    static const struct link_handler handler = {.message = on_message,
                                                .control = on_control,
                                                .connected = on_connected,
                                                .disconnected = on_disconnected};
    enum err e = load(&f->ctx);
    if (e == ERR_OK) e = recorder_start(&f->ctx, &f->recorder);
    if (e == ERR_OK) e = ingest_start(&f->ctx, &f->ingest);
    if (e == ERR_OK && c->device_secret && c->device_secret[0])
        e = provision_start(&f->ctx, c->device_secret, &f->provision);
    if (e != ERR_OK) return e;
    struct link_config link = {.host = c->mqtt_host,
                               .port = c->mqtt_port,
                               .username = c->mqtt_username,
                               .password = c->mqtt_password,
                               .ca_file = c->mqtt_ca_file};
    e = link_start(&link, &handler, f, &f->ctx.link);
    if (e != ERR_OK) return e;
    struct housekeeping_config keep = {
        .recorder = f->recorder, .retention_days = c->retention_days, .device = on_row, .device_arg = f};
    return housekeeping_start(&f->ctx, &keep, &f->housekeeping);
}

enum err fleet_start(const struct fleet_config *config, struct fleet **ret) {
    struct fleet *f = xcalloc(1, sizeof *f);
    f->ctx.live = live_new();
    f->ctx.waiters = waiters_new(WAITERS_MAX);
    f->ctx.database_url = xstrdup(config->database_url);
    f->ctx.publish = config->publish;
    f->ctx.publish_ctx = config->publish_ctx;
    f->ctx.instance = uuid_is_zero(&config->instance) ? uuid_new() : config->instance;
    atomic_init(&f->ctx.database_ok, true);
    enum err e = start_parts(f, config);
    if (e != ERR_OK)
        fleet_stop(f, 1000);
    else
        *ret = f;
    return e;
}

static int left_ms(int64_t until_ms) {
    int64_t left = until_ms - clock_mono_ms();
    return left < 50 ? 50 : (int)left;
}

/* The link first, since its thread fills the mailboxes; whoever publishes after that is told that there
 * is no connection. A thread that does not end in time (a database or a network that hangs) keeps
 * what it uses: the process is about to end anyway. */
bool fleet_stop(struct fleet *f, int deadline_ms) {
    if (!f) return true;
    int64_t until_ms = clock_mono_ms() + deadline_ms;
    bool ended = housekeeping_stop(f->housekeeping, left_ms(until_ms));
    ended = ended && link_stop(f->ctx.link, left_ms(until_ms));
    ended = ended && provision_stop(f->provision, left_ms(until_ms));
    ended = ended && ingest_stop(f->ingest, left_ms(until_ms));
    ended = ended && recorder_stop(f->recorder, left_ms(until_ms));
    if (!ended) {
        log_warn("fleet", "stopped while a thread still waits for the database or the broker");
        return false;
    }
    link_free(f->ctx.link);
    waiters_free(f->ctx.waiters);
    live_free(f->ctx.live);
    free(f->ctx.database_url);
    free(f);
    return true;
}

/* ---- what others may ask ---- */

struct live *fleet_live(struct fleet *f) {
    return f->ctx.live;
}
struct waiters *fleet_waiters(struct fleet *f) {
    return f->ctx.waiters;
}

void fleet_status(struct fleet *f, struct fleet_status *ret) {
    struct link_counters link;
    link_counters(f->ctx.link, &link);
    *ret = (struct fleet_status){.broker_connected = link_connected(f->ctx.link),
                                 .database_ok = atomic_load(&f->ctx.database_ok),
                                 .broker_accounts = provision_works(f->provision),
                                 .record_queue = recorder_waiting(f->recorder),
                                 .ingest_queue = ingest_waiting(f->ingest),
                                 .link_received = link.received,
                                 .link_received_bytes = link.received_bytes,
                                 .link_sent = link.sent,
                                 .link_refused = link.refused,
                                 .link_dropped = link.dropped,
                                 .link_connects = link.connects,
                                 .alarms_open = (uint64_t)atomic_load(&f->ctx.alarms_open),
                                 .alarms_acknowledged = (uint64_t)atomic_load(&f->ctx.alarms_acknowledged)};
    live_count(f->ctx.live, &ret->devices_known, &ret->devices_connected);
    ret->devices_ready = live_count_ready(f->ctx.live);
#define X(name) ret->name = atomic_load_explicit(&f->ctx.count.name, memory_order_relaxed);
    CONTEXT_COUNTERS(X)
#undef X
}
