/* The models as decoded structs, read from the database and remembered for a minute. Thread-safe. */
#ifndef PEDILUVE_SERVER_API_MODELS_H
#define PEDILUVE_SERVER_API_MODELS_H

#include "protocol/model.h"
#include "server/store/db.h"

struct models;
struct models *models_new(void);
void models_free(struct models *m);

/* A copy of the model. ERR_NOT_FOUND: there is none of that id. */
must_use enum err models_get(struct models *m, struct db *db, const char *id, struct model *ret);

/* The ids of the models that have an actuator of one of these kinds (mask, 1u << enum actuator_kind),
 * separated by ", ", into out. From what is remembered. */
void models_with(struct models *m, uint32_t kinds, char *out, size_t cap);
/* Reads all of them again. */
must_use enum err models_load(struct models *m, struct db *db);

#endif
