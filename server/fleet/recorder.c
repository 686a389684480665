#include "server/fleet/recorder.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/message_fields.h"
#include "server/base/limits.h"
#include "server/domain/command.h"
#include "server/domain/session.h"
#include "server/fleet/course_keeper.h"
#include "server/fleet/event.h"
#include "server/fleet/inbox.h"
#include "server/fleet/outbox.h"
#include "server/fleet/thread.h"
#include "server/store/self_test_store.h"
#include "server/store/telemetry_store.h"

#define BOX_BYTES (8 * 1024 * 1024)
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000
#define FULL_MS 20   /* for the link to empty its queue */
#define ACK_BATCH 32 /* answers that share one commit when they come in numbers */

enum kind { KIND_HELLO, KIND_ACK, KIND_STATE, KIND_REDRIVE, KIND_COUNT };

struct recorder {
    struct context *ctx;
    struct inbox *box;
    struct thread thread;
    atomic_bool dropped; /* since the last call for hello */

    /* its thread only */
    struct db *db;
    struct message_command *command; /* large; reused */
    struct command_claim claim;
};

static const struct scope everything = {.all = true};

/* ---- what follows a commit ---- */

static void publish_command(const struct context *ctx, const struct command_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_command_write(&json, row);
    context_publish(ctx, &row->site_id, "command", &json);
}

static void publish_session(const struct context *ctx, const struct session_row *row) {
    auto_buf struct buf json = BUF_INIT;
    event_session_write(&json, row);
    context_publish(ctx, &row->site_id, "session", &json);
}

/* Takes over the row as the database has it. */
static enum err refresh_device(struct recorder *r, const struct uuid *device) {
    struct device_row now;
    enum err e = device_get(r->db, &everything, device, &now);
    if (e != ERR_OK) return e;
    bool changed = live_put_cleaning(r->ctx->live, &now);
    if (!live_put_device(r->ctx->live, &now)) return ERR_OVERLOADED;
    if (!changed) return ERR_OK;
    auto_buf struct buf json = BUF_INIT;
    event_cleaning_write(&json, &now);
    context_publish(r->ctx, &now.site_id, "cleaning", &json);
    return ERR_OK;
}

/* A session that begins makes its device due for cleaning, in the database; the live view follows.
 * What fails here a hello puts right, since it takes the row over as well. */
static void session_moved(struct recorder *r, const struct session_row *row) {
    publish_session(r->ctx, row);
    enum err e = refresh_device(r, &row->device_id);
    if (e == ERR_OK) e = course_keeper_tell(r->ctx, r->db, row);
    if (!context_db_ok(r->ctx, r->db, e, "device and course after session")) atomic_store(&r->dropped, true);
}

static enum err command_moved(struct recorder *r, const struct command_outcome *o) {
    publish_command(r->ctx, &o->row);
    if (!o->session_changed) return ERR_OK;
    struct session_row row = {0};
    enum err e = session_get(r->db, &everything, &o->row.session_id, &row);
    if (e == ERR_OK) session_moved(r, &row);
    session_row_done(&row);
    return e;
}

/* ---- state ---- */

/* The device knows its session by number; people know it by its routine. */
static enum err look_up_routine(struct recorder *r, const struct uuid *device,
                                const struct uuid *session_id) {
    struct session_title title;
    if (live_knows_routine(r->ctx->live, device, session_id)) return ERR_OK;
    enum err e = session_get_title(r->db, session_id, &title);
    if (e == ERR_NOT_FOUND) return ERR_OK;
    if (e != ERR_OK) return e;
    live_put_routine(r->ctx->live, device, session_id, title.routine, title.name);
    context_publish_device(r->ctx, device);
    return ERR_OK;
}

static enum err report(struct recorder *r, const struct uuid *device, const struct message_state *s) {
    const struct message_session *m = &s->session;
    enum session_state state = session_from_device((enum device_session_state)m->state);
    bool changed = false;
    struct session_row row = {0};
    enum err e = ERR_OK;
    if (state != SESSION_STATE_COUNT) {
        struct session_report rep = {.device_id = *device,
                                     .session_id = m->id,
                                     .epoch = s->epoch,
                                     .n = s->n,
                                     .state = (int32_t)state,
                                     .reason = reason_names[m->reason],
                                     .step = m->step,
                                     .step_count = m->step_count,
                                     .elapsed_ms = m->elapsed_ms,
                                     .remaining_ms = m->remaining_ms,
                                     .intensity = m->intensity,
                                     .target_mdegc = m->target_mdegc,
                                     .started_at = m->started_at,
                                     .ended_at = m->ended_at};
        e = session_apply_report(r->db, &rep, &changed, &row);
        if (e == ERR_NOT_FOUND) e = ERR_OK; /* of another life of this database */
        if (e == ERR_OK && changed) session_moved(r, &row);
        if (e == ERR_OK && session_is_live(state)) e = look_up_routine(r, device, &m->id);
    }
    if (e == ERR_OK) live_put_persisted(r->ctx->live, device, s);
    return e;
}

