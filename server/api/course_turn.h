/* A session that is begun for a course: which of its sessions it is, how strong it may be, and the link
 * between both, all in the transaction that makes the session. */
#ifndef PEDILUVE_SERVER_API_COURSE_TURN_H
#define PEDILUVE_SERVER_API_COURSE_TURN_H

#include "server/api/app.h"
#include "server/store/course_store.h"
#include "server/store/session_store.h"

struct course_turn {        /* zeroed: for no course */
    struct course_row *row; /* routine, guest and the rest; locked */
    int32_t number, intensity;
};

struct course_place { /* where the session is to be: one of both */
    struct uuid device_id, site_id;
};

/* Finds the course's session that may begin today. Pointers are relative to the body of POST /sessions;
 * routine "": not said. ERR_COURSE_NOT_DUE says in words why not, and what is next. */
must_use enum err course_turn_take(struct request *rq, void *worker, const struct uuid *course_id,
                                   const struct course_place *place, const char *routine,
                                   struct course_turn *ret);
/* Once the session is written: links both. Nothing for no course. */
must_use enum err course_turn_keep(struct request *rq, void *worker, const struct course_turn *turn,
                                   const struct uuid *session_id);

/* A session was changed by this request: if it completed, listeners hear of its course after the commit. */
must_use enum err course_turn_ended(struct request *rq, void *worker, const struct session_row *session);

#endif
