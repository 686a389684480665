/* Bodies and queries: what is taken, and how a refusal names its place. */
#include "tests/unit/http/check.h"

static const struct {
    const char *what, *headers, *body;
    int status;
    const char *code, *pointer;
} bodies[] = {
    {"a good one", "", "{\"name\":\"x\",\"level\":3,\"steps\":[{\"minutes\":1}]}", 201, "\"name\":\"x\"",
     "\"steps\":1"},
    {"with a charset", "Content-Type: application/json; charset=utf-8\r\n", "{\"name\":\"x\"}", 201, "", ""},
    {"cut short", "", "{\"name\":", 400, "\"code\":\"malformed_json\"", ""},
    {"with bytes after it", "", "{\"name\":\"x\"} x", 400, "\"code\":\"malformed_json\"", ""},
    {"empty", "", "", 400, "\"code\":\"malformed_json\"", ""},
    {"a list", "", "[]", 400, "\"code\":\"invalid_body\"", "\"pointer\":\"\""},
    {"without its name", "", "{}", 400, "\"code\":\"missing\"", "\"pointer\":\"/name\""},
    {"with an unknown key", "", "{\"name\":\"x\",\"colour\":1}", 400, "\"code\":\"unknown_property\"",
     "\"pointer\":\"/colour\""},
    {"with a wrong type", "", "{\"name\":7}", 400, "\"code\":\"wrong_type\"", "\"pointer\":\"/name\""},
    {"out of range", "", "{\"name\":\"x\",\"level\":101}", 400, "\"code\":\"out_of_range\"",
     "\"pointer\":\"/level\""},
    {"too long", "", "{\"name\":\"123456789012345678901\"}", 400, "\"code\":\"too_long\"",
     "\"pointer\":\"/name\""},
    {"with a bad id", "", "{\"name\":\"x\",\"site_id\":\"7\"}", 400, "\"code\":\"bad_format\"",
     "\"pointer\":\"/site_id\""},
    {"wrong deep inside", "", "{\"name\":\"x\",\"steps\":[{\"minutes\":1},{\"minutes\":0}]}", 400,
     "out_of_range", "\"pointer\":\"/steps/1/minutes\""},
    {"of another type", "Content-Type: text/plain\r\n", "{\"name\":\"x\"}", 415,
     "\"code\":\"unsupported_media_type\"", ""},
    {"of almost the type", "Content-Type: application/jsonx\r\n", "{\"name\":\"x\"}", 415,
     "unsupported_media_type", ""},
};

Test(bodies, are_decoded_or_refused_by_pointer) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        auto_answer struct answer a =
            call(f, "POST", "/api/v1/things", "owner", bodies[i].headers, bodies[i].body);
        cr_expect_eq(a.status, bodies[i].status, "%s: %d", bodies[i].what, a.status);
        cr_expect(a.body && strstr(a.body, bodies[i].code), "%s: %s", bodies[i].what,
                  a.body ? a.body : "nothing");
        cr_expect(a.body && strstr(a.body, bodies[i].pointer), "%s: %s", bodies[i].what,
                  a.body ? a.body : "nothing");
    }
    fixture_free(f);
}

Test(bodies, every_fault_of_a_body_is_told_at_once) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/things", "owner", "", "{\"level\":-1,\"x\":1}");
    check_code(a, 400, "invalid_body");
    check_contains(a, "\"pointer\":\"/name\"");
    check_contains(a, "\"pointer\":\"/level\"");
    check_contains(a, "\"pointer\":\"/x\"");
    fixture_free(f);
}

Test(bodies, a_chunked_body_is_taken) {
    struct fixture *f = fixture_new(NULL);
    int fd = client_connect(f->port);
    static const char text[] = "POST /api/v1/things HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer owner\r\n"
                               "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\n{\"nam\r\n7\r\ne\":\"x\"}\r\n0\r\n\r\n";
    client_send(fd, text, sizeof(text) - 1);
    auto_answer struct answer a = client_read(fd, false);
    check_status(a, 201);
    close(fd);
    fixture_free(f);
}

Test(bodies, a_handlers_refusal_becomes_a_problem) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/things", "owner", "", "{\"name\":\"taken\"}");
    check_code(a, 409, "conflict");
    check_contains(a, "\"detail\":\"There is a thing called \\\"taken\\\"\"");
    check_contains(a, "\"type\":\"urn:pediluve:error:conflict\"");
    check_contains(a, "\"title\":\"The request conflicts with the present state\"");
    check_contains(a, "\"status\":409");
    auto_answer struct answer b = call(f, "POST", "/api/v1/things", "owner", "", "{\"name\":\"cannot\"}");
    check_code(b, 422, "step_cannot_run");
    check_contains(
        b,
        "\"errors\":[{\"pointer\":\"/steps/0\",\"code\":\"missing_actuator\",\"detail\":\"needs rollers\"}]");
    check_contains(b, "\"hint\":{\"do\":\"clean\"}");
    auto_answer struct answer c = call(f, "POST", "/api/v1/things", "owner", "", "{\"name\":\"forgot\"}");
    check_code(c, 500, "internal");
    fixture_free(f);
}

