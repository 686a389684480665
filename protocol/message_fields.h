/* The messages' tables of fields, one row a key: INTERFACES.md and asyncapi.yaml are held against
 * them. Keys are written in the order of the rows. Pure data. */
#ifndef PEDILUVE_PROTOCOL_MESSAGE_FIELDS_H
#define PEDILUVE_PROTOCOL_MESSAGE_FIELDS_H

#include "base/field.h"
#include "protocol/limits.h"

/* X(name, most bytes) */
#define MESSAGES(X)                                                                                          \
    X(hello, PROTO_HELLO_MAX)                                                                                \
    X(command, PROTO_MESSAGE_MAX)                                                                            \
    X(ack, PROTO_ACK_MAX)                                                                                    \
    X(state, PROTO_STATE_MAX)                                                                                \
    X(telemetry, PROTO_TELEMETRY_MAX)                                                                        \
    X(committed, PROTO_COMMITTED_MAX)                                                                        \
    X(presence, PROTO_PRESENCE_MAX)                                                                          \
    X(server, PROTO_SERVER_MAX)

#define X(name, max) extern const struct field message_##name##_fields[];
MESSAGES(X)
#undef X
extern const struct field message_check_fields[];

struct message_kind {
    const char *name;
    size_t max, size; /* bytes of the text, of the struct */
    const struct field *fields;
};
extern const struct message_kind message_kinds[]; /* ends with a NULL name */

/* Size, syntax and table; what holds across fields is the caller's. */
must_use bool message_read(const char *text, size_t len, size_t max, const struct field *fields, void *ret,
                           size_t ret_size, struct field_errors *errors);
void message_emit(struct buf *out, const struct field *fields, const void *m);

#endif
