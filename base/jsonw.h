/* Writes JSON straight into a buf: no tree, no allocation beyond the buffer. The caller keeps the
 * nesting right; asserts catch what only a programmer can break. Key NULL inside arrays and for
 * the top value. */
#ifndef PEDILUVE_BASE_JSONW_H
#define PEDILUVE_BASE_JSONW_H

#include "base/buf.h"
#include "base/uuid.h"

#define JSONW_DEPTH_MAX 16

struct jsonw {
    struct buf *out;
    int depth;
    bool comma[JSONW_DEPTH_MAX];
};

void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);
void jsonw_str(struct jsonw *w, const char *key, const char *value); /* NULL writes null */
void jsonw_strn(struct jsonw *w, const char *key, const char *value, size_t len);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);
void jsonw_uuid(struct jsonw *w, const char *key, const struct uuid *id);       /* zero id: null */
void jsonw_time(struct jsonw *w, const char *key, int64_t wall_ms);             /* 0: null */
void jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t len); /* valid JSON */
/* Thousandths as a decimal number: 38125 -> 38.125, 38500 -> 38.5. Exact, no floating point. */
void jsonw_milli(struct jsonw *w, const char *key, int64_t thousandths);

#endif
