/* What is not in the list cannot be asked for: paths are compared, never opened. */
#include "server/http/mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/base/crypto.h"

struct mount_set {
    struct mount_file *list; /* sorted by url */
    size_t n;
};

#define CSP_NONE "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct {
    const char *extension, *content_type;
    bool pack;
} types[] = {
    {"html", "text/html; charset=utf-8", true},
    {"css", "text/css; charset=utf-8", true},
    {"js", "text/javascript; charset=utf-8", true},
    {"json", "application/json", true},
    {"webmanifest", "application/manifest+json", true},
    {"map", "application/json", true},
    {"yaml", "application/yaml", true},
    {"svg", "image/svg+xml", true},
    {"txt", "text/plain; charset=utf-8", true},
    {"png", "image/png", false},
    {"ico", "image/x-icon", false},
    {"woff2", "font/woff2", false},
};

static int type_of(const char *name) {
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < COUNT_OF(types); i++)
        if (!strcmp(dot + 1, types[i].extension)) return (int)i;
    return -1;
}

static bool refuse(char error[256], const char *path, const char *why) {
    snprintf(error, 256, "cannot serve %s: %s", path, why);
    return false;
}

static struct mount_file *grow(struct mount_set *s) {
    s->list = xrealloc(s->list, sizeof(*s->list) * (s->n + 1));
    memset(&s->list[s->n], 0, sizeof(s->list[0]));
    return &s->list[s->n++];
}

/* Takes data over. name gives the content type. */
static bool add(struct mount_set *s, const struct mount *m, char *url, const char *name, char *data,
                size_t len, struct gzip_pool *gzip, char error[256]) {
    int type = type_of(name);
    struct mount_file *f = grow(s);
    f->url = url;
    f->data = data;
    f->len = len;
    if (type < 0) return refuse(error, name, "its extension has no content type");
    f->content_type = types[type].content_type;
    f->csp = m->csp ? m->csp : CSP_NONE;
    f->immutable = m->immutable;
    uint8_t hash[CRYPTO_SHA256_LEN];
    crypto_sha256(data, len, hash);
    crypto_hex(hash, 16, f->etag);
    auto_buf struct buf packed = BUF_INIT;
    if (types[type].pack && gzip_pack(gzip, data, len, &packed))
        f->zipped = buf_take(&packed, &f->zipped_len);
    return true;
}

static char *read_file(const char *path, size_t *ret_len, char error[256]) {
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        refuse(error, path, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > MOUNT_FILE_MAX) {
        refuse(error, path, S_ISREG(st.st_mode) ? "it is too large" : "it is not a file");
        return NULL;
    }
    auto_free char *data = xmalloc((size_t)st.st_size + 1);
    size_t n = 0;
    while (n < (size_t)st.st_size) {
        ssize_t got = read(fd, data + n, (size_t)st.st_size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            refuse(error, path, got < 0 ? strerror(errno) : "it became shorter");
            return NULL;
        }
        n += (size_t)got;
    }
    *ret_len = n;
    return steal(&data);
}

static char *join(const char *a, const char *b, const char *c) {
    struct buf out = BUF_INIT;
    size_t len;
    buf_fmt(&out, "%s%s%s", a, b, c);
    return buf_take(&out, &len);
}

/* What was packed beforehand, and better than in passing. */
static bool add_packed(struct mount_file *f, const char *path, char error[256]) {
    auto_free char *br = join(path, ".br", ""), *gz = join(path, ".gz", "");
    if (access(br, F_OK) == 0 && !(f->brotli = read_file(br, &f->brotli_len, error))) return false;
    if (access(gz, F_OK) != 0) return true;
    free(f->zipped);
    f->zipped = read_file(gz, &f->zipped_len, error);
    return f->zipped != NULL;
}

static bool add_path(struct mount_set *s, const struct mount *m, const char *url, const char *path,
                     struct gzip_pool *gzip, char error[256]) {
    size_t len;
    if (!path) { /* one url, its content given as text */
        const char *text = m->texts->text;
        return add(s, m, xstrdup(url), url, xstrdup(text), strlen(text), gzip, error);
    }
    char *data = read_file(path, &len, error);
    if (!data) return m->optional;
    return add(s, m, xstrdup(url), path, data, len, gzip, error) &&
           add_packed(&s->list[s->n - 1], path, error);
}

static const char *text_of(const struct mount *m, const char *name) {
    for (const struct mount_text *t = m->texts; t && t->name; t++)
        if (!strcmp(t->name, name)) return t->text;
    return NULL;
}

