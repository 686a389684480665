#include "io_vfs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define FILES_MAX 8
#define SECTOR 512

struct change { /* not yet synced; bytes NULL: a truncation to `at` */
    int64_t at;
    int len;
    char *bytes;
};

struct disk_file {
    char path[512];
    char *synced; /* what surely is on the disk */
    int64_t synced_len;
    struct change *changes;
    int n_changes, cap;
};

struct open_file {
    sqlite3_file base;
    struct disk_file *disk; /* NULL: not watched */
    sqlite3_file real[];
};

static struct {
    sqlite3_vfs *under;
    enum io_vfs_fault fault;
    int64_t at;
    bool struck;
    struct io_vfs_counts counts;
    struct disk_file files[FILES_MAX];
} disk;

#define REAL(f) (((struct open_file *)(f))->real)

/* ---- what the power would leave ---- */

static struct disk_file *disk_file(const char *path) {
    for (int i = 0; i < FILES_MAX; i++) {
        struct disk_file *d = &disk.files[i];
        if (d->path[0] && strcmp(d->path, path) != 0) continue;
        snprintf(d->path, sizeof d->path, "%s", path);
        return d;
    }
    cr_assert(false, "too many files");
    return NULL;
}

static void forget_changes(struct disk_file *d) {
    for (int i = 0; i < d->n_changes; i++) free(d->changes[i].bytes);
    d->n_changes = 0;
}

static void change(struct disk_file *d, int64_t at, const void *bytes, int len) {
    if (!d) return;
    if (d->n_changes == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 64;
        d->changes = xrealloc(d->changes, (size_t)d->cap * sizeof *d->changes);
    }
    struct change *c = &d->changes[d->n_changes++];
    *c = (struct change){.at = at, .len = len, .bytes = bytes ? xmalloc((size_t)len) : NULL};
    if (bytes) memcpy(c->bytes, bytes, (size_t)len);
}

static void resize(char **content, int64_t *len, int64_t wanted) {
    if (wanted > *len) {
        *content = xrealloc(*content, (size_t)wanted);
        memset(*content + *len, 0, (size_t)(wanted - *len));
    }
    *len = wanted;
}

static void apply(char **content, int64_t *len, const struct change *c, int part) {
    if (!c->bytes) {
        resize(content, len, c->at);
        return;
    }
    if (part <= 0) return;
    if (c->at + part > *len) resize(content, len, c->at + part);
    memcpy(*content + c->at, c->bytes, (size_t)part);
}

static void synced(struct disk_file *d) {
    for (int i = 0; d && i < d->n_changes; i++)
        apply(&d->synced, &d->synced_len, &d->changes[i], d->changes[i].len);
    if (d) forget_changes(d);
}

static uint64_t next(uint64_t *seed) {
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return *seed >> 33;
}

