/* Brings the database to this program's schema: NNNN_verb_noun.sql of a folder, in order, forward only. */
#ifndef PEDILUVE_SERVER_STORE_MIGRATE_H
#define PEDILUVE_SERVER_STORE_MIGRATE_H

#include "server/store/db.h"

#define MIGRATE_FILES_MAX 1000

struct migrate_report {
    int32_t version; /* of the schema now */
    int32_t applied; /* files applied by this run */
    char error[400]; /* on failure: what is wrong, naming the file; "" on success */
};

/* Under an advisory lock (others wait for us and then find nothing to do); each file in a transaction of its
 * own with its row in schema_migration {version, name, sha256, applied_at}. Then makes sure of the
 * telemetry partitions. db is a bare connection (struct db_config). *ret is written always.
 *   ERR_CONFLICT   an applied file was changed, removed or renamed; the database is newer than the folder
 *   ERR_UNPROCESSABLE  the folder cannot be read, its numbers have gaps or doubles; a file's SQL failed
 *   ERR_DATABASE   no connection */
must_use enum err migrate_run(struct db *db, const char *schema_dir, struct migrate_report *ret);

#endif
