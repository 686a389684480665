/* /api/v1/screenings and /api/v1/screening/questions: what to ask a guest, and what came of it. */
#include <string.h>

#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/screen.h"
#include "server/domain/line.h"
#include "server/store/screening_store.h"
#include "server/store/site_store.h"

static enum err handle_questions(struct request *rq, void *worker);
static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);

struct questions_query {
    struct uuid site_id;
    char routine[ROUTINE_SLUG_MAX + 1];
};
static const struct field questions_fields[] = {FIELD_UUID(struct questions_query, site_id, 0),
                                                FIELD_STR(struct questions_query, routine, 1, 0), FIELD_END};

struct query {
    LIST_QUERY
    struct uuid site_id;
    bool has_outcome;
    int32_t outcome;
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query), FIELD_UUID(struct query, site_id, 0),
    FIELD_ENUM_HAS(struct query, outcome, screening_rule_outcome_names, 0, has_outcome), FIELD_END};

#define GUEST_MAX 60 /* characters */
struct create {
    struct uuid site_id;
    bool has_guest;
    char guest[LINE_SIZE(GUEST_MAX)];
    char routine[ROUTINE_SLUG_MAX + 1];
    struct intake intake;
};
static const struct field create_fields[] = {
    FIELD_UUID(struct create, site_id, FIELD_REQUIRED),
    FIELD_STR_HAS(struct create, guest, 1, FIELD_NULLABLE, has_guest),
    FIELD_STR(struct create, routine, 1, FIELD_NULLABLE),
    FIELD_OBJECT(struct create, intake, intake_fields, FIELD_REQUIRED), FIELD_END};

/* Answers about health: for those who work with guests, not for everybody who may look. */
static const struct route rows[] = {
    ROUTE(GET, "/api/v1/screening/questions", READ, 0, handle_questions,
          ROUTE_QUERY(struct questions_query, questions_fields)),
    ROUTE(GET, "/api/v1/screenings", OPERATE, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/screenings", OPERATE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct create, create_fields)),
    ROUTE(GET, "/api/v1/screenings/{id}", OPERATE, 0, handle_get),
};
const struct route_table screening_routes = ROUTE_TABLE(rows);

static void write_text(struct jsonw *w, const char *key, const char *text) {
    jsonw_str(w, key, text[0] ? text : NULL);
}

/* ---- what to ask ---- */

static void write_question(struct jsonw *w, const struct screening_rules *rules, int32_t i) {
    const struct screening_rule *r = &rules->rule[i];
    char pointer[64];
    struct buf b;
    buf_init_fixed(&b, pointer, sizeof(pointer));
    buf_fmt(&b, "/intake/answers/%s", r->id);
    jsonw_object(w, NULL);
    jsonw_str(w, "id", r->id);
    jsonw_str(w, "name", r->name);
    jsonw_str(w, "question", r->question);
    jsonw_str(w, "why", r->why);
    jsonw_str(w, "pointer", pointer);
    jsonw_bool(w, "check", r->check);
    jsonw_bool(w, "acknowledge", r->acknowledge);
    jsonw_str(w, "asked_if", r->asked_if >= 0 ? rules->rule[r->asked_if].id : NULL);
    screen_record_sources(w, "sources", r->sources);
    jsonw_object_end(w);
}

/* The type's, then the goals', one entry for each that asks for something. */
static void write_required(struct jsonw *w, const struct routine_term *term) {
    for (int k = 0; k < CLEARANCE_KIND_COUNT; k++) {
        if (!(term->requires & 1u << k)) continue;
        jsonw_object(w, NULL);
        jsonw_str(w, "kind", clearance_kind_names[k]);
        jsonw_str(w, "of", term->name);
        jsonw_str(w, "why", term->why);
        jsonw_int(w, "days_max", clearance_kind_days[k]);
        jsonw_object_end(w);
    }
}

static void write_questions(struct jsonw *w, const struct questions_query *q,
                            const struct screening_rules *rules, const struct routine_facts *facts) {
    jsonw_object(w, NULL);
    jsonw_uuid(w, "site_id", &q->site_id);
    write_text(w, "routine", q->routine);
    jsonw_array(w, "questions");
    for (int32_t i = 0; i < SCREENING_RULE_COUNT; i++)
        if (screening_matters(rules, i, facts)) write_question(w, rules, i);
    jsonw_array_end(w);
    jsonw_array(w, "clearances");
    if (facts) {
        write_required(w, &routine_facts_types[facts->type]);
        for (int g = 0; g < GOAL_COUNT; g++)
            if (facts->goals & 1u << g) write_required(w, &routine_facts_goals[g]);
    }
    jsonw_array_end(w);
    screen_record_notices(w);
    jsonw_object_end(w);
}

static enum err handle_questions(struct request *rq, void *worker) {
    const struct questions_query *q = request_query(rq);
    const struct screening_rules *rules;
    struct routine_facts facts;
    struct routine_row row;
    struct site_row site;
    enum err e =
        uuid_is_zero(&q->site_id) ? ERR_OK : site_get(db_of(worker), scope_of(rq), &q->site_id, &site);
    if (!e) e = screen_rules(rq, worker, &q->site_id, &rules);
    if (e) return e;
    if (q->routine[0]) {
        e = screen_routine(rq, worker, &q->site_id, q->routine, 0, &row, &facts);
        if (e) return e;
        routine_row_done(&row);
    }
    write_questions(request_json(rq), q, rules, q->routine[0] ? &facts : NULL);
    request_reply(rq, 200);
    return ERR_OK;
}

/* ---- what came of it ---- */

static void write_head(struct jsonw *w, const struct screening_row *row) {
    jsonw_uuid(w, "id", &row->id);
    jsonw_uuid(w, "site_id", &row->site_id);
    write_text(w, "guest", row->guest);
    write_text(w, "routine", row->routine);
    jsonw_bool(w, "today", row->today);
    jsonw_time(w, "valid_until", row->valid_until);
    jsonw_uuid(w, "created_by", &row->created_by);
    jsonw_time(w, "created_at", row->created_at);
}

/* The members of the stored result stand beside the head. */
static enum err reply_one(struct request *rq, int status, const struct screening_row *row) {
    struct field_errors errors = {0};
    json_t *result = field_load(row->result, strlen(row->result), &errors), *value;
    const char *key;
    if (!result) return ERR_INTERNAL;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    write_head(w, row);
    json_object_foreach(result, key, value) {
        auto_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (text) jsonw_raw(w, key, text, strlen(text));
    }
    json_decref(result);
    jsonw_raw(w, "intake", row->intake, strlen(row->intake));
    jsonw_object_end(w);
    request_reply(rq, status);
    return ERR_OK;
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "screenings", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct screening_filter filter = {.site_id = q->site_id,
                                      .outcomes = lookup_bit(q->has_outcome, q->outcome)};
    struct screening_row *found = list_rows(rq, &l, struct screening_row);
    int32_t n = 0;
    e = screening_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) {
        jsonw_object(l.w, NULL);
        write_head(l.w, &found[i]);
        jsonw_str(l.w, "outcome", screening_rule_outcome_names[found[i].outcome]);
        jsonw_object_end(l.w);
    }
    return list_reply(rq, &l, n > shown, shown ? &found[shown - 1].id : NULL);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct screening_row row;
    enum err e = screening_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &row);
    if (e) return e;
    e = reply_one(rq, 200, &row);
    screening_row_done(&row);
    return e;
}

