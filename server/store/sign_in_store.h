/* Signing in: tries and their delays, sessions of browsers (rows of api_token with a user), passwords. */
#ifndef PEDILUVE_SERVER_STORE_SIGN_IN_STORE_H
#define PEDILUVE_SERVER_STORE_SIGN_IN_STORE_H

#include "server/store/token_store.h"
#include "server/store/user_store.h"

#define SIGN_IN_LIFE_S (7 * 24 * 3600) /* of a session, however much it is used */
#define SIGN_IN_SESSIONS_MAX 20        /* of a user; the one that was used longest ago gives way */
#define SIGN_IN_KEY_MAX 80
#define SIGN_IN_HASH_MAX 128

/* Counts a try before it is made, so that many at once are no way around the delay. From the `free`-th on,
 * tries of this key wait 1, 2, 4 ... 900 seconds for the next; one is forgotten every 10 minutes. *ret_wait_s
 * > 0: it must wait that long, and was not counted. At most 10000 keys are kept, the latest. */
must_use enum err sign_in_try(struct db *db, const char *key, int32_t free_tries, int32_t *ret_wait_s);
/* The try was a good one: it is taken back, and with `all` those before too. */
must_use enum err sign_in_good(struct db *db, const char *key, bool all);

struct sign_in_user {
    struct user_row user;
    char password_hash[SIGN_IN_HASH_MAX]; /* "": none */
};
/* Also gives disabled users: the caller judges. */
must_use enum err sign_in_find(struct db *db, const char *login, struct sign_in_user *ret);
must_use enum err sign_in_get(struct db *db, const struct uuid *id, struct sign_in_user *ret);
/* Whose link this is: an active user, while it works. */
must_use enum err sign_in_find_code(struct db *db, const uint8_t code_hash[USER_CODE_HASH_LEN],
                                    struct sign_in_user *ret);
/* Uses the link up, and sets the password when one is given (then every session so far ends). ERR_NOT_FOUND:
 * somebody was faster. */
must_use enum err sign_in_use_code(struct db *db, const struct actor *actor,
                                   const uint8_t code_hash[USER_CODE_HASH_LEN], const char *password_hash);

/* Takes id and secret_hash of *token, fills the rest. ERR_NOT_FOUND: no such active user. */
must_use enum err sign_in_open(struct db *db, const struct actor *actor, const struct uuid *user_id,
                               const char *address, struct token_row *token);
must_use enum err sign_in_close(struct db *db, const struct actor *actor, const struct uuid *token_id);

/* What people change of themselves. language -1 and password_hash NULL: left. A new password ends the other
 * sessions and the link. */
must_use enum err sign_in_change(struct db *db, const struct actor *actor, const struct uuid *user_id,
                                 const struct uuid *own_token_id, int32_t language,
                                 const char *password_hash);

#endif
