/* Sizes, framing and slowness. */
#include "tests/unit/http/check.h"

#define HEAD                                                                                                 \
    "POST /api/v1/things HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer owner\r\nContent-Type: "               \
    "application/json\r\n"

static struct answer send_raw(struct fixture *f, const char *text, size_t len, bool *ret_closed) {
    int fd = client_connect(f->port);
    client_send(fd, text, len);
    struct answer a = client_read(fd, false);
    if (ret_closed) *ret_closed = client_closed(fd, 3000);
    close(fd);
    return a;
}

Test(sizes, the_largest_body_is_taken_and_one_byte_more_is_not) {
    static const struct {
        const char *path;
        size_t most;
    } rows[] = {{"/api/v1/things", LIMIT_BODY}, {"/api/v1/larger", 2 * LIMIT_BODY}};
    struct fixture *f = fixture_new(NULL);
    char *body = malloc(2 * LIMIT_BODY + 2);
    for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
        size_t over = i % 2, n = rows[i / 2].most + over;
        memset(body, ' ', n);
        memcpy(body, "{\"name\":\"x\"}", 12);
        body[n] = '\0';
        auto_answer struct answer a = call(f, "POST", rows[i / 2].path, "owner", "", body);
        cr_expect_eq(a.status, over ? 413 : 201, "%s: %d", rows[i / 2].path, a.status);
        if (over) check_code(a, 413, "too_large");
    }
    free(body);
    fixture_free(f);
}

Test(sizes, a_chunked_body_is_counted_while_it_streams) {
    struct fixture *f = fixture_new(NULL);
    size_t cap = LIMIT_BODY + 4096, n = 0;
    char *text = malloc(cap);
    n += (size_t)sprintf(text, HEAD "Transfer-Encoding: chunked\r\n\r\n%x\r\n", LIMIT_BODY + 1);
    memset(text + n, ' ', LIMIT_BODY + 1);
    n += LIMIT_BODY + 1;
    n += (size_t)sprintf(text + n, "\r\n0\r\n\r\n");
    auto_answer struct answer a = send_raw(f, text, n, NULL);
    check_code(a, 413, "too_large");
    free(text);
    fixture_free(f);
}

Test(sizes, a_huge_body_is_refused_by_its_head) {
    struct fixture *f = fixture_new(NULL);
    static const char text[] = HEAD "Content-Length: 99999999999999\r\n\r\n";
    bool closed;
    auto_answer struct answer a = send_raw(f, text, sizeof(text) - 1, &closed);
    check_code(a, 413, "too_large");
    check_header(a, "Connection", "close");
    cr_assert(closed);
    fixture_free(f);
}

Test(sizes, an_expectation_is_refused_before_the_body_is_sent) {
    struct fixture *f = fixture_new(NULL);
    static const char text[] = HEAD "Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n";
    bool closed;
    auto_answer struct answer a = send_raw(f, text, sizeof(text) - 1, &closed);
    check_code(a, 413, "too_large");
    cr_assert(closed);
    fixture_free(f);
}

Test(sizes, an_expectation_that_can_be_met_is_continued) {
    struct fixture *f = fixture_new(NULL);
    static const char head[] = HEAD "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n";
    char seen[256];
    int fd = client_connect(f->port);
    client_send(fd, head, sizeof(head) - 1);
    cr_assert(client_until(fd, "100 Continue\r\n\r\n", 5000, seen, sizeof(seen)), "%s", seen);
    client_send(fd, "{\"name\":\"x\"}", 12);
    auto_answer struct answer a = client_read(fd, false);
    check_status(a, 201);
    close(fd);
    fixture_free(f);
}

