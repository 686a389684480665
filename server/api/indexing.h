/* What is known of a routine, with the models that can run it: each of them is asked by lowering it. */
#ifndef PEDILUVE_SERVER_API_INDEXING_H
#define PEDILUVE_SERVER_API_INDEXING_H

#include "server/api/models.h"
#include "server/domain/routine_index.h"

/* r has passed routine_check. The models are those that m remembers, and
 * held_model when no unit is needed; *ret is to be given to
 * routine_index_done. Thread-safe. */
void indexing_of(struct models *m, const struct routine *r, struct routine_index *ret);

/* Works out anew what is known of every version in the database, and writes what has changed. For `migrate`:
 * a release may know more, and a model may have changed. */
must_use enum err indexing_refresh(struct db *db, int32_t *ret_changed);

#endif
