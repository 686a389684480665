/* Which route answers, and what happens when none does. */
#include "tests/unit/http/check.h"

#define NAMES "/api/v1/names/"

static const struct {
    const char *what, *method, *target, *token;
    int status;
    const char *text;
} rows[] = {
    {"a public route needs no token", "GET", "/healthz", NULL, 200, "{\"ok\":true}"},
    {"an unknown path", "GET", "/api/v1/nothing", "owner", 404, "\"code\":\"not_found\""},
    {"a path that is only the beginning of others", "GET", "/api/v1", "owner", 404, "not_found"},
    {"a path with a slash too many", "GET", "/api/v1/things/", "owner", 404, "not_found"},
    {"a path with an empty segment", "GET", "/api//v1/things", "owner", 404, "not_found"},
    {"the root", "GET", "/", NULL, 404, "not_found"},
    {"a method that the path does not have", "PUT", "/api/v1/things", "owner", 405, "method_not_allowed"},
    {"a method that nobody has", "BREW", "/healthz", NULL, 405, "method_not_allowed"},
    {"another method comes before the token", "PUT", "/api/v1/things", NULL, 405, "method_not_allowed"},
    {"an id", "GET", "/api/v1/things/" THING, "viewer", 200, THING},
    {"an id in capitals", "GET", "/api/v1/things/0192AAAA-BBBB-7CCC-8DDD-EEEEFFFF0000", "viewer", 200, THING},
    {"an id with an escape", "GET", "/api/v1/things/%30192aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "viewer", 200,
     THING},
    {"what is not an id", "GET", "/api/v1/things/7", "viewer", 404, "not_found"},
    {"what is not an id, without a token", "GET", "/api/v1/things/7", NULL, 401, "unauthenticated"},
    {"text", "GET", NAMES "relax-10", "viewer", 200, "{\"slug\":\"relax-10\"}"},
    {"a literal wins over a parameter", "GET", NAMES "best", "viewer", 200, "\"the best\""},
    {"a version", "GET", NAMES "relax-10/versions/3", "viewer", 200, "\"version\":3"},
    {"a version that is not a number", "GET", NAMES "relax-10/versions/3a", "viewer", 404, "not_found"},
    {"a version beyond counting", "GET", NAMES "relax-10/versions/1234567890", "viewer", 404, "not_found"},
    {"text with an escaped slash", "GET", NAMES "a%2Fb", "viewer", 404, "not_found"},
    {"text with a NUL", "GET", NAMES "a%00", "viewer", 404, "not_found"},
    {"text with half an escape", "GET", NAMES "a%2", "viewer", 404, "not_found"},
    {"text beyond 64 bytes", "GET", NAMES "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "viewer", 404, "not_found"},
    {"a path that climbs", "GET", NAMES "../things", "viewer", 404, "not_found"},
};

Test(routes, each_request_finds_its_route_or_its_refusal) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_answer struct answer a = call(f, rows[i].method, rows[i].target, rows[i].token, "", NULL);
        cr_expect_eq(a.status, rows[i].status, "%s: %d", rows[i].what, a.status);
        cr_expect(a.body && strstr(a.body, rows[i].text), "%s: %s", rows[i].what,
                  a.body ? a.body : "nothing");
    }
    fixture_free(f);
}

Test(routes, a_refused_method_names_those_allowed) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "PUT", "/api/v1/things/" THING, "owner", "", "{}");
    check_code(a, 405, "method_not_allowed");
    check_header(a, "Allow", "GET, HEAD, PATCH, DELETE, OPTIONS");
    fixture_free(f);
}

Test(routes, options_names_the_methods_without_a_token) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "OPTIONS", "/api/v1/things", NULL, "", NULL);
    check_status(a, 204);
    check_header(a, "Allow", "GET, HEAD, POST, OPTIONS");
    cr_assert_eq(a.len, 0);
    auto_answer struct answer b = call(f, "OPTIONS", "/api/v1/nothing", NULL, "", NULL);
    check_code(b, 404, "not_found");
    fixture_free(f);
}

Test(routes, head_is_get_without_the_body) {
    struct fixture *f = fixture_new(NULL);
    static const char *const targets[] = {"/healthz", "/api/v1/things", ("/api/v1/things/" THING),
                                          "/api/v1/nothing"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        auto_answer struct answer get = call(f, "GET", targets[i], "viewer", "", NULL);
        int fd = client_connect(f->port);
        auto_answer struct answer head = client_call_on(fd, "HEAD", targets[i], "viewer", "", NULL);
        char length[512];
        cr_expect_eq(head.status, get.status, "%s: %d", targets[i], head.status);
        cr_expect_eq(head.len, 0, "%s has a body", targets[i]);
        cr_expect_eq(strtoul(answer_header(&head, "Content-Length", length), NULL, 10), get.len, "%s",
                     targets[i]);
        auto_answer struct answer next = client_call_on(fd, "GET", "/healthz", NULL, "", NULL);
        cr_expect_eq(next.status, 200, "the connection went out of step after HEAD %s", targets[i]);
        close(fd);
    }
    fixture_free(f);
}

