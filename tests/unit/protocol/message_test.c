/* What vectors cannot say: limits of size, mending on the way out, heads of broken commands. */
#include <criterion/criterion.h>

#include "protocol/message.h"
#include "protocol/message_fields.h"

static const struct uuid an_id = {.b = {1, 2, 3}};

static struct message_state largest_state(void) {
    struct message_state s = {.boot_id = an_id,
                              .epoch = PROTO_COUNT_MAX,
                              .n = PROTO_COUNT_MAX,
                              .at = PROTO_TIME_MS_MAX,
                              .mode = MODE_MAINTENANCE,
                              .n_faults = PROTO_FAULTS_MAX,
                              .rinse = true};
    s.session = (struct message_session){.id = an_id,
                                         .state = DSESSION_COMPLETED,
                                         .reason = REASON_SENSOR_IMPLAUSIBLE,
                                         .step = PROTO_STEPS_MAX,
                                         .step_count = PROTO_STEPS_MAX,
                                         .elapsed_ms = PROTO_ELAPSED_MS_MAX,
                                         .remaining_ms = PROTO_ELAPSED_MS_MAX,
                                         .intensity = 100,
                                         .target_mdegc = PROTO_WATER_MDEGC_MAX,
                                         .started_at = PROTO_TIME_MS_MAX,
                                         .ended_at = PROTO_TIME_MS_MAX};
    s.values = (struct message_values){PROTO_READING_MDEGC_MAX, 1000, PROTO_CURRENT_MA_MAX, 1000};
    for (int i = 0; i < PROTO_FAULTS_MAX; i++) s.faults[i] = REASON_SENSOR_IMPLAUSIBLE;
    return s;
}

Test(message, the_largest_hello_fits_its_limit) {
    struct message_hello h = {.v = 1,
                              .boot_id = an_id,
                              .epoch = PROTO_COUNT_MAX,
                              .last_seq = PROTO_COUNT_MAX,
                              .model_version = PROTO_MODEL_VERSION_MAX,
                              .uncommitted = PROTO_COUNT_MAX,
                              .simulated = true,
                              .state = largest_state()};
    memset(h.agent, '"', PROTO_NAME_MAX); /* two bytes each on the wire */
    memset(h.model, '\\', PROTO_NAME_MAX);
    auto_buf struct buf out = BUF_INIT;
    message_hello_write(&out, &h);
    cr_expect_leq(out.len, PROTO_HELLO_MAX);
    struct message_hello again;
    struct field_errors errors;
    cr_assert(message_hello_parse(out.data, out.len, &again, &errors), "%s", errors.list[0].pointer);
    auto_buf struct buf same = BUF_INIT;
    message_hello_write(&same, &again);
    cr_expect_str_eq(same.data, out.data);
}

Test(message, the_largest_ack_fits_its_limit) {
    static struct message_ack a;
    a.answer = (struct message_answer){.command_id = an_id,
                                       .boot_id = an_id,
                                       .seq = PROTO_COUNT_MAX,
                                       .epoch = PROTO_COUNT_MAX,
                                       .state = ACK_SUCCEEDED,
                                       .code = ACKCODE_JOURNAL_FAILED,
                                       .at = PROTO_TIME_MS_MAX};
    a.n_checks = PROTO_CHECKS_MAX;
    for (int i = 0; i < PROTO_CHECKS_MAX; i++) {
        a.checks[i].result = CHECK_SKIPPED;
        memset(a.checks[i].name, '"', PROTO_CHECK_NAME_MAX); /* two bytes each on the wire */
        memset(a.checks[i].detail, '\\', PROTO_CHECK_DETAIL_MAX);
    }
    memset(a.detail, '\n', PROTO_DETAIL_MAX);
    auto_buf struct buf out = BUF_INIT;
    message_ack_write(&out, &a);
    cr_expect_leq(out.len, PROTO_ACK_MAX);
}

Test(message, the_largest_telemetry_fits_its_limit) {
    struct message_telemetry t = {.boot_id = an_id,
                                  .session_id = an_id,
                                  .n = PROTO_COUNT_MAX - PROTO_SAMPLES_MAX,
                                  .lost = PROTO_COUNT_MAX - PROTO_SAMPLES_MAX - 1,
                                  .n_samples = PROTO_SAMPLES_MAX};
    for (int i = 0; i < PROTO_SAMPLES_MAX; i++)
        t.samples[i] = (struct message_sample){PROTO_TIME_MS_MAX,
                                               PROTO_STEPS_MAX,
                                               PROTO_ELAPSED_MS_MAX,
                                               PROTO_READING_MDEGC_MAX,
                                               PROTO_WATER_MDEGC_MAX,
                                               1000,
                                               PROTO_CURRENT_MA_MAX,
                                               1000,
                                               100};
    auto_buf struct buf out = BUF_INIT;
    message_telemetry_write(&out, &t);
    cr_expect_leq(out.len, PROTO_TELEMETRY_MAX);
    struct message_telemetry again;
    struct field_errors errors;
    cr_assert(message_telemetry_parse(out.data, out.len, &again, &errors), "%s", errors.list[0].pointer);
    auto_buf struct buf same = BUF_INIT;
    message_telemetry_write(&same, &again);
    cr_expect_str_eq(same.data, out.data);
}

