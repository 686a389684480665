/* What pediluve-agent does instead of running: commands that drive the board while no agent does. */
#ifndef PEDILUVE_AGENT_RUNTIME_MAINTENANCE_H
#define PEDILUVE_AGENT_RUNTIME_MAINTENANCE_H

#include "device-agent/runtime/config.h"

enum maintenance_exit { /* exit statuses */
                        MAINTENANCE_PASSED = 0,
                        MAINTENANCE_FAILED = 1,
                        MAINTENANCE_REFUSED = 2,   /* nothing was driven */
                        MAINTENANCE_INCOMPLETE = 3 /* nothing failed, but something could not be tried */
};

/* Tries the board out, see core/self_test.h; a line a check on stdout, or one JSON object. Refused while an
 * agent runs on this journal or a session is live in it, and when nobody has said that the unit is empty: by
 * nobody_in_the_unit, or by an answer on the terminal. Signals must be blocked, see runtime_block_signals. */
int maintenance_self_test(struct config *c, bool nobody_in_the_unit, bool json);

/* Opens the board and closes it: everything is off. For the time after an agent that was killed. */
int maintenance_make_safe(struct config *c);

#endif
