#include "server/fleet/outbox.h"

#include <string.h>

#include "base/field.h"
#include "base/jsonw.h"

static const struct field body_fields[] = {
    FIELD_INT_HAS(struct message_command, intensity, 0, 100, 0, has_intensity),
    FIELD_INT_HAS(struct message_command, water_mdegc, 0, PROTO_WATER_MDEGC_MAX, 0, has_water),
    FIELD_INT_HAS(struct message_command, step, 0, PROTO_STEPS_MAX - 1, 0, has_step), FIELD_END};

void outbox_body_write(struct buf *out, const struct message_command *m) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w, NULL);
    if (m->has_intensity) jsonw_int(&w, "intensity", m->intensity);
    if (m->has_water) jsonw_int(&w, "water_mdegc", m->water_mdegc);
    if (m->has_step) jsonw_int(&w, "step", m->step);
    jsonw_object_end(&w);
}

static int32_t find(const char *const *names, const char *name) {
    for (int32_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

bool outbox_message_from_row(const struct command_row *row, int64_t epoch, struct message_command *ret) {
    struct field_errors errors = {0};
    const char *body = row->body ? row->body : "{}";
    if (!field_parse(body, strlen(body), body_fields, 0, ret, sizeof *ret, NULL, &errors)) return false;
    ret->type = find(command_type_names, row->type);
    if (ret->type < 0) return false;
    ret->id = row->id;
    ret->session_id = uuid_is_zero(&row->session_id) ? row->self_test_id : row->session_id;
    ret->seq = row->seq;
    ret->epoch = epoch;
    ret->expires_at = row->expires_at;
    ret->has_program = ret->type == COMMAND_START;
    return !ret->has_program ||
           (row->program && field_parse(row->program, strlen(row->program), program_fields, 0, &ret->program,
                                        sizeof ret->program, NULL, &errors));
}
