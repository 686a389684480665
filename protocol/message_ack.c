#include "protocol/message.h"
#include "protocol/message_fields.h"

#define S struct message_check
const struct field message_check_fields[] = {
    FIELD_STR(S, name, 1, FIELD_REQUIRED),
    FIELD_ENUM(S, result, check_result_names, FIELD_REQUIRED),
    FIELD_STR(S, detail, 0, 0),
    FIELD_END,
};
#undef S

#define ANSWER(S)                                                                                            \
    FIELD_UUID(S, command_id, FIELD_REQUIRED), FIELD_UUID(S, boot_id, FIELD_REQUIRED),                       \
        FIELD_INT(S, seq, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),                                               \
        FIELD_INT(S, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),                                             \
        FIELD_ENUM(S, state, ack_state_names, FIELD_REQUIRED),                                               \
        FIELD_ENUM(S, code, ack_code_names, FIELD_REQUIRED),                                                 \
        FIELD_INT(S, at, 0, PROTO_TIME_MS_MAX, FIELD_REQUIRED), FIELD_STR(S, detail, 0, 0)
const struct field message_ack_fields[] = {
    ANSWER(struct message_ack),
    FIELD_ARRAY(struct message_ack, checks, n_checks, 0, message_check_fields, 0),
    FIELD_END,
};
static const struct field answer_fields[] = {ANSWER(struct message_answer), FIELD_END};
#undef ANSWER

bool message_ack_parse(const char *text, size_t len, struct message_ack *ret, struct field_errors *errors) {
    return message_read(text, len, PROTO_ACK_MAX, message_ack_fields, ret, sizeof *ret, errors);
}

void message_ack_write(struct buf *out, const struct message_ack *m) {
    message_emit(out, message_ack_fields, m);
}

void message_answer_write(struct buf *out, const struct message_answer *m) {
    message_emit(out, answer_fields, m);
}
