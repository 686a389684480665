#include "device-agent/link/queue.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/auto.h"

struct node {
    struct node *next;
    struct queue_item item;
    char *payload;
};

struct queue {
    pthread_mutex_t lock;
    struct node *first, **last;
    size_t n, most;
    int fd;
};

struct queue *queue_new(size_t most) {
    struct queue *q = xcalloc(1, sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    q->last = &q->first;
    q->most = most;
    q->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return q;
}

void queue_free(struct queue *q) {
    struct queue_item item;
    char *payload;
    if (!q) return;
    while (queue_take(q, &item, &payload)) free(payload);
    if (q->fd >= 0) close(q->fd);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

int queue_fd(const struct queue *q) { return q->fd; }

bool queue_put(struct queue *q, const struct queue_item *item, const void *payload) {
    struct node *node = xmalloc(sizeof *node);
    *node = (struct node){.item = *item, .payload = xmalloc(item->len + 1)};
    if (item->len) memcpy(node->payload, payload, item->len);
    node->payload[item->len] = '\0';
    pthread_mutex_lock(&q->lock);
    bool room = q->n < q->most, was_empty = q->n == 0;
    if (room) {
        *q->last = node;
        q->last = &node->next;
        q->n++;
    }
    pthread_mutex_unlock(&q->lock);
    if (!room) {
        free(node->payload);
        free(node);
        return false;
    }
    if (was_empty) eventfd_write(q->fd, 1);
    return true;
}

bool queue_take(struct queue *q, struct queue_item *ret, char **ret_payload) {
    pthread_mutex_lock(&q->lock);
    struct node *node = q->first;
    if (node) {
        q->first = node->next;
        if (!q->first) q->last = &q->first;
        q->n--;
    }
    pthread_mutex_unlock(&q->lock);
    if (!node) return false;
    *ret = node->item;
    *ret_payload = node->payload;
    free(node);
    return true;
}

void queue_quiet(struct queue *q) {
    eventfd_t ignored;
    eventfd_read(q->fd, &ignored);
}
