#include "device-agent/link/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "device-agent/link/queue.h"
#include "protocol/message.h"

#define WAIT_MS 100     /* the longest sleep of the thread */
#define MISC_MS 1000    /* between keepalive checks of one client */
#define GOODBYE_MS 1000 /* for the last messages */
#define LOG_FAILURES 3  /* of one client in a row that are logged; then only its coming back */

enum client_state { CLIENT_IDLE, CLIENT_CONNECTING, CLIENT_SUBSCRIBING, CLIENT_UP };

struct client {
    struct link *link;
    size_t index;
    struct uuid device, boot_id;
    char id[UUID_TEXT_LEN + 1], password[128];
    _Atomic int64_t next_epoch;
    _Atomic uint32_t connection; /* of the present one; odd numbers are none */

    /* the thread's own */
    struct mosquitto *mosq;
    enum client_state state;
    int fd;
    uint32_t armed; /* epoll events asked for */
    int64_t at_ms;  /* next try, or the deadline of this one */
    int64_t misc_at_ms, backoff_ms;
    int failures;
    bool lost;
};

struct link {
    char host[256], ca_file[1024];
    int port;
    size_t n;
    struct client *clients;
    struct queue *in, *out;
    int epoll_fd;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    uint64_t rng;
};

static const enum topic_channel wanted[] = {TOPIC_COMMAND, TOPIC_COMMITTED};

/* ---- events to the owner ---- */

static bool tell(struct client *c, uint32_t connection, enum link_event_type type, enum topic_channel channel,
                 const void *payload, size_t len) {
    struct queue_item item = {
        .client = c->index, .connection = connection, .kind = type, .channel = (int)channel, .len = len};
    return queue_put(c->link->in, &item, payload);
}

/* ---- the library's callbacks: copy and enqueue ---- */

static void on_connect(struct mosquitto *mosq, void *arg, int rc) {
    struct client *c = arg;
    if (rc != 0) {
        if (c->failures < LOG_FAILURES)
            log_warn("link", "the broker refuses the device|device=%s reason=\"%s\"", c->id,
                     mosquitto_connack_string(rc));
        c->lost = true;
        return;
    }
    char topics[COUNT_OF(wanted)][PROTO_TOPIC_MAX];
    char *list[COUNT_OF(wanted) + 1];
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        topic_format(topics[i], &c->device, wanted[i]);
        list[i] = topics[i];
    }
    char server[] = TOPIC_SERVER_PRESENCE;
    list[COUNT_OF(wanted)] = server;
    c->state = CLIENT_SUBSCRIBING;
    /* As published: otherwise a retained command, sent while we are here, looks like any other. */
    if (mosquitto_subscribe_multiple(mosq, NULL, (int)COUNT_OF(list), list, 1,
                                     MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, NULL) != MOSQ_ERR_SUCCESS)
        c->lost = true;
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int n, const int *granted) {
    (void)mosq, (void)mid;
    struct client *c = arg;
    if (c->state != CLIENT_SUBSCRIBING) return;
    for (int i = 0; i < n; i++)
        if (granted[i] > 2) {
            log_error("link", "the broker refuses a subscription|device=%s reason=%d", c->id, granted[i]);
            c->lost = true;
            return;
        }
    uint32_t connection = atomic_fetch_add(&c->connection, 1) + 1;
    if (!tell(c, connection, LINK_CONNECTED, TOPIC_CHANNEL_COUNT, NULL, 0)) {
        atomic_fetch_add(&c->connection, 1);
        c->lost = true;
        return;
    }
    if (c->failures >= LOG_FAILURES) log_info("link", "connected again|device=%s", c->id);
    c->state = CLIENT_UP;
    c->failures = 0;
    c->backoff_ms = LINK_BACKOFF_MIN_MS;
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *m) {
    (void)mosq;
    struct client *c = arg;
    struct uuid device;
    enum topic_channel channel = TOPIC_CHANNEL_COUNT;
    if (m->retain || m->payloadlen <= 0 || m->payloadlen > PROTO_MESSAGE_MAX)
        return; /* nothing retained ever acts */
    bool server = strcmp(m->topic, TOPIC_SERVER_PRESENCE) == 0;
    if (!server && (!topic_parse(m->topic, &device, &channel) || !uuid_equal(&device, &c->device))) return;
    if (!tell(c, atomic_load(&c->connection), LINK_MESSAGE, channel, m->payload, (size_t)m->payloadlen))
        log_warn("link", "a message was dropped, the control loop is behind|device=%s", c->id);
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int rc) {
    (void)mosq, (void)rc;
    ((struct client *)arg)->lost = true;
}

