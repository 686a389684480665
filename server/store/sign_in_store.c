#include "server/store/sign_in_store.h"

#include "server/store/db_query.h"
#include "server/store/user_row.h"

/* Failures of row t as they count now: one is forgotten every ten minutes. */
#define COUNT_NOW "greatest(0, t.failures - floor(extract(epoch FROM now() - t.at) / 600)::int) + 1"
#define WAIT(count)                                                                                          \
    "now() + make_interval(secs => CASE WHEN " count " < $2::int THEN 0 ELSE least(900,"                     \
    " power(2, least(" count " - $2::int, 10))) END)"

enum { TRY, GOOD, GOOD_ALL, FIND, GET, FIND_CODE, USE_CODE, OPEN, CLOSE, CHANGE };
extern const struct db_statement sign_in_store_statements[];
/* In TRY: one that began later may have written first, and its now() is no delay for this one; so whether a
 * delay is over is asked of the clock once the row is held. */
/* clang-format off */
const struct db_statement sign_in_store_statements[] = {
    [TRY] = {
        "sign_in_try",
        "WITH old AS (DELETE FROM sign_in_try WHERE key <> $1 AND at < (SELECT at FROM sign_in_try"
        " ORDER BY at DESC OFFSET 9999 LIMIT 1)),"
        " ins AS (INSERT INTO sign_in_try AS t (key, failures, at, blocked_until)"
        " VALUES ($1::text, 1, now(), now()) ON CONFLICT (key) DO UPDATE"
        " SET failures = " COUNT_NOW ", at = now(), blocked_until = " WAIT(COUNT_NOW)
        " WHERE t.blocked_until <= clock_timestamp() RETURNING 1)"
        " SELECT (SELECT count(*) FROM ins)::int, COALESCE((SELECT ceil(extract(epoch FROM blocked_until - now()))"
        " FROM sign_in_try WHERE key = $1), 1)::int, $2::int"},
    [GOOD] = {
        "sign_in_good",
        "UPDATE sign_in_try SET failures = greatest(0, failures - 1), blocked_until = now() WHERE key = $1"},
    [GOOD_ALL] = {"sign_in_good_all", "DELETE FROM sign_in_try WHERE key = $1"},
    [FIND] = {"sign_in_find", "SELECT " USER_COLUMNS ", password_hash FROM app_user WHERE login = $1"},
    [GET] = {"sign_in_get", "SELECT " USER_COLUMNS ", password_hash FROM app_user WHERE id = $1"},
    [FIND_CODE] = {
        "sign_in_find_code",
        "SELECT " USER_COLUMNS ", password_hash FROM app_user WHERE code_hash = $1 AND code_until > now()"
        " AND state = 'active'"},
    [USE_CODE] = {
        "sign_in_use_code",
        "WITH up AS (UPDATE app_user SET code_hash = NULL, code_until = NULL,"
        " password_hash = COALESCE($6, password_hash), version = version + 1, updated_at = now()"
        " WHERE code_hash = $5 AND code_until > now() AND state = 'active' RETURNING id, login),"
        " gone AS (UPDATE api_token t SET revoked_at = now() FROM up WHERE t.user_id = up.id"
        " AND $6::text IS NOT NULL AND t.revoked_at IS NULL),"
        " aud AS (" DB_AUDIT "'user.use_link', 'user', id::text, NULL, jsonb_build_object('login', login,"
        " 'password', $6::text IS NOT NULL) FROM up) SELECT id FROM up"},
    [OPEN] = {
        "sign_in_open",
        "WITH old AS (DELETE FROM api_token WHERE user_id = $5 AND (expires_at < now() OR revoked_at IS NOT NULL"
        " OR id NOT IN (SELECT id FROM api_token WHERE user_id = $5 AND revoked_at IS NULL"
        " ORDER BY seen_at DESC LIMIT $9::int))),"
        " u AS (UPDATE app_user SET signed_in_at = now() WHERE id = $5 AND state = 'active' RETURNING *),"
        " t AS (INSERT INTO api_token (id, name, secret_hash, role, all_sites, sites, user_id, seen_at, expires_at)"
        " SELECT $6, name, $7, role, all_sites, sites, id, now(), now() + make_interval(secs => $10::int) FROM u"
        " RETURNING *),"
        " aud AS (" DB_AUDIT "'sign_in', 'user', u.id::text, NULL, jsonb_build_object('login', u.login,"
        " 'address', $8::text) FROM u) SELECT expires_at FROM t"},
    [CLOSE] = {
        "sign_in_close",
        "WITH t AS (UPDATE api_token SET revoked_at = now() WHERE id = $5 AND user_id IS NOT NULL"
        " AND revoked_at IS NULL RETURNING user_id), aud AS (" DB_AUDIT "'sign_out', 'user', user_id::text, NULL,"
        " '{}'::jsonb FROM t) SELECT user_id FROM t"},
    [CHANGE] = {
        "sign_in_change",
        "WITH up AS (UPDATE app_user SET language = COALESCE($7, language),"
        " password_hash = COALESCE($8, password_hash),"
        " code_hash = CASE WHEN $8::text IS NULL THEN code_hash END,"
        " code_until = CASE WHEN $8::text IS NULL THEN code_until END, version = version + 1, updated_at = now()"
        " WHERE id = $5 RETURNING id),"
        " gone AS (UPDATE api_token t SET revoked_at = now() FROM up WHERE t.user_id = up.id AND t.id <> $6"
        " AND $8::text IS NOT NULL AND t.revoked_at IS NULL),"
        " aud AS (" DB_AUDIT "'user.change_own', 'user', id::text, NULL, jsonb_strip_nulls(jsonb_build_object("
        "'language', $7::text, 'password', CASE WHEN $8::text IS NOT NULL THEN true END)) FROM up) SELECT id FROM up"},
    {0}};
