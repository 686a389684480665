/* Event streams: order, filters, Last-Event-ID, resync, heartbeat. */
#include "tests/unit/http/check.h"

#define LIMIT_MS 5000

/* Opens a stream; returns when its head and greeting have come, so that what is published now is new. */
static int listen_to(struct fixture *f, const char *token, const char *query, const char *headers,
                     char seen[16384]) {
    char text[512];
    int fd = client_connect(f->port);
    int n = snprintf(text, sizeof(text),
                     "GET /api/v1/events%s HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n%s\r\n", query,
                     token, headers);
    client_send(fd, text, (size_t)n);
    cr_assert(client_until(fd, ": ready", LIMIT_MS, seen, 16384), "%s", seen);
    return fd;
}

/* The id of the last event in what was seen. */
static void last_id(const char *seen, char id[64]) {
    id[0] = '\0';
    for (const char *p = seen; (p = strstr(p, "id: ")); p += 4) sscanf(p, "id: %60[^\n\r]", id);
}

Test(events, a_stream_has_the_right_head) {
    struct fixture *f = fixture_new(NULL);
    char seen[16384];
    int fd = listen_to(f, "viewer", "", "", seen);
    cr_assert(strstr(seen, "HTTP/1.1 200 "));
    cr_assert(strstr(seen, "Content-Type: text/event-stream\r\n"));
    cr_assert(strstr(seen, "Cache-Control: no-store\r\n"));
    cr_assert(strstr(seen, "X-Request-Id: "));
    cr_assert_eq(sse_client_count(f->hub), 1);
    close(fd);
    auto_answer struct answer a = call(f, "GET", "/api/v1/events", NULL, "", NULL);
    check_status(a, 401);
    fixture_free(f);
}

Test(events, come_in_order_with_rising_ids) {
    struct fixture *f = fixture_new(NULL);
    char seen[16384];
    int fd = listen_to(f, "viewer", "", "", seen);
    fixture_publish(f, EVENT_SESSION, SITE_A, "{\"n\":1}");
    fixture_publish(f, EVENT_ALARM, NULL, "{\"n\":2}");
    fixture_publish(f, EVENT_STATE, SITE_B, "{\"n\":3}");
    cr_assert(client_until(fd, "{\"n\":3}", LIMIT_MS, seen, sizeof(seen)), "%s", seen);
    const char *one = strstr(seen, "-1\nevent: session\ndata: {\"n\":1}\n\n");
    const char *two = strstr(seen, "-2\nevent: alarm\ndata: {\"n\":2}\n\n");
    const char *three = strstr(seen, "-3\nevent: state\ndata: {\"n\":3}\n\n");
    cr_assert(one && two && three && one < two && two < three, "%s", seen);
    close(fd);
    fixture_free(f);
}

static const struct {
    const char *what, *token, *query, *wanted, *unwanted;
} filters[] = {
    {"one site's token", "viewer-a", "", "A1 0 A2 ", "B1"},
    {"the other site's token", "viewer-b", "", "B1 0 ", "A1"},
    {"types", "viewer", "?types=alarm", "0 ", "A1"},
    {"two types", "viewer", "?types=alarm,state", "0 A2 ", "A1"},
    {"a site of the query", "viewer", "?site_id=" SITE_B, "B1 0 ", "A2"},
    {"a site that the token does not cover", "viewer-a", "?site_id=" SITE_B, "0 ", "B1"},
    {"a site and a type", "viewer", "?types=state&site_id=" SITE_A, "A2 ", "A1"},
};

