/* Numbers and times as PostgreSQL's binary form has them: big-endian; microseconds since 2000. For db_*.c
 * and the COPY of telemetry. Each writer returns where the next byte goes. */
#ifndef PEDILUVE_SERVER_STORE_DB_WIRE_H
#define PEDILUVE_SERVER_STORE_DB_WIRE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DB_WIRE_EPOCH_MS INT64_C(946684800000) /* 2000-01-01T00:00:00Z */

static inline int64_t db_wire_time(int64_t wall_ms) { return (wall_ms - DB_WIRE_EPOCH_MS) * 1000; }

/* Rounds down, so that a time read back is never later than the one stored. */
static inline int64_t db_wire_time_ms(int64_t us) {
    return (us >= 0 ? us / 1000 : -((999 - us) / 1000)) + DB_WIRE_EPOCH_MS;
}

static inline char *db_wire_i16(char *to, int16_t v) {
    uint16_t be = htobe16((uint16_t)v);
    memcpy(to, &be, 2);
    return to + 2;
}

static inline char *db_wire_i32(char *to, int32_t v) {
    uint32_t be = htobe32((uint32_t)v);
    memcpy(to, &be, 4);
    return to + 4;
}

static inline char *db_wire_i64(char *to, int64_t v) {
    uint64_t be = htobe64((uint64_t)v);
    memcpy(to, &be, 8);
    return to + 8;
}

/* A field: its length, then its bytes. */
static inline char *db_wire_field(char *to, const void *bytes, size_t n) {
    to = db_wire_i32(to, (int32_t)n);
    memcpy(to, bytes, n);
    return to + n;
}

static inline char *db_wire_field_i32(char *to, int32_t v) { return db_wire_i32(db_wire_i32(to, 4), v); }

static inline char *db_wire_field_i64(char *to, int64_t v) { return db_wire_i64(db_wire_i32(to, 8), v); }

static inline char *db_wire_null(char *to) { return db_wire_i32(to, -1); }

#endif
