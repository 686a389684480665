/* What the files of the resource /api/v1/sessions share: session.c (list, get, create), session_order.c
 * (commands), session_held.c (without a unit), session_guide.c (its steps), session_check.c (its checklist).
 */
#ifndef PEDILUVE_SERVER_API_SESSION_H
#define PEDILUVE_SERVER_API_SESSION_H

#include "server/api/prepare.h"
#include "server/domain/care.h"
#include "server/store/command_store.h"
#include "server/store/session_store.h"

/* The session as the answer; command NULL: without its member. */
enum err session_reply(struct request *rq, int status, const struct session_row *row,
                       const struct command_row *command);
void session_set_location(struct request *rq, const struct uuid *session_id);

/* 202 with the command. */
enum err session_order_reply(struct request *rq, const struct command_row *row);
/* 409, naming the states that the command is for. */
enum err session_order_wrong_state(struct request *rq, enum command_type type);

/* Writes and answers a session by hand; id by uuid_new(). */
must_use enum err session_held_create(struct request *rq, void *worker, const struct prepared *p,
                                      const struct uuid *id, const struct uuid *site_id, const char *routine,
                                      const char *guest);
/* Does at once what a device would be asked, and answers. wanted holds what the type needs beyond ids. */
must_use enum err session_held_order(struct request *rq, void *worker, const struct uuid *id,
                                     enum command_type type, const struct message_command *wanted);

/* The routine as the session runs it: of a trial what the draft was then. */
must_use enum err session_routine(void *worker, const struct session_row *row, struct routine *ret);

/* One row of a FIELD_LIST of enum care_item. */
struct session_check_item {
    int32_t value;
};
#define SESSION_CHECK_ITEM_FIELD FIELD_ENUM(struct session_check_item, value, care_item_names, 0)
/* Checks off what was done before the session was made. Within its transaction when n > 0. */
must_use enum err session_check_first(struct request *rq, void *worker, const struct uuid *session_id,
                                      const char *routine, int32_t routine_version, const int32_t items[],
                                      int32_t n);

#endif
