/* The ring holds each event as the bytes that go out. A client that has read everything is suspended;
 * the hub's thread resumes those for whom something new has come. */
#include "server/http/sse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/base/crypto.h"
#include "server/http/inside.h"

#define GATHER_MS 2 /* events that come within it wake the clients once */

struct event {
    int type;
    bool for_all;
    struct uuid site;
    size_t len;
    char frame[];
};

struct client {
    struct stream stream;
    struct sse_hub *hub;
    struct MHD_Connection *mhd;
    struct client *next, *previous;
    struct sse_filter filter;
    struct scope scope;
    uint64_t position;                     /* number of the event to be read next */
    bool resync;                           /* to be told that something was missed */
    bool greet, beat, ending, cut, asleep; /* ending: after what there is; cut: at once */
    int64_t sent_ms, end_ms;
    struct uuid token_id, user_id;
    struct buf rest; /* of a frame that did not fit at once */
    size_t rest_at;
};

struct sse_hub {
    pthread_mutex_t lock;
    pthread_cond_t published;
    char instance[17];
    const char *const *types;
    int types_n;
    int64_t heartbeat_ms;
    struct metrics *metrics;
    struct event *ring[LIMIT_SSE_RING]; /* event n is at n % LIMIT_SSE_RING */
    uint64_t first, end;                /* numbers of the oldest kept, and of the next one */
    struct client *clients;
    int clients_n;
    bool fresh, stopping;
    pthread_t thread;
};

static bool is_wanted(const struct client *c, const struct event *e) {
    if (c->filter.types && !(c->filter.types >> e->type & 1)) return false;
    if (e->for_all) return true;
    if (c->filter.by_site && !uuid_equal(&c->filter.site_id, &e->site)) return false;
    return scope_covers(&c->scope, &e->site);
}

/* The next event for this client, or NULL; steps over what is not for it. */
static const struct event *next_event(struct client *c) {
    struct sse_hub *h = c->hub;
    if (c->position < h->first) {
        c->resync = true;
        c->position = h->end;
    }
    for (; c->position < h->end; c->position++) {
        const struct event *e = h->ring[c->position % LIMIT_SSE_RING];
        if (is_wanted(c, e)) return e;
    }
    return NULL;
}

/* Puts text out: what does not fit is kept for the next call. */
static size_t put(struct client *c, const char *text, size_t len, char *out, size_t at, size_t max) {
    size_t n = len < max - at ? len : max - at;
    memcpy(out + at, text, n);
    if (n < len) buf_add(&c->rest, text + n, len - n);
    return at + n;
}

static size_t put_rest(struct client *c, char *out, size_t max) {
    size_t n = c->rest.len - c->rest_at;
    if (n > max) n = max;
    memcpy(out, c->rest.data + c->rest_at, n);
    c->rest_at += n;
    if (c->rest_at == c->rest.len) {
        buf_reset(&c->rest);
        c->rest_at = 0;
    }
    return n;
}

static size_t put_resync(struct client *c, char *out, size_t at, size_t max) {
    char text[160];
    int n = snprintf(text, sizeof(text), "id: %s-%llu\nevent: resync\ndata: {\"reason\":\"missed\"}\n\n",
                     c->hub->instance, (unsigned long long)(c->position - 1));
    c->resync = false;
    metrics_add(c->hub->metrics, METRIC_SSE_RESYNCS, 1);
    return put(c, text, (size_t)n, out, at, max);
}

/* With the lock held: as much as there is and fits. */
static size_t fill(struct client *c, char *out, size_t max) {
    size_t at = 0;
    if (c->rest.len) at = put_rest(c, out, max);
    if (c->rest.len) return at;
    if (c->greet) {
        static const char greeting[] = "retry: 2000\n: ready\n\n";
        c->greet = false;
        at = put(c, greeting, sizeof(greeting) - 1, out, at, max);
    }
    while (!c->rest.len && at < max) {
        const struct event *e = next_event(c);
        if (c->resync) {
            at = put_resync(c, out, at, max);
        } else if (e) {
            at = put(c, e->frame, e->len, out, at, max);
            c->position++;
        } else {
            break;
        }
    }
    if (at == 0 && c->beat) at = put(c, ": \n\n", 4, out, at, max);
    return at;
}

static ssize_t client_read(void *ctx, uint64_t pos, char *out, size_t max) {
    struct client *c = ctx;
    (void)pos;
    pthread_mutex_lock(&c->hub->lock);
    ssize_t n = c->cut ? 0 : (ssize_t)fill(c, out, max);
    if (n > 0) {
        c->beat = false;
        c->sent_ms = clock_mono_ms();
    } else if (c->ending || c->cut) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        c->asleep = true;
        MHD_suspend_connection(c->mhd);
    }
    pthread_mutex_unlock(&c->hub->lock);
    return n;
}

