#include "protocol/message.h"
#include "protocol/message_fields.h"

#define S struct message_command
const struct field message_command_fields[] = {
    FIELD_UUID(S, id, FIELD_REQUIRED),
    FIELD_INT(S, seq, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_ENUM(S, type, command_type_names, FIELD_REQUIRED),
    FIELD_UUID(S, session_id, FIELD_REQUIRED),
    FIELD_INT(S, expires_at, 0, PROTO_TIME_MS_MAX, 0),
    FIELD_INT_HAS(S, intensity, 0, 100, 0, has_intensity),
    FIELD_INT_HAS(S, water_mdegc, 0, PROTO_WATER_MDEGC_MAX, 0, has_water),
    FIELD_INT_HAS(S, step, 0, PROTO_STEPS_MAX - 1, 0, has_step),
    FIELD_OBJECT_HAS(S, program, program_fields, 0, has_program),
    FIELD_END,
};
#undef S

/* What each type must, and what only it may carry. */
struct arguments {
    bool expires, program, adjust, step;
};
static const struct arguments arguments_of[COMMAND_TYPE_COUNT] = {
    [COMMAND_START] = {.expires = true, .program = true},
    [COMMAND_PAUSE] = {.expires = true},
    [COMMAND_RESUME] = {.expires = true},
    [COMMAND_STOP] = {.expires = false},
    [COMMAND_ADJUST] = {.expires = true, .adjust = true},
    [COMMAND_CONFIRM] = {.expires = true, .step = true},
    [COMMAND_SELF_TEST] = {.expires = true},
};

static void may(struct field_errors *errors, bool there, bool allowed, const char *pointer,
                const char *type) {
    if (there && !allowed)
        field_errors_add(errors, FIELD_UNKNOWN_PROPERTY, pointer, "does not belong to %s", type);
}

static void must(struct field_errors *errors, bool there, bool wanted, const char *pointer,
                 const char *type) {
    if (!there && wanted) field_errors_add(errors, FIELD_MISSING, pointer, "is required for %s", type);
}

static bool check(const struct message_command *m, struct field_errors *errors) {
    const struct arguments *a = &arguments_of[m->type];
    const char *type = command_type_names[m->type];
    must(errors, m->expires_at != 0, a->expires, "/expires_at", type);
    must(errors, m->has_intensity || m->has_water, a->adjust, "/intensity", type);
    may(errors, m->has_intensity, a->adjust, "/intensity", type);
    may(errors, m->has_water, a->adjust, "/water_mdegc", type);
    must(errors, m->has_step, a->step, "/step", type);
    may(errors, m->has_step, a->step, "/step", type);
    must(errors, m->has_program, a->program, "/program", type);
    may(errors, m->has_program, a->program, "/program", type);
    if (m->has_water && m->water_mdegc != 0 && m->water_mdegc < PROTO_WATER_MDEGC_MIN)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/water_mdegc", "must be 0 or at least %d",
                         PROTO_WATER_MDEGC_MIN);
    return errors->n == 0;
}

bool message_command_parse(const char *text, size_t len, struct message_command *ret,
                           struct field_errors *errors) {
    return message_read(text, len, PROTO_MESSAGE_MAX, message_command_fields, ret, sizeof *ret, errors) &&
           check(ret, errors);
}

void message_command_write(struct buf *out, const struct message_command *m) {
    message_emit(out, message_command_fields, m);
}

bool message_command_head(const char *text, size_t len, struct uuid *ret_id, int64_t *ret_seq,
                          int64_t *ret_epoch) {
    struct head {
        struct uuid id;
        int64_t seq, epoch;
    } head;
    static const struct field fields[] = {
        FIELD_UUID(struct head, id, FIELD_REQUIRED),
        FIELD_INT(struct head, seq, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
        FIELD_INT(struct head, epoch, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
        FIELD_END,
    };
    struct field_errors errors;
    if (!message_read(text, len, PROTO_MESSAGE_MAX, fields, &head, sizeof head, &errors)) return false;
    *ret_id = head.id;
    *ret_seq = head.seq;
    *ret_epoch = head.epoch;
    return true;
}
