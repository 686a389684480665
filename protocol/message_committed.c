#include "protocol/message.h"
#include "protocol/message_fields.h"

#define S struct message_committed
const struct field message_committed_fields[] = {
    FIELD_UUID(S, boot_id, FIELD_REQUIRED),
    FIELD_INT(S, epoch, 0, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, n, 0, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, at, 0, PROTO_TIME_MS_MAX, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

bool message_committed_parse(const char *text, size_t len, struct message_committed *ret,
                             struct field_errors *errors) {
    return message_read(text, len, PROTO_COMMITTED_MAX, message_committed_fields, ret, sizeof *ret, errors);
}

void message_committed_write(struct buf *out, const struct message_committed *m) {
    message_emit(out, message_committed_fields, m);
}
