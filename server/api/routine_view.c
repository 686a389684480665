#include "server/api/routine_view.h"

#include <stdio.h>
#include <string.h>

#include "base/fold.h"
#include "server/api/indexing.h"
#include "server/api/lookup.h"
#include "server/base/crypto.h"

/* Paths of their own below /routines: no routine could be reached under these names. */
static const char *const reserved[] = {"export", "import"};

/* ---- showing ---- */

static void render_names(struct jsonw *w, const char *key, const char *json) {
    const char *text = json ? json : "[]";
    jsonw_raw(w, key, text, strlen(text));
}

static void render_index(struct jsonw *w, const struct routine_row *row) {
    jsonw_str(w, "type", row->type);
    render_names(w, "goals", row->goals);
    jsonw_str(w, "hands", row->hands);
    jsonw_int(w, "steps", row->steps);
    jsonw_int(w, "confirms", row->confirms);
    jsonw_int(w, "duration_s", row->duration_s);
    jsonw_int(w, "duration_max_s", row->duration_max_s);
    render_names(w, "models", row->models);
}

static void render_head(struct jsonw *w, const struct routine_row *row) {
    jsonw_str(w, "slug", row->slug);
    jsonw_int(w, "version", row->version);
    jsonw_str(w, "state", row->state);
    jsonw_uuid(w, "site_id", &row->site_id);
    jsonw_str(w, "name", row->name);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "published_at", row->published_at);
    if (row->type[0]) render_index(w, row);
}

void routine_view_brief(struct jsonw *w, const char *key, const struct routine_row *row) {
    jsonw_object(w, key);
    render_head(w, row);
    jsonw_str(w, "summary", row->summary);
    jsonw_object_end(w);
}

/* Says everything that can change: number, state, and a hash of the content and of what is known of it. */
#define TAG_MAX 64
static void tag_of(const struct routine_row *row, char out[TAG_MAX]) {
    auto_buf struct buf index = BUF_INIT;
    struct jsonw w;
    uint8_t hash[CRYPTO_SHA256_LEN];
    char hex[17];
    jsonw_init(&w, &index);
    jsonw_object(&w, NULL);
    render_index(&w, row);
    jsonw_object_end(&w);
    const struct crypto_piece pieces[] = {{row->content, strlen(row->content)}, {index.data, index.len}};
    crypto_sha256_pieces(pieces, COUNT_OF(pieces), hash);
    crypto_hex(hash, 8, hex);
    snprintf(out, TAG_MAX, "%d.%s.%s", (int)row->version, row->state, hex);
}

enum err routine_view_reply(struct request *rq, int status, struct routine_row *row) {
    char tag[TAG_MAX];
    tag_of(row, tag);
    request_set_etag(rq, "%s", tag);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    render_head(w, row);
    jsonw_raw(w, "content", row->content, strlen(row->content));
    jsonw_object_end(w);
    request_reply(rq, status);
    routine_row_done(row);
    return ERR_OK;
}

/* ---- finding ---- */

enum err routine_view_get(struct request *rq, void *worker, struct routine_row *ret) {
    int32_t version = request_param_int(rq, 1);
    if (version == 0) return ERR_NOT_FOUND;
    return routine_get(db_of(worker), scope_of(rq), request_param(rq, 0), version, ret);
}

enum err routine_view_get_draft(struct request *rq, void *worker, struct routine_row *ret) {
    enum err e = routine_view_get(rq, worker, ret);
    if (e) return e;
    char tag[TAG_MAX];
    tag_of(ret, tag);
    e = lookup_if_match_tag(rq, tag);
    if (!e && strcmp(ret->state, "draft") != 0)
        e = request_fail(rq, ERR_VERSION_PUBLISHED,
                         "version %d is %s; POST /api/v1/routines/%s/copy makes the next draft",
                         (int)ret->version, ret->state, ret->slug);
    if (e) routine_row_done(ret);
    return e;
}

/* ---- writing ---- */

static bool is_reserved(const char *slug) {
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (strcmp(slug, reserved[i]) == 0) return true;
    return false;
}

bool routine_view_check(const struct routine *r, const char *prefix, struct field_errors *errors) {
    struct field_errors own = {0};
    bool good = routine_check(r, &own);
    if (is_reserved(r->slug)) field_errors_add(&own, FIELD_NOT_ONE_OF, "/slug", "is a name of the API's own");
    for (int32_t i = 0; i < own.n; i++) {
        char pointer[sizeof(own.list[0].pointer)];
        snprintf(pointer, sizeof(pointer), "%s%s", prefix, own.list[i].pointer);
        field_errors_add(errors, own.list[i].fault, pointer, "%s", own.list[i].detail);
    }
    return good && own.n == 0;
}

static enum err explain(struct request *rq, enum err e) {
    if (e == ERR_FORBIDDEN)
        return request_fail(rq, e,
                            "name a site of the token's with ?site_id=...; only a token for all sites "
                            "writes routines for all");
    return e;
}

enum err routine_view_write(struct request *rq, void *worker, const struct routine *r, const char *content,
                            const struct uuid *site_id, const char *expected, struct routine_row *ret) {
    struct api *api = app_of(rq);
    struct actor actor = actor_of(rq);
    auto_routine_index struct routine_index index = {0};
    auto_buf struct buf text = BUF_INIT;
    enum err e = models_load(api->models, db_of(worker));
    if (e) return e;
    indexing_of(api->models, r, &index);
    if (!content) {
        struct jsonw w;
        jsonw_init(&w, &text);
        field_write(&w, NULL, routine_fields, r);
        content = text.data;
    }
    struct routine_draft draft = {.slug = r->slug,
                                  .name = r->name,
                                  .site_id = site_id,
                                  .content = content,
                                  .index = &index,
                                  .expected = expected};
    return explain(rq, routine_write_draft(db_of(worker), scope_of(rq), &actor, &draft, ret));
}

/* ---- what lists ask for ---- */

static const char *name_if(bool has, const char *const names[], int32_t value) {
    return has ? names[value] : NULL;
}

enum err routine_view_filter(struct request *rq, const struct routine_query *q, struct routine_filter *ret) {
    *ret = (struct routine_filter){.site_id = q->site_id,
                                   .state = name_if(q->has_state, routine_state_names, q->state),
                                   .type = name_if(q->has_type, routine_type_names, q->type),
                                   .goal = name_if(q->has_goal, goal_names, q->goal),
                                   .hands = name_if(q->has_hands, routine_hands_names, q->hands),
                                   .model = q->model[0] ? q->model : NULL,
                                   .duration_min_s = q->duration_min_s,
                                   .duration_max_s = q->duration_max_s};
    if (q->duration_max_s && q->duration_min_s > q->duration_max_s)
        return request_fail_at(rq, ERR_INVALID_QUERY, "/duration_min_s", field_fault_code(FIELD_OUT_OF_RANGE),
                               "must not be over duration_max_s");
    if (!q->q[0]) return ERR_OK;
    auto_buf struct buf words = BUF_INIT;
    fold_text(&words, q->q);
    if (!words.len)
        return request_fail_at(rq, ERR_INVALID_QUERY, "/q", field_fault_code(FIELD_BAD_FORMAT),
                               "must hold a letter or a digit");
    char *kept = request_alloc(rq, words.len + 1);
    memcpy(kept, words.data, words.len);
    ret->words = kept;
    return ERR_OK;
}
