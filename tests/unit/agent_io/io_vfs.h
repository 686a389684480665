/* A disk that fails when told to: a layer over SQLite's own files. Every write, truncation and sync counts as
 * one operation, and the test chooses which one goes wrong, and how. It also plays a loss of power: what was
 * not synced is then on the disk, or not, or in part, as the seed has it. One thread. */
#ifndef PEDILUVE_TESTS_IO_VFS_H
#define PEDILUVE_TESTS_IO_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum io_vfs_fault {
    IO_VFS_NONE,
    IO_VFS_ERROR_ONCE, /* that operation fails, those after it do not */
    IO_VFS_FULL_ONCE,  /* the same, as a full disk says it; a sync fails with an error */
    IO_VFS_FULL,       /* that one and all after it */
    IO_VFS_TORN,       /* half of it is done, then it fails, and so do all after it */
    IO_VFS_POWER       /* nothing reaches the files any more; then io_vfs_power_loss */
};

struct io_vfs_counts {
    int64_t operations, writes, bytes, syncs;
};

void io_vfs_begin(void); /* from now on all databases are opened on this disk */
/* Counts from 0 again; the operation with number `at` (from 1) goes wrong. */
void io_vfs_arm(enum io_vfs_fault fault, int64_t at);
bool io_vfs_struck(void); /* it did */
struct io_vfs_counts io_vfs_counts(void);
/* With all databases closed: leaves of what was not synced what the seed says, and heals the disk. */
void io_vfs_power_loss(uint64_t seed);

#endif
