/* list name, key and a short checksum of both. The checksum is no secret: it tells accident and
 * tampering from a cursor of ours; what a cursor may show is decided by the query's scope. */
#include <assert.h>
#include <string.h>

#include "server/base/crypto.h"
#include "server/http/request.h"

#define CURSOR_KEY_MAX 96
#define CURSOR_SUM 8

static void checksum(const char *list, const void *key, size_t size, uint8_t ret[CURSOR_SUM]) {
    const struct crypto_piece pieces[] = {{"pediluve cursor 1", 17}, {list, strlen(list)}, {key, size}};
    uint8_t hash[CRYPTO_SHA256_LEN];
    crypto_sha256_pieces(pieces, COUNT_OF(pieces), hash);
    memcpy(ret, hash, CURSOR_SUM);
}

void cursor_encode(const char *list, const void *key, size_t size, char out[CURSOR_TEXT_MAX]) {
    assert(size > 0 && size <= CURSOR_KEY_MAX);
    uint8_t bytes[CURSOR_KEY_MAX + CURSOR_SUM];
    memcpy(bytes, key, size);
    checksum(list, key, size, bytes + size);
    bool ok = crypto_base64url(bytes, size + CURSOR_SUM, out, CURSOR_TEXT_MAX);
    assert(ok);
    (void)ok;
}

enum err cursor_decode(const char *list, const char *text, void *ret_key, size_t size) {
    assert(size > 0 && size <= CURSOR_KEY_MAX);
    uint8_t bytes[CURSOR_KEY_MAX + CURSOR_SUM], sum[CURSOR_SUM];
    size_t len;
    if (!crypto_base64url_parse(text, strlen(text), bytes, sizeof(bytes), &len)) return ERR_INVALID_CURSOR;
    if (len != size + CURSOR_SUM) return ERR_INVALID_CURSOR;
    checksum(list, bytes, size, sum);
    if (memcmp(sum, bytes + size, CURSOR_SUM)) return ERR_INVALID_CURSOR;
    memcpy(ret_key, bytes, size);
    return ERR_OK;
}
