/* What handlers look up before they act. */
#ifndef PEDILUVE_SERVER_API_LOOKUP_H
#define PEDILUVE_SERVER_API_LOOKUP_H

#include <string.h>

#include "server/api/app.h"
#include "server/store/device_store.h"

/* The registered row of a device that the caller may see: from memory, else from the database (made by
 * another replica). ERR_NOT_FOUND. */
must_use enum err lookup_device(struct request *rq, void *worker, const struct uuid *id,
                                struct device_row *ret);

/* If-Match as the stores want it: the version, 0 for `*`. 428, 412 as request_if_match. */
must_use enum err lookup_if_match(struct request *rq, int64_t *ret_version);

/* For resources whose entity tag is not a number. ERR_OK: If-Match is `*` or names `tag`. */
must_use enum err lookup_if_match_tag(struct request *rq, const char *tag);
/* Entity tags "v<version>.<anything>": the version alone counts. As lookup_if_match. */
must_use enum err lookup_if_match_v(struct request *rq, int64_t *ret_version);

/* Adds every error to the problem document and returns e. */
enum err lookup_fail_all(struct request *rq, enum err e, const struct field_errors *errors);

/* Bit of an optional enum filter: 0 when absent. */
static inline uint32_t lookup_bit(bool has, int value) { return has ? 1u << value : 0; }

/* Copies a decoded text (char[N], NUL-terminated) into an array that is no smaller. */
#define lookup_copy(to, from)                                                                                \
    do {                                                                                                     \
        _Static_assert(sizeof(to) >= sizeof(from), "the text must fit");                                     \
        memcpy(to, from, sizeof(from));                                                                      \
    } while (0)

#endif
