#include <criterion/criterion.h>
#include <string.h>

#include "domain_fixture.h"
#include "server/domain/guide.h"

static struct routine *toes(void) {
    static const char text[] =
        "{\"slug\":\"toes\",\"name\":\"Toes\",\"type\":\"classic\",\"steps\":["
        "{\"technique\":\"stroking\",\"duration_s\":30,\"intensity\":30},"
        "{\"technique\":\"toe-root-press\",\"zones\":[\"toe-5\",\"toe-4\",\"toe-3\",\"toe-2\",\"toe-1\"],"
        "\"repetitions\":2,\"repetition_s\":3,\"per_zone\":true,\"per_side\":true},"
        "{\"technique\":\"heel-counter-push\",\"duration_s\":15,\"per_side\":true,\"ends\":\"timer\"}]}";
    struct field_errors errors;
    struct routine *r = fixture_decode(text, &errors);
    cr_assert(r, "%s %s", errors.list[0].pointer, errors.list[0].detail);
    return r;
}

Test(guide, enumerates_ten_toes_from_the_little_one_of_each_foot) {
    auto_free struct routine *r = toes();
    struct model m;
    struct lowering_caps caps = CAPS_DEFAULT;
    auto_free struct program *p = xcalloc(1, sizeof *p);
    auto_free struct lowering_report *report = xcalloc(1, sizeof *report);
    fixture_model("spa-pro", &m);
    cr_assert_eq(lowering_run(r, &m, &caps, p, report), LOWER_OK);
    cr_assert_eq(p->n_steps, 1 + 10 + 2);
    cr_expect_eq(routine_step_ms(&r->steps[1]), 10 * 2 * 3000);
    struct guide g;
    cr_expect_not(guide_of(r, p, 0, &g));
    for (int i = 0; i < 10; i++) {
        cr_assert(guide_of(r, p, 1 + i, &g));
        cr_expect_eq(p->steps[1 + i].ms, 6000);
        cr_expect_eq(g.zone, ZONE_TOE_5 - i % 5);
        cr_expect_eq(g.side, i < 5 ? SIDE_LEFT : SIDE_RIGHT);
        cr_expect_eq(g.part, i);
        cr_expect_eq(g.parts, 10);
        cr_expect_eq(g.repetitions, 2);
    }
    for (int i = 0; i < 2; i++) {
        cr_assert(guide_of(r, p, 11 + i, &g));
        cr_expect_eq(g.zone, -1);
        cr_expect_eq(g.side, i ? SIDE_RIGHT : SIDE_LEFT);
        cr_expect_eq(g.repetitions, 0);
        cr_expect(p->steps[11 + i].auto_next);
        cr_expect_eq(p->steps[11 + i].ms, 15000);
    }
    cr_expect_not(guide_of(r, p, 13, &g));
    cr_expect_not(guide_of(r, p, -1, &g));
}

Test(guide, counts_repetitions_by_the_time_in_the_step_and_stops_at_the_last) {
    struct guide g = {.repetitions = 3, .repetition_ms = 2000};
    static const struct {
        int64_t ms;
        int32_t n;
    } rows[] = {{0, 1}, {1999, 1}, {2000, 2}, {4000, 3}, {6000, 3}, {600000, 3}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) cr_expect_eq(guide_repetition(&g, rows[i].ms), rows[i].n);
    g.repetitions = 0;
    cr_expect_eq(guide_repetition(&g, 5000), 0);
}
