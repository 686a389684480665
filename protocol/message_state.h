/* The rules across the fields of a state, which hello carries too. Pure. */
#ifndef PEDILUVE_PROTOCOL_MESSAGE_STATE_H
#define PEDILUVE_PROTOCOL_MESSAGE_STATE_H

#include "protocol/message.h"

/* at: JSON pointer of the state within its message. Appends to errors. */
must_use bool message_state_check(const struct message_state *m, const char *at, struct field_errors *errors);

#endif
