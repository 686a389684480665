/* Two requests with the same key meet at an advisory lock that lasts as long as the transaction: the second
 * does not wait, it is told. What the first has committed, the second reads. */
#include "server/store/idempotency_store.h"

#include <assert.h>

#include "server/store/db_query.h"

enum { BEGIN, FINISH };
extern const struct db_statement idempotency_store_statements[];
/* clang-format off */
const struct db_statement idempotency_store_statements[] = {
    [BEGIN] = {
        "idempotency_begin",
        "WITH held AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid::text ||"
        " $2::text, 0)) AS got),"
        " ins AS (INSERT INTO idempotency_key (token_id, key, request_hash) SELECT $1, $2, $3 FROM held"
        " WHERE got ON CONFLICT DO NOTHING RETURNING 1) SELECT got, EXISTS (SELECT"
        " FROM ins), k.token_id IS NOT NULL, k.request_hash = $3, k.status, k.headers, k.body FROM held"
        " LEFT JOIN idempotency_key k ON k.token_id = $1 AND k.key = $2"},
    [FINISH] = {
        "idempotency_finish",
        "UPDATE idempotency_key SET status = $3, headers = $4, body = $5 WHERE token_id = $1"
        " AND key = $2"},
    {0}};
/* clang-format on */

void idempotency_reply_done(struct idempotency_reply *reply) {
    free(reply->headers);
    free(reply->body);
    *reply = (struct idempotency_reply){0};
}

enum err idempotency_begin(struct db *db, const struct uuid *token_id, const char *key,
                           const uint8_t request_hash[IDEMPOTENCY_HASH_LEN],
                           enum idempotency_outcome *ret_outcome, struct idempotency_reply *ret_reply) {
    auto_params struct db_params p = {0};
    assert(db_in_transaction(db));
    db_put_uuid(&p, token_id);
    db_put_text(&p, key);
    db_put_bytes(&p, request_hash, IDEMPOTENCY_HASH_LEN);
    /* The other may commit between this statement's snapshot and its lock: then the lock is ours, the key is
     * there and yet not to be seen. A second look sees it. */
    for (int look = 0; look < 2; look++) {
        auto_result struct pg_result *result = NULL;
        enum err err = db_run(db, &idempotency_store_statements[BEGIN], &p, &result);
        if (err != ERR_OK) return err;
        struct db_reader r = db_reader_at(result, 0);
        bool got = db_get_bool(&r), inserted = db_get_bool(&r), seen = db_get_bool(&r),
             same = db_get_bool(&r);
        if (got && !inserted && !seen) continue;
        *ret_outcome = inserted                               ? IDEMPOTENCY_NEW
                       : seen && !same                        ? IDEMPOTENCY_REUSED
                       : !seen || !got || db_next_is_null(&r) ? IDEMPOTENCY_IN_FLIGHT
                                                              : IDEMPOTENCY_REPLAY;
        if (*ret_outcome != IDEMPOTENCY_REPLAY) return ERR_OK;
        size_t len;
        ret_reply->status = db_get_i32(&r);
        ret_reply->headers = db_get_blob(&r, &len);
        ret_reply->body = db_get_blob(&r, &ret_reply->body_len);
        return ERR_OK;
    }
    *ret_outcome = IDEMPOTENCY_IN_FLIGHT;
    return ERR_OK;
}

enum err idempotency_finish(struct db *db, const struct uuid *token_id, const char *key,
                            const struct idempotency_reply *reply) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, token_id);
    db_put_text(&p, key);
    db_put_i32(&p, reply->status);
    db_put_text(&p, reply->headers);
    if (reply->body)
        db_put_bytes(&p, reply->body, reply->body_len);
    else
        db_put_null(&p);
    return db_defer(db, &idempotency_store_statements[FINISH], &p);
}
