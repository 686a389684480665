/* What the clock does to courses: days that are over without their session are missed at the site's midnight,
 * days that the site closes are left, and the rest moves. On the housekeeping thread; safe beside other
 * replicas: each course is settled under its row's lock, and settling again changes nothing. */
#ifndef PEDILUVE_SERVER_FLEET_COURSE_KEEPER_H
#define PEDILUVE_SERVER_FLEET_COURSE_KEEPER_H

#include "server/fleet/context.h"
#include "server/store/session_store.h"

/* Tells listeners of the course that a completed session is of: the database has made its place done with it.
 * Any thread, with its own connection. Of no course, or not completed: nothing. */
must_use enum err course_keeper_tell(struct context *ctx, struct db *db, const struct session_row *session);

must_use enum err course_keeper_run(struct context *ctx, struct db *db);

#endif
