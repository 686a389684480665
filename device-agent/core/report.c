#include "device-agent/core/report.h"

#include <stdio.h>

static int32_t within(int32_t v, int32_t low, int32_t high) { return v < low ? low : v > high ? high : v; }

static bool is_present(const struct agent *a) {
    return session_is_live(a->session.r.phase) && uuid_equal(&a->session.r.id, &a->durable.id);
}

static int32_t mode(const struct agent *a) {
    if (interlock_first_fault(&a->interlock) != REASON_NONE) return MODE_FAULT;
    if (a->test.active) return MODE_MAINTENANCE;
    return session_is_live(a->durable.phase) ? MODE_SESSION : MODE_IDLE;
}

static void fill_session(const struct agent *a, struct message_session *ret) {
    const struct session_record *d = &a->durable;
    if (uuid_is_zero(&d->id)) return;
    enum device_session_state state = session_public_state(d->phase);
    bool moving = state == DSESSION_RUNNING || state == DSESSION_WAITING || state == DSESSION_STARTING;
    *ret = (struct message_session){.id = d->id,
                                    .state = state,
                                    .reason = moving ? REASON_NONE : d->reason,
                                    .step = d->step,
                                    .step_count = d->step_count,
                                    .elapsed_ms = within(d->elapsed_ms, 0, PROTO_ELAPSED_MS_MAX),
                                    .intensity = d->intensity,
                                    .started_at = d->started_at,
                                    .ended_at = d->ended_at};
    if (!is_present(a) || !session_is_live(d->phase)) return;
    const struct executor *e = &a->session.executor;
    ret->elapsed_ms = within(e->elapsed_ms, 0, PROTO_ELAPSED_MS_MAX);
    ret->remaining_ms = within(executor_remaining_ms(e), 0, PROTO_ELAPSED_MS_MAX);
    ret->target_mdegc = executor_target_mdegc(e);
}

static int32_t water(const struct agent *a) {
    int32_t w = a->verdict.water_mdegc;
    return w == WATER_UNKNOWN ? w : within(w, PROTO_READING_MDEGC_MIN, PROTO_READING_MDEGC_MAX);
}

void report_state(const struct agent *a, const struct moment *now, struct message_state *ret) {
    *ret = (struct message_state){.boot_id = a->boot_id,
                                  .epoch = a->ledger.epoch,
                                  .n = a->state_n,
                                  .at = uplink_server_ms(&a->uplink, now),
                                  .mode = mode(a),
                                  .rinse = a->durable.rinse};
    fill_session(a, &ret->session);
    ret->values =
        (struct message_values){.water_mdegc = water(a),
                                .level_permille = within(a->verdict.level_permille, -1, 1000),
                                .current_ma = within(a->verdict.current_ma, 0, PROTO_CURRENT_MA_MAX),
                                .heater_permille = a->outputs.heater_permille};
    ret->n_faults = interlock_faults(&a->interlock, ret->faults);
}

void report_hello(const struct agent *a, const struct moment *now, struct message_hello *ret) {
    *ret = (struct message_hello){.v = PROTO_VERSION,
                                  .boot_id = a->boot_id,
                                  .epoch = a->ledger.epoch,
                                  .last_seq = a->ledger.last_seq,
                                  .model_version = a->model->version,
                                  .uncommitted = uplink_uncommitted(&a->uplink),
                                  .simulated = a->simulated};
    snprintf(ret->agent, sizeof ret->agent, "%s", a->version);
    snprintf(ret->model, sizeof ret->model, "%s", a->model->id);
    report_state(a, now, &ret->state);
}

void report_sample(const struct agent *a, const struct moment *now, struct message_sample *ret) {
    bool live = session_is_live(a->session.r.phase);
    const struct executor *e = &a->session.executor;
    *ret = (struct message_sample){.at = uplink_server_ms(&a->uplink, now),
                                   .step = live ? e->step : -1,
                                   .elapsed_ms = live ? within(e->elapsed_ms, 0, PROTO_ELAPSED_MS_MAX) : 0,
                                   .water_mdegc = water(a),
                                   .target_mdegc = live ? executor_target_mdegc(e) : 0,
                                   .level_permille = within(a->verdict.level_permille, -1, 1000),
                                   .current_ma = within(a->verdict.current_ma, 0, PROTO_CURRENT_MA_MAX),
                                   .heater_permille = a->outputs.heater_permille,
                                   .intensity = live ? e->intensity : 0};
}

void report_ack(const struct agent *a, const struct moment *now, const struct ledger_entry *e,
                struct message_answer *ret) {
    *ret = (struct message_answer){.command_id = e->command_id,
                                   .boot_id = a->boot_id,
                                   .seq = e->seq,
                                   .epoch = a->ledger.epoch,
                                   .state = e->state,
                                   .code = e->code,
                                   .at = uplink_server_ms(&a->uplink, now)};
    ledger_text(e, ret->detail);
}

static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * 0x100000001b3ULL; }

uint64_t report_digest(const struct agent *a) {
    const struct session_record *d = &a->durable;
    int32_t faults[PROTO_FAULTS_MAX], n = interlock_faults(&a->interlock, faults);
    uint64_t h = 0xcbf29ce484222325ULL;
    for (int i = 0; i < 16; i++) h = mix(h, d->id.b[i]);
    h = mix(h, (uint64_t)session_public_state(d->phase));
    h = mix(h, (uint64_t)d->reason);
    h = mix(h, (uint64_t)d->step);
    h = mix(h, (uint64_t)d->intensity);
    h = mix(h, (uint64_t)(is_present(a) ? executor_target_mdegc(&a->session.executor) : 0));
    for (int i = 0; i < n; i++) h = mix(h, (uint64_t)faults[i] + 100);
    h = mix(h, a->test.active);
    return mix(h, a->durable.rinse);
}
