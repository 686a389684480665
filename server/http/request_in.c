/* What comes in, judged in this order: framing, path, method, token, permission, origin (of a browser),
 * parameters, size, media type, query, body. The first thing wrong is the answer. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "server/http/inside.h"

static const struct {
    const char *name;
    size_t len;
} header_names[HEADER_COUNT] = {
#define X(e, n) [HEADER_##e] = {n, sizeof(n) - 1},
    HEADERS(X)
#undef X
};

struct head { /* what the walk over the headers counts */
    struct request *rq;
    int lengths, encodings, tokens;
    bool too_long;
};

static enum MHD_Result see_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct head *head = cls;
    (void)kind;
    size_t len = strlen(key);
    for (int i = 0; i < HEADER_COUNT; i++) {
        if (header_names[i].len != len || strcasecmp(header_names[i].name, key)) continue;
        head->rq->headers[i] = value ? value : "";
        head->lengths += i == HEADER_CONTENT_LENGTH;
        head->encodings += i == HEADER_TRANSFER_ENCODING;
        head->tokens += i == HEADER_AUTHORIZATION;
        if (value && strlen(value) > LIMIT_HEADER_VALUE) head->too_long = true;
        break;
    }
    return MHD_YES;
}

static bool is_sane_id(const char *id) {
    size_t n = 0;
    for (; id[n]; n++) {
        char c = id[n];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.';
        if (!ok || n >= REQUEST_ID_MAX) return false;
    }
    return n > 0;
}

/* The connection's random prefix and a count: unique, and no system call a request. */
static void give_id(struct request *rq) {
    const char *sent = rq->headers[HEADER_REQUEST_ID];
    if (sent && is_sane_id(sent)) {
        memcpy(rq->id, sent, strlen(sent) + 1);
        return;
    }
    struct buf id;
    buf_init_fixed(&id, rq->id, sizeof(rq->id));
    buf_add(&id, rq->conn->id_prefix, 16);
    buf_chr(&id, '-');
    buf_int(&id, (int64_t)rq->conn->requests);
}

