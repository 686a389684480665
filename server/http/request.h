/* What a handler sees of a request and how it answers. A request belongs to one thread at a time:
 * an HTTP thread while it is read and while it is answered, a worker in between. Only
 * request_unpark may be called from anywhere. */
#ifndef PEDILUVE_SERVER_HTTP_REQUEST_H
#define PEDILUVE_SERVER_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/field.h"
#include "base/jsonw.h"
#include "base/uuid.h"
#include "server/base/err.h"
#include "server/base/principal.h"

struct http;
struct request;
struct route;

/* A handler answers by one of
 *   - writing a JSON value with request_json() and then request_reply(rq, status): ERR_OK,
 *   - request_reply_data() or request_reply_empty(): ERR_OK,
 *   - request_park(): ERR_OK; the continuation answers later,
 *   - returning an error, with or without request_fail(): the problem document is made for it.
 * ERR_OK without any answer is a programming error and becomes 500. `worker` is what worker_new
 * made; NULL on ROUTE_MEMORY and ROUTE_STREAM routes, which run on an HTTP thread and never block. */
typedef enum err request_handler(struct request *rq, void *worker);

/* --- what was asked --- */
void *request_app(const struct request *rq); /* struct http_options.app */
struct http *request_http(const struct request *rq);
const struct route *request_route(const struct request *rq);
const char *request_id(const struct request *rq);     /* of the request: X-Request-Id, never NULL */
const char *request_target(const struct request *rq); /* as sent: "/api/v1/devices?limit=2" */
const struct principal *request_principal(const struct request *rq); /* zeroed on PUBLIC routes */

/* The n-th {parameter} of the path template, from 0. Asserts that it exists and has that type. */
const struct uuid *request_param_uuid(const struct request *rq, int n); /* {id}, {..._id} */
const char *request_param(const struct request *rq, int n);             /* {slug} and other names */
int32_t request_param_int(const struct request *rq, int n);             /* {version}, {number} */

/* The struct the route's table decoded into; lives as long as the request (parking included). The
 * query is never NULL on a route with a query table (all absent: zeroes); the body is NULL only
 * where ROUTE_BODY_OPTIONAL is set and none was sent. */
const void *request_body(const struct request *rq);
const void *request_query(const struct request *rq);
const char *request_body_text(const struct request *rq, size_t *ret_len); /* as sent */

/* Value of a request header or NULL. Only in the first run of the handler, not in a continuation. */
const char *request_header(const struct request *rq, const char *name);

/* The Idempotency-Key of a ROUTE_IDEMPOTENT request, checked: 1 to LIMIT_IDEMPOTENCY_KEY visible
 * ASCII characters; NULL when none was sent. The fingerprint is the SHA-256 of method, target and
 * body, to tell another request with the same key. */
const char *request_idempotency_key(const struct request *rq);
void request_fingerprint(const struct request *rq, uint8_t ret[32]);

/* Memory that lives as long as the request; zeroed; never NULL. */
void *request_alloc(struct request *rq, size_t size);
/* One pointer for the API layer's hooks (transaction, idempotency). */
void request_set_user(struct request *rq, void *user);
void *request_user(const struct request *rq);

/* --- where it comes from --- */
/* The client's address as text: of the connection, or what a proxy (http_options.proxies) says; IPv6 by its
 * first 64 bits; "" when it is not known. */
#define REQUEST_PEER_MAX 64
void request_peer(const struct request *rq, char ret[REQUEST_PEER_MAX]);
/* What to begin links with: http_options.public_url, or else how the client called us:
 * "http://127.0.0.1:8080". Only in the first run of the handler. */
#define REQUEST_BASE_MAX 1100
void request_base(const struct request *rq, char ret[REQUEST_BASE_MAX]);
/* The token in the browser's cookie; NULL: none. Only in the first run of the handler. */
const char *request_cookie(const struct request *rq);
/* What X-CSRF-Token must be for a request that this token comes with as a cookie: made from the token, so
 * that nothing need be kept. request_csrf: for this request; false: it was not the cookie that let it in. */
#define REQUEST_CSRF_LEN 43
void request_csrf_of(const char *token, char ret[REQUEST_CSRF_LEN + 1]);
bool request_csrf(const struct request *rq, char ret[REQUEST_CSRF_LEN + 1]);
/* ERR_CROSS_SITE: Origin, or else Sec-Fetch-Site, says that a page of another server sent this. must_tell:
 * also when neither is there (programs send neither, browsers at least one). */
must_use enum err request_judge_origin(struct request *rq, bool must_tell);

