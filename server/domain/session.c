/* Tables made from the lists in the header; no other code decides about states. */
#include <string.h>

#include "server/domain/session.h"

const char *const session_state_names[SESSION_STATE_COUNT + 1] = {
#define X(e, n, live) n,
    SESSION_STATES(X)
#undef X
};

static const bool live_states[SESSION_STATE_COUNT] = {
#define X(e, n, live) live,
    SESSION_STATES(X)
#undef X
};

static const bool transitions[SESSION_STATE_COUNT][SESSION_STATE_COUNT] = {
#define X(from, to) [SESSION_##from][SESSION_##to] = true,
    SESSION_TRANSITIONS(X)
#undef X
};

/* Only a start makes a session, so it is allowed in no state. */
static const bool allowed[SESSION_STATE_COUNT][COMMAND_TYPE_COUNT] = {
    [SESSION_REQUESTED] = {[COMMAND_STOP] = true},
    [SESSION_STARTING] = {[COMMAND_STOP] = true},
    [SESSION_RUNNING] =
        {[COMMAND_PAUSE] = true, [COMMAND_RESUME] = true, [COMMAND_STOP] = true, [COMMAND_ADJUST] = true},
    [SESSION_PAUSED] =
        {[COMMAND_PAUSE] = true, [COMMAND_RESUME] = true, [COMMAND_STOP] = true, [COMMAND_ADJUST] = true},
    [SESSION_WAITING] = {[COMMAND_PAUSE] = true,
                         [COMMAND_RESUME] = true,
                         [COMMAND_STOP] = true,
                         [COMMAND_ADJUST] = true,
                         [COMMAND_CONFIRM] = true},
};

static const enum session_state from_device[DSESSION_COUNT] = {
    [DSESSION_NONE] = SESSION_STATE_COUNT, [DSESSION_STARTING] = SESSION_STARTING,
    [DSESSION_RUNNING] = SESSION_RUNNING,  [DSESSION_PAUSED] = SESSION_PAUSED,
    [DSESSION_WAITING] = SESSION_WAITING,  [DSESSION_COMPLETED] = SESSION_COMPLETED,
    [DSESSION_STOPPED] = SESSION_STOPPED,  [DSESSION_ABORTED] = SESSION_ABORTED,
};

static const enum session_state from_start_ack[ACK_STATE_COUNT] = {
    [ACK_ACCEPTED] = SESSION_STARTING, [ACK_RUNNING] = SESSION_STARTING,  [ACK_SUCCEEDED] = SESSION_RUNNING,
    [ACK_FAILED] = SESSION_ABORTED,    [ACK_REJECTED] = SESSION_REJECTED, [ACK_EXPIRED] = SESSION_EXPIRED,
};

bool session_is_live(enum session_state s) { return live_states[s]; }

bool session_is_terminal(enum session_state s) { return !live_states[s]; }

bool session_can_become(enum session_state from, enum session_state to) { return transitions[from][to]; }

enum session_state session_state_find(const char *name) {
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        if (strcmp(name, session_state_names[s]) == 0) return (enum session_state)s;
    return SESSION_STATE_COUNT;
}

bool session_allows(enum session_state s, enum command_type command) { return allowed[s][command]; }

enum session_state session_from_device(enum device_session_state s) { return from_device[s]; }

enum session_state session_from_start_ack(enum ack_state s) { return from_start_ack[s]; }
