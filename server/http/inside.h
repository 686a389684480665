/* The inside of server/http, shared by its own files only. */
#ifndef PEDILUVE_SERVER_HTTP_INSIDE_H
#define PEDILUVE_SERVER_HTTP_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "server/base/limits.h"
#include "server/http/gzip.h"
#include "server/http/http.h"
#include "server/http/mount.h"
#include "server/http/route.h"
#include "server/http/stats.h"

/* Request headers that are looked at, gathered in one walk. X(enum, name) */
#define HEADERS(X)                                                                                           \
    X(AUTHORIZATION, "Authorization")                                                                        \
    X(CONTENT_LENGTH, "Content-Length")                                                                      \
    X(CONTENT_TYPE, "Content-Type")                                                                          \
    X(TRANSFER_ENCODING, "Transfer-Encoding")                                                                \
    X(IF_MATCH, "If-Match")                                                                                  \
    X(IF_NONE_MATCH, "If-None-Match")                                                                        \
    X(ACCEPT_ENCODING, "Accept-Encoding")                                                                    \
    X(EXPECT, "Expect")                                                                                      \
    X(IDEMPOTENCY_KEY, "Idempotency-Key")                                                                    \
    X(LAST_EVENT_ID, "Last-Event-ID")                                                                        \
    X(REQUEST_ID, "X-Request-Id")                                                                            \
    X(HOST, "Host")                                                                                          \
    X(ORIGIN, "Origin")                                                                                      \
    X(FETCH_SITE, "Sec-Fetch-Site")                                                                          \
    X(CSRF, "X-CSRF-Token")                                                                                  \
    X(FORWARDED_FOR, "X-Forwarded-For")                                                                      \
    X(FORWARDED_PROTO, "X-Forwarded-Proto")
enum header {
#define X(e, n) HEADER_##e,
    HEADERS(X)
#undef X
        HEADER_COUNT
};

enum stage {
    STAGE_NEW,    /* the request line was seen, the headers not yet */
    STAGE_BODY,   /* headers judged; the body comes in */
    STAGE_WORK,   /* suspended: waiting for a worker, with one, or parked */
    STAGE_ANSWER, /* the answer is ready to be queued */
    STAGE_SENT
};

#define REQUEST_ID_MAX 64
#define REQUEST_HEADERS_MAX 8
#define REQUEST_MEMBERS_MAX 4
#define REQUEST_REASONS_MAX FIELD_ERRORS_MAX
#define GZIP_LEAST 1024
#define REPLY_TIMEOUT_MS 60000         /* an answer must be taken by then */
#define DISCARD_MAX (LIMIT_BODY * 256) /* bytes of a refused body that are read, so that the 413 arrives */

struct reply_header {
    const char *name, *value;
};
struct reason { /* an item of a problem's errors[] */
    const char *pointer, *code, *detail;
};
struct chunk { /* of a request's own memory */
    struct chunk *next;
    size_t used, cap;
    _Alignas(16) char bytes[];
};

struct stream { /* what answers instead of a body */
    ssize_t (*read)(void *ctx, uint64_t pos, char *out, size_t max);
    void (*free)(void *ctx);
    void (*stop)(void *ctx); /* any thread: end soon */
    void *ctx;
    struct stream *next, *previous;
    struct http *http;
};

struct request {
    struct http *http;
    struct conn *conn;
    struct MHD_Connection *mhd;
    enum stage stage;
    int64_t began_us;

    /* asked */
    struct route_match match;
    enum http_method method;
    bool head, options;
    const struct mount_file *file;
    const char *headers[HEADER_COUNT];
    char id[REQUEST_ID_MAX + 1];
    struct principal principal;
    bool by_cookie; /* the token came in the cookie */
    bool ask_auth;  /* memory could not say who it is: the worker asks */
    enum err early; /* refused already; the body is only read to be thrown away */
    bool early_close;
    size_t discarded;
    struct buf target, body; /* memory is kept between requests of a connection */
    size_t path_len;
    json_t *tree;
    void *body_value, *query_value;
    struct chunk *chunks;
    void *user;

