/* /api/v1/sessions: a routine for a guest on a device, from the request to its end. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/api/call.h"
#include "server/api/course_turn.h"
#include "server/api/hygiene.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/publish.h"
#include "server/api/render.h"
#include "server/api/session.h"
#include "server/api/wait.h"
#include "server/domain/line.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid device_id, site_id;
    bool has_state, has_live, live;
    int state;
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query),
    FIELD_UUID(struct query, device_id, 0),
    FIELD_UUID(struct query, site_id, 0),
    FIELD_ENUM_HAS(struct query, state, session_state_names, 0, has_state),
    FIELD_BOOL_HAS(struct query, live, 0, has_live),
    FIELD_END};

struct wait_query {
    int32_t wait;
};
static const struct field wait_fields[] = {FIELD_INT(struct wait_query, wait, 0, LIMIT_WAIT_S, 0), FIELD_END};

#define GUEST_MAX 60 /* characters */
struct create {
    struct uuid device_id, site_id; /* one of them: on a device, or by hand at a site */
    struct uuid course_id;          /* zero: of none */
    char routine[ROUTINE_SLUG_MAX + 1];
    struct intake intake; /* this or screening_id */
    struct uuid screening_id;
    bool has_intake, has_screening_id, has_guest, has_version, has_intensity_max, has_water_max_c;
    int32_t version;                  /* 0: the latest published one; else a draft, to be tried */
    char guest[LINE_SIZE(GUEST_MAX)]; /* no more than a first name or a number */
    int32_t intensity_max;
    int32_t water_max_c; /* thousandths, although the wire says degrees */
    int32_t n_preparations;
    int32_t preparations[CARE_ITEM_COUNT]; /* enum care_item: what was done already */
};
static const struct field preparation_item = SESSION_CHECK_ITEM_FIELD;
static const struct field create_fields[] = {
    FIELD_UUID(struct create, device_id, FIELD_NULLABLE),
    FIELD_UUID(struct create, site_id, FIELD_NULLABLE),
    FIELD_STR(struct create, routine, 1, 0), /* may be left out with a course */
    FIELD_INT_HAS(struct create, version, 1, 1000000, FIELD_NULLABLE, has_version),
    FIELD_UUID(struct create, course_id, FIELD_NULLABLE),
    FIELD_OBJECT_HAS(struct create, intake, intake_fields, 0, has_intake),
    FIELD_UUID_HAS(struct create, screening_id, 0, has_screening_id),
    FIELD_STR_HAS(struct create, guest, 1, FIELD_NULLABLE, has_guest),
    FIELD_INT_HAS(struct create, intensity_max, 1, 100, FIELD_NULLABLE, has_intensity_max),
    FIELD_MILLI_HAS(struct create, water_max_c, PROTO_WATER_MDEGC_MIN, PROTO_WATER_MDEGC_MAX, FIELD_NULLABLE,
                    has_water_max_c),
    FIELD_LIST(struct create, preparations, n_preparations, 0, &preparation_item, 0),
    FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/sessions", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/sessions", OPERATE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct create, create_fields), ROUTE_QUERY(struct wait_query, wait_fields)),
    ROUTE(GET, "/api/v1/sessions/{id}", READ, 0, handle_get),
};
const struct route_table session_routes = ROUTE_TABLE(rows);

static uint32_t wanted_states(const struct query *q) {
    uint32_t states = lookup_bit(q->has_state, q->state);
    if (!q->has_live) return states;
    uint32_t live = 0;
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        if (session_is_live((enum session_state)s) == q->live) live |= 1u << s;
    if (!states) return live;
    /* Both filters and nothing in common: a bit that no state has. */
    return states & live ? states & live : 1u << SESSION_STATE_COUNT;
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "sessions", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct session_filter filter = {
        .device_id = q->device_id, .site_id = q->site_id, .states = wanted_states(q)};
    struct session_row *found = list_rows(rq, &l, struct session_row);
    int32_t n = 0;
    e = session_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    struct uuid last = shown ? found[shown - 1].id : (struct uuid){0};
    list_items(rq, &l);
    for (int32_t i = 0; i < n; i++) {
        if (i < shown) render_session(l.w, NULL, &found[i], NULL);
        session_row_done(&found[i]);
    }
    return list_reply(rq, &l, n > shown, &last);
}

