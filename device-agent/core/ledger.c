#include "device-agent/core/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

#define E(effect) LEDGER_##effect
#define R(code) (0x80u | ACKCODE_##code)
/* A command that names the present session; START in a phase that is not live names a new one, SELF_TEST
 * always does. */
const uint8_t ledger_effects[PHASE_COUNT][COMMAND_TYPE_COUNT] = {
    /* START, PAUSE, RESUME, STOP, ADJUST, CONFIRM, SELF_TEST */
    [PHASE_NONE] = {E(START), R(NO_SESSION), R(NO_SESSION), R(NO_SESSION), R(NO_SESSION), R(NO_SESSION),
                    E(SELF_TEST)},
    [PHASE_STARTING] = {R(BUSY), E(PAUSE), E(DONE), E(STOP), E(ADJUST), R(WRONG_STATE), R(BUSY)},
    [PHASE_RUNNING] = {R(BUSY), E(PAUSE), E(DONE), E(STOP), E(ADJUST), R(WRONG_STATE), R(BUSY)},
    [PHASE_WAITING] = {R(BUSY), E(PAUSE), E(DONE), E(STOP), E(ADJUST), E(CONFIRM), R(BUSY)},
    [PHASE_PAUSING] = {R(BUSY), E(PAUSE), E(RESUME), E(STOP), E(ADJUST), R(WRONG_STATE), R(BUSY)},
    [PHASE_PAUSED] = {R(BUSY), E(DONE), E(RESUME), E(STOP), E(ADJUST), R(WRONG_STATE), R(BUSY)},
    [PHASE_STOPPING] = {R(BUSY), R(WRONG_STATE), R(WRONG_STATE), E(STOP), R(WRONG_STATE), R(WRONG_STATE),
                        R(BUSY)},
    [PHASE_COMPLETED] = {E(START), R(WRONG_STATE), R(WRONG_STATE), E(DONE), R(WRONG_STATE), R(WRONG_STATE),
                         E(SELF_TEST)},
    [PHASE_STOPPED] = {E(START), R(WRONG_STATE), R(WRONG_STATE), E(DONE), R(WRONG_STATE), R(WRONG_STATE),
                       E(SELF_TEST)},
    [PHASE_ABORTED] = {E(START), R(WRONG_STATE), R(WRONG_STATE), E(DONE), R(WRONG_STATE), R(WRONG_STATE),
                       E(SELF_TEST)},
};
#undef E
#undef R

#define OPEN LEDGER_OPEN
#define C(code) ACKCODE_##code
/* A self-test is no session: it tells its end itself. */
const uint8_t ledger_outcomes[PHASE_COUNT][COMMAND_TYPE_COUNT] = {
    /*                  START          PAUSE          RESUME         STOP   ADJUST CONFIRM SELF_TEST */
    [PHASE_NONE] = {C(SUPERSEDED), C(SUPERSEDED), C(SUPERSEDED), C(OK), C(OK), C(OK), OPEN},
    [PHASE_STARTING] = {OPEN, OPEN, OPEN, OPEN, C(OK), C(OK), OPEN},
    [PHASE_RUNNING] = {C(OK), C(SUPERSEDED), C(OK), OPEN, C(OK), C(OK), OPEN},
    [PHASE_WAITING] = {C(OK), C(SUPERSEDED), C(OK), OPEN, C(OK), C(OK), OPEN},
    [PHASE_PAUSING] = {C(OK), OPEN, C(SUPERSEDED), OPEN, C(OK), C(OK), OPEN},
    [PHASE_PAUSED] = {C(OK), C(OK), C(SUPERSEDED), OPEN, C(OK), C(OK), OPEN},
    [PHASE_STOPPING] = {C(OK), C(SUPERSEDED), C(SUPERSEDED), OPEN, C(OK), C(OK), OPEN},
    [PHASE_COMPLETED] = {C(OK), C(SUPERSEDED), C(SUPERSEDED), C(OK), C(OK), C(OK), OPEN},
    [PHASE_STOPPED] = {C(SUPERSEDED), C(SUPERSEDED), C(SUPERSEDED), C(OK), C(OK), C(OK), OPEN},
    [PHASE_ABORTED] = {C(INTERLOCK), C(INTERLOCK), C(INTERLOCK), C(OK), C(OK), C(OK), OPEN},
};
#undef OPEN
#undef C

