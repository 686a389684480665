/* A bounded mailbox of small records: many writers, one reader that takes all of it at once. Bytes
 * lie one after another in two buffers that change places, so a record costs no allocation.
 * Thread-safe. */
#ifndef PEDILUVE_SERVER_FLEET_INBOX_H
#define PEDILUVE_SERVER_FLEET_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

struct inbox;

struct inbox_record {
    struct uuid device;
    uint32_t kind, len;
    const char *data; /* within the buffer that was taken; aligned to 8 */
};

/* Full at max_records or max_bytes, whichever comes first. event_fd: an eventfd that is written
 * when the box was empty; -1: inbox_take waits by itself. */
struct inbox *inbox_new(size_t max_records, size_t max_bytes, int event_fd);
void inbox_free(struct inbox *in);

/* False when full or closed: the record is dropped. */
bool inbox_put(struct inbox *in, const struct uuid *device, uint32_t kind, const void *data, size_t len);
/* Wakes the reader for good. */
void inbox_close(struct inbox *in);
bool inbox_is_closed(struct inbox *in);

/* Waits up to timeout_ms for records (0: not at all) and swaps them into *into, whose earlier content goes.
 * The number of records. */
size_t inbox_take(struct inbox *in, int timeout_ms, struct buf *into);
/* Walks what was taken: *at starts at 0. False at the end. */
bool inbox_next(const struct buf *taken, size_t *at, struct inbox_record *ret);
/* Waits for the first record without taking it. False: none came, or closed. */
bool inbox_wait(struct inbox *in, int timeout_ms);
size_t inbox_waiting(struct inbox *in);

#endif
