/* The last steps: problem documents (RFC 9457), 304, gzip, headers. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/http/inside.h"

static void write_reasons(struct request *rq, struct jsonw *w) {
    if (!rq->reasons_n) return;
    jsonw_array(w, "errors");
    for (int i = 0; i < rq->reasons_n; i++) {
        jsonw_object(w, NULL);
        jsonw_str(w, "pointer", rq->reasons[i].pointer);
        jsonw_str(w, "code", rq->reasons[i].code);
        jsonw_str(w, "detail", rq->reasons[i].detail);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

void request_make_problem(struct request *rq, enum err e) {
    assert(e != ERR_OK);
    const struct err_info *info = err_info(e);
    char type[96];
    snprintf(type, sizeof(type), "urn:pediluve:error:%s", info->code);
    request_drop_answer(rq);
    struct jsonw *w = request_json(rq);
    jsonw_object(w, NULL);
    jsonw_str(w, "type", type);
    jsonw_str(w, "title", info->title);
    jsonw_int(w, "status", info->status);
    jsonw_str(w, "code", info->code);
    if (rq->detail) jsonw_str(w, "detail", rq->detail);
    jsonw_str(w, "request_id", rq->id);
    write_reasons(rq, w);
    for (int i = 0; i < rq->members_n; i++)
        jsonw_raw(w, rq->members[i].name, rq->members[i].value, strlen(rq->members[i].value));
    jsonw_object_end(w);
    rq->status = info->status;
    rq->content_type = "application/problem+json";
    if (info->status == 405) request_set_header(rq, "Allow", "%s", rq->match.allow ? rq->match.allow : "");
    if (info->status == 401) request_set_header(rq, "WWW-Authenticate", "Bearer realm=\"pediluve\"");
    if (info->status == 503 || info->status == 429)
        request_set_header(rq, "Retry-After", "%d", rq->retry_after_s ? (int)rq->retry_after_s : 1);
}

static bool is_packable(const struct request *rq) {
    return rq->out.len > GZIP_LEAST && rq->content_type &&
           (strstr(rq->content_type, "json") || !strncmp(rq->content_type, "text/", 5));
}

void request_finish(struct request *rq, enum err outcome) {
    if (outcome)
        request_make_problem(rq, outcome);
    else if (!rq->status && !rq->stream)
        request_make_problem(rq, ERR_INTERNAL);
    if (rq->status == 200 && rq->etag[0] && rq->method == HTTP_GET && request_is_unchanged(rq)) {
        rq->status = 304;
        buf_reset(&rq->out);
        rq->content_type = NULL;
    }
    if (is_packable(rq)) {
        request_set_header(rq, "Vary", "Accept-Encoding");
        rq->is_zipped = gzip_is_accepted(rq->headers[HEADER_ACCEPT_ENCODING]) &&
                        gzip_pack(rq->http->gzip, rq->out.data, rq->out.len, &rq->zipped);
    }
}

/* A representation's tag tells its packed form: "-gz", "-br" or "". */
static void add_tag(struct MHD_Response *r, const char *etag, const char *form) {
    char quoted[80];
    struct buf b;
    buf_init_fixed(&b, quoted, sizeof(quoted));
    buf_chr(&b, '"');
    buf_str(&b, etag);
    buf_str(&b, form);
    buf_chr(&b, '"');
    MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, quoted);
}

/* The data is the request's or the mount's: both outlive the response. */
static struct MHD_Response *response_of(const char *data, size_t len) {
    return MHD_create_response_from_buffer(len, (void *)(uintptr_t)(len ? data : ""), MHD_RESPMEM_PERSISTENT);
}

