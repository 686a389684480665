/* The queue, the link and the keeper under ThreadSanitizer, with a real broker that dies and comes back. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../../fleet/broker.h"
#include "base/clock.h"
#include "base/log.h"
#include "device-agent/link/link.h"
#include "device-agent/link/queue.h"
#include "keeper_threads.h"

#define PRODUCERS 4
#define EACH 20000
#define CLIENTS 12
#define DEADLINE_MS 20000

/* libmosquitto is not built with the sanitizer: what it locks is not seen, what it unlocks is. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "ignore_noninstrumented_modules=1"; }

static int n_tests, n_failed;

static void verdict(bool ok, const char *name) {
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++n_tests, name);
    fflush(stdout);
    n_failed += !ok;
}

/* ---- the queue ---- */

struct producer {
    struct queue *queue;
    size_t index;
};

static void *produce(void *arg) {
    struct producer *p = arg;
    for (int i = 0; i < EACH; i++) {
        char text[32];
        struct queue_item item = {.client = p->index, .kind = i};
        item.len = (size_t)snprintf(text, sizeof text, "%zu:%d", p->index, i);
        while (!queue_put(p->queue, &item, text)) usleep(100);
    }
    return NULL;
}

/* Waits on the descriptor only, so that a wake-up that is lost shows. */
static bool consume(struct queue *q) {
    int next[PRODUCERS] = {0}, n = 0;
    while (n < PRODUCERS * EACH) {
        struct pollfd wait = {.fd = queue_fd(q), .events = POLLIN};
        struct queue_item item;
        char *payload, want[32];
        if (poll(&wait, 1, DEADLINE_MS) != 1) return false;
        for (queue_quiet(q); queue_take(q, &item, &payload); n++) {
            snprintf(want, sizeof want, "%zu:%d", item.client, next[item.client]++);
            bool ok = strcmp(payload, want) == 0 && item.len == strlen(want);
            free(payload);
            if (!ok) return false;
        }
    }
    return true;
}

static void test_queue(void) {
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    struct queue *q = queue_new(64);
    for (size_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){q, i};
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    }
    bool ok = consume(q);
    for (int i = 0; ok && i < PRODUCERS; i++) pthread_join(threads[i], NULL);
    verdict(ok, "everything put into the queue comes out once, in the order of each producer");
    if (ok) queue_free(q);
}

static void test_queue_bound(void) {
    struct queue *q = queue_new(3);
    struct queue_item item = {.len = 1};
    bool ok = true;
    for (int i = 0; i < 3; i++) ok = ok && queue_put(q, &item, "x");
    verdict(ok && !queue_put(q, &item, "x"), "a full queue refuses");
    queue_free(q); /* with all that waits in it */
}

/* ---- the link ---- */

struct owner {
    struct link *link;
    struct uuid ids[CLIENTS];
    uint32_t connection[CLIENTS];
    int n_up, n_downs, n_messages, n_foreign;
};

static void take(struct owner *o) {
    struct link_event e;
    while (link_take(o->link, &e)) {
        if (e.type == LINK_CONNECTED) {
            o->connection[e.client] = e.connection;
            o->n_up++;
            link_set_next_epoch(o->link, e.client, (int64_t)e.connection);
        } else if (e.connection != o->connection[e.client]) {
            o->n_foreign++;
        } else if (e.type == LINK_DISCONNECTED) {
            o->connection[e.client] = 0;
            o->n_up--;
            o->n_downs++;
        } else {
            o->n_messages++;
        }
        free(e.payload);
    }
}

static bool turn_until(struct owner *o, const int *value, int wanted) {
    for (int64_t end = clock_mono_ms() + DEADLINE_MS; *value != wanted && clock_mono_ms() < end;) {
        struct pollfd wait = {.fd = link_fd(o->link), .events = POLLIN};
        poll(&wait, 1, 100);
        take(o);
    }
    return *value == wanted;
}

static void begin(struct owner *o, int port) {
    *o = (struct owner){
        .link = link_new(&(struct link_config){.host = "127.0.0.1", .port = port, .n_clients = CLIENTS})};
    for (size_t i = 0; i < CLIENTS; i++) {
        struct uuid boot_id = uuid_new();
        o->ids[i] = uuid_new();
        link_add(o->link, i, &o->ids[i], "", &boot_id, 1);
    }
}

/* Each client sends to its own `command` topic, which it listens on. */
static bool exchange(struct owner *o) {
    o->n_messages = 0;
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < CLIENTS; i++)
            if (!link_publish(o->link, i, o->connection[i], TOPIC_COMMAND, "hello", 5)) return false;
    return turn_until(o, &o->n_messages, 20 * CLIENTS);
}

static void test_link(void) {
    struct broker broker;
    struct owner o;
    uint32_t before[CLIENTS];
    broker_start(&broker, false);
    begin(&o, broker.port);
    verdict(link_start(o.link) && turn_until(&o, &o.n_up, CLIENTS), "all clients connect");
    verdict(exchange(&o), "what is sent comes back, as a message of the present connection");
    memcpy(before, o.connection, sizeof before);
    broker_kill(&broker);
    verdict(turn_until(&o, &o.n_downs, CLIENTS), "all clients hear that the broker is gone");
    bool refused = true, later = true;
    for (size_t i = 0; i < CLIENTS; i++)
        refused = refused && !link_publish(o.link, i, before[i], TOPIC_COMMAND, "late", 4);
    verdict(refused, "nothing can be sent on a connection that is over");
    broker_resume(&broker);
    verdict(turn_until(&o, &o.n_up, CLIENTS), "all clients come back by themselves");
    for (size_t i = 0; i < CLIENTS; i++) later = later && o.connection[i] > before[i];
    verdict(later && exchange(&o) && o.n_foreign == 0, "on a later connection, and messages flow again");
    link_free(o.link);
    verdict(true, "the link ends in the middle of its connections");
    broker_stop(&broker);
}

static void test_link_alone(void) {
    struct owner o;
    begin(&o, 1); /* nobody is there */
    bool ok = link_start(o.link);
    for (int64_t end = clock_mono_ms() + 1500; clock_mono_ms() < end;) take(&o);
    link_free(o.link);
    begin(&o, 1);
    link_free(o.link); /* never started */
    verdict(ok && o.n_up == 0, "the link ends while nobody answers, and without ever having begun");
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    printf("1..%d\n", 10 + KEEPER_VERDICTS);
    keeper_threads(verdict);
    test_queue();
    test_queue_bound();
    test_link();
    test_link_alone();
    return n_failed ? 1 : 0;
}
