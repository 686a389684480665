/* A session's life: states, the changes that may be, and how the device's word maps onto it.
 * The database's triggers mirror SESSION_TRANSITIONS; a test compares. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_SESSION_H
#define PEDILUVE_DOMAIN_SESSION_H

#include <stdbool.h>

#include "protocol/message.h"

/* X(enum, name, live): live sessions hold their device. */
#define SESSION_STATES(X)                                                                                    \
    X(REQUESTED, "requested", 1) /* written, the start is on its way */                                      \
    X(STARTING, "starting", 1)   /* the device has accepted */                                               \
    X(RUNNING, "running", 1)                                                                                 \
    X(PAUSED, "paused", 1)                                                                                   \
    X(WAITING, "waiting", 1)     /* a guided step waits for its confirm */                                   \
    X(COMPLETED, "completed", 0) /* to the end of the program */                                             \
    X(STOPPED, "stopped", 0)     /* by a person */                                                           \
    X(ABORTED, "aborted", 0)     /* by a fault, a limit, or a failed start */                                \
    X(EXPIRED, "expired", 0)     /* never began: the start came too late */                                  \
    X(REJECTED, "rejected", 0)   /* never began: the device refused */

/* X(from, to). The device may be ahead of what the server has seen, so a live session may jump
 * forward over states whose message was lost; nothing ever leaves an end. */
#define SESSION_TRANSITIONS(X)                                                                               \
    X(REQUESTED, STARTING)                                                                                   \
    X(REQUESTED, RUNNING)                                                                                    \
    X(REQUESTED, PAUSED)                                                                                     \
    X(REQUESTED, WAITING)                                                                                    \
    X(REQUESTED, COMPLETED)                                                                                  \
    X(REQUESTED, STOPPED)                                                                                    \
    X(REQUESTED, ABORTED)                                                                                    \
    X(REQUESTED, EXPIRED)                                                                                    \
    X(REQUESTED, REJECTED)                                                                                   \
    X(STARTING, RUNNING)                                                                                     \
    X(STARTING, PAUSED)                                                                                      \
    X(STARTING, WAITING)                                                                                     \
    X(STARTING, COMPLETED)                                                                                   \
    X(STARTING, STOPPED)                                                                                     \
    X(STARTING, ABORTED)                                                                                     \
    X(RUNNING, PAUSED)                                                                                       \
    X(RUNNING, WAITING)                                                                                      \
    X(RUNNING, COMPLETED)                                                                                    \
    X(RUNNING, STOPPED)                                                                                      \
    X(RUNNING, ABORTED)                                                                                      \
    X(PAUSED, RUNNING)                                                                                       \
    X(PAUSED, WAITING)                                                                                       \
    X(PAUSED, COMPLETED)                                                                                     \
    X(PAUSED, STOPPED)                                                                                       \
    X(PAUSED, ABORTED)                                                                                       \
    X(WAITING, RUNNING)                                                                                      \
    X(WAITING, PAUSED)                                                                                       \
    X(WAITING, COMPLETED)                                                                                    \
    X(WAITING, STOPPED)                                                                                      \
    X(WAITING, ABORTED)

enum session_state {
#define X(e, n, live) SESSION_##e,
    SESSION_STATES(X)
#undef X
        SESSION_STATE_COUNT
};
extern const char *const session_state_names[SESSION_STATE_COUNT + 1]; /* NULL-terminated */

bool session_is_live(enum session_state s);
bool session_is_terminal(enum session_state s);
/* Whether the change is in the table. Staying is not a change: false. */
bool session_can_become(enum session_state from, enum session_state to);
/* SESSION_STATE_COUNT: no such name. */
enum session_state session_state_find(const char *name);

/* Whether that command makes sense in that state; if not, the API answers 409 wrong_state. Commands
 * are absolute, so asking for the state that is there already is allowed. */
bool session_allows(enum session_state s, enum command_type command);

/* What the device's state of this session means; SESSION_STATE_COUNT: nothing (it has none). */
enum session_state session_from_device(enum device_session_state s);
/* What the answer to a start means for its session. */
enum session_state session_from_start_ack(enum ack_state s);

#endif
