/* Tokens, from memory where it can be: a small table of buckets under one lock each. */
#include "server/api/auth.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "server/api/app.h"
#include "server/base/crypto.h"

#define BUCKETS 256
#define WAYS 8 /* tokens remembered in a bucket; the oldest gives way */
#define SECRET_BYTES 32
#define SECRET_TEXT 43

struct entry {
    int64_t until_ms; /* monotonic; 0: free */
    bool known;       /* false: the database has no such token */
    struct uuid id;
    uint8_t hash[TOKEN_HASH_LEN];
    int64_t expires_at; /* wall; 0: never */
    struct principal principal;
};

struct bucket {
    pthread_mutex_t lock;
    struct entry entries[WAYS];
};

struct budget { /* of lookups that found nothing */
    pthread_mutex_t lock;
    int64_t second; /* monotonic, that `misses` counts for */
    int misses;
};

struct auth {
    struct bucket buckets[BUCKETS];
    struct budget tokens, links;
    atomic_int hashing;
};

struct auth *auth_new(void) {
    struct auth *a = xcalloc(1, sizeof(*a));
    for (int i = 0; i < BUCKETS; i++) pthread_mutex_init(&a->buckets[i].lock, NULL);
    pthread_mutex_init(&a->tokens.lock, NULL);
    pthread_mutex_init(&a->links.lock, NULL);
    return a;
}

void auth_free(struct auth *a) {
    if (!a) return;
    for (int i = 0; i < BUCKETS; i++) pthread_mutex_destroy(&a->buckets[i].lock);
    pthread_mutex_destroy(&a->tokens.lock);
    pthread_mutex_destroy(&a->links.lock);
    free(a);
}

static struct bucket *bucket_of(struct auth *a, const struct uuid *id) {
    return &a->buckets[id->b[15]]; /* the last byte of a version 7 id is random */
}

/* "pdl_<32 hex>_<43 base64url>": false for anything else. */
static bool parse(const char *text, size_t len, struct uuid *ret_id, const char **ret_secret) {
    if (len != AUTH_TOKEN_LEN || memcmp(text, "pdl_", 4) != 0 || text[36] != '_') return false;
    for (int i = 0; i < 32; i++) {
        char c = text[4 + i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return false;
        ret_id->b[i / 2] = (uint8_t)(ret_id->b[i / 2] << 4 | digit);
    }
    *ret_secret = text + 37;
    return true;
}

static enum http_auth judge(const struct entry *e, const uint8_t hash[TOKEN_HASH_LEN],
                            struct principal *ret) {
    bool same = crypto_equal(e->hash, hash, TOKEN_HASH_LEN);
    if (!e->known || !same) return HTTP_AUTH_REFUSED;
    if (e->expires_at && e->expires_at <= clock_wall_ms()) return HTTP_AUTH_REFUSED;
    *ret = e->principal;
    return HTTP_AUTH_OK;
}

static enum http_auth from_memory(struct auth *a, const struct uuid *id, const uint8_t hash[TOKEN_HASH_LEN],
                                  struct principal *ret) {
    struct bucket *b = bucket_of(a, id);
    enum http_auth answer = HTTP_AUTH_ASK;
    int64_t now = clock_mono_ms();
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < WAYS && answer == HTTP_AUTH_ASK; i++)
        if (b->entries[i].until_ms > now && uuid_equal(&b->entries[i].id, id))
            answer = judge(&b->entries[i], hash, ret);
    pthread_mutex_unlock(&b->lock);
    return answer;
}

static void remember(struct auth *a, const struct entry *e) {
    struct bucket *b = bucket_of(a, &e->id);
    pthread_mutex_lock(&b->lock);
    struct entry *place = &b->entries[0];
    for (int i = 0; i < WAYS; i++) {
        struct entry *x = &b->entries[i];
        if (uuid_equal(&x->id, &e->id)) {
            place = x;
            break;
        }
        if (x->until_ms < place->until_ms) place = x;
    }
    *place = *e;
    pthread_mutex_unlock(&b->lock);
}

void auth_forget(struct auth *a, const struct uuid *token_id) {
    struct bucket *b = bucket_of(a, token_id);
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < WAYS; i++)
        if (uuid_equal(&b->entries[i].id, token_id)) b->entries[i] = (struct entry){0};
    pthread_mutex_unlock(&b->lock);
}

