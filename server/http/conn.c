/* Connections, each with its one request. libmicrohttpd times out only what is idle; a client that
 * sends a byte now and then is cut here. */
#include <sys/socket.h>

#include "base/clock.h"
#include "server/base/crypto.h"
#include "server/http/inside.h"

struct conn *conn_new(struct http *h, struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *c = xcalloc(1, sizeof(*c));
    c->http = h;
    c->fd = info ? info->connect_fd : -1;
    c->shard = stats_shard(h->stats);
    uint8_t random[8];
    crypto_random(random, sizeof(random));
    crypto_hex(random, sizeof(random), c->id_prefix);
    c->rq.http = h;
    c->rq.conn = c;
    c->rq.mhd = mhd;
    atomic_store(&c->due_ms, clock_mono_ms() + h->request_timeout_ms);
    metrics_add(h->options.metrics, METRIC_HTTP_CONNECTIONS, 1);
    pthread_mutex_lock(&h->conns_lock);
    c->next = h->conns;
    if (c->next) c->next->previous = c;
    h->conns = c;
    pthread_mutex_unlock(&h->conns_lock);
    return c;
}

void conn_free(struct conn *c) {
    struct http *h = c->http;
    pthread_mutex_lock(&h->conns_lock);
    if (c->previous)
        c->previous->next = c->next;
    else
        h->conns = c->next;
    if (c->next) c->next->previous = c->previous;
    pthread_mutex_unlock(&h->conns_lock);
    metrics_add(h->options.metrics, METRIC_HTTP_CONNECTIONS, -1);
    request_end(&c->rq);
    free(c->rq.chunks);
    buf_done(&c->rq.target);
    buf_done(&c->rq.body);
    buf_done(&c->rq.out);
    buf_done(&c->rq.zipped);
    free(c);
}

void conn_cut_late(struct http *h, int64_t now_ms) {
    pthread_mutex_lock(&h->conns_lock);
    for (struct conn *c = h->conns; c; c = c->next) {
        int64_t due = atomic_load_explicit(&c->due_ms, memory_order_relaxed);
        if (!due || now_ms < due) continue;
        atomic_store_explicit(&c->due_ms, 0, memory_order_relaxed);
        if (atomic_load_explicit(&c->phase, memory_order_relaxed) == CONN_READING)
            metrics_add(h->options.metrics, METRIC_HTTP_TIMEOUTS, 1);
        /* The socket is closed by its HTTP thread, after conn_free: the descriptor is still its own. */
        shutdown(c->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&h->conns_lock);
}
