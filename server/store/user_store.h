/* People who sign in: who they are and what they may. Their sessions: sign_in_store.h. */
#ifndef PEDILUVE_SERVER_STORE_USER_STORE_H
#define PEDILUVE_SERVER_STORE_USER_STORE_H

#include "server/base/principal.h"
#include "server/store/actor.h"
#include "server/store/db.h"
#include "server/store/page.h"

#define USER_LOGIN_MAX 64
#define USER_CODE_HASH_LEN 32
#define USER_CODE_LIFE_H 24

enum user_state { USER_ACTIVE, USER_DISABLED };
extern const char *const user_state_names[];    /* NULL-terminated */
extern const char *const user_language_names[]; /* en, de, es, zh; NULL-terminated */

struct user_row {
    struct uuid id;
    char login[USER_LOGIN_MAX + 1], name[65];
    bool has_password;
    int32_t role;                     /* enum role */
    struct scope sites;               /* what it covers */
    int32_t state;                    /* enum user_state */
    int32_t language;                 /* of user_language_names; -1: none chosen */
    int64_t code_until, signed_in_at; /* 0: no link made; never */
    int64_t version, created_at, updated_at;
};

/* Folds to lower case in place. False: not 1 to 64 of letters a to z, digits and . _ @ + -, the first of them
 * a letter or digit. */
must_use bool user_login_fold(char *login);

/* A scope sees the users that cover no more than itself. By id, up. */
must_use enum err user_list(struct db *db, const struct scope *scope, const struct page *page,
                            struct user_row rows[], int32_t *ret_n);
must_use enum err user_get(struct db *db, const struct scope *scope, const struct uuid *id,
                           struct user_row *ret);
/* For the command line: no scope. */
must_use enum err user_find(struct db *db, const char *login, struct user_row *ret);

/* Takes id, login (folded), name, role and sites of *row. More than the scope covers: ERR_FORBIDDEN; an
 * unknown site: ERR_UNPROCESSABLE; a login that is taken: ERR_CONFLICT. */
must_use enum err user_create(struct db *db, const struct scope *scope, const struct actor *actor,
                              struct user_row *row);

struct user_change {
    bool has_login, has_name, has_role, has_sites, has_state;
    char login[USER_LOGIN_MAX + 1], name[65]; /* login: folded */
    int32_t role, state;
    struct scope sites;
};
/* As user_create; expected_version 0: any; another one: ERR_PRECONDITION_FAILED. Disabling ends every session
 * and the link. The last active owner of all sites: ERR_LAST_OWNER. */
must_use enum err user_update(struct db *db, const struct scope *scope, const struct actor *actor,
                              const struct uuid *id, int64_t expected_version,
                              const struct user_change *change, struct user_row *ret);

/* A link that signs in once within USER_CODE_LIFE_H; the one before no longer does. A disabled user:
 * ERR_CONFLICT. */
must_use enum err user_link(struct db *db, const struct scope *scope, const struct actor *actor,
                            const struct uuid *id, const uint8_t code_hash[USER_CODE_HASH_LEN],
                            struct user_row *ret);

#endif
