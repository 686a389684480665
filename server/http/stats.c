/* http_requests_total, http_request_duration_seconds, http_requests_in_flight. */
#include "server/http/stats.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Statuses that are counted by themselves; others are counted as the last one, "other". */
static const int statuses[] = {200, 201, 202, 204, 304, 308, 400, 401, 403, 404, 405,
                               409, 412, 413, 415, 422, 428, 429, 500, 503, 0};
#define STATUSES ((int)COUNT_OF(statuses))

/* Upper bounds in microseconds; a last bucket for the rest. */
static const int64_t bounds_us[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};
#define BUCKETS ((int)COUNT_OF(bounds_us) + 1)

/* A mounted file or a miss may come with any of these; a route has one method. */
static const char *const loose_methods[] = {"GET",   "HEAD",   "POST",    "PUT",
                                            "PATCH", "DELETE", "OPTIONS", "other"};
#define LOOSE_METHODS ((int)COUNT_OF(loose_methods))

struct row {
    atomic_uint_fast64_t by_status[STATUSES];
    atomic_uint_fast64_t buckets[BUCKETS], sum_us;
};
struct stats_shard {
    _Alignas(64) atomic_int_fast64_t in_flight;
    pthread_t owner;
    bool owned;
    struct row *rows; /* routes, then 2 x LOOSE_METHODS */
};
struct stats {
    const struct route_tree *tree;
    int routes, rows, shards;
    struct stats_shard *list;
    unsigned char status_index[600];
    pthread_mutex_t lock; /* who owns which shard */
};

