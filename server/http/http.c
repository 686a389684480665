/* The daemon: libmicrohttpd's callbacks, start and stop. */
#include "server/http/http.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/base/crypto.h"
#include "server/http/inside.h"

#define CONNECTION_MEMORY 8192 /* head of a request and of an answer; idle connections keep it */
#define IDLE_S 60              /* libmicrohttpd's own timeout; ours is shorter while reading */
#define BACKLOG 1024
#define FLUSH_MS 500 /* for answers on their way out, however long the draining took */

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *mhd) {
    (void)cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *c = info->socket_context;
    request_begin(&c->rq, uri);
    stats_enter(c->shard);
    return &c->rq;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = conn_new(cls, mhd);
    else
        conn_free(*context);
}

static const char *method_of(const struct request *rq) {
    if (rq->options) return "OPTIONS";
    if (rq->head) return "HEAD";
    return rq->method < HTTP_METHOD_COUNT ? http_method_name(rq->method) : "other";
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code) {
    struct http *h = cls;
    struct request *rq = *context;
    (void)mhd;
    (void)code;
    if (!rq) return;
    int64_t now_us = clock_mono_us(), took_us = now_us - rq->began_us;
    int status = rq->stage == STAGE_SENT ? rq->status : 0;
    stats_leave(rq->conn->shard, rq->match.index, method_of(rq), status, took_us);
    if (h->options.hooks->record && status) {
        const struct http_record record = {.request_id = rq->id,
                                           .method = method_of(rq),
                                           .route = rq->match.route ? rq->match.route->path : "-",
                                           .target = rq->target.data,
                                           .principal = rq->principal.name,
                                           .status = status,
                                           .took_us = took_us};
        h->options.hooks->record(h->options.app, &record);
    }
    atomic_store_explicit(&rq->conn->phase, CONN_IDLE, memory_order_relaxed);
    atomic_store_explicit(&rq->conn->due_ms, now_us / 1000 + h->request_timeout_ms, memory_order_relaxed);
    request_end(rq);
    *context = NULL;
}

static bool body_comes(const struct request *rq) {
    const char *length = rq->headers[HEADER_CONTENT_LENGTH];
    return rq->headers[HEADER_TRANSFER_ENCODING] || (length && strcmp(length, "0"));
}

static enum MHD_Result answer(struct request *rq, enum err outcome) {
    if (outcome || !rq->file) request_finish(rq, outcome);
    return request_queue_answer(rq);
}

static enum MHD_Result answer_options(struct request *rq) {
    request_set_header(rq, "Allow", "%s", rq->match.allow);
    request_reply_empty(rq, 204);
    rq->file = NULL;
    return request_queue_answer(rq);
}

/* The head is there. What will be refused is refused at the end of its body, so that the connection
 * can go on, but for what cannot or should not be read to its end. */
static enum MHD_Result on_head(struct request *rq, const char *method) {
    rq->early = request_judge_head(rq, method);
    rq->stage = STAGE_BODY;
    if (rq->early && rq->early_close) return answer(rq, rq->early);
    if (rq->early && rq->headers[HEADER_EXPECT] && body_comes(rq)) {
        rq->early_close = true; /* the client has not begun its body: it need not */
        return answer(rq, rq->early);
    }
    return MHD_YES;
}

