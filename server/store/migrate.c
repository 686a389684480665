#include "server/store/migrate.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server/base/crypto.h"
#include "server/store/db_query.h"
#include "server/store/housekeeping_store.h"

#define FILE_MAX (1 << 20)
#define HASH_HEX (2 * CRYPTO_SHA256_LEN + 1)
#define LOCK_KEY "7369123480116231" /* of our own; held for the session */

struct migration {
    int32_t version;
    char name[256]; /* the file's name */
    char sha256[HASH_HEX];
    char *sql;
};

struct migrations {
    int32_t n;
    struct migration *list;
};

static enum err fail(struct migrate_report *report, enum err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static enum err fail(struct migrate_report *report, enum err err, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(report->error, sizeof report->error, fmt, args);
    va_end(args);
    return err;
}

/* ---- the folder ---- */

static void migrations_done(struct migrations *m) {
    for (int32_t i = 0; i < m->n; i++) free(m->list[i].sql);
    free(m->list);
}

/* NNNN_verb_noun.sql */
static int is_migration(const struct dirent *entry) {
    const char *name = entry->d_name;
    size_t len = strlen(name);
    if (len < 10 || strcmp(name + len - 4, ".sql") != 0 || name[4] != '_') return 0;
    for (int i = 0; i < 4; i++)
        if (!isdigit((unsigned char)name[i])) return 0;
    return 1;
}

static bool read_file(const char *path, struct buf *ret) {
    char piece[8192];
    ssize_t n;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    while ((n = read(fd, piece, sizeof piece)) > 0 && ret->len <= FILE_MAX) buf_add(ret, piece, (size_t)n);
    if (n == 0 && ret->len > 0 && ret->len <= FILE_MAX) return true;
    if (n >= 0) errno = ret->len == 0 ? ENODATA : EFBIG;
    return false;
}

static enum err read_migration(const char *dir, const char *name, struct migration *ret,
                               struct migrate_report *report) {
    auto_buf struct buf path = BUF_INIT, text = BUF_INIT;
    uint8_t hash[CRYPTO_SHA256_LEN];
    buf_fmt(&path, "%s/%s", dir, name);
    if (!read_file(path.data, &text))
        return fail(report, ERR_UNPROCESSABLE, "%s: %s", path.data, strerror(errno));
    ret->version = atoi(name);
    snprintf(ret->name, sizeof ret->name, "%s", name);
    crypto_sha256(text.data, text.len, hash);
    crypto_hex(hash, sizeof hash, ret->sha256);
    ret->sql = buf_take(&text, NULL);
    return ERR_OK;
}

static enum err read_folder(const char *dir, struct migrations *ret, struct migrate_report *report) {
    struct dirent **entries;
    int n = scandir(dir, &entries, is_migration, alphasort);
    enum err err = ERR_OK;
    if (n < 0) return fail(report, ERR_UNPROCESSABLE, "%s: %s", dir, strerror(errno));
    if (n == 0 || n > MIGRATE_FILES_MAX)
        err = fail(report, ERR_UNPROCESSABLE, "%s: %d files named NNNN_verb_noun.sql", dir, n);
    ret->list = xcalloc((size_t)n + 1, sizeof *ret->list);
    for (int i = 0; i < n; i++) {
        struct migration *m = &ret->list[i];
        if (err == ERR_OK) err = read_migration(dir, entries[i]->d_name, m, report);
        if (err == ERR_OK) ret->n = i + 1;
        if (err == ERR_OK && m->version != i + 1)
            err = fail(report, ERR_UNPROCESSABLE, "%s/%s: expected number %04d here", dir, m->name, i + 1);
        free(entries[i]);
    }
    free(entries);
    return err;
}

/* ---- the database ---- */

static enum err run(struct db *db, const char *what, const char *sql, struct pg_result **ret_result,
                    struct migrate_report *report) {
    enum err err = db_run_text(db, sql, ret_result);
    if (err == ERR_OK) return ERR_OK;
    return fail(report, err == ERR_DATABASE ? ERR_DATABASE : ERR_UNPROCESSABLE, "%s: %s", what,
                db_last_error(db));
}

/* Text results here: db_run_text asks for no binary ones. The caller's row order is the folder's. */
static enum err check_applied(struct db *db, const struct migrations *m, struct migrate_report *report) {
    auto_result struct pg_result *result = NULL;
    enum err err =
        run(db, "schema_migration",
            "SELECT version::text, name, sha256 FROM schema_migration m ORDER BY m.version", &result, report);
    if (err != ERR_OK) return err;
    int32_t n = db_rows(result);
    for (int32_t i = 0; i < n; i++) {
        struct db_reader r = db_reader_at(result, i);
        char version[16], name[256], sha256[HASH_HEX];
        db_get_text(&r, version, sizeof version);
        db_get_text(&r, name, sizeof name);
        db_get_text(&r, sha256, sizeof sha256);
        if (i >= m->n)
            return fail(report, ERR_CONFLICT,
                        "the database has %s, which this program does not know: it is newer", name);
        if (atoi(version) != i + 1 || strcmp(name, m->list[i].name) != 0)
            return fail(report, ERR_CONFLICT, "%s: the database has %s in its place", m->list[i].name, name);
        if (strcmp(sha256, m->list[i].sha256) != 0)
            return fail(report, ERR_CONFLICT, "%s: was changed after it had been applied", name);
        report->version = i + 1;
    }
    return ERR_OK;
}

static enum err apply_one(struct db *db, const struct migration *m, struct migrate_report *report) {
    auto_buf struct buf note = BUF_INIT;
    /* The name has no quote in it only if someone chose it so: checked rather than escaped. */
    if (strchr(m->name, '\'')) return fail(report, ERR_UNPROCESSABLE, "%s: a quote in the name", m->name);
    buf_fmt(&note, "INSERT INTO schema_migration (version, name, sha256) VALUES (%d, '%s', '%s')", m->version,
            m->name, m->sha256);
    enum err err = run(db, m->name, "BEGIN", NULL, report);
    if (err == ERR_OK) err = run(db, m->name, m->sql, NULL, report);
    if (err == ERR_OK) err = run(db, m->name, note.data, NULL, report);
    if (err == ERR_OK) err = run(db, m->name, "COMMIT", NULL, report);
    if (err != ERR_OK) {
        db_rollback(db);
        return err;
    }
    report->version = m->version;
    report->applied++;
    return ERR_OK;
}

/* The partitions of these days. housekeeping_store.c does the same with a prepared statement, which a bare
 * connection has not. */
static enum err ensure_partitions(struct db *db, struct migrate_report *report) {
    auto_buf struct buf sql = BUF_INIT;
    buf_fmt(&sql,
            "SELECT telemetry_ensure(today - CASE WHEN EXISTS (SELECT FROM telemetry_partition) THEN 0 ELSE "
            "%d END,"
            " today + %d) FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t",
            TELEMETRY_DAYS_BACK, TELEMETRY_DAYS_AHEAD);
    return run(db, "telemetry partitions", sql.data, NULL, report);
}

static enum err migrate_locked(struct db *db, const struct migrations *m, struct migrate_report *report) {
    enum err err =
        run(db, "schema_migration",
            "CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY,"
            " name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
            NULL, report);
    if (err == ERR_OK) err = check_applied(db, m, report);
    for (int32_t i = report->version; err == ERR_OK && i < m->n; i++)
        err = apply_one(db, &m->list[i], report);
    if (err == ERR_OK) err = ensure_partitions(db, report);
    return err;
}

enum err migrate_run(struct db *db, const char *schema_dir, struct migrate_report *ret) {
    __attribute__((cleanup(migrations_done))) struct migrations m = {0};
    *ret = (struct migrate_report){0};
    enum err err = read_folder(schema_dir, &m, ret);
    if (err == ERR_OK)
        err = run(db, "lock", "SET statement_timeout = 0; SELECT pg_advisory_lock(" LOCK_KEY ")", NULL, ret);
    if (err != ERR_OK) return err;
    err = migrate_locked(db, &m, ret);
    /* After a lost connection the lock is gone with it. */
    enum err unlocked = db_run_text(db, "SELECT pg_advisory_unlock(" LOCK_KEY ")", NULL);
    (void)unlocked;
    return err;
}
