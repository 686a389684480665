#include "server/api/held_keys.h"

#include <pthread.h>
#include <stdio.h>

#include "base/auto.h"
#include "server/base/limits.h"

/* As many as requests can wait at once: short lists in a fixed number of places. */
#define PLACES 256

struct held {
    struct held *next;
    struct uuid token_id;
    char key[LIMIT_IDEMPOTENCY_KEY + 1];
};

struct held_keys {
    pthread_mutex_t lock;
    struct held *places[PLACES];
};

struct held_keys *held_keys_new(void) {
    struct held_keys *h = xcalloc(1, sizeof(*h));
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void held_keys_free(struct held_keys *h) {
    if (!h) return;
    for (int i = 0; i < PLACES; i++)
        for (struct held *p = h->places[i], *next; p; p = next) {
            next = p->next;
            free(p);
        }
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static struct held **place_of(struct held_keys *h, const char *key) {
    uint32_t hash = 5381;
    for (const char *p = key; *p; p++) hash = hash * 33 ^ (unsigned char)*p;
    return &h->places[hash % PLACES];
}

/* With the lock held: the link that points at the key, or at NULL. */
static struct held **find(struct held_keys *h, const struct uuid *token_id, const char *key) {
    struct held **link = place_of(h, key);
    while (*link && (!uuid_equal(&(*link)->token_id, token_id) || strcmp((*link)->key, key) != 0))
        link = &(*link)->next;
    return link;
}

void held_keys_add(struct held_keys *h, const struct uuid *token_id, const char *key) {
    struct held *held = xcalloc(1, sizeof(*held));
    held->token_id = *token_id;
    snprintf(held->key, sizeof(held->key), "%s", key);
    pthread_mutex_lock(&h->lock);
    struct held **place = place_of(h, key);
    held->next = *place;
    *place = held;
    pthread_mutex_unlock(&h->lock);
}

void held_keys_remove(struct held_keys *h, const struct uuid *token_id, const char *key) {
    pthread_mutex_lock(&h->lock);
    struct held **link = find(h, token_id, key), *held = *link;
    if (held) *link = held->next;
    pthread_mutex_unlock(&h->lock);
    free(held);
}

bool held_keys_has(struct held_keys *h, const struct uuid *token_id, const char *key) {
    pthread_mutex_lock(&h->lock);
    bool has = *find(h, token_id, key) != NULL;
    pthread_mutex_unlock(&h->lock);
    return has;
}