Test(events, only_those_that_are_asked_for_and_allowed_come) {
    struct fixture *f = fixture_new(NULL);
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        char seen[16384], got[64] = "";
        int fd = listen_to(f, filters[i].token, filters[i].query, "", seen);
        fixture_publish(f, EVENT_SESSION, SITE_A, "\"A1\"");
        fixture_publish(f, EVENT_SESSION, SITE_B, "\"B1\"");
        fixture_publish(f, EVENT_ALARM, NULL, "\"0\"");
        fixture_publish(f, EVENT_STATE, SITE_A, "\"A2\"");
        /* An event that each of these gets ends the wait. */
        for (int t = 0; t < 3; t++) fixture_publish(f, t, NULL, "\"end\"");
        cr_assert(client_until(fd, "\"end\"", LIMIT_MS, seen, sizeof(seen)), "%s: %s", filters[i].what, seen);
        for (const char *p = seen; (p = strstr(p, "data: \"")); p++) {
            char value[8] = "";
            sscanf(p, "data: \"%7[^\"]", value);
            if (!strcmp(value, "end")) break;
            strcat(strcat(got, value), " ");
        }
        cr_expect_str_eq(got, filters[i].wanted, "%s: %s", filters[i].what, got);
        cr_expect_not(strstr(got, filters[i].unwanted), "%s: %s", filters[i].what, got);
        close(fd);
    }
    auto_answer struct answer a = call(f, "GET", "/api/v1/events?types=weather", "viewer", "", NULL);
    check_code(a, 400, "invalid_query");
    fixture_free(f);
}

Test(events, last_event_id_goes_on_where_the_client_was) {
    struct fixture *f = fixture_new(NULL);
    char seen[16384], id[64], header[128];
    int fd = listen_to(f, "viewer", "", "", seen);
    for (int i = 1; i <= 3; i++) {
        char json[16];
        snprintf(json, sizeof(json), "{\"n\":%d}", i);
        fixture_publish(f, EVENT_SESSION, NULL, json);
    }
    cr_assert(client_until(fd, "{\"n\":3}", LIMIT_MS, seen, sizeof(seen)));
    close(fd);
    last_id(seen, id);
    id[strlen(id) - 1] = '1'; /* as if only the first had been seen */
    snprintf(header, sizeof(header), "Last-Event-ID: %s\r\n", id);
    fd = listen_to(f, "viewer", "", header, seen);
    if (!strstr(seen, "{\"n\":3}")) {
        size_t n = strlen(seen);
        client_until(fd, "{\"n\":3}", LIMIT_MS, seen + n, sizeof(seen) - n);
    }
    cr_assert(!strstr(seen, "{\"n\":1}") && strstr(seen, "{\"n\":2}") && strstr(seen, "{\"n\":3}"), "%s",
              seen);
    cr_assert_not(strstr(seen, "resync"));
    close(fd);
    fixture_free(f);
}

/* What a client with this Last-Event-ID is told first. */
static void check_resync(struct fixture *f, const char *id, bool wanted) {
    char seen[16384], header[256];
    snprintf(header, sizeof(header), "Last-Event-ID: %s\r\n", id);
    int fd = listen_to(f, "viewer", "", header, seen);
    fixture_publish(f, EVENT_SESSION, NULL, "\"afterwards\"");
    size_t n = strlen(seen);
    cr_assert(client_until(fd, "afterwards", LIMIT_MS, seen + n, sizeof(seen) - n), "%s: %s", id, seen);
    cr_expect_eq(strstr(seen, "event: resync\n") != NULL, wanted, "%s: %s", id, seen);
    close(fd);
}

Test(events, an_id_that_cannot_be_followed_means_resync) {
    struct fixture *f = fixture_new(NULL);
    char seen[16384], id[64], future[80];
    int fd = listen_to(f, "viewer", "", "", seen);
    fixture_publish(f, EVENT_SESSION, NULL, "{\"n\":1}");
    cr_assert(client_until(fd, "{\"n\":1}", LIMIT_MS, seen, sizeof(seen)));
    close(fd);
    last_id(seen, id);
    check_resync(f, id, false);
    check_resync(f, "0123456789abcdef-1", true);
    check_resync(f, "nonsense", true);
    snprintf(future, sizeof(future), "%s99999", id);
    check_resync(f, future, true);
    for (int i = 0; i < LIMIT_SSE_RING + 1; i++) fixture_publish(f, EVENT_STATE, SITE_A, "{}");
    check_resync(f, id, true); /* the ring has gone round */
    /* Streams that were left, and not yet noticed, may have been told too. */
    cr_assert_geq(metrics_get(f->metrics, METRIC_SSE_RESYNCS), 4);
    fixture_free(f);
}