void auth_forget_user(struct auth *a, const struct uuid *user_id) {
    for (int k = 0; k < BUCKETS; k++) {
        struct bucket *b = &a->buckets[k];
        pthread_mutex_lock(&b->lock);
        for (int i = 0; i < WAYS; i++)
            if (uuid_equal(&b->entries[i].principal.user_id, user_id)) b->entries[i] = (struct entry){0};
        pthread_mutex_unlock(&b->lock);
    }
}

/* Whether one more unknown secret may cost a query now; count: this one did. */
static bool may_miss(struct budget *b, bool count) {
    int64_t second = clock_mono_ms() / 1000;
    pthread_mutex_lock(&b->lock);
    if (b->second != second) {
        b->second = second;
        b->misses = 0;
    }
    b->misses += count;
    bool may = b->misses < AUTH_MISSES_PER_S;
    pthread_mutex_unlock(&b->lock);
    return may;
}

bool auth_may_look_up_link(struct auth *a) { return may_miss(&a->links, false); }

void auth_missed_link(struct auth *a) { may_miss(&a->links, true); }

static enum http_auth from_database(struct auth *a, struct db *db, const struct uuid *id,
                                    const uint8_t hash[TOKEN_HASH_LEN], struct principal *ret) {
    if (!may_miss(&a->tokens, false)) return HTTP_AUTH_TOO_MANY;
    struct token_row row = {0};
    struct entry e = {.until_ms = clock_mono_ms() + AUTH_TTL_MS, .id = *id};
    switch (token_get(db, id, &row)) {
    case ERR_OK:
        e.known = row.revoked_at == 0;
        e.expires_at = row.expires_at;
        memcpy(e.hash, row.secret_hash, TOKEN_HASH_LEN);
        e.principal.token_id = row.id;
        e.principal.user_id = row.user_id;
        memcpy(e.principal.name, row.name, sizeof(e.principal.name));
        e.principal.role = (enum role)row.role;
        e.principal.scope = row.sites;
        break;
    case ERR_NOT_FOUND: break;
    default: return HTTP_AUTH_UNAVAILABLE;
    }
    if (!e.known) may_miss(&a->tokens, true);
    remember(a, &e);
    enum http_auth answer = judge(&e, hash, ret);
    bool stale = answer == HTTP_AUTH_OK && !uuid_is_zero(&row.user_id) &&
                 row.seen_at < clock_wall_ms() - INT64_C(1000) * TOKEN_SEEN_S;
    if (stale && token_seen(db, id)) return HTTP_AUTH_UNAVAILABLE;
    return answer;
}

enum http_auth auth_check(void *app, const char *token, size_t len, void *worker, struct principal *ret) {
    struct auth *a = ((struct api *)app)->auth;
    struct uuid id = {0};
    const char *secret = NULL;
    if (!parse(token, len, &id, &secret)) return HTTP_AUTH_REFUSED;
    uint8_t hash[TOKEN_HASH_LEN];
    crypto_sha256(secret, SECRET_TEXT, hash);
    return worker ? from_database(a, db_of(worker), &id, hash, ret) : from_memory(a, &id, hash, ret);
}

void auth_make(struct token_row *row, char ret_token[AUTH_TOKEN_LEN + 1]) {
    uint8_t secret[SECRET_BYTES];
    crypto_random(secret, sizeof(secret));
    row->id = uuid_new();
    memcpy(ret_token, "pdl_", 4);
    crypto_hex(row->id.b, sizeof(row->id.b), ret_token + 4);
    ret_token[36] = '_';
    if (!crypto_base64url(secret, sizeof(secret), ret_token + 37, SECRET_TEXT + 1)) abort();
    crypto_sha256(ret_token + 37, SECRET_TEXT, row->secret_hash);
    crypto_wipe(secret, sizeof(secret));
}

void auth_make_code(char ret_code[AUTH_CODE_LEN + 1], uint8_t ret_hash[TOKEN_HASH_LEN]) {
    uint8_t secret[SECRET_BYTES];
    crypto_random(secret, sizeof(secret));
    if (!crypto_base64url(secret, sizeof(secret), ret_code, AUTH_CODE_LEN + 1)) abort();
    crypto_sha256(ret_code, AUTH_CODE_LEN, ret_hash);
    crypto_wipe(secret, sizeof(secret));
}

bool auth_hash_begin(struct auth *a) {
    if (atomic_fetch_add(&a->hashing, 1) < AUTH_HASHES_MAX) return true;
    auth_hash_end(a);
    return false;
}

void auth_hash_end(struct auth *a) { atomic_fetch_sub(&a->hashing, 1); }
