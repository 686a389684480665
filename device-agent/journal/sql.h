/* Thin helpers over SQLite: statements that are prepared once, bound by position, reset after use. */
#ifndef PEDILUVE_AGENT_JOURNAL_SQL_H
#define PEDILUVE_AGENT_JOURNAL_SQL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/uuid.h"

/* Opens (making it if need be) in WAL mode. full: every commit is on the disk before it returns;
 * otherwise a commit survives the process but maybe not the power. NULL: error says why. */
sqlite3 *sql_open(const char *path, bool full, const char *schema, char error[256]);
must_use bool sql_sync(sqlite3 *db, bool full); /* of the commits from now on; not within a transaction */
/* Prepares texts[i] into ret[i]; false: error says why and nothing is left prepared. */
must_use bool sql_prepare(sqlite3 *db, const char *const texts[], int n, sqlite3_stmt *ret[],
                          char error[256]);
void sql_finalize(sqlite3_stmt *statements[], int n);

void sql_uuid(sqlite3_stmt *s, int at, const struct uuid *id); /* zero: NULL */
struct uuid sql_get_uuid(sqlite3_stmt *s, int column);         /* NULL: zero */
/* Runs a statement that gives no rows, and resets it. */
must_use bool sql_run(sqlite3_stmt *s);
/* True: a row is there. *ok is cleared on an error. The caller resets. */
must_use bool sql_row(sqlite3_stmt *s, bool *ok);

#endif
