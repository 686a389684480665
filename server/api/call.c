/* The hooks around every worker handler: transaction, Idempotency-Key, and what follows a commit. */
#include "server/api/call.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "server/api/held_keys.h"
#include "server/base/crypto.h"
#include "server/store/idempotency_store.h"

struct after {
    void (*fn)(struct request *rq, void *arg);
    void *arg;
};

struct call {
    char key[LIMIT_IDEMPOTENCY_KEY + 1]; /* "": none */
    bool replayed, seal;
    void *data;
    int n_after;
    struct after after[CALL_AFTER_MAX];
};

/* The headers that belong to an answer and are kept with it, one "Name: value" a line. */
static const char *const kept_headers[] = {"Location", "ETag"};

static struct call *call_of(struct request *rq) {
    struct call *c = request_user(rq);
    if (!c) {
        c = request_alloc(rq, sizeof(*c));
        request_set_user(rq, c);
    }
    return c;
}

void call_after_commit(struct request *rq, void (*fn)(struct request *rq, void *arg), void *arg) {
    struct call *c = call_of(rq);
    if (c->n_after == CALL_AFTER_MAX) abort();
    c->after[c->n_after++] = (struct after){fn, arg};
}

void call_set_data(struct request *rq, void *data) { call_of(rq)->data = data; }

void *call_data(const struct request *rq) {
    const struct call *c = request_user(rq);
    return c ? c->data : NULL;
}

void call_seal(struct request *rq) { call_of(rq)->seal = true; }

static void replay_header(struct request *rq, const char *line, size_t len) {
    static const char etag[] = "ETag: ", location[] = "Location: ";
    const size_t n_etag = sizeof(etag) - 1, n_location = sizeof(location) - 1;
    if (len > n_etag && memcmp(line, etag, n_etag) == 0)
        request_set_etag(rq, "%.*s", (int)(len - n_etag), line + n_etag);
    else if (len > n_location && memcmp(line, location, n_location) == 0)
        request_set_location(rq, "%.*s", (int)(len - n_location), line + n_location);
}

/* Kept answers are JSON; a sealed one begins with a byte that JSON cannot begin with. */
#define SEALED 1

static void seal_key(const struct request *rq, uint8_t ret[CRYPTO_SHA256_LEN]) {
    static const char purpose[] = "pediluve kept answer";
    const char *secret = app_of(rq)->parts.config->device_secret;
    crypto_hmac_sha256(secret, strlen(secret), purpose, sizeof(purpose), ret);
}

static bool replay_body(struct request *rq, const struct idempotency_reply *reply) {
    if (reply->body[0] != SEALED) {
        request_reply_data(rq, reply->status, "application/json", reply->body, reply->body_len);
        return true;
    }
    uint8_t key[CRYPTO_SHA256_LEN];
    auto_free char *text = xmalloc(reply->body_len);
    size_t len = 0;
    seal_key(rq, key);
    if (!crypto_open(key, reply->body + 1, reply->body_len - 1, text, reply->body_len, &len)) return false;
    request_reply_data(rq, reply->status, "application/json", text, len);
    crypto_wipe(text, len);
    return true;
}

static enum err replay(struct request *rq, const struct idempotency_reply *reply) {
    for (const char *p = reply->headers ? reply->headers : ""; *p;) {
        size_t len = strcspn(p, "\n");
        replay_header(rq, p, len);
        p += len + (p[len] == '\n');
    }
    request_set_header(rq, "Idempotency-Replayed", "true");
    if (!reply->body_len)
        request_reply_empty(rq, reply->status);
    else if (!replay_body(rq, reply))
        return request_fail(rq, ERR_INTERNAL, "the kept answer cannot be read any more: its key has changed");
    return ERR_OK;
}

static enum err in_flight(struct request *rq) {
    return request_fail(rq, ERR_IN_FLIGHT, "another request with this key is still being worked on");
}

