/* What these tests share: files in a folder of their own, children that are killed, a disk that is full. */
#ifndef PEDILUVE_TESTS_IO_FIXTURE_H
#define PEDILUVE_TESTS_IO_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

extern char io_path[64]; /* of the database under test */
void io_begin(void);
void io_end(void);
struct uuid io_id(uint32_t n); /* the same n, the same id */

/* Runs work in a child that is killed -9 as soon as work has returned. */
void io_kill9_after(void (*work)(void));
/* From now on no file of this process may grow, or again may. */
void io_disk_full(bool full);

#endif
