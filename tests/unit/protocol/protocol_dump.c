/* Prints the protocol's tables as JSON, for the tests that hold INTERFACES.md and asyncapi.yaml
 * against them. */
#include <stdio.h>

#include "protocol/message.h"
#include "protocol/message_fields.h"
#include "protocol/model.h"
#include "protocol/topic.h"

static const struct {
    const char *name;
    const char *const *names;
} enums[] = {
    {"mode", device_mode_names},
    {"session_state", device_session_state_names},
    {"reason", reason_names},
    {"command_type", command_type_names},
    {"ack_state", ack_state_names},
    {"ack_code", ack_code_names},
    {"step_kind", step_kind_names},
    {"wave", wave_names},
    {"direction", direction_names},
    {"actuator_kind", actuator_kind_names},
    {"check_result", check_result_names},
};

static const char *const type_names[] = {
    [FIELD_T_BOOL] = "bool", [FIELD_T_INT] = "int",       [FIELD_T_STR] = "text",  [FIELD_T_UUID] = "uuid",
    [FIELD_T_ENUM] = "enum", [FIELD_T_OBJECT] = "object", [FIELD_T_ARRAY] = "list"};

static void put_table(struct jsonw *w, const char *key, const struct field *table);

static void put_row(struct jsonw *w, const char *key, const struct field *f) {
    jsonw_object(w, key);
    if (f->name) jsonw_str(w, "key", f->name);
    jsonw_str(w, "type", type_names[f->type]);
    if (f->type == FIELD_T_INT || f->type == FIELD_T_ARRAY || f->type == FIELD_T_STR) {
        jsonw_int(w, "min", f->min);
        jsonw_int(w, "max", f->type == FIELD_T_STR ? (int64_t)f->size - 1 : f->max);
    }
    for (size_t i = 0; f->names && i < COUNT_OF(enums); i++) {
        if (enums[i].names == f->names) jsonw_str(w, "enum", enums[i].name);
    }
    jsonw_bool(w, "required", f->flags & FIELD_REQUIRED);
    jsonw_bool(w, "nullable", f->flags & FIELD_NULLABLE);
    jsonw_bool(w, "has", f->has_offset != FIELD_NO_HAS && f->name);
    jsonw_int(w, "absent", f->absent);
    if (f->sub) put_table(w, "fields", f->sub);
    if (f->item) put_row(w, "item", f->item);
    jsonw_object_end(w);
}

static void put_table(struct jsonw *w, const char *key, const struct field *table) {
    jsonw_array(w, key);
    for (; table->type != FIELD_T_END; table++) put_row(w, NULL, table);
    jsonw_array_end(w);
}

static void put_message(struct jsonw *w, const char *name, size_t max, const struct field *fields) {
    jsonw_object(w, name);
    jsonw_int(w, "max_bytes", (int64_t)max);
    put_table(w, "fields", fields);
    jsonw_object_end(w);
}

int main(void) {
    auto_buf struct buf out = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &out);
    jsonw_object(&w, NULL);
    jsonw_object(&w, "messages");
    for (const struct message_kind *k = message_kinds; k->name; k++)
        put_message(&w, k->name, k->max, k->fields);
    jsonw_object_end(&w);
    put_table(&w, "model", model_fields);
    jsonw_object(&w, "enums");
    for (size_t i = 0; i < COUNT_OF(enums); i++) {
        jsonw_array(&w, enums[i].name);
        for (const char *const *n = enums[i].names; *n; n++) jsonw_str(&w, NULL, *n);
        jsonw_array_end(&w);
    }
    jsonw_object_end(&w);
    jsonw_array(&w, "live_session_states");
    for (int i = 0; i < DSESSION_COUNT; i++) {
        if (device_session_state_is_live(i)) jsonw_str(&w, NULL, device_session_state_names[i]);
    }
    jsonw_array_end(&w);
    jsonw_array(&w, "final_ack_states");
    for (int i = 0; i < ACK_STATE_COUNT; i++) {
        if (ack_state_is_final(i)) jsonw_str(&w, NULL, ack_state_names[i]);
    }
    jsonw_array_end(&w);
    jsonw_array(&w, "topics");
    for (int i = 0; i < TOPIC_CHANNEL_COUNT; i++) {
        char topic[PROTO_TOPIC_MAX];
        topic_format_all(topic, i);
        jsonw_object(&w, NULL);
        jsonw_str(&w, "filter", topic);
        jsonw_str(&w, "name", topic_info[i].name);
        jsonw_str(&w, "sender", topic_info[i].sender);
        jsonw_int(&w, "qos", topic_info[i].qos);
        jsonw_bool(&w, "retained", topic_info[i].retained);
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    jsonw_str(&w, "server_presence", TOPIC_SERVER_PRESENCE);
    jsonw_object_end(&w);
    puts(out.data);
    return 0;
}