enum err call_before(void *app, struct request *rq, void *worker) {
    struct held_keys *held = ((struct api *)app)->held_keys;
    if (request_is_continued(rq) || !(request_route(rq)->flags & ROUTE_IDEMPOTENT)) return ERR_OK;
    const char *key = request_idempotency_key(rq);
    if (!key) return ERR_OK;
    struct call *c = call_of(rq);
    struct db *db = db_of(worker);
    uint8_t hash[IDEMPOTENCY_HASH_LEN];
    request_fingerprint(rq, hash);
    enum idempotency_outcome outcome = IDEMPOTENCY_NEW;
    struct idempotency_reply reply = {0};
    db_begin(db);
    enum err e = idempotency_begin(db, &request_principal(rq)->token_id, key, hash, &outcome, &reply);
    if (!e) {
        switch (outcome) {
        case IDEMPOTENCY_NEW: snprintf(c->key, sizeof(c->key), "%s", key); return ERR_OK;
        case IDEMPOTENCY_REPLAY:
            if (held_keys_has(held, &request_principal(rq)->token_id, key)) {
                e = in_flight(rq);
                break;
            }
            c->replayed = true;
            e = replay(rq, &reply);
            break;
        case IDEMPOTENCY_IN_FLIGHT: e = in_flight(rq); break;
        case IDEMPOTENCY_REUSED:
            e = request_fail(rq, ERR_KEY_REUSED,
                             "the key %s was used for a request with another method, path or body", key);
            break;
        }
    }
    idempotency_reply_done(&reply);
    db_rollback(db);
    return e;
}

/* Keeps the answer as it will be sent. Inside the transaction it travels with the commit. */
static enum err keep_answer(struct request *rq, struct db *db, const struct call *c) {
    auto_buf struct buf headers = BUF_INIT;
    for (size_t i = 0; i < COUNT_OF(kept_headers); i++) {
        const char *value = request_reply_header(rq, kept_headers[i]);
        if (value) buf_fmt(&headers, "%s: %s\n", kept_headers[i], value);
    }
    struct idempotency_reply reply = {.status = request_status(rq)};
    const char *text = request_reply_text(rq, &reply.body_len);
    reply.body = (char *)text;
    reply.headers = headers.data;
    auto_free char *sealed = NULL;
    if (c->seal) {
        uint8_t key[CRYPTO_SHA256_LEN];
        size_t len = 0;
        seal_key(rq, key);
        sealed = xmalloc(reply.body_len + CRYPTO_SEAL_EXTRA + 1);
        sealed[0] = SEALED;
        crypto_seal(key, text, reply.body_len, sealed + 1, &len);
        reply.body = sealed;
        reply.body_len = len + 1;
    }
    return idempotency_finish(db, &request_principal(rq)->token_id, c->key, &reply);
}

static bool is_success(const struct request *rq) {
    int status = request_status(rq);
    return status >= 200 && status <= 299;
}

/* The effect is committed; the answer that was waited for takes the place of the first. */
static void settle_waited(struct request *rq, struct db *db, struct call *c, bool good) {
    if (!c->key[0]) return;
    if (good && keep_answer(rq, db, c))
        log_warn("api", "the waited answer was not kept|request_id=%s error=\"%s\"", request_id(rq),
                 db_last_error(db));
    held_keys_remove(app_of(rq)->held_keys, &request_principal(rq)->token_id, c->key);
}

static enum err settle(struct request *rq, struct db *db, struct call *c, enum err outcome) {
    bool good = !outcome && is_success(rq), keyed = c && c->key[0];
    if (request_is_continued(rq)) {
        if (c) settle_waited(rq, db, c, good);
        return ERR_OK;
    }
    if (!db_in_transaction(db)) return ERR_OK;
    /* Held before the commit makes the key known to others. */
    bool held = good && keyed && request_is_parked(rq);
    if (held) held_keys_add(app_of(rq)->held_keys, &request_principal(rq)->token_id, c->key);
    enum err e = ERR_OK;
    if (good && keyed) e = keep_answer(rq, db, c);
    if (good && !e) e = db_commit(db);
    if (!good || e) db_rollback(db);
    if (held && e) held_keys_remove(app_of(rq)->held_keys, &request_principal(rq)->token_id, c->key);
    return e;
}

enum err call_after(void *app, struct request *rq, void *worker, enum err outcome) {
    (void)app;
    struct db *db = db_of(worker);
    struct call *c = request_user(rq);
    if (outcome == ERR_INTERNAL || outcome == ERR_DATABASE)
        log_error("api", "the request failed|request_id=%s target=\"%s\" error=\"%s\"", request_id(rq),
                  request_target(rq), db_last_error(db));
    if (c && c->replayed) return ERR_OK;
    enum err e = settle(rq, db, c, outcome);
    if (e) {
        log_error("api", "the commit failed|request_id=%s error=\"%s\"", request_id(rq), db_last_error(db));
        return e;
    }
    int n = c ? c->n_after : 0;
    if (c) c->n_after = 0;
    for (int i = 0; i < n && !outcome; i++) c->after[i].fn(rq, c->after[i].arg);
    return ERR_OK;
}
