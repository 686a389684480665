/* Models: what kinds of devices there are. They belong to no site; everyone may see them. */
#ifndef PEDILUVE_SERVER_STORE_MODEL_STORE_H
#define PEDILUVE_SERVER_STORE_MODEL_STORE_H

#include "server/store/db.h"
#include "server/store/page.h"

struct model_row {
    char id[33];
    int32_t version;
    char name[65];
    char *spec; /* JSON as protocol/model.h reads it; owned */
    int64_t created_at, updated_at;
};
void model_row_done(struct model_row *row);

/* after: "" from the beginning. */
must_use enum err model_list(struct db *db, const char *after, int32_t limit, struct model_row rows[],
                             int32_t *ret_n);
must_use enum err model_get(struct db *db, const char *id, struct model_row *ret);

#endif