static const struct {
    const char *query;
    int status;
    const char *text;
} queries[] = {
    {"", 200, "\"after\":50"},
    {"?", 200, "\"after\":50"},
    {"?limit=7", 200, "\"after\":7"},
    {"?kind=cold&deep=true", 200, "\"kind\":\"cold\",\"deep\":true"},
    {"?from=2026-11-21T03%3A15%3A31Z", 200, "\"from\":\"2026-11-21T03:15:31.000Z\""},
    {"?water_c=38.5", 200, "\"water_c\":38.5"},
    {"?limit=0", 400, "\"pointer\":\"/limit\",\"code\":\"out_of_range\""},
    {"?limit=201", 400, "\"pointer\":\"/limit\",\"code\":\"out_of_range\""},
    {"?limit=ten", 400, "\"pointer\":\"/limit\",\"code\":\"wrong_type\""},
    {"?limit=99999999999999999999", 400, "\"pointer\":\"/limit\""},
    {"?limit=1.5", 400, "\"pointer\":\"/limit\""},
    {"?limit", 400, "\"pointer\":\"/limit\""},
    {"?limit=1&limit=2", 400, "\"code\":\"duplicate_key\""},
    {"?colour=red", 400, "There is no query parameter \\\"colour\\\" here"},
    {"?kind=hot", 400, "\"code\":\"not_one_of\""},
    {"?deep=yes", 400, "\"code\":\"wrong_type\""},
    {"?from=yesterday", 400, "\"code\":\"bad_format\""},
    {"?kind=%zz", 400, "An escape is not %XX"},
    {"?kind=%ff", 400, "\"code\":\"invalid_query\""},
    {"?cursor=AAAA", 400, "\"code\":\"invalid_cursor\""},
};

Test(queries, are_decoded_by_field_type_or_refused_by_name) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        char target[256];
        snprintf(target, sizeof(target), "/api/v1/things%s", queries[i].query);
        auto_answer struct answer a = call(f, "GET", target, "viewer", "", NULL);
        cr_expect_eq(a.status, queries[i].status, "%s: %d %s", target, a.status, a.body);
        cr_expect(a.body && strstr(a.body, queries[i].text), "%s: %s", target, a.body ? a.body : "nothing");
    }
    auto_answer struct answer a = call(f, "GET", "/healthz?x=1", NULL, "", NULL);
    check_code(a, 400, "invalid_query");
    fixture_free(f);
}

Test(pages, the_next_link_keeps_the_other_parameters_and_leads_on) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "GET", "/api/v1/things?limit=3&kind=warm", "viewer", "", NULL);
    check_status(a, 200);
    char link[512], target[512];
    answer_header(&a, "Link", link);
    cr_assert_eq(sscanf(link, "<%500[^>]>; rel=\"next\"", target), 1, "%s", link);
    cr_assert_eq(strncmp(target, "/api/v1/things?limit=3&kind=warm&cursor=", 40), 0, "%s", target);
    auto_answer struct answer b = call(f, "GET", target, "viewer", "", NULL);
    check_contains(b, "\"after\":6");
    answer_header(&b, "Link", link);
    cr_assert(strstr(link, "cursor=") == strrchr(link, 'c'), "one cursor only: %s", link);
    fixture_free(f);
}

Test(pages, a_tampered_or_foreign_cursor_is_refused) {
    struct key {
        int64_t at;
        struct uuid id;
    } key = {7, {{1, 2, 3}}}, back;
    char text[CURSOR_TEXT_MAX];
    cursor_encode("sessions by created_at", &key, sizeof(key), text);
    cr_assert_eq(cursor_decode("sessions by created_at", text, &back, sizeof(back)), ERR_OK);
    cr_assert(back.at == 7 && uuid_equal(&back.id, &key.id));
    cr_assert_eq(cursor_decode("devices", text, &back, sizeof(back)), ERR_INVALID_CURSOR);
    cr_assert_eq(cursor_decode("sessions by created_at", text, &back, sizeof(back) - 8), ERR_INVALID_CURSOR);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char changed[CURSOR_TEXT_MAX];
        memcpy(changed, text, n + 1);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        cr_expect_eq(cursor_decode("sessions by created_at", changed, &back, sizeof(back)),
                     ERR_INVALID_CURSOR, "%zu", i);
        memcpy(changed, text, n + 1);
        changed[i] = '\0';
        cr_expect_eq(cursor_decode("sessions by created_at", changed, &back, sizeof(back)),
                     ERR_INVALID_CURSOR, "cut %zu", i);
    }
}
