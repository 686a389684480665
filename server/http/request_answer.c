/* How a handler answers: what it says is noted here, and made ready in request_finish. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/http/inside.h"

char *request_vprint(struct request *rq, const char *fmt, va_list args) {
    char line[512];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(line, sizeof(line), fmt, args);
    size_t len = n < 0 ? 0 : (size_t)n;
    char *text = request_alloc(rq, len + 1);
    if (len < sizeof(line))
        memcpy(text, line, len);
    else
        vsnprintf(text, len + 1, fmt, again);
    va_end(again);
    return text;
}

void request_drop_answer(struct request *rq) {
    rq->status = 0;
    rq->content_type = NULL;
    rq->writing = rq->is_zipped = false;
    buf_reset(&rq->out);
    rq->reply_headers_n = 0;
    rq->etag[0] = '\0';
}

struct jsonw *request_json(struct request *rq) {
    if (!rq->writing) {
        buf_reset(&rq->out);
        jsonw_init(&rq->writer, &rq->out);
        rq->writing = true;
    }
    return &rq->writer;
}

void request_reply(struct request *rq, int status) {
    assert(rq->writing && "request_reply without request_json");
    rq->status = status;
    rq->content_type = "application/json";
}

void request_reply_data(struct request *rq, int status, const char *content_type, const void *data,
                        size_t len) {
    rq->status = status;
    rq->content_type = content_type;
    rq->writing = false;
    buf_reset(&rq->out);
    if (len) buf_add(&rq->out, data, len);
}

void request_reply_empty(struct request *rq, int status) { request_reply_data(rq, status, NULL, NULL, 0); }

void request_set_header(struct request *rq, const char *literal_name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    char *value = request_vprint(rq, fmt, args);
    va_end(args);
    for (char *p = value; *p; p++)
        if ((unsigned char)*p < ' ') *p = ' '; /* no header within a header */
    int i = 0;
    while (i < rq->reply_headers_n && strcmp(rq->reply_headers[i].name, literal_name)) i++;
    assert(i < REQUEST_HEADERS_MAX);
    rq->reply_headers[i] = (struct reply_header){literal_name, value};
    if (i == rq->reply_headers_n) rq->reply_headers_n++;
}

enum err request_fail(struct request *rq, enum err e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    rq->detail = request_vprint(rq, fmt, args);
    va_end(args);
    return e;
}

enum err request_fail_later(struct request *rq, enum err e, int32_t seconds, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    rq->detail = request_vprint(rq, fmt, args);
    va_end(args);
    rq->retry_after_s = seconds;
    return e;
}

enum err request_fail_at(struct request *rq, enum err e, const char *pointer, const char *code,
                         const char *fmt, ...) {
    if (rq->reasons_n == REQUEST_REASONS_MAX) return e;
    struct reason *r = &rq->reasons[rq->reasons_n++];
    size_t len = strlen(pointer);
    char *copy = request_alloc(rq, len + 1);
    memcpy(copy, pointer, len);
    va_list args;
    va_start(args, fmt);
    *r = (struct reason){copy, code, request_vprint(rq, fmt, args)};
    va_end(args);
    return e;
}

void request_fail_member(struct request *rq, const char *literal_name, const char *json_value) {
    assert(rq->members_n < REQUEST_MEMBERS_MAX);
    size_t len = strlen(json_value);
    char *copy = request_alloc(rq, len + 1);
    memcpy(copy, json_value, len);
    rq->members[rq->members_n++] = (struct reply_header){literal_name, copy};
}

void request_set_etag(struct request *rq, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(rq->etag, sizeof(rq->etag), fmt, args);
    va_end(args);
}

void request_set_version(struct request *rq, int64_t version) {
    struct buf b;
    buf_init_fixed(&b, rq->etag, sizeof(rq->etag));
    buf_int(&b, version);
}

/* The next tag of a list: its text without quotes and without the mark of a packed form. "*" counts as
 * a tag. NULL: no more, or malformed. */
static const char *next_tag(const char **list, size_t *ret_len) {
    const char *p = *list + strspn(*list, ", \t");
    if (*p == '*') {
        *list = p + 1;
        *ret_len = 1;
        return p;
    }
    if (p[0] == 'W' && p[1] == '/') p += 2;
    if (*p != '"') return NULL;
    const char *end = strchr(++p, '"');
    if (!end) return NULL;
    *list = end + 1;
    *ret_len = (size_t)(end - p);
    if (*ret_len > 3 && (!memcmp(end - 3, "-gz", 3) || !memcmp(end - 3, "-br", 3))) *ret_len -= 3;
    return p;
}

bool request_is_unchanged(const struct request *rq) {
    const char *list = rq->headers[HEADER_IF_NONE_MATCH], *tag;
    size_t len, own = strlen(rq->etag);
    if (!list || !own) return false;
    while ((tag = next_tag(&list, &len)))
        if ((len == 1 && *tag == '*') || (len == own && !memcmp(tag, rq->etag, len))) return true;
    return false;
}

enum err request_if_match(struct request *rq, int64_t *ret_version) {
    const char *list = rq->headers[HEADER_IF_MATCH];
    if (!list)
        return request_fail(rq, ERR_PRECONDITION_REQUIRED, "Send If-Match with the ETag that was read");
    size_t len;
    list += strspn(list, " \t");
    bool weak = list[0] == 'W'; /* a weak tag never matches here */
    const char *tag = next_tag(&list, &len);
    if (!tag || list[strspn(list, " \t")])
        return request_fail(rq, ERR_INVALID_HEADER, "If-Match must be one ETag in quotes, or *");
    if (len == 1 && *tag == '*') {
        *ret_version = -1;
        return ERR_OK;
    }
    if (weak || len == 0 || len > 18) return ERR_PRECONDITION_FAILED;
    int64_t version = 0;
    for (size_t i = 0; i < len; i++) {
        if (tag[i] < '0' || tag[i] > '9') return ERR_PRECONDITION_FAILED;
        version = version * 10 + (tag[i] - '0');
    }
    *ret_version = version;
    return ERR_OK;
}

void request_set_next(struct request *rq, const char *cursor) {
    auto_buf struct buf link = BUF_INIT;
    buf_chr(&link, '<');
    buf_add(&link, rq->target.data, rq->path_len);
    char glue = '?';
    const char *p = rq->target.data + rq->path_len;
    while (*p) { /* p at '?' or '&' */
        p++;
        size_t n = strcspn(p, "&");
        if (n && strncmp(p, "cursor=", 7)) {
            buf_chr(&link, glue);
            buf_add(&link, p, n);
            glue = '&';
        }
        p += n;
    }
    buf_fmt(&link, "%ccursor=%s>; rel=\"next\"", glue, cursor);
    request_set_header(rq, "Link", "%s", link.data);
}

int request_status(const struct request *rq) { return rq->status; }

const char *request_reply_text(const struct request *rq, size_t *ret_len) {
    *ret_len = rq->out.len;
    return rq->out.len ? rq->out.data : "";
}

const char *request_reply_content_type(const struct request *rq) { return rq->content_type; }

const char *request_reply_header(const struct request *rq, const char *name) {
    if (!strcmp(name, "ETag")) return rq->etag[0] ? rq->etag : NULL;
    for (int i = 0; i < rq->reply_headers_n; i++)
        if (!strcmp(rq->reply_headers[i].name, name)) return rq->reply_headers[i].value;
    return NULL;
}