static const struct {
    const char *what, *headers;
} framings[] = {
    {"both lengths", "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n"},
    {"both lengths the other way round", "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n"},
    {"two lengths", "Content-Length: 12\r\nContent-Length: 13\r\n"},
    {"two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
    {"a coding that is not chunked", "Transfer-Encoding: gzip, chunked\r\n"},
    {"a coding in disguise", "Transfer-Encoding: \tchunked, identity\r\n"},
    {"a length that is no number", "Content-Length: 12x\r\n"},
    {"a negative length", "Content-Length: -1\r\n"},
    {"a length with a sign", "Content-Length: +12\r\n"},
};

Test(framing, what_could_be_read_two_ways_is_refused_and_closed) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        char text[512];
        int n = snprintf(text, sizeof(text), HEAD "%s\r\n{\"name\":\"x\"}", framings[i].headers);
        bool closed;
        auto_answer struct answer a = send_raw(f, text, (size_t)n, &closed);
        cr_expect_eq(a.status, 400, "%s: %d", framings[i].what, a.status);
        cr_expect(closed, "%s: the connection stays open", framings[i].what);
    }
    auto_answer struct answer a =
        send_raw(f, HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                 strlen(HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"), NULL);
    check_code(a, 400, "invalid_header");
    fixture_free(f);
}

Test(framing, two_tokens_are_refused) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a =
        call(f, "GET", "/api/v1/things", "viewer", "Authorization: Bearer owner\r\n", NULL);
    check_code(a, 400, "invalid_header");
    fixture_free(f);
}

/* A byte now and then: never idle, never whole. */
static bool drip(struct fixture *f, const char *text, size_t n) {
    int fd = client_connect(f->port);
    bool cut = false;
    for (size_t i = 0; i < 200 && !cut; i++) {
        client_send(fd, i < n ? text + i : "x", 1);
        cut = client_closed(fd, 30);
    }
    close(fd);
    return cut;
}

Test(slowness, a_head_that_drips_is_cut) {
    struct fixture *f = fixture_new(&(struct fixture_options){.request_timeout_ms = 300});
    cr_assert(drip(f, HEAD, sizeof(HEAD) - 1));
    fixture_free(f);
}

Test(slowness, a_body_that_drips_is_cut) {
    struct fixture *f = fixture_new(&(struct fixture_options){.request_timeout_ms = 300});
    static const char head[] = HEAD "Content-Length: 60000\r\n\r\n";
    int fd = client_connect(f->port);
    client_send(fd, head, sizeof(head) - 1);
    bool cut = false;
    for (int i = 0; i < 200 && !cut; i++) {
        client_send(fd, " ", 1);
        cut = client_closed(fd, 30);
    }
    cr_assert(cut);
    close(fd);
    cr_assert_eq(metrics_get(f->metrics, METRIC_HTTP_TIMEOUTS), 1);
    fixture_free(f);
}

Test(slowness, a_silent_connection_is_cut_and_not_counted) {
    struct fixture *f = fixture_new(&(struct fixture_options){.request_timeout_ms = 300});
    int fd = client_connect(f->port);
    auto_answer struct answer a = client_call_on(fd, "GET", "/healthz", NULL, "", NULL);
    check_status(a, 200);
    cr_assert(client_closed(fd, 5000));
    cr_assert_eq(metrics_get(f->metrics, METRIC_HTTP_TIMEOUTS), 0);
    close(fd);
    fixture_free(f);
}

Test(slowness, a_slow_handler_is_not_cut) {
    struct fixture *f = fixture_new(&(struct fixture_options){.request_timeout_ms = 200});
    static const char text[] = "GET /api/v1/gate HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer viewer\r\n\r\n";
    int fd = client_connect(f->port);
    client_send(fd, text, sizeof(text) - 1);
    cr_assert(fixture_wait_gate(f, 1));
    cr_assert_not(client_closed(fd, 1000)); /* several times the time that a request may take to come */
    fixture_open_gate(f);
    auto_answer struct answer a = client_read(fd, false);
    check_status(a, 204);
    close(fd);
    fixture_free(f);
}

Test(slowness, requests_sent_in_one_go_are_answered_in_order) {
    struct fixture *f = fixture_new(NULL);
    static const char text[] =
        "GET /healthz HTTP/1.1\r\nHost: t\r\nX-Request-Id: one\r\n\r\n"
        "GET /api/v1/things HTTP/1.1\r\nHost: t\r\nX-Request-Id: two\r\nAuthorization: Bearer viewer\r\n\r\n"
        "GET /nothing HTTP/1.1\r\nHost: t\r\nX-Request-Id: three\r\nConnection: close\r\n\r\n";
    char seen[8192];
    int fd = client_connect(f->port);
    client_send(fd, text, sizeof(text) - 1);
    cr_assert(client_until(fd, "\"request_id\":\"three\"", 5000, seen, sizeof(seen)));
    const char *one = strstr(seen, "Request-Id: one"), *two = strstr(seen, "Request-Id: two"),
               *three = strstr(seen, "Request-Id: three");
    cr_assert(one && two && three && one < two && two < three);
    close(fd);
    fixture_free(f);
}
