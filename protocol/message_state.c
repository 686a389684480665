#include "protocol/message_state.h"

#include <stdio.h>

#include "protocol/message_fields.h"

#define S struct message_session
static const struct field session_fields[] = {
    FIELD_UUID(S, id, FIELD_NULLABLE),
    FIELD_ENUM(S, state, device_session_state_names, FIELD_REQUIRED),
    FIELD_ENUM(S, reason, reason_names, FIELD_REQUIRED),
    FIELD_INT(S, step, 0, PROTO_STEPS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, step_count, 0, PROTO_STEPS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, elapsed_ms, 0, PROTO_ELAPSED_MS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, remaining_ms, 0, PROTO_ELAPSED_MS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, intensity, 0, 100, FIELD_REQUIRED),
    FIELD_INT(S, target_mdegc, 0, PROTO_WATER_MDEGC_MAX, FIELD_REQUIRED),
    FIELD_INT(S, started_at, 0, PROTO_TIME_MS_MAX, 0),
    FIELD_INT(S, ended_at, 0, PROTO_TIME_MS_MAX, 0),
    FIELD_END,
};
#undef S

#define S struct message_values
static const struct field values_fields[] = {
    FIELD_INT_OR(S, water_mdegc, PROTO_READING_MDEGC_MIN, PROTO_READING_MDEGC_MAX, FIELD_NULLABLE, INT32_MIN),
    FIELD_INT_OR(S, level_permille, 0, 1000, FIELD_NULLABLE, -1),
    FIELD_INT(S, current_ma, 0, PROTO_CURRENT_MA_MAX, FIELD_REQUIRED),
    FIELD_INT(S, heater_permille, 0, 1000, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

static const struct field fault_row = {.type = FIELD_T_ENUM, .size = sizeof(int32_t), .names = reason_names};

#define S struct message_state
const struct field message_state_fields[] = {
    FIELD_UUID(S, boot_id, FIELD_REQUIRED),
    FIELD_INT(S, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, n, 0, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, at, 0, PROTO_TIME_MS_MAX, FIELD_REQUIRED),
    FIELD_ENUM(S, mode, device_mode_names, FIELD_REQUIRED),
    FIELD_OBJECT(S, session, session_fields, FIELD_REQUIRED),
    FIELD_OBJECT(S, values, values_fields, FIELD_REQUIRED),
    FIELD_LIST(S, faults, n_faults, 0, &fault_row, FIELD_REQUIRED),
    FIELD_BOOL(S, rinse, 0),
    FIELD_END,
};
#undef S

bool message_state_check(const struct message_state *m, const char *at, struct field_errors *errors) {
    const struct message_session *s = &m->session;
    char pointer[64];
    int32_t before = errors->n;
    if ((s->state == DSESSION_NONE) != uuid_is_zero(&s->id)) {
        snprintf(pointer, sizeof pointer, "%s/session/id", at);
        if (s->state == DSESSION_NONE)
            field_errors_add(errors, FIELD_BAD_FORMAT, pointer, "must be absent when there is no session");
        else
            field_errors_add(errors, FIELD_MISSING, pointer, "is required with a session");
    }
    if (s->step > s->step_count) {
        snprintf(pointer, sizeof pointer, "%s/session/step", at);
        field_errors_add(errors, FIELD_OUT_OF_RANGE, pointer, "must be at most step_count");
    }
    return errors->n == before;
}

bool message_state_parse(const char *text, size_t len, struct message_state *ret,
                         struct field_errors *errors) {
    return message_read(text, len, PROTO_STATE_MAX, message_state_fields, ret, sizeof *ret, errors) &&
           message_state_check(ret, "", errors);
}

void message_state_write(struct buf *out, const struct message_state *m) {
    message_emit(out, message_state_fields, m);
}
