/* What the agent says of itself. Everything about a session comes from its durable record, so
 * that no power loss can take back what was said; values are live. Pure. */
#ifndef PEDILUVE_AGENT_CORE_REPORT_H
#define PEDILUVE_AGENT_CORE_REPORT_H

#include "device-agent/core/agent.h"

void report_state(const struct agent *a, const struct moment *now, struct message_state *ret);
void report_hello(const struct agent *a, const struct moment *now, struct message_hello *ret);
void report_sample(const struct agent *a, const struct moment *now, struct message_sample *ret);
void report_ack(const struct agent *a, const struct moment *now, const struct ledger_entry *e,
                struct message_answer *ret);
/* Changes when something changed that is worth a message of its own before the next heartbeat. */
uint64_t report_digest(const struct agent *a);

#endif
