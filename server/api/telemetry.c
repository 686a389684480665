/* GET /api/v1/devices/{id}/telemetry: measured values over time, as JSON or CSV. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "server/api/list.h"
#include "server/api/lookup.h"
#include "server/api/render.h"
#include "server/store/telemetry_store.h"

static enum err handle_read(struct request *rq, void *worker);

/* X(name, milliseconds) */
#define RESOLUTIONS(X)                                                                                       \
    X("raw", 0)                                                                                              \
    X("10s", 10000)                                                                                          \
    X("1m", 60000)                                                                                           \
    X("10m", 600000)                                                                                         \
    X("1h", 3600000)
#define X(name, ms) name,
static const char *const resolution_names[] = {RESOLUTIONS(X) NULL};
#undef X
#define X(name, ms) ms,
static const int64_t resolution_ms[] = {RESOLUTIONS(X)};
#undef X

#define POINTS_MAX 1000
#define SPAN_DEFAULT_MS 3600000
_Static_assert(POINTS_MAX < TELEMETRY_POINTS_MAX, "one more point is asked for than is shown");

struct query {
    int32_t limit;
    char cursor[CURSOR_TEXT_MAX];
    bool has_from, has_to;
    int64_t from, to;
    int resolution;
    struct uuid session_id;
};
static const struct field query_fields[] = {FIELD_INT(struct query, limit, 1, POINTS_MAX, 0),
                                            FIELD_STR(struct query, cursor, 1, 0),
                                            FIELD_TIME_HAS(struct query, from, 0, has_from),
                                            FIELD_TIME_HAS(struct query, to, 0, has_to),
                                            FIELD_ENUM(struct query, resolution, resolution_names, 0),
                                            FIELD_UUID(struct query, session_id, 0),
                                            FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/devices/{id}/telemetry", READ, 0, handle_read,
          ROUTE_QUERY(struct query, query_fields)),
};
const struct route_table telemetry_routes = ROUTE_TABLE(rows);

struct span { /* what a cursor holds: where to go on, and where the first page meant to end */
    int64_t from, to;
};

/* Points that share a time are never split between pages, since the next page begins at a time. */
static int32_t shown_of(const struct telemetry_point points[], int32_t n, int32_t limit) {
    if (n <= limit) return n;
    int32_t shown = limit;
    while (shown > 1 && points[shown].at == points[shown - 1].at) shown--;
    return shown;
}

static enum err span_of(struct request *rq, const struct query *q, struct span *ret) {
    if (q->cursor[0]) {
        enum err e = cursor_decode("telemetry", q->cursor, ret, sizeof(*ret));
        return e ? request_fail(rq, e, "send next_cursor back as it was given") : ERR_OK;
    }
    ret->to = q->has_to ? q->to : clock_wall_ms();
    ret->from = q->has_from ? q->from : ret->to - SPAN_DEFAULT_MS;
    if (ret->from < ret->to) return ERR_OK;
    return request_fail_at(rq, ERR_INVALID_QUERY, "/from", field_fault_code(FIELD_OUT_OF_RANGE),
                           "must be before to");
}

static void reply_csv(struct request *rq, const struct telemetry_point points[], int32_t n) {
    auto_buf struct buf b = BUF_INIT;
    buf_str(&b, "at,step,elapsed_ms,intensity,water_mdegc,target_mdegc,level_permille,current_ma,"
                "heater_permille,samples\r\n");
    for (int32_t i = 0; i < n; i++) {
        const struct telemetry_point *p = &points[i];
        char at[CLOCK_TEXT_LEN + 1];
        clock_format(p->at, at);
        buf_fmt(&b, "%s,%d,%d,%d,", at, (int)p->step, (int)p->elapsed_ms, (int)p->intensity);
        if (p->water_mdegc != INT32_MIN) buf_int(&b, p->water_mdegc);
        buf_fmt(&b, ",%d,", (int)p->target_mdegc);
        if (p->level_permille >= 0) buf_int(&b, p->level_permille);
        buf_fmt(&b, ",%d,%d,%d\r\n", (int)p->current_ma, (int)p->heater_permille, (int)p->n_samples);
    }
    request_reply_data(rq, 200, "text/csv; charset=utf-8", b.data, b.len);
}

static void reply_json(struct request *rq, const struct span *span, int resolution,
                       const struct telemetry_point points[], int32_t n, const char *cursor) {
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_uuid(w, "device_id", request_param_uuid(rq, 0));
    jsonw_time(w, "from", span->from);
    jsonw_time(w, "to", span->to);
    jsonw_str(w, "resolution", resolution_names[resolution]);
    jsonw_array(w, "items");
    for (int32_t i = 0; i < n; i++) render_point(w, NULL, &points[i]);
    jsonw_array_end(w);
    jsonw_str(w, "next_cursor", cursor);
    jsonw_object_end(w);
    request_reply(rq, 200);
}

static enum err handle_read(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct span span;
    struct device_row device;
    enum err e = lookup_device(rq, worker, request_param_uuid(rq, 0), &device);
    if (!e) e = span_of(rq, q, &span);
    if (e) return e;
    int32_t limit = q->limit ? q->limit : POINTS_MAX, n = 0;
    struct telemetry_query query = {.device_id = device.id,
                                    .session_id = q->session_id,
                                    .from = span.from,
                                    .to = span.to,
                                    .resolution_ms = resolution_ms[q->resolution],
                                    .limit = limit + 1};
    auto_free struct telemetry_point *points = xcalloc((size_t)query.limit, sizeof(*points));
    e = telemetry_read(db_of(worker), scope_of(rq), &query, points, &n);
    if (e) return e;
    int32_t shown = shown_of(points, n, limit);
    char cursor[CURSOR_TEXT_MAX] = "";
    if (n > shown) {
        struct span rest = {.from = points[shown].at, .to = span.to};
        cursor_encode("telemetry", &rest, sizeof(rest), cursor);
        request_set_next(rq, cursor);
    }
    const char *accept = request_header(rq, "Accept");
    if (accept && strncasecmp(accept, "text/csv", 8) == 0)
        reply_csv(rq, points, shown);
    else
        reply_json(rq, &span, q->resolution, points, shown, cursor[0] ? cursor : NULL);
    return ERR_OK;
}
