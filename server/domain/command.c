/* Tables made from the lists in the header; no other code decides about states. */
#include <string.h>

#include "server/domain/command.h"

const char *const command_state_names[CMD_STATE_COUNT + 1] = {
#define X(e, n, terminal) n,
    COMMAND_STATES(X)
#undef X
};

static const bool terminal_states[CMD_STATE_COUNT] = {
#define X(e, n, terminal) terminal,
    COMMAND_STATES(X)
#undef X
};

static const bool transitions[CMD_STATE_COUNT][CMD_STATE_COUNT] = {
#define X(from, to) [CMD_##from][CMD_##to] = true,
    COMMAND_TRANSITIONS(X)
#undef X
};

static const enum command_state from_ack[ACK_STATE_COUNT] = {
    [ACK_ACCEPTED] = CMD_ACCEPTED, [ACK_RUNNING] = CMD_RUNNING,   [ACK_SUCCEEDED] = CMD_SUCCEEDED,
    [ACK_FAILED] = CMD_FAILED,     [ACK_REJECTED] = CMD_REJECTED, [ACK_EXPIRED] = CMD_EXPIRED,
};

bool command_is_terminal(enum command_state s) { return terminal_states[s]; }

bool command_can_become(enum command_state from, enum command_state to) { return transitions[from][to]; }

enum command_state command_state_find(const char *name) {
    for (int s = 0; s < CMD_STATE_COUNT; s++)
        if (strcmp(name, command_state_names[s]) == 0) return (enum command_state)s;
    return CMD_STATE_COUNT;
}

enum command_state command_from_ack(enum ack_state s) { return from_ack[s]; }
