/* Hashes, random bytes and their text forms. Thread-safe once crypto_init has returned. */
#ifndef PEDILUVE_SERVER_BASE_CRYPTO_H
#define PEDILUVE_SERVER_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define CRYPTO_SHA256_LEN 32

must_use bool crypto_init(void); /* at start; false: no source of randomness. May be called again */

void crypto_random(void *out, size_t n);
void crypto_sha256(const void *data, size_t n, uint8_t ret[CRYPTO_SHA256_LEN]);

/* SHA-256 over several pieces, each preceded by its length, so that no two lists collide. */
struct crypto_piece {
    const void *data;
    size_t n;
};
void crypto_sha256_pieces(const struct crypto_piece *pieces, size_t count, uint8_t ret[CRYPTO_SHA256_LEN]);

void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n,
                        uint8_t ret[CRYPTO_SHA256_LEN]);

bool crypto_equal(const void *a, const void *b, size_t n); /* in constant time */
void crypto_wipe(void *p, size_t n);

/* base64url without padding (RFC 4648 section 5). Encoding n bytes takes CRYPTO_BASE64_LEN(n) with the
 * NUL; false when cap is too small. Decoding is strict: only that alphabet, no padding, no stray
 * bits; writes at most cap bytes. */
#define CRYPTO_BASE64_LEN(n) (((n)*4 + 2) / 3 + 1)
must_use bool crypto_base64url(const void *data, size_t n, char *out, size_t cap);
must_use bool crypto_base64url_parse(const char *text, size_t len, void *out, size_t cap, size_t *ret_len);

/* Lower-case hexadecimal; out has 2 * n + 1 bytes. */
void crypto_hex(const void *data, size_t n, char *out);

/* Authenticated encryption (XSalsa20-Poly1305) under a 32-byte key, with a random nonce of its own in
 * front. Sealing writes n + CRYPTO_SEAL_EXTRA bytes; opening needs room for as many bytes as it reads
 * and gives the plain ones; false: not sealed with this key, or changed since. */
#define CRYPTO_SEAL_EXTRA 40
void crypto_seal(const uint8_t key[CRYPTO_SHA256_LEN], const void *plain, size_t n, void *out,
                 size_t *ret_len);
must_use bool crypto_open(const uint8_t key[CRYPTO_SHA256_LEN], const void *sealed, size_t n, void *out,
                          size_t cap, size_t *ret_len);

/* Passwords by Argon2id, at libsodium's limits for people who wait (64 MiB, two passes): some 0.1 s of a
 * processor each, so never on an HTTP thread, and few at a time. false: no memory for it. */
#define CRYPTO_PASSWORD_NUMBERS "$argon2id$v=19$m=65536,t=2,p=1$"
#define CRYPTO_PASSWORD_LEN 128 /* of the hash as text, with its NUL */
must_use bool crypto_password_hash(const char *password, char ret[CRYPTO_PASSWORD_LEN]);
/* hash NULL or "": compares with a hash that nothing fits, at the same cost. */
must_use bool crypto_password_fits(const char *hash, const char *password);

#endif
