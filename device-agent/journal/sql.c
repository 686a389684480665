#include "device-agent/journal/sql.h"

#include <stdio.h>

#define SQL_BUSY_MS 5000

/* Small pages: what a commit writes is whole pages, and most of ours change some fifty bytes. The log is
 * bounded in size, and so is the cache. */
static const char settings[] =
    "PRAGMA page_size=1024; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
    "PRAGMA journal_size_limit=1048576; PRAGMA cache_size=-128;";

sqlite3 *sql_open(const char *path, bool full, const char *schema, char error[256]) {
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK;
    /* Memory of its own for small things is 47 KiB a connection; the few statements here are quick without.
     */
    if (ok) sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    ok = ok && sqlite3_busy_timeout(db, SQL_BUSY_MS) == SQLITE_OK;
    ok = ok && sqlite3_exec(db, settings, NULL, NULL, NULL) == SQLITE_OK && sql_sync(db, full);
    ok = ok && sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK;
    if (ok) return db;
    snprintf(error, 256, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_close(db);
    return NULL;
}

bool sql_sync(sqlite3 *db, bool full) {
    const char *text = full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool sql_prepare(sqlite3 *db, const char *const texts[], int n, sqlite3_stmt *ret[], char error[256]) {
    for (int i = 0; i < n; i++) {
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &ret[i], NULL) == SQLITE_OK)
            continue;
        snprintf(error, 256, "%s: %s", sqlite3_errmsg(db), texts[i]);
        sql_finalize(ret, i);
        return false;
    }
    return true;
}

void sql_finalize(sqlite3_stmt *statements[], int n) {
    for (int i = 0; i < n; i++) sqlite3_finalize(statements[i]);
}

void sql_uuid(sqlite3_stmt *s, int at, const struct uuid *id) {
    if (uuid_is_zero(id))
        sqlite3_bind_null(s, at);
    else
        sqlite3_bind_blob(s, at, id->b, sizeof id->b, SQLITE_TRANSIENT);
}

struct uuid sql_get_uuid(sqlite3_stmt *s, int column) {
    struct uuid id = {0};
    if (sqlite3_column_bytes(s, column) == sizeof id.b)
        memcpy(id.b, sqlite3_column_blob(s, column), sizeof id.b);
    return id;
}

bool sql_run(sqlite3_stmt *s) {
    int rc = sqlite3_step(s);
    return sqlite3_reset(s) == SQLITE_OK && rc == SQLITE_DONE;
}

bool sql_row(sqlite3_stmt *s, bool *ok) {
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) *ok = false;
    return rc == SQLITE_ROW;
}
