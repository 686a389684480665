/* Validators, compression and what the answer's headers say. */
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/http/check.h"

#define ONE "/api/v1/things/" THING

static const struct {
    const char *headers;
    int status;
} unchanged[] = {
    {"", 200},
    {"If-None-Match: \"7\"\r\n", 304},
    {"If-None-Match: W/\"7\"\r\n", 304},
    {"If-None-Match: \"6\", \"7\"\r\n", 304},
    {"If-None-Match: *\r\n", 304},
    {"If-None-Match: \"7-gz\"\r\n", 304},
    {"If-None-Match: \"77\"\r\n", 200},
    {"If-None-Match: 7\r\n", 200},
    {"If-None-Match: \"\r\n", 200},
};

Test(validators, a_known_etag_gives_304_without_a_body) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(unchanged); i++) {
        auto_answer struct answer a = call(f, "GET", ONE, "viewer", unchanged[i].headers, NULL);
        cr_expect_eq(a.status, unchanged[i].status, "%s: %d", unchanged[i].headers, a.status);
        cr_expect_eq(a.len == 0, a.status == 304, "%s", unchanged[i].headers);
        check_header(a, "ETag", "\"7\"");
    }
    auto_answer struct answer a =
        call(f, "GET", "/api/v1/big", "viewer", "If-None-Match: \"big-1\"\r\n", NULL);
    check_status(a, 304); /* by itself, although the handler wrote a body */
    cr_assert_eq(a.len, 0);
    fixture_free(f);
}

static const struct {
    const char *headers;
    int status;
    const char *code;
} matches[] = {
    {"", 428, "precondition_required"},
    {"If-Match: \"6\"\r\n", 412, "precondition_failed"},
    {"If-Match: \"abc\"\r\n", 412, "precondition_failed"},
    {"If-Match: W/\"7\"\r\n", 412, "precondition_failed"},
    {"If-Match: seven\r\n", 400, "invalid_header"},
    {"If-Match: \"7\", \"8\"\r\n", 400, "invalid_header"},
    {"If-Match: \"7\"\r\n", 204, ""},
    {"If-Match: \"7-gz\"\r\n", 204, ""},
    {"If-Match: *\r\n", 204, ""},
};

Test(validators, an_edit_needs_the_etag_that_was_read) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        auto_answer struct answer a = call(f, "PATCH", ONE, "owner", matches[i].headers, NULL);
        cr_expect_eq(a.status, matches[i].status, "%s: %d", matches[i].headers, a.status);
        cr_expect(a.body && strstr(a.body, matches[i].code), "%s: %s", matches[i].headers,
                  a.body ? a.body : "");
    }
    fixture_free(f);
}

static const struct {
    const char *accept;
    bool zipped;
} encodings[] = {
    {"", false},
    {"Accept-Encoding: gzip\r\n", true},
    {"Accept-Encoding: br;q=1.0, GZIP;q=0.5, *;q=0\r\n", true},
    {"Accept-Encoding: gzip;q=0\r\n", false},
    {"Accept-Encoding: xgzip\r\n", false},
    {"Accept-Encoding: identity\r\n", false},
};

Test(compression, is_used_when_it_is_accepted_and_worth_it) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer plain = call(f, "GET", "/api/v1/big", "viewer", "", NULL);
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        auto_answer struct answer a = call(f, "GET", "/api/v1/big", "viewer", encodings[i].accept, NULL);
        check_status(a, 200);
        check_header(a, "Vary", "Accept-Encoding");
        check_header(a, "Content-Encoding", encodings[i].zipped ? "gzip" : "");
        check_header(a, "ETag", encodings[i].zipped ? "\"big-1-gz\"" : "\"big-1\"");
        char text[8192];
        z_stream z = {.next_in = (Bytef *)a.body,
                      .avail_in = (uInt)a.len,
                      .next_out = (Bytef *)text,
                      .avail_out = sizeof(text)};
        if (!encodings[i].zipped) continue;
        cr_assert_lt(a.len, plain.len / 4);
        inflateInit2(&z, 15 + 16);
        cr_assert_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
        cr_assert_eq(z.total_out, plain.len);
        cr_assert_eq(memcmp(text, plain.body, plain.len), 0);
        inflateEnd(&z);
    }
    auto_answer struct answer small = call(f, "GET", "/healthz", NULL, "Accept-Encoding: gzip\r\n", NULL);
    check_header(small, "Content-Encoding", "");
    fixture_free(f);
}

Test(answers, a_created_thing_says_where_it_is) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/things", "operator", "", "{\"name\":\"x\"}");
    check_status(a, 201);
    check_header(a, "Location", ONE);
    check_contains(a, "\"by\":\"operator\"");
    fixture_free(f);
}

Test(answers, are_recorded_once_each) {
    struct fixture *f = fixture_new(NULL);
    int fd = client_connect(f->port);
    for (int i = 0; i < 5; i++) {
        auto_answer struct answer a =
            client_call_on(fd, "GET", i % 2 ? "/healthz" : "/nothing", NULL, "", NULL);
        cr_assert(a.status);
    }
    close(fd);
    fixture_stop(f, 2000);
    cr_assert_eq(atomic_load(&f->records), 5);
    fixture_free(f);
}

Test(answers, are_counted_by_route_template) {
    struct fixture *f = fixture_new(NULL);
    int fd = client_connect(f->port); /* one connection: each is counted before the next is read */
    for (int i = 0; i < 3; i++) {
        auto_answer struct answer a = client_call_on(fd, "GET", ONE, "viewer", "", NULL);
        cr_assert(a.status);
    }
    auto_answer struct answer miss = client_call_on(fd, "GET", "/api/v1/nothing", "viewer", "", NULL);
    check_status(miss, 404);
    auto_answer struct answer refused = client_call_on(fd, "GET", ONE, NULL, "", NULL);
    check_status(refused, 401);
    metrics_add(f->metrics, METRIC_INGEST_SAMPLES, 12);
    auto_answer struct answer a = client_call_on(fd, "GET", "/metrics", NULL, "", NULL);
    check_status(a, 200);
    check_header(a, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    check_contains(a, "http_requests_total{route=\"/api/v1/things/{id}\",method=\"GET\",status=\"200\"} 3\n");
    check_contains(a, "http_requests_total{route=\"/api/v1/things/{id}\",method=\"GET\",status=\"401\"} 1\n");
    check_contains(a, "http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1\n");
    check_contains(
        a,
        "http_request_duration_seconds_bucket{route=\"/api/v1/things/{id}\",method=\"GET\",le=\"+Inf\"} 4\n");
    check_contains(a,
                   "http_request_duration_seconds_count{route=\"/api/v1/things/{id}\",method=\"GET\"} 4\n");
    check_contains(a, "http_requests_in_flight 1\n");
    check_contains(a, "pediluve_ingest_samples_total 12\n");
    check_contains(a, "pediluve_http_connections 1\n");
    close(fd);
    fixture_free(f);
}
