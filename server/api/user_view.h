/* What the API shows of people, and what it takes for a password. */
#ifndef PEDILUVE_SERVER_API_USER_VIEW_H
#define PEDILUVE_SERVER_API_USER_VIEW_H

#include "server/api/app.h"
#include "server/store/user_store.h"

#define PASSWORD_LEAST 10
#define PASSWORD_MOST 128

void render_user(struct jsonw *w, const char *key, const struct user_row *row);
/* Who is asking. user NULL: a token. csrf NULL: not by cookie. */
void render_me(struct jsonw *w, const struct principal *p, const struct user_row *user, const char *csrf);
/* "role", "all_sites", "site_ids". */
void render_rights(struct jsonw *w, int32_t role, const struct scope *sites);

/* Ends what is remembered of this user, and their streams, once the change is committed. */
void user_forget(struct request *rq, const struct uuid *user_id);

#endif