static const char *const texts[ACK_CODE_COUNT] = {
    [ACKCODE_OK] = "",
    [ACKCODE_STALE_EPOCH] = "the command belongs to an earlier connection",
    [ACKCODE_OLD_SEQUENCE] = "a later command was already answered",
    [ACKCODE_EXPIRED] = "the command came after its time to live",
    [ACKCODE_BAD_MESSAGE] = "the command could not be read",
    [ACKCODE_BAD_PROGRAM] = "the program does not pass this device's own check",
    [ACKCODE_WRONG_MODEL] = "the program is for another model or model version",
    [ACKCODE_BUSY] = "another session, command or self-test is in progress",
    [ACKCODE_NO_SESSION] = "this device has had no session",
    [ACKCODE_WRONG_SESSION] = "this session is not the device's present one",
    [ACKCODE_WRONG_STATE] = "the session's state does not allow it",
    [ACKCODE_WRONG_STEP] = "the program is at another step",
    [ACKCODE_OVER_LIMIT] = "the value is above what the program or the model allows",
    [ACKCODE_INTERLOCK] = "a safety interlock is active",
    [ACKCODE_JOURNAL_FAILED] = "the device could not write its journal",
    [ACKCODE_SUPERSEDED] = "something else came first",
};

void ledger_text(const struct ledger_entry *e, char out[PROTO_DETAIL_MAX + 1]) {
    const char *text = texts[(int)e->code] ? texts[(int)e->code] : "";
    if (e->reason == REASON_NONE)
        snprintf(out, PROTO_DETAIL_MAX + 1, "%s", text);
    else
        snprintf(out, PROTO_DETAIL_MAX + 1, "%s: %s", text, reason_names[(int)e->reason]);
}

static int find_slot(const struct ledger *l, const struct uuid *id) {
    for (int i = 0; i < LEDGER_SIZE; i++)
        if (l->entries[i].order && uuid_equal(&l->entries[i].command_id, id)) return i;
    return -1;
}

const struct ledger_entry *ledger_find(const struct ledger *l, const struct uuid *command_id) {
    int slot = find_slot(l, command_id);
    return slot < 0 ? NULL : &l->entries[slot];
}

static bool names_new(int32_t type) { return type == COMMAND_START || type == COMMAND_SELF_TEST; }

/* True when this session, or self-test, was begun here at some time that the ledger remembers. */
static bool was_begun(const struct ledger *l, const struct uuid *session_id) {
    for (int i = 0; i < LEDGER_SIZE; i++) {
        const struct ledger_entry *e = &l->entries[i];
        bool begun = e->order && names_new(e->type) && e->state != ACK_REJECTED && e->state != ACK_EXPIRED;
        if (begun && uuid_equal(&e->session_id, session_id)) return true;
    }
    return false;
}

static struct ledger_judgement refuse(enum ack_code code) {
    enum ack_state state = code == ACKCODE_EXPIRED ? ACK_EXPIRED : ACK_REJECTED;
    return (struct ledger_judgement){.effect = LEDGER_REJECT, .state = state, .code = code};
}

static struct ledger_judgement refuse_fault(enum reason reason) {
    return (struct ledger_judgement){
        .effect = LEDGER_REJECT, .state = ACK_REJECTED, .code = ACKCODE_INTERLOCK, .reason = reason};
}

static struct ledger_judgement allow(enum ledger_effect effect) {
    bool done = effect == LEDGER_DONE || effect == LEDGER_ADJUST || effect == LEDGER_CONFIRM ||
                effect == LEDGER_END_TEST;
    return (struct ledger_judgement){
        .effect = effect, .state = done ? ACK_SUCCEEDED : ACK_ACCEPTED, .code = ACKCODE_OK};
}