static void wake(struct client *c) {
    if (!c->asleep) return;
    c->asleep = false;
    MHD_resume_connection(c->mhd);
}

static void client_stop(void *ctx) {
    struct client *c = ctx;
    pthread_mutex_lock(&c->hub->lock);
    c->ending = true;
    wake(c);
    pthread_mutex_unlock(&c->hub->lock);
}

static void client_free(void *ctx) {
    struct client *c = ctx;
    struct sse_hub *hub = c->hub;
    struct http *http = c->stream.http;
    pthread_mutex_lock(&http->streams_lock);
    if (c->stream.previous)
        c->stream.previous->next = c->stream.next;
    else
        http->streams = c->stream.next;
    if (c->stream.next) c->stream.next->previous = c->stream.previous;
    pthread_mutex_unlock(&http->streams_lock);
    pthread_mutex_lock(&hub->lock);
    if (c->previous)
        c->previous->next = c->next;
    else
        hub->clients = c->next;
    if (c->next) c->next->previous = c->previous;
    hub->clients_n--;
    pthread_mutex_unlock(&hub->lock);
    metrics_add(hub->metrics, METRIC_SSE_CLIENTS, -1);
    buf_done(&c->rest);
    free(c);
}

/* Where a client begins: after its Last-Event-ID if that is ours and what follows is still there. */
static void set_position(struct client *c, const char *last_id) {
    struct sse_hub *h = c->hub;
    c->position = h->end;
    if (!last_id || !*last_id) return;
    size_t n = strlen(h->instance);
    char *stop;
    unsigned long long number = strtoull(last_id + (strlen(last_id) > n ? n + 1 : 0), &stop, 10);
    bool ours = !strncmp(last_id, h->instance, n) && last_id[n] == '-' && last_id[n + 1] >= '0' &&
                last_id[n + 1] <= '9' && !*stop && number < h->end;
    if (ours && number + 1 >= h->first)
        c->position = number + 1;
    else
        c->resync = true;
}

enum err sse_stream(struct sse_hub *hub, struct request *rq, const struct sse_filter *filter) {
    assert(rq->match.route->flags & ROUTE_STREAM);
    struct http *http = rq->http;
    struct client *c = xcalloc(1, sizeof(*c));
    c->hub = hub;
    c->mhd = rq->mhd;
    c->filter = *filter;
    c->scope = rq->principal.scope;
    c->greet = true;
    c->token_id = rq->principal.token_id;
    c->user_id = rq->principal.user_id;
    c->sent_ms = clock_mono_ms();
    c->end_ms = c->sent_ms + INT64_C(1000) * LIMIT_SSE_LIFE_S;
    c->stream = (struct stream){
        .read = client_read, .free = client_free, .stop = client_stop, .ctx = c, .http = http};

    pthread_mutex_lock(&http->streams_lock);
    bool stopping = atomic_load(&http->stopping);
    pthread_mutex_lock(&hub->lock);
    bool full = hub->clients_n >= LIMIT_SSE_CLIENTS;
    if (!stopping && !full) {
        set_position(c, rq->headers[HEADER_LAST_EVENT_ID]);
        c->next = hub->clients;
        if (c->next) c->next->previous = c;
        hub->clients = c;
        hub->clients_n++;
        c->stream.next = http->streams;
        if (c->stream.next) c->stream.next->previous = &c->stream;
        http->streams = &c->stream;
    }
    pthread_mutex_unlock(&hub->lock);
    pthread_mutex_unlock(&http->streams_lock);
    if (stopping || full) {
        free(c);
        return stopping ? ERR_SHUTTING_DOWN
                        : request_fail(rq, ERR_OVERLOADED, "Too many event streams are open");
    }
    metrics_add(hub->metrics, METRIC_SSE_CLIENTS, 1);
    rq->stream = &c->stream;
    return ERR_OK;
}

void sse_end(struct sse_hub *hub, const struct uuid *id) {
    pthread_mutex_lock(&hub->lock);
    for (struct client *c = hub->clients; c; c = c->next) {
        if (!uuid_equal(&c->token_id, id) && !uuid_equal(&c->user_id, id)) continue;
        c->cut = true;
        wake(c);
    }
    pthread_mutex_unlock(&hub->lock);
}

/* Wakes whoever has something to read, or has heard nothing for long. */
static void wake_clients(struct sse_hub *h, int64_t now_ms) {
    for (struct client *c = h->clients; c; c = c->next) {
        if (!c->asleep) continue;
        if (now_ms - c->sent_ms >= h->heartbeat_ms) c->beat = true;
        if (now_ms >= c->end_ms) c->ending = true;
        if (c->beat || c->ending || next_event(c) || c->resync) wake(c);
    }
}

