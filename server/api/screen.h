/* Screening a guest for a request: which rules hold at the site, what the routine asks for, what was
 * answered, and what stands in the way as a problem document. Used by the screenings and by the sessions. */
#ifndef PEDILUVE_SERVER_API_SCREEN_H
#define PEDILUVE_SERVER_API_SCREEN_H

#include "server/api/app.h"
#include "server/domain/screening.h"
#include "server/store/routine_store.h"

struct screen_ask {              /* of a session: one of the two */
    const struct intake *intake; /* NULL: by screening_id */
    struct uuid screening_id;
    const char *guest; /* "": not said */
};

struct screened { /* zeroed before, screened_done after */
    const struct screening_rules *rules;
    struct intake intake;
    struct uuid screening_id; /* zero: screened now */
    struct uuid accepted_by;  /* the person or token that took the clearances */
    char guest[241];          /* whom it is for, where the screening says so */
    struct screening_result result;
    struct buf intake_json, result_json;
    struct buf clearances_json; /* for the audit log; no text: none */
};
void screened_done(struct screened *s);
#define auto_screened auto_call(screened_done)

/* The rules as they hold at the site (zero: the product's), its own stricter copies among them; they live as
 * long as the request. Not there: ERR_NOT_FOUND at /site_id. */
must_use enum err screen_rules(struct request *rq, void *worker, const struct uuid *site_id,
                               const struct screening_rules **ret);

/* The latest published version of the routine (version 0), or this draft of it, as the site may use it, with
 * its facts. *ret_row is to be done after ERR_OK. Not there: ERR_NOT_FOUND at /routine, or at /version. */
must_use enum err screen_routine(struct request *rq, void *worker, const struct uuid *site_id,
                                 const char *slug, int32_t version, struct routine_row *ret_row,
                                 struct routine_facts *ret);

/* Checks and judges the intake of a body (at /intake). facts NULL: no routine. Errors: what is malformed, too
 * old, or a question left open; a result of any outcome is ERR_OK. */
must_use enum err screen_intake(struct request *rq, void *worker, const struct uuid *site_id,
                                const struct intake *intake, const struct routine_facts *facts,
                                struct screened *ret);

/* For a session: as screen_intake, or a stored screening judged again for this routine. ERR_OK only when the
 * session may go on within result.caps. */
must_use enum err screen_session(struct request *rq, void *worker, const struct uuid *site_id,
                                 const struct screen_ask *ask, const struct routine_facts *facts,
                                 struct screened *ret);

/* ---- screen_record.c ---- */

/* Writes intake_json, result_json and clearances_json. caps: those that hold in the end. */
void screen_record(struct screened *s, const struct lowering_caps *caps);

/* "notices": what is said with every outcome. */
void screen_record_notices(struct jsonw *w);
/* key: ["contra.infant", ...] of a rule's sources. */
void screen_record_sources(struct jsonw *w, const char *key, const char *sources);

#endif