static struct ledger_judgement judge_start(const struct ledger_view *v, const struct message_command *c) {
    struct field_errors errors = {0};
    if (!c->has_program) return refuse(ACKCODE_BAD_MESSAGE);
    if (strcmp(c->program.model, v->model->id) || c->program.model_version != v->model->version)
        return refuse(ACKCODE_WRONG_MODEL);
    if (!program_check(&c->program, v->model, &errors)) return refuse(ACKCODE_BAD_PROGRAM);
    if (v->fault != REASON_NONE) return refuse_fault(v->fault);
    return allow(LEDGER_START);
}

static struct ledger_judgement judge_resume(const struct ledger_view *v, const struct message_command *c) {
    (void)c;
    return v->fault != REASON_NONE ? refuse_fault(v->fault) : allow(LEDGER_RESUME);
}

/* Not in a fault: it would end at once, and prove nothing. */
static struct ledger_judgement judge_self_test(const struct ledger_view *v, const struct message_command *c) {
    (void)c;
    return v->fault != REASON_NONE ? refuse_fault(v->fault) : allow(LEDGER_SELF_TEST);
}

static struct ledger_judgement judge_adjust(const struct ledger_view *v, const struct message_command *c) {
    if (!c->has_intensity && !c->has_water) return refuse(ACKCODE_BAD_MESSAGE);
    bool over = c->has_water &&
                (c->water_mdegc > v->program->water_max_mdegc || c->water_mdegc > v->model->water_max_mdegc);
    return over ? refuse(ACKCODE_OVER_LIMIT) : allow(LEDGER_ADJUST);
}

static struct ledger_judgement judge_confirm(const struct ledger_view *v, const struct message_command *c) {
    if (!c->has_step) return refuse(ACKCODE_BAD_MESSAGE);
    return c->step != v->executor->step ? refuse(ACKCODE_WRONG_STEP) : allow(LEDGER_CONFIRM);
}

static struct ledger_judgement (*const judges[])(const struct ledger_view *,
                                                 const struct message_command *) = {
    [LEDGER_START] = judge_start,     [LEDGER_RESUME] = judge_resume,       [LEDGER_ADJUST] = judge_adjust,
    [LEDGER_CONFIRM] = judge_confirm, [LEDGER_SELF_TEST] = judge_self_test,
};

/* A command for a session that is not the present one. A stop wants it not to be live, which holds
 * for every session that was begun here before. */
static struct ledger_judgement judge_other(const struct ledger *l, const struct ledger_view *v,
                                           const struct message_command *c) {
    bool test = !uuid_is_zero(&v->test) && uuid_equal(&v->test, &c->session_id);
    if (c->type == COMMAND_STOP && test) return allow(LEDGER_END_TEST);
    if (c->type == COMMAND_STOP && was_begun(l, &c->session_id)) return allow(LEDGER_DONE);
    return refuse(uuid_is_zero(&v->session->id) ? ACKCODE_NO_SESSION : ACKCODE_WRONG_SESSION);
}

struct ledger_judgement ledger_judge(const struct ledger *l, const struct ledger_view *v,
                                     const struct message_command *c) {
    bool bound = c->type != COMMAND_STOP; /* a stop is right whenever it comes */
    if (bound && c->epoch != v->epoch) return refuse(ACKCODE_STALE_EPOCH);
    if (bound && c->seq <= l->last_seq) return refuse(ACKCODE_OLD_SEQUENCE);
    if (bound && c->expires_at != 0 && v->server_ms > c->expires_at) return refuse(ACKCODE_EXPIRED);

    bool same = uuid_equal(&c->session_id, &v->session->id) && !uuid_is_zero(&c->session_id);
    bool new = names_new(c->type);
    if (!new && !same) return judge_other(l, v, c);
    uint8_t cell = ledger_effects[v->session->phase][c->type];
    if (LEDGER_REFUSES(cell)) return refuse(LEDGER_CODE(cell));
    if (new && !uuid_is_zero(&v->test)) return refuse(ACKCODE_BUSY);
    if (new && (same || was_begun(l, &c->session_id))) return refuse(ACKCODE_WRONG_STATE);
    if (cell < COUNT_OF(judges) && judges[cell]) return judges[cell](v, c);
    return allow(cell);
}

