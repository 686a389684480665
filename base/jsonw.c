#include "base/jsonw.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

void jsonw_init(struct jsonw *w, struct buf *out) {
    w->out = out;
    w->depth = 0;
    w->comma[0] = false;
}

static void add_string(struct buf *out, const char *s, size_t len);

static void begin(struct jsonw *w, const char *key) {
    if (w->comma[w->depth]) buf_chr(w->out, ',');
    w->comma[w->depth] = true;
    if (!key) return;
    assert(w->depth > 0);
    /* Keys are ours: plain names that need no escape. */
    buf_chr(w->out, '"');
    buf_str(w->out, key);
    buf_add(w->out, "\":", 2);
}

static void open(struct jsonw *w, const char *key, char bracket) {
    begin(w, key);
    assert(w->depth < JSONW_DEPTH_MAX - 1);
    buf_chr(w->out, bracket);
    w->comma[++w->depth] = false;
}

static void close_with(struct jsonw *w, char bracket) {
    assert(w->depth > 0);
    w->depth--;
    buf_chr(w->out, bracket);
}

void jsonw_object(struct jsonw *w, const char *key) { open(w, key, '{'); }
void jsonw_object_end(struct jsonw *w) { close_with(w, '}'); }
void jsonw_array(struct jsonw *w, const char *key) { open(w, key, '['); }
void jsonw_array_end(struct jsonw *w) { close_with(w, ']'); }

void jsonw_str(struct jsonw *w, const char *key, const char *value) {
    if (value)
        jsonw_strn(w, key, value, strlen(value));
    else
        jsonw_null(w, key);
}

void jsonw_strn(struct jsonw *w, const char *key, const char *value, size_t len) {
    begin(w, key);
    add_string(w->out, value, len);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value) {
    begin(w, key);
    buf_int(w->out, value);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value) {
    begin(w, key);
    buf_str(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key) {
    begin(w, key);
    buf_add(w->out, "null", 4);
}

void jsonw_uuid(struct jsonw *w, const char *key, const struct uuid *id) {
    if (uuid_is_zero(id)) {
        jsonw_null(w, key);
        return;
    }
    char text[UUID_TEXT_LEN + 3];
    text[0] = '"';
    uuid_format(id, text + 1);
    text[UUID_TEXT_LEN + 1] = '"';
    begin(w, key);
    buf_add(w->out, text, UUID_TEXT_LEN + 2);
}

void jsonw_time(struct jsonw *w, const char *key, int64_t wall_ms) {
    if (wall_ms == 0) {
        jsonw_null(w, key);
        return;
    }
    char text[CLOCK_TEXT_LEN + 3];
    text[0] = '"';
    clock_format(wall_ms, text + 1);
    text[CLOCK_TEXT_LEN + 1] = '"';
    begin(w, key);
    buf_add(w->out, text, CLOCK_TEXT_LEN + 2);
}

void jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t len) {
    begin(w, key);
    buf_add(w->out, json, len);
}

void jsonw_milli(struct jsonw *w, const char *key, int64_t thousandths) {
    begin(w, key);
    uint64_t u = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
    if (thousandths < 0) buf_chr(w->out, '-');
    buf_int(w->out, (int64_t)(u / 1000));
    int rest = (int)(u % 1000);
    if (!rest) return;
    char text[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    size_t n = 4;
    while (text[n - 1] == '0') n--;
    buf_add(w->out, text, n);
}

static void add_escape(struct buf *out, unsigned char c) {
    static const char short_of[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"' || c == '\\') {
        buf_chr(out, '\\');
        buf_chr(out, (char)c);
    } else if (c < 0x20 && short_of[c]) {
        buf_chr(out, '\\');
        buf_chr(out, short_of[c]);
    } else {
        buf_fmt(out, "\\u%04x", c);
    }
}

static bool plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/* Whatever the bytes, the result is valid JSON: what is not UTF-8 becomes U+FFFD. */
static void add_string(struct buf *out, const char *s, size_t len) {
    buf_chr(out, '"');
    size_t i = 0;
    while (i < len) {
        size_t from = i;
        while (i < len && plain((unsigned char)s[i])) i++;
        buf_add(out, s + from, i - from);
        if (i == len) break;
        unsigned char c = (unsigned char)s[i];
        if (c < 0x80) {
            add_escape(out, c);
            i++;
            continue;
        }
        size_t n = utf8_length(s + i, len - i);
        buf_add(out, n ? s + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
    buf_chr(out, '"');
}
