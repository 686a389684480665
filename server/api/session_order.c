/* POST /api/v1/sessions/{id}/<action>: commands to a session, answered by the device. */
#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/publish.h"
#include "server/api/render.h"
#include "server/api/session.h"
#include "server/api/wait.h"
#include "server/fleet/outbox.h"

static enum err handle_pause(struct request *rq, void *worker);
static enum err handle_resume(struct request *rq, void *worker);
static enum err handle_stop(struct request *rq, void *worker);
static enum err handle_adjust(struct request *rq, void *worker);
static enum err handle_confirm(struct request *rq, void *worker);

struct wait_query {
    int32_t wait;
};
static const struct field wait_fields[] = {FIELD_INT(struct wait_query, wait, 0, LIMIT_WAIT_S, 0), FIELD_END};

struct adjust {
    bool has_intensity, has_water_c;
    int32_t intensity, water_c; /* thousandths, although the wire says degrees */
};
static const struct field adjust_fields[] = {
    FIELD_INT_HAS(struct adjust, intensity, 0, 100, FIELD_NULLABLE, has_intensity),
    FIELD_MILLI_HAS(struct adjust, water_c, PROTO_WATER_MDEGC_MIN, PROTO_WATER_MDEGC_MAX, FIELD_NULLABLE,
                    has_water_c),
    FIELD_END};

struct confirm {
    int32_t step;
};
static const struct field confirm_fields[] = {
    FIELD_INT(struct confirm, step, 0, PROTO_STEPS_MAX - 1, FIELD_REQUIRED), FIELD_END};

#define ACTION(name, ...)                                                                                    \
    ROUTE(POST, "/api/v1/sessions/{id}/" #name, OPERATE, ROUTE_IDEMPOTENT, handle_##name,                    \
          ROUTE_QUERY(struct wait_query, wait_fields), __VA_ARGS__)
static const struct route rows[] = {
    ACTION(pause),
    ACTION(resume),
    ACTION(stop),
    ACTION(adjust, ROUTE_BODY(struct adjust, adjust_fields)),
    ACTION(confirm, ROUTE_BODY(struct confirm, confirm_fields)),
};
const struct route_table session_order_routes = ROUTE_TABLE(rows);

struct taken_back { /* what a stop for a start that was never sent has ended; texts are not kept */
    struct session_row session;
    struct command_row start;
};

struct order {              /* lives as long as the request */
    struct command_row row; /* its body is not kept */
    struct message_command message;
    struct taken_back *taken_back; /* NULL: nothing */
};

static void after_order(struct request *rq, void *arg) {
    struct order *o = arg;
    struct api *api = app_of(rq);
    if (!command_is_terminal((enum command_state)o->row.state))
        fleet_send_command(api->parts.fleet, &o->row.device_id, &o->message);
    if (o->taken_back) {
        publish_command(api, &o->taken_back->start);
        publish_session(api, &o->taken_back->session);
        /* Whoever waits for the start looks again. */
        const struct message_answer over = {.command_id = o->taken_back->start.id, .state = ACK_EXPIRED};
        waiters_wake(fleet_waiters(api->parts.fleet), &over);
    }
    publish_command(api, &o->row);
}

/* Within the transaction: the session and its start as the stop leaves them. */
static enum err look_at_taken_back(struct request *rq, void *worker, struct order *o) {
    struct taken_back *t = request_alloc(rq, sizeof(*t));
    struct command_filter filter = {.session_id = o->row.session_id, .states = 1u << CMD_CANCELLED};
    const struct page page = {.limit = 1};
    int32_t n = 0;
    enum err e = session_get(db_of(worker), scope_of(rq), &o->row.session_id, &t->session);
    if (e) return e;
    session_row_done(&t->session);
    e = command_list(db_of(worker), scope_of(rq), &filter, &page, &t->start, &n);
    if (e || n == 0) return e;
    command_row_done(&t->start);
    o->taken_back = t;
    return ERR_OK;
}

enum err session_order_reply(struct request *rq, const struct command_row *row) {
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&row->id, id);
    request_set_location(rq, "/api/v1/commands/%s", id);
    render_command(request_json(rq), NULL, row);
    request_reply(rq, 202);
    return ERR_OK;
}

/* After ?wait: the command as it stands now. Without the database the first answer goes. */
static enum err answer_ordered(struct request *rq, void *worker) {
    const struct order *o = call_data(rq);
    struct command_row row;
    if (command_get(db_of(worker), scope_of(rq), &o->message.id, &row)) return ERR_OK;
    enum err e = session_order_reply(rq, &row);
    command_row_done(&row);
    return e;
}