static int find_pending(const struct ledger *l, int slot) {
    for (int i = 0; i < l->n_pending; i++)
        if (l->pending[i].slot == slot) return i;
    return -1;
}

static bool mark(struct ledger *l, int slot) {
    int i = find_pending(l, slot);
    if (i < 0 && l->n_pending == LEDGER_PENDING) return false;
    if (i < 0) i = l->n_pending++;
    l->pending[i].slot = (int16_t)slot;
    l->pending[i].dirty = true;
    return true;
}

/* The number in a message that could not be read may be any: believed, it would put all later commands in
 * the past. */
static void count_seq(struct ledger *l, const struct ledger_entry *e) {
    if (e->code != ACKCODE_BAD_MESSAGE && e->seq > l->last_seq) l->last_seq = e->seq;
}

bool ledger_put(struct ledger *l, const struct ledger_entry *e) {
    int slot = find_slot(l, &e->command_id);
    int64_t order = slot < 0 ? l->order + 1 : l->entries[slot].order;
    if (slot < 0) slot = (int)(order % LEDGER_SIZE);
    if (!mark(l, slot)) return false;
    l->entries[slot] = *e;
    l->entries[slot].order = order;
    if (order > l->order) l->order = order;
    count_seq(l, e);
    return true;
}

static bool settle_entry(struct ledger_entry *e, enum session_phase phase, enum reason reason) {
    uint8_t outcome = ledger_outcomes[phase][(int)e->type];
    if (ack_state_is_final(e->state) || outcome == LEDGER_OPEN) return false;
    e->state = outcome == ACKCODE_OK ? ACK_SUCCEEDED : ACK_FAILED;
    e->code = (int8_t)outcome;
    e->reason = outcome == ACKCODE_INTERLOCK ? (int8_t)reason : REASON_NONE;
    return true;
}

void ledger_settle(struct ledger *l, enum session_phase phase, enum reason reason) {
    for (int i = 0; i < l->n_pending; i++)
        if (settle_entry(&l->entries[l->pending[i].slot], phase, reason)) l->pending[i].dirty = true;
}

static void end_test(struct ledger_entry *e, enum ack_code code, enum reason reason) {
    e->state = code == ACKCODE_OK ? ACK_SUCCEEDED : ACK_FAILED;
    e->code = (int8_t)code;
    e->reason = (int8_t)reason;
}

void ledger_end_test(struct ledger *l, const struct uuid *command_id, enum ack_code code,
                     enum reason reason) {
    int slot = find_slot(l, command_id), i = slot < 0 ? -1 : find_pending(l, slot);
    if (i < 0) return; /* it is pending from its beginning to this end */
    end_test(&l->entries[slot], code, reason);
    l->pending[i].dirty = true;
}

bool ledger_is_dirty(const struct ledger *l, const struct ledger_entry *e) {
    int i = find_pending(l, (int)(e - l->entries));
    return i >= 0 && l->pending[i].dirty;
}

void ledger_durable(struct ledger *l, const struct ledger_entry *written) {
    int slot = find_slot(l, &written->command_id), i = slot < 0 ? -1 : find_pending(l, slot);
    if (i < 0) return;
    const struct ledger_entry *e = &l->entries[slot];
    if (e->state != written->state || e->code != written->code) return; /* moved on: to be written again */
    l->pending[i].dirty = false;
    if (ack_state_is_final(e->state)) l->pending[i] = l->pending[--l->n_pending];
}

void ledger_recover(struct ledger *l, enum session_phase phase, enum reason reason) {
    l->n_pending = 0;
    for (int i = 0; i < LEDGER_SIZE; i++) {
        struct ledger_entry *e = &l->entries[i];
        if (!e->order) continue;
        if (e->order > l->order) l->order = e->order;
        count_seq(l, e);
        bool open = !ack_state_is_final(e->state);
        settle_entry(e, phase, reason);
        if (open && e->type == COMMAND_SELF_TEST) end_test(e, ACKCODE_INTERLOCK, REASON_POWER_LOSS);
        if (open) mark(l, i);
    }
}
