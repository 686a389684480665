/* /api/v1/catalogue: what the product knows, and what a site says in its own words. */
#include <stdio.h>
#include <string.h>

#include "server/api/call.h"
#include "server/api/catalogue_cache.h"
#include "server/api/catalogue_copy.h"
#include "server/api/lookup.h"
#include "server/store/catalogue_entry_store.h"

static enum err handle_index(struct request *rq, void *worker);
static enum err handle_sources(struct request *rq, void *worker);
static enum err handle_source(struct request *rq, void *worker);
static enum err handle_kind(struct request *rq, void *worker);
static enum err handle_entry(struct request *rq, void *worker);
static enum err handle_put(struct request *rq, void *worker);
static enum err handle_delete(struct request *rq, void *worker);

struct query {
    struct uuid site_id;
};
static const struct field query_fields[] = {FIELD_UUID(struct query, site_id, 0), FIELD_END};

struct body {
    json_t *content;
};
static const struct field body_fields[] = {FIELD_JSON(struct body, content, FIELD_REQUIRED), FIELD_END};

#define SITE_QUERY ROUTE_QUERY(struct query, query_fields)
static const struct route rows[] = {
    ROUTE(GET, "/api/v1/catalogue", READ, 0, handle_index),
    ROUTE(GET, "/api/v1/catalogue/sources", READ, 0, handle_sources),
    ROUTE(GET, "/api/v1/catalogue/sources/{entry}", READ, 0, handle_source),
    ROUTE(GET, "/api/v1/catalogue/{kind}", READ, 0, handle_kind, SITE_QUERY),
    ROUTE(GET, "/api/v1/catalogue/{kind}/{entry}", READ, 0, handle_entry, SITE_QUERY),
    ROUTE(PUT, "/api/v1/catalogue/{kind}/{entry}", MANAGE, 0, handle_put, SITE_QUERY,
          ROUTE_BODY(struct body, body_fields)),
    ROUTE(DELETE, "/api/v1/catalogue/{kind}/{entry}", MANAGE, 0, handle_delete, SITE_QUERY),
};
const struct route_table catalogue_routes = ROUTE_TABLE(rows);

/* ---- reading ---- */

static const struct uuid no_site;

static enum err open_view(struct request *rq, void *worker, const struct uuid *site_id,
                          const struct catalogue_view **ret) {
    return catalogue_cache_get(app_of(rq)->catalogue, db_of(worker), scope_of(rq), site_id, ret);
}

static void close_view(struct request *rq, const struct catalogue_view *view) {
    catalogue_cache_give_back(app_of(rq)->catalogue, view);
}

static enum err show(struct request *rq, int status, const struct catalogue_page *page) {
    request_set_etag(rq, "%s", page->tag);
    if (status == 200 && request_is_unchanged(rq))
        request_reply_empty(rq, 304);
    else
        request_reply_data(rq, status, "application/json", page->text, page->len);
    return ERR_OK;
}

static enum err handle_index(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    enum err e = open_view(rq, worker, &no_site, &view);
    if (e) return e;
    e = show(rq, 200, &view->index);
    close_view(rq, view);
    return e;
}

static enum err handle_sources(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    enum err e = open_view(rq, worker, &no_site, &view);
    if (e) return e;
    e = show(rq, 200, &view->sources);
    close_view(rq, view);
    return e;
}

static enum err handle_source(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    enum err e = open_view(rq, worker, &no_site, &view);
    if (e) return e;
    const struct catalogue_item *item = catalogue_view_find(view, CATALOGUE_SOURCES, request_param(rq, 0));
    e = item ? show(rq, 200, &item->page) : ERR_NOT_FOUND;
    close_view(rq, view);
    return e;
}

static enum err handle_kind(struct request *rq, void *worker) {
    const struct query *q = request_query(rq);
    const struct catalogue_view *view;
    enum catalogue_kind kind = catalogue_kind_find(request_param(rq, 0));
    if (kind == CATALOGUE_KIND_COUNT) return ERR_NOT_FOUND;
    enum err e = open_view(rq, worker, &q->site_id, &view);
    if (e) return e;
    e = show(rq, 200, &view->kinds[kind]);
    close_view(rq, view);
    return e;
}

/* The entry that the path names, within a view that is to be closed. */
static enum err open_item(struct request *rq, void *worker, const struct catalogue_view **ret_view,
                          const struct catalogue_item **ret) {
    const struct query *q = request_query(rq);
    enum catalogue_kind kind = catalogue_kind_find(request_param(rq, 0));
    if (kind == CATALOGUE_KIND_COUNT) return ERR_NOT_FOUND;
    enum err e = open_view(rq, worker, &q->site_id, ret_view);
    if (e) return e;
    *ret = catalogue_view_find(*ret_view, kind, request_param(rq, 1));
    if (*ret) return ERR_OK;
    close_view(rq, *ret_view);
    return ERR_NOT_FOUND;
}

static enum err handle_entry(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    const struct catalogue_item *item;
    enum err e = open_item(rq, worker, &view, &item);
    if (e) return e;
    e = show(rq, 200, &item->page);
    close_view(rq, view);
    return e;
}

