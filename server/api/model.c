/* /api/v1/models */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/render.h"
#include "server/store/model_store.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_get(struct request *rq, void *worker);

struct query {
    LIST_QUERY
};
static const struct field query_fields[] = {LIST_FIELDS(struct query), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/models", READ, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
    ROUTE(GET, "/api/v1/models/{model}", READ, 0, handle_get),
};
const struct route_table model_routes = ROUTE_TABLE(rows);

static bool parse(const struct model_row *row, struct model *ret) {
    struct field_errors errors = {0};
    if (model_parse(row->spec, strlen(row->spec), ret, &errors)) return true;
    log_error("api", "a model in the database cannot be read|model=%s pointer=%s", row->id,
              errors.list[0].pointer);
    return false;
}

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "models", LIST_SLUG_MAX, q->limit, q->cursor, &l);
    if (e) return e;
    struct model_row *found = list_rows(rq, &l, struct model_row);
    int32_t n = 0;
    e = model_list(db_of(worker), l.after.slug, l.limit + 1, found, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    union list_key last = {0};
    if (shown) snprintf(last.slug, sizeof(last.slug), "%s", found[shown - 1].id);
    list_items(rq, &l);
    struct model m;
    for (int32_t i = 0; i < n; i++) {
        if (i < shown && parse(&found[i], &m)) render_model(l.w, NULL, &m);
        model_row_done(&found[i]);
    }
    return list_reply(rq, &l, n > shown, last.slug);
}

static enum err handle_get(struct request *rq, void *worker) {
    struct model_row row;
    enum err e = model_get(db_of(worker), request_param(rq, 0), &row);
    if (e) return e;
    struct model m;
    if (parse(&row, &m)) {
        request_set_version(rq, m.version);
        render_model(request_json(rq), NULL, &m);
        request_reply(rq, 200);
    } else {
        e = ERR_INTERNAL;
    }
    model_row_done(&row);
    return e;
}