/* ---- connections ---- */

static int64_t jitter(struct link *l, int64_t below) {
    l->rng = l->rng * 6364136223846793005ULL + 1442695040888963407ULL;
    return below > 0 ? (int64_t)(l->rng >> 33) % below : 0;
}

/* A socket that the library has closed left epoll by itself, and its number may be another client's. */
static void forget_fd(struct client *c) {
    if (c->fd >= 0 && c->mosq && mosquitto_socket(c->mosq) == c->fd)
        epoll_ctl(c->link->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    c->fd = -1;
    c->armed = 0;
}

static void drop(struct client *c, int64_t now_ms) {
    forget_fd(c);
    mosquitto_destroy(c->mosq); /* closes the socket without a goodbye: the last will goes out */
    c->mosq = NULL;
    c->lost = false;
    if (c->state == CLIENT_UP) {
        uint32_t connection =
            atomic_fetch_add(&c->connection, 1); /* first: whoever hears of it cannot send */
        tell(c, connection, LINK_DISCONNECTED, TOPIC_CHANNEL_COUNT, NULL, 0);
    }
    if (c->failures < LOG_FAILURES && c->state == CLIENT_UP && !atomic_load(&c->link->stopping))
        log_warn("link", "connection lost|device=%s", c->id);
    c->failures++;
    c->state = CLIENT_IDLE;
    c->at_ms = now_ms + c->backoff_ms / 2 + jitter(c->link, c->backoff_ms);
    c->backoff_ms = c->backoff_ms * 2 < LINK_BACKOFF_MAX_MS ? c->backoff_ms * 2 : LINK_BACKOFF_MAX_MS;
}

static bool configure(struct client *c) {
    const struct link *l = c->link;
    char topic[PROTO_TOPIC_MAX];
    auto_buf struct buf will = BUF_INIT;
    mosquitto_connect_callback_set(c->mosq, on_connect);
    mosquitto_subscribe_callback_set(c->mosq, on_subscribe);
    mosquitto_message_callback_set(c->mosq, on_message);
    mosquitto_disconnect_callback_set(c->mosq, on_disconnect);
    topic_format(topic, &c->device, TOPIC_PRESENCE);
    message_presence_write(
        &will, &(struct message_presence){.boot_id = c->boot_id, .epoch = atomic_load(&c->next_epoch)});
    return mosquitto_int_option(c->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) == MOSQ_ERR_SUCCESS &&
           mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS &&
           mosquitto_username_pw_set(c->mosq, c->id, c->password) == MOSQ_ERR_SUCCESS &&
           mosquitto_will_set(c->mosq, topic, (int)will.len, will.data, 1, true) == MOSQ_ERR_SUCCESS &&
           (!l->ca_file[0] ||
            mosquitto_tls_set(c->mosq, l->ca_file, NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS);
}

/* The library tries a name's first address only, when it must not block: for a name like localhost that is
 * often IPv6, while the broker listens on IPv4. So every other try is bound to an IPv4 address. */
static const char *const families[] = {NULL, "0.0.0.0"};

static void connect_now(struct client *c, int64_t now_ms) {
    c->mosq = mosquitto_new(c->id, true, c);
    c->state = CLIENT_CONNECTING;
    c->at_ms = now_ms + LINK_CONNECT_MS;
    c->misc_at_ms = now_ms + MISC_MS;
    int rc = MOSQ_ERR_NOMEM;
    if (c->mosq && configure(c))
        rc = mosquitto_connect_bind_async(c->mosq, c->link->host, c->link->port, LINK_KEEPALIVE_S,
                                          families[(size_t)c->failures % COUNT_OF(families)]);
    if (rc == MOSQ_ERR_SUCCESS) return;
    if (c->failures < LOG_FAILURES)
        log_warn("link", "no connection|device=%s host=%s port=%d reason=\"%s\"", c->id, c->link->host,
                 c->link->port, rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
    c->lost = true;
}

/* Keeps epoll in step with what the library wants of its socket. */
static void arm(struct client *c) {
    int fd = c->mosq ? mosquitto_socket(c->mosq) : -1;
    if (fd < 0) {
        forget_fd(c);
        return;
    }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (mosquitto_want_write(c->mosq)) e.events |= EPOLLOUT;
    if (fd == c->fd && e.events == c->armed) return;
    if (fd != c->fd) forget_fd(c);
    int op = c->fd < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(c->link->epoll_fd, op, fd, &e) != 0) {
        c->lost = true;
        return;
    }
    c->fd = fd;
    c->armed = e.events;
}

static void serve(struct client *c, uint32_t events) {
    int rc = MOSQ_ERR_SUCCESS;
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) rc = mosquitto_loop_read(c->mosq, 100);
    if (rc == MOSQ_ERR_SUCCESS && !c->lost && (events & EPOLLOUT)) rc = mosquitto_loop_write(c->mosq, 1);
    if (rc != MOSQ_ERR_SUCCESS) c->lost = true;
}

/* After anything that was done with a client: its socket is watched, or it is gone at once. */
static void settle(struct client *c) {
    if (c->lost) drop(c, clock_mono_ms());
    arm(c);
}

static void look_after(struct client *c, int64_t now_ms) {
    if (c->mosq && !c->lost && now_ms >= c->misc_at_ms) {
        c->misc_at_ms = now_ms + MISC_MS;
        if (mosquitto_loop_misc(c->mosq) != MOSQ_ERR_SUCCESS) c->lost = true;
    }
    bool slow = c->state == CLIENT_CONNECTING || c->state == CLIENT_SUBSCRIBING;
    if (slow && now_ms >= c->at_ms) c->lost = true;
    if (c->lost) drop(c, now_ms);
    if (c->state == CLIENT_IDLE && now_ms >= c->at_ms && !atomic_load(&c->link->stopping))
        connect_now(c, now_ms);
    arm(c);
}

/* ---- messages out ---- */

static void publish(struct client *c, const struct queue_item *item, const char *payload) {
    const struct topic_info *info = &topic_info[item->channel];
    char topic[PROTO_TOPIC_MAX];
    if (c->state != CLIENT_UP || c->lost || item->connection != atomic_load(&c->connection)) return;
    /* Telemetry waits in the spool, not in the library, when the socket is full. */
    if (item->channel == TOPIC_TELEMETRY && mosquitto_want_write(c->mosq)) return;
    topic_format(topic, &c->device, (enum topic_channel)item->channel);
    int rc = mosquitto_publish(c->mosq, NULL, topic, (int)item->len, payload, info->qos, info->retained);
    if (rc != MOSQ_ERR_SUCCESS) c->lost = true;
}

static void send_all(struct link *l) {
    struct queue_item item;
    char *payload;
    while (queue_take(l->out, &item, &payload)) {
        struct client *c = &l->clients[item.client];
        publish(c, &item, payload);
        free(payload);
        settle(c);
    }
}

/* The broker publishes the will: it cannot be lost behind messages that still wait for their answers. */
static void goodbye(struct link *l) {
    for (size_t i = 0; i < l->n; i++) {
        struct client *c = &l->clients[i];
        if (c->state != CLIENT_UP || c->lost) continue;
        mosquitto_disconnect_v5(c->mosq, MQTT_RC_DISCONNECT_WITH_WILL_MSG, NULL);
        settle(c);
    }
}

static void turn(struct link *l, int wait_ms) {
    struct epoll_event ready[64];
    int n = epoll_wait(l->epoll_fd, ready, (int)COUNT_OF(ready), wait_ms);
    for (int i = 0; i < n; i++) {
        struct client *c = ready[i].data.ptr;
        if (!c) continue; /* the queue's own descriptor */
        if (c->mosq && !c->lost) serve(c, ready[i].events);
        settle(c);
    }
    queue_quiet(l->out);
}

static void *run(void *arg) {
    struct link *l = arg;
    int64_t walk_at_ms = 0;
    pthread_setname_np(pthread_self(), "link");
    while (!atomic_load(&l->stopping)) {
        turn(l, WAIT_MS);
        send_all(l);
        int64_t now_ms = clock_mono_ms();
        if (now_ms < walk_at_ms) continue;
        walk_at_ms = now_ms + WAIT_MS;
        for (size_t i = 0; i < l->n; i++) look_after(&l->clients[i], now_ms);
    }
    send_all(l);
    goodbye(l);
    for (int64_t end = clock_mono_ms() + GOODBYE_MS; clock_mono_ms() < end;) {
        bool open = false;
        for (size_t i = 0; i < l->n; i++)
            open = open ||
                   (l->clients[i].mosq && !l->clients[i].lost && mosquitto_socket(l->clients[i].mosq) >= 0);
        if (!open) break;
        turn(l, 10);
    }
    return NULL;
}

/* ---- the owner's side ---- */

struct link *link_new(const struct link_config *config) {
    struct link *l = xcalloc(1, sizeof *l);
    mosquitto_lib_init();
    snprintf(l->host, sizeof l->host, "%s", config->host);
    snprintf(l->ca_file, sizeof l->ca_file, "%s", config->ca_file ? config->ca_file : "");
    l->port = config->port;
    l->n = config->n_clients;
    l->clients = xcalloc(l->n, sizeof *l->clients);
    l->in = queue_new(l->n * LINK_EVENTS_PER_CLIENT);
    l->out = queue_new(l->n * LINK_OUT_PER_CLIENT);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct uuid seed = uuid_new();
    memcpy(&l->rng, seed.b + 8, sizeof l->rng);
    return l;
}

void link_add(struct link *l, size_t client, const struct uuid *device, const char *password,
              const struct uuid *boot_id, int64_t next_epoch) {
    struct client *c = &l->clients[client];
    c->link = l;
    c->index = client;
    c->device = *device;
    c->boot_id = *boot_id;
    uuid_format(device, c->id);
    snprintf(c->password, sizeof c->password, "%s", password);
    atomic_store(&c->next_epoch, next_epoch);
    atomic_store(&c->connection, 1);
    c->fd = -1;
    c->backoff_ms = LINK_BACKOFF_MIN_MS;
    /* Many devices of one process do not all knock at once. */
    c->at_ms = clock_mono_ms() + (l->n > 1 ? jitter(l, (int64_t)l->n) : 0);
}

bool link_start(struct link *l) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (l->epoll_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, queue_fd(l->out), &e) != 0) return false;
    l->started = pthread_create(&l->thread, NULL, run, l) == 0;
    return l->started;
}

