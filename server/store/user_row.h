/* Columns and mapper of a user, for the stores that read one. */
#ifndef PEDILUVE_SERVER_STORE_USER_ROW_H
#define PEDILUVE_SERVER_STORE_USER_ROW_H

#include "server/store/db_query.h"
#include "server/store/user_store.h"

#define USER_COLUMNS_OF(c)                                                                                   \
    c "id, " c "login, " c "name, " c "password_hash IS NOT NULL AS has_password, " c "role, " c             \
      "all_sites, " c "sites, " c "state, " c "language, " c "code_until, " c "signed_in_at, " c             \
      "version, " c "created_at, " c "updated_at"
#define USER_COLUMNS USER_COLUMNS_OF("")

void user_row_read(struct db_reader *r, struct user_row *row);

#endif