Test(events, a_client_that_falls_behind_is_told_to_resync) {
    struct fixture *f = fixture_new(NULL);
    char *seen = calloc(1, 16384), *json = malloc(8001);
    int fd = listen_to(f, "viewer", "", "", seen);
    memset(json, '1', 8000);
    json[8000] = '\0';
    /* Nobody reads: sockets fill (some MB at most), then the ring goes round. */
    for (int i = 0; i < 3 * LIMIT_SSE_RING; i++) fixture_publish(f, EVENT_STATE, NULL, json);
    cr_assert(client_until(fd, "event: resync\n", 20000, seen, 16384));
    fixture_publish(f, EVENT_STATE, NULL, "\"afterwards\"");
    cr_assert(client_until(fd, "afterwards", LIMIT_MS, seen, 16384));
    close(fd);
    free(json);
    free(seen);
    fixture_free(f);
}

Test(events, one_too_long_makes_everybody_resync) {
    struct fixture *f = fixture_new(NULL);
    char *seen = calloc(1, 16384), *json = malloc(SSE_DATA_MAX + 2);
    int fd = listen_to(f, "viewer", "", "", seen);
    memset(json, '1', SSE_DATA_MAX + 1);
    json[SSE_DATA_MAX + 1] = '\0';
    fixture_publish(f, EVENT_STATE, SITE_A, json);
    cr_assert(client_until(fd, "event: resync\n", LIMIT_MS, seen, 16384), "%s", seen);
    json[SSE_DATA_MAX] = '\0';
    fixture_publish(f, EVENT_STATE, SITE_A, json);
    fixture_publish(f, EVENT_STATE, SITE_A, "\"afterwards\"");
    cr_assert(client_until(fd, "afterwards", LIMIT_MS, seen, 16384));
    close(fd);
    free(json);
    free(seen);
    fixture_free(f);
}

Test(events, a_quiet_stream_has_a_heartbeat) {
    struct fixture *f = fixture_new(&(struct fixture_options){.heartbeat_ms = 50});
    char seen[16384];
    int fd = listen_to(f, "viewer", "", "", seen);
    for (int i = 0; i < 3; i++) cr_assert(client_until(fd, ": \n\n", LIMIT_MS, seen, sizeof(seen)));
    close(fd);
    fixture_free(f);
}

Test(events, a_client_that_left_is_noticed_by_the_heartbeat) {
    struct fixture *f = fixture_new(&(struct fixture_options){.heartbeat_ms = 50});
    char seen[16384];
    int fds[5];
    for (int i = 0; i < 5; i++) fds[i] = listen_to(f, "viewer", "", "", seen);
    cr_assert_eq(sse_client_count(f->hub), 5);
    for (int i = 0; i < 5; i++) close(fds[i]);
    for (int i = 0; i < 5000 && sse_client_count(f->hub) > 0; i++) usleep(1000);
    cr_assert_eq(sse_client_count(f->hub), 0);
    cr_assert_eq(metrics_get(f->metrics, METRIC_SSE_CLIENTS), 0);
    fixture_free(f);
}

Test(events, beyond_the_limit_of_streams_is_503) {
    struct fixture *f = fixture_new(NULL);
    int *fds = malloc(sizeof(int) * LIMIT_SSE_CLIENTS);
    char seen[16384];
    for (int i = 0; i < LIMIT_SSE_CLIENTS; i++) fds[i] = listen_to(f, "viewer", "", "", seen);
    auto_answer struct answer a = call(f, "GET", "/api/v1/events", "viewer", "", NULL);
    check_code(a, 503, "overloaded");
    fixture_publish(f, EVENT_ALARM, NULL, "\"for all\"");
    for (int i = 0; i < LIMIT_SSE_CLIENTS; i++)
        cr_assert(client_until(fds[i], "for all", LIMIT_MS, seen, sizeof(seen)), "client %d", i);
    fixture_stop(f, 2000);
    for (int i = 0; i < LIMIT_SSE_CLIENTS; i++) {
        cr_assert(client_closed(fds[i], LIMIT_MS));
        close(fds[i]);
    }
    free(fds);
    fixture_free(f);
}

Test(events, head_shows_the_head_only) {
    struct fixture *f = fixture_new(NULL);
    auto_answer struct answer a = call(f, "HEAD", "/api/v1/events", "viewer", "", NULL);
    check_status(a, 200);
    check_header(a, "Content-Type", "text/event-stream");
    for (int i = 0; i < 5000 && sse_client_count(f->hub) > 0; i++) usleep(1000);
    cr_assert_eq(sse_client_count(f->hub), 0);
    fixture_free(f);
}
