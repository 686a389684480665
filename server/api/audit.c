/* /api/v1/audit: who changed what, and when. */
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/render.h"

static enum err handle_list(struct request *rq, void *worker);

struct query {
    LIST_QUERY
    struct uuid site_id, actor_id;
    char action[49], subject_type[33], subject_id[65];
};
static const struct field query_fields[] = {LIST_FIELDS(struct query),
                                            FIELD_UUID(struct query, site_id, 0),
                                            FIELD_UUID(struct query, actor_id, 0),
                                            FIELD_STR(struct query, action, 1, 0),
                                            FIELD_STR(struct query, subject_type, 1, 0),
                                            FIELD_STR(struct query, subject_id, 1, 0),
                                            FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/audit", MANAGE, 0, handle_list, ROUTE_QUERY(struct query, query_fields)),
};
const struct route_table audit_routes = ROUTE_TABLE(rows);

static const char *or_any(const char *text) { return text[0] ? text : NULL; }

static enum err handle_list(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    struct list l;
    enum err e = list_begin(rq, "audit", sizeof(struct uuid), q->limit, q->cursor, &l);
    if (e) return e;
    struct page page = list_page(&l);
    struct audit_filter filter = {.site_id = q->site_id,
                                  .actor_id = q->actor_id,
                                  .action = or_any(q->action),
                                  .subject_type = or_any(q->subject_type),
                                  .subject_id = or_any(q->subject_id)};
    struct audit_row *entries = list_rows(rq, &l, struct audit_row);
    int32_t n = 0;
    e = audit_list(db_of(worker), scope_of(rq), &filter, &page, entries, &n);
    if (e) return e;
    int32_t shown = list_shown(&l, n);
    struct uuid last = shown ? entries[shown - 1].id : (struct uuid){0};
    list_items(rq, &l);
    for (int32_t i = 0; i < n; i++) {
        if (i < shown) render_audit(l.w, NULL, &entries[i]);
        audit_row_done(&entries[i]);
    }
    return list_reply(rq, &l, n > shown, &last);
}
