/* Threads at work on the live view, the mailbox and the waiters, for the thread sanitizer. Prints TAP. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live_fixture.h"
#include "server/fleet/inbox.h"
#include "server/fleet/waiters.h"

#define DEVICES 64
#define ROUNDS 3000
#define WRITERS 3

static struct live *live;
static struct uuid ids[DEVICES], boot;
static atomic_int torn, sent;

/* Writes states whose parts agree; a reader that sees parts of two has caught a torn copy. */
static void *write_states(void *arg) {
    (void)arg;
    for (int i = 1; i <= ROUNDS; i++)
        for (int d = 0; d < DEVICES; d += 8) {
            struct message_state s = live_fixture_state(&boot, 1, i + 1);
            s.values.water_mdegc = 30000 + i % 100;
            s.values.current_ma = i % 100;
            live_put_state(live, &ids[d], &s, 1000 + i, NULL);
        }
    return NULL;
}

static void *read_states(void *arg) {
    (void)arg;
    struct live_device d;
    for (int i = 0; i < ROUNDS * 4; i++)
        if (live_get(live, &ids[i * 8 % DEVICES], 1000, &d) && d.state.n > 1 &&
            d.state.values.water_mdegc - 30000 != d.state.values.current_ma)
            atomic_fetch_add(&torn, 1);
    return NULL;
}

static bool count_sent(void *arg) {
    (void)arg;
    atomic_fetch_add(&sent, 1);
    return true;
}

/* Two threads bring the same numbers: each must go out exactly once. */
static void *send_commands(void *arg) {
    (void)arg;
    for (int64_t seq = 1; seq <= ROUNDS;) {
        enum live_turn turn = live_send_turn(live, &ids[0], seq, 1, count_sent, NULL, 1000);
        if (turn == LIVE_TURN_SENT || turn == LIVE_TURN_DONE) seq++;
    }
    return NULL;
}

static void *walk(void *arg) {
    (void)arg;
    for (int i = 0; i < 50; i++) live_put_unready(live, 1000);
    return NULL;
}

static bool run(void *(*const functions[])(void *), int n) {
    pthread_t threads[8];
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, functions[i], NULL) != 0) return false;
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
    return true;
}

static bool readers_never_see_half_a_state(void) {
    static void *(*const f[])(void *) = {write_states, read_states, read_states};
    return run(f, 3) && torn == 0;
}

static bool each_command_goes_out_once_whoever_brings_it(void) {
    static void *(*const f[])(void *) = {send_commands, send_commands};
    return run(f, 2) && sent == ROUNDS;
}

static bool walking_beside_writers_is_safe(void) {
    static void *(*const f[])(void *) = {walk, write_states, read_states};
    return run(f, 3);
}

static struct inbox *box;
static atomic_int writing;

static void *fill(void *arg) {
    (void)arg;
    for (uint32_t i = 0; i < ROUNDS;)
        if (inbox_put(box, &ids[0], i, &i, sizeof i)) i++;
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

static bool nothing_is_lost_between_writers_and_the_reader(void) {
    box = inbox_new(500, 100000, -1);
    writing = WRITERS;
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) pthread_create(&threads[i], NULL, fill, NULL);
    struct buf taken = BUF_INIT;
    struct inbox_record r;
    uint64_t n = 0, sum = 0;
    for (bool last = false; !last;) {
        last = writing == 0;
        n += inbox_take(box, last ? 0 : 10, &taken);
        for (size_t at = 0; inbox_next(&taken, &at, &r);) {
            uint32_t value;
            memcpy(&value, r.data, sizeof value);
            sum += value == r.kind ? value : 1000000;
        }
    }
    for (int i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
    buf_done(&taken);
    inbox_free(box);
    return n == WRITERS * ROUNDS && sum == (uint64_t)WRITERS * ROUNDS * (ROUNDS - 1) / 2;
}

static struct waiters *waiters;
static struct uuid commands[ROUNDS];
static atomic_int calls, cancelled, next_command;

static void on_answer(void *arg, const struct waiter_answer *answer) {
    (void)arg, (void)answer;
    atomic_fetch_add(&calls, 1);
}

static void *add_and_cancel(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        while (!waiters_add(waiters, &commands[i], true, clock_mono_ms() + i % 3, on_answer, &commands[i]))
            continue;
        atomic_store(&next_command, i);
        if (i % 5 == 0 && waiters_cancel(waiters, &commands[i], &commands[i]))
            atomic_fetch_add(&cancelled, 1);
    }
    return NULL;
}

static void *wake(void *arg) {
    (void)arg;
    for (int at = 0; at < ROUNDS - 1;) {
        at = atomic_load(&next_command);
        struct message_answer m = {.command_id = commands[at], .state = ACK_SUCCEEDED};
        waiters_wake(waiters, &m);
    }
    return NULL;
}

static bool each_waiter_is_called_or_cancelled_once(void) {
    static void *(*const f[])(void *) = {add_and_cancel, wake};
    for (int i = 0; i < ROUNDS; i++) commands[i] = uuid_new();
    waiters = waiters_new(100);
    bool ran = run(f, 2);
    waiters_free(waiters);
    return ran && calls + cancelled == ROUNDS;
}

int main(void) {
    static const struct {
        bool (*test)(void);
        const char *name;
    } tests[] = {
        {readers_never_see_half_a_state, "readers never see half a state"},
        {each_command_goes_out_once_whoever_brings_it, "each command goes out once whoever brings it"},
        {walking_beside_writers_is_safe, "walking beside writers is safe"},
        {nothing_is_lost_between_writers_and_the_reader, "nothing is lost between writers and the reader"},
        {each_waiter_is_called_or_cancelled_once, "each waiter is called or cancelled once"},
    };
    live = live_new();
    boot = uuid_new();
    for (int i = 0; i < DEVICES; i++) {
        ids[i] = live_fixture_device(live);
        live_fixture_ready(live, &ids[i], &boot, 1);
    }
    bool good = true;
    printf("1..%zu\n", sizeof tests / sizeof tests[0]);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        bool ok = tests[i].test();
        printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, tests[i].name);
        good &= ok;
    }
    live_free(live);
    return good ? 0 : 1;
}