static enum err close_lost(struct recorder *r, const struct uuid *device, const struct message_state *s) {
    bool changed = false;
    struct session_row row = {0};
    struct session_known known = {.device_id = *device,
                                  .boot_id = s->boot_id,
                                  .session_id = s->session.id,
                                  .epoch = s->epoch,
                                  .n = s->n};
    enum err e = session_close_lost(r->db, &known, clock_wall_ms(), &changed, &row);
    if (e == ERR_OK && changed) session_moved(r, &row);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err on_state(struct recorder *r, const struct uuid *device, const void *data) {
    const struct message_state *s = data;
    if (!live_session_differs(r->ctx->live, device, s)) return ERR_OK; /* one before it said the same */
    enum err e = report(r, device, s);
    if (e == ERR_OK) context_count(r->ctx, states, 1);
    return e;
}

/* ---- commands out ---- */

static bool publish_message(struct recorder *r, const struct command_row *row, int64_t epoch) {
    if (!outbox_message_from_row(row, epoch, r->command)) {
        log_error("fleet", "a command's row cannot be sent|seq=%lld type=%s", (long long)row->seq, row->type);
        return true; /* trying again would not help; the sweep ends it */
    }
    auto_buf struct buf out = BUF_INIT;
    message_command_write(&out, r->command);
    return link_publish(r->ctx->link, &row->device_id, TOPIC_COMMAND, out.data, out.len);
}

/* Claims and sends all that is open. *ret_sent: everything was handed to the link. */
static enum err drive(struct recorder *r, const struct uuid *device, int64_t epoch, int64_t known_seq,
                      bool *ret_sent) {
    int64_t now = clock_wall_ms();
    *ret_sent = true;
    bool simulated = live_is_simulated(r->ctx->live, device);
    enum err e = command_claim_for_device(r->db, device, epoch, now, simulated, &r->claim);
    if (e != ERR_OK) return e;
    for (int32_t i = 0; i < r->claim.n && *ret_sent; i++) {
        *ret_sent = publish_message(r, &r->claim.rows[i], epoch);
        if (*ret_sent && r->claim.rows[i].seq > known_seq) known_seq = r->claim.rows[i].seq;
    }
    if (r->claim.n) context_count(r->ctx, redrives, 1);
    live_put_sent(r->ctx->live, device, epoch, known_seq, r->claim.n > 0, now);
    command_claim_done(&r->claim);
    return ERR_OK;
}

static enum err on_redrive(struct recorder *r, const struct uuid *device, const void *data) {
    (void)data;
    int64_t epoch;
    bool sent;
    if (!live_ready(r->ctx->live, device, &epoch)) return ERR_OK; /* its hello drives it */
    return drive(r, device, epoch, 0, &sent);
}

/* ---- hello ---- */

static void publish_committed(struct recorder *r, const struct uuid *device,
                              const struct message_committed *m) {
    auto_buf struct buf out = BUF_INIT;
    message_committed_write(&out, m);
    link_publish(r->ctx->link, device, TOPIC_COMMITTED, out.data, out.len);
}

/* What a device with a new journal has forgotten is over; driven again, it would be carried out again. */
static enum err close_forgotten(struct recorder *r, const struct uuid *device,
                                const struct message_hello *h) {
    struct command_outcome outcomes[COMMAND_CLAIM_MAX];
    struct command_known known = {
        .device_id = *device, .boot_id = h->boot_id, .epoch = h->epoch, .last_seq = h->last_seq};
    int32_t n = 0;
    enum err e = command_close_lost(r->db, &known, clock_wall_ms(), outcomes, &n);
    for (int32_t i = 0; i < n && e == ERR_OK; i++) e = command_moved(r, &outcomes[i]);
    return e;
}

static enum err on_hello(struct recorder *r, const struct uuid *device, const void *data) {
    const struct message_hello *h = data;
    struct live *live = r->ctx->live;
    struct live_device d;
    context_count(r->ctx, hellos, 1);
    bool known = live_get(live, device, clock_wall_ms(), &d);
    if (known && d.epoch != h->epoch) return ERR_OK; /* it has connected anew since */

    enum err e = refresh_device(r, device);
    if (e == ERR_NOT_FOUND) context_count(r->ctx, unknown_devices, 1);
    if (e != ERR_OK) return e == ERR_NOT_FOUND ? ERR_OK : e;
    /* Made by another replica, or while this one was cut off from the database. */
    if (!known) live_put_hello(live, device, h, clock_wall_ms());
    if (!live_get(live, device, clock_wall_ms(), &d) || live_is_retired(&d)) return ERR_OK;

