/* For the stores only: statements, their parameters and results on a struct db. Binary both ways. */
#ifndef PEDILUVE_SERVER_STORE_DB_QUERY_H
#define PEDILUVE_SERVER_STORE_DB_QUERY_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"

struct pg_result; /* libpq's PGresult */

/* A store keeps its statements in one table that ends with {0}, named in db_statements.c. */
struct db_statement {
    const char *name, *sql;
};
extern const struct db_statement *const db_statements[]; /* every store's table; NULL-terminated */

/* ---- parameters: put in the order of $1, $2, ... ---- */

#define DB_PARAMS_MAX 36
struct db_params {
    int n;
    const char *value[DB_PARAMS_MAX];
    int length[DB_PARAMS_MAX], format[DB_PARAMS_MAX];
    uint8_t cell[DB_PARAMS_MAX][16]; /* scalars */
    char *owned[DB_PARAMS_MAX];      /* arrays */
};
void db_params_done(struct db_params *p);
#define auto_params __attribute__((cleanup(db_params_done)))

void db_put_null(struct db_params *p);
void db_put_bool(struct db_params *p, bool v);
void db_put_i32(struct db_params *p, int32_t v);
void db_put_i64(struct db_params *p, int64_t v);
void db_put_time(struct db_params *p, int64_t wall_ms);              /* 0: NULL */
void db_put_uuid(struct db_params *p, const struct uuid *id);        /* NULL or zero: NULL */
void db_put_after(struct db_params *p, const struct uuid *id);       /* zero stays zero: ascending pages */
void db_put_before(struct db_params *p, const struct uuid *id);      /* zero: the highest id */
void db_put_text(struct db_params *p, const char *text);             /* also jsonb; NULL: NULL; borrowed */
void db_put_bytes(struct db_params *p, const void *bytes, size_t n); /* borrowed */
void db_put_scope(struct db_params *p, const struct scope *scope);   /* uuid[]; all sites: NULL */
void db_put_uuids(struct db_params *p, const struct uuid ids[], int32_t n, size_t stride);
void db_put_i64s(struct db_params *p, const int64_t values[], int32_t n, size_t stride);
void db_put_names(struct db_params *p, const char *const names[], uint32_t mask); /* text[]; 0: NULL */

/* Every changing statement begins with these four, $1 to $4, and writes its audit row with DB_AUDIT:
 *     "aud AS (" DB_AUDIT "'site.create', 'site', id::text, id, jsonb_build_object('name', name) FROM s)" */
void db_put_actor(struct db_params *p, const struct actor *actor);
#define DB_AUDIT                                                                                             \
    "INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, "        \
    "site_id, "                                                                                              \
    "detail) SELECT $1::uuid, $2::uuid, $3::text, $4::text, "
/* Whether column site is within the scope given as parameter n (a uuid[] or NULL). */
#define DB_IN_SCOPE(n, site) "($" #n "::uuid[] IS NULL OR " site " = ANY($" #n "))"

/* ---- running ---- */

/* Runs one prepared statement; *ret_result is to be freed (auto_result). Opens the transaction asked for
 * by db_begin in the same round trip. */
must_use enum err db_run(struct db *db, const struct db_statement *st, const struct db_params *p,
                         struct pg_result **ret_result);
/* Inside a transaction: copies and keeps it for db_commit. Outside: runs it. At most DB_DEFERRED_MAX. */
#define DB_DEFERRED_MAX 4
must_use enum err db_defer(struct db *db, const struct db_statement *st, const struct db_params *p);
/* Plain SQL without parameters, maybe several statements (migrations). */
must_use enum err db_run_text(struct db *db, const char *sql, struct pg_result **ret_result);
/* COPY ... FROM STDIN inside a transaction of the caller. A failed one breaks the transaction. */
must_use enum err db_copy_begin(struct db *db, const char *sql);
must_use enum err db_copy_data(struct db *db, const char *bytes, size_t n);
must_use enum err db_copy_end(struct db *db);

/* ---- results ---- */

void db_result_free(struct pg_result *result);
AUTO_DEFINE(struct pg_result *, db_result_free)
#define auto_result auto_call(db_result_free_p)

int32_t db_rows(const struct pg_result *result);

/* Reads one row's columns from left to right; a NULL column reads as 0, "", false or NULL. */
struct db_reader {
    const struct pg_result *result;
    int row, col;
};
static inline struct db_reader db_reader_at(const struct pg_result *result, int row) {
    return (struct db_reader){result, row, 0};
}
bool db_next_is_null(const struct db_reader *r); /* does not step */
void db_skip(struct db_reader *r, int n);
bool db_get_bool(struct db_reader *r);
int32_t db_get_i32(struct db_reader *r);
int32_t db_get_i32_or(struct db_reader *r, int32_t when_null);
int64_t db_get_i64(struct db_reader *r);
int64_t db_get_time(struct db_reader *r);
struct uuid db_get_uuid(struct db_reader *r);
void db_get_text(struct db_reader *r, char *out, size_t size); /* cut at size - 1; the schema bounds it */
char *db_get_json(struct db_reader *r);                        /* jsonb; owned by the caller; NULL for NULL */
void db_get_bytes(struct db_reader *r, void *out, size_t n);   /* exactly n */
char *db_get_blob(struct db_reader *r, size_t *ret_len);       /* owned, NUL-terminated; NULL for NULL */
int32_t db_get_name(struct db_reader *r,
                    const char *const names[]); /* index of the text; asserted to be one */
int32_t db_get_i32s(struct db_reader *r, int32_t out[], int32_t cap); /* of an int4 array without NULLs */
int32_t db_get_uuids(struct db_reader *r, struct uuid out[], int32_t cap);

/* ---- errors ---- */

/* What a refusal means to the caller; *ret_reconnect: the connection is not worth keeping. */
enum err db_error_map(const char *sqlstate, const char *constraint, bool *ret_reconnect);

#endif
