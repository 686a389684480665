/* /api/v1/sessions/{id}/checks: what is done for the guest before and after the massage, to be checked off.
 */
#include <string.h>

#include "server/api/call.h"
#include "server/api/catalogue_cache.h"
#include "server/api/lookup.h"
#include "server/api/render.h"
#include "server/api/session.h"
#include "server/domain/care.h"
#include "server/store/session_check_store.h"

static enum err handle_list(struct request *rq, void *worker);
static enum err handle_check(struct request *rq, void *worker);

#define NOTE_MAX 280
struct detail {
    bool has_oil, has_additive;
    struct oil_mix oil;
    int32_t additive; /* enum additive */
    char note[NOTE_MAX + 1];
};
struct check {
    int32_t item; /* enum care_item */
    struct detail detail;
};
static const struct field detail_fields[] = {
    FIELD_OBJECT_HAS(struct detail, oil, oil_mix_fields, 0, has_oil),
    FIELD_ENUM_HAS(struct detail, additive, additive_names, 0, has_additive),
    FIELD_STR(struct detail, note, 0, 0), FIELD_END};
static const struct field check_fields[] = {FIELD_ENUM(struct check, item, care_item_names, FIELD_REQUIRED),
                                            FIELD_OBJECT(struct check, detail, detail_fields, 0), FIELD_END};

static const struct route rows[] = {
    ROUTE(GET, "/api/v1/sessions/{id}/checks", READ, 0, handle_list),
    ROUTE(POST, "/api/v1/sessions/{id}/checks", OPERATE, ROUTE_IDEMPOTENT, handle_check,
          ROUTE_BODY(struct check, check_fields)),
};
const struct route_table session_check_routes = ROUTE_TABLE(rows);

static bool names_item(const struct routine *r, int32_t item) {
    for (int32_t i = 0; i < r->n_preparations; i++)
        if (r->preparations[i] == item) return true;
    for (int32_t i = 0; i < r->n_aftercare; i++)
        if (r->aftercare[i] == item) return true;
    return false;
}

static enum err read_routine(void *worker, const char *slug, int32_t version, struct routine *ret) {
    const struct scope all = {.all = true}; /* whoever may see the session may see its routine */
    struct routine_row row;
    enum err e = routine_get(db_of(worker), &all, slug, version, &row);
    if (e) return e == ERR_NOT_FOUND ? ERR_INTERNAL : e;
    bool ok = prepare_parse(&row, ret);
    routine_row_done(&row);
    return ok ? ERR_OK : ERR_INTERNAL;
}

static void render_item(struct jsonw *w, enum care_item item, const struct session_check_row *row) {
    jsonw_object(w, NULL);
    jsonw_str(w, "item", care_item_names[item]);
    jsonw_str(w, "phase", care_phase_names[care_phase(item)]);
    jsonw_str(w, "title", care_title(item));
    jsonw_str(w, "words", care_words(item));
    jsonw_bool(w, "done", row != NULL);
    jsonw_time(w, "done_at", row ? row->done_at : 0);
    jsonw_uuid(w, "done_by", row ? &row->done_by : &(struct uuid){0});
    render_text(w, "done_name", row ? row->done_name : NULL);
    if (row)
        jsonw_raw(w, "detail", row->detail, strlen(row->detail));
    else
        jsonw_null(w, "detail");
    jsonw_object_end(w);
}

static void render_items(struct jsonw *w, const int32_t items[], int32_t n,
                         const struct session_check_row done[], int32_t n_done) {
    for (int32_t i = 0; i < n; i++) {
        const struct session_check_row *row = NULL;
        for (int32_t k = 0; k < n_done && !row; k++)
            if (strcmp(done[k].item, care_item_names[items[i]]) == 0) row = &done[k];
        render_item(w, (enum care_item)items[i], row);
    }
}

static enum err read_session(struct request *rq, void *worker, struct uuid *ret_site_id,
                             struct routine *ret) {
    struct session_row session;
    enum err e = session_get(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), &session);
    if (e) return e;
    session_row_done(&session);
    *ret_site_id = session.site_id;
    return session_routine(worker, &session, ret);
}

static enum err handle_list(struct request *rq, void *worker) {
    auto_free struct routine *routine = xmalloc(sizeof(*routine));
    struct session_check_row *done = request_alloc(rq, SESSION_CHECKS_MAX * sizeof(*done));
    struct uuid site_id;
    int32_t n = 0;
    enum err e = read_session(rq, worker, &site_id, routine);
    if (!e) e = session_check_list(db_of(worker), scope_of(rq), request_param_uuid(rq, 0), done, &n);
    if (e) return e;
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_array(w, "items");
    render_items(w, routine->preparations, routine->n_preparations, done, n);
    render_items(w, routine->aftercare, routine->n_aftercare, done, n);
    jsonw_array_end(w);
    jsonw_object_end(w);
    for (int32_t i = 0; i < n; i++) session_check_row_done(&done[i]);
    request_reply(rq, 200);
    return ERR_OK;
}

