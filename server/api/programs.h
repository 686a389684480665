/* Programs that were lowered before, remembered: a published version on a model under the same caps always
 * gives the same bytes. Bounded: the one not used for longest gives way. Thread-safe. */
#ifndef PEDILUVE_SERVER_API_PROGRAMS_H
#define PEDILUVE_SERVER_API_PROGRAMS_H

#include "protocol/program.h"
#include "server/domain/caps.h"
#include "server/domain/routine_facts.h"

#define PROGRAMS_MAX 64

struct programs_key {
    const char *routine; /* slug */
    int32_t routine_version;
    const char *model;
    int32_t model_version;
    struct lowering_caps caps;
};

struct lowered { /* shared and never changed */
    struct program program;
    char *json; /* of the program */
    size_t json_len;
};

struct programs;
struct programs *programs_new(void);
void programs_free(struct programs *p); /* NULL is legal; what was given out must be back */

/* NULL: not remembered. Otherwise to be given back. */
const struct lowered *programs_find(struct programs *p, const struct programs_key *key);
/* Remembers a copy of the program and gives it out. */
const struct lowered *programs_put(struct programs *p, const struct programs_key *key,
                                   const struct program *program);
/* One that is not to be remembered: of a draft, which changes under the same number. */
const struct lowered *programs_once(const struct programs_key *key, const struct program *program);
/* What the screening wants to know of a published version, remembered likewise. False: not remembered. */
bool programs_facts_find(struct programs *p, const char *routine, int32_t version, struct routine_facts *ret);
void programs_facts_put(struct programs *p, const char *routine, int32_t version,
                        const struct routine_facts *facts);

void programs_give_back(struct programs *p, const struct lowered *lowered);

#endif
