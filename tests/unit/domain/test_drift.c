#include <criterion/criterion.h>

#include "base/auto.h"
#include "server/domain/alarm.h"
#include "server/domain/drift.h"

#define MINUTE INT64_C(60000)
#define UNKNOWN INT32_MIN

Test(drift, counts_once_the_target_was_reached_or_should_have_been) {
    static const struct {
        const char *what;
        struct {
            int64_t at_min;
            int32_t target, water;
        } looks[5];
        int n;
        int64_t asked_min;
        bool drifting;
    } cases[] = {
        {"it still warms up", {{0, 38000, 20000}, {5, 38000, 30000}}, 2, 14, false},
        {"it never gets warm", {{0, 38000, 20000}, {16, 38000, 25000}}, 2, 19, true},
        {"it holds", {{0, 38000, 38000}, {30, 38000, 36000}}, 2, 60, false},
        {"it is too cold, but not for long", {{0, 38000, 38000}, {1, 38000, 35999}}, 2, 3, false},
        {"it is too cold for too long", {{0, 38000, 38000}, {1, 38000, 35999}}, 2, 4, true},
        {"it is too hot for too long", {{0, 38000, 38000}, {1, 38000, 40001}}, 2, 4, true},
        {"it came back", {{0, 38000, 38000}, {1, 38000, 35000}, {2, 38000, 37000}}, 3, 9, false},
        {"it has another target now", {{0, 38000, 38000}, {1, 34000, 38000}}, 2, 9, false},
        {"nothing is to be held any more",
         {{0, 38000, 38000}, {1, 38000, 30000}, {2, 0, 30000}},
         3,
         9,
         false},
        {"a look without a measure leaves it as it is",
         {{0, 38000, 38000}, {1, 38000, 35000}, {2, 38000, UNKNOWN}},
         3,
         4,
         true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct drift d = {0};
        for (int k = 0; k < cases[i].n; k++)
            drift_look(&d, cases[i].looks[k].target, cases[i].looks[k].water,
                       1 + cases[i].looks[k].at_min * MINUTE);
        cr_expect_eq(drift_is_on(&d, 1 + cases[i].asked_min * MINUTE), cases[i].drifting, "%s",
                     cases[i].what);
    }
}

Test(alarm, its_state_follows_its_times) {
    cr_expect_eq(alarm_state_of(0, 0), ALARM_OPEN);
    cr_expect_eq(alarm_state_of(1, 0), ALARM_ACKNOWLEDGED);
    cr_expect_eq(alarm_state_of(1, 2), ALARM_CLEARED);
    cr_expect_eq(alarm_state_of(0, 2), ALARM_CLEARED);
}