static bool offers_additive(const struct routine *r, int32_t additive) {
    for (int32_t i = 0; i < r->n_steps; i++)
        for (int32_t k = 0; k < r->steps[i].n_additives; k++)
            if (r->steps[i].additives[k] == additive) return true;
    return false;
}

/* The recipe as the session's site has it. */
static enum err read_amounts(struct request *rq, void *worker, const struct uuid *site_id,
                             enum oil_recipe recipe, struct oil_amounts *ret) {
    const struct catalogue_view *view;
    *ret = oil_recipe_amounts(recipe);
    enum err e = catalogue_cache_get(app_of(rq)->catalogue, db_of(worker), scope_of(rq), site_id, &view);
    if (e) return e;
    const struct catalogue_item *item =
        catalogue_view_find(view, CATALOGUE_OIL_RECIPES, oil_recipe_names[recipe]);
    struct oil_amounts own;
    if (item && oil_amounts_read(item->content, strlen(item->content), &own)) *ret = own;
    catalogue_cache_give_back(app_of(rq)->catalogue, view);
    return ERR_OK;
}

static void check(const struct check *c, const struct routine *r, const struct oil_amounts *amounts,
                  struct field_errors *errors) {
    if (!names_item(r, c->item))
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/item", "is not on the checklist of this routine");
    if (c->detail.has_oil && c->item != CARE_ITEM_OIL)
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/detail/oil", "goes with the item oil");
    if (c->detail.has_oil) {
        struct field_errors mix = {0};
        char pointer[170];
        if (!oil_mix_check(&c->detail.oil, amounts, &mix))
            for (int32_t i = 0; i < mix.n; i++) {
                snprintf(pointer, sizeof(pointer), "/detail/oil%s", mix.list[i].pointer);
                field_errors_add(errors, mix.list[i].fault, pointer, "%s", mix.list[i].detail);
            }
    }
    if (!c->detail.has_additive) return;
    if (c->item != CARE_ITEM_ADDITIVE)
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/detail/additive", "goes with the item additive");
    else if (!offers_additive(r, c->detail.additive))
        field_errors_add(errors, FIELD_NOT_ONE_OF, "/detail/additive", "is not one that this routine takes");
}

static enum err handle_check(struct request *rq, void *worker) {
    const struct check *c = request_body(rq);
    auto_free struct routine *routine = xmalloc(sizeof(*routine));
    struct field_errors errors = {0};
    struct uuid site_id;
    struct oil_amounts amounts = {0};
    enum err e = read_session(rq, worker, &site_id, routine);
    if (!e && c->detail.has_oil)
        e = read_amounts(rq, worker, &site_id, (enum oil_recipe)c->detail.oil.recipe, &amounts);
    if (e) return e;
    check(c, routine, &amounts, &errors);
    if (errors.n) return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
    auto_buf struct buf detail = BUF_INIT;
    struct jsonw dw;
    jsonw_init(&dw, &detail);
    field_write(&dw, NULL, detail_fields, &c->detail);
    struct actor actor = actor_of(rq);
    struct session_check_row row;
    e = session_check_put(db_of(worker), scope_of(rq), &actor, request_param_uuid(rq, 0),
                          care_item_names[c->item], detail.data, &row);
    if (e) return e;
    render_item(request_json(rq), (enum care_item)c->item, &row);
    session_check_row_done(&row);
    request_reply(rq, 200);
    return ERR_OK;
}

enum err session_check_first(struct request *rq, void *worker, const struct uuid *session_id,
                             const char *routine, int32_t routine_version, const int32_t items[], int32_t n) {
    if (n == 0) return ERR_OK;
    auto_free struct routine *r = xmalloc(sizeof(*r));
    struct field_errors errors = {0};
    uint32_t mask = 0;
    enum err e = read_routine(worker, routine, routine_version, r);
    if (e) return e;
    for (int32_t i = 0; i < n; i++) {
        char pointer[32];
        snprintf(pointer, sizeof(pointer), "/preparations/%d", (int)i);
        if (!names_item(r, items[i]) || care_phase((enum care_item)items[i]) != CARE_BEFORE)
            field_errors_add(&errors, FIELD_NOT_ONE_OF, pointer, "is not a preparation of this routine");
        mask |= 1u << items[i];
    }
    if (errors.n) return lookup_fail_all(rq, ERR_UNPROCESSABLE, &errors);
    struct actor actor = actor_of(rq);
    return session_check_put_all(db_of(worker), &actor, session_id, care_item_names, mask);
}
