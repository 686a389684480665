/* Names of the protocol's enums, and what all codecs share. */
#include "protocol/message.h"

#include "protocol/message_fields.h"

#define NAME(e, n, ...) n,
const char *const device_mode_names[] = {DEVICE_MODES(NAME) NULL};
const char *const device_session_state_names[] = {DEVICE_SESSION_STATES(NAME) NULL};
const char *const reason_names[] = {REASONS(NAME) NULL};
const char *const command_type_names[] = {COMMAND_TYPES(NAME) NULL};
const char *const ack_state_names[] = {ACK_STATES(NAME) NULL};
const char *const ack_code_names[] = {ACK_CODES(NAME) NULL};
const char *const check_result_names[] = {CHECK_RESULTS(NAME) NULL};

bool device_session_state_is_live(enum device_session_state s) {
#define X(e, n, live) live,
    static const bool is_live[] = {DEVICE_SESSION_STATES(X)};
#undef X
    return (size_t)s < COUNT_OF(is_live) && is_live[s];
}

bool ack_state_is_final(enum ack_state s) {
#define X(e, n, final) final,
    static const bool is_final[] = {ACK_STATES(X)};
#undef X
    return (size_t)s < COUNT_OF(is_final) && is_final[s];
}

#define X(n, bytes)                                                                                          \
    {.name = #n, .max = bytes, .size = sizeof(struct message_##n), .fields = message_##n##_fields},
const struct message_kind message_kinds[] = {MESSAGES(X){.name = NULL}};
#undef X

bool message_read(const char *text, size_t len, size_t max, const struct field *fields, void *ret,
                  size_t ret_size, struct field_errors *errors) {
    if (len > max) {
        errors->n = 0;
        field_errors_add(errors, FIELD_TOO_LONG, "", "must be at most %zu bytes", max);
        return false;
    }
    return field_parse(text, len, fields, 0, ret, ret_size, NULL, errors);
}

void message_emit(struct buf *out, const struct field *fields, const void *m) {
    struct jsonw w;
    jsonw_init(&w, out);
    field_write(&w, NULL, fields, m);
}
