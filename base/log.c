#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES 4096
#define FMT_MAX_BYTES 512

/* Stand for '|', ' ' and '=' of the format while its arguments are filled in, so that the same
 * characters in an argument cannot make a key of their own. */
#define MARK_TAIL '\x1d'
#define MARK_PAIR '\x1e'
#define MARK_VALUE '\x1f'

static _Atomic int least_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level least) { atomic_store_explicit(&least_level, least, memory_order_relaxed); }

/* Copies fmt with its separators marked; returns how many marks were set. Literal quotes around a
 * value go: values are quoted when they need it. */
static int mark_format(const char *fmt, char out[FMT_MAX_BYTES]) {
    int marks = 0;
    bool tail = false, quoted = false, in_value = false;
    size_t n = 0;
    for (; *fmt && n < FMT_MAX_BYTES - 1; fmt++) {
        char c = *fmt;
        if (!tail && c == '|') {
            tail = true;
            c = MARK_TAIL;
        } else if (tail && c == '"') {
            quoted = !quoted;
            continue;
        } else if (tail && !quoted && c == ' ') {
            in_value = false;
            c = MARK_PAIR;
        } else if (tail && !quoted && !in_value && c == '=') {
            in_value = true;
            c = MARK_VALUE;
        }
        marks += c == MARK_TAIL || c == MARK_PAIR || c == MARK_VALUE;
        out[n++] = c;
    }
    out[n] = '\0';
    return marks;
}

static bool is_mark(char c) { return c == MARK_TAIL || c == MARK_PAIR || c == MARK_VALUE; }

static void add_escaped(struct buf *line, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') {
            buf_chr(line, '\\');
            buf_chr(line, (char)c);
        } else if (c == '\n') {
            buf_str(line, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            buf_fmt(line, "\\x%02x", c);
        } else {
            buf_chr(line, (char)c);
        }
    }
}

static void add_value(struct buf *line, const char *s, size_t n) {
    bool quote = n == 0;
    for (size_t i = 0; i < n && !quote; i++) {
        unsigned char c = (unsigned char)s[i];
        quote = c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
    }
    if (quote) buf_chr(line, '"');
    add_escaped(line, s, n);
    if (quote) buf_chr(line, '"');
}

static void add_tail(struct buf *line, const char *tail) {
    while (*tail) {
        size_t n = strcspn(tail, "\x1e\x1f");
        if (tail[n] == MARK_VALUE || n > 0) buf_chr(line, ' ');
        add_escaped(line, tail, n);
        tail += n;
        if (*tail == MARK_VALUE) {
            n = strcspn(++tail, "\x1e");
            buf_chr(line, '=');
            add_value(line, tail, n);
            tail += n;
        }
        if (*tail == MARK_PAIR) tail++;
    }
}

void log_write(enum log_level level, const char *component, const char *fmt, ...) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed)) return;

    char marked[FMT_MAX_BYTES], text[LINE_MAX_BYTES / 2];
    int marks = mark_format(fmt, marked);
    va_list args;
    va_start(args, fmt);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, marked, args);
#pragma GCC diagnostic pop
    va_end(args);

    char memory[LINE_MAX_BYTES], ts[CLOCK_TEXT_LEN + 1];
    struct buf line;
    buf_init_fixed(&line, memory, sizeof memory - 1); /* keeps a byte for the newline */
    clock_format(clock_wall_ms(), ts);
    buf_fmt(&line, "ts=%s level=%s component=%s msg=\"", ts, names[level], component);

    int found = 0;
    for (const char *p = text; *p; p++) found += is_mark(*p);
    size_t message_len = found == marks ? strcspn(text, "\x1d") : strlen(text);
    add_escaped(&line, text, message_len);
    buf_chr(&line, '"');
    if (text[message_len] == MARK_TAIL) add_tail(&line, text + message_len + 1);

    memory[line.len] = '\n';
    ssize_t ignored = write(STDERR_FILENO, memory, line.len + 1); /* one write: lines never mix */
    (void)ignored;
}