enum err session_reply(struct request *rq, int status, const struct session_row *row,
                       const struct command_row *command) {
    request_set_version(rq, row->version);
    render_session(request_json(rq), NULL, row, command);
    request_reply(rq, status);
    return ERR_OK;
}

static enum err handle_get(struct request *rq, void *worker) {
    struct session_row row;
    enum err e = session_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    if (e) return e;
    /* What a guest answered is for those who work with guests. */
    if (!permission_allows(PERMISSION_OPERATE, request_principal(rq)->role)) free(steal(&row.screening));
    e = session_reply(rq, 200, &row, NULL);
    session_row_done(&row);
    return e;
}

/* ---- creating ---- */

struct creation { /* lives as long as the request */
    struct session_row session;
    struct command_row command;
    struct uuid device_id;
    struct message_command message;
};

static void after_create(struct request *rq, void *arg) {
    struct creation *c = arg;
    struct api *api = app_of(rq);
    fleet_send_command(api->parts.fleet, &c->device_id, &c->message);
    metrics_add(api->parts.metrics, METRIC_SESSIONS_STARTED, 1);
    publish_session(api, &c->session);
    publish_command(api, &c->command);
}

/* The refusal has ended the transaction; what stands in the way is looked up after it. */
static enum err cleaning_due(struct request *rq, void *worker, const struct uuid *device_id, const char *id) {
    struct hygiene_row *h = request_alloc(rq, sizeof *h);
    auto_buf struct buf why = BUF_INIT;
    db_rollback(db_of(worker));
    if (hygiene_get(db_of(worker), scope_of(rq), device_id, h) == ERR_OK) hygiene_why(h, &why);
    return request_fail(rq, ERR_CLEANING_DUE,
                        "%s: record a disinfection with POST /api/v1/devices/%s/cleanings, then start again",
                        why.len ? why.data : "the device is to be disinfected", id);
}

static enum err refused(struct request *rq, void *worker, enum err e, const struct create *body) {
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&body->device_id, id);
    switch (e) {
    case ERR_NOT_FOUND: return request_fail_at(rq, e, "/device_id", "not_found", "there is no such device");
    case ERR_CLEANING_DUE: return cleaning_due(rq, worker, &body->device_id, id);
    case ERR_DEVICE_BUSY:
        return request_fail(rq, e,
                            "the device has a session: wait for its end or stop it; "
                            "GET /api/v1/sessions?device_id=%s&live=true shows it",
                            id);
    case ERR_OUT_OF_SERVICE:
        return request_fail(rq, e, "put it into service with PATCH /api/v1/devices/%s first", id);
    default: return e;
    }
}

static struct lowering_caps asked_caps(const struct create *body) {
    struct lowering_caps caps = {
        .intensity_max = 100, .water_max_mdegc = PROTO_WATER_MDEGC_MAX, .total_max_ms = PROTO_SESSION_MS_MAX};
    if (body->has_intensity_max) caps.intensity_max = body->intensity_max;
    if (body->has_water_max_c) caps.water_max_mdegc = body->water_max_c;
    return caps;
}

static enum err answer_created(struct request *rq, void *worker);

void session_set_location(struct request *rq, const struct uuid *session_id) {
    char id[UUID_TEXT_LEN + 1];
    uuid_format(session_id, id);
    request_set_location(rq, "/api/v1/sessions/%s", id);
}

/* As the body or the course calls the guest, else as the screening did. */
static const char *guest_of(const struct create *body, const struct prepared *p) {
    return body->guest[0] ? body->guest : p->screened.guest;
}

/* Of the connection that the start may be published on at once; 0: none. Of a trial it must be a simulated
 * unit's, looked at under one lock: what connects with this identity later gets the start only if it is one
 * too (command_claim_for_device). */
