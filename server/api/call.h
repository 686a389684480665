/* One request's transaction: with an Idempotency-Key, key, effect and answer are committed together, and
 * what follows the effect (telling the device, the live view, the listeners) happens after the commit.
 *
 * Only answers of 2xx are kept under a key: a refusal changed nothing and may be tried again. */
#ifndef PEDILUVE_SERVER_API_CALL_H
#define PEDILUVE_SERVER_API_CALL_H

#include "server/api/app.h"

/* Runs fn(rq, arg) once this request's changes are committed; drops it when they are not. At once after
 * the handler when there is no transaction. At most CALL_AFTER_MAX a request; arg by request_alloc. */
#define CALL_AFTER_MAX 4
void call_after_commit(struct request *rq, void (*fn)(struct request *rq, void *arg), void *arg);

/* One pointer that stays with the request, also over parking. */
void call_set_data(struct request *rq, void *data);
void *call_data(const struct request *rq);

/* The answer holds a secret: what is kept of it under an Idempotency-Key is encrypted. */
void call_seal(struct request *rq);

/* The hooks of struct http_hooks. */
enum err call_before(void *app, struct request *rq, void *worker);
enum err call_after(void *app, struct request *rq, void *worker, enum err outcome);

#endif
