/* Sessions without a unit (server/domain/held.h): rows of table session that have a site and no device. */
#ifndef PEDILUVE_SERVER_STORE_HELD_SESSION_STORE_H
#define PEDILUVE_SERVER_STORE_HELD_SESSION_STORE_H

#include "server/domain/held.h"
#include "server/store/session_store.h"

struct held_session_new {
    struct uuid id, site_id; /* id by uuid_new() */
    const char *routine;
    int32_t routine_version;                  /* a published one, else ERR_UNPROCESSABLE */
    const char *intake, *screening, *program; /* JSON texts */
    const char *guest;                        /* NULL: not said */
    struct uuid screening_id;                 /* both as in session_new */
    const char *clearances;
    int32_t step_count, duration_ms;
    struct held held;
    int64_t due_at;
};
/* Session and audit. ERR_NOT_FOUND: the site. */
must_use enum err held_session_create(struct db *db, const struct scope *scope, const struct actor *actor,
                                      const struct held_session_new *new_session, struct session_row *ret);

struct held_session {
    struct session_row row;
    struct held held;
    char *program; /* JSON, owned */
};
void held_session_done(struct held_session *s);

/* ERR_NOT_FOUND: no such session, or a device has it. */
must_use enum err held_session_get(struct db *db, const struct scope *scope, const struct uuid *id,
                                   struct held_session *ret);
/* Those whose time has come, the longest due first; at most cap. */
must_use enum err held_session_due(struct db *db, int64_t now, struct uuid ids[], int32_t cap,
                                   int32_t *ret_n);

struct held_session_change {
    struct uuid id;
    int64_t version; /* the row must still have it */
    struct held held;
    int32_t remaining_ms;
    int64_t due_at;         /* 0: has ended */
    const char *type;       /* what a person has ordered; NULL: nobody, it is time alone */
    const char *body;       /* JSON of the order's own part */
    struct uuid command_id; /* by uuid_new(), with type */
};
/* Session, the order as a command that succeeded, and its audit row. ERR_CONFLICT: the row has another
 * version by now: get it again. ret_command is written with type only. */
must_use enum err held_session_change(struct db *db, const struct actor *actor,
                                      const struct held_session_change *change, struct session_row *ret,
                                      struct command_row *ret_command);

#endif
