/* One table, one loop. */
#include "server/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "server/base/crypto.h"

enum config_type { CONFIG_STR, CONFIG_SECRET, CONFIG_INT, CONFIG_ADDR };

struct config_row {
    const char *name, *fallback, *help;
    enum config_type type;
    unsigned needed_for;
    long long least, most;
    size_t offset;
};

static const struct config_row config_rows[] = {
#define X(member, name, type, def, lo, hi, need, help)                                                       \
    {"PEDILUVE_" #name, def, help, CONFIG_##type, need, lo, hi, offsetof(struct config, member)},
    CONFIG_LIST(X)
#undef X
};

static const char *const config_wanted[] = {[CONFIG_STR] = "a text",
                                            [CONFIG_SECRET] = "a text",
                                            [CONFIG_INT] = "a number",
                                            [CONFIG_ADDR] = "HOST:PORT"};

__attribute__((format(printf, 2, 3))) static bool refuse(char error[CONFIG_ERROR_MAX], const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(error, CONFIG_ERROR_MAX, fmt, args);
    va_end(args);
    return false;
}

static bool whole_number(const char *text, long long *ret) {
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || text[0] == ' ' || text[0] == '+') return false;
    *ret = v;
    return true;
}

bool config_addr_parse(const char *text, struct config_addr *ret) {
    const char *colon = strrchr(text, ':');
    long long port;
    if (!colon || !whole_number(colon + 1, &port) || port < 0 || port > 65535) return false;
    const char *host = text;
    size_t len = (size_t)(colon - text);
    if (host[0] == '[') {
        if (len < 3 || host[len - 1] != ']') return false;
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        return false; /* an IPv6 address needs its brackets */
    }
    if (len == 0 || len >= sizeof(ret->host)) return false;
    memcpy(ret->host, host, len);
    ret->host[len] = '\0';
    ret->port = (uint16_t)port;
    return true;
}

static const char *lookup(char *const *environment, const char *name, const char *suffix) {
    size_t n = strlen(name), s = strlen(suffix);
    for (; environment && *environment; environment++)
        if (!strncmp(*environment, name, n) && !strncmp(*environment + n, suffix, s) &&
            (*environment)[n + s] == '=')
            return *environment + n + s + 1;
    return NULL;
}

/* A secret from a file: at most CONFIG_TEXT_MAX - 1 bytes, no NUL in it. */
static bool read_secret(const char *variable, const char *path, char text[CONFIG_TEXT_MAX],
                        char error[CONFIG_ERROR_MAX]) {
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refuse(error, "%s_FILE: cannot read %s: %s", variable, path, strerror(errno));
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, text + n, CONFIG_TEXT_MAX - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(error, "%s_FILE: cannot read %s: %s", variable, path, strerror(errno));
        if (got == 0) break;
        n += (size_t)got;
        if (n == CONFIG_TEXT_MAX)
            return refuse(error, "%s_FILE: %s is longer than %d bytes", variable, path, CONFIG_TEXT_MAX - 1);
    }
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) n--;
    text[n] = '\0';
    if (memchr(text, '\0', n)) return refuse(error, "%s_FILE: %s is not text", variable, path);
    return true;
}

static bool store(const struct config_row *row, const char *text, struct config *config,
                  char error[CONFIG_ERROR_MAX]) {
    void *member = (char *)config + row->offset;
    long long number, len = (long long)strlen(text);
    switch (row->type) {
    case CONFIG_INT:
        if (!whole_number(text, &number) || number < row->least || number > row->most)
            return refuse(error, "%s must be a number from %lld to %lld, not \"%.64s\" (%s)", row->name,
                          row->least, row->most, text, row->help);
        *(int64_t *)member = number;
        return true;
    case CONFIG_ADDR:
        if (config_addr_parse(text, member)) return true;
        return refuse(error, "%s must be HOST:PORT, such as 127.0.0.1:8080, not \"%.64s\" (%s)", row->name,
                      text, row->help);
    case CONFIG_STR:
    case CONFIG_SECRET: break;
    }
    if (len < row->least || len > row->most || len >= CONFIG_TEXT_MAX)
        return refuse(error, "%s must be %lld to %lld characters long, it has %lld (%s)", row->name,
                      row->least, row->most, len, row->help);
    memcpy(member, text, (size_t)len + 1);
    return true;
}

static bool load_row(const struct config_row *row, char *const *environment, unsigned needs,
                     struct config *config, char error[CONFIG_ERROR_MAX]) {
    const char *text = lookup(environment, row->name, "");
    char from_file[CONFIG_TEXT_MAX];
    if (row->type == CONFIG_SECRET) {
        const char *path = lookup(environment, row->name, "_FILE");
        if (path && text) return refuse(error, "%s and %s_FILE are both set: give one", row->name, row->name);
        if (path) {
            if (!read_secret(row->name, path, from_file, error)) return false;
            text = from_file;
        }
    }
    bool ok = true;
    if (text) {
        ok = store(row, text, config, error);
    } else if (row->fallback && *row->fallback) {
        ok = store(row, row->fallback, config, error);
    } else if (!row->fallback && (row->needed_for & needs)) {
        ok = refuse(error, "%s is needed: %s, %s%s%s%s", row->name, config_wanted[row->type], row->help,
                    row->type == CONFIG_SECRET ? " (or " : "", row->type == CONFIG_SECRET ? row->name : "",
                    row->type == CONFIG_SECRET ? "_FILE, a file that holds it)" : "");
    }
    crypto_wipe(from_file, sizeof(from_file));
    return ok;
}

bool config_load(char *const *environment, unsigned needs, struct config *ret,
                 char ret_error[CONFIG_ERROR_MAX]) {
    struct config config = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < COUNT_OF(config_rows); i++)
        ok = load_row(&config_rows[i], environment, needs, &config, ret_error);
    if (ok) *ret = config;
    crypto_wipe(&config, sizeof(config));
    return ok;
}

void config_print_help(FILE *out) {
    fputs("Environment:\n", out);
    for (size_t i = 0; i < COUNT_OF(config_rows); i++) {
        const struct config_row *row = &config_rows[i];
        fprintf(out, "  %-26s %s", row->name, row->help);
        if (row->type == CONFIG_INT) fprintf(out, "; %lld to %lld", row->least, row->most);
        if (!row->fallback)
            fputs("; no default", out);
        else if (*row->fallback)
            fprintf(out, "; default %s", row->fallback);
        if (row->type == CONFIG_SECRET) fputs("; or ..._FILE", out);
        fputc('\n', out);
    }
}