/* What a page of ours may do in a browser, and what other pages may do with it. */
static const struct reply_header page_headers[] = {
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

struct form { /* one of a file's forms */
    const char *data, *encoding, *mark;
    size_t len;
};

static struct form form_of(const struct mount_file *f, const char *accepted) {
    if (f->brotli && gzip_is_other_accepted(accepted, "br"))
        return (struct form){f->brotli, "br", "-br", f->brotli_len};
    if (f->zipped && gzip_is_accepted(accepted))
        return (struct form){f->zipped, "gzip", "-gz", f->zipped_len};
    return (struct form){f->data, NULL, "", f->len};
}

static struct MHD_Response *file_response(struct request *rq) {
    const struct mount_file *f = rq->file;
    if (f->is_redirect) {
        rq->status = 308;
        struct MHD_Response *r = response_of(NULL, 0);
        MHD_add_response_header(r, "Location", f->data);
        return r;
    }
    struct form form = form_of(f, rq->headers[HEADER_ACCEPT_ENCODING]);
    snprintf(rq->etag, sizeof(rq->etag), "%s", f->etag);
    rq->status = request_is_unchanged(rq) ? 304 : 200;
    struct MHD_Response *r = rq->status == 304 ? response_of(NULL, 0) : response_of(form.data, form.len);
    if (rq->status == 200) {
        MHD_add_response_header(r, "Content-Type", f->content_type);
        if (form.encoding) MHD_add_response_header(r, "Content-Encoding", form.encoding);
    }
    if (f->zipped || f->brotli) MHD_add_response_header(r, "Vary", "Accept-Encoding");
    MHD_add_response_header(r, "Content-Security-Policy", f->csp);
    for (size_t i = 0; i < COUNT_OF(page_headers); i++)
        MHD_add_response_header(r, page_headers[i].name, page_headers[i].value);
    MHD_add_response_header(r, "Cache-Control",
                            f->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    add_tag(r, f->etag, form.mark);
    return r;
}

static struct MHD_Response *stream_response(struct request *rq) {
    struct stream *s = steal(&rq->stream); /* the response frees it */
    rq->status = 200;
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, s->read, s->ctx, s->free);
    if (!r) {
        s->free(s->ctx);
        return NULL;
    }
    MHD_add_response_header(r, "Content-Type", "text/event-stream");
    MHD_add_response_header(r, "Cache-Control", "no-store");
    MHD_add_response_header(r, "X-Accel-Buffering", "no"); /* nginx: pass events on at once */
    return r;
}

/* HEAD of a stream: its head, and nothing to listen to. */
static struct MHD_Response *stream_head(struct request *rq) {
    struct stream *s = steal(&rq->stream);
    s->free(s->ctx);
    rq->status = 200;
    struct MHD_Response *r = response_of(NULL, 0);
    MHD_add_response_header(r, "Content-Type", "text/event-stream");
    MHD_add_response_header(r, "Cache-Control", "no-store");
    return r;
}

static struct MHD_Response *plain_response(struct request *rq) {
    struct MHD_Response *r =
        rq->is_zipped ? response_of(rq->zipped.data, rq->zipped.len) : response_of(rq->out.data, rq->out.len);
    if (rq->content_type) MHD_add_response_header(r, "Content-Type", rq->content_type);
    if (rq->is_zipped) MHD_add_response_header(r, "Content-Encoding", "gzip");
    if (rq->etag[0]) add_tag(r, rq->etag, rq->is_zipped ? "-gz" : "");
    if (!request_reply_header(rq, "Cache-Control")) MHD_add_response_header(r, "Cache-Control", "no-store");
    return r;
}

enum MHD_Result request_queue_answer(struct request *rq) {
    bool is_file = rq->file && !rq->status;
    bool is_stream = !is_file && rq->stream && !rq->status;
    struct MHD_Response *r = is_file     ? file_response(rq)
                             : is_stream ? (rq->head ? stream_head(rq) : stream_response(rq))
                                         : plain_response(rq);
    if (!r) return MHD_NO;
    for (int i = 0; i < rq->reply_headers_n; i++)
        MHD_add_response_header(r, rq->reply_headers[i].name, rq->reply_headers[i].value);
    MHD_add_response_header(r, "X-Request-Id", rq->id);
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (rq->early_close || atomic_load_explicit(&rq->http->stopping, memory_order_relaxed))
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
    atomic_store_explicit(&rq->conn->phase, CONN_ANSWERING, memory_order_relaxed);
    atomic_store_explicit(&rq->conn->due_ms, is_stream && !rq->head ? 0 : clock_mono_ms() + REPLY_TIMEOUT_MS,
                          memory_order_relaxed);
    rq->stage = STAGE_SENT;
    enum MHD_Result result = MHD_queue_response(rq->mhd, (unsigned)rq->status, r);
    MHD_destroy_response(r);
    return result;
}
