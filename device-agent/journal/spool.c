#include "device-agent/journal/spool.h"

#include "device-agent/journal/sql.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS boot (num INTEGER PRIMARY KEY AUTOINCREMENT, device BLOB NOT NULL, boot_id "
    "BLOB NOT NULL,"
    " committed INTEGER NOT NULL DEFAULT 0, UNIQUE (device, boot_id));"
    "CREATE TABLE IF NOT EXISTS sample (boot INTEGER, n INTEGER, session_id BLOB, at INTEGER, step INTEGER,"
    " elapsed_ms INTEGER, water_mdegc INTEGER, target_mdegc INTEGER, level_permille INTEGER, current_ma "
    "INTEGER,"
    " heater_permille INTEGER, intensity INTEGER, PRIMARY KEY (boot, n)) WITHOUT ROWID;";

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
    OLDEST,
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
    [ADD] = "INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [HEAD] = "SELECT boot_id, committed, coalesce((SELECT max(n) FROM sample WHERE boot = num), 0) FROM boot"
             " WHERE device = ?1 ORDER BY num LIMIT 1",
    [READ] =
        "SELECT n, session_id, at, step, elapsed_ms, water_mdegc, target_mdegc, level_permille, current_ma,"
        " heater_permille, intensity FROM sample WHERE boot = ?1 AND n >= ?2 ORDER BY n LIMIT ?3",
    [RELEASE] = "DELETE FROM sample WHERE boot = ?1 AND n <= ?2",
    [WATERMARK] = "UPDATE boot SET committed = max(committed, ?2) WHERE num = ?1",
    [FORGET] = "DELETE FROM boot WHERE num = ?1",
    [OLDEST] =
        "SELECT boot, n FROM sample WHERE boot = (SELECT min(num) FROM boot WHERE device = ?1 AND EXISTS"
        " (SELECT 1 FROM sample WHERE boot = num)) ORDER BY n LIMIT 1 OFFSET ?2",
};

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
    int64_t samples_max;
    bool open; /* a transaction; SQLite ends one by itself when the disk is full */
};

struct spool *spool_open(const char *path, int64_t samples_max, char error[256]) {
    struct spool *s = xcalloc(1, sizeof *s);
    s->samples_max = samples_max;
    s->db = sql_open(path, false, schema, error);
    if (s->db && sql_prepare(s->db, texts, STATEMENT_COUNT, s->s, error)) return s;
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

/* One number of a statement's first row; fallback: no row. */
static bool number(sqlite3_stmt *s, int64_t fallback, int64_t *ret) {
    bool ok = true;
    *ret = sql_row(s, &ok) ? sqlite3_column_int64(s, 0) : fallback;
    sqlite3_reset(s);
    return ok;
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
    s->open = true;
    return true;
}

void spool_rollback(struct spool *s) {
    if (!s->open) return;
    s->open = false;
    if (!sqlite3_get_autocommit(s->db)) (void)!sql_run(s->s[ROLLBACK]);
    for (struct spool_device *d = s->devices; d; d = d->next) d->count = d->before;
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

/* The oldest boot's oldest samples; a boot with fewer than a lot gives all it has. */
static bool drop_oldest(struct spool *s, struct spool_device *d) {
    bool ok = true, found = false;
    int64_t boot = 0, n = INT64_MAX;
    for (int offset = SPOOL_DROP_N - 1; ok && !found && offset >= 0; offset -= SPOOL_DROP_N - 1) {
        sql_uuid(s->s[OLDEST], 1, &d->id);
        sqlite3_bind_int(s->s[OLDEST], 2, offset);
        found = sql_row(s->s[OLDEST], &ok);
        if (found) {
            boot = sqlite3_column_int64(s->s[OLDEST], 0);
            n = offset ? sqlite3_column_int64(s->s[OLDEST], 1) : INT64_MAX;
        }
        sqlite3_reset(s->s[OLDEST]);
    }
    return ok && (!found || release(s, d, boot, n));
}

bool spool_add(struct spool *s, struct spool_device *d, int64_t n, const struct uuid *session_id,
               const struct message_sample *m) {
    if (d->count >= s->samples_max && !drop_oldest(s, d)) return false;
    sqlite3_stmt *add = s->s[ADD];
    const int32_t values[] = {m->step,           m->elapsed_ms, m->water_mdegc,     m->target_mdegc,
                              m->level_permille, m->current_ma, m->heater_permille, m->intensity};
    sqlite3_bind_int64(add, 1, d->boot);
    sqlite3_bind_int64(add, 2, n);
    sql_uuid(add, 3, session_id);
    sqlite3_bind_int64(add, 4, m->at);
    for (size_t i = 0; i < COUNT_OF(values); i++) sqlite3_bind_int(add, 5 + (int)i, values[i]);
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
