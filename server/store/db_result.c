/* Reads results in PostgreSQL's binary form. The types are those of our own statements, so a width that
 * does not fit is a programmer's mistake: asserted. */
#include <assert.h>
#include <libpq-fe.h>
#include <string.h>

#include "server/store/db_query.h"
#include "server/store/db_wire.h"

void db_result_free(struct pg_result *result) { PQclear(result); }

int32_t db_rows(const struct pg_result *result) { return PQntuples(result); }

/* The next column's bytes; NULL for NULL. */
static const char *step(struct db_reader *r, size_t *ret_len) {
    int col = r->col++;
    assert(r->row < PQntuples(r->result) && col < PQnfields(r->result));
    *ret_len = (size_t)PQgetlength(r->result, r->row, col);
    return PQgetisnull(r->result, r->row, col) ? NULL : PQgetvalue(r->result, r->row, col);
}

static const char *step_fixed(struct db_reader *r, size_t want) {
    size_t len;
    const char *value = step(r, &len);
    assert(!value || len == want);
    (void)want;
    return value;
}

bool db_next_is_null(const struct db_reader *r) { return PQgetisnull(r->result, r->row, r->col); }

void db_skip(struct db_reader *r, int n) { r->col += n; }

bool db_get_bool(struct db_reader *r) {
    const char *v = step_fixed(r, 1);
    return v && *v;
}

int32_t db_get_i32_or(struct db_reader *r, int32_t when_null) {
    uint32_t be;
    const char *v = step_fixed(r, sizeof be);
    if (!v) return when_null;
    memcpy(&be, v, sizeof be);
    return (int32_t)be32toh(be);
}

int32_t db_get_i32(struct db_reader *r) { return db_get_i32_or(r, 0); }

int64_t db_get_i64(struct db_reader *r) {
    uint64_t be;
    const char *v = step_fixed(r, sizeof be);
    if (!v) return 0;
    memcpy(&be, v, sizeof be);
    return (int64_t)be64toh(be);
}

int64_t db_get_time(struct db_reader *r) {
    if (!db_next_is_null(r)) return db_wire_time_ms(db_get_i64(r));
    db_skip(r, 1);
    return 0;
}

struct uuid db_get_uuid(struct db_reader *r) {
    struct uuid id = {0};
    const char *v = step_fixed(r, sizeof id.b);
    if (v) memcpy(id.b, v, sizeof id.b);
    return id;
}

void db_get_text(struct db_reader *r, char *out, size_t size) {
    size_t len;
    const char *v = step(r, &len);
    if (!v) len = 0;
    if (len >= size) len = size - 1;
    if (len > 0) memcpy(out, v, len);
    out[len] = '\0';
}

static char *copy(const char *bytes, size_t len) {
    char *text = xmalloc(len + 1);
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

char *db_get_json(struct db_reader *r) {
    size_t len;
    const char *v = step(r, &len);
    if (!v) return NULL;
    assert(len > 1 && v[0] == 1); /* jsonb begins with the number of its form */
    return copy(v + 1, len - 1);
}

void db_get_bytes(struct db_reader *r, void *out, size_t n) {
    const char *v = step_fixed(r, n);
    if (v)
        memcpy(out, v, n);
    else
        memset(out, 0, n);
}

char *db_get_blob(struct db_reader *r, size_t *ret_len) {
    size_t len;
    const char *v = step(r, &len);
    *ret_len = v ? len : 0;
    return v ? copy(v, len) : NULL;
}

int32_t db_get_name(struct db_reader *r, const char *const names[]) {
    size_t len;
    const char *v = step(r, &len);
    for (int32_t i = 0; v && names[i]; i++)
        if (strncmp(names[i], v, len) == 0 && names[i][len] == '\0') return i;
    assert(!"a name that the schema's check does not know");
    return 0;
}

int32_t db_get_i32s(struct db_reader *r, int32_t out[], int32_t cap) {
    size_t len;
    const char *v = step(r, &len);
    int32_t n = 0;
    if (!v || len < 20) return 0; /* an empty array has no dimension */
    for (const char *at = v + 20; at + 8 <= v + len && n < cap; at += 8) {
        uint32_t be;
        memcpy(&be, at + 4, sizeof be);
        out[n++] = (int32_t)be32toh(be);
    }
    return n;
}

int32_t db_get_uuids(struct db_reader *r, struct uuid out[], int32_t cap) {
    size_t len;
    const char *v = step(r, &len);
    int32_t n = 0;
    if (!v || len < 20) return 0; /* an empty array has no dimension */
    for (const char *at = v + 20; at + 20 <= v + len && n < cap; at += 20) memcpy(out[n++].b, at + 4, 16);
    return n;
}