void request_begin(struct request *rq, const char *target) {
    struct conn *conn = rq->conn;
    conn->requests++;
    atomic_store_explicit(&conn->phase, CONN_READING, memory_order_relaxed);
    rq->stage = STAGE_NEW;
    rq->began_us = clock_mono_us();
    rq->match.index = STATS_NONE;
    buf_reset(&rq->target);
    buf_str(&rq->target, target);
    rq->path_len = strcspn(target, "?");
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool request_unescape(const char *in, size_t len, bool plus, char *out, size_t *ret_len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = in[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(in[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(in[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high << 4 | low);
            if (!c) return false;
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    *ret_len = n;
    return true;
}

static enum err find_route(struct request *rq, const char *method) {
    rq->head = !strcmp(method, "HEAD");
    rq->options = !strcmp(method, "OPTIONS");
    rq->method = HTTP_METHOD_COUNT;
    for (int m = 0; m < HTTP_METHOD_COUNT; m++)
        if (!strcmp(method, rq->head ? "GET" : http_method_name((enum http_method)m)))
            rq->method = (enum http_method)m;
    if (rq->head) rq->method = HTTP_GET;

    char space[256];
    const char *path = rq->target.data;
    size_t len = rq->path_len;
    if (memchr(path, '%', len)) { /* rare: our paths need no escapes */
        if (len > sizeof(space) || !request_unescape(path, len, false, space, &len)) return ERR_NOT_FOUND;
        path = space;
    }
    route_find(rq->http->tree, rq->method, path, len, &rq->match);
    if (!rq->match.allow) {
        rq->match.index = STATS_NONE;
        rq->file = mount_find(rq->http->mounts, path, len);
        if (!rq->file) return ERR_NOT_FOUND;
        rq->match.index = STATS_FILE;
        rq->match.allow = "GET, HEAD, OPTIONS";
        return rq->method == HTTP_GET || rq->options ? ERR_OK : ERR_METHOD_NOT_ALLOWED;
    }
    if (!rq->match.route) rq->match.index = STATS_NONE;
    return rq->match.route || rq->options ? ERR_OK : ERR_METHOD_NOT_ALLOWED;
}

/* The bearer token, or else the cookie's; NULL: none. */
static const char *find_token(struct request *rq) {
    const char *header = rq->headers[HEADER_AUTHORIZATION];
    rq->by_cookie = !header;
    if (!header) return request_cookie(rq);
    if (strncasecmp(header, "Bearer ", 7)) return NULL;
    return header + 7 + strspn(header + 7, " ");
}

static enum err judge_principal(struct request *rq) {
    if (!permission_allows(rq->match.route->permission, rq->principal.role)) return ERR_FORBIDDEN;
    return request_judge_cross_site(rq);
}

enum err request_judge_token(struct request *rq, void *worker) {
    const struct http_hooks *hooks = rq->http->options.hooks;
    const char *token = find_token(rq);
    rq->ask_auth = false;
    if (!token || !*token) return ERR_UNAUTHENTICATED;
    switch (hooks->authenticate(rq->http->options.app, token, strlen(token), worker, &rq->principal)) {
    case HTTP_AUTH_OK: return judge_principal(rq);
    case HTTP_AUTH_REFUSED: return ERR_UNAUTHENTICATED;
    case HTTP_AUTH_ASK: rq->ask_auth = !worker; return worker ? ERR_UNAUTHENTICATED : ERR_OK;
    case HTTP_AUTH_TOO_MANY: return ERR_TOO_MANY_REQUESTS;
    case HTTP_AUTH_UNAVAILABLE: break;
    }
    return ERR_DATABASE;
}

static bool has_body(const struct request *rq) {
    const char *length = rq->headers[HEADER_CONTENT_LENGTH];
    return rq->headers[HEADER_TRANSFER_ENCODING] || (length && strcmp(length, "0"));
}

static enum err judge_framing(struct request *rq, const struct head *head) {
    const char *encoding = rq->headers[HEADER_TRANSFER_ENCODING];
    const char *length = rq->headers[HEADER_CONTENT_LENGTH];
    rq->early_close = true; /* where the request ends cannot be known: nothing more is read */
    if (head->encodings && head->lengths)
        return request_fail(rq, ERR_INVALID_HEADER,
                            "Transfer-Encoding and Content-Length exclude each other");
    if (head->lengths > 1 || (length && (!*length || strspn(length, "0123456789") != strlen(length))))
        return request_fail(rq, ERR_INVALID_HEADER, "Content-Length must be one number");
    if (encoding && (head->encodings > 1 || strcasecmp(encoding, "chunked")))
        return request_fail(rq, ERR_INVALID_HEADER, "Transfer-Encoding must be chunked");
    rq->early_close = false;
    if (head->tokens > 1) return request_fail(rq, ERR_INVALID_HEADER, "Authorization must come once");
    if (head->too_long)
        return request_fail(rq, ERR_INVALID_HEADER, "A header is longer than %d bytes", LIMIT_HEADER_VALUE);
    return ERR_OK;
}

size_t request_body_max(const struct request *rq) {
    const struct route *route = rq->match.route;
    return route && route->body_max ? route->body_max : LIMIT_BODY;
}

enum err request_fail_size(struct request *rq) {
    return request_fail(rq, ERR_TOO_LARGE, "At most %zu bytes are taken", request_body_max(rq));
}

static enum err judge_size(struct request *rq) {
    const char *length = rq->headers[HEADER_CONTENT_LENGTH];
    if (!length || (strlen(length) < 10 && (size_t)atol(length) <= request_body_max(rq))) return ERR_OK;
    /* A little too much is read and dropped, so that the answer is not lost in a reset. */
    rq->early_close = strlen(length) >= 10 || atol(length) > DISCARD_MAX || rq->headers[HEADER_EXPECT];
    return request_fail_size(rq);
}

static enum err judge_media_type(const struct request *rq) {
    if (!rq->match.route->body || !has_body(rq)) return ERR_OK;
    const char *type = rq->headers[HEADER_CONTENT_TYPE];
    size_t n = type ? strcspn(type, "; \t") : 0;
    return n == 16 && !strncasecmp(type, "application/json", 16) ? ERR_OK : ERR_MEDIA_TYPE;
}

static enum err judge_key(struct request *rq) {
    const char *key = rq->headers[HEADER_IDEMPOTENCY_KEY];
    if (!key || !(rq->match.route->flags & ROUTE_IDEMPOTENT)) return ERR_OK;
    size_t n = 0;
    while (key[n] > ' ' && key[n] < 127) n++;
    if (n > 0 && !key[n] && n <= LIMIT_IDEMPOTENCY_KEY) return ERR_OK;
    return request_fail(rq, ERR_INVALID_HEADER, "Idempotency-Key must be 1 to %d visible ASCII characters",
                        LIMIT_IDEMPOTENCY_KEY);
}

static enum err judge_route(struct request *rq, const char *method) {
    enum err e = find_route(rq, method);
    if (e || rq->options) return e ? e : judge_size(rq);
    if (atomic_load_explicit(&rq->http->stopping, memory_order_relaxed)) return ERR_SHUTTING_DOWN;
    if (rq->file) return judge_size(rq);
    if (rq->match.route->permission != PERMISSION_PUBLIC) e = request_judge_token(rq, NULL);
    if (!e && rq->match.bad_param) e = ERR_NOT_FOUND;
    if (!e) e = judge_size(rq);
    if (!e) e = judge_media_type(rq);
    return e ? e : judge_key(rq);
}

enum err request_judge_head(struct request *rq, const char *method) {
    struct head head = {.rq = rq};
    MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, see_header, &head);
    give_id(rq);
    enum err e = judge_framing(rq, &head);
    return e ? e : judge_route(rq, method);
}
