/* Prints the agent's tables for the model: what a command does in each phase, and what becomes of it. */
#include "device-agent/core/ledger.h"
#include "dump.h"

static const char *const phases[PHASE_COUNT] = {
#define X(e, ...) #e,
    SESSION_PHASES(X)
#undef X
};
static const char *const effects[] = {"reject", "done",   "start",   "pause",    "resume",
                                      "stop",   "adjust", "confirm", "self_test"};

int main(void) {
    dump_names("PHASE", phases, PHASE_COUNT);
    dump_names("EFFECT", effects, (int)COUNT_OF(effects));
    printf("#define OUTCOME_OK %d\n#define OUTCOME_OPEN %d\n\n", ACKCODE_OK, LEDGER_OPEN);
    dump_array("effect", PHASE_COUNT * COMMAND_TYPE_COUNT);
    dump_array("outcome", PHASE_COUNT * COMMAND_TYPE_COUNT);
    dump_array("phase_live", PHASE_COUNT);
    dump_array("shown", PHASE_COUNT);
    printf("inline load_device_tables() {\n");
    for (int p = 0; p < PHASE_COUNT; p++) {
        dump_cell("phase_live", p, session_is_live((enum session_phase)p));
        dump_cell("shown", p, session_public_state((enum session_phase)p));
        for (int c = 0; c < COMMAND_TYPE_COUNT; c++) {
            uint8_t cell = ledger_effects[p][c];
            dump_cell("effect", p * COMMAND_TYPE_COUNT + c, LEDGER_REFUSES(cell) ? LEDGER_REJECT : cell);
            dump_cell("outcome", p * COMMAND_TYPE_COUNT + c, ledger_outcomes[p][c]);
        }
    }
    printf("}\n\n");
    return 0;
}