static void wait_until(struct sse_hub *h, int64_t ms) {
    struct timespec until = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    pthread_cond_timedwait(&h->published, &h->lock, &until);
}

static void *hub_main(void *cls) {
    struct sse_hub *h = cls;
    const struct timespec gather = {.tv_nsec = GATHER_MS * 1000000};
    int64_t step_ms = h->heartbeat_ms / 8 > 10 ? h->heartbeat_ms / 8 : 10;
    pthread_mutex_lock(&h->lock);
    int64_t beat_ms = clock_mono_ms() + step_ms;
    while (!h->stopping) {
        while (!h->fresh && !h->stopping && clock_mono_ms() < beat_ms) wait_until(h, beat_ms);
        int64_t now = clock_mono_ms();
        h->fresh = false;
        wake_clients(h, now);
        if (now >= beat_ms) beat_ms = now + step_ms;
        pthread_mutex_unlock(&h->lock);
        nanosleep(&gather, NULL);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

struct sse_hub *sse_hub_new(const char *const *types, int64_t heartbeat_ms, struct metrics *metrics) {
    struct sse_hub *h = xcalloc(1, sizeof(*h));
    h->types = types;
    while (types[h->types_n]) h->types_n++;
    assert(h->types_n <= SSE_TYPES_MAX);
    h->heartbeat_ms = heartbeat_ms ? heartbeat_ms : LIMIT_SSE_HEARTBEAT_S * 1000;
    h->metrics = metrics;
    h->first = h->end = 1;
    uint8_t random[8];
    crypto_random(random, sizeof(random));
    crypto_hex(random, sizeof(random), h->instance);
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->published, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&h->thread, NULL, hub_main, h)) abort();
    return h;
}

void sse_hub_free(struct sse_hub *h) {
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_signal(&h->published);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    assert(!h->clients && "http_free comes first");
    for (int i = 0; i < LIMIT_SSE_RING; i++) free(h->ring[i]);
    pthread_cond_destroy(&h->published);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* Too long for the ring: it is emptied, so that every reader resyncs. */
static void forget_all(struct sse_hub *h) {
    h->end++; /* a number is left out: whoever waits for it is behind */
    h->first = h->end;
    h->fresh = true;
}

void sse_publish(struct sse_hub *hub, int type, const struct uuid *site, const char *json, size_t len) {
    assert(type >= 0 && type < hub->types_n);
    assert(!memchr(json, '\n', len));
    metrics_add(hub->metrics, METRIC_SSE_EVENTS, 1);
    struct event *e = NULL;
    if (len <= SSE_DATA_MAX) {
        e = xmalloc(sizeof(*e) + len + strlen(hub->types[type]) + 80);
        e->type = type;
        e->for_all = !site || uuid_is_zero(site);
        if (!e->for_all) e->site = *site;
    }
    struct event *old = NULL;
    pthread_mutex_lock(&hub->lock);
    if (!e) {
        forget_all(hub);
    } else {
        int head = sprintf(e->frame, "id: %s-%llu\nevent: %s\ndata: ", hub->instance,
                           (unsigned long long)hub->end, hub->types[type]);
        memcpy(e->frame + head, json, len);
        memcpy(e->frame + head + len, "\n\n", 2);
        e->len = (size_t)head + len + 2;
        old = hub->ring[hub->end % LIMIT_SSE_RING];
        hub->ring[hub->end % LIMIT_SSE_RING] = e;
        hub->end++;
        if (hub->end - hub->first > LIMIT_SSE_RING) hub->first = hub->end - LIMIT_SSE_RING;
        hub->fresh = true;
    }
    if (hub->clients) pthread_cond_signal(&hub->published);
    pthread_mutex_unlock(&hub->lock);
    free(old);
}

bool sse_types_parse(const struct sse_hub *hub, const char *list, uint64_t *ret_bits) {
    uint64_t bits = 0;
    for (const char *p = list;;) {
        size_t n = strcspn(p, ",");
        int i = 0;
        while (i < hub->types_n && (strlen(hub->types[i]) != n || memcmp(hub->types[i], p, n))) i++;
        if (i == hub->types_n) return false;
        bits |= 1ull << i;
        if (!p[n]) break;
        p += n + 1;
    }
    *ret_bits = bits;
    return true;
}

int sse_client_count(const struct sse_hub *hub) {
    pthread_mutex_t *lock = (pthread_mutex_t *)&hub->lock;
    pthread_mutex_lock(lock);
    int n = hub->clients_n;
    pthread_mutex_unlock(lock);
    return n;
}
