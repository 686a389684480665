#include "device-agent/journal/spool.h"

#include <stdio.h>

#include "device-agent/journal/sql.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS boot (num INTEGER PRIMARY KEY AUTOINCREMENT, device BLOB NOT NULL, boot_id "
    "BLOB NOT NULL,"
    " committed INTEGER NOT NULL DEFAULT 0, UNIQUE (device, boot_id));"
    "CREATE TABLE IF NOT EXISTS sample (boot INTEGER, n INTEGER, session_id BLOB, at INTEGER, step INTEGER,"
    " elapsed_ms INTEGER, water_mdegc INTEGER, target_mdegc INTEGER, level_permille INTEGER, current_ma "
    "INTEGER,"
    " heater_permille INTEGER, intensity INTEGER, keep INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (boot, n)) "
    "WITHOUT ROWID;";
/* For a file from before there was this column. */
static const char has_keep[] = "SELECT keep FROM sample LIMIT 0";
static const char add_keep[] = "ALTER TABLE sample ADD COLUMN keep INTEGER NOT NULL DEFAULT 0";

enum {
    BEGIN,
    COMMIT,
    ROLLBACK,
    TIDY,
    PUT_BOOT,
    FIND_BOOT,
    COUNT,
    ADD,
    HEAD,
    READ,
    RELEASE,
    WATERMARK,
    FORGET,
    THIN,
    DROP_BOOT,
    PAGES,
    PAGE_BYTES,
    STATEMENT_COUNT
};
static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [TIDY] = "DELETE FROM boot WHERE device = ?1 AND NOT EXISTS (SELECT 1 FROM sample WHERE boot = num)",
    [PUT_BOOT] = "INSERT OR IGNORE INTO boot (device, boot_id) VALUES (?1, ?2)",
    [FIND_BOOT] = "SELECT num FROM boot WHERE device = ?1 AND boot_id = ?2",
    [COUNT] = "SELECT count(*) FROM sample JOIN boot ON boot.num = sample.boot WHERE boot.device = ?1",
    [ADD] = "INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [HEAD] = "SELECT boot_id, committed, coalesce((SELECT max(n) FROM sample WHERE boot = num), 0) FROM boot"
             " WHERE device = ?1 ORDER BY num LIMIT 1",
    [READ] =
        "SELECT n, session_id, at, step, elapsed_ms, water_mdegc, target_mdegc, level_permille, current_ma,"
        " heater_permille, intensity FROM sample WHERE boot = ?1 AND n >= ?2 ORDER BY n LIMIT ?3",
    [RELEASE] = "DELETE FROM sample WHERE boot = ?1 AND n <= ?2",
    [WATERMARK] = "UPDATE boot SET committed = max(committed, ?2) WHERE num = ?1",
    [FORGET] = "DELETE FROM boot WHERE num = ?1",
    [THIN] = "DELETE FROM sample WHERE (boot, n) IN (SELECT boot, n FROM sample WHERE boot IN (SELECT num "
             "FROM boot"
             " WHERE device = ?1) AND keep <= ?2 AND (?3 = 0 OR n % ?3 <> 0)"
             " AND n < (SELECT max(n) FROM sample AS other WHERE other.boot = sample.boot) ORDER BY boot, n "
             "LIMIT ?4)",
    [DROP_BOOT] = "DELETE FROM sample WHERE boot = (SELECT min(num) FROM boot WHERE device = ?1 AND EXISTS"
                  " (SELECT 1 FROM sample WHERE boot = num))",
    [PAGES] = "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM"
              " pragma_freelist_count)",
    [PAGE_BYTES] = "SELECT page_size FROM pragma_page_size",
};

/* What may go, one after the other: samples with at most this `keep`, but every so manieth. 0: all of them.
 */
static const struct { int keep, every; } thinning[] = {{0, 10}, {0, 100}, {0, 0}, {1, 0}};

#define ADDS_A_LOOK 16 /* samples added between two looks at the size: less than two pages */
#define LOTS_A_LOOK 64 /* at most; the next look goes on */
#define SPARE_PAGES 64 /* beyond bytes_max, until SQLite itself says that the disk is full */

struct spool_device {
    struct spool_device *next;
    struct uuid id;
    int64_t boot;          /* the present one */
    int64_t count, before; /* samples in the spool; and when the transaction began */
};

struct spool {
    sqlite3 *db;
    sqlite3_stmt *s[STATEMENT_COUNT];
    struct spool_device *devices;
    int64_t bytes_max, page_bytes;
    int64_t adds, given_up, given_up_before;
    bool open; /* a transaction; SQLite ends one by itself when the disk is full */
};

/* One number of a statement's first row; fallback: no row. */
static bool number(sqlite3_stmt *s, int64_t fallback, int64_t *ret) {
    bool ok = true;
    *ret = sql_row(s, &ok) ? sqlite3_column_int64(s, 0) : fallback;
    sqlite3_reset(s);
    return ok;
}

