/* The route tables, the mounts and the hooks, put together for http/. */
#include <string.h>

#include "base/log.h"
#include "server/api/app.h"
#include "server/api/auth.h"
#include "server/api/call.h"
#include "server/api/catalogue_cache.h"
#include "server/api/held_keys.h"
#include "server/api/models.h"
#include "server/api/programs.h"
#include "server/base/limits.h"

/* clang-format off */
static const struct route_table *const resources[API_TABLES] = {
    &site_routes,
    &alarm_routes,
    &model_routes,
    &catalogue_routes,
    &device_routes,
    &telemetry_routes,
    &routine_routes,
    &routine_life_routes,
    &routine_exchange_routes,
    &presence_routes,
    &preview_routes,
    &screening_routes,
    &session_routes,
    &session_order_routes,
    &session_guide_routes,
    &session_check_routes,
    &command_routes,
    &cleaning_routes,
    &self_test_routes,
    &hygiene_routes,
    &course_routes,
    &course_change_routes,
    &calendar_routes,
    &token_routes,
    &user_routes,
    &sign_in_routes,
    &audit_routes,
    &event_routes,
    &meta_routes,
};
/* clang-format on */

/* Swagger UI as it comes from npm, with an initializer of ours that names our document. */
static const char *const swagger_names[] = {"index.html",
                                            "index.css",
                                            "swagger-ui.css",
                                            "swagger-ui-bundle.js",
                                            "swagger-ui-standalone-preset.js",
                                            "favicon-16x16.png",
                                            "favicon-32x32.png",
                                            NULL};
static const struct mount_text swagger_texts[] = {
    {"swagger-initializer.js",
     "window.onload = function () {\n"
     "  window.ui = SwaggerUIBundle({url: '/openapi.yaml', dom_id: '#swagger-ui', deepLinking: true,\n"
     "    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: 'StandaloneLayout'});\n"
     "};\n"},
    {NULL, NULL}};
static const char swagger_csp[] = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                                  "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
                                  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* The dashboard: one page, and what it loads from /assets/, whose names change with their content. */