static int64_t epoch_for(struct request *rq, const struct create *body) {
    struct live *live = fleet_live(app_of(rq)->parts.fleet);
    struct live_device d;
    int64_t epoch;
    if (!body->version) return live_ready(live, &body->device_id, &epoch) ? epoch : 0;
    bool may = live_get(live, &body->device_id, clock_wall_ms(), &d) && d.ready && d.simulated;
    return may ? d.epoch : 0;
}

static enum err write_session(struct request *rq, void *worker, const struct create *body,
                              const struct course_turn *turn, const struct prepared *p, struct creation *c) {
    struct actor actor = actor_of(rq);
    struct session_new new_session = {.id = uuid_new(),
                                      .command_id = c->message.id,
                                      .device_id = body->device_id,
                                      .routine = body->routine,
                                      .routine_version = p->routine_version,
                                      .trial_content = p->trial_content,
                                      .intake = p->screened.intake_json.data,
                                      .screening = p->screened.result_json.data,
                                      .screening_id = p->screened.screening_id,
                                      .clearances = p->screened.clearances_json.data,
                                      .program = p->lowered->json,
                                      .guest = guest_of(body, p),
                                      .step_count = p->lowered->program.n_steps,
                                      .duration_ms = (int32_t)program_total_ms(&p->lowered->program),
                                      .intensity = 100,
                                      .target_mdegc = p->lowered->program.steps[0].water_mdegc,
                                      .expires_at = clock_wall_ms() + LIMIT_START_TTL_S * 1000};
    new_session.epoch = epoch_for(rq, body);
    enum err e = session_create(db_of(worker), scope_of(rq), &actor, &new_session, &c->session, &c->command);
    if (e) return refused(rq, worker, e, body);
    e = course_turn_keep(rq, worker, turn, &new_session.id);
    if (e) return e;
    c->device_id = body->device_id;
    c->message.seq = c->command.seq;
    c->message.epoch = new_session.epoch;
    c->message.type = COMMAND_START;
    c->message.session_id = new_session.id;
    c->message.expires_at = new_session.expires_at;
    c->message.has_program = true;
    c->message.program = p->lowered->program;
    call_after_commit(rq, after_create, c);
    return ERR_OK;
}

/* What has been checked off already belongs to the creation: all of it is written, or nothing. */
static enum err write_checks(struct request *rq, void *worker, const struct create *body,
                             const struct uuid *session_id, int32_t routine_version) {
    return session_check_first(rq, worker, session_id, body->routine, routine_version, body->preparations,
                               body->n_preparations);
}

static enum err create_held(struct request *rq, void *worker, const struct create *body,
                            const struct course_turn *turn, const struct prepared *p) {
    struct uuid id = uuid_new();
    enum err e = session_held_create(rq, worker, p, &id, &body->site_id, body->routine, guest_of(body, p));
    if (!e) e = course_turn_keep(rq, worker, turn, &id);
    return e ? e : write_checks(rq, worker, body, &id, p->routine_version);
}

static enum err check_body(struct request *rq, const struct create *body) {
    struct field_errors errors = {0};
    bool device = !uuid_is_zero(&body->device_id), site = !uuid_is_zero(&body->site_id);
    if (!device && !site)
        field_errors_add(&errors, FIELD_MISSING, "/device_id",
                         "name the device, or with site_id the site where the session is given by hand");
    if (device && site)
        field_errors_add(&errors, FIELD_NOT_ONE_OF, "/site_id",
                         "goes with a session by hand; a device has its own site");
    if (!body->has_intake && !body->has_screening_id)
        field_errors_add(&errors, FIELD_MISSING, "/intake", "either intake or screening_id is required");
    if (body->has_intake && body->has_screening_id)
        field_errors_add(&errors, FIELD_NOT_ONE_OF, "/screening_id", "either this or intake, not both");
    if (body->version && (!device || !uuid_is_zero(&body->course_id)))
        field_errors_add(&errors, FIELD_NOT_ONE_OF, "/version",
                         "goes with device_id alone: a draft is only tried, on a simulated unit");
    if (!body->routine[0] && uuid_is_zero(&body->course_id))
        field_errors_add(&errors, FIELD_MISSING, "/routine", "is required");
    bool named = !body->has_guest || line_check(body->guest, GUEST_MAX, "/guest", &errors);
    return errors.n || !named ? lookup_fail_all(rq, ERR_INVALID_BODY, &errors) : ERR_OK;
}