/* clang-format on */

static enum err run(struct db *db, int which, const struct db_params *p) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &sign_in_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    return db_rows(result) == 0 ? ERR_NOT_FOUND : ERR_OK;
}

enum err sign_in_try(struct db *db, const char *key, int32_t free_tries, int32_t *ret_wait_s) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_text(&p, key);
    db_put_i32(&p, free_tries);
    enum err err = db_run(db, &sign_in_store_statements[TRY], &p, &result);
    if (err != ERR_OK) return err;
    struct db_reader r = db_reader_at(result, 0);
    bool counted = db_get_i32(&r) > 0;
    int32_t wait_s = db_get_i32(&r);
    *ret_wait_s = counted ? 0 : wait_s > 0 ? wait_s : 1;
    return ERR_OK;
}

enum err sign_in_good(struct db *db, const char *key, bool all) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_text(&p, key);
    return db_run(db, &sign_in_store_statements[all ? GOOD_ALL : GOOD], &p, &result);
}

static enum err run_user(struct db *db, int which, const struct db_params *p, struct sign_in_user *ret) {
    auto_result struct pg_result *result = NULL;
    enum err err = db_run(db, &sign_in_store_statements[which], p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    user_row_read(&r, &ret->user);
    db_get_text(&r, ret->password_hash, sizeof ret->password_hash);
    return ERR_OK;
}

enum err sign_in_find(struct db *db, const char *login, struct sign_in_user *ret) {
    auto_params struct db_params p = {0};
    db_put_text(&p, login);
    return run_user(db, FIND, &p, ret);
}

enum err sign_in_get(struct db *db, const struct uuid *id, struct sign_in_user *ret) {
    auto_params struct db_params p = {0};
    db_put_uuid(&p, id);
    return run_user(db, GET, &p, ret);
}

enum err sign_in_find_code(struct db *db, const uint8_t code_hash[USER_CODE_HASH_LEN],
                           struct sign_in_user *ret) {
    auto_params struct db_params p = {0};
    db_put_bytes(&p, code_hash, USER_CODE_HASH_LEN);
    return run_user(db, FIND_CODE, &p, ret);
}

enum err sign_in_use_code(struct db *db, const struct actor *actor,
                          const uint8_t code_hash[USER_CODE_HASH_LEN], const char *password_hash) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_bytes(&p, code_hash, USER_CODE_HASH_LEN);
    db_put_text(&p, password_hash);
    return run(db, USE_CODE, &p);
}

enum err sign_in_open(struct db *db, const struct actor *actor, const struct uuid *user_id,
                      const char *address, struct token_row *token) {
    auto_params struct db_params p = {0};
    auto_result struct pg_result *result = NULL;
    db_put_actor(&p, actor);
    db_put_uuid(&p, user_id);
    db_put_uuid(&p, &token->id);
    db_put_bytes(&p, token->secret_hash, sizeof token->secret_hash);
    db_put_text(&p, address);
    db_put_i32(&p, SIGN_IN_SESSIONS_MAX - 1);
    db_put_i32(&p, SIGN_IN_LIFE_S);
    enum err err = db_run(db, &sign_in_store_statements[OPEN], &p, &result);
    if (err != ERR_OK) return err;
    if (db_rows(result) == 0) return ERR_NOT_FOUND;
    struct db_reader r = db_reader_at(result, 0);
    token->user_id = *user_id;
    token->expires_at = db_get_time(&r);
    return ERR_OK;
}

enum err sign_in_close(struct db *db, const struct actor *actor, const struct uuid *token_id) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_uuid(&p, token_id);
    return run(db, CLOSE, &p);
}

enum err sign_in_change(struct db *db, const struct actor *actor, const struct uuid *user_id,
                        const struct uuid *own_token_id, int32_t language, const char *password_hash) {
    auto_params struct db_params p = {0};
    db_put_actor(&p, actor);
    db_put_uuid(&p, user_id);
    db_put_uuid(&p, own_token_id);
    db_put_text(&p, language < 0 ? NULL : user_language_names[language]);
    db_put_text(&p, password_hash);
    return run(db, CHANGE, &p);
}