static char *copy(const char *data, size_t len) {
    char *to = data ? xmalloc(len + 1) : NULL;
    return to ? memcpy(to, data, len) : NULL;
}

static bool has_url(const struct mount_set *s, const char *url) {
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->list[i].url, url)) return true;
    return false;
}

/* The folder's own url serves its index; without the slash it leads there. */
static void add_index(struct mount_set *s, const struct mount *m) {
    auto_free char *url = join(m->url, m->index ? m->index : "index.html", "");
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->list[i].url, url)) continue;
        struct mount_file *index = grow(s);
        *index = s->list[i];
        index->url = xstrdup(m->url);
        index->data = copy(s->list[i].data, index->len);
        index->zipped = copy(s->list[i].zipped, index->zipped_len);
        index->brotli = copy(s->list[i].brotli, index->brotli_len);
        if (!m->url[1]) return; /* the root has a slash always */
        struct mount_file *redirect = grow(s);
        redirect->is_redirect = true;
        redirect->data = xstrdup(m->url);
        redirect->url = xstrdup(m->url);
        redirect->url[strlen(m->url) - 1] = '\0';
        return;
    }
}

static bool is_packed(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".br") || !strcmp(dot, ".gz"));
}

/* Every file of the folder, but for hidden and packed ones. */
static bool add_all(struct mount_set *s, const struct mount *m, struct gzip_pool *gzip, char error[256]) {
    struct dirent **list = NULL;
    int n = scandir(m->path, &list, NULL, alphasort);
    bool ok = n >= 0 ? n <= MOUNT_FILES_MAX || refuse(error, m->path, "it has too many files")
                     : m->optional || refuse(error, m->path, strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        auto_free char *path = join(m->path, "/", name), *url = join(m->url, name, "");
        struct stat st;
        bool plain = name[0] != '.' && !is_packed(name) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
        if (ok && plain) ok = add_path(s, m, url, path, gzip, error);
        free(list[i]);
    }
    free(list);
    return ok;
}

static bool add_folder(struct mount_set *s, const struct mount *m, struct gzip_pool *gzip, char error[256]) {
    for (const struct mount_text *t = m->texts; t && t->name; t++)
        if (!add(s, m, join(m->url, t->name, ""), t->name, xstrdup(t->text), strlen(t->text), gzip, error))
            return false;
    for (const char *const *name = m->names; m->path && name && *name; name++) {
        if (text_of(m, *name)) continue;
        auto_free char *url = join(m->url, *name, "");
        auto_free char *path = join(m->path, "/", *name);
        if (!add_path(s, m, url, path, gzip, error)) return false;
    }
    if (m->path && !m->names && !add_all(s, m, gzip, error)) return false;
    add_index(s, m);
    return !m->must_have_index || has_url(s, m->url) || refuse(error, m->path, "it has no index.html");
}

/* Adds to what is wrong what can be done about it. */
static void advise(const struct mount *m, char error[256]) {
    size_t len = strlen(error);
    if (m->advice) snprintf(error + len, 256 - len, ": %s", m->advice);
}

static int by_url(const void *a, const void *b) {
    return strcmp(((const struct mount_file *)a)->url, ((const struct mount_file *)b)->url);
}

struct mount_set *mount_set_new(const struct mount *mounts, size_t n, struct gzip_pool *gzip,
                                char ret_error[256]) {
    struct mount_set *s = xcalloc(1, sizeof(*s));
    for (size_t i = 0; i < n; i++) {
        const struct mount *m = &mounts[i];
        bool folder = m->url[strlen(m->url) - 1] == '/';
        bool ok =
            folder ? add_folder(s, m, gzip, ret_error) : add_path(s, m, m->url, m->path, gzip, ret_error);
        if (!ok) {
            advise(m, ret_error);
            mount_set_free(s);
            return NULL;
        }
    }
    if (s->n) qsort(s->list, s->n, sizeof(*s->list), by_url);
    return s;
}

void mount_set_free(struct mount_set *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].url);
        free(s->list[i].data);
        free(s->list[i].zipped);
        free(s->list[i].brotli);
    }
    free(s->list);
    free(s);
}

const struct mount_file *mount_find(const struct mount_set *s, const char *path, size_t len) {
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const char *url = s->list[mid].url;
        int c = strncmp(url, path, len);
        if (c == 0 && url[len]) c = 1;
        if (c == 0) return &s->list[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
