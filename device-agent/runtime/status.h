/* What a device says of itself to somebody who stands beside it: `pediluve-agent status`. One local socket;
 * whoever connects gets one JSON object and the end of the connection. Nothing is read from it, and nothing
 * waits.
 *
 * The agent's half (status_open, status_serve, status_write) is the control thread's. */
#ifndef PEDILUVE_AGENT_RUNTIME_STATUS_H
#define PEDILUVE_AGENT_RUNTIME_STATUS_H

#include "base/buf.h"
#include "device-agent/runtime/config.h"
#include "device-agent/runtime/unit.h"

#define STATUS_MAX 16384 /* bytes of an answer */
#define STATUS_AT_ONCE 4 /* connections served in one turn; more wait */
#define STATUS_DEADLINE_MS 3000

struct status_view { /* what the runtime knows besides */
    const struct config *config;
    int64_t started_ms, mono_ms;
    int64_t turns;   /* control turns since the start */
    int64_t late_ms; /* the worst one came so long after it was due */
    int32_t tick_ms;
};

/* -1: there will be none; said why in the log. A socket left by an agent that was killed is replaced. */
int status_open(const char *path);
void status_close(int fd, const char *path);
/* The next one who asks; -1: nobody does. */
int status_accept(int fd);
/* Sends what fits at once, and hangs up. */
void status_answer(int client, const struct buf *text);
void status_write(struct buf *out, const struct unit *u, const struct unit_parts *p, const struct moment *now,
                  const struct status_view *view);

/* The command: pediluve-agent status [--config FILE | --socket PATH] [--json]. Returns the exit status: 0, 1
 * when the agent does not answer, 2 for wrong usage, 3 when the device is in fault. */
int status_main(int argc, char **argv);

#endif