/* A draft is felt by nobody. A device that is not there is told as such later. */
static enum err check_trial(struct request *rq, const struct create *body) {
    struct live_device d;
    if (!body->version ||
        !live_get(fleet_live(app_of(rq)->parts.fleet), &body->device_id, clock_wall_ms(), &d) ||
        !scope_covers(scope_of(rq), &d.facts.site_id) || (d.ready && d.simulated))
        return ERR_OK;
    return request_fail_at(rq, ERR_UNPROCESSABLE, "/device_id", "not_simulated",
                           "a draft runs only on a simulated unit that is ready (GET /api/v1/devices tells "
                           "which are); to run the routine here, publish it and leave version out");
}

/* What the course says where the body does not, and never stronger than it says. */
static enum err take_course(struct request *rq, void *worker, struct create *body, struct course_turn *turn) {
    const struct course_place place = {.device_id = body->device_id, .site_id = body->site_id};
    if (uuid_is_zero(&body->course_id)) return ERR_OK;
    enum err e = course_turn_take(rq, worker, &body->course_id, &place, body->routine, turn);
    if (e) return e;
    lookup_copy(body->routine, turn->row->head.routine);
    if (!body->has_guest) lookup_copy(body->guest, turn->row->head.guest);
    if (!body->has_intensity_max || body->intensity_max > turn->intensity)
        body->intensity_max = turn->intensity;
    body->has_intensity_max = true;
    return ERR_OK;
}

static enum err handle_create(struct request *rq, void *worker) {
    struct create *body = request_alloc(rq, sizeof(*body));
    const struct wait_query *q = request_query(rq);
    struct course_turn turn = {0};
    *body = *(const struct create *)request_body(rq);
    enum err e = check_body(rq, body);
    if (!e) e = check_trial(rq, body);
    if (!e) e = take_course(rq, worker, body, &turn);
    if (e) return e;
    struct lowering_caps asked = asked_caps(body);
    struct prepare_place place = {.device_id = body->device_id, .site_id = body->site_id};
    struct screen_ask ask = {.intake = body->has_intake ? &body->intake : NULL,
                             .screening_id = body->screening_id,
                             .guest = body->guest};
    auto_prepared struct prepared p = {0};
    e = prepare_session(rq, worker, &place, body->routine, body->version, &ask, &asked, &p);
    if (e) return e;
    if (body->n_preparations && !db_in_transaction(db_of(worker))) db_begin(db_of(worker));
    if (uuid_is_zero(&body->device_id)) return create_held(rq, worker, body, &turn, &p);
    struct creation *c = request_alloc(rq, sizeof(*c));
    c->message.id = uuid_new();
    struct wait *wait = wait_begin(rq, q->wait, &c->message.id);
    e = write_session(rq, worker, body, &turn, &p, c);
    if (!e) e = write_checks(rq, worker, body, &c->session.id, p.routine_version);
    if (e) {
        session_row_done(&c->session); /* zeroed, when it did not come to them */
        command_row_done(&c->command);
        wait_cancel(rq, wait);
        return e;
    }
    session_set_location(rq, &c->session.id);
    e = session_reply(rq, 201, &c->session, &c->command);
    session_row_done(&c->session); /* events need no more than the plain members */
    command_row_done(&c->command);
    call_set_data(rq, c);
    wait_park(rq, wait, answer_created);
    return e;
}

/* After ?wait: the session and its start as they stand now. Without the database the first answer goes. */
static enum err answer_created(struct request *rq, void *worker) {
    const struct creation *c = call_data(rq);
    struct session_row session;
    struct command_row command;
    if (session_get(db_of(worker), scope_of(rq), &c->session.id, &session)) return ERR_OK;
    enum err e = command_get(db_of(worker), scope_of(rq), &c->message.id, &command);
    if (!e) {
        session_set_location(rq, &session.id);
        free(steal(&session.screening)); /* as in the answer without waiting */
        e = session_reply(rq, 201, &session, &command);
        command_row_done(&command);
    }
    session_row_done(&session);
    return ERR_OK;
}
