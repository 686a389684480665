/* A bounded queue between two threads, with a descriptor that is readable while something waits. */
#ifndef PEDILUVE_AGENT_LINK_QUEUE_H
#define PEDILUVE_AGENT_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;
struct queue_item {
    size_t client, len;
    uint32_t connection;
    int kind, channel;
};

struct queue *queue_new(size_t most);
void queue_free(struct queue *q); /* with all that waits in it */
int queue_fd(const struct queue *q);

/* Copies payload (len bytes; a NUL is put behind them). False: full, nothing was taken. */
bool queue_put(struct queue *q, const struct queue_item *item, const void *payload);
/* The oldest; *ret_payload is the caller's to free, never NULL. False: empty. */
bool queue_take(struct queue *q, struct queue_item *ret, char **ret_payload);
/* Clears the descriptor; take everything afterwards. */
void queue_quiet(struct queue *q);

#endif
