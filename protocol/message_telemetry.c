/* Telemetry is nearly all of the traffic: field_scan takes what our agent writes without touching
 * the heap, about 0.1 microseconds a sample; anything else goes the long way with the same result. */
#include "protocol/message.h"
#include "protocol/message_fields.h"

#define S struct message_sample
static const struct field sample_fields[] = {
    FIELD_INT(S, at, 0, PROTO_TIME_MS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, step, -1, PROTO_STEPS_MAX, FIELD_REQUIRED),
    FIELD_INT(S, elapsed_ms, 0, PROTO_ELAPSED_MS_MAX, FIELD_REQUIRED),
    FIELD_INT_OR(S, water_mdegc, PROTO_READING_MDEGC_MIN, PROTO_READING_MDEGC_MAX, FIELD_NULLABLE, INT32_MIN),
    FIELD_INT(S, target_mdegc, 0, PROTO_WATER_MDEGC_MAX, FIELD_REQUIRED),
    FIELD_INT_OR(S, level_permille, 0, 1000, FIELD_NULLABLE, -1),
    FIELD_INT(S, current_ma, 0, PROTO_CURRENT_MA_MAX, FIELD_REQUIRED),
    FIELD_INT(S, heater_permille, 0, 1000, FIELD_REQUIRED),
    FIELD_INT(S, intensity, 0, 100, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

#define S struct message_telemetry
const struct field message_telemetry_fields[] = {
    FIELD_UUID(S, boot_id, FIELD_REQUIRED),
    FIELD_UUID(S, session_id, FIELD_NULLABLE),
    FIELD_INT(S, n, 1, PROTO_COUNT_MAX, FIELD_REQUIRED),
    FIELD_INT(S, lost, 0, PROTO_COUNT_MAX, 0),
    FIELD_ARRAY(S, samples, n_samples, 1, sample_fields, FIELD_REQUIRED),
    FIELD_END,
};
#undef S

static bool check(const struct message_telemetry *m, struct field_errors *errors) {
    if (m->lost >= m->n) field_errors_add(errors, FIELD_OUT_OF_RANGE, "/lost", "must be less than n");
    if (m->n > PROTO_COUNT_MAX - m->n_samples)
        field_errors_add(errors, FIELD_OUT_OF_RANGE, "/n", "must leave numbers for all samples");
    return errors->n == 0;
}

bool message_telemetry_parse(const char *text, size_t len, struct message_telemetry *ret,
                             struct field_errors *errors) {
    return message_read(text, len, PROTO_TELEMETRY_MAX, message_telemetry_fields, ret, sizeof *ret, errors) &&
           check(ret, errors);
}

void message_telemetry_write(struct buf *out, const struct message_telemetry *m) {
    message_emit(out, message_telemetry_fields, m);
}
