/* From "this routine for this guest on that device" to the program: routine, screening, lowering. What
 * stands in the way becomes a problem document that says which question, step or actuator. */
#ifndef PEDILUVE_SERVER_API_PREPARE_H
#define PEDILUVE_SERVER_API_PREPARE_H

#include "server/api/app.h"
#include "server/api/programs.h"
#include "server/api/screen.h"
#include "server/domain/lowering.h"
#include "server/store/routine_store.h"

struct prepared { /* for a session */
    struct programs *programs;
    const struct lowered *lowered;
    int32_t routine_version;
    char *trial_content;      /* of a draft, owned; NULL: it is published */
    struct screened screened; /* with the JSON texts for the record */
};
void prepared_done(struct prepared *p); /* zeroed is legal */
#define auto_prepared auto_call(prepared_done)

struct prepare_place {     /* where a session is to be: one of them, the other zero */
    struct uuid device_id; /* on this device */
    struct uuid site_id;   /* by hand, at this site */
};

/* For POST /sessions. version 0: the latest published one; else a draft, which only a simulated unit may run
 * (the caller looks to that). Pointers are relative to its body. *ret is to be zeroed before and done after.
 */
must_use enum err prepare_session(struct request *rq, void *worker, const struct prepare_place *place,
                                  const char *routine, int32_t version, const struct screen_ask *ask,
                                  const struct lowering_caps *asked, struct prepared *ret);

struct lowering {                /* a routine lowered for a model, with all that went into it; on the heap */
    struct uuid routine_site_id; /* zero: for all sites */
    int32_t routine_version;
    struct model model;
    struct routine routine;
    struct program program;
    struct lowering_report report;
};

/* Without guest and device. version 0: the latest published. To be freed with free(). */
must_use enum err prepare_preview(struct request *rq, void *worker, const char *routine, int32_t version,
                                  const char *model, const struct lowering_caps *asked,
                                  struct lowering **ret);

/* A note of the lowering, as the API has it: in words, and by what a program can read. */
void prepare_write_note(struct jsonw *w, const struct lowering *p, const struct lowering_note *n);

/* Decodes a routine's stored JSON; false: it is not one any more (logged). */
bool prepare_parse(const struct routine_row *row, struct routine *ret);

#endif
