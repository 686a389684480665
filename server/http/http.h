/* The HTTP server: routes as data, and everything that is the same for all of them done once:
 * 404, 405 with Allow, HEAD, OPTIONS, tokens and permissions, size and media type, JSON and query
 * decoding by field tables, problem documents (RFC 9457), request ids, ETags, gzip, security headers,
 * limits and deadlines, metrics.
 *
 * Threads: an epoll pool reads, routes, authenticates, decodes and runs ROUTE_MEMORY handlers. Other
 * handlers run on worker threads while the connection is suspended; LIMIT_WORK_QUEUE requests may
 * wait, then 503 overloaded with Retry-After. */
#ifndef PEDILUVE_SERVER_HTTP_HTTP_H
#define PEDILUVE_SERVER_HTTP_HTTP_H

#include "server/base/config.h"
#include "server/base/metrics.h"
#include "server/http/request.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHOD_COUNT };
const char *http_method_name(enum http_method m); /* "GET" */

#define ROUTE_MEMORY 1u     /* answered from memory on the HTTP thread: must not block; no worker, no hooks */
#define ROUTE_IDEMPOTENT 2u /* honours Idempotency-Key (request_idempotency_key) */
#define ROUTE_STREAM 4u     /* answers with sse_stream(); runs as ROUTE_MEMORY does */
#define ROUTE_SECRET 16u    /* the body is wiped from memory when the request ends */
#define ROUTE_BODY_OPTIONAL 8u /* the body may be left out; then request_body() is NULL */

/* Path templates: literal segments and {parameters}, at most LIMIT_PATH_SEGMENTS. {id} and {..._id}
 * are UUIDs, {version} and {number} are integers from 0 to 999999999, other names are text of
 * [A-Za-z0-9._-]{1,64}; what does not fit is 404. A literal segment wins over a parameter. */
struct route {
    enum http_method method;
    const char *path; /* full template: "/api/v1/sessions/{id}" */
    enum permission permission;
    unsigned flags;
    request_handler *handle;
    const struct field *body; /* NULL: the route takes none; JSON sent anyway must be {}, but for GET */
    size_t body_size;
    size_t body_max;           /* bytes taken; 0: LIMIT_BODY */
    const struct field *query; /* NULL: none; any query parameter is then 400 invalid_query */
    size_t query_size;
};

/* ROUTE(POST, "/api/v1/sessions", OPERATE, ROUTE_IDEMPOTENT, session_create,
 *       ROUTE_BODY(struct session_create_body, session_create_fields))
 * A row without a permission does not compile. */
