/* Mounted files: what is served, and that nothing else is. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/http/mount.h"
#include "tests/unit/http/check.h"

static const char *const names[] = {"index.html", "app.js", "logo.png", NULL};
static const struct mount_text texts[] = {{"made.js", "window.made = true;"}, {NULL, NULL}};

struct folder {
    char path[64], yaml[96];
};

static void put(const char *folder, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static void folder_make(struct folder *d) {
    char big[4001];
    memset(big, 'a', 4000);
    big[4000] = '\0';
    strcpy(d->path, "/tmp/pediluve-mount-XXXXXX");
    cr_assert(mkdtemp(d->path));
    put(d->path, "index.html", "<!doctype html><title>docs</title>");
    put(d->path, "app.js", big);
    put(d->path, "logo.png", "\x89PNG");
    put(d->path, "secret.txt", "not for you");
    put(d->path, "api.yaml", "openapi: 3.1.0\n");
    snprintf(d->yaml, sizeof(d->yaml), "%s/api.yaml", d->path);
}

static void folder_remove(const struct folder *d) {
    static const char *const files[] = {"index.html", "app.js", "logo.png", "secret.txt", "api.yaml"};
    char path[128];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", d->path, files[i]);
        unlink(path);
    }
    rmdir(d->path);
}

static struct fixture *serve(struct folder *d) {
    folder_make(d);
    const struct mount mounts[] = {
        {.url = "/docs/", .path = d->path, .names = names, .texts = texts, .csp = "default-src 'self'"},
        {.url = "/openapi.yaml", .path = d->yaml},
        {.url = "/openapi.json", .path = "/nonexistent/openapi.json", .optional = true},
    };
    struct fixture *f =
        fixture_new(&(struct fixture_options){.mounts = mounts, .mounts_n = COUNT_OF(mounts)});
    folder_remove(d); /* everything is in memory */
    return f;
}

static const struct {
    const char *target;
    int status;
    const char *type, *text;
} rows[] = {
    {"/docs/", 200, "text/html; charset=utf-8", "<title>docs"},
    {"/docs/index.html", 200, "text/html; charset=utf-8", "<title>docs"},
    {"/docs/app.js", 200, "text/javascript; charset=utf-8", "aaaa"},
    {"/docs/made.js", 200, "text/javascript; charset=utf-8", "window.made"},
    {"/docs/logo.png", 200, "image/png", "PNG"},
    {"/docs/app.js?v=1", 200, "text/javascript; charset=utf-8", "aaaa"},
    {"/docs/%61pp.js", 200, "text/javascript; charset=utf-8", "aaaa"},
    {"/openapi.yaml", 200, "application/yaml", "openapi: 3.1.0"},
    {"/openapi.json", 404, "application/problem+json", "not_found"},
    {"/docs/secret.txt", 404, "application/problem+json", "not_found"},
    {"/docs/../docs/secret.txt", 404, "application/problem+json", "not_found"},
    {"/docs/..%2fetc/passwd", 404, "application/problem+json", "not_found"},
    {"/docs/../../../../etc/passwd", 404, "application/problem+json", "not_found"},
    {"/docs/%2e%2e/%2e%2e/etc/passwd", 404, "application/problem+json", "not_found"},
    {"/docs//etc/passwd", 404, "application/problem+json", "not_found"},
    {"/docs/./app.js", 404, "application/problem+json", "not_found"},
    {"/docs/app.js%00.html", 404, "application/problem+json", "not_found"},
    {"/docs/app.j", 404, "application/problem+json", "not_found"},
    {"/docs/app.jsx", 404, "application/problem+json", "not_found"},
};

Test(mounts, what_is_listed_is_served_and_nothing_else) {
    struct folder d;
    struct fixture *f = serve(&d);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_answer struct answer a = call(f, "GET", rows[i].target, NULL, "", NULL);
        char type[512];
        cr_expect_eq(a.status, rows[i].status, "%s: %d", rows[i].target, a.status);
        cr_expect_str_eq(answer_header(&a, "Content-Type", type), rows[i].type, "%s", rows[i].target);
        cr_expect(a.body && strstr(a.body, rows[i].text), "%s: %s", rows[i].target,
                  a.body ? a.body : "nothing");
    }
    fixture_free(f);
}

