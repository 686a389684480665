/* One connection to PostgreSQL, and what every user of the stores needs to know of it: opening,
 * transactions, and what went wrong. A struct db belongs to one thread at a time.
 *
 * Every store function takes a struct db first and returns
 *   ERR_OK            done;
 *   ERR_NOT_FOUND     no such thing within the scope;
 *   ERR_DATABASE      no connection, a lost one, a deadlock, a timeout: the transaction (if any) is gone;
 *   what the database refused (see db_error.c): ERR_DEVICE_BUSY, ERR_CLEANING_DUE, ERR_OUT_OF_SERVICE,
 *   ERR_WRONG_STATE, ERR_VERSION_PUBLISHED, ERR_CONFLICT (unique), ERR_UNPROCESSABLE (check, reference);
 *   ERR_INTERNAL      a statement is wrong: a bug, see db_last_error().
 * Results are written on ERR_OK only. Times are wall milliseconds; 0 stands for NULL. Ids zero likewise.
 */
#ifndef PEDILUVE_SERVER_STORE_DB_H
#define PEDILUVE_SERVER_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

struct db;

struct db_config {
    const char *conninfo;         /* libpq connection string or URL; several hosts are fine */
    const char *application_name; /* NULL: "pediluved" */
    int32_t connect_timeout_ms;   /* 0: 3000; counted in whole seconds, at least 2 */
    int32_t statement_timeout_ms; /* 0: LIMIT_DB_TIMEOUT_MS; -1: none */
    bool bare;                    /* prepare no statements: for migrate_run, which meets an empty database */
};

/* Copies the configuration; does not connect. */
struct db *db_new(const struct db_config *config);
void db_free(struct db *db); /* NULL is legal; rolls back by closing */
AUTO_DEFINE(struct db *, db_free)
#define auto_db auto_call(db_free_p)

/* Connects now and prepares every statement of every store in one round trip, so that a schema that
 * has drifted fails here (ERR_INTERNAL, names the statement). Not needed: the first call connects.
 * After a failure the next attempts are refused at once (ERR_DATABASE) until a back-off has passed:
 * 50 ms, doubling up to 2 s. */
must_use enum err db_connect(struct db *db);
must_use enum err db_ping(struct db *db); /* one round trip; for /readyz */

/* A transaction around several store calls. BEGIN travels with the first statement, COMMIT with what was
 * deferred: neither costs a round trip of its own but the last. Inside a transaction a failed call
 * leaves it failed: db_rollback, then start again. Not nestable. db_rollback without a transaction is
 * legal and does nothing, so it can stand on every error path. */
void db_begin(struct db *db);
must_use enum err db_commit(struct db *db);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);

/* For the log line at the edge: what PostgreSQL said of the last failure, on one line; "" after none.
 * Valid until the next call. */
const char *db_last_error(const struct db *db);

/* Round trips made so far; tests hold use cases to their number. */
int64_t db_round_trips(const struct db *db);

#endif
