/* What becomes of a version: published, retired, deleted while it is a draft, copied into a new draft. */
#include <string.h>

#include "server/api/call.h"
#include "server/api/lookup.h"
#include "server/api/prepare.h"
#include "server/api/routine_view.h"

static enum err handle_publish(struct request *rq, void *worker);
static enum err handle_retire(struct request *rq, void *worker);
static enum err handle_delete(struct request *rq, void *worker);
static enum err handle_copy(struct request *rq, void *worker);

struct copy {
    char slug[ROUTINE_SLUG_MAX + 1], name[ROUTINE_NAME_MAX + 1];
    struct uuid site_id;
    int32_t version; /* 0: the one that is offered */
};
static const struct field copy_fields[] = {
    FIELD_STR(struct copy, slug, 1, FIELD_REQUIRED), FIELD_STR(struct copy, name, 1, FIELD_NULLABLE),
    FIELD_UUID(struct copy, site_id, FIELD_NULLABLE),
    FIELD_INT(struct copy, version, 1, INT32_MAX, FIELD_NULLABLE), FIELD_END};

static const struct route rows[] = {
    ROUTE(POST, "/api/v1/routines/{slug}/versions/{version}/publish", MANAGE, ROUTE_IDEMPOTENT,
          handle_publish),
    ROUTE(POST, "/api/v1/routines/{slug}/versions/{version}/retire", MANAGE, ROUTE_IDEMPOTENT, handle_retire),
    ROUTE(DELETE, "/api/v1/routines/{slug}/versions/{version}", MANAGE, 0, handle_delete),
    ROUTE(POST, "/api/v1/routines/{slug}/copy", MANAGE, ROUTE_IDEMPOTENT, handle_copy,
          ROUTE_BODY(struct copy, copy_fields)),
};
const struct route_table routine_life_routes = ROUTE_TABLE(rows);

/* Of what is for all sites: seen by everyone, changed only by a token for all. */
static enum err refuse_change(struct request *rq, const struct routine_row *row) {
    if (uuid_is_zero(&row->site_id) && !scope_of(rq)->all)
        return request_fail(rq, ERR_FORBIDDEN, "only a token for all sites changes routines for all");
    return ERR_OK;
}

static enum err handle_publish(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct routine_row before, row;
    enum err e = routine_view_get_draft(rq, worker, &before);
    if (e) return e;
    e = refuse_change(rq, &before);
    if (!e && !db_in_transaction(db_of(worker))) db_begin(db_of(worker));
    if (!e)
        e = routine_publish(db_of(worker), scope_of(rq), &actor, request_param(rq, 0),
                            request_param_int(rq, 1), &row);
    bool same = !e && strcmp(before.content, row.content) == 0;
    routine_row_done(&before);
    if (e == ERR_WRONG_STATE) return ERR_VERSION_PUBLISHED;
    if (e == ERR_CONFLICT)
        return request_fail(
            rq, e,
            "a newer version was published since this draft was begun: compare the two, delete the "
            "draft and write the next one");
    if (e) return e;
    if (same) return routine_view_reply(rq, 200, &row);
    routine_row_done(&row); /* replaced in between: the transaction is rolled back */
    return ERR_PRECONDITION_FAILED;
}

/* What it says can only be true or false of a version, so no If-Match; retiring what is retired is harmless.
 */
static enum err handle_retire(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct routine_row row;
    enum err e = routine_view_get(rq, worker, &row);
    if (e) return e;
    e = refuse_change(rq, &row);
    if (!e && strcmp(row.state, "retired") == 0) return routine_view_reply(rq, 200, &row);
    if (!e && strcmp(row.state, "draft") == 0)
        e = request_fail(rq, ERR_CONFLICT, "version %d is a draft: delete it", (int)row.version);
    routine_row_done(&row);
    if (!e)
        e = routine_retire(db_of(worker), scope_of(rq), &actor, request_param(rq, 0),
                           request_param_int(rq, 1), &row);
    if (e == ERR_WRONG_STATE) { /* by somebody else, in between */
        e = routine_view_get(rq, worker, &row);
    }
    return e ? e : routine_view_reply(rq, 200, &row);
}

static enum err handle_delete(struct request *rq, void *worker) {
    struct actor actor = actor_of(rq);
    struct routine_row row;
    enum err e = routine_view_get_draft(rq, worker, &row);
    if (e) return e;
    e = refuse_change(rq, &row);
    if (!e) e = routine_delete_draft(db_of(worker), scope_of(rq), &actor, row.slug, row.version, row.content);
    routine_row_done(&row);
    if (e == ERR_NOT_FOUND) return ERR_PRECONDITION_FAILED; /* changed in between */
    if (!e) request_reply_empty(rq, 204);
    return e;
}

/* ---- copying ---- */

/* The copy's text: the source's under the new names. */
static enum err read_source(struct request *rq, void *worker, const struct copy *c, struct routine *ret,
                            struct uuid *ret_site_id) {
    struct routine_row row;
    enum err e = routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), c->version, &row);
    if (e) return e;
    *ret_site_id = row.site_id;
    if (!prepare_parse(&row, ret)) e = ERR_INTERNAL;
    routine_row_done(&row);
    lookup_copy(ret->slug, c->slug);
    if (c->name[0]) lookup_copy(ret->name, c->name);
    return e;
}

static enum err handle_copy(struct request *rq, void *worker) {
    const struct copy *c = request_body(rq);
    struct uuid source_site_id, site_id = c->site_id;
    bool next_draft = strcmp(c->slug, request_param(rq, 0)) == 0;
    struct field_errors errors = {0};
    auto_free struct routine *r = xmalloc(sizeof(*r));
    enum err e = read_source(rq, worker, c, r, &source_site_id);
    if (e) return e;
    if (!routine_view_check(r, "", &errors)) return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
    if (next_draft && !uuid_is_zero(&site_id) && !uuid_equal(&site_id, &source_site_id))
        return request_fail_at(rq, ERR_UNPROCESSABLE, "/site_id", "mismatch",
                               "a routine stays where it is: copy it under another slug");
    if (next_draft) site_id = source_site_id;
    if (!db_in_transaction(db_of(worker))) db_begin(db_of(worker));
    struct routine_row row;
    e = routine_view_write(rq, worker, r, NULL, &site_id, "", &row);
    if (e == ERR_NOT_FOUND && next_draft)
        return request_fail_at(rq, ERR_CONFLICT, "/slug", "not_unique", "the routine has a draft already");
    if (!e && !next_draft && row.version != 1) { /* the transaction is rolled back */
        routine_row_done(&row);
        e = ERR_NOT_FOUND;
    }
    if (e == ERR_NOT_FOUND)
        return request_fail_at(rq, ERR_CONFLICT, "/slug", "not_unique", "there is a routine of this slug");
    if (e) return e;
    request_set_location(rq, "/api/v1/routines/%s/versions/%d", row.slug, (int)row.version);
    return routine_view_reply(rq, 201, &row);
}