    /* answered */
    int status;
    const char *content_type;
    struct buf out, zipped;
    bool writing, is_zipped;
    struct jsonw writer;
    struct reply_header reply_headers[REQUEST_HEADERS_MAX];
    int reply_headers_n;
    char etag[64];
    const char *detail;
    struct reason reasons[REQUEST_REASONS_MAX];
    struct reply_header members[REQUEST_MEMBERS_MAX];
    int reasons_n, members_n;
    int32_t retry_after_s; /* 0: the usual */
    struct stream *stream;

    /* worked on */
    struct request *next; /* in the queue */
    request_handler *continuation;
    uint32_t park_slot; /* index + 1; 0: none in this run */
    bool continued, expired;
};

enum conn_phase { CONN_IDLE, CONN_READING, CONN_ANSWERING };

struct conn { /* one a connection, holding its one request */
    struct http *http;
    int fd;
    struct conn *next, *previous; /* in http.conns, under http.conns_lock */
    atomic_int_fast64_t due_ms;   /* monotonic; 0: no deadline now */
    atomic_int phase;             /* enum conn_phase; written by its HTTP thread */
    struct stats_shard *shard;    /* of the thread that serves it */
    char id_prefix[17];
    uint64_t requests;
    struct request rq;
};

struct park;
struct work;
struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    int64_t request_timeout_ms;
    struct route_tree *tree;
    struct mount_set *mounts;
    struct stats *stats;
    struct gzip_pool *gzip;
    struct work *work;
    struct park *park;
    atomic_bool stopping;
    pthread_mutex_t conns_lock;
    struct conn *conns;
    pthread_mutex_t streams_lock;
    struct stream *streams;
};

/* request_in.c: what comes in, judged. On an HTTP thread unless noted. */
void request_begin(struct request *rq, const char *target);
enum err request_judge_head(struct request *rq, const char *method); /* all but query and body */
size_t request_body_max(const struct request *rq);                   /* bytes of a body that are taken */
enum err request_fail_size(struct request *rq);
enum err request_judge_token(struct request *rq, void *worker);
/* %XX (and + as a space) from in to out, which may be the same memory; false: malformed, or a NUL. */
bool request_unescape(const char *in, size_t len, bool plus, char *out, size_t *ret_len);

/* request_from.c: a changing request that came with the cookie must come from a page of ours, and prove it.
 * After the token was judged. Any one thread. */
enum err request_judge_cross_site(struct request *rq);

/* request_decode.c: query and body by the route's tables. Any one thread. */
enum err request_decode(struct request *rq);

/* request.c */
void request_end(struct request *rq); /* releases what it holds; ready for the connection's next */

/* request_out.c: the answer, made ready. Any one thread. */
void request_make_problem(struct request *rq, enum err e);
void request_finish(struct request *rq, enum err outcome); /* problem, 304, gzip */
enum MHD_Result request_queue_answer(struct request *rq);  /* HTTP thread; after request_finish */
void request_drop_answer(struct request *rq);
char *request_vprint(struct request *rq, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0), nonnull(2)));

/* work.c */
struct work *work_new(struct http *h, int workers, int queue);
bool work_reserve(struct work *w); /* a place for one request; false: full. Then suspend, then work_add */
void work_add(struct work *w, struct request *rq);
void work_add_again(struct work *w, struct request *rq); /* after parking; never refused */
void work_drain(struct work *w, int64_t drain_ms); /* nothing is suspended for a worker after it, or again */
void work_free(struct work *w);                    /* after the daemon has stopped */

/* park.c: parked requests, and the one thread that watches their deadlines and the connections'. */
struct park *park_new(struct http *h);
void park_settle(struct request *rq); /* after the run that parked: parks, or queues at once */
void park_forget(struct request *rq); /* the run failed after parking */
void park_expire_all(struct park *p); /* and from now on every parking expires at once */
void park_free(struct park *p);

/* conn.c: connections and their deadlines. */
struct conn *conn_new(struct http *h, struct MHD_Connection *mhd);
void conn_free(struct conn *c);
void conn_cut_late(struct http *h, int64_t now_ms); /* shuts down those whose time is over */

#endif
