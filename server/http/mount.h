/* Mounted files, held in memory. Immutable once made: any thread. */
#ifndef PEDILUVE_SERVER_HTTP_MOUNT_H
#define PEDILUVE_SERVER_HTTP_MOUNT_H

#include "server/http/gzip.h"
#include "server/http/http.h"

#define MOUNT_FILE_MAX (4 * 1024 * 1024)
#define MOUNT_FILES_MAX 1000 /* of a folder whose files are not named */

struct mount_file {
    char *url;
    const char *content_type, *csp;
    char *data, *zipped, *brotli; /* zipped NULL: not smaller; brotli NULL: none beside it */
    size_t len, zipped_len, brotli_len;
    char etag[33];
    bool is_redirect; /* "/docs": data is where to */
    bool immutable;
};

struct mount_set;
/* NULL: *ret_error says which file cannot be read. */
struct mount_set *mount_set_new(const struct mount *mounts, size_t n, struct gzip_pool *gzip,
                                char ret_error[256]);
void mount_set_free(struct mount_set *s);
const struct mount_file *mount_find(const struct mount_set *s, const char *path, size_t len);

#endif
