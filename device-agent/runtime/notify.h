/* Tells systemd how the agent is: datagrams to $NOTIFY_SOCKET, as sd_notify(3) has them. Without that
 * variable every call does nothing. For the control thread only: the watchdog is fed by the control loop and
 * by nothing else, so that a loop that hangs is restarted however well the link still speaks. */
#ifndef PEDILUVE_AGENT_RUNTIME_NOTIFY_H
#define PEDILUVE_AGENT_RUNTIME_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
    int fd; /* -1: nobody wants to know */
    bool ready;
    int64_t every_ms; /* between two signs of life; 0: no watchdog */
    int64_t next_ms;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void notify_open(struct notify *n);
/* A control step was made: the first one says READY=1, and WATCHDOG=1 follows in time. Never blocks. */
void notify_step(struct notify *n, int64_t mono_ms);
void notify_stopping(struct notify *n);
void notify_close(struct notify *n);

#endif
