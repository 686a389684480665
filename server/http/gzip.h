/* gzip, with compressors that are used again: making one costs more than a small answer. */
#ifndef PEDILUVE_SERVER_HTTP_GZIP_H
#define PEDILUVE_SERVER_HTTP_GZIP_H

#include "base/buf.h"

struct gzip_pool;
struct gzip_pool *gzip_pool_new(void);
void gzip_pool_free(struct gzip_pool *p);

/* Replaces *out by the compressed data. False: it would not be smaller. Thread-safe. */
bool gzip_pack(struct gzip_pool *p, const void *data, size_t len, struct buf *out);

/* Whether an Accept-Encoding header (NULL: none) accepts gzip, or another encoding by its name. */
bool gzip_is_accepted(const char *accept_encoding);
bool gzip_is_other_accepted(const char *accept_encoding, const char *name);

#endif
