/* Joins core, board, journal and link: carries out what the core decides. Drives one agent or
 * hundreds on one control thread; the link has a thread of its own. */
#ifndef PEDILUVE_AGENT_RUNTIME_RUNTIME_H
#define PEDILUVE_AGENT_RUNTIME_RUNTIME_H

#include "device-agent/runtime/config.h"

struct runtime;

/* tick_ms: real time between control turns; step_ms: control time of one step. NULL: said why on
 * stderr. config is borrowed. */
struct runtime *runtime_new(struct config *config, int32_t tick_ms, int32_t step_ms);
/* Until SIGTERM, SIGINT or SIGHUP. SIGUSR1 presses the stop key of every simulated board, SIGUSR2
 * pushes or pulls its emergency stop. Returns the exit status. The signals must be blocked already,
 * see runtime_block_signals. */
int runtime_run(struct runtime *r);
/* Everything off, goodbye to the broker. False: the disk hangs, and with it a thread that still uses what
 * there is: end the process by _exit. NULL is legal. */
must_use bool runtime_free(struct runtime *r);

/* Before any thread starts. */
void runtime_block_signals(void);

#endif
