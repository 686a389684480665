#include "server/api/user_view.h"

#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/render.h"

void render_rights(struct jsonw *w, int32_t role, const struct scope *sites) {
    jsonw_str(w, "role", role_names[role]);
    jsonw_bool(w, "all_sites", sites->all);
    jsonw_array(w, "site_ids");
    for (int32_t i = 0; !sites->all && i < sites->n; i++) jsonw_uuid(w, NULL, &sites->sites[i]);
    jsonw_array_end(w);
}

static const char *language_of(const struct user_row *row) {
    return row && row->language >= 0 ? user_language_names[row->language] : "";
}

void render_user(struct jsonw *w, const char *key, const struct user_row *row) {
    jsonw_object(w, key);
    jsonw_uuid(w, "id", &row->id);
    jsonw_str(w, "login", row->login);
    jsonw_str(w, "name", row->name);
    render_rights(w, row->role, &row->sites);
    jsonw_str(w, "state", user_state_names[row->state]);
    render_text(w, "language", language_of(row));
    jsonw_bool(w, "has_password", row->has_password);
    jsonw_time(w, "link_until", row->code_until);
    jsonw_time(w, "signed_in_at", row->signed_in_at);
    jsonw_int(w, "version", row->version);
    jsonw_time(w, "created_at", row->created_at);
    jsonw_time(w, "updated_at", row->updated_at);
    jsonw_object_end(w);
}

void render_me(struct jsonw *w, const struct principal *p, const struct user_row *user, const char *csrf) {
    jsonw_object(w, NULL);
    jsonw_str(w, "kind", user ? "user" : "token");
    jsonw_uuid(w, "id", user ? &user->id : &p->token_id);
    render_text(w, "login", user ? user->login : "");
    jsonw_str(w, "name", user ? user->name : p->name);
    int32_t role = user ? user->role : (int32_t)p->role;
    render_rights(w, role, user ? &user->sites : &p->scope);
    jsonw_array(w, "permissions");
    for (int i = PERMISSION_PUBLIC + 1; i < PERMISSION_COUNT; i++)
        if (permission_allows((enum permission)i, (enum role)role))
            jsonw_str(w, NULL, permission_name((enum permission)i));
    jsonw_array_end(w);
    render_text(w, "language", language_of(user));
    jsonw_bool(w, "has_password", user && user->has_password);
    render_text(w, "csrf", csrf ? csrf : "");
    jsonw_object_end(w);
}

static void forget(struct request *rq, void *arg) {
    auth_forget_user(app_of(rq)->auth, arg);
    sse_end(app_of(rq)->parts.hub, arg);
}

void user_forget(struct request *rq, const struct uuid *user_id) {
    struct uuid *gone = request_alloc(rq, sizeof(*gone));
    *gone = *user_id;
    call_after_commit(rq, forget, gone);
}
