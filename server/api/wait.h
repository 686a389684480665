/* ?wait=S: the answer is held until the device has answered a command for good. */
#ifndef PEDILUVE_SERVER_API_WAIT_H
#define PEDILUVE_SERVER_API_WAIT_H

#include "server/http/request.h"

struct wait; /* one interest in one command's answer */

/* Before the command is written. NULL: seconds is 0, or too many wait already: answer at once. */
struct wait *wait_begin(struct request *rq, int32_t seconds, const struct uuid *command_id);
/* The command was not written after all, or is settled already. NULL is legal. */
void wait_cancel(struct request *rq, struct wait *w);
/* Sets the request aside; `continuation` answers. NULL is legal: false, nothing happens. */
bool wait_park(struct request *rq, struct wait *w, request_handler *continuation);

#endif
