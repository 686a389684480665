/* libmosquitto's own loop thread gives up for good on some errors and its loop uses select(); this one
 * polls the socket itself and makes a new client for every connection, so that nothing of an
 * earlier connection (a half-sent command above all) is ever sent again by the library. */
#include "server/fleet/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/base/limits.h"
#include "server/fleet/inbox.h"

#define KEEPALIVE_S 15
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define GREETING_MS 5000  /* for CONNACK and the subscriptions */
#define READS_MAX 512     /* packets read before the out-queue gets its turn */
#define FAILURE_CODES 128 /* MQTT 5 reason codes from here on are failures */
#define QUEUE_BYTES (16 * 1024 * 1024)
#define CONTROL_TOPIC "$CONTROL/dynamic-security/v1"
#define CONTROL_RESPONSE CONTROL_TOPIC "/response"
#define KIND_TOPIC 0x100u /* in an out record: the topic is in the data, before the payload */

struct link {
    struct link_handler handler;
    void *ctx;
    char *host, *username, *password, *ca_file, *client_id;
    int port;

    pthread_t thread;
    int event_fd;
    struct inbox *out;
    atomic_bool stop, connected;
    atomic_uint_fast64_t received, received_bytes, sent, refused, dropped, connects;

    /* the link's thread only */
    struct mosquitto *mosq;
    int64_t stop_by_ms; /* set before stop */
    int refusal;        /* the reason code of CONNACK, 0 when accepted */
    int subscriptions;  /* asked for; 0: no CONNACK yet */
    int granted;        /* and answered */
};

static const size_t payload_max[TOPIC_CHANNEL_COUNT] = {
    [TOPIC_HELLO] = PROTO_HELLO_MAX,       [TOPIC_ACK] = PROTO_ACK_MAX,
    [TOPIC_STATE] = PROTO_STATE_MAX,       [TOPIC_TELEMETRY] = PROTO_TELEMETRY_MAX,
    [TOPIC_PRESENCE] = PROTO_PRESENCE_MAX,
};
static const enum topic_channel subscribed[] = {TOPIC_PRESENCE, TOPIC_HELLO, TOPIC_ACK, TOPIC_STATE,
                                                TOPIC_TELEMETRY};

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *m,
                       const mosquitto_property *properties) {
    (void)mosq, (void)properties;
    struct link *l = arg;
    atomic_fetch_add_explicit(&l->received, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&l->received_bytes, (uint64_t)m->payloadlen, memory_order_relaxed);
    struct uuid device;
    enum topic_channel channel;
    if (topic_parse(m->topic, &device, &channel)) {
        /* An empty retained presence is how an operator clears one: nothing to say. */
        if (m->payloadlen > 0 && (size_t)m->payloadlen <= payload_max[channel]) {
            l->handler.message(l->ctx, &device, channel, m->payload, (size_t)m->payloadlen);
            return;
        }
    } else if (l->handler.control && strcmp(m->topic, CONTROL_RESPONSE) == 0 && m->payloadlen > 0) {
        l->handler.control(l->ctx, m->payload, (size_t)m->payloadlen);
        return;
    }
    atomic_fetch_add_explicit(&l->refused, 1, memory_order_relaxed);
}

static void on_connect(struct mosquitto *mosq, void *arg, int reason, int flags,
                       const mosquitto_property *properties) {
    (void)flags, (void)properties;
    struct link *l = arg;
    l->refusal = reason;
    if (reason) return;
    for (size_t i = 0; i < COUNT_OF(subscribed); i++) {
        char topic[PROTO_TOPIC_MAX];
        topic_format_all(topic, subscribed[i]);
        mosquitto_subscribe_v5(mosq, NULL, topic, topic_info[subscribed[i]].qos, 0, NULL);
        l->subscriptions++;
    }
    if (!l->handler.control) return;
    mosquitto_subscribe_v5(mosq, NULL, CONTROL_RESPONSE, 1, 0, NULL);
    l->subscriptions++;
}

/* Without this a refused publish looks like one that went out: MQTT 5 tells in the acknowledgement. */
static void on_publish(struct mosquitto *mosq, void *arg, int mid, int reason,
                       const mosquitto_property *properties) {
    (void)mosq, (void)mid, (void)properties;
    struct link *l = arg;
    if (reason < FAILURE_CODES) return;
    atomic_fetch_add_explicit(&l->dropped, 1, memory_order_relaxed);
    log_debug("link", "the broker refuses a message|reason=\"%s\"", mosquitto_reason_string(reason));
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int n, const int *granted,
                         const mosquitto_property *properties) {
    (void)mosq, (void)mid, (void)properties;
    struct link *l = arg;
    l->granted++;
    for (int i = 0; i < n; i++)
        if (granted[i] >= FAILURE_CODES)
            log_error("link", "the broker refuses a subscription|reason=\"%s\"",
                      mosquitto_reason_string(granted[i]));
}