static uint32_t states_for(enum command_type type) {
    uint32_t states = 0;
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        if (session_allows((enum session_state)s, type)) states |= 1u << s;
    return states;
}

enum err session_order_wrong_state(struct request *rq, enum command_type type) {
    char names[128];
    struct buf b;
    buf_init_fixed(&b, names, sizeof(names));
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        if (session_allows((enum session_state)s, type))
            buf_fmt(&b, "%s%s", b.len ? ", " : "", session_state_names[s]);
    return request_fail(rq, ERR_WRONG_STATE, "%s is for a session that is one of: %s",
                        command_type_names[type], names);
}

/* o->message holds what the type needs beyond ids. */
static enum err give(struct request *rq, void *worker, enum command_type type, struct order *o) {
    struct api *api = app_of(rq);
    struct actor actor = actor_of(rq);
    const struct uuid *session_id = request_param_uuid(rq, 0);
    const struct wait_query *q = request_query(rq);
    auto_buf struct buf body = BUF_INIT;
    outbox_body_write(&body, &o->message);
    struct session_order order = {
        .command_id = uuid_new(),
        .session_id = *session_id,
        .type = command_type_names[type],
        .body = body.data,
        .states = states_for(type),
        .expires_at = type == COMMAND_STOP ? 0 : clock_wall_ms() + LIMIT_COMMAND_TTL_S * 1000};
    struct session_row session;
    enum err e = session_get(db_of(worker), scope_of(rq), session_id, &session);
    if (e) return e;
    struct uuid device_id = session.device_id;
    session_row_done(&session);
    if (uuid_is_zero(&device_id)) return session_held_order(rq, worker, session_id, type, &o->message);
    if (!live_ready(fleet_live(api->parts.fleet), &device_id, &order.epoch)) order.epoch = 0;
    struct wait *wait = wait_begin(rq, q->wait, &order.command_id);
    e = session_command(db_of(worker), scope_of(rq), &actor, &order, &o->row);
    if (e) {
        wait_cancel(rq, wait);
        return e == ERR_WRONG_STATE ? session_order_wrong_state(rq, type) : e;
    }
    o->message.id = order.command_id;
    o->message.seq = o->row.seq;
    o->message.epoch = order.epoch;
    o->message.type = type;
    o->message.session_id = *session_id;
    o->message.expires_at = order.expires_at;
    bool settled = command_is_terminal((enum command_state)o->row.state);
    if (settled) e = look_at_taken_back(rq, worker, o);
    if (e) {
        command_row_done(&o->row);
        wait_cancel(rq, wait);
        return e;
    }
    call_after_commit(rq, after_order, o);
    e = session_order_reply(rq, &o->row);
    command_row_done(&o->row);
    call_set_data(rq, o);
    if (settled)
        wait_cancel(rq, wait);
    else
        wait_park(rq, wait, answer_ordered);
    return e;
}

static enum err give_plain(struct request *rq, void *worker, enum command_type type) {
    return give(rq, worker, type, request_alloc(rq, sizeof(struct order)));
}
static enum err handle_pause(struct request *rq, void *worker) {
    return give_plain(rq, worker, COMMAND_PAUSE);
}
static enum err handle_resume(struct request *rq, void *worker) {
    return give_plain(rq, worker, COMMAND_RESUME);
}
static enum err handle_stop(struct request *rq, void *worker) { return give_plain(rq, worker, COMMAND_STOP); }

static enum err handle_adjust(struct request *rq, void *worker) {
    const struct adjust *a = request_body(rq);
    if (!a->has_intensity && !a->has_water_c)
        return request_fail_at(rq, ERR_INVALID_BODY, "", field_fault_code(FIELD_MISSING),
                               "needs intensity, water_c or both");
    struct order *o = request_alloc(rq, sizeof(*o));
    o->message.has_intensity = a->has_intensity;
    o->message.intensity = a->intensity;
    o->message.has_water = a->has_water_c;
    o->message.water_mdegc = a->water_c;
    return give(rq, worker, COMMAND_ADJUST, o);
}

static enum err handle_confirm(struct request *rq, void *worker) {
    const struct confirm *c = request_body(rq);
    struct order *o = request_alloc(rq, sizeof(*o));
    o->message.has_step = true;
    o->message.step = c->step;
    return give(rq, worker, COMMAND_CONFIRM, o);
}
