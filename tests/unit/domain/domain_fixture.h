/* What several tests of the domain need: the catalogue's files, decoded, and programs as bytes. */
#ifndef PEDILUVE_TESTS_DOMAIN_FIXTURE_H
#define PEDILUVE_TESTS_DOMAIN_FIXTURE_H

#include "base/buf.h"
#include "server/domain/lowering.h"

/* All end the test when the file is missing or wrong. Routines are freed by the caller. */
char *fixture_text(const char *path_from_root, size_t *ret_len);
struct routine *fixture_routine(const char *slug);
/* The slugs of all routines that come with the product, in order of the alphabet; how many. */
#define FIXTURE_SLUGS_MAX 100
int fixture_slugs(char ret_slugs[FIXTURE_SLUGS_MAX][ROUTINE_SLUG_MAX + 1]);
void fixture_model(const char *id, struct model *ret);
/* From text; NULL, with errors filled, when it does not decode or routine_check refuses it. */
struct routine *fixture_decode(const char *text, struct field_errors *errors);

void fixture_program_bytes(const struct program *p, struct buf *out);

#endif
