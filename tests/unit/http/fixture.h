/* A server with routes of every kind, for the tests of server/http. Knows nothing of Criterion. */
#ifndef PEDILUVE_TESTS_HTTP_FIXTURE_H
#define PEDILUVE_TESTS_HTTP_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/http/http.h"
#include "server/http/sse.h"

#define THING "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000"
#define SITE_A "0192aaaa-0000-7000-8000-00000000000a"
#define SITE_B "0192aaaa-0000-7000-8000-00000000000b"

#define FIXTURE_TICKETS 64
struct fixture {
    struct http *http;
    struct http_options options; /* as it was started */
    uint16_t port;
    struct metrics *metrics;
    struct sse_hub *hub;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char trace[512]; /* what hooks and handlers did, in order: "before handler after " */
    bool gate_open;  /* handlers of /api/v1/gate wait for it */
    int at_gate;     /* that many are waiting */
    struct park_ticket tickets[FIXTURE_TICKETS]; /* the last ones given, newest at tickets_n - 1 */
    unsigned tickets_n;
    int workers_made, workers_freed;
    atomic_int records;
    enum err after_says;
    bool wake_at_once; /* /api/v1/wait unparks itself before it returns */
    int parkings;      /* how often /api/v1/wait parks before it answers; 0: once */
};

struct fixture_options {
    int workers, threads, queue;
    int64_t request_timeout_ms, heartbeat_ms;
    const struct mount *mounts;
    size_t mounts_n;
};
/* Zeroes in options: 2 workers, 2 threads, usual limits. NULL options: all zero. */
struct fixture *fixture_new(const struct fixture_options *options);
void fixture_stop(struct fixture *f, int64_t drain_ms); /* the server only */
void fixture_free(struct fixture *f);                   /* stops it when still running */

void fixture_note(struct fixture *f, const char *what);
void fixture_trace(struct fixture *f, char out[512]);
void fixture_open_gate(struct fixture *f);
void *fixture_open_gate_later(void *f);                 /* a thread: opens it a moment later */
bool fixture_wait_gate(struct fixture *f, int at_gate); /* that many wait there; false: not in 5 s */
bool fixture_wait_parked(struct fixture *f, int64_t n); /* that many are parked; false: not in 5 s */
struct park_ticket fixture_ticket(struct fixture *f);   /* the newest */
void fixture_unpark_all(struct fixture *f);             /* with all the tickets, old ones too */

enum { EVENT_SESSION, EVENT_ALARM, EVENT_STATE };
void fixture_publish(struct fixture *f, int type, const char *site, const char *json);

#endif