Test(routes, every_answer_has_the_common_headers) {
    struct fixture *f = fixture_new(NULL);
    static const char *const targets[] = {"/healthz", "/api/v1/things", "/api/v1/nothing"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        auto_answer struct answer a = call(f, "GET", targets[i], "viewer", "", NULL);
        char id[512];
        check_header(a, "Cache-Control", "no-store");
        check_header(a, "X-Content-Type-Options", "nosniff");
        cr_assert_gt(strlen(answer_header(&a, "X-Request-Id", id)), 8);
    }
    fixture_free(f);
}

Test(routes, a_request_id_is_kept_when_sane_and_replaced_when_not) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a =
        call(f, "GET", "/api/v1/nothing", NULL, "X-Request-Id: shop-7.b_C\r\n", NULL);
    check_header(a, "X-Request-Id", "shop-7.b_C");
    check_contains(a, "\"request_id\":\"shop-7.b_C\"");
    static const char *const bad[] = {
        "X-Request-Id: a b\r\n", "X-Request-Id: \"\r\n",
        "X-Request-Id: 1234567890123456789012345678901234567890123456789012345678901234x\r\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        auto_answer struct answer b = call(f, "GET", "/healthz", NULL, bad[i], NULL);
        char id[512];
        answer_header(&b, "X-Request-Id", id);
        cr_expect(strlen(id) >= 18 && strchr(id, '-'), "%s gave %s", bad[i], id);
    }
    fixture_free(f);
}

Test(routes, two_requests_never_share_an_id) {
    struct fixture *f = fixture_new(NULL);
    int fd = client_connect(f->port);
    auto_answer struct answer a = client_call_on(fd, "GET", "/healthz", NULL, "", NULL);
    auto_answer struct answer b = client_call_on(fd, "GET", "/healthz", NULL, "", NULL);
    close(fd);
    char one[512], two[512];
    cr_assert_str_neq(answer_header(&a, "X-Request-Id", one), answer_header(&b, "X-Request-Id", two));
    fixture_free(f);
}

static const struct {
    const char *what, *method, *target, *token;
    int status;
} tokens[] = {
    {"no token", "GET", "/api/v1/things", NULL, 401},
    {"an unknown token", "GET", "/api/v1/things", "nobody", 401},
    {"a viewer reads", "GET", "/api/v1/things", "viewer", 200},
    {"a viewer may not create", "POST", "/api/v1/things", "viewer", 403},
    {"an operator may create", "POST", "/api/v1/things", "operator", 201},
    {"an operator may not manage", "PATCH", "/api/v1/things/" THING, "operator", 403},
    {"a manager may not administer", "DELETE", "/api/v1/things/" THING, "manager", 403},
    {"an owner may administer", "DELETE", "/api/v1/things/" THING, "owner", 204},
    {"one whom only a worker knows", "GET", "/api/v1/things/" THING, "late", 200},
    {"... on a worker route", "DELETE", "/api/v1/things/" THING, "late", 204},
    {"... asking for a bad id", "GET", "/api/v1/things/7", "late", 404},
    {"nobody can say who it is", "GET", "/api/v1/things", "down", 503},
};

Test(tokens, decide_before_anything_else_is_looked_at) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        const char *body = !strcmp(tokens[i].method, "POST") ? "{\"name\":\"x\"}" : NULL;
        auto_answer struct answer a = call(f, tokens[i].method, tokens[i].target, tokens[i].token, "", body);
        cr_expect_eq(a.status, tokens[i].status, "%s: %d", tokens[i].what, a.status);
    }
    auto_answer struct answer a =
        call(f, "POST", "/api/v1/things", NULL, "Content-Type: text/plain\r\n", "not json");
    check_code(a, 401, "unauthenticated");
    check_header(a, "WWW-Authenticate", "Bearer realm=\"pediluve\"");
    auto_answer struct answer b =
        call(f, "POST", "/api/v1/things", "viewer", "Content-Type: text/plain\r\n", "x");
    check_code(b, 403, "forbidden");
    auto_answer struct answer c =
        call(f, "GET", "/api/v1/things", NULL, "Authorization: Basic b3duZXI6\r\n", NULL);
    check_code(c, 401, "unauthenticated");
    fixture_free(f);
}

Test(tokens, a_refused_post_leaves_the_connection_in_step) {
    struct fixture *f = fixture_new(NULL);
    int fd = client_connect(f->port);
    auto_answer struct answer a = client_call_on(fd, "POST", "/api/v1/things", NULL, "", "{\"name\":\"x\"}");
    check_status(a, 401);
    auto_answer struct answer b =
        client_call_on(fd, "POST", "/api/v1/things", "owner", "", "{\"name\":\"x\"}");
    check_status(b, 201);
    close(fd);
    fixture_free(f);
}