void link_free(struct link *l) {
    if (!l) return;
    atomic_store(&l->stopping, true);
    if (l->started) pthread_join(l->thread, NULL);
    for (size_t i = 0; i < l->n; i++) mosquitto_destroy(l->clients[i].mosq);
    queue_free(l->in);
    queue_free(l->out);
    if (l->epoll_fd >= 0) close(l->epoll_fd);
    free(l->clients);
    free(l);
    mosquitto_lib_cleanup();
}

int link_fd(const struct link *l) { return queue_fd(l->in); }

bool link_take(struct link *l, struct link_event *ret) {
    struct queue_item item;
    char *payload;
    if (!queue_take(l->in, &item, &payload)) {
        queue_quiet(l->in);
        if (!queue_take(l->in, &item, &payload)) return false; /* came in between */
    }
    *ret = (struct link_event){.type = (enum link_event_type)item.kind,
                               .client = item.client,
                               .connection = item.connection,
                               .channel = (enum topic_channel)item.channel,
                               .payload = payload,
                               .len = item.len};
    return true;
}

bool link_publish(struct link *l, size_t client, uint32_t connection, enum topic_channel channel,
                  const char *payload, size_t len) {
    struct queue_item item = {
        .client = client, .connection = connection, .channel = (int)channel, .len = len};
    if (connection != atomic_load(&l->clients[client].connection)) return false;
    return queue_put(l->out, &item, payload);
}

void link_set_next_epoch(struct link *l, size_t client, int64_t epoch) {
    atomic_store(&l->clients[client].next_epoch, epoch);
}