/* ---- a site's copies ---- */

/* The entry at the site whose copy is to change. */
static enum err open_copied(struct request *rq, void *worker, const struct catalogue_view **ret_view,
                            const struct catalogue_item **ret) {
    const struct query *q = request_query(rq);
    if (uuid_is_zero(&q->site_id))
        return request_fail_at(
            rq, ERR_INVALID_QUERY, "/site_id", field_fault_code(FIELD_MISSING),
            "name the site whose copy this is: the product's entries come with the product");
    return open_item(rq, worker, ret_view, ret);
}

/* If-None-Match: * creates only; If-Match is the tag that was read, of the copy or of the product's entry. */
static enum err may_put(struct request *rq, const struct catalogue_item *item) {
    const char *none = request_header(rq, "If-None-Match");
    if (!none || request_header(rq, "If-Match")) return lookup_if_match_tag(rq, item->page.tag);
    if (strcmp(none, "*") != 0)
        return request_fail(rq, ERR_INVALID_HEADER, "If-None-Match must be *; If-Match names what was read");
    if (item->copy_version == 0) return ERR_OK;
    return request_fail(rq, ERR_PRECONDITION_FAILED, "the site has a copy already");
}

static enum err fail_content(struct request *rq, const struct field_errors *errors) {
    for (int32_t i = 0; i < errors->n; i++) {
        char pointer[sizeof(errors->list[i].pointer) + 16];
        snprintf(pointer, sizeof(pointer), "/content%s", errors->list[i].pointer);
        request_fail_at(rq, ERR_UNPROCESSABLE, pointer, field_fault_code(errors->list[i].fault), "%s",
                        errors->list[i].detail);
    }
    return ERR_UNPROCESSABLE;
}

/* *ret: the copy as it is kept, to be freed. */
static enum err judge_copy(struct request *rq, const struct catalogue_item *item, char **ret) {
    const struct body *body = request_body(rq);
    struct field_errors errors;
    json_t *product = json_loads(item->product, 0, NULL);
    int32_t n;
    const struct catalogue_editable *editables = catalogue_editables(item->kind, &n);
    json_t *merged = catalogue_copy_merge(editables, n, product, body->content, &errors);
    char *copy = json_dumps(merged, CATALOGUE_DUMP);
    json_decref(product);
    json_decref(merged);
    catalogue_check *check = catalogue_kind_check(item->kind);
    if (errors.n == 0 && (!check || check(item->product, copy, &errors))) {
        *ret = copy;
        return ERR_OK;
    }
    free(copy);
    return fail_content(rq, &errors);
}

static struct catalogue_copy_key key_of(const struct catalogue_view *view,
                                        const struct catalogue_item *item) {
    return (struct catalogue_copy_key){.kind = catalogue_kind_names[item->kind],
                                       .id = item->id,
                                       .site_id = view->site_id,
                                       .product_version = item->version,
                                       .copy_version = item->copy_version};
}

static enum err put_copy(struct request *rq, void *worker, const struct catalogue_view *view,
                         const struct catalogue_item *item) {
    struct actor actor = actor_of(rq);
    auto_free char *copy = NULL;
    enum err e = may_put(rq, item);
    if (!e) e = judge_copy(rq, item, &copy);
    if (e) return e;
    struct catalogue_copy_key key = key_of(view, item);
    return catalogue_entry_put_copy(db_of(worker), scope_of(rq), &actor, &key, copy);
}

static enum err handle_put(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    const struct catalogue_item *item;
    enum err e = open_copied(rq, worker, &view, &item);
    if (e) return e;
    bool made = item->copy_version == 0;
    e = put_copy(rq, worker, view, item);
    close_view(rq, view);
    if (!e) e = open_item(rq, worker, &view, &item);
    if (e) return e;
    char site[UUID_TEXT_LEN + 1];
    uuid_format(&view->site_id, site);
    if (made)
        request_set_location(rq, "/api/v1/catalogue/%s/%s?site_id=%s", catalogue_kind_names[item->kind],
                             item->id, site);
    e = show(rq, made ? 201 : 200, &item->page);
    close_view(rq, view);
    return e;
}

static enum err delete_copy(struct request *rq, void *worker, const struct catalogue_view *view,
                            const struct catalogue_item *item) {
    struct actor actor = actor_of(rq);
    if (item->copy_version == 0) return request_fail(rq, ERR_NOT_FOUND, "the site has no copy of it");
    enum err e = lookup_if_match_tag(rq, item->page.tag);
    if (e) return e;
    struct catalogue_copy_key key = key_of(view, item);
    return catalogue_entry_delete_copy(db_of(worker), scope_of(rq), &actor, &key);
}

static enum err handle_delete(struct request *rq, void *worker) {
    const struct catalogue_view *view;
    const struct catalogue_item *item;
    enum err e = open_copied(rq, worker, &view, &item);
    if (e) return e;
    e = delete_copy(rq, worker, view, item);
    close_view(rq, view);
    if (!e) request_reply_empty(rq, 204);
    return e;
}
