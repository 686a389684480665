/* Parameters of statements, in PostgreSQL's binary form. */
#include <assert.h>
#include <endian.h>

#include "base/auto.h"
#include "server/store/db_query.h"
#include "server/store/db_wire.h"

/* Element type oids of arrays (fixed in PostgreSQL's catalogue). */
enum { OID_INT8 = 20, OID_TEXT = 25, OID_UUID = 2950 };

static int next(struct db_params *p) {
    assert(p->n < DB_PARAMS_MAX);
    return p->n++;
}

static void put(struct db_params *p, const void *bytes, size_t n) {
    int i = next(p);
    assert(n <= sizeof p->cell[i]);
    memcpy(p->cell[i], bytes, n);
    p->value[i] = (const char *)p->cell[i];
    p->length[i] = (int)n;
    p->format[i] = 1;
}

void db_params_done(struct db_params *p) {
    for (int i = 0; i < p->n; i++) free(p->owned[i]);
    p->n = 0;
}

void db_put_null(struct db_params *p) {
    int i = next(p);
    p->value[i] = NULL;
    p->length[i] = 0;
    p->format[i] = 1;
}

void db_put_bool(struct db_params *p, bool v) { put(p, &(uint8_t){v}, 1); }

void db_put_i32(struct db_params *p, int32_t v) { put(p, &(uint32_t){htobe32((uint32_t)v)}, 4); }

void db_put_i64(struct db_params *p, int64_t v) { put(p, &(uint64_t){htobe64((uint64_t)v)}, 8); }

void db_put_time(struct db_params *p, int64_t wall_ms) {
    if (wall_ms == 0)
        db_put_null(p);
    else
        db_put_i64(p, db_wire_time(wall_ms));
}

void db_put_uuid(struct db_params *p, const struct uuid *id) {
    if (!id || uuid_is_zero(id))
        db_put_null(p);
    else
        put(p, id->b, 16);
}

void db_put_after(struct db_params *p, const struct uuid *id) { put(p, id->b, 16); }

void db_put_before(struct db_params *p, const struct uuid *id) {
    struct uuid last;
    memset(last.b, 0xff, sizeof last.b);
    put(p, uuid_is_zero(id) ? last.b : id->b, 16);
}

void db_put_text(struct db_params *p, const char *text) {
    int i = next(p);
    p->value[i] = text;
    p->length[i] = 0;
    p->format[i] = 0; /* text form: jsonb takes it as well */
}

void db_put_bytes(struct db_params *p, const void *bytes, size_t n) {
    int i = next(p);
    p->value[i] = bytes;
    p->length[i] = (int)n;
    p->format[i] = 1;
}

/* ---- arrays: dimensions, has-null flag, element type, then length and lower bound ---- */

static char *array_begin(struct db_params *p, uint32_t element_oid, int32_t n, size_t bytes) {
    int i = next(p);
    char *a = p->owned[i] = xmalloc(20 + bytes);
    p->value[i] = a;
    p->length[i] = (int)(20 + bytes);
    p->format[i] = 1;
    a = db_wire_i32(a, 1);
    a = db_wire_i32(a, 0);
    a = db_wire_i32(a, (int32_t)element_oid);
    a = db_wire_i32(a, n);
    return db_wire_i32(a, 1);
}

void db_put_uuids(struct db_params *p, const struct uuid ids[], int32_t n, size_t stride) {
    char *a = array_begin(p, OID_UUID, n, (size_t)n * 20);
    for (int32_t i = 0; i < n; i++)
        a = db_wire_field(a, ((const struct uuid *)((const char *)ids + (size_t)i * stride))->b, 16);
}

void db_put_i64s(struct db_params *p, const int64_t values[], int32_t n, size_t stride) {
    char *a = array_begin(p, OID_INT8, n, (size_t)n * 12);
    for (int32_t i = 0; i < n; i++)
        a = db_wire_field_i64(a, *(const int64_t *)((const char *)values + (size_t)i * stride));
}

void db_put_scope(struct db_params *p, const struct scope *scope) {
    if (scope->all)
        db_put_null(p);
    else
        db_put_uuids(p, scope->sites, scope->n, sizeof scope->sites[0]);
}

void db_put_names(struct db_params *p, const char *const names[], uint32_t mask) {
    size_t bytes = 0;
    int32_t n = 0;
    if (mask == 0) {
        db_put_null(p);
        return;
    }
    for (int i = 0; names[i]; i++)
        if (mask & 1u << i) n++, bytes += 4 + strlen(names[i]);
    char *a = array_begin(p, OID_TEXT, n, bytes);
    for (int i = 0; names[i]; i++)
        if (mask & 1u << i) a = db_wire_field(a, names[i], strlen(names[i]));
}

void db_put_actor(struct db_params *p, const struct actor *actor) {
    struct uuid id = uuid_new();
    db_put_uuid(p, &id);
    db_put_uuid(p, &actor->token_id);
    db_put_text(p, actor->name);
    db_put_text(p, actor->request_id ? actor->request_id : "");
}
