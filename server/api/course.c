/* /api/v1/courses: a series of sessions for one guest; planned, made, listed and shown. */
#include "server/api/call.h"
#include "server/api/course_draft.h"
#include "server/api/course_render.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/publish.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);
static enum err handle_plan(struct request *rq, void *worker);
static enum err handle_create(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid site_id;
    char guest[LINE_SIZE(COURSE_GUEST_MAX)];
    bool has_state;
    int state;
};
static const struct field query_fields[] = {
    LIST_FIELDS(struct query), FIELD_UUID(struct query, site_id, 0), FIELD_STR(struct query, guest, 1, 0),
    FIELD_ENUM_HAS(struct query, state, course_state_names, 0, has_state), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/courses", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(POST, "/api/v1/courses", OPERATE, ROUTE_IDEMPOTENT, handle_create,
          ROUTE_BODY(struct course_body, course_body_fields)),
    ROUTE(POST, "/api/v1/courses/plan", READ, 0, handle_plan,
          ROUTE_BODY(struct course_body, course_body_fields)),
    ROUTE(GET, "/api/v1/courses/{id}", READ, 0, handle_get),
};
const struct route_table course_routes = ROUTE_TABLE(rows);

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "courses", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct course_filter filter = {
        .site_id = q->site_id, .guest = q->guest, .states = lookup_bit(q->has_state, q->state)};
    struct course_head *found = list_rows(rq, &l, struct course_head);
    int32_t n = 0;
    e = course_list(db_of(worker), scope_of(rq), &filter, &page, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    list_items(rq, &l);
    for (int32_t i = 0; i < shown; i++) course_render_head(l.w, NULL, &found[i]);
    return list_reply(rq, &l, n > shown, shown ? &found[shown - 1].id : NULL);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct course_row *row = request_alloc(rq, sizeof *row);
    enum err e = course_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), row);
    return e ? e : course_reply(rq, 200, row);
}

static enum err handle_plan(struct request *rq, void *worker) {
    struct course_row *row;
    enum err e = course_draft(rq, worker, request_body(rq), &row);
    if (e) return e;
    int64_t *at = request_alloc(rq, sizeof *at * COURSE_ROWS_MAX);
    e = course_instants(db_of(worker), row->head.timezone, row->head.time_min, &row->course.rows[0].on,
                        row->course.n, sizeof row->course.rows[0], at);
    if (e) return e;
    for (int32_t i = 0; i < row->course.n; i++) row->more[i].starts_at = at[i];
    course_render_plan(request_json(rq), NULL, row);
    request_reply(rq, 200);
    return ERR_OK;
}

static void after_create(struct request *rq, void *arg) {
    const struct course_row *row = arg;
    publish_course(app_of(rq), &row->head);
}

static enum err handle_create(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct db *db = db_of(worker);
    struct course_row *row;
    enum err e = course_draft(rq, worker, request_body(rq), &row);
    if (e) return e;
    row->head.id = uuid_new();
    if (!db_in_transaction(db)) db_begin(db); /* the answer is read before others may change it */
    e = course_create(db, scope_of(rq), &actor, row);
    if (!e) e = course_get(db, scope_of(rq), &row->head.id, row);
    if (e) return e;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&row->head.id, id);
    request_set_location(rq, "/api/v1/courses/%s", id);
    call_after_commit(rq, after_create, row);
    return course_reply(rq, 201, row);
}