static enum MHD_Result on_body(struct request *rq, const char *data, size_t *size) {
    size_t n = *size;
    *size = 0;
    if (!rq->early && rq->body.len + n > request_body_max(rq)) rq->early = request_fail_size(rq);
    if (!rq->early) {
        buf_add(&rq->body, data, n);
        return MHD_YES;
    }
    rq->discarded += n;
    return rq->discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result run_from_memory(struct request *rq) {
    enum err e = request_decode(rq);
    if (!e) e = rq->match.route->handle(rq, NULL);
    return answer(rq, e);
}

static enum MHD_Result on_whole(struct request *rq) {
    struct http *h = rq->http;
    atomic_store_explicit(&rq->conn->due_ms, 0, memory_order_relaxed);
    atomic_store_explicit(&rq->conn->phase, CONN_ANSWERING, memory_order_relaxed);
    if (rq->early) return answer(rq, rq->early);
    if (rq->options) return answer_options(rq);
    if (rq->file) return answer(rq, ERR_OK);
    if (rq->match.route->flags & (ROUTE_MEMORY | ROUTE_STREAM) && !rq->ask_auth) return run_from_memory(rq);
    if (!work_reserve(h->work))
        return answer(rq, atomic_load(&h->stopping) ? ERR_SHUTTING_DOWN : ERR_OVERLOADED);
    rq->stage = STAGE_WORK;
    MHD_suspend_connection(rq->mhd);
    work_add(h->work, rq); /* rq belongs to a worker from here on */
    return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                 const char *version, const char *data, size_t *size, void **context) {
    struct request *rq = *context;
    (void)cls;
    (void)mhd;
    (void)url;
    (void)version;
    switch (rq->stage) {
    case STAGE_NEW: return on_head(rq, method);
    case STAGE_BODY: return *size ? on_body(rq, data, size) : on_whole(rq);
    case STAGE_ANSWER: return request_queue_answer(rq);
    case STAGE_WORK:
    case STAGE_SENT: break;
    }
    return MHD_NO;
}

static void on_log(void *cls, const char *fmt, va_list args) {
    (void)cls; /* what clients do wrong is counted, not logged */
    (void)fmt;
    (void)args;
}

static int listen_on(const struct config_addr *addr, char error[256]) {
    char port[8];
    snprintf(port, sizeof(port), "%u", addr->port);
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    int failure = getaddrinfo(addr->host, port, &wanted, &list);
    if (failure) {
        snprintf(error, 256, "cannot listen on %.180s: %s", addr->host, gai_strerror(failure));
        return -1;
    }
    int fd = -1, why = 0;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int on = 1;
        if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (fd >= 0 && !bind(fd, a->ai_addr, a->ai_addrlen) && !listen(fd, BACKLOG)) break;
        why = errno;
        if (fd >= 0) close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd < 0) snprintf(error, 256, "cannot listen on %.180s port %s: %s", addr->host, port, strerror(why));
    return fd;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
        getnameinfo((struct sockaddr *)&addr, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    return (uint16_t)atoi(port);
}

static struct MHD_Daemon *daemon_new(struct http *h) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
    unsigned pool = h->options.threads > 1 ? (unsigned)h->options.threads : 0;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, h, MHD_OPTION_LISTEN_SOCKET, h->listen_fd,
        MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, h, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, h, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void release(struct http *h) {
    work_free(h->work);
    park_free(h->park);
    mount_set_free(h->mounts);
    gzip_pool_free(h->gzip);
    stats_free(h->stats);
    route_tree_free(h->tree);
    if (h->listen_fd >= 0) close(h->listen_fd);
    pthread_mutex_destroy(&h->conns_lock);
    pthread_mutex_destroy(&h->streams_lock);
    free(h);
}

struct http *http_new(const struct http_options *options, char ret_error[256]) {
    assert(options->threads > 0 && options->workers > 0 && options->hooks && options->hooks->authenticate);
    if (!crypto_init()) {
        snprintf(ret_error, 256, "no source of random numbers");
        return NULL;
    }
    struct http *h = xcalloc(1, sizeof(*h));
    h->options = *options;
    h->listen_fd = -1;
    h->request_timeout_ms =
        options->request_timeout_ms ? options->request_timeout_ms : LIMIT_REQUEST_TIMEOUT_S * 1000;
    pthread_mutex_init(&h->conns_lock, NULL);
    pthread_mutex_init(&h->streams_lock, NULL);
    h->tree = route_tree_new(options->tables, options->tables_n);
    h->stats = stats_new(h->tree, options->threads);
    h->gzip = gzip_pool_new();
    h->mounts = mount_set_new(options->mounts, options->mounts_n, h->gzip, ret_error);
    if (h->mounts) h->listen_fd = listen_on(options->listen, ret_error);
    if (h->listen_fd < 0) {
        release(h);
        return NULL;
    }
    h->port = port_of(h->listen_fd);
    h->park = park_new(h);
    h->work = work_new(h, options->workers, options->work_queue ? options->work_queue : LIMIT_WORK_QUEUE);
    h->daemon = daemon_new(h);
    if (!h->daemon) {
        snprintf(ret_error, 256, "the HTTP threads cannot be started: %s", strerror(errno));
        release(h);
        return NULL;
    }
    return h;
}

uint16_t http_port(const struct http *h) { return h->port; }

static void stop_streams(struct http *h) {
    pthread_mutex_lock(&h->streams_lock);
    for (struct stream *s = h->streams; s; s = s->next) s->stop(s->ctx);
    pthread_mutex_unlock(&h->streams_lock);
}

/* Answers that are ready are still on their way out. */
static void wait_for_answers(struct http *h, int64_t until_ms) {
    const struct timespec pause = {.tv_nsec = 2000000};
    for (;;) {
        bool busy = false;
        pthread_mutex_lock(&h->conns_lock);
        for (struct conn *c = h->conns; c && !busy; c = c->next)
            busy = atomic_load_explicit(&c->phase, memory_order_relaxed) != CONN_IDLE;
        pthread_mutex_unlock(&h->conns_lock);
        if (!busy || clock_mono_ms() >= until_ms) return;
        nanosleep(&pause, NULL);
    }
}

void http_free(struct http *h, int64_t drain_ms) {
    if (!h) return;
    int64_t until_ms = clock_mono_ms() + drain_ms;
    atomic_store(&h->stopping, true);
    MHD_quiesce_daemon(h->daemon);
    shutdown(h->listen_fd, SHUT_RDWR); /* refuse at once, rather than let new clients wait in the backlog */
    park_expire_all(h->park);
    stop_streams(h);
    work_drain(h->work, drain_ms);
    int64_t least_ms = clock_mono_ms() + FLUSH_MS;
    wait_for_answers(h, until_ms > least_ms ? until_ms : least_ms);
    stop_streams(h);
    MHD_stop_daemon(h->daemon);
    release(h);
}

enum err http_handle_metrics(struct request *rq, void *worker) {
    (void)worker;
    auto_buf struct buf text = BUF_INIT;
    stats_write(rq->http->stats, &text);
    metrics_write(rq->http->options.metrics, &text);
    request_reply_data(rq, 200, "text/plain; version=0.0.4; charset=utf-8", text.data, text.len);
    return ERR_OK;
}