    struct message_committed answer = {.boot_id = h->boot_id, .epoch = h->epoch};
    int64_t lost;
    if ((e = report(r, device, &h->state)) != ERR_OK) return e;
    /* In this order: a boot counts as heard of once it has a watermark. */
    if ((e = close_lost(r, device, &h->state)) != ERR_OK) return e;
    if ((e = close_forgotten(r, device, h)) != ERR_OK) return e;
    if ((e = telemetry_watermark(r->db, device, &h->boot_id, &answer.n, &lost)) != ERR_OK) return e;

    /* The answer goes first: it gives the device the time by which it judges what has expired. */
    answer.at = clock_wall_ms();
    publish_committed(r, device, &answer);
    bool sent, changed = false, missed = false;
    if ((e = drive(r, device, h->epoch, h->last_seq, &sent)) != ERR_OK) return e;
    if (sent) {
        if (live_put_ready(live, device, h->epoch, clock_wall_ms(), &changed, &missed) && changed)
            context_publish_device(r->ctx, device);
        if (missed) recorder_redrive(r, device);
    } else if (link_connected(r->ctx->link)) {
        /* The link's queue is full. It has its answer and will not ask again: this comes round later. */
        thread_sleep(&r->thread, FULL_MS);
        recorder_hello(r, device, h);
    }
    return ERR_OK;
}

/* ---- acks ---- */

/* Before the answer is applied: an answer that is not yet there is asked for again, and the checks come with
 * it. */
static enum err keep_checks(struct recorder *r, const struct uuid *device, const struct message_ack *m) {
    auto_buf struct buf text = BUF_INIT;
    struct jsonw w;
    if (m->n_checks == 0 || !ack_state_is_final((enum ack_state)m->state)) return ERR_OK;
    jsonw_init(&w, &text);
    jsonw_array(&w, NULL);
    for (int32_t i = 0; i < m->n_checks; i++) field_write(&w, NULL, message_check_fields, &m->checks[i]);
    jsonw_array_end(&w);
    return self_test_put_checks(r->db, device, &m->command_id, text.data);
}

static enum err apply(struct recorder *r, const struct uuid *device, const struct message_ack *m,
                      struct command_outcome *ret) {
    enum err e = keep_checks(r, device, m);
    if (e != ERR_OK) return e;
    struct command_ack ack = {.device_id = *device,
                              .command_id = m->command_id,
                              .state = (int32_t)command_from_ack((enum ack_state)m->state),
                              .code = ack_code_names[m->code],
                              .detail = m->detail,
                              .at = m->at,
                              .epoch = m->epoch};
    return command_apply_ack(r->db, &ack, ret);
}

static enum err acked(struct recorder *r, const struct uuid *device, const struct message_ack *m,
                      const struct command_outcome *o) {
    live_put_acked(r->ctx->live, device, m->seq, clock_wall_ms());
    waiters_wake(r->ctx->waiters, &m->answer);
    return o->changed ? command_moved(r, o) : ERR_OK;
}

/* A copy is refused, not the command: another copy, with the present epoch, may be on its way and will
 * act. So this is never the command's end, however often it is said. */
static bool is_stale(const struct message_ack *m) {
    return m->state == ACK_REJECTED && m->code == ACKCODE_STALE_EPOCH;
}

static enum err on_ack(struct recorder *r, const struct uuid *device, const void *data) {
    const struct message_ack *m = data;
    struct command_outcome outcome = {0};
    context_count(r->ctx, acks, 1);
    if (is_stale(m)) {
        if (live_stale_once(r->ctx->live, device, m->seq)) recorder_redrive(r, device);
        return ERR_OK;
    }
    enum err e = apply(r, device, m, &outcome);
    if (e != ERR_OK) return e == ERR_NOT_FOUND ? ERR_OK : e;
    return acked(r, device, m, &outcome);
}

/* Several answers in one commit. False: nothing is done yet, take them one by one. */
static bool ack_batch(struct recorder *r, const struct inbox_record list[], int n) {
    struct command_outcome outcomes[ACK_BATCH];
    bool known[ACK_BATCH];
    db_begin(r->db);
    for (int i = 0; i < n; i++) {
        const struct message_ack *m = (const void *)list[i].data;
        outcomes[i] = (struct command_outcome){0};
        if (is_stale(m)) goto one_by_one;
        enum err e = apply(r, &list[i].device, m, &outcomes[i]);
        if (e != ERR_OK && e != ERR_NOT_FOUND) goto one_by_one;
        known[i] = e == ERR_OK;
    }
    if (db_commit(r->db) != ERR_OK) return false;
    context_count(r->ctx, acks, n);
    for (int i = 0; i < n; i++) {
        if (!known[i]) continue;
        /* The answers are in the database; what a failure here leaves out, a hello brings again. */
        enum err e = acked(r, &list[i].device, (const void *)list[i].data, &outcomes[i]);
        if (!context_db_ok(r->ctx, r->db, e, "session after answer")) atomic_store(&r->dropped, true);
    }
    return true;
one_by_one:
    db_rollback(r->db);
    return false;
}

/* ---- the thread ---- */

static const struct {
    enum err (*handle)(struct recorder *r, const struct uuid *device, const void *data);
    const char *doing;
} handlers[KIND_COUNT] = {
    [KIND_HELLO] = {on_hello, "hello"},
    [KIND_ACK] = {on_ack, "ack"},
    [KIND_STATE] = {on_state, "state"},
    [KIND_REDRIVE] = {on_redrive, "redrive"},
};

/* Until it is done, refused for a reason that will not go away, or the recorder stops. */
static void handle(struct recorder *r, const struct inbox_record *rec) {
    for (int wait_ms = RETRY_MIN_MS;; wait_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2 : RETRY_MAX_MS) {
        enum err e = handlers[rec->kind].handle(r, &rec->device, rec->data);
        if (context_db_ok(r->ctx, r->db, e, handlers[rec->kind].doing)) return;
        if (e != ERR_DATABASE) {
            char id[UUID_TEXT_LEN + 1];
            uuid_format(&rec->device, id);
            log_warn("fleet", "not recorded|device=%s what=%s code=%s", id, handlers[rec->kind].doing,
                     err_info(e)->code);
            context_count(r->ctx, records_dropped, 1);
            return;
        }
        context_count(r->ctx, records_retried, 1);
        if (!thread_sleep(&r->thread, wait_ms)) return;
    }
}

static void handle_all(struct recorder *r, const struct buf *taken) {
    struct inbox_record acks[ACK_BATCH], rec;
    int n = 0;
    for (size_t at = 0; !thread_stopping(&r->thread);) {
        bool more = inbox_next(taken, &at, &rec), is_ack = more && rec.kind == KIND_ACK;
        if (n > 0 && (!is_ack || n == ACK_BATCH)) {
            if (n == 1 || !ack_batch(r, acks, n))
                for (int i = 0; i < n; i++) handle(r, &acks[i]);
            n = 0;
        }
        if (!more) return;
        if (is_ack)
            acks[n++] = rec;
        else
            handle(r, &rec);
    }
}

static void run(void *arg) {
    struct recorder *r = arg;
    auto_buf struct buf taken = BUF_INIT;
    while (!thread_stopping(&r->thread)) {
        if (inbox_take(r->box, 1000, &taken)) handle_all(r, &taken);
        if (atomic_load(&r->ctx->database_ok) && atomic_exchange(&r->dropped, false)) {
            log_warn("fleet",
                     "messages were dropped while the database was away: asking every device for hello");
            context_call_for_hello(r->ctx);
        }
    }
}

static void recorder_free(struct recorder *r) {
    db_free(r->db);
    inbox_free(r->box);
    free(r->command);
    free(r);
}

enum err recorder_start(struct context *ctx, struct recorder **ret) {
    struct recorder *r = xcalloc(1, sizeof *r);
    r->ctx = ctx;
    r->box = inbox_new(LIMIT_RECORD_QUEUE, BOX_BYTES, -1);
    r->command = xmalloc(sizeof *r->command);
    r->db = context_db(ctx, "pediluved recorder");
    if (!thread_start(&r->thread, run, r)) {
        recorder_free(r);
        return ERR_INTERNAL;
    }
    *ret = r;
    return ERR_OK;
}

bool recorder_stop(struct recorder *r, int deadline_ms) {
    if (!r) return true;
    thread_ask(&r->thread);
    inbox_close(r->box);
    if (!thread_join(&r->thread, deadline_ms)) return false;
    recorder_free(r);
    return true;
}

static bool put(struct recorder *r, const struct uuid *device, enum kind kind, const void *data, size_t len) {
    if (inbox_put(r->box, device, kind, data, len)) return true;
    context_count(r->ctx, records_dropped, 1);
    atomic_store(&r->dropped, true);
    return false;
}

bool recorder_hello(struct recorder *r, const struct uuid *device, const struct message_hello *m) {
    return put(r, device, KIND_HELLO, m, sizeof *m);
}
bool recorder_ack(struct recorder *r, const struct uuid *device, const struct message_ack *m) {
    return put(r, device, KIND_ACK, m, MESSAGE_ACK_BYTES(m));
}
bool recorder_state(struct recorder *r, const struct uuid *device, const struct message_state *m) {
    return put(r, device, KIND_STATE, m, sizeof *m);
}
bool recorder_redrive(struct recorder *r, const struct uuid *device) {
    return put(r, device, KIND_REDRIVE, "", 0);
}
size_t recorder_waiting(struct recorder *r) { return inbox_waiting(r->box); }
