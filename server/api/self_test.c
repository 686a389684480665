/* /api/v1/devices/{id}/self-test and /self-tests: a device tries itself out, and what came of it. */
#include <string.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"
#include "server/api/session.h"
#include "server/store/self_test_store.h"

static enum err handle_start(struct request *rq, void *worker);
static enum err handle_stop(struct request *rq, void *worker);
static enum err handle_list(struct request *rq, void *worker);

struct start {
    bool nobody_in_the_unit;
};
static const struct field start_fields[] = {FIELD_BOOL(struct start, nobody_in_the_unit, 0), FIELD_END};

struct query {
    LIST_QUERY
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

static const struct route rows[] = {
    ROUTE(POST, "/api/v1/devices/{id}/self-test", MANAGE, ROUTE_IDEMPOTENT, handle_start,
          ROUTE_BODY(struct start, start_fields)),
    /* Whoever may work with the device may end what it does. */
    ROUTE(POST, "/api/v1/devices/{id}/self-test/stop", OPERATE, ROUTE_IDEMPOTENT, handle_stop),
    ROUTE(GET, "/api/v1/devices/{id}/self-tests", READ, 0, handle_list,
          ROUTE_QUERY(struct query, query_fields)),
};
const struct route_table self_test_routes = ROUTE_TABLE(rows);

struct order { /* lives as long as the request; the row's texts are not kept */
    struct command_row row;
    struct message_command message;
};

static void after_order(struct request *rq, void *arg) {
    struct order *o = arg;
    struct api *api = app_of(rq);
    if (!command_is_terminal((enum command_state)o->row.state))
        fleet_send_command(api->parts.fleet, &o->row.device_id, &o->message);
    publish_command(api, &o->row);
}

static enum err reply(struct request *rq, struct order *o, const struct self_test_order *order,
                      enum command_type type) {
    o->message.id = order->command_id;
    o->message.seq = o->row.seq;
    o->message.epoch = order->epoch;
    o->message.type = (int32_t)type;
    o->message.session_id = o->row.self_test_id;
    o->message.expires_at = order->expires_at;
    call_after_commit(rq, after_order, o);
    enum err e = session_order_reply(rq, &o->row);
    command_row_done(&o->row);
    return e;
}

static struct self_test_order order_for(struct request *rq, int64_t expires_at) {
    struct self_test_order order = {
        .command_id = uuid_new(), .device_id = *request_param_uuid(rq, 0), .expires_at = expires_at};
    if (!live_ready(fleet_live(app_of(rq)->parts.fleet), &order.device_id, &order.epoch)) order.epoch = 0;
    return order;
}

static enum err handle_start(struct request *rq, void *worker) {
    const struct start *s = request_body(rq);
    struct actor actor = actor_of(rq);
    struct order *o = request_alloc(rq, sizeof(*o));
    struct self_test_order order = order_for(rq, clock_wall_ms() + LIMIT_COMMAND_TTL_S * 1000);
    struct device_row device;
    enum err e = lookup_device(rq, worker, &order.device_id, &device);
    if (e) return e;
    if (!s->nobody_in_the_unit)
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/nobody_in_the_unit",
                               field_fault_code(FIELD_NOT_ONE_OF),
                               "must be true: motors and heater run, so nobody's feet may be in the unit");
    e = self_test_create(db_of(worker), scope_of(rq), &actor, &order, &o->row);
    if (e == ERR_OUT_OF_SERVICE)
        return request_fail(rq, ERR_CONFLICT,
                            "a self-test needs the device out of service: PATCH its service to maintenance");
    if (e == ERR_DEVICE_BUSY)
        return request_fail(rq, e, "a session or a self-test has not ended on this device: stop it first");
    return e ? e : reply(rq, o, &order, COMMAND_SELF_TEST);
}

static enum err handle_stop(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct order *o = request_alloc(rq, sizeof(*o));
    struct self_test_order order = order_for(rq, 0);
    struct device_row device;
    enum err e = lookup_device(rq, worker, &order.device_id, &device);
    if (e) return e;
    e = self_test_stop(db_of(worker), scope_of(rq), &actor, &order, &o->row);
    if (e == ERR_WRONG_STATE) return request_fail(rq, ERR_CONFLICT, "no self-test goes on on this device");
    return e ? e : reply(rq, o, &order, COMMAND_STOP);
}

static void render(struct jsonw *w, const struct self_test_row *row) {
    jsonw_object(w, NULL);
    jsonw_uuid(w, "id", &row->id);
    jsonw_uuid(w, "device_id", &row->device_id);
    jsonw_uuid(w, "requested_by", &row->requested_by);
    jsonw_str(w, "requested_name", row->requested_name);
    jsonw_time(w, "requested_at", row->requested_at);
    jsonw_time(w, "finished_at", row->finished_at);
    jsonw_str(w, "state", command_state_names[row->state]);
    jsonw_str(w, "code", row->code[0] ? row->code : NULL);
    jsonw_str(w, "detail", row->detail[0] ? row->detail : NULL);
    jsonw_str(w, "verdict", row->verdict[0] ? row->verdict : NULL);
    jsonw_raw(w, "checks", row->checks ? row->checks : "[]", row->checks ? strlen(row->checks) : 2);
    jsonw_object_end(w);
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct device_row device;
    struct list l;
    enum err e = lookup_device(rq, worker, request_param_uuid(rq, 0), &device);
    if (!e) e = list_begin(rq, "self-tests", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct self_test_row *found = list_rows(rq, &l, struct self_test_row);
    int32_t n = 0;
    e = self_test_list(db_of(worker), scope_of(rq), &device.id, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    struct uuid last = shown ? found[shown - 1].id : (struct uuid){0};
    list_items(rq, &l);
    for (int32_t i = 0; i < n; i++) {
        if (i < shown) render(l.w, &found[i]);
        self_test_row_done(&found[i]);
    }
    return list_reply(rq, &l, n > shown, &last);
}
