/* A site's copy of a catalogue entry against the product's: the product's members stay, but for those that a
 * site may change (server/domain/catalogue.h). Pure; thread-safe. */
#ifndef PEDILUVE_SERVER_API_CATALOGUE_COPY_H
#define PEDILUVE_SERVER_API_CATALOGUE_COPY_H

#include "server/domain/catalogue.h"

/* The product's entry with what the copy may change and changes well: a new tree, never NULL. Everything else
 * that differs is an error, with its pointer relative to the entry, and has no effect. */
json_t *catalogue_copy_merge(const struct catalogue_editable editables[], int32_t n, const json_t *product,
                             const json_t *copy, struct field_errors *errors);

#endif