struct stats *stats_new(const struct route_tree *tree, int shards) {
    struct stats *s = xcalloc(1, sizeof(*s));
    s->tree = tree;
    s->routes = route_tree_count(tree);
    s->rows = s->routes + 2 * LOOSE_METHODS;
    s->shards = shards;
    s->list = aligned_alloc(64, sizeof(*s->list) * (size_t)shards);
    if (!s->list) abort();
    memset(s->list, 0, sizeof(*s->list) * (size_t)shards);
    for (int i = 0; i < shards; i++) s->list[i].rows = xcalloc((size_t)s->rows, sizeof(struct row));
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void stats_free(struct stats *s) {
    if (!s) return;
    for (int i = 0; i < s->shards; i++) free(s->list[i].rows);
    free(s->list);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct stats_shard *stats_shard(struct stats *s) {
    pthread_t me = pthread_self();
    struct stats_shard *mine = NULL;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; !mine && i < s->shards; i++) {
        if (!s->list[i].owned) {
            s->list[i].owned = true;
            s->list[i].owner = me;
        }
        if (pthread_equal(s->list[i].owner, me)) mine = &s->list[i];
    }
    pthread_mutex_unlock(&s->lock);
    return mine ? mine : &s->list[0]; /* shared then: slower, still right */
}

void stats_enter(struct stats_shard *shard) {
    atomic_fetch_add_explicit(&shard->in_flight, 1, memory_order_relaxed);
}

static int status_slot(int status) {
    int i = 0;
    while (i < STATUSES - 1 && statuses[i] != status) i++;
    return i;
}

static int bucket_of(int64_t took_us) {
    int i = 0;
    while (i < BUCKETS - 1 && took_us > bounds_us[i]) i++;
    return i;
}

static void bump(atomic_uint_fast64_t *cell, uint64_t n) {
    atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static int loose_method(const char *method) {
    int i = 0;
    while (i < LOOSE_METHODS - 1 && strcmp(loose_methods[i], method)) i++;
    return i;
}

/* Routes come first; the loose rows follow, those of no route before those of files. */
static struct row *row_of(struct stats_shard *shard, int route, const char *method) {
    if (route >= 0) return &shard->rows[2 * LOOSE_METHODS + route];
    return &shard->rows[(route == STATS_FILE ? LOOSE_METHODS : 0) + loose_method(method)];
}

void stats_leave(struct stats_shard *shard, int route, const char *method, int status, int64_t took_us) {
    struct row *row = row_of(shard, route, method);
    bump(&row->by_status[status_slot(status)], 1);
    bump(&row->buckets[bucket_of(took_us)], 1);
    bump(&row->sum_us, (uint64_t)(took_us > 0 ? took_us : 0));
    atomic_fetch_sub_explicit(&shard->in_flight, 1, memory_order_relaxed);
}

static uint64_t sum_of(const struct stats *s, int row, size_t offset) {
    uint64_t sum = 0;
    for (int i = 0; i < s->shards; i++)
        sum += atomic_load_explicit((atomic_uint_fast64_t *)((char *)&s->list[i].rows[row] + offset),
                                    memory_order_relaxed);
    return sum;
}

static void names_of(const struct stats *s, int row, const char **ret_route, const char **ret_method) {
    if (row >= 2 * LOOSE_METHODS) {
        const struct route *r = route_tree_at(s->tree, row - 2 * LOOSE_METHODS);
        *ret_route = r->path;
        *ret_method = http_method_name(r->method);
        return;
    }
    *ret_route = row >= LOOSE_METHODS ? "file" : "none";
    *ret_method = loose_methods[row % LOOSE_METHODS];
}

static void write_totals(const struct stats *s, struct buf *out) {
    buf_str(out, "# HELP http_requests_total answered requests\n# TYPE http_requests_total counter\n");
    for (int row = 0; row < s->rows; row++) {
        const char *route, *method;
        names_of(s, row, &route, &method);
        for (int i = 0; i < STATUSES; i++) {
            uint64_t n =
                sum_of(s, row, offsetof(struct row, by_status) + (size_t)i * sizeof(atomic_uint_fast64_t));
            if (!n) continue;
            buf_fmt(out, "http_requests_total{route=\"%s\",method=\"%s\",status=\"", route, method);
            if (statuses[i])
                buf_int(out, statuses[i]);
            else
                buf_str(out, "other");
            buf_fmt(out, "\"} %llu\n", (unsigned long long)n);
        }
    }
}

static void write_durations(const struct stats *s, struct buf *out) {
    buf_str(out,
            "# HELP http_request_duration_seconds time from the request's head to the end of its answer\n"
            "# TYPE http_request_duration_seconds histogram\n");
    for (int row = 0; row < s->rows; row++) {
        const char *route, *method;
        names_of(s, row, &route, &method);
        uint64_t counts[BUCKETS], below = 0, total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] =
                sum_of(s, row, offsetof(struct row, buckets) + (size_t)i * sizeof(atomic_uint_fast64_t));
            total += counts[i];
        }
        if (!total) continue;
        for (int i = 0; i < BUCKETS - 1; i++) {
            below += counts[i];
            buf_fmt(out, "http_request_duration_seconds_bucket{route=\"%s\",method=\"%s\",le=\"%g\"} %llu\n",
                    route, method, (double)bounds_us[i] / 1e6, (unsigned long long)below);
        }
        buf_fmt(out,
                "http_request_duration_seconds_bucket{route=\"%s\",method=\"%s\",le=\"+Inf\"} %llu\n"
                "http_request_duration_seconds_sum{route=\"%s\",method=\"%s\"} %.6f\n"
                "http_request_duration_seconds_count{route=\"%s\",method=\"%s\"} %llu\n",
                route, method, (unsigned long long)total, route, method,
                (double)sum_of(s, row, offsetof(struct row, sum_us)) / 1e6, route, method,
                (unsigned long long)total);
    }
}

void stats_write(const struct stats *s, struct buf *out) {
    int64_t in_flight = 0;
    for (int i = 0; i < s->shards; i++)
        in_flight += atomic_load_explicit(&s->list[i].in_flight, memory_order_relaxed);
    buf_fmt(out,
            "# HELP http_requests_in_flight requests begun and not yet answered\n"
            "# TYPE http_requests_in_flight gauge\nhttp_requests_in_flight %lld\n",
            (long long)in_flight);
    write_totals(s, out);
    write_durations(s, out);
}