static bool prepare(struct spool *s, char error[256]) {
    char text[64];
    bool ok = sqlite3_exec(s->db, has_keep, NULL, NULL, NULL) == SQLITE_OK ||
              sqlite3_exec(s->db, add_keep, NULL, NULL, NULL) == SQLITE_OK;
    if (!ok) snprintf(error, 256, "%s", sqlite3_errmsg(s->db));
    if (!ok || !sql_prepare(s->db, texts, STATEMENT_COUNT, s->s, error)) return false;
    ok = number(s->s[PAGE_BYTES], 0, &s->page_bytes) && s->page_bytes > 0;
    snprintf(text, sizeof text, "PRAGMA max_page_count=%lld",
             (long long)(ok ? s->bytes_max / s->page_bytes + SPARE_PAGES : 0));
    if (ok && sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK) return true;
    snprintf(error, 256, "%s", sqlite3_errmsg(s->db));
    sql_finalize(s->s, STATEMENT_COUNT);
    return false;
}

struct spool *spool_open(const char *path, int64_t bytes_max, char error[256]) {
    struct spool *s = xcalloc(1, sizeof *s);
    s->bytes_max = bytes_max;
    s->db = sql_open(path, false, schema, error);
    if (s->db && prepare(s, error)) return s;
    sqlite3_close(s->db);
    free(s);
    return NULL;
}

void spool_close(struct spool *s) {
    if (!s) return;
    while (s->devices) {
        struct spool_device *d = s->devices;
        s->devices = d->next;
        free(d);
    }
    sql_finalize(s->s, STATEMENT_COUNT);
    sqlite3_close(s->db);
    free(s);
}

static bool find_boot(struct spool *s, const struct uuid *device, const struct uuid *boot_id, int64_t *ret) {
    sql_uuid(s->s[FIND_BOOT], 1, device);
    sql_uuid(s->s[FIND_BOOT], 2, boot_id);
    return number(s->s[FIND_BOOT], 0, ret) && *ret > 0;
}

struct spool_device *spool_device(struct spool *s, const struct uuid *device, const struct uuid *boot_id) {
    struct spool_device *d = xcalloc(1, sizeof *d);
    d->id = *device;
    sql_uuid(s->s[PUT_BOOT], 1, device);
    sql_uuid(s->s[PUT_BOOT], 2, boot_id);
    sql_uuid(s->s[COUNT], 1, device);
    sql_uuid(s->s[TIDY], 1, device);
    if (!sql_run(s->s[TIDY]) || !sql_run(s->s[PUT_BOOT]) || !find_boot(s, device, boot_id, &d->boot) ||
        !number(s->s[COUNT], 0, &d->count)) {
        free(d);
        return NULL;
    }
    d->before = d->count;
    d->next = s->devices;
    s->devices = d;
    return d;
}

bool spool_begin(struct spool *s) {
    if (!sql_run(s->s[BEGIN])) return false;
    for (struct spool_device *d = s->devices; d; d = d->next) d->before = d->count;
    s->given_up_before = s->given_up;
    s->open = true;
    return true;
}

void spool_rollback(struct spool *s) {
    if (!s->open) return;
    s->open = false;
    if (!sqlite3_get_autocommit(s->db)) (void)!sql_run(s->s[ROLLBACK]);
    for (struct spool_device *d = s->devices; d; d = d->next) d->count = d->before;
    s->given_up = s->given_up_before;
}

bool spool_commit(struct spool *s) {
    if (sqlite3_get_autocommit(s->db) || !sql_run(s->s[COMMIT])) {
        spool_rollback(s);
        return false;
    }
    s->open = false;
    return true;
}

static bool release(struct spool *s, struct spool_device *d, int64_t boot, int64_t n) {
    sqlite3_bind_int64(s->s[RELEASE], 1, boot);
    sqlite3_bind_int64(s->s[RELEASE], 2, n);
    if (!sql_run(s->s[RELEASE])) return false;
    d->count -= sqlite3_changes(s->db);
    return true;
}

/* ---- full ---- */

static int64_t used_bytes(struct spool *s) {
    int64_t pages;
    return number(s->s[PAGES], 0, &pages) ? pages * s->page_bytes : 0;
}

/* Samples that went; -1: it failed. */
static int64_t count_gone(struct spool *s, struct spool_device *d, bool ok) {
    if (!ok) return -1;
    int64_t n = sqlite3_changes(s->db);
    d->count -= n;
    s->given_up += n;
    return n;
}

static int64_t give_up(struct spool *s, struct spool_device *d) {
    int64_t n = 0;
    for (size_t i = 0; n == 0 && i < COUNT_OF(thinning); i++) {
        sql_uuid(s->s[THIN], 1, &d->id);
        sqlite3_bind_int(s->s[THIN], 2, thinning[i].keep);
        sqlite3_bind_int(s->s[THIN], 3, thinning[i].every);
        sqlite3_bind_int(s->s[THIN], 4, SPOOL_LOT);
        n = count_gone(s, d, sql_run(s->s[THIN]));
    }
    if (n != 0) return n;
    sql_uuid(s->s[DROP_BOOT], 1, &d->id);
    return count_gone(s, d, sql_run(s->s[DROP_BOOT]));
}