#define ROUTE(meth, template, perm, route_flags, fn, ...)                                                    \
    {                                                                                                        \
        .method = HTTP_##meth, .path = (template),                                                           \
        .permission = (enum permission)(PERMISSION_##perm + ROUTE_PERMITTED_(PERMISSION_##perm)),            \
        .flags = (route_flags), .handle = (fn), __VA_ARGS__                                                  \
    }
#define ROUTE_BODY(S, table) .body = (table), .body_size = sizeof(S)
#define ROUTE_QUERY(S, table) .query = (table), .query_size = sizeof(S)
#define ROUTE_PERMITTED_(p)                                                                                  \
    (0 * sizeof(struct {                                                                                     \
         _Static_assert((p) > PERMISSION_NONE && (p) < PERMISSION_COUNT, "a route needs a permission");      \
         char unused;                                                                                        \
     }))

struct route_table { /* one a resource file */
    const struct route *rows;
    size_t n;
};
#define ROUTE_TABLE(array)                                                                                   \
    { .rows = (array), .n = COUNT_OF(array) }

/* Files read into memory at start; nothing is opened afterwards, so no path can lead outside. Served
 * with ETag and `Cache-Control: no-cache`, packed by gzip, or as NAME.br and NAME.gz beside a file when they
 * are there; public; GET and HEAD. */
struct mount_text { /* instead of, or beside, what is in the folder */
    const char *name, *text;
};
struct mount {
    const char *url;                /* "/docs/" (a folder: ends with a slash) or "/openapi.yaml" (one file) */
    const char *path;               /* the folder or the file; NULL: only `texts` (one file: the first) */
    const char *const *names;       /* folder: NULL-terminated list of what is served; NULL: all its files */
    const char *index;              /* folder: served for the url itself; NULL: "index.html" */
    const struct mount_text *texts; /* ended by a NULL name; NULL: none. Wins over a file */
    const char *csp;                /* Content-Security-Policy; NULL: "default-src 'none'; ..." */
    const char *advice;             /* what to do when it cannot be read; NULL: nothing to add */
    bool optional;                  /* leave out what cannot be read, instead of failing to start */
    bool immutable;                 /* a name never gets another content: kept for a year */
    bool must_have_index;           /* folder: without its index, the server does not start */
};
/* Content types come from the extension: html css js json webmanifest yaml svg png ico txt woff2 map. */

enum http_auth {
    HTTP_AUTH_OK,
    HTTP_AUTH_REFUSED,     /* 401 */
    HTTP_AUTH_ASK,         /* memory cannot say: asked again on a worker (then never the answer) */
    HTTP_AUTH_UNAVAILABLE, /* 503 database_unavailable */
    HTTP_AUTH_TOO_MANY,    /* 429: too many tokens that nobody knows */
};

struct http_record { /* one answered request, for the access log */
    const char *request_id, *method, *route, *target, *principal; /* route: template or "-" */
    int status;
    int64_t took_us;
};

struct http_hooks {
    /* The token, of Authorization or of the cookie. worker NULL: on an HTTP thread, from memory, may take a
     * short lock, must not block; otherwise on a worker. Fills *ret on HTTP_AUTH_OK. */
    enum http_auth (*authenticate)(void *app, const char *token, size_t len, void *worker,
                                   struct principal *ret);
    /* On the worker's own thread; NULL functions: workers have none. Made again never: a worker that
     * loses its database mends it itself. */
    void *(*worker_new)(void *app);
    void (*worker_free)(void *app, void *worker);
    /* Around every run of a worker handler (continuations too: request_is_continued). before: an error
     * refuses the request; if it answered (an idempotent replay), the handler is not run. after: always
     * called when before was, with the outcome; sees the answer (request_status, request_reply_text);
     * an error it returns replaces the answer by that problem (a commit that failed). Nothing is sent
     * before after has returned. Either may be NULL. */
    enum err (*before)(void *app, struct request *rq, void *worker);
    enum err (*after)(void *app, struct request *rq, void *worker, enum err outcome);
    /* After each answer, on an HTTP thread: must be quick. NULL: none. */
    void (*record)(void *app, const struct http_record *record);
};

enum http_cookies {
    HTTP_COOKIES_AUTO, /* when public_url or a proxy says https */
    HTTP_COOKIES_SECURE,
    HTTP_COOKIES_PLAIN
};

struct http_options {
    const struct config_addr *listen; /* port 0: any free one, see http_port */
    int threads, workers;             /* at least 1 each */
    const struct route_table *tables; /* kept, not copied */
    size_t tables_n;
    const struct mount *mounts;
    size_t mounts_n;
    const struct http_hooks *hooks; /* kept, not copied */
    void *app;
    struct metrics *metrics;
    const char *public_url; /* what browsers know us as, "https://spa.example"; NULL, "": by Host only */
    const char *proxies; /* addresses with commas between, whose X-Forwarded-* are believed; NULL, "": none */
    enum http_cookies cookies;  /* whether the browser's cookie is for HTTPS only */
    int64_t request_timeout_ms; /* 0: LIMIT_REQUEST_TIMEOUT_S; tests set less */
    int work_queue;             /* 0: LIMIT_WORK_QUEUE */
};

/* Starts listening. NULL: *ret_error says why, in words (address in use, file not readable). Asserts
 * that the tables are sound (templates, no two equal rows). */
struct http *http_new(const struct http_options *options, char ret_error[256]);
uint16_t http_port(const struct http *h);

/* Stops accepting; what is parked continues as expired; streams end; what is being worked on may
 * finish until drain_ms have passed; later requests get 503 shutting_down. Then frees everything.
 * Call sse_hub_free after it. */
void http_free(struct http *h, int64_t drain_ms);

/* The handler of GET /metrics: Prometheus text of all of struct metrics and of this server. */
enum err http_handle_metrics(struct request *rq, void *worker);

#endif
