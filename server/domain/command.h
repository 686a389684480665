/* A command's life. The device's answer alone ends one that was sent; a timeout is `unknown`, never
 * `failed`. The database's triggers mirror COMMAND_TRANSITIONS; a test compares. Pure; thread-safe. */
#ifndef PEDILUVE_DOMAIN_COMMAND_H
#define PEDILUVE_DOMAIN_COMMAND_H

#include <stdbool.h>

#include "protocol/message.h"

/* X(enum, name, terminal) */
#define COMMAND_STATES(X)                                                                                    \
    X(PENDING, "pending", 0)   /* never left the server */                                                   \
    X(SENT, "sent", 0)         /* marked before the publish: may have reached the device */                  \
    X(ACCEPTED, "accepted", 0) /* in the device's journal */                                                 \
    X(RUNNING, "running", 0)                                                                                 \
    X(SUCCEEDED, "succeeded", 1)                                                                             \
    X(FAILED, "failed", 1)                                                                                   \
    X(REJECTED, "rejected", 1)                                                                               \
    X(EXPIRED, "expired", 1)                                                                                 \
    X(CANCELLED, "cancelled", 1) /* taken back before it was sent */                                         \
    X(UNKNOWN, "unknown", 0)     /* sent, its time is over, the device has not said */

/* X(from, to) */
#define COMMAND_TRANSITIONS(X)                                                                               \
    X(PENDING, SENT)                                                                                         \
    X(PENDING, EXPIRED)                                                                                      \
    X(PENDING, CANCELLED)                                                                                    \
    X(SENT, ACCEPTED)                                                                                        \
    X(SENT, RUNNING)                                                                                         \
    X(SENT, SUCCEEDED)                                                                                       \
    X(SENT, FAILED)                                                                                          \
    X(SENT, REJECTED)                                                                                        \
    X(SENT, EXPIRED)                                                                                         \
    X(SENT, UNKNOWN)                                                                                         \
    X(ACCEPTED, RUNNING)                                                                                     \
    X(ACCEPTED, SUCCEEDED)                                                                                   \
    X(ACCEPTED, FAILED)                                                                                      \
    X(ACCEPTED, UNKNOWN)                                                                                     \
    X(RUNNING, SUCCEEDED)                                                                                    \
    X(RUNNING, FAILED)                                                                                       \
    X(RUNNING, UNKNOWN)                                                                                      \
    X(UNKNOWN, ACCEPTED)                                                                                     \
    X(UNKNOWN, RUNNING)                                                                                      \
    X(UNKNOWN, SUCCEEDED)                                                                                    \
    X(UNKNOWN, FAILED)                                                                                       \
    X(UNKNOWN, REJECTED)                                                                                     \
    X(UNKNOWN, EXPIRED)

/* CMD_, since COMMAND_ is taken by the types of the device protocol. */
enum command_state {
#define X(e, n, terminal) CMD_##e,
    COMMAND_STATES(X)
#undef X
        CMD_STATE_COUNT
};
extern const char *const command_state_names[CMD_STATE_COUNT + 1]; /* NULL-terminated */

bool command_is_terminal(enum command_state s);
/* Whether the change is in the table. Staying is not a change: false. */
bool command_can_become(enum command_state from, enum command_state to);
/* CMD_STATE_COUNT: no such name. */
enum command_state command_state_find(const char *name);
enum command_state command_from_ack(enum ack_state s);

#endif