static void publish(struct link *l, const char *topic, int qos, const char *payload, size_t len) {
    int rc = mosquitto_publish_v5(l->mosq, NULL, topic, (int)len, payload, qos, false, NULL);
    atomic_fetch_add_explicit(rc == MOSQ_ERR_SUCCESS ? &l->sent : &l->dropped, 1, memory_order_relaxed);
}

static void send_queued(struct link *l, struct buf *taken) {
    eventfd_t count;
    (void)!eventfd_read(l->event_fd, &count);
    struct inbox_record r;
    if (!inbox_take(l->out, 0, taken)) return;
    for (size_t at = 0; inbox_next(taken, &at, &r);) {
        if (!atomic_load(&l->connected)) { /* left from the connection before: devices say hello again */
            atomic_fetch_add_explicit(&l->dropped, 1, memory_order_relaxed);
        } else if (r.kind & KIND_TOPIC) {
            size_t topic_len = strlen(r.data) + 1;
            publish(l, r.data, (int)(r.kind & 3), r.data + topic_len, r.len - topic_len);
        } else {
            char topic[PROTO_TOPIC_MAX];
            topic_format(topic, &r.device, (enum topic_channel)r.kind);
            publish(l, topic, topic_info[r.kind].qos, r.data, r.len);
        }
    }
}

static int read_some(struct mosquitto *mosq) {
    for (int i = 0; i < READS_MAX; i++) {
        errno = 0;
        int rc = mosquitto_loop_read(mosq, 1);
        if (rc != MOSQ_ERR_SUCCESS || errno == EAGAIN || errno == EWOULDBLOCK) return rc;
    }
    return MOSQ_ERR_SUCCESS;
}

/* Runs one connection until it is lost or refused, or the link stops. */
static void serve(struct link *l) {
    auto_buf struct buf taken = BUF_INIT;
    int64_t greeted_by_ms = clock_mono_ms() + GREETING_MS;
    for (int rc = MOSQ_ERR_SUCCESS; rc == MOSQ_ERR_SUCCESS;) {
        int fd = mosquitto_socket(l->mosq);
        if (fd < 0) return;
        bool stopping = atomic_load(&l->stop);
        if (stopping && (!atomic_load(&l->connected) || clock_mono_ms() >= l->stop_by_ms ||
                         (!inbox_waiting(l->out) && !mosquitto_want_write(l->mosq))))
            return;
        struct pollfd fds[2] = {
            {.fd = fd, .events = (short)(POLLIN | (mosquitto_want_write(l->mosq) ? POLLOUT : 0))},
            {.fd = l->event_fd, .events = POLLIN}};
        if (poll(fds, 2, stopping ? 10 : 500) < 0 && errno != EINTR) return;

        if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) rc = read_some(l->mosq);
        if (rc == MOSQ_ERR_SUCCESS && fds[0].revents & POLLOUT) rc = mosquitto_loop_write(l->mosq, 1);
        if (rc == MOSQ_ERR_SUCCESS) rc = mosquitto_loop_misc(l->mosq);
        if (rc != MOSQ_ERR_SUCCESS) return;

        if (l->refusal) return;
        if (l->subscriptions == 0 || l->granted < l->subscriptions) {
            if (clock_mono_ms() > greeted_by_ms) return;
            continue;
        }
        if (!atomic_load(&l->connected)) {
            inbox_take(l->out, 0, &taken); /* of before */
            atomic_store(&l->connected, true);
            atomic_fetch_add(&l->connects, 1);
            log_info("link", "connected|host=%s port=%d", l->host, l->port);
            if (l->handler.connected) l->handler.connected(l->ctx);
        }
        send_queued(l, &taken);
    }
}

