/* API tokens, and browsers' sessions, which are tokens in a cookie: pdl_<id>_<secret>, id as 32 hexadecimal
 * digits, secret as 43 characters of base64url. Only the secret's SHA-256 is kept. What the database said of
 * a token is remembered for AUTH_TTL_MS; a token revoked by this process is refused from that moment, by
 * another one within AUTH_TTL_MS. */
#ifndef PEDILUVE_SERVER_API_AUTH_H
#define PEDILUVE_SERVER_API_AUTH_H

#include "server/http/http.h"
#include "server/store/token_store.h"

#define AUTH_TTL_MS 5000
#define AUTH_TOKEN_LEN (4 + 32 + 1 + 43)
/* Tokens nobody knows cost a query each: so many a second are looked up, in bursts of as many; further
 * ones are answered 429 without one. */
#define AUTH_MISSES_PER_S 50

struct auth;
struct auth *auth_new(void);
void auth_free(struct auth *a);

/* http_hooks.authenticate; app is the struct api. */
enum http_auth auth_check(void *app, const char *token, size_t len, void *worker, struct principal *ret);

/* Links whose secret nobody knows have a budget of their own, as large: whether one more may cost a query
 * now, and that one did. */
bool auth_may_look_up_link(struct auth *a);
void auth_missed_link(struct auth *a);

void auth_forget(struct auth *a, const struct uuid *token_id);
void auth_forget_user(struct auth *a, const struct uuid *user_id); /* every session of theirs */

/* Fills id and secret_hash of *row and writes the token's text: the only time that it is known. */
void auth_make(struct token_row *row, char ret_token[AUTH_TOKEN_LEN + 1]);

/* The code of a sign-in link, and its hash, which is all that is kept. */
#define AUTH_CODE_LEN 43
#define AUTH_LINK_PATH "/#/sign-in?code=" /* what comes after # is never sent: no log has the code */
void auth_make_code(char ret_code[AUTH_CODE_LEN + 1], uint8_t ret_hash[TOKEN_HASH_LEN]);

/* Around every hashing of a password, which takes 64 MiB and a processor: false: AUTH_HASHES_MAX are under
 * way, answer 429 (and do not call _end). */
#define AUTH_HASHES_MAX 2
must_use bool auth_hash_begin(struct auth *a);
void auth_hash_end(struct auth *a);

#endif
