/* Who waits for an answer is called once: with the answer, or without. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/fleet/waiters.h"

#define LONG_MS 60000
#define DEADLINE_MS 5000 /* of the test itself */

struct call {
    atomic_int n;
    struct waiter_answer answer;
};
static void on_answer(void *arg, const struct waiter_answer *answer) {
    struct call *c = arg;
    c->answer = *answer;
    atomic_fetch_add(&c->n, 1);
}

static struct waiters *w;
static struct uuid id;
static struct call call;

static void setup(void) {
    w = waiters_new(4);
    id = uuid_new();
    memset(&call, 0, sizeof call);
}
static void teardown(void) { waiters_free(w); }
TestSuite(waiters, .init = setup, .fini = teardown);

static struct message_answer ack(enum ack_state state) {
    struct message_answer m = {
        .command_id = id, .state = state, .code = ACKCODE_OK, .at = 42, .detail = "done"};
    return m;
}

Test(waiters, a_final_answer_wakes) {
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &call));
    struct message_answer m = ack(ACK_ACCEPTED);
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 0, "accepted is not final");
    m = ack(ACK_SUCCEEDED);
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 1);
    cr_assert(call.answer.answered);
    cr_assert_eq(call.answer.state, ACK_SUCCEEDED);
    cr_assert_eq(call.answer.at, 42);
    cr_assert_str_eq(call.answer.detail, "done");
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 1, "once only");
}

Test(waiters, any_answer_wakes_who_asked_for_any) {
    cr_assert(waiters_add(w, &id, false, clock_mono_ms() + LONG_MS, on_answer, &call));
    struct message_answer m = ack(ACK_ACCEPTED);
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 1);
}

Test(waiters, an_answer_to_another_command_does_not_wake) {
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &call));
    struct message_answer m = ack(ACK_SUCCEEDED);
    m.command_id = uuid_new();
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 0);
}

Test(waiters, several_wait_for_the_same_command) {
    struct call other = {0};
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &call));
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &other));
    struct message_answer m = ack(ACK_FAILED);
    waiters_wake(w, &m);
    cr_assert(call.n == 1 && other.n == 1);
}

Test(waiters, a_cancelled_one_is_not_called) {
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &call));
    cr_assert(waiters_cancel(w, &id, &call));
    cr_assert(!waiters_cancel(w, &id, &call));
    struct message_answer m = ack(ACK_SUCCEEDED);
    waiters_wake(w, &m);
    cr_assert_eq(call.n, 0);
}

Test(waiters, there_is_a_limit) {
    struct call calls[5] = {0};
    for (int i = 0; i < 4; i++)
        cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &calls[i]));
    cr_assert(!waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &calls[4]));
    for (int i = 0; i < 4; i++) cr_assert(waiters_cancel(w, &id, &calls[i]));
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &calls[4]));
    cr_assert(waiters_cancel(w, &id, &calls[4]));
}

Test(waiters, the_deadline_calls_without_an_answer) {
    struct call later = {0};
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &later));
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + 20, on_answer, &call));
    for (int64_t until = clock_mono_ms() + DEADLINE_MS; !call.n && clock_mono_ms() < until;)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    cr_assert_eq(call.n, 1);
    cr_assert(!call.answer.answered);
    cr_assert_eq(later.n, 0);
    cr_assert(waiters_cancel(w, &id, &later));
}

Test(waiters, shutting_down_calls_everyone) {
    cr_assert(waiters_add(w, &id, true, clock_mono_ms() + LONG_MS, on_answer, &call));
    waiters_free(w);
    w = NULL;
    cr_assert_eq(call.n, 1);
    cr_assert(!call.answer.answered);
}
