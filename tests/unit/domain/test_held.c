#include <criterion/criterion.h>

#include "base/auto.h"
#include "server/domain/held.h"

#define T0 INT64_C(1800000000000)

/* Two timers, one confirm, one timer: 10 s, 20 s, by a person (nominally 30 s), 5 s. */
static const struct program hands = {
    .model = HELD_MODEL_ID,
    .model_version = 1,
    .total_max_ms = 600000,
    .n_steps = 4,
    .steps = {{.kind = STEP_GUIDE, .auto_next = true, .ms = 10000},
              {.kind = STEP_GUIDE, .auto_next = true, .ms = 20000},
              {.kind = STEP_GUIDE, .ms = 30000},
              {.kind = STEP_GUIDE, .auto_next = true, .ms = 5000}},
};

static struct held started(void) {
    struct held h;
    held_start(&hands, T0, &h);
    return h;
}

static void expect(const struct held *h, enum session_state state, int step, int step_ms, int elapsed_ms) {
    cr_expect_eq(h->state, (int32_t)state, "%s", session_state_names[h->state]);
    cr_expect_eq(h->step, step, "step %d", h->step);
    cr_expect_eq(h->step_ms, step_ms, "in step %d", h->step_ms);
    cr_expect_eq(h->elapsed_ms, elapsed_ms, "elapsed %d", h->elapsed_ms);
}

Test(held, timers_go_on_by_themselves_and_a_person_is_waited_for) {
    struct held h = started();
    expect(&h, SESSION_WAITING, 0, 0, 0);
    cr_expect_eq(held_remaining_ms(&hands, &h), 65000);
    cr_expect_eq(held_due_at(&hands, &h), T0 + 10000);
    cr_expect_not(held_advance(&hands, &h, T0 + 9999));
    expect(&h, SESSION_WAITING, 0, 9999, 9999);
    cr_expect_eq(held_due_at(&hands, &h), T0 + 10000);
    cr_expect(held_advance(&hands, &h, T0 + 10500));
    expect(&h, SESSION_WAITING, 1, 500, 10500);
    cr_expect(held_advance(&hands, &h, T0 + 100000));
    expect(&h, SESSION_WAITING, 2, 70000, 100000);
    cr_expect_eq(held_remaining_ms(&hands, &h), 5000);
    cr_expect_eq(held_due_at(&hands, &h), T0 + 600000);
    cr_expect_eq(held_order(&hands, &h, COMMAND_CONFIRM, 2, T0 + 101000), HELD_DONE);
    expect(&h, SESSION_WAITING, 3, 0, 101000);
    cr_expect(held_advance(&hands, &h, T0 + 106000));
    expect(&h, SESSION_COMPLETED, 4, 0, 106000);
    cr_expect_eq(h.ended_at, T0 + 106000);
    cr_expect_eq(held_due_at(&hands, &h), 0);
    cr_expect_eq(held_remaining_ms(&hands, &h), 0);
    cr_expect_not(held_advance(&hands, &h, T0 + 900000));
}

Test(held, several_timers_that_are_over_are_passed_in_one_look) {
    struct held h = started();
    cr_expect(held_advance(&hands, &h, T0 + 31000));
    expect(&h, SESSION_WAITING, 2, 1000, 31000);
}

Test(held, time_stands_in_a_pause) {
    struct held h = started();
    cr_expect_eq(held_order(&hands, &h, COMMAND_PAUSE, 0, T0 + 4000), HELD_DONE);
    expect(&h, SESSION_PAUSED, 0, 4000, 4000);
    cr_expect_not(held_advance(&hands, &h, T0 + 60000));
    expect(&h, SESSION_PAUSED, 0, 4000, 4000);
    cr_expect_eq(held_order(&hands, &h, COMMAND_PAUSE, 0, T0 + 61000), HELD_DONE);
    cr_expect_eq(held_order(&hands, &h, COMMAND_CONFIRM, 0, T0 + 62000), HELD_WRONG_STATE);
    cr_expect_eq(held_order(&hands, &h, COMMAND_RESUME, 0, T0 + 70000), HELD_DONE);
    cr_expect_eq(held_due_at(&hands, &h), T0 + 76000);
    cr_expect(held_advance(&hands, &h, T0 + 76000));
    expect(&h, SESSION_WAITING, 1, 0, 10000);
}

Test(held, ends_by_itself_after_the_longest_time_also_in_a_pause) {
    static const enum command_type before[] = {COMMAND_RESUME, COMMAND_PAUSE};
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        struct held h = started();
        cr_expect_eq(held_order(&hands, &h, before[i], 0, T0 + 40000), HELD_DONE);
        cr_expect(held_advance(&hands, &h, T0 + 600000));
        cr_expect_eq(h.state, SESSION_ABORTED);
        cr_expect_eq(h.reason, REASON_MAX_TIME);
        cr_expect_eq(h.ended_at, T0 + 600000);
        cr_expect_leq(h.elapsed_ms, 600000);
    }
}

Test(held, refuses_what_does_not_fit) {
    struct held h = started();
    cr_expect_eq(held_order(&hands, &h, COMMAND_CONFIRM, 1, T0 + 1000), HELD_WRONG_STEP);
    cr_expect_eq(held_order(&hands, &h, COMMAND_ADJUST, 0, T0 + 1000), HELD_NOTHING);
    expect(&h, SESSION_WAITING, 0, 1000, 1000);
    cr_expect_eq(held_order(&hands, &h, COMMAND_STOP, 0, T0 + 2000), HELD_DONE);
    cr_expect_eq(h.state, SESSION_STOPPED);
    cr_expect_eq(h.reason, REASON_COMMAND);
    for (int type = 0; type < COMMAND_TYPE_COUNT; type++)
        cr_expect_eq(held_order(&hands, &h, type, 0, T0 + 3000), HELD_WRONG_STATE);
}

Test(held, a_clock_that_goes_back_counts_nothing_twice) {
    struct held h = started();
    cr_expect_not(held_advance(&hands, &h, T0 + 5000));
    cr_expect_not(held_advance(&hands, &h, T0 - 5000));
    cr_expect_not(held_advance(&hands, &h, T0 + 6000));
    expect(&h, SESSION_WAITING, 0, 6000, 6000);
}
