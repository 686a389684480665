/* Who is there: the device's birth and last will, and the server's call to say hello again. */
#include "protocol/message.h"
#include "protocol/message_fields.h"

#define S struct message_presence
const struct field message_presence_fields[] = {
    FIELD_BOOL(S, online, FIELD_REQUIRED),
    FIELD_UUID(S, boot_id, FIELD_REQUIRED),
    FIELD_INT(S, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

#define S struct message_server
const struct field message_server_fields[] = {
    FIELD_UUID(S, instance, FIELD_REQUIRED),
    FIELD_INT(S, spread_ms, 0, PROTO_SPREAD_MS_MAX, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

bool message_presence_parse(const char *text, size_t len, struct message_presence *ret,
                            struct field_errors *errors) {
    return message_read(text, len, PROTO_PRESENCE_MAX, message_presence_fields, ret, sizeof *ret, errors);
}

void message_presence_write(struct buf *out, const struct message_presence *m) {
    message_emit(out, message_presence_fields, m);
}

bool message_server_parse(const char *text, size_t len, struct message_server *ret,
                          struct field_errors *errors) {
    return message_read(text, len, PROTO_SERVER_MAX, message_server_fields, ret, sizeof *ret, errors);
}

void message_server_write(struct buf *out, const struct message_server *m) {
    message_emit(out, message_server_fields, m);
}
