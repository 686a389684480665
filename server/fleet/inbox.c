#include "server/fleet/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/auto.h"

#define KEEP_BYTES 262144 /* a buffer grown by a burst is given back above this */

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct buf bytes;
    size_t records, max_records, max_bytes;
    int event_fd;
    bool closed;
};

struct head { /* before each record; 24 bytes, so that the data stays aligned to 8 */
    struct uuid device;
    uint32_t kind, len;
};

static size_t padded(size_t len) { return (len + 7) & ~(size_t)7; }

struct inbox *inbox_new(size_t max_records, size_t max_bytes, int event_fd) {
    struct inbox *in = xcalloc(1, sizeof *in);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&in->filled, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&in->lock, NULL);
    in->max_records = max_records;
    in->max_bytes = max_bytes;
    in->event_fd = event_fd;
    return in;
}

void inbox_free(struct inbox *in) {
    if (!in) return;
    buf_done(&in->bytes);
    pthread_mutex_destroy(&in->lock);
    pthread_cond_destroy(&in->filled);
    free(in);
}

bool inbox_put(struct inbox *in, const struct uuid *device, uint32_t kind, const void *data, size_t len) {
    struct head head = {*device, kind, (uint32_t)len};
    pthread_mutex_lock(&in->lock);
    bool room = !in->closed && in->records < in->max_records &&
                in->bytes.len + sizeof head + padded(len) <= in->max_bytes;
    bool first = room && in->records == 0;
    if (room) {
        buf_add(&in->bytes, &head, sizeof head);
        buf_add(&in->bytes, data, len);
        buf_add(&in->bytes, "\0\0\0\0\0\0\0", padded(len) - len);
        in->records++;
        if (first && in->event_fd < 0) pthread_cond_signal(&in->filled);
    }
    pthread_mutex_unlock(&in->lock);
    if (first && in->event_fd >= 0) eventfd_write(in->event_fd, 1);
    return room;
}

void inbox_close(struct inbox *in) {
    pthread_mutex_lock(&in->lock);
    in->closed = true;
    pthread_cond_broadcast(&in->filled);
    pthread_mutex_unlock(&in->lock);
    if (in->event_fd >= 0) eventfd_write(in->event_fd, 1);
}

bool inbox_is_closed(struct inbox *in) {
    pthread_mutex_lock(&in->lock);
    bool closed = in->closed;
    pthread_mutex_unlock(&in->lock);
    return closed;
}

/* Under the lock. */
static void wait_filled(struct inbox *in, int timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    while (timeout_ms > 0 && in->records == 0 && !in->closed)
        if (pthread_cond_timedwait(&in->filled, &in->lock, &until) == ETIMEDOUT) break;
}

bool inbox_wait(struct inbox *in, int timeout_ms) {
    pthread_mutex_lock(&in->lock);
    wait_filled(in, timeout_ms);
    bool any = in->records > 0 && !in->closed;
    pthread_mutex_unlock(&in->lock);
    return any;
}

size_t inbox_take(struct inbox *in, int timeout_ms, struct buf *into) {
    if (into->cap > KEEP_BYTES) {
        buf_done(into);
        *into = (struct buf)BUF_INIT;
    }
    buf_reset(into);
    pthread_mutex_lock(&in->lock);
    wait_filled(in, timeout_ms);
    size_t n = in->records;
    struct buf empty = *into;
    *into = in->bytes;
    in->bytes = empty;
    in->records = 0;
    pthread_mutex_unlock(&in->lock);
    return n;
}

bool inbox_next(const struct buf *taken, size_t *at, struct inbox_record *ret) {
    if (*at >= taken->len) return false;
    const struct head *head = (const struct head *)(const void *)(taken->data + *at);
    *ret = (struct inbox_record){head->device, head->kind, head->len, taken->data + *at + sizeof *head};
    *at += sizeof *head + padded(head->len);
    return true;
}

size_t inbox_waiting(struct inbox *in) {
    pthread_mutex_lock(&in->lock);
    size_t n = in->records;
    pthread_mutex_unlock(&in->lock);
    return n;
}
