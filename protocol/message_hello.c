#include "protocol/message_fields.h"
#include "protocol/message_state.h"

#define S struct message_hello
const struct field message_hello_fields[] = {
    FIELD_INT(S, v, PROTO_VERSION, PROTO_VERSION, FIELD_REQUIRED),
    FIELD_UUID(S, boot_id, FIELD_REQUIRED),
    FIELD_INT(S, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, last_seq, 0, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_STR(S, agent, 1, FIELD_REQUIRED),
    FIELD_STR(S, model, 1, FIELD_REQUIRED),
    FIELD_INT(S, model_version, 1, PROTO_MODEL_VERSION_MAX, FIELD_REQUIRED),
    FIELD_INT(S, uncommitted, 0, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_BOOL(S, simulated, 0),
    FIELD_OBJECT(S, state, message_state_fields, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

/* The state within is this connection's: another boot or epoch would be a mix of two. */
static bool check(const struct message_hello *m, struct field_errors *errors) {
    if (!uuid_equal(&m->boot_id, &m->state.boot_id))
        field_errors_add(errors, FIELD_BAD_FORMAT, "/state/boot_id", "must be the hello's own");
    if (m->epoch != m->state.epoch)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/state/epoch", "must be the hello's own");
    return message_state_check(&m->state, "/state", errors) && errors->n == 0;
}

bool message_hello_parse(const char *text, size_t len, struct message_hello *ret,
                         struct field_errors *errors) {
    return message_read(text, len, PROTO_HELLO_MAX, message_hello_fields, ret, sizeof *ret, errors) &&
           check(ret, errors);
}

void message_hello_write(struct buf *out, const struct message_hello *m) {
    message_emit(out, message_hello_fields, m);
}
