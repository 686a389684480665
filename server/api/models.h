/* The models as decoded structs, read from the database and remembered for a minute. Thread-safe. */
#ifndef PEDILUVE_SERVER_API_MODELS_H
#define PEDILUVE_SERVER_API_MODELS_H

#include "protocol/model.h"
#include "server/domain/lowering.h"
#include "server/store/db.h"

struct models;
struct models *models_new(void);
void models_free(struct models *m);

/* A copy of the model; also of held_model, which is in no database. ERR_NOT_FOUND: there is none of that id.
 */
must_use enum err models_get(struct models *m, struct db *db, const char *id, struct model *ret);

/* Calls fn with each model that can run the whole routine under these caps: it is lowered for all
 * of them, so this is for answers that refuse. From what is remembered; fn must not call models_*. */
void models_each_running(struct models *m, const struct routine *r, const struct lowering_caps *caps,
                         void (*fn)(void *arg, const struct model *m), void *arg);
/* Reads all of them again. */
must_use enum err models_load(struct models *m, struct db *db);

#endif