static bool dial(struct link *l) {
    l->mosq = mosquitto_new(l->client_id, true, l);
    if (!l->mosq) abort(); /* as out of memory does */
    l->refusal = l->subscriptions = l->granted = 0;
    mosquitto_int_option(l->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(l->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(l->mosq, MOSQ_OPT_RECEIVE_MAXIMUM, 65535);
    mosquitto_connect_v5_callback_set(l->mosq, on_connect);
    mosquitto_message_v5_callback_set(l->mosq, on_message);
    mosquitto_publish_v5_callback_set(l->mosq, on_publish);
    mosquitto_subscribe_v5_callback_set(l->mosq, on_subscribe);
    if (l->username) mosquitto_username_pw_set(l->mosq, l->username, l->password);
    int rc = MOSQ_ERR_SUCCESS;
    if (l->ca_file) rc = mosquitto_tls_set(l->mosq, l->ca_file, NULL, NULL, NULL, NULL);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_connect_bind_v5(l->mosq, l->host, l->port, KEEPALIVE_S, NULL, NULL);
    if (rc != MOSQ_ERR_SUCCESS)
        log_debug("link", "cannot connect|host=%s port=%d reason=\"%s\"", l->host, l->port,
                  mosquitto_strerror(rc));
    return rc == MOSQ_ERR_SUCCESS;
}

/* Full jitter, so that replicas do not come back in step. Ends early when the link stops. */
static void back_off(struct link *l, int *delay_ms) {
    struct uuid dice = uuid_new();
    int wait_ms = BACKOFF_MIN_MS + (dice.b[15] << 8 | dice.b[14]) % *delay_ms;
    *delay_ms = *delay_ms * 2 < BACKOFF_MAX_MS ? *delay_ms * 2 : BACKOFF_MAX_MS;
    for (int64_t until = clock_mono_ms() + wait_ms, left; !atomic_load(&l->stop);) {
        if ((left = until - clock_mono_ms()) <= 0) return;
        struct pollfd fd = {.fd = l->event_fd, .events = POLLIN};
        eventfd_t count;
        if (poll(&fd, 1, (int)left) > 0) (void)!eventfd_read(l->event_fd, &count);
    }
}

static void *run(void *arg) {
    struct link *l = arg;
    int delay_ms = BACKOFF_MIN_MS;
    bool said = false;
    while (!atomic_load(&l->stop)) {
        if (dial(l)) serve(l);
        bool was_connected = atomic_exchange(&l->connected, false);
        if (was_connected && l->handler.disconnected) l->handler.disconnected(l->ctx);
        if (was_connected && !atomic_load(&l->stop))
            log_warn("link", "connection lost|host=%s port=%d", l->host, l->port);
        if (l->refusal)
            log_error("link", "the broker refuses us|reason=\"%s\"", mosquitto_reason_string(l->refusal));
        if (!was_connected && !said && !atomic_load(&l->stop))
            log_warn("link", "no broker yet, trying on|host=%s port=%d", l->host, l->port);
        said = !was_connected;
        if (was_connected) {
            mosquitto_disconnect_v5(l->mosq, 0, NULL);
            delay_ms = BACKOFF_MIN_MS;
        }
        mosquitto_destroy(l->mosq);
        l->mosq = NULL;
        if (!atomic_load(&l->stop)) back_off(l, &delay_ms);
    }
    return NULL;
}

static char *dup_or_null(const char *s) { return s ? xstrdup(s) : NULL; }

void link_free(struct link *l) {
    if (!l) return;
    inbox_free(l->out);
    close(l->event_fd);
    free(l->host);
    free(l->username);
    free(l->password);
    free(l->ca_file);
    free(l->client_id);
    free(l);
    mosquitto_lib_cleanup();
}

enum err link_start(const struct link_config *config, const struct link_handler *handler, void *ctx,
                    struct link **ret) {
    int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_fd < 0) return ERR_INTERNAL;
    mosquitto_lib_init();
    struct link *l = xcalloc(1, sizeof *l);
    l->handler = *handler;
    l->ctx = ctx;
    l->host = xstrdup(config->host);
    l->port = config->port;
    l->username = dup_or_null(config->username);
    l->password = dup_or_null(config->password);
    l->ca_file = dup_or_null(config->ca_file);
    l->client_id = dup_or_null(config->client_id);
    l->event_fd = event_fd;
    l->out = inbox_new(LIMIT_LINK_QUEUE, QUEUE_BYTES, event_fd);
    *ret = l; /* before the thread: its callbacks may publish */
    if (pthread_create(&l->thread, NULL, run, l) == 0) return ERR_OK;
    *ret = NULL;
    link_free(l);
    return ERR_INTERNAL;
}

bool link_stop(struct link *l, int deadline_ms) {
    if (!l) return true;
    l->stop_by_ms = clock_mono_ms() + deadline_ms / 2;
    atomic_store(&l->stop, true);
    inbox_close(l->out);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += deadline_ms / 1000 + 1;
    return pthread_timedjoin_np(l->thread, NULL, &until) == 0;
}

bool link_publish(struct link *l, const struct uuid *device, enum topic_channel channel, const char *payload,
                  size_t len) {
    bool queued = atomic_load(&l->connected) && inbox_put(l->out, device, channel, payload, len);
    if (!queued) atomic_fetch_add_explicit(&l->dropped, 1, memory_order_relaxed);
    return queued;
}

bool link_publish_topic(struct link *l, const char *topic, int qos, const char *payload, size_t len) {
    auto_buf struct buf both = BUF_INIT;
    buf_add(&both, topic, strlen(topic) + 1);
    buf_add(&both, payload, len);
    bool queued = atomic_load(&l->connected) &&
                  inbox_put(l->out, &(struct uuid){0}, KIND_TOPIC | (uint32_t)qos, both.data, both.len);
    if (!queued) atomic_fetch_add_explicit(&l->dropped, 1, memory_order_relaxed);
    return queued;
}

bool link_connected(const struct link *l) { return atomic_load(&l->connected); }

void link_counters(const struct link *l, struct link_counters *ret) {
    *ret = (struct link_counters){.received = atomic_load(&l->received),
                                  .received_bytes = atomic_load(&l->received_bytes),
                                  .sent = atomic_load(&l->sent),
                                  .refused = atomic_load(&l->refused),
                                  .dropped = atomic_load(&l->dropped),
                                  .connects = atomic_load(&l->connects)};
}
