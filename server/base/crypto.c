/* Thin over libsodium, so that only this file knows it. */
#include "server/base/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

bool crypto_init(void) { return sodium_init() >= 0; }

void crypto_random(void *out, size_t n) { randombytes_buf(out, n); }

void crypto_sha256(const void *data, size_t n, uint8_t ret[CRYPTO_SHA256_LEN]) {
    crypto_hash_sha256(ret, data, n);
}

void crypto_sha256_pieces(const struct crypto_piece *pieces, size_t count, uint8_t ret[CRYPTO_SHA256_LEN]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++) {
        uint8_t len[8];
        for (int k = 0; k < 8; k++) len[k] = (uint8_t)((uint64_t)pieces[i].n >> (8 * k));
        crypto_hash_sha256_update(&state, len, sizeof(len));
        crypto_hash_sha256_update(&state, pieces[i].data, pieces[i].n);
    }
    crypto_hash_sha256_final(&state, ret);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n,
                        uint8_t ret[CRYPTO_SHA256_LEN]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, data, n);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof(state));
}

bool crypto_equal(const void *a, const void *b, size_t n) { return sodium_memcmp(a, b, n) == 0; }

void crypto_wipe(void *p, size_t n) { sodium_memzero(p, n); }

bool crypto_base64url(const void *data, size_t n, char *out, size_t cap) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (n > SIZE_MAX / 4 - 1 || cap < CRYPTO_BASE64_LEN(n)) return false;
    const uint8_t *in = data;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)in[i] << 16;
        if (have > 1) v |= (uint32_t)in[i + 1] << 8;
        if (have > 2) v |= in[i + 2];
        for (size_t k = 0; k <= have; k++) *out++ = alphabet[v >> (18 - 6 * k) & 63];
    }
    *out = '\0';
    return true;
}

static int base64url_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool crypto_base64url_parse(const char *text, size_t len, void *out, size_t cap, size_t *ret_len) {
    if (len % 4 == 1 || len / 4 * 3 + len % 4 * 3 / 4 > cap) return false;
    uint8_t *p = out;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < len; i++) {
        int v = base64url_value(text[i]);
        if (v < 0) return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *p++ = (uint8_t)(bits >> have);
        }
    }
    if (bits & ((1u << have) - 1)) return false; /* two texts must not mean the same bytes */
    *ret_len = (size_t)(p - (uint8_t *)out);
    return true;
}

void crypto_hex(const void *data, size_t n, char *out) {
    const uint8_t *in = data;
    for (size_t i = 0; i < n; i++) {
        *out++ = "0123456789abcdef"[in[i] >> 4];
        *out++ = "0123456789abcdef"[in[i] & 15];
    }
    *out = '\0';
}

_Static_assert(CRYPTO_SEAL_EXTRA == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES, "sealed size");

void crypto_seal(const uint8_t key[CRYPTO_SHA256_LEN], const void *plain, size_t n, void *out,
                 size_t *ret_len) {
    uint8_t *nonce = out;
    randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
    if (crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES, plain, n, nonce, key) != 0) abort();
    *ret_len = n + CRYPTO_SEAL_EXTRA;
}

bool crypto_open(const uint8_t key[CRYPTO_SHA256_LEN], const void *sealed, size_t n, void *out, size_t cap,
                 size_t *ret_len) {
    const uint8_t *nonce = sealed;
    if (n < CRYPTO_SEAL_EXTRA || cap < n - CRYPTO_SEAL_EXTRA) return false;
    if (crypto_secretbox_open_easy(out, nonce + crypto_secretbox_NONCEBYTES, n - crypto_secretbox_NONCEBYTES,
                                   nonce, key) != 0)
        return false;
    *ret_len = n - CRYPTO_SEAL_EXTRA;
    return true;
}

_Static_assert(CRYPTO_PASSWORD_LEN == crypto_pwhash_STRBYTES, "password hash size");

bool crypto_password_hash(const char *password, char ret[CRYPTO_PASSWORD_LEN]) {
    return crypto_pwhash_str_alg(ret, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                 crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool crypto_password_fits(const char *hash, const char *password) {
    /* The same parameters as above, a random salt, and 32 random bytes instead of a hash. */
    static const char nobody[] = CRYPTO_PASSWORD_NUMBERS "9CgOPBbVN64258cAbbAIyQ$"
                                                         "QHipngnHWv2YpMjzRbGFFCVZQ5+ZoEeHVBMnk7xhpZg";
    bool known = hash && hash[0];
    char text[CRYPTO_PASSWORD_LEN] = {0}; /* libsodium reads all of it */
    strncpy(text, known ? hash : nobody, sizeof(text) - 1);
    bool fits = crypto_pwhash_str_verify(text, password, strlen(password)) == 0;
    return known && fits;
}
