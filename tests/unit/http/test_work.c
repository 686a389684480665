/* Workers, hooks, parking and stopping. */
#include "base/clock.h"
#include "tests/unit/http/check.h"

#define THINGS "/api/v1/things"
#define GOOD "{\"name\":\"x\"}"

static void check_trace(struct fixture *f, const char *wanted) {
    char trace[512];
    fixture_trace(f, trace);
    cr_assert_str_eq(trace, wanted, "%s", trace);
}

Test(hooks, stand_around_the_handler) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "", GOOD);
    check_status(a, 201);
    check_trace(f, "before handler after(ok,201) ");
    fixture_free(f);
}

Test(hooks, are_not_called_for_a_body_that_does_not_fit) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "Idempotency-Key: k\r\n", "{}");
    check_status(a, 400);
    check_trace(f, "");
    fixture_free(f);
}

Test(hooks, see_a_refusal_as_it_will_be_sent) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "", "{\"name\":\"taken\"}");
    check_code(a, 409, "conflict");
    check_trace(f, "before handler after(conflict,409) ");
    fixture_free(f);
}

Test(hooks, a_failed_commit_replaces_the_answer) {
    struct fixture *f = fixture_new(NULL);
    f->after_says = ERR_DATABASE;
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "", GOOD);
    check_code(a, 503, "database_unavailable");
    check_header(a, "Location", "");
    check_header(a, "Retry-After", "1");
    fixture_free(f);
}

Test(idempotency, a_replay_answers_before_the_handler) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "Idempotency-Key: known\r\n", GOOD);
    check_status(a, 201);
    check_contains(a, "{\"replayed\":true}");
    check_header(a, "Idempotency-Replayed", "true");
    check_trace(f, "before after(ok,201) ");
    fixture_free(f);
}

Test(idempotency, a_key_in_flight_is_refused_by_the_hook) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "Idempotency-Key: busy\r\n", GOOD);
    check_code(a, 409, "idempotency_in_flight");
    check_trace(f, "before after(idempotency_in_flight,409) ");
    fixture_free(f);
}

Test(idempotency, a_key_must_be_visible_ascii) {
    struct fixture *f = fixture_new(NULL);
    char longest[200] = "Idempotency-Key: ";
    memset(longest + 17, 'k', LIMIT_IDEMPOTENCY_KEY + 1);
    memcpy(longest + 17 + LIMIT_IDEMPOTENCY_KEY + 1, "\r\n", 3);
    const char *const bad[] = {"Idempotency-Key: a b\r\n", "Idempotency-Key: \xc3\xa9\r\n",
                               "Idempotency-Key:\r\n", longest};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        auto_answer struct answer a = call(f, "POST", THINGS, "owner", bad[i], GOOD);
        cr_expect_eq(a.status, 400, "%s: %d", bad[i], a.status);
        cr_expect(a.body && strstr(a.body, "invalid_header"), "%s", bad[i]);
    }
    longest[17 + LIMIT_IDEMPOTENCY_KEY] = '\r';
    memcpy(longest + 17 + LIMIT_IDEMPOTENCY_KEY, "\r\n", 3);
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", longest, GOOD);
    check_status(a, 201);
    fixture_free(f);
}

Test(queue, a_full_one_refuses_at_once_and_memory_routes_go_on) {
    struct fixture *f = fixture_new(&(struct fixture_options){.workers = 1, .queue = 2});
    int waiting[3];
    for (int i = 0; i < 3; i++) {
        static const char text[] =
            "GET /api/v1/gate HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer viewer\r\n\r\n";
        waiting[i] = client_connect(f->port);
        client_send(waiting[i], text, sizeof(text) - 1);
        if (i == 0) cr_assert(fixture_wait_gate(f, 1));
    }
    for (int i = 0; i < 5000 && metrics_get(f->metrics, METRIC_WORK_QUEUE) < 2; i++) usleep(1000);
    auto_answer struct answer refused = call(f, "GET", "/api/v1/gate", "viewer", "", NULL);
    check_code(refused, 503, "overloaded");
    check_header(refused, "Retry-After", "1");
    auto_answer struct answer alive = call(f, "GET", "/healthz", NULL, "", NULL);
    check_status(alive, 200);
    cr_assert_eq(metrics_get(f->metrics, METRIC_WORK_REFUSED), 1);
    fixture_open_gate(f);
    for (int i = 0; i < 3; i++) {
        auto_answer struct answer a = client_read(waiting[i], false);
        check_status(a, 204);
        close(waiting[i]);
    }
    fixture_free(f);
}

Test(parking, the_deadline_continues_on_a_worker) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/wait/short", "owner", "", NULL);
    check_status(a, 200);
    check_contains(a, "{\"expired\":true,\"worker\":true}");
    check_trace(f, "before handler after(ok,202,parked) before-again expired after(ok,200) ");
    fixture_free(f);
}

/* Sends the request of a connection that then waits. */
static int begin_wait(struct fixture *f, const char *how) {
    int fd = client_connect(f->port);
    char text[256];
    int n = snprintf(text, sizeof(text),
                     "POST /api/v1/wait/%s HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer "
                     "owner\r\nContent-Length: 0\r\n\r\n",
                     how);
    client_send(fd, text, (size_t)n);
    return fd;
}

static struct answer end_wait(int fd) {
    struct answer a = client_read(fd, false);
    close(fd);
    return a;
}

Test(parking, an_unpark_continues_before_the_deadline) {
    struct fixture *f = fixture_new(NULL);
    int fd = begin_wait(f, "long");
    cr_assert(fixture_wait_parked(f, 1));
    struct park_ticket ticket;
    while (!(ticket = fixture_ticket(f)).value) usleep(1000);
    cr_assert(request_unpark(f->http, ticket));
    auto_answer struct answer a = end_wait(fd);
    check_contains(a, "{\"expired\":false,\"worker\":true}");
    fixture_free(f);
}

