/* Idempotency keys: an effect and its answer are kept under the key in the effect's own transaction.
 *
 *     db_begin(db);
 *     idempotency_begin(db, token, key, hash, &seen)  -> IDEMPOTENCY_NEW: go on; else answer from `seen`
 *     ... the change ...
 *     idempotency_finish(db, token, key, reply)       (travels with COMMIT)
 *     db_commit(db)
 *
 * A process that dies in between leaves no trace of key or change. An answer that becomes known later (?wait)
 * may be put in place of the first with another idempotency_finish after the commit. */
#ifndef PEDILUVE_SERVER_STORE_IDEMPOTENCY_STORE_H
#define PEDILUVE_SERVER_STORE_IDEMPOTENCY_STORE_H

#include "base/uuid.h"
#include "server/store/db.h"

#define IDEMPOTENCY_HASH_LEN 32

struct idempotency_reply {
    int32_t status;
    char *headers; /* text in the caller's own form; may be NULL */
    char *body;    /* bytes; NUL-terminated beyond body_len when read */
    size_t body_len;
};
void idempotency_reply_done(struct idempotency_reply *reply);

enum idempotency_outcome {
    IDEMPOTENCY_NEW,       /* the key is ours until the transaction ends */
    IDEMPOTENCY_REPLAY,    /* *ret_reply holds the answer given */
    IDEMPOTENCY_IN_FLIGHT, /* another request holds it right now: ERR_IN_FLIGHT to the caller */
    IDEMPOTENCY_REUSED     /* the key was used for another request: ERR_KEY_REUSED */
};

/* Inside a transaction (asserted). request_hash: over method, path and body. Never waits for the other. */
must_use enum err idempotency_begin(struct db *db, const struct uuid *token_id, const char *key,
                                    const uint8_t request_hash[IDEMPOTENCY_HASH_LEN],
                                    enum idempotency_outcome *ret_outcome,
                                    struct idempotency_reply *ret_reply);
/* Inside a transaction: deferred to the commit, memory of *reply is copied. Outside: at once. */
must_use enum err idempotency_finish(struct db *db, const struct uuid *token_id, const char *key,
                                     const struct idempotency_reply *reply);

#endif