Test(message, a_command_with_the_largest_program_fits_its_limit) {
    struct message_command *c = xcalloc(1, sizeof *c);
    c->id = c->session_id = an_id;
    c->seq = c->epoch = PROTO_COUNT_MAX;
    c->expires_at = PROTO_TIME_MS_MAX;
    c->has_program = true;
    struct program *p = &c->program;
    memset(p->model, '"', PROTO_NAME_MAX);
    p->model_version = PROTO_MODEL_VERSION_MAX;
    p->intensity_max = 100;
    p->water_max_mdegc = PROTO_WATER_MDEGC_MAX;
    p->total_max_ms = PROTO_SESSION_MS_MAX;
    p->rinse = true;
    p->n_steps = PROTO_STEPS_MAX;
    for (int i = 0; i < PROTO_STEPS_MAX; i++) {
        p->steps[i] = (struct program_step){.kind = STEP_GUIDE,
                                            .auto_next = true,
                                            .source_step = PROTO_STEPS_MAX - 1,
                                            .ms = PROTO_STEP_MS_MAX,
                                            .water_mdegc = PROTO_WATER_MDEGC_MAX,
                                            .n_sets = PROTO_SETS_MAX};
        for (int j = 0; j < PROTO_SETS_MAX; j++)
            p->steps[i].sets[j] = (struct setpoint){PROTO_ACTUATORS_MAX - 1, 100, WAVE_ALTERNATE,
                                                    DIRECTION_DISTAL,        999, PROTO_PERIOD_MS_MAX,
                                                    PROTO_STEP_MS_MAX};
    }
    auto_buf struct buf out = BUF_INIT;
    message_command_write(&out, c);
    cr_expect_leq(out.len, PROTO_MESSAGE_MAX, "%zu bytes", out.len);
    struct message_command *again = xcalloc(1, sizeof *again);
    struct field_errors errors;
    cr_assert(message_command_parse(out.data, out.len, again, &errors), "%s", errors.list[0].pointer);
    auto_buf struct buf same = BUF_INIT;
    message_command_write(&same, again);
    cr_expect_str_eq(same.data, out.data);
    free(again);
    free(c);
}

Test(message, a_reading_beyond_what_can_be_said_is_said_as_the_bound) {
    struct message_state s = largest_state();
    s.values = (struct message_values){.water_mdegc = 400000, .level_permille = 1200, .current_ma = -5};
    auto_buf struct buf out = BUF_INIT;
    message_state_write(&out, &s);
    struct message_state again;
    struct field_errors errors;
    cr_assert(message_state_parse(out.data, out.len, &again, &errors), "%s", errors.list[0].pointer);
    cr_expect_eq(again.values.water_mdegc, PROTO_READING_MDEGC_MAX);
    cr_expect_eq(again.values.level_permille, 1000);
    cr_expect_eq(again.values.current_ma, 0);
}

Test(message, a_detail_cut_inside_a_letter_is_still_readable) {
    struct message_ack a = {
        .command_id = an_id, .boot_id = an_id, .seq = 1, .epoch = 1, .detail = "38 \xc2\xb0 hei\xc3"};
    auto_buf struct buf out = BUF_INIT;
    message_ack_write(&out, &a);
    struct message_ack again;
    struct field_errors errors;
    cr_assert(message_ack_parse(out.data, out.len, &again, &errors), "%s", errors.list[0].pointer);
    cr_expect_str_eq(again.detail, "38 \xc2\xb0 hei?");
}

Test(message, the_head_of_a_refused_command_can_still_be_answered) {
    static const char text[] = "{\"id\":\"01a1fc3a-4d62-7000-ae8e-531fa17d6051\",\"seq\":5,\"epoch\":2,"
                               "\"type\":\"toggle\",\"session_id\":7}";
    struct message_command *c = xcalloc(1, sizeof *c);
    struct field_errors errors;
    cr_expect_not(message_command_parse(text, sizeof text - 1, c, &errors));
    free(c);
    struct uuid id;
    int64_t seq, epoch;
    cr_assert(message_command_head(text, sizeof text - 1, &id, &seq, &epoch));
    cr_expect_eq(id.b[0], 0x01);
    cr_expect_eq(seq, 5);
    cr_expect_eq(epoch, 2);
    cr_expect_not(message_command_head(text, sizeof text - 2, &id, &seq, &epoch));
}

Test(message, live_and_final_states_are_as_the_tables_say) {
    cr_expect(device_session_state_is_live(DSESSION_WAITING));
    cr_expect_not(device_session_state_is_live(DSESSION_NONE));
    cr_expect_not(device_session_state_is_live(DSESSION_STOPPED));
    cr_expect(ack_state_is_final(ACK_EXPIRED));
    cr_expect_not(ack_state_is_final(ACK_RUNNING));
}