static enum err store(struct request *rq, void *worker, const struct create *body, struct screened *s) {
    struct actor actor = actor_of(rq);
    screen_record(s, &s->result.caps);
    struct screening_new wanted = {.id = uuid_new(),
                                   .site_id = body->site_id,
                                   .guest = body->guest,
                                   .routine = body->routine[0] ? body->routine : NULL,
                                   .outcome = s->result.outcome,
                                   .intake = s->intake_json.data,
                                   .result = s->result_json.data,
                                   .clearances = s->clearances_json.data};
    struct screening_row row;
    enum err e = screening_create(db_of(worker), scope_of(rq), &actor, &wanted, &row);
    if (e) return e;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&row.id, id);
    request_set_location(rq, "/api/v1/screenings/%s", id);
    e = reply_one(rq, 201, &row);
    screening_row_done(&row);
    return e;
}

static enum err handle_create(struct request *rq, void *worker) {
    const struct create *body = request_body(rq);
    struct field_errors errors = {0};
    if (body->has_guest && !line_check(body->guest, GUEST_MAX, "/guest", &errors))
        return lookup_fail_all(rq, ERR_INVALID_BODY, &errors);
    struct site_row site;
    enum err e = site_get(db_of(worker), scope_of(rq), &body->site_id, &site);
    if (e == ERR_NOT_FOUND) return request_fail_at(rq, e, "/site_id", "not_found", "there is no such site");
    if (e) return e;
    struct routine_facts facts;
    if (body->routine[0]) {
        struct routine_row row;
        e = screen_routine(rq, worker, &body->site_id, body->routine, 0, &row, &facts);
        if (e) return e;
        routine_row_done(&row);
    }
    auto_screened struct screened s = {0};
    e = screen_intake(rq, worker, &body->site_id, &body->intake, body->routine[0] ? &facts : NULL, &s);
    return e ? e : store(rq, worker, body, &s);
}
