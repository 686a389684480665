/* Prints the server's tables for the model: what may become of a command and of a session. */
#include "dump.h"
#include "server/domain/command.h"
#include "server/domain/session.h"

int main(void) {
    dump_names("CMD", command_state_names, CMD_STATE_COUNT);
    dump_names("SES", session_state_names, SESSION_STATE_COUNT);
    dump_names("ACK", ack_state_names, ACK_STATE_COUNT);
    dump_names("DEV", device_session_state_names, DSESSION_COUNT);
    dump_names("TYPE", command_type_names, COMMAND_TYPE_COUNT);
    dump_array("cmd_can", CMD_STATE_COUNT * CMD_STATE_COUNT);
    dump_array("cmd_ended", CMD_STATE_COUNT);
    dump_array("cmd_from_ack", ACK_STATE_COUNT);
    dump_array("ses_can", SESSION_STATE_COUNT * SESSION_STATE_COUNT);
    dump_array("ses_live", SESSION_STATE_COUNT);
    dump_array("ses_from_device", DSESSION_COUNT);
    dump_array("ses_allows", SESSION_STATE_COUNT * COMMAND_TYPE_COUNT);
    printf("inline load_server_tables() {\n");
    for (int f = 0; f < CMD_STATE_COUNT; f++) {
        dump_cell("cmd_ended", f, command_is_terminal((enum command_state)f));
        for (int t = 0; t < CMD_STATE_COUNT; t++)
            dump_cell("cmd_can", f * CMD_STATE_COUNT + t,
                      command_can_become((enum command_state)f, (enum command_state)t));
    }
    for (int a = 0; a < ACK_STATE_COUNT; a++)
        dump_cell("cmd_from_ack", a, command_from_ack((enum ack_state)a));
    for (int f = 0; f < SESSION_STATE_COUNT; f++) {
        dump_cell("ses_live", f, session_is_live((enum session_state)f));
        for (int t = 0; t < SESSION_STATE_COUNT; t++)
            dump_cell("ses_can", f * SESSION_STATE_COUNT + t,
                      session_can_become((enum session_state)f, (enum session_state)t));
        for (int c = 0; c < COMMAND_TYPE_COUNT; c++)
            dump_cell("ses_allows", f * COMMAND_TYPE_COUNT + c,
                      session_allows((enum session_state)f, (enum command_type)c));
    }
    for (int d = 0; d < DSESSION_COUNT; d++)
        dump_cell("ses_from_device", d, session_from_device((enum device_session_state)d));
    printf("}\n\n");
    return 0;
}
