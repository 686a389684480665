/* Fast compression: answers are small and made once. */
#include "server/http/gzip.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/auto.h"

#define GZIP_KEPT 4 /* idle compressors that are kept, of 128 kB each */

struct gzip_pool {
    pthread_mutex_t lock;
    int n;
    z_stream *idle[GZIP_KEPT];
};

struct gzip_pool *gzip_pool_new(void) {
    struct gzip_pool *p = xcalloc(1, sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void compressor_free(z_stream *z) {
    deflateEnd(z);
    free(z);
}

void gzip_pool_free(struct gzip_pool *p) {
    if (!p) return;
    for (int i = 0; i < p->n; i++) compressor_free(p->idle[i]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static z_stream *take(struct gzip_pool *p) {
    pthread_mutex_lock(&p->lock);
    z_stream *z = p->n > 0 ? p->idle[--p->n] : NULL;
    pthread_mutex_unlock(&p->lock);
    if (z) {
        deflateReset(z);
        return z;
    }
    z = xcalloc(1, sizeof(*z));
    /* window 2^14 with a gzip header (+16), memory level 7: 128 kB */
    if (deflateInit2(z, 1, Z_DEFLATED, 14 + 16, 7, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    return z;
}

static void give_back(struct gzip_pool *p, z_stream *z) {
    pthread_mutex_lock(&p->lock);
    bool kept = p->n < GZIP_KEPT;
    if (kept) p->idle[p->n++] = z;
    pthread_mutex_unlock(&p->lock);
    if (!kept) compressor_free(z);
}

bool gzip_pack(struct gzip_pool *p, const void *data, size_t len, struct buf *out) {
    buf_reset(out);
    if (len < 64 || len > UINT32_MAX / 2) return false;
    z_stream *z = take(p);
    z->next_in = (Bytef *)(uintptr_t)data;
    z->avail_in = (uInt)len;
    char piece[4096];
    int state;
    do {
        z->next_out = (Bytef *)piece;
        z->avail_out = sizeof(piece);
        state = deflate(z, Z_FINISH);
        buf_add(out, piece, sizeof(piece) - z->avail_out);
    } while (state == Z_OK && out->len < len);
    give_back(p, z);
    return state == Z_STREAM_END && out->len < len;
}

bool gzip_is_accepted(const char *accept_encoding) { return gzip_is_other_accepted(accept_encoding, "gzip"); }

bool gzip_is_other_accepted(const char *accept_encoding, const char *wanted) {
    size_t wanted_len = strlen(wanted);
    for (const char *p = accept_encoding; p && *p;) {
        p += strspn(p, ", \t");
        size_t item = strcspn(p, ",");
        size_t name = strcspn(p, ",; \t");
        if (name == wanted_len && !strncasecmp(p, wanted, name)) {
            const char *q = memmem(p, item, "q=", 2);
            return !q || strtod(q + 2, NULL) > 0;
        }
        p += item;
    }
    return false;
}