void io_vfs_power_loss(uint64_t seed) {
    for (int i = 0; i < FILES_MAX && disk.files[i].path[0]; i++) {
        struct disk_file *d = &disk.files[i];
        for (int c = 0; c < d->n_changes; c++) {
            const struct change *x = &d->changes[c];
            int sectors = x->len / SECTOR + 1;
            uint64_t lot = next(&seed) % 4; /* there, there, not there, in part */
            int part = lot < 2 ? x->len : lot == 2 ? 0 : (int)(next(&seed) % (uint64_t)sectors) * SECTOR;
            if (x->bytes || lot < 2) apply(&d->synced, &d->synced_len, x, part);
        }
        forget_changes(d);
        if (access(d->path, F_OK) != 0) continue; /* was deleted */
        int fd = open(d->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        cr_assert(fd >= 0 && write(fd, d->synced, (size_t)d->synced_len) == d->synced_len);
        close(fd);
    }
    io_vfs_arm(IO_VFS_NONE, 0);
}

/* ---- operations ---- */

/* SQLITE_OK, or how this operation fails. */
static int operation(int error) {
    disk.counts.operations++;
    bool now = disk.counts.operations == disk.at, later = disk.struck && disk.counts.operations > disk.at;
    if (disk.fault == IO_VFS_NONE || !(now || later)) return SQLITE_OK;
    disk.struck = true;
    bool once = disk.fault == IO_VFS_ERROR_ONCE || disk.fault == IO_VFS_FULL_ONCE;
    if (later && once) return SQLITE_OK;
    bool full = disk.fault == IO_VFS_FULL_ONCE || disk.fault == IO_VFS_FULL;
    return full && error == SQLITE_IOERR_WRITE ? SQLITE_FULL : error;
}

static int x_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at) {
    struct open_file *o = (struct open_file *)f;
    int rc = operation(SQLITE_IOERR_WRITE);
    bool torn = rc != SQLITE_OK && disk.fault == IO_VFS_TORN && disk.counts.operations == disk.at;
    if (torn) len /= 2;
    if (rc != SQLITE_OK && !torn) return rc;
    disk.counts.writes++;
    disk.counts.bytes += len;
    change(o->disk, at, bytes, len);
    int done = REAL(f)->pMethods->xWrite(REAL(f), bytes, len, at);
    return rc != SQLITE_OK ? rc : done;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int rc = operation(SQLITE_IOERR_TRUNCATE);
    if (rc != SQLITE_OK) return rc;
    change(((struct open_file *)f)->disk, size, NULL, 0);
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int x_sync(sqlite3_file *f, int flags) {
    (void)flags; /* the page cache serves as the disk: a real sync would only take time */
    int rc = operation(SQLITE_IOERR_FSYNC);
    if (rc != SQLITE_OK) return rc;
    disk.counts.syncs++;
    synced(((struct open_file *)f)->disk);
    return SQLITE_OK;
}

static int x_close(sqlite3_file *f) {
    return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}
static int x_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    return REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}
static int x_size(sqlite3_file *f, sqlite3_int64 *ret) { return REAL(f)->pMethods->xFileSize(REAL(f), ret); }
static int x_lock(sqlite3_file *f, int kind) { return REAL(f)->pMethods->xLock(REAL(f), kind); }
static int x_unlock(sqlite3_file *f, int kind) { return REAL(f)->pMethods->xUnlock(REAL(f), kind); }
static int x_reserved(sqlite3_file *f, int *ret) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int x_control(sqlite3_file *f, int op, void *arg) {
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int x_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int x_traits(sqlite3_file *f) { return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f)); }

static const sqlite3_io_methods methods = {.iVersion = 1,
                                           .xClose = x_close,
                                           .xRead = x_read,
                                           .xWrite = x_write,
                                           .xTruncate = x_truncate,
                                           .xSync = x_sync,
                                           .xFileSize = x_size,
                                           .xLock = x_lock,
                                           .xUnlock = x_unlock,
                                           .xCheckReservedLock = x_reserved,
                                           .xFileControl = x_control,
                                           .xSectorSize = x_sector,
                                           .xDeviceCharacteristics = x_traits};

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out_flags) {
    (void)v;
    struct open_file *o = (struct open_file *)f;
    o->disk = name ? disk_file(name) : NULL;
    if (o->disk && access(name, F_OK) != 0) { /* made anew */
        forget_changes(o->disk);
        o->disk->synced_len = 0;
    }
    int rc = disk.under->xOpen(disk.under, name, REAL(f), flags, out_flags);
    f->pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

void io_vfs_begin(void) {
    static sqlite3_vfs shim;
    disk.under = sqlite3_vfs_find(NULL);
    shim = *disk.under;
    shim.szOsFile = (int)sizeof(struct open_file) + disk.under->szOsFile;
    shim.zName = "failing";
    shim.pNext = NULL;
    shim.xOpen = x_open;
    cr_assert(sqlite3_vfs_register(&shim, 1) == SQLITE_OK);
    io_vfs_arm(IO_VFS_NONE, 0);
}

void io_vfs_arm(enum io_vfs_fault fault, int64_t at) {
    disk.fault = fault;
    disk.at = at;
    disk.struck = false;
    disk.counts = (struct io_vfs_counts){0};
}

bool io_vfs_struck(void) { return disk.struck; }
struct io_vfs_counts io_vfs_counts(void) {
    return disk.counts;
}