static struct spool_device *fullest(struct spool *s) {
    struct spool_device *most = s->devices;
    for (struct spool_device *d = s->devices; d; d = d->next)
        if (d->count > most->count) most = d;
    return most;
}

static bool make_room(struct spool *s) {
    int64_t n = 1;
    for (int i = 0; n > 0 && i < LOTS_A_LOOK && used_bytes(s) >= s->bytes_max; i++)
        n = give_up(s, fullest(s));
    return n >= 0;
}

void spool_stats(struct spool *s, struct spool_stats *ret) {
    *ret = (struct spool_stats){.bytes = used_bytes(s), .bytes_max = s->bytes_max, .given_up = s->given_up};
    for (struct spool_device *d = s->devices; d; d = d->next) ret->samples += d->count;
}

/* ---- samples ---- */

bool spool_add(struct spool *s, struct spool_device *d, int64_t n, const struct uuid *session_id, bool keep,
               const struct message_sample *m) {
    if (s->adds++ % ADDS_A_LOOK == 0 && !make_room(s)) return false;
    sqlite3_stmt *add = s->s[ADD];
    const int32_t values[] = {m->step,           m->elapsed_ms, m->water_mdegc,     m->target_mdegc,
                              m->level_permille, m->current_ma, m->heater_permille, m->intensity};
    sqlite3_bind_int64(add, 1, d->boot);
    sqlite3_bind_int64(add, 2, n);
    sql_uuid(add, 3, session_id);
    sqlite3_bind_int64(add, 4, m->at);
    for (size_t i = 0; i < COUNT_OF(values); i++) sqlite3_bind_int(add, 5 + (int)i, values[i]);
    sqlite3_bind_int(add, 13, keep);
    if (!sql_run(add)) return false;
    d->count++;
    return true;
}

bool spool_head(struct spool *s, struct spool_device *d, struct uuid *ret_boot, int64_t *ret_committed,
                int64_t *ret_last) {
    bool ok = true;
    sql_uuid(s->s[HEAD], 1, &d->id);
    bool found = sql_row(s->s[HEAD], &ok);
    if (found) {
        *ret_boot = sql_get_uuid(s->s[HEAD], 0);
        *ret_committed = sqlite3_column_int64(s->s[HEAD], 1);
        *ret_last = sqlite3_column_int64(s->s[HEAD], 2);
        if (*ret_last < *ret_committed) *ret_last = *ret_committed;
    }
    sqlite3_reset(s->s[HEAD]);
    return ok && found;
}

static void read_sample(sqlite3_stmt *row, struct message_sample *m) {
    int c = 2;
    m->at = sqlite3_column_int64(row, c++);
    m->step = sqlite3_column_int(row, c++);
    m->elapsed_ms = sqlite3_column_int(row, c++);
    m->water_mdegc = sqlite3_column_int(row, c++);
    m->target_mdegc = sqlite3_column_int(row, c++);
    m->level_permille = sqlite3_column_int(row, c++);
    m->current_ma = sqlite3_column_int(row, c++);
    m->heater_permille = sqlite3_column_int(row, c++);
    m->intensity = sqlite3_column_int(row, c++);
}

bool spool_read(struct spool *s, struct spool_device *d, const struct uuid *boot_id, int64_t from,
                int32_t most, struct message_telemetry *ret) {
    int64_t boot;
    bool ok = true;
    if (!find_boot(s, &d->id, boot_id, &boot)) return false;
    sqlite3_stmt *row = s->s[READ];
    sqlite3_bind_int64(row, 1, boot);
    sqlite3_bind_int64(row, 2, from);
    sqlite3_bind_int(row, 3, most < PROTO_SAMPLES_MAX ? most : PROTO_SAMPLES_MAX);
    ret->boot_id = *boot_id;
    ret->n_samples = 0;
    while (sql_row(row, &ok)) {
        int64_t n = sqlite3_column_int64(row, 0);
        struct uuid session = sql_get_uuid(row, 1);
        if (ret->n_samples == 0) {
            ret->n = n;
            ret->lost = n - from;
            ret->session_id = session;
        } else if (n != ret->n + ret->n_samples || !uuid_equal(&session, &ret->session_id)) {
            break;
        }
        read_sample(row, &ret->samples[ret->n_samples++]);
    }
    sqlite3_reset(row);
    return ok && ret->n_samples > 0;
}

bool spool_release(struct spool *s, struct spool_device *d, const struct uuid *boot_id, int64_t n,
                   bool forget_boot) {
    int64_t boot;
    if (!find_boot(s, &d->id, boot_id, &boot) || !release(s, d, boot, n)) return false;
    sqlite3_bind_int64(s->s[WATERMARK], 1, boot);
    sqlite3_bind_int64(s->s[WATERMARK], 2, n);
    if (!sql_run(s->s[WATERMARK])) return false;
    if (!forget_boot || boot == d->boot) return true;
    if (!release(s, d, boot, INT64_MAX)) return false;
    sqlite3_bind_int64(s->s[FORGET], 1, boot);
    return sql_run(s->s[FORGET]);
}