Test(mounts, files_come_with_policy_etag_and_compression) {
    struct folder d;
    struct fixture *f = serve(&d);
    auto_answer struct answer page = call(f, "GET", "/docs/", NULL, "", NULL);
    check_header(page, "Content-Security-Policy", "default-src 'self'");
    check_header(page, "X-Content-Type-Options", "nosniff");
    check_header(page, "Referrer-Policy", "no-referrer");
    check_header(page, "Cache-Control", "no-cache");
    auto_answer struct answer yaml = call(f, "GET", "/openapi.yaml", NULL, "", NULL);
    char csp[512], tag[512], header[600];
    cr_assert(strstr(answer_header(&yaml, "Content-Security-Policy", csp), "default-src 'none'"), "%s", csp);

    auto_answer struct answer zipped =
        call(f, "GET", "/docs/app.js", NULL, "Accept-Encoding: gzip\r\n", NULL);
    check_header(zipped, "Content-Encoding", "gzip");
    check_header(zipped, "Vary", "Accept-Encoding");
    cr_assert_lt(zipped.len, 200);
    answer_header(&zipped, "ETag", tag);
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
    auto_answer struct answer same = call(f, "GET", "/docs/app.js", NULL, header, NULL);
    check_status(same, 304);
    cr_assert_eq(same.len, 0);
    fixture_free(f);
}

/* A folder whose files are not named, with what was packed beforehand. */
static bool start_all(const char *path, char error[256]) {
    const struct mount mounts[] = {
        {.url = "/", .path = path, .must_have_index = true, .advice = "build it"},
        {.url = "/none/", .path = "/nonexistent", .optional = true, .immutable = true}};
    struct gzip_pool *pool = gzip_pool_new();
    struct mount_set *set = mount_set_new(mounts, COUNT_OF(mounts), pool, error);
    bool ok = set != NULL;
    if (ok) {
        const struct mount_file *page = mount_find(set, "/", 1), *file = mount_find(set, "/index.html", 11);
        cr_assert(page && page->brotli && page->brotli_len == 6 && !memcmp(page->brotli, "brotli", 6));
        cr_assert(file && file->zipped && file->zipped_len == 6 && !memcmp(file->zipped, "zipped", 6));
        cr_assert(mount_find(set, "/secret.txt", 11));
        cr_assert_not(mount_find(set, "/index.html.br", 14));
        cr_assert_not(mount_find(set, "", 0));
    }
    mount_set_free(set);
    gzip_pool_free(pool);
    return ok;
}

Test(mounts, a_whole_folder_is_served_and_must_have_its_page) {
    static const char *const more[] = {"index.html.br", "index.html.gz"};
    struct folder d;
    char error[256] = "", path[128];
    folder_make(&d);
    put(d.path, more[0], "brotli");
    put(d.path, more[1], "zipped");
    cr_assert(start_all(d.path, error), "%s", error);
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        snprintf(path, sizeof(path), "%s/%s", d.path, more[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/index.html", d.path);
    unlink(path);
    cr_assert_not(start_all(d.path, error));
    cr_assert(strstr(error, "no index.html") && strstr(error, "build it"), "%s", error);
    folder_remove(&d);
    cr_assert_not(start_all(d.path, error));
    cr_assert(strstr(error, d.path) && strstr(error, "build it"), "%s", error);
}

Test(mounts, only_reading_is_allowed) {
    struct folder d;
    struct fixture *f = serve(&d);
    auto_answer struct answer post = call(f, "POST", "/docs/app.js", NULL, "", "{}");
    check_code(post, 405, "method_not_allowed");
    check_header(post, "Allow", "GET, HEAD, OPTIONS");
    auto_answer struct answer head = call(f, "HEAD", "/docs/app.js", NULL, "", NULL);
    check_status(head, 200);
    check_header(head, "Content-Length", "4000");
    auto_answer struct answer options = call(f, "OPTIONS", "/docs/app.js", NULL, "", NULL);
    check_status(options, 204);
    auto_answer struct answer folder = call(f, "GET", "/docs", NULL, "", NULL);
    check_status(folder, 308);
    check_header(folder, "Location", "/docs/");
    fixture_free(f);
}

Test(mounts, a_missing_file_stops_the_start_in_words) {
    struct fixture *f = fixture_new(NULL);
    const struct config_addr addr = {.host = "127.0.0.1"};
    const struct mount mounts[] = {{.url = "/openapi.yaml", .path = "/nonexistent/openapi.yaml"}};
    struct http_options o = f->options;
    o.listen = &addr;
    o.mounts = mounts;
    o.mounts_n = 1;
    char error[256];
    cr_assert_null(http_new(&o, error));
    cr_assert_str_eq(error, "cannot serve /nonexistent/openapi.yaml: No such file or directory");
    fixture_free(f);
}
