/* The handler's view of a request, and the request's own memory. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/base/crypto.h"
#include "server/http/inside.h"

#define CHUNK_LEAST 2048
#define KEEP_MOST 16384 /* bytes of a buffer that a connection keeps for its next request */

void *request_app(const struct request *rq) { return rq->http->options.app; }
struct http *request_http(const struct request *rq) {
    return rq->http;
}
const struct route *request_route(const struct request *rq) { return rq->match.route; }
const char *request_id(const struct request *rq) { return rq->id; }
const char *request_target(const struct request *rq) { return rq->target.data; }
const struct principal *request_principal(const struct request *rq) { return &rq->principal; }
const void *request_body(const struct request *rq) { return rq->body_value; }
const void *request_query(const struct request *rq) { return rq->query_value; }
void request_set_user(struct request *rq, void *user) { rq->user = user; }
void *request_user(const struct request *rq) { return rq->user; }
bool request_is_continued(const struct request *rq) { return rq->continued; }
bool request_park_expired(const struct request *rq) { return rq->expired; }
bool request_is_parked(const struct request *rq) { return rq->park_slot != 0; }

static const struct route_value *value_at(const struct request *rq, int n, enum route_param type) {
    assert(n >= 0 && n < rq->match.n && rq->match.values[n].type == type);
    (void)type;
    return &rq->match.values[n];
}

const struct uuid *request_param_uuid(const struct request *rq, int n) {
    return &value_at(rq, n, ROUTE_PARAM_UUID)->id;
}
const char *request_param(const struct request *rq, int n) { return value_at(rq, n, ROUTE_PARAM_TEXT)->text; }
int32_t request_param_int(const struct request *rq, int n) {
    return value_at(rq, n, ROUTE_PARAM_INT)->number;
}

const char *request_body_text(const struct request *rq, size_t *ret_len) {
    *ret_len = rq->body.len;
    return rq->body.len ? rq->body.data : "";
}

const char *request_header(const struct request *rq, const char *name) {
    return MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, name);
}

const char *request_idempotency_key(const struct request *rq) {
    return rq->match.route->flags & ROUTE_IDEMPOTENT ? rq->headers[HEADER_IDEMPOTENCY_KEY] : NULL;
}

void request_fingerprint(const struct request *rq, uint8_t ret[32]) {
    const char *method = http_method_name(rq->match.route->method);
    const struct crypto_piece pieces[] = {{method, strlen(method)},
                                          {rq->target.data, rq->target.len},
                                          {rq->body.len ? rq->body.data : "", rq->body.len}};
    crypto_sha256_pieces(pieces, COUNT_OF(pieces), ret);
}

void *request_alloc(struct request *rq, size_t size) {
    size = (size + 15) & ~(size_t)15;
    struct chunk *c = rq->chunks;
    if (!c || c->cap - c->used < size) {
        size_t cap = size > CHUNK_LEAST ? size : CHUNK_LEAST;
        c = xmalloc(sizeof(*c) + cap);
        c->cap = cap;
        c->used = 0;
        c->next = rq->chunks;
        rq->chunks = c;
    }
    void *p = c->bytes + c->used;
    c->used += size;
    return memset(p, 0, size);
}

/* Keeps one chunk of the usual size, frees the others. */
static void chunks_reset(struct request *rq) {
    struct chunk *kept = NULL;
    for (struct chunk *c = rq->chunks, *next; c; c = next) {
        next = c->next;
        if (!kept && c->cap == CHUNK_LEAST)
            kept = c;
        else
            free(c);
    }
    rq->chunks = kept;
    if (kept) {
        kept->used = 0;
        kept->next = NULL;
    }
}

static void buffer_reset(struct buf *b) {
    if (b->cap > KEEP_MOST)
        buf_done(b);
    else
        buf_reset(b);
}

/* Passwords do not stay in a buffer that the connection keeps. */
static void wipe(struct request *rq) {
    if (rq->body.data) crypto_wipe(rq->body.data, rq->body.cap);
    for (struct chunk *c = rq->chunks; c; c = c->next) crypto_wipe(c->bytes, c->used);
}

void request_end(struct request *rq) {
    if (rq->match.route && rq->match.route->flags & ROUTE_SECRET) wipe(rq);
    struct stream *stream = steal(&rq->stream);
    if (stream) stream->free(stream->ctx);
    json_decref(rq->tree);
    chunks_reset(rq);
    buffer_reset(&rq->target);
    buffer_reset(&rq->body);
    buffer_reset(&rq->out);
    buffer_reset(&rq->zipped);
    struct request fresh = {.http = rq->http,
                            .conn = rq->conn,
                            .mhd = rq->mhd,
                            .target = rq->target,
                            .body = rq->body,
                            .out = rq->out,
                            .zipped = rq->zipped,
                            .chunks = rq->chunks};
    *rq = fresh;
}