/* --- answering --- */
/* Gives the browser its cookie, HttpOnly and SameSite=Strict; token NULL: takes it away. */
void request_set_cookie(struct request *rq, const char *token, int64_t max_age_s);
/* A writer for the JSON body; the first call begins it, later calls give the same one. */
struct jsonw *request_json(struct request *rq);
void request_reply(struct request *rq, int status); /* with what request_json() wrote */
void request_reply_data(struct request *rq, int status, const char *content_type, const void *data,
                        size_t len); /* copied; content_type must be a literal; replaces any earlier answer */
void request_reply_empty(struct request *rq, int status); /* 204, 304, ... */
/* At most 8 headers of the handler's own; value copied. A second of the same name replaces the first. */
void request_set_header(struct request *rq, const char *literal_name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define request_set_location(rq, ...) request_set_header(rq, "Location", __VA_ARGS__)

/* Notes why, for the problem's "detail", and returns e: `return request_fail(rq, ERR_CONFLICT, "..")`. */
enum err request_fail(struct request *rq, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with Retry-After: for 429 and 503, which otherwise say 1 second. */
enum err request_fail_later(struct request *rq, enum err e, int32_t seconds, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds an errors[] item (pointer, code, detail); returns e. code is a literal such as
 * field_fault_code(FIELD_NOT_ONE_OF) or one of the API's own ("missing_actuator"). */
enum err request_fail_at(struct request *rq, enum err e, const char *pointer, const char *code,
                         const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* An extension member of the problem document: name (a literal) with a JSON value, e.g. a text that
 * says what to do or the session in the way. At most 4. */
void request_fail_member(struct request *rq, const char *literal_name, const char *json_value);

/* --- validators --- */
/* Strong ETag of the representation, given without quotes: [A-Za-z0-9._-], at most 63. A GET that
 * ends with 200 becomes 304 by itself when If-None-Match has it; request_is_unchanged() tells early,
 * so that a handler need not write the body: then `request_reply_empty(rq, 304)`. */
void request_set_etag(struct request *rq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool request_is_unchanged(const struct request *rq);
/* For resources with a version number whose ETag is that number: request_set_version(rq, 7) sends
 * ETag: "7". request_if_match gives the version that If-Match names (-1 for `*`); no header: 428, not
 * a version of ours: 412. The update's WHERE compares it; no row: return ERR_PRECONDITION_FAILED. */
void request_set_version(struct request *rq, int64_t version);
must_use enum err request_if_match(struct request *rq, int64_t *ret_version);

/* --- pages --- */
/* Link: <target with cursor replaced>; rel="next", the other query parameters kept. */
void request_set_next(struct request *rq, const char *cursor);
/* Opaque cursors: base64url of the key with a checksum over key and list. `list` names the list (and
 * the order) it belongs to; a cursor of another list, tampered or cut: ERR_INVALID_CURSOR. The key is
 * plain data without padding, size <= 96. A cursor carries no rights: the query scopes itself. */
#define CURSOR_TEXT_MAX 144 /* with NUL; room for a FIELD_STR member */
void cursor_encode(const char *list, const void *key, size_t size, char out[CURSOR_TEXT_MAX]);
must_use enum err cursor_decode(const char *list, const char *text, void *ret_key, size_t size);

/* --- parking (?wait=S) --- */
/* Sets the request aside, without a thread, until request_unpark(ticket) or the deadline (monotonic
 * ms); then `continuation` runs on a worker and answers. Takes effect when the handler and the
 * `after` hook have returned; an unpark that comes earlier is not lost. A request may park again in
 * its continuation. An answer written before parking is discarded when the continuation answers, and
 * sent when the continuation returns ERR_OK without answering. Worker routes only. */
struct park_ticket {
    uint64_t value; /* 0: none. Plain data, safe to keep for ever: a used one does nothing */
};
struct park_ticket request_park(struct request *rq, int64_t deadline_mono_ms, request_handler *continuation);
/* Any thread, until http_free is called. False: too late. */
bool request_unpark(struct http *http, struct park_ticket ticket);
bool request_is_parked(const struct request *rq);    /* for the `after` hook: parked in this run */
bool request_is_continued(const struct request *rq); /* this run is a continuation */
bool request_park_expired(const struct request *rq); /* ... that the deadline (or shutdown) began */

/* --- for the `after` hook: the answer as it will be sent, problem documents included --- */
int request_status(const struct request *rq); /* 0: none yet (parked without one) */
const char *request_reply_text(const struct request *rq, size_t *ret_len);
const char *request_reply_content_type(const struct request *rq);
const char *request_reply_header(const struct request *rq,
                                 const char *name); /* set by the handler; or NULL; ETag without quotes */

#endif
