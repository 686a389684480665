/* Idempotency keys whose effect is committed and whose answer is still waited for (?wait=S) in this process:
 * the same request meanwhile is in flight, and gets the final answer when it tries again. Thread-safe. */
#ifndef PEDILUVE_SERVER_API_HELD_KEYS_H
#define PEDILUVE_SERVER_API_HELD_KEYS_H

#include <stdbool.h>

#include "base/uuid.h"

struct held_keys;
struct held_keys *held_keys_new(void);
void held_keys_free(struct held_keys *h); /* NULL is legal */

/* One hold for each parked request; a request holds at most one key. */
void held_keys_add(struct held_keys *h, const struct uuid *token_id, const char *key);
void held_keys_remove(struct held_keys *h, const struct uuid *token_id, const char *key);
bool held_keys_has(struct held_keys *h, const struct uuid *token_id, const char *key);

#endif