Test(parking, an_unpark_before_the_handler_returns_is_not_lost) {
    struct fixture *f = fixture_new(NULL);
    f->wake_at_once = true;
    auto_answer struct answer a = call(f, "POST", "/api/v1/wait/long", "owner", "", NULL);
    check_status(a, 200);
    check_contains(a, "\"expired\":false");
    fixture_free(f);
}

Test(parking, a_ticket_works_once_and_never_for_another) {
    struct fixture *f = fixture_new(NULL);
    int fd = begin_wait(f, "long");
    struct park_ticket first;
    while (!(first = fixture_ticket(f)).value) usleep(1000);
    cr_assert(request_unpark(f->http, first));
    auto_answer struct answer a = end_wait(fd);
    check_status(a, 200);
    cr_assert_not(request_unpark(f->http, first));
    fd = begin_wait(f, "long");
    struct park_ticket second;
    while ((second = fixture_ticket(f)).value == first.value) usleep(1000);
    cr_assert_not(request_unpark(f->http, first));
    cr_assert_not(request_unpark(f->http, (struct park_ticket){0}));
    cr_assert_not(request_unpark(f->http, (struct park_ticket){UINT64_MAX}));
    cr_assert(request_unpark(f->http, second));
    auto_answer struct answer b = end_wait(fd);
    check_status(b, 200);
    fixture_free(f);
}

Test(parking, a_request_may_park_again) {
    struct fixture *f = fixture_new(NULL);
    f->parkings = 3;
    auto_answer struct answer a = call(f, "POST", "/api/v1/wait/short", "owner", "", NULL);
    check_status(a, 200);
    check_trace(f, "before handler after(ok,202,parked) before-again expired after(ok,202,parked) "
                   "before-again expired after(ok,202,parked) before-again expired after(ok,200) ");
    fixture_free(f);
}

Test(parking, what_was_said_before_stands_when_nothing_is_said_after) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/wait/silent", "owner", "", NULL);
    check_status(a, 202);
    check_contains(a, "\"accepted\"");
    auto_answer struct answer b = call(f, "POST", "/api/v1/wait/fail", "owner", "", NULL);
    check_code(b, 409, "conflict");
    fixture_free(f);
}

Test(parking, a_handler_that_fails_does_not_park) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "POST", "/api/v1/wait/refuse", "owner", "", NULL);
    check_code(a, 409, "conflict");
    cr_assert_eq(metrics_get(f->metrics, METRIC_REQUESTS_PARKED), 0);
    f->after_says = ERR_DATABASE; /* nor one whose commit fails */
    auto_answer struct answer b = call(f, "POST", "/api/v1/wait/long", "owner", "", NULL);
    check_code(b, 503, "database_unavailable");
    cr_assert_eq(metrics_get(f->metrics, METRIC_REQUESTS_PARKED), 0);
    fixture_free(f);
}

Test(parking, takes_no_worker) {
    struct fixture *f = fixture_new(&(struct fixture_options){.workers = 1});
    int fds[20];
    for (int i = 0; i < 20; i++) fds[i] = begin_wait(f, "long");
    cr_assert(fixture_wait_parked(f, 20));
    auto_answer struct answer a = call(f, "POST", THINGS, "owner", "", GOOD);
    check_status(a, 201);
    fixture_stop(f, 3000); /* expires them all */
    for (int i = 0; i < 20; i++) {
        auto_answer struct answer b = end_wait(fds[i]);
        check_status(b, 200);
        check_contains(b, "\"expired\":true");
    }
    fixture_free(f);
}

Test(stopping, lets_what_runs_finish_and_refuses_what_waits) {
    struct fixture *f = fixture_new(&(struct fixture_options){.workers = 1});
    static const char text[] = "GET /api/v1/gate HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer viewer\r\n\r\n";
    int running = client_connect(f->port), waiting = client_connect(f->port);
    client_send(running, text, sizeof(text) - 1);
    cr_assert(fixture_wait_gate(f, 1));
    client_send(waiting, text, sizeof(text) - 1);
    for (int i = 0; i < 5000 && metrics_get(f->metrics, METRIC_WORK_QUEUE) < 1; i++) usleep(1000);
    pthread_t opener;
    pthread_create(&opener, NULL, fixture_open_gate_later, f);
    fixture_stop(f, 100);
    pthread_join(opener, NULL);
    auto_answer struct answer a = end_wait(running);
    check_status(a, 204);
    auto_answer struct answer b = end_wait(waiting);
    check_code(b, 503, "shutting_down");
    check_header(b, "Connection", "close");
    cr_assert_eq(f->workers_made, 1);
    cr_assert_eq(f->workers_freed, 1);
    fixture_free(f);
}

Test(stopping, nobody_listens_any_more) {
    struct fixture *f = fixture_new(NULL);
    uint16_t port = f->port;
    int idle = client_connect(port);
    auto_answer struct answer a = client_call_on(idle, "GET", "/healthz", NULL, "", NULL);
    check_status(a, 200);
    fixture_stop(f, 1000);
    cr_assert(client_closed(idle, 2000));
    cr_assert_eq(client_connect(port), -1);
    fixture_free(f);
}

Test(starting, an_address_in_use_is_told_in_words) {
    struct fixture *f = fixture_new(NULL);
    const struct config_addr addr = {"127.0.0.1", f->port};
    struct http_options o = f->options;
    o.listen = &addr;
    char error[256] = "";
    cr_assert_null(http_new(&o, error));
    cr_assert(strstr(error, "Address already in use"), "%s", error);
    fixture_free(f);
}
