/* API tokens. The secret itself is never here, only its hash. */
#ifndef PEDILUVE_SERVER_STORE_TOKEN_STORE_H
#define PEDILUVE_SERVER_STORE_TOKEN_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

#define TOKEN_HASH_LEN 32

struct token_row {
    struct uuid id;
    char name[65];
    uint8_t secret_hash[TOKEN_HASH_LEN];
    int32_t role;                               /* enum role */
    struct scope sites;                         /* what it covers */
    int64_t created_at, expires_at, revoked_at; /* 0: never, not */
    struct uuid user_id;                        /* token_get only: a browser's session; zero: a token */
    int64_t seen_at;                            /* with it: when it was last used, within TOKEN_SEEN_S */
};

#define TOKEN_IDLE_S (12 * 3600) /* a browser's session that is not used for so long ends */
#define TOKEN_SEEN_S 300

/* For authentication: no scope; also gives revoked and expired ones, the caller judges. A browser's session
 * has name, role and sites of its user as they are now, and is revoked when the user is disabled or it was
 * idle. */
must_use enum err token_get(struct db *db, const struct uuid *id, struct token_row *ret);

must_use enum err token_seen(struct db *db, const struct uuid *id); /* now */

/* A scope sees the tokens (no browsers' sessions) that cover no more than itself. By id, up. */
must_use enum err token_list(struct db *db, const struct scope *scope, const struct page *page,
                             struct token_row rows[], int32_t *ret_n);
/* Takes id, name, secret_hash, role, sites, expires_at of *row. A token that would cover more than the scope:
 * ERR_FORBIDDEN; an unknown site: ERR_UNPROCESSABLE. */
must_use enum err token_create(struct db *db, const struct scope *scope, const struct actor *actor,
                               struct token_row *row);
/* Revoking again changes nothing and is ERR_OK. */
must_use enum err token_revoke(struct db *db, const struct scope *scope, const struct actor *actor,
                               const struct uuid *id, struct token_row *ret);

#endif