static const char dashboard_csp[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
static const char dashboard_advice[] =
    "PEDILUVE_DASHBOARD_DIR is to name the built dashboard, or nothing for none";

static void *worker_new(void *app) {
    const struct api *api = app;
    struct db_config config = {.conninfo = api->parts.config->database_url,
                               .application_name = "pediluved api"};
    struct worker *w = xcalloc(1, sizeof(*w));
    w->db = db_new(&config);
    return w;
}

static void worker_free(void *app, void *worker) {
    (void)app;
    struct worker *w = worker;
    if (!w) return;
    db_free(w->db);
    free(w);
}

static void record(void *app, const struct http_record *r) {
    (void)app;
    if (r->status >= 500)
        log_warn("http", "answered|request_id=%s method=%s route=%s status=%d took_us=%lld", r->request_id,
                 r->method, r->route, r->status, (long long)r->took_us);
    else
        log_debug("http", "answered|request_id=%s method=%s route=%s status=%d took_us=%lld principal=\"%s\"",
                  r->request_id, r->method, r->route, r->status, (long long)r->took_us, r->principal);
}

static void add_mounts(struct api *api) {
    const struct config *c = api->parts.config;
    if (c->swagger_dir[0])
        api->mounts[api->mounts_n++] = (struct mount){.url = "/docs/",
                                                      .path = c->swagger_dir,
                                                      .names = swagger_names,
                                                      .texts = swagger_texts,
                                                      .csp = swagger_csp,
                                                      .optional = true};
    if (c->dashboard_dir[0]) {
        snprintf(api->dashboard_assets, sizeof(api->dashboard_assets), "%s/assets", c->dashboard_dir);
        api->mounts[api->mounts_n++] = (struct mount){.url = "/",
                                                      .path = c->dashboard_dir,
                                                      .csp = dashboard_csp,
                                                      .advice = dashboard_advice,
                                                      .must_have_index = true};
        api->mounts[api->mounts_n++] = (struct mount){.url = "/assets/",
                                                      .path = api->dashboard_assets,
                                                      .csp = dashboard_csp,
                                                      .advice = dashboard_advice,
                                                      .optional = true,
                                                      .immutable = true};
    }
    if (c->openapi_file[0])
        api->mounts[api->mounts_n++] = (struct mount){.url = "/openapi.yaml", .path = c->openapi_file};
}

enum err api_new(const struct api_parts *parts, struct api **ret) {
    struct api *api = xcalloc(1, sizeof(*api));
    api->parts = *parts;
    api->auth = auth_new();
    api->held_keys = held_keys_new();
    api->models = models_new();
    api->programs = programs_new();
    api->catalogue = catalogue_cache_new();
    api->hooks = (struct http_hooks){.authenticate = auth_check,
                                     .worker_new = worker_new,
                                     .worker_free = worker_free,
                                     .before = call_before,
                                     .after = call_after,
                                     .record = record};
    for (size_t i = 0; i < COUNT_OF(resources); i++) api->tables[i] = *resources[i];
    add_mounts(api);
    struct worker *w = worker_new(api);
    enum err e = models_load(api->models, w->db);
    if (e) log_error("api", "cannot read the models|error=\"%s\"", db_last_error(w->db));
    worker_free(api, w);
    if (e)
        api_free(api);
    else
        *ret = api;
    return e;
}

void api_free(struct api *api) {
    if (!api) return;
    auth_free(api->auth);
    held_keys_free(api->held_keys);
    models_free(api->models);
    programs_free(api->programs);
    catalogue_cache_free(api->catalogue);
    free(api);
}

void api_http_options(struct api *api, struct http_options *ret) {
    const struct config *c = api->parts.config;
    *ret = (struct http_options){.listen = &c->listen,
                                 .threads = (int)c->http_threads,
                                 .workers = (int)c->workers,
                                 .tables = api->tables,
                                 .tables_n = COUNT_OF(resources),
                                 .mounts = api->mounts,
                                 .mounts_n = api->mounts_n,
                                 .hooks = &api->hooks,
                                 .app = api,
                                 .public_url = c->public_url,
                                 .proxies = c->proxies,
                                 .cookies = !strcmp(c->cookie_secure, "true")    ? HTTP_COOKIES_SECURE
                                            : !strcmp(c->cookie_secure, "false") ? HTTP_COOKIES_PLAIN
                                                                                 : HTTP_COOKIES_AUTO,
                                 .metrics = api->parts.metrics};
}

static void print_route(struct jsonw *w, const struct route *r) {
    jsonw_object(w, NULL);
    jsonw_str(w, "method", http_method_name(r->method));
    jsonw_str(w, "path", r->path);
    jsonw_str(w, "permission", permission_name(r->permission));
    jsonw_bool(w, "idempotent", r->flags & ROUTE_IDEMPOTENT);
    jsonw_bool(w, "memory", r->flags & ROUTE_MEMORY);
    jsonw_bool(w, "stream", r->flags & ROUTE_STREAM);
    jsonw_bool(w, "body", r->body);
    jsonw_array(w, "query");
    for (const struct field *f = r->query; f && f->type != FIELD_T_END; f++) jsonw_str(w, NULL, f->name);
    jsonw_array_end(w);
    jsonw_array(w, "fields");
    for (const struct field *f = r->body; f && f->type != FIELD_T_END; f++) jsonw_str(w, NULL, f->name);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void api_print_routes(FILE *out) {
    static const struct route mounted[] = {
        {.method = HTTP_GET, .path = "/docs", .permission = PERMISSION_PUBLIC},
        {.method = HTTP_GET, .path = "/openapi.yaml", .permission = PERMISSION_PUBLIC}};
    auto_buf struct buf b = BUF_INIT;
    struct jsonw w;
    jsonw_init(&w, &b);
    jsonw_array(&w, NULL);
    for (size_t t = 0; t < COUNT_OF(resources); t++)
        for (size_t i = 0; i < resources[t]->n; i++) print_route(&w, &resources[t]->rows[i]);
    for (size_t i = 0; i < COUNT_OF(mounted); i++) print_route(&w, &mounted[i]);
    jsonw_array_end(&w);
    fprintf(out, "%s\n", b.data);
}
