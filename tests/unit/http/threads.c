/* Everything at once for a while: plain requests, workers, parking and unparking by another thread,
 * event streams that come and go, and a stop in the middle. For ThreadSanitizer, which does not run
 * under Criterion; prints TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define CLIENTS 6
#define ROUNDS 150

struct crowd {
    struct fixture *fixture;
    atomic_int answered, wrong;
    atomic_bool stop;
    bool ending; /* the server goes away under way */
};

static void expect(struct crowd *c, struct answer a, int status) {
    atomic_fetch_add(&c->answered, 1);
    bool excused = c->ending && (a.status == 0 || a.status == 503);
    if (a.status != status && !excused) {
        atomic_fetch_add(&c->wrong, 1);
        fprintf(stderr, "status %d instead of %d: %s\n", a.status, status, a.body ? a.body : "");
    }
    answer_done(&a);
}

static void *client_main(void *cls) {
    struct crowd *c = cls;
    uint16_t port = c->fixture->port;
    for (int i = 0; i < ROUNDS; i++) {
        int fd = client_connect(port);
        if (fd < 0) break; /* it has stopped */
        expect(c, client_call_on(fd, "GET", "/healthz", NULL, "", NULL), 200);
        expect(c, client_call_on(fd, "GET", "/api/v1/things/" THING, "late", "", NULL), 200);
        expect(c, client_call_on(fd, "GET", "/api/v1/things?limit=3", "viewer", "", NULL), 200);
        expect(c, client_call_on(fd, "GET", "/api/v1/big", "viewer", "Accept-Encoding: gzip\r\n", NULL), 200);
        expect(c, client_call_on(fd, "POST", "/api/v1/things", "owner", "", "{\"name\":\"x\"}"), 201);
        expect(c, client_call_on(fd, "POST", "/api/v1/wait/long", "owner", "", NULL), 200);
        if (i % 10 == 0) expect(c, client_call_on(fd, "POST", "/api/v1/wait/short", "owner", "", NULL), 200);
        if (i % 10 == 0) expect(c, client_call_on(fd, "GET", "/metrics", NULL, "", NULL), 200);
        close(fd);
    }
    return NULL;
}

static void *waker_main(void *cls) { /* wakes whoever parks, with old tickets among the new */
    struct crowd *c = cls;
    while (!atomic_load(&c->stop)) {
        fixture_unpark_all(c->fixture);
        usleep(200);
    }
    return NULL;
}

static void *publisher_main(void *cls) {
    struct crowd *c = cls;
    for (int i = 0; !atomic_load(&c->stop); i++) {
        fixture_publish(c->fixture, i % 3, i % 2 ? SITE_A : NULL, "{\"n\":1}");
        usleep(300);
    }
    return NULL;
}

static void *listener_main(void *cls) { /* streams that are left, one by one */
    struct crowd *c = cls;
    static const char text[] =
        "GET /api/v1/events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer viewer\r\n\r\n";
    char seen[4096];
    while (!atomic_load(&c->stop)) {
        int fd = client_connect(c->fixture->port);
        client_send(fd, text, sizeof(text) - 1);
        for (int i = 0; i < 5; i++) client_until(fd, "data: ", 1000, seen, sizeof(seen));
        close(fd);
    }
    return NULL;
}

/* The server stops while everybody is at it: answers may be 503 or missing, but all threads end. */
static bool stop_in_the_middle(void) {
    struct crowd c = {.fixture = fixture_new(&(struct fixture_options){.workers = 2}), .ending = true};
    pthread_t clients[CLIENTS], publisher;
    for (int i = 0; i < CLIENTS; i++) pthread_create(&clients[i], NULL, client_main, &c);
    pthread_create(&publisher, NULL, publisher_main, &c);
    static const char text[] =
        "GET /api/v1/events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer viewer\r\n\r\n";
    int streams[10];
    for (int i = 0; i < 10; i++) {
        streams[i] = client_connect(c.fixture->port);
        client_send(streams[i], text, sizeof(text) - 1);
    }
    bool parked = fixture_wait_parked(c.fixture, CLIENTS); /* nobody wakes them but the stop */
    fixture_stop(c.fixture, 2000);
    atomic_store(&c.stop, true);
    bool closed = true;
    for (int i = 0; i < 10; i++) {
        closed &= client_closed(streams[i], 3000);
        close(streams[i]);
    }
    for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
    pthread_join(publisher, NULL);
    fixture_free(c.fixture);
    return parked && closed && !atomic_load(&c.wrong);
}

int main(void) {
    struct crowd c = {.fixture = fixture_new(&(struct fixture_options){.workers = 4, .heartbeat_ms = 50})};
    pthread_t clients[CLIENTS], others[4];
    puts("1..4");
    for (int i = 0; i < CLIENTS; i++) pthread_create(&clients[i], NULL, client_main, &c);
    pthread_create(&others[0], NULL, waker_main, &c);
    pthread_create(&others[1], NULL, publisher_main, &c);
    pthread_create(&others[2], NULL, listener_main, &c);
    pthread_create(&others[3], NULL, listener_main, &c);
    for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
    atomic_store(&c.stop, true);
    for (int i = 0; i < 4; i++) pthread_join(others[i], NULL);
    int wanted = CLIENTS * (ROUNDS * 6 + ROUNDS / 10 * 2);
    printf("%s 1 - every request is answered\n", atomic_load(&c.answered) == wanted ? "ok" : "not ok");
    printf("%s 2 - every answer is the right one\n", atomic_load(&c.wrong) == 0 ? "ok" : "not ok");
    bool parked = fixture_wait_parked(c.fixture, 0);
    printf("%s 3 - nothing stays parked\n", parked ? "ok" : "not ok");
    bool good = atomic_load(&c.answered) == wanted && !atomic_load(&c.wrong) && parked;
    fixture_free(c.fixture);
    bool stopped = stop_in_the_middle();
    printf("%s 4 - a stop in the middle leaves nothing behind\n", stopped ? "ok" : "not ok");
    return good && stopped ? 0 : 1;
}
